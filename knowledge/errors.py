"""The root of every error that Clausebot raises on purpose; each package adds its own branch.

The whole tree is drawn in `bot/errors.py`.
"""


class ClausebotError(Exception):
    """An error with a message for the person who caused or must mend it: what is wrong and what to do next."""


class KnowledgeError(ClausebotError):
    """Something about the stored texts, profiles, names or vectors is wrong or missing."""
