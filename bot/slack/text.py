"""Makes text from outside harmless in Slack's mrkdwn: escaped, quoted, linked, shortened and split. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

LONGEST_URL = 2000
LONGEST_LABEL = 500
ELLIPSIS = "…"
JOINER = "\u2060"
"""Stands before a mark that could open formatting: Slack wants a space or punctuation there, and this is neither."""
GAP = "\u200b"
"""Stands behind such a mark: Slack wants no space there, and takes this for one."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_BEFORE_QUOTE = re.compile(r"^[^\S\n]+(?=>)", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
_KEPT = frozenset("\n\t\u200c\u200d")
"""Invisible characters that texts need: line ends, tabs, and the joiners of Indic scripts, Persian and emoji."""
_OPENING = re.compile(
    r"(?:(?<![^\W_])[*_~](?!\s))"  # bold, italic, struck out: never inside a word, never before a space
    r"|`"  # code, also in threes
    r"|(?<![^\W_])@(?=\w)|@(?=(?:channel|here|everyone)\b)|(?<![^\W_])#(?=[^\W\d_])"  # names of people and channels
    r"|:(?=[\w+'-]+:)"  # emoji
    r"|^[>]",  # a quotation
    re.IGNORECASE | re.MULTILINE,
)
_ATOM = re.compile(rf"&(?:amp|lt|gt);|<[^<>]*>|{JOINER}(?:&gt;|.){GAP}|.", re.DOTALL)
_FIRST = ("*", "_", "~", "@", "#", "&gt;")


def cleaned(text: str) -> str:
    """Take out what is not seen (control characters, changes of direction, our own guards) and unify line ends."""
    text = _LINE_ENDS.sub("\n", text)
    if not text.replace("\n", "").isprintable():  # where it is, there is nothing to take out
        text = "".join(c for c in text if c in _KEPT or unicodedata.category(c) not in _INVISIBLE)
    text = _BEFORE_QUOTE.sub("", text)
    return _EMPTY_LINES.sub("\n\n", text).strip("\n")


def escaped(text: str) -> str:
    """Return the text as mrkdwn that shows it as it is: no formatting, mention, link, emoji or quotation in it works.

    Marks that could work are put between two characters without width; at most one empty line stays between two lines.
    """
    return _with_entities(_OPENING.sub(rf"{JOINER}\g<0>{GAP}", cleaned(text)))


def _with_entities(text: str) -> str:
    return re.sub(r"[&<>]", lambda m: _ENTITIES[m[0]], text)


def one_line(text: str) -> str:
    """Return the text escaped, on one line."""
    return escaped(" ".join(cleaned(text).split()))


def quoted(text: str) -> str:
    """Return the text, escaped, as a block quote: every line starts with `>`."""
    return as_quote(escaped(text))


def as_quote(mrkdwn: str) -> str:
    """Return mrkdwn as a block quote."""
    return "\n".join(f"> {line}".rstrip() for line in mrkdwn.split("\n"))


def as_code(text: str) -> str:
    """Return the text on one line as a block of code, to be copied: no guards stand in it, backticks are left out."""
    return f"```{_with_entities(' '.join(cleaned(text).replace('`', '').split()))}```"


def link(url: str | None, label: str) -> str:
    """Return a link with an escaped label, or just the label where the address is no plain http(s) one."""
    shown = one_line(label)
    if not url or not shown or not _is_web_address(url):
        return shown
    target = url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return f"<{target}|{shortened(shown, LONGEST_LABEL)}>" if len(target) <= LONGEST_URL else shown


def shortened(mrkdwn: str, limit: int) -> str:
    """Return escaped text of at most `limit` (at least 1) characters, cut at a word where there is one, with `…`."""
    if len(mrkdwn) <= limit:
        return mrkdwn
    head = next(_cuts(mrkdwn, limit - len(ELLIPSIS)), "") if limit > len(ELLIPSIS) else ""
    return head.rstrip(" \n*_~") + ELLIPSIS


def pieces(mrkdwn: str, limit: int) -> list[str]:
    """Return escaped text in pieces of at most `limit` (at least 10) characters, cut at white space, nothing lost."""
    if len(mrkdwn) <= limit:
        return [mrkdwn]
    return [_guarded(piece) for piece in _cuts(mrkdwn, limit - len(JOINER)) if piece]


def _guarded(piece: str) -> str:
    """Keep a mark that was harmless inside a word harmless where a cut puts it first."""
    return JOINER + piece if piece.startswith(_FIRST) else piece


def _cuts(mrkdwn: str, limit: int) -> Iterator[str]:
    """Cut before `limit`, at the last white space of the second half or else between two atoms."""
    atoms = _ATOM.findall(mrkdwn)
    start = 0
    while start < len(atoms):
        end, size = start, 0
        while end < len(atoms) and (size := size + len(atoms[end])) <= limit:
            end += 1
        if end == start:  # not even one atom fits
            return
        stop = end if end == len(atoms) else _last_space(atoms, start, end)
        yield "".join(atoms[start:stop]).strip()
        start = stop


def _last_space(atoms: list[str], start: int, end: int) -> int:
    if atoms[end].isspace():
        return end
    least = start + (end - start) // 2
    return next((at + 1 for at in range(end - 1, least, -1) if atoms[at].isspace()), end)


def _is_web_address(url: str) -> bool:
    """Whether it is http(s) with a host, and neither hides another host in a user name nor breaks out of a link."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    printable = url.isprintable() and not any(c.isspace() for c in url)
    plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    return printable and plain
