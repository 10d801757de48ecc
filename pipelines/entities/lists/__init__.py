"""Makes the names of listed persons, organisations and places: in all cases, spellings and scripts.

The shipped gazetteer is built with it (``tools/gazetteer``), a desk's own lists are read with it.
"""
