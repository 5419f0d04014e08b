"""From the bytes of a file to the text that is stored, quoted and searched."""

from __future__ import annotations

import codecs
import re
import threading
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ingestion.errors import IngestionError

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT, _HTML, _PDF, _DOCX = "text", "html", "pdf", "docx"
_BY_SUFFIX = {
    **dict.fromkeys((".txt", ".text", ".md", ".markdown", ".mdx", ".rst", ".license"), _TEXT),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _HTML),
    ".pdf": _PDF,
    ".docx": _DOCX,
}
SUFFIXES = frozenset(_BY_SUFFIX)
"""File types that can be read, in lower case with the dot."""
_BY_MEDIA_TYPE = {
    "text/html": _HTML,
    "application/xhtml+xml": _HTML,
    "application/pdf": _PDF,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _DOCX,
    "text/markdown": _TEXT,
}
# Servers declare these for files of any type; the file's name says more.
_VAGUE = {"", "text/plain", "application/octet-stream", "binary/octet-stream"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_FRONT_MATTER = re.compile(
    r"---[ \t]*\n(?=[A-Za-z_][\w-]*:)(?:(?:[\w-]+:|[ \t]+\S|-[ \t]|#).*\n|[ \t]*\n){1,200}?---[ \t]*\n"
)
_PAGES = 2_000
_pdfium = threading.Lock()  # PDFium is one state for the whole process and not safe in threads


def extract(data: bytes, *, name: str, media_type: str | None = None) -> str:
    """Return the text of a file: `\\n` line ends, one at its end, every word and character as in the file.

    `name` (for its ending, and in messages) and `media_type` (as in a Content-Type header) tell what the file is.
    Raises `IngestionError`, and nothing else, where the file is broken, encrypted, binary or without text.
    """
    read = _READERS[_type_of(data, name, media_type)]
    text = read(data, name, media_type or "").replace("\r\n", "\n").replace("\r", "\n")
    text = text.strip("\n").rstrip()
    if not text.strip("\ufeff\u200b \t\f\v\xa0"):
        raise IngestionError(f"{name} holds no text; give a file with the words of the licence.")
    return text + "\n"


def _type_of(data: bytes, name: str, media_type: str | None) -> str:
    declared = (media_type or "").partition(";")[0].strip().lower()
    if data.startswith(b"%PDF-"):
        return _PDF
    if declared in _BY_MEDIA_TYPE:
        return _BY_MEDIA_TYPE[declared]
    if declared not in _VAGUE and not declared.startswith("text/"):
        raise IngestionError(f"{name} is of type {declared}, which is not read; give text, HTML, PDF or DOCX.")
    by_name = _BY_SUFFIX.get(PurePath(name).suffix.lower())
    if by_name is None and data[:200].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return _HTML
    return by_name or _TEXT


def _text(data: bytes, name: str, media_type: str) -> str:
    del media_type  # a declared character set is often wrong for plain text; the bytes tell
    text = _decoded(data, name).removeprefix("\ufeff").replace("\r\n", "\n")
    front_matter = _FRONT_MATTER.match(text)  # settings of a web site or model card, not words of the text
    return text[front_matter.end() :] if front_matter else text


def _html(data: bytes, name: str, media_type: str) -> str:
    from ingestion.html_text import text_of_html  # noqa: PLC0415  (answers must not pay for the parser)

    charset = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", media_type, re.IGNORECASE)
    declared = _CHARSET.search(data[:4096])
    names = [charset[1]] if charset else []
    names += [declared[1].decode("ascii")] if declared else []
    return text_of_html(_decoded(data, name, names), name)


def _docx(data: bytes, name: str, media_type: str) -> str:
    del media_type
    if data.startswith(_OLE):
        raise IngestionError(f"{name} is encrypted or an old Word file; save it as a .docx without a password.")
    from ingestion.docx_text import text_of_docx  # noqa: PLC0415  (answers must not pay for python-docx)

    return text_of_docx(data, name)


def _pdf(data: bytes, name: str, media_type: str) -> str:
    del media_type
    import pypdfium2  # noqa: PLC0415  (answers must not pay for the PDF library)

    with _pdfium:
        try:
            document = pypdfium2.PdfDocument(data)
        except Exception as error:
            raise IngestionError(f"{name} {_pdf_fault(error)}") from error
        try:
            pages = [_page_text(document, number) for number in range(min(len(document), _PAGES))]
        except Exception as error:
            raise IngestionError(f"{name} is a damaged PDF file ({error}); get the file again.") from error
        finally:
            document.close()
    text = "\n".join(pages)
    if not text.strip():
        raise IngestionError(f"{name} has no text in its pages: it looks scanned; give a version with text.")
    return text


def _page_text(document: Any, number: int) -> str:
    page = document[number]
    try:
        sheet = page.get_textpage()
        try:
            text = str(sheet.get_text_range())
        finally:
            sheet.close()
    finally:
        page.close()
    # PDFium puts one of these for a hyphen and the end of the line after it.
    return re.sub("[\ufffe\x02](?:\r?\n)?", "-\n", text.replace("\0", ""))


def _pdf_fault(error: Exception) -> str:
    if "password" in str(error).lower() or "security" in str(error).lower():
        return "is encrypted; save it without a password."
    return "is not a PDF file that can be opened; get the file again."


def _decoded(data: bytes, name: str, charsets: list[str] | None = None) -> str:
    """Decode by byte order mark, then by what the file declares, then as UTF-8, then as Windows Latin."""
    text = None
    for mark, charset in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            text = _try(data, charset)
    for charset in (*(charsets or ()), "utf-8", "cp1252", "latin-1"):
        text = _try(data, charset) if text is None else text
    if text is None or _looks_binary(text):
        raise IngestionError(f"{name} is not a text file; give text, HTML, PDF or DOCX.")
    return text


def _try(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(charset)
    except (LookupError, ValueError):  # an unknown or non-text character set, or bytes that are not in it
        return None


def _looks_binary(text: str) -> bool:
    """Tell by control characters; texts have line ends, tabs and form feeds, seldom a stray one more."""
    strange = len(re.findall("[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd-\uffff]", text))
    return "\0" in text or strange * 100 > len(text)


_READERS: dict[str, Callable[[bytes, str, str], str]] = {_TEXT: _text, _HTML: _html, _PDF: _pdf, _DOCX: _docx}
