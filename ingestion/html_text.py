"""The words of an HTML page as lines, with list numbers as a browser prints them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from ingestion.errors import IngestionError
from ingestion.numerals import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_DROPPED = sorted(
    _tags("script style noscript template nav iframe object embed svg canvas audio video button select textarea")
)
# With an empty line before and after, as browsers show them; the others only start a new line.
_SPACED = _tags("p h1 h2 h3 h4 h5 h6 table ul ol dl blockquote pre hr section article")
_BLOCKS = _SPACED | _tags(
    "address aside body caption center dd details div dt fieldset figcaption figure footer form header legend li main "
    "menu summary tbody td tfoot th thead tr"
)
_LISTS = frozenset({"ul", "ol", "menu"})
_SPACE = re.compile(r"[ \t\n\r\f]+")  # not the no-break space: it is a character of the text
_STYLES = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_CSS = {
    "decimal": "decimal",
    "lower-alpha": "lowerLetter",
    "lower-latin": "lowerLetter",
    "upper-alpha": "upperLetter",
    "upper-latin": "upperLetter",
    "lower-roman": "lowerRoman",
    "upper-roman": "upperRoman",
}
# A bullet before `(a)` or `1.` would be a second mark that no reader sees.
_OWN_MARK = re.compile(r"(?:\(?[0-9]{1,3}(?:\.[0-9]+)*|\(?[ivxlcIVXLC]{1,6}|\(?[A-Za-z])[.)]\s|[•◦▪●○·–—*-]\s")
_TAGS = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_UNCLOSED = _tags("area base br col embed hr img input link meta source track wbr p li dt dd tr td th option")
_DEPTH = 1_000
_LAYOUT = "li, table, h1, h2, h3, h4, h5, h6, p + p + p"


def text_of_html(html: str, name: str) -> str:
    """Return the page's text; `IngestionError` where it is nested beyond all reason."""
    if _depth(html) > _DEPTH:  # the parser's time grows with the square of the depth
        raise IngestionError(f"{name} is an HTML page that is nested too deeply; save its text and ingest that.")
    page = LexborHTMLParser(html)
    page.strip_tags(_DROPPED)
    root = _root(page)
    return _Page().render(root) if root is not None else ""


def _depth(html: str) -> int:
    """Estimate the nesting from the tags alone; an end tag counts only where its own start tag is open."""
    opened: Counter[str] = Counter()
    depth = deepest = 0
    for end, written in _TAGS.findall(html):
        tag = written.lower()
        if tag in _UNCLOSED or (end and not opened[tag]):
            continue
        step = -1 if end else 1
        opened[tag] += step
        depth += step
        deepest = max(deepest, depth)
    return deepest


def _root(page: LexborHTMLParser) -> LexborNode | None:
    """Return the main part, where the page names exactly one and it holds the better part of the words."""
    body = page.body
    if body is None:
        return page.root
    for query in ("main, [role=main]", "article"):
        found = body.css(query)
        if len(found) == 1 and 2 * len(found[0].text()) >= len(body.text()):
            return found[0]
    return body


@dataclass(slots=True)
class _List:
    style: str | None
    """Format of the numbers; None for bullets."""
    numbers: count[int]


@dataclass(slots=True)
class _Page:
    """The lines so far and the line being written."""

    lines: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    mark: str = ""
    """Mark of a list item that has no words yet."""
    verbatim: int = 0
    """How many `pre` elements are open."""

    def render(self, root: LexborNode) -> str:
        for node, entering in _walk(root):
            if node.is_text_node:
                self._words(node.text_content or "")
            elif entering:
                self._enter(node)
            else:
                self._leave(node)
        self._break()
        return "\n".join(self.lines)

    def _words(self, text: str) -> None:
        if not self.verbatim:
            self.pieces.append(_SPACE.sub(" ", text))
            return
        first, *rest = text.split("\n")
        self.pieces.append(first)
        for line in rest:
            self._break()
            self.pieces.append(line)

    def _enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "br":
            self._break()
        elif tag == "tr":
            self._row(node)
        elif tag in _BLOCKS:
            self._break(empty=tag in _SPACED and not (self.lists and tag != "pre"))
            self._open(tag, node)

    def _open(self, tag: str, node: LexborNode) -> None:
        if tag in _LISTS:
            self.lists.append(_List(_style(node), count(_number(node, "start", 1))))
        elif tag == "li":
            self._item(node)
        elif tag == "pre":
            self.verbatim += 1

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag not in _BLOCKS:
            return
        self._break()
        if tag in _LISTS and self.lists:
            self.lists.pop()
        elif tag == "li":
            self.mark = ""
        elif tag == "pre":
            self.verbatim = max(0, self.verbatim - 1)
        if tag in _SPACED and not self.lists:
            self._break(empty=True)

    def _item(self, node: LexborNode) -> None:
        current = self.lists[-1] if self.lists else _List(None, count(1))
        if current.style is None:
            self.mark = "- "
            return
        if "value" in node.attributes:
            current.numbers = count(_number(node, "value", 1))
        self.mark = f"{counted(next(current.numbers), current.style)}. "

    def _row(self, row: LexborNode) -> None:
        self._break()
        if _is_data_row(row):
            cells = (_SPACE.sub(" ", _cell_text(cell)).strip() for cell in _cells(row))
            self.pieces.append(" | ".join(cells))
            self._break()

    def _break(self, *, empty: bool = False) -> None:
        """End the current line, and add an empty one if wanted."""
        line = "".join(self.pieces)
        line = line.rstrip() if self.verbatim else _SPACE.sub(" ", line).strip(" ")
        self.pieces.clear()
        if line.strip():
            mark = "" if self.mark == "- " and _OWN_MARK.match(line) else self.mark
            self.lines.append("  " * max(0, len(self.lists) - 1) + mark + line)
            self.mark = ""
        elif self.verbatim and self.lines and self.lines[-1]:
            self.lines.append("")
        if empty and self.lines and self.lines[-1]:
            self.lines.append("")


def _walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Yield each element when it opens (True) and closes (False), and each text; without recursion, pages nest deep."""
    stack = [(root, True)]
    while stack:
        node, entering = stack.pop()
        yield node, entering
        if not entering or node.is_text_node:
            continue
        stack.append((node, False))
        if node.tag == "tr" and _is_data_row(node):
            continue  # its words were taken whole
        stack.extend((child, True) for child in reversed(list(_children(node))) if _is_shown(child))


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.first_child
    while child is not None:
        yield child
        child = child.next


def _is_shown(node: LexborNode) -> bool:
    if node.is_text_node:
        return True
    return node.is_element_node and "hidden" not in node.attributes


def _cells(row: LexborNode) -> list[LexborNode]:
    return [child for child in _children(row) if child.tag in {"td", "th"}]


def _is_data_row(row: LexborNode) -> bool:
    """Tell whether a row is data to be kept on one line; cells full of blocks are a page's layout."""
    cells = _cells(row)
    return len(cells) > 1 and not any(cell.css_first(_LAYOUT) for cell in cells)


def _cell_text(cell: LexborNode) -> str:
    pieces: list[str] = []
    for node, entering in _walk(cell):
        if node.is_text_node:
            pieces.append(node.text_content or "")
        elif node.tag in _BLOCKS or (node.tag == "br" and entering):
            pieces.append(" ")
    return "".join(pieces)


def _style(node: LexborNode) -> str | None:
    """Return the number format of a list; None for bullets."""
    css = re.search(r"list-style(?:-type)?\s*:[^;]*?\b([a-z-]+)", node.attributes.get("style") or "")
    if css and css[1] in _CSS:
        return _CSS[css[1]]
    if node.tag != "ol":
        return None
    return _STYLES.get(node.attributes.get("type") or "1", "decimal")


def _number(node: LexborNode, attribute: str, default: int) -> int:
    value = (node.attributes.get(attribute) or "").strip()
    return int(value) if re.fullmatch(r"-?[0-9]{1,6}", value) else default
