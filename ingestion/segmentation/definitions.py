"""Finds the term that a clause defines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingestion.segmentation.titles import EMPHASIS
from ingestion.segmentation.tree import Entry
from knowledge.models import ClauseKind

_TERM = r"(?P<term>[^\"“”„‟«»\n]{1,90})"
_QUOTED_TERM = re.compile(
    rf"(?:the (?:term |word )?)?[\"“„«]{_TERM}[\"”“‟»]|['‘](?P<single>[^'‘’\n]{{1,60}})['’]", re.IGNORECASE
)
_DEFINING = re.compile(
    r"(?<![\w-])(?:means?|shall mean|refers? to|shall refer to|has the (?:same )?meaning|have the meaning|"
    r"is defined as|shall be defined|denotes?|includes?|is any|is the|are the|is an?)\b|^\s*[–—:-]|是指|指|系指|意味着",
    re.IGNORECASE,
)
_BARE_TERM = re.compile(r"(?P<term>[A-Z][\w/&’'-]*(?: [\w/&’'()-]+){0,7}?),? (?:means?|shall mean|refers? to)\b")
_DEFINITION_TITLE = re.compile(r"definition|defined|interpretation|glossary|定义|begriff|définition", re.IGNORECASE)


def defined_term(body: str, entry: Entry, *, among: bool) -> str | None:
    """The term that a clause with this body defines; `among` says that it stands among definitions."""
    if entry.kind is ClauseKind.HEADING:
        return None
    body = EMPHASIS.sub("", body[:800]).lstrip("#•*+- \t\n\r")
    if entry.kind is ClauseKind.NUMBERED and entry.item.label is not None:
        place = body.find(entry.item.label.text)
        body = body[place + len(entry.item.label.text) :] if 0 <= place < 12 else body
    return _defined_term(body.lstrip("\\.)*_:–—- \t\n"), in_definitions=among)


def _defined_term(body: str, *, in_definitions: bool) -> str | None:
    """The term a clause defines, from the text behind its label."""
    body = " ".join(body[:600].split())
    match = _QUOTED_TERM.match(body)
    if match is not None:
        found = _DEFINING.search(body[match.end() : match.end() + 160])
        between = body[match.end() : match.end() + found.start()] if found else ". "
        near = found is not None and ". " not in between and _weighs(found[0], between, in_definitions=in_definitions)
        return (match["term"] or match["single"]).strip(" ,.;:") if near else None
    bare = _BARE_TERM.match(body) if in_definitions else None
    return bare["term"].strip() if bare else None


def _weighs(verb: str, between: str, *, in_definitions: bool) -> bool:
    """Whether the verb defines: `is the` and `includes` do only close to the term, or among definitions."""
    return (
        verb.lower().startswith(("mean", "shall", "refer", "ha", "is defined", "denote"))
        or in_definitions
        or (len(between) < 3)
    )


def among_definitions(entries: Sequence[Entry]) -> list[bool]:
    """For each clause whether it or one around it is headed as definitions."""
    among: list[bool] = []
    for entry in entries:
        inherited = entry.parent is not None and among[entry.parent]
        among.append(inherited or bool(_DEFINITION_TITLE.search(entry.heading)))
    return among
