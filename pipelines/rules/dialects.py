"""Translates queries of Factiva, Nexis, Meltwater and Lucene into our language, or says what has no counterpart.

Whatever would change its meaning is refused with its place. What each language means by its operators is
taken from its vendor's help pages.
"""

from __future__ import annotations

from pipelines.rules.vendors.factiva import Factiva
from pipelines.rules.vendors.lucene import Lucene
from pipelines.rules.vendors.meltwater import Meltwater
from pipelines.rules.vendors.nexis import Nexis
from pipelines.rules.vendors.reader import Reader
from pipelines.rules.vendors.spell import spell

DIALECTS: dict[str, type[Reader]] = {
    "factiva": Factiva,
    "nexis": Nexis,
    "meltwater": Meltwater,
    "lucene": Lucene,
}


def translate(query: str, dialect: str) -> str:
    """Give a query of a dialect (a name in ``DIALECTS``) in our language.

    What it gives can be parsed and means the same. Errors: QueryError with the place in ``query``,
    KeyError for another dialect.
    """
    return spell(query, DIALECTS[dialect](query).read())
