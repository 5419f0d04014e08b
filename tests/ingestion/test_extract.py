"""Extraction from real files: built here byte by byte or with the library that writes the format."""

import io
import zipfile
from contextlib import suppress

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.errors import IngestionError
from ingestion.extract import extract
from ingestion.numerals import counted

DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def pdf(*pages, extra=b"", trailer=b""):
    """A PDF of one line of text a page, written by hand."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = b" ".join(b"%d 0 R" % (4 + 2 * i) for i in range(len(pages)))
    objects.append(b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)))
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for i, lines in enumerate(pages):
        stream = b"BT /F1 12 Tf 72 720 Td 14 TL " + b" ".join(b"(%s) Tj T*" % line.encode() for line in lines) + b" ET"
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * i)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    if extra:
        objects.append(extra)
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, len(out))
    )


def saved(document):
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def numbered(document, levels, *, overrides="", number="77"):
    """Add a numbering definition; `levels` are (format, text) pairs."""
    xml = "".join(
        f'<w:lvl w:ilvl="{i}"><w:start w:val="1"/><w:numFmt w:val="{fmt}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for i, (fmt, text) in enumerate(levels)
    )
    root = document.part.numbering_part.element
    abstract = parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{number}">{xml}</w:abstractNum>')
    root.insert(0, abstract)
    root.append(
        parse_xml(f'<w:num {nsdecls("w")} w:numId="{number}"><w:abstractNumId w:val="{number}"/>{overrides}</w:num>')
    )


def item(document, text, level, number="77"):
    paragraph = document.add_paragraph(text)
    paragraph._p.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')
    )


class TestText:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"\xef\xbb\xbfone\r\ntwo\r\n\r\n", "one\ntwo\n"),
            ("“ein” café".encode("utf-16"), "“ein” café\n"),
            (b"\xfe\xff" + "zwei".encode("utf-16-be"), "zwei\n"),
            ("“caf\xe9” – 1".encode("cp1252"), "“café” – 1\n"),
            (
                b"\x81 alone in Windows Latin, and then some more words to outweigh the one strange mark: "
                + b"words " * 20,
                None,
            ),
            ("e\u0301 stays in two characters\n".encode(), "e\u0301 stays in two characters\n"),
            (b"\n\n   centred\n", "   centred\n"),
        ],
    )
    def test_decodes(self, data, expected):
        text = extract(data, name="LICENSE")
        assert text.endswith("\n")
        assert expected is None or text == expected

    @pytest.mark.parametrize("data", [b"\x7fELF\x02\x01\x01\x00\x00", bytes(range(256)) * 4, "x".encode("utf-32")])
    def test_binary_is_refused(self, data):
        with pytest.raises(IngestionError, match=r"^LICENSE is not a text file; give text, HTML, PDF or DOCX\.$"):
            extract(data, name="LICENSE")

    @pytest.mark.parametrize("data", [b"", b" \n\t\n", b"\xef\xbb\xbf\n", "\u200b\n".encode()])
    def test_empty_is_refused(self, data):
        with pytest.raises(IngestionError, match="holds no text"):
            extract(data, name="a.txt")

    def test_front_matter_goes_but_a_rule_stays(self):
        assert extract(b"---\nlicense: other\ntags:\n  - a\n\n---\n\n# Terms\n", name="README.md") == "# Terms\n"
        assert extract(b"---\nSome words.\n---\nMore.\n", name="a.md") == "---\nSome words.\n---\nMore.\n"

    def test_other_types_are_refused_by_name(self):
        with pytest.raises(IngestionError, match="image/png"):
            extract(b"words", name="logo", media_type="image/png")


class TestHtml:
    def html(self, body, **more):
        return extract(f"<!doctype html><html><body>{body}</body></html>".encode(), name="page.html", **more)

    def test_blocks_and_entities(self):
        body = "<nav>Menu</nav><h2>Terms &amp; more</h2><script>x()</script><p>One\n two&nbsp;three<br>four</p><p>five"
        assert self.html(body) == "Terms & more\n\nOne two\xa0three\nfour\n\nfive\n"

    def test_lists_are_numbered_as_printed(self):
        body = (
            '<ol type="a" start="3"><li>x<ol type="i"><li>y</li><li>z</li></ol></li><li value="9"><p>w</p></li></ol>'
            '<ol style="list-style-type: upper-roman"><li>r</li></ol><ul><li>b</li><li>(a) own mark</li></ul>'
        )
        assert self.html(body) == "c. x\n  i. y\n  ii. z\ni. w\n\nI. r\n\n- b\n(a) own mark\n"

    def test_tables(self):
        body = "<table><tr><th>A<th>B<tr><td>1<br>2<td>3</table><table><tr><td><h1>Page</h1>text<td>side</table>"
        assert self.html(body) == "A | B\n1 2 | 3\n\nPage\n\ntext\nside\n"

    def test_pre_keeps_its_lines(self):
        assert self.html("<pre>a\n   b\n\nc</pre>") == "a\n   b\n\nc\n"

    def test_main_part_is_taken_where_it_is_most_of_the_page(self):
        body = "<header>Shop</header><main><p>The licence text of this page.</p></main><footer>Imprint</footer>"
        assert self.html(body) == "The licence text of this page.\n"

    def test_declared_character_sets(self):
        page = '<html><meta charset="windows-1251"><p>лицензия</p></html>'.encode("cp1251")
        assert extract(page, name="a.htm") == "лицензия\n"
        page = "<html><p>許可</p></html>".encode("euc_jp")
        assert extract(page, name="x", media_type="text/html; charset=EUC-JP") == "許可\n"
        assert extract(b"<html><p>ok</p></html>", name="x", media_type="text/html; charset=nonsense") == "ok\n"

    def test_deep_nesting_is_refused_at_once(self):
        for page in ("<div>" * 100_000, "<div></b>" * 100_000):
            with pytest.raises(IngestionError, match="nested too deeply"):
                self.html(page)


class TestPdf:
    def test_pages_are_joined(self):
        text = extract(pdf(["1. Grant of li-", "cence."], ["2. Term."]), name="a.pdf")
        assert text == "1. Grant of li-\ncence.\n2. Term.\n"

    def test_is_known_by_its_first_bytes(self):
        assert extract(pdf(["Words."]), name="download", media_type="application/octet-stream") == "Words.\n"

    def test_a_page_without_text_looks_scanned(self):
        with pytest.raises(IngestionError, match=r"^a\.pdf .*looks scanned"):
            extract(pdf([]), name="a.pdf")

    def test_encrypted(self):
        lock = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O (%s) /U (%s) >>" % (b"o" * 32, b"u" * 32)
        data = pdf(["secret"], extra=lock, trailer=b"/Encrypt 6 0 R /ID [(a) (a)]")
        with pytest.raises(IngestionError, match="encrypted; save it without a password"):
            extract(data, name="a.pdf")

    @pytest.mark.parametrize("size", [5, 9, 60, 200])
    def test_cut_off(self, size):
        with pytest.raises(IngestionError, match=r"^a\.pdf "):
            extract(pdf(["Words."])[:size], name="a.pdf")

    def test_not_a_pdf(self):
        with pytest.raises(IngestionError, match="not a PDF file that can be opened"):
            extract(b"<html>404</html>", name="a.pdf")


class TestDocx:
    def test_paragraphs_tables_and_numbers_in_order(self):
        document = docx.Document()
        document.add_heading("Agreement", 1)
        numbered(document, [("decimal", "%1."), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"), ("upperRoman", "%4)")])
        for text, level in (
            ("Grant", 0),
            ("Scope", 1),
            ("use", 2),
            ("copy", 2),
            ("Term", 1),
            ("End", 0),
            ("Law", 1),
            ("q", 3),
        ):
            item(document, text, level)
        document.add_paragraph("Plain.\tWords")
        table = document.add_table(rows=1, cols=2)
        table.cell(0, 0).text, table.cell(0, 1).text = "Fee", "none"
        document.add_paragraph("Dot", style="List Bullet")
        assert extract(saved(document), name="a.docx") == (
            "Agreement\n\n1. Grant\n  1.1 Scope\n    (a) use\n    (b) copy\n  1.2 Term\n2. End\n  2.1 Law\n      I) q\n"
            "\nPlain.\tWords\n\nFee | none\n\n- Dot\n"
        )

    def test_numbers_restart_where_told(self):
        document = docx.Document()
        numbered(document, [("decimalZero", "§%1")])
        again = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
        root = document.part.numbering_part.element
        root.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="78"><w:abstractNumId w:val="77"/>{again}</w:num>'))
        for number in ("77", "77", "78", "78", "0"):
            item(document, "x", 0, number)
        assert extract(saved(document), name="a.docx") == "§01 x\n§02 x\n§05 x\n§06 x\n\nx\n"

    def test_insertions_links_and_content_controls_are_text_and_deletions_not(self):
        document = docx.Document()
        run = "<w:r><w:t xml:space='preserve'>%s</w:t></w:r>"
        inner = f"<w:ins>{run % 'new '}</w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
        paragraph = f"<w:p>{inner}<w:hyperlink>{run % 'link'}</w:hyperlink></w:p>"
        control = f"<w:sdt {nsdecls('w')}><w:sdtContent>{paragraph}</w:sdtContent></w:sdt>"
        document.element.body.insert(0, parse_xml(control))
        assert extract(saved(document), name="x", media_type=DOCX_TYPE) == "new link\n"

    def test_broken_encrypted_or_something_else(self):
        whole = saved(docx.Document())
        for data in (whole[:1000], b"PK\x03\x04", b"words"):
            with pytest.raises(IngestionError, match="not a Word file that can be opened"):
                extract(data, name="a.docx")
        with pytest.raises(IngestionError, match="encrypted or an old Word file"):
            extract(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), name="a.docx")
        with pytest.raises(IngestionError, match="holds no text"):
            extract(whole, name="a.docx")

    def test_a_zip_bomb_is_not_unpacked(self):
        stream = io.BytesIO(saved(docx.Document()))
        with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("word/media/bomb", bytes(60_000_000))
        assert len(stream.getvalue()) < 200_000
        with pytest.raises(IngestionError, match="unpacks to far more"):
            extract(stream.getvalue(), name="a.docx")


def test_numerals():
    assert [counted(n, "lowerRoman") for n in (1, 4, 9, 14, 1999)] == ["i", "iv", "ix", "xiv", "mcmxcix"]
    assert [counted(n, "upperLetter") for n in (1, 26, 27, 703)] == ["A", "Z", "AA", "AAA"]
    assert counted(28, "lowerLetter", repeat=True) == "bb"
    assert [counted(0, "lowerLetter"), counted(-3, "upperRoman"), counted(4, "ordinal")] == ["0", "-3", "4"]


HEADS = st.sampled_from(
    [b"", b"%PDF-1.4\n", b"PK\x03\x04", b"<html><table><tr><td>", b"<ol><li value=", b"\xff\xfe", b"---\na:\n"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(head=HEADS, data=st.binary(max_size=600), suffix=st.sampled_from(["", ".txt", ".md", ".html", ".pdf", ".docx"]))
def test_any_bytes_give_text_or_a_sentence(head, data, suffix):
    """Whatever comes in, nothing but IngestionError comes out, and a text has the promised form."""
    text = sentence = None
    try:
        text = extract(head + data, name="file" + suffix)
    except IngestionError as error:
        sentence = str(error)
    assert (text is None) == (sentence is not None and sentence.endswith("."))
    assert text is None or (text.strip() and text.endswith("\n") and "\r" not in text)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(min_value=0), byte=st.integers(0, 255), kind=st.sampled_from(["a.pdf", "a.docx"]))
def test_one_changed_byte(place, byte, kind):
    data = bytearray(WHOLE[kind])
    data[place % len(data)] = byte
    with suppress(IngestionError):
        assert extract(bytes(data), name=kind)


def _whole_docx():
    document = docx.Document()
    document.add_paragraph("One.", style="List Number")
    return saved(document)


WHOLE = {"a.pdf": pdf(["One."], ["Two."]), "a.docx": _whole_docx()}
