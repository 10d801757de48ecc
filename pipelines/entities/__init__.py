"""Who and where, by id, in every script. Pure."""
