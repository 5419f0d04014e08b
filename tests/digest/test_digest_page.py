"""The page loads and runs nothing, shows all, and can be read on a screen, on a phone, in the dark and on paper."""

from __future__ import annotations

import re
import struct
import time
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree as ET

import pypdfium2
import pytest

from bot.digest import charts
from bot.digest.model import Count, Digest, WeekCount
from bot.digest.outline import Outline, outline, web_address
from bot.digest.page import page
from bot.digest.rows import Material
from bot.digest.summary import summarise
from bot.digest.week import Week
from tests.digest import invented
from tests.digest.browser import WIDTH, printed, said_by
from tests.slack.drawing import IMAGES, chromium

needs_chromium = pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt-get install chromium")
DIGESTS = {
    "realistic": invented.realistic,
    "quiet": invented.quiet,
    "crowded": invented.crowded,
    "hostile": invented.hostile,
}
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Reader(HTMLParser):
    """Reads a page: its tags, attributes and addresses, whether tags are closed in order, and what is seen."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.seen = ""
        self.open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in {"meta", "line", "rect", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in {"meta", "line", "rect", "br"}:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title", "desc"} & set(self.open):
            self.seen += data


def texts(told: Outline) -> list[str]:
    """Return everything that an outline says."""
    sections = (*told.sections, told.record)
    items = [item for section in sections for item in section.items]
    return [
        told.title, told.dates, told.summary, *(todo.text for todo in told.todo),
        *(text for figure in told.figures for text in (figure.label, figure.value, figure.change)),
        *(text for section in sections for text in (section.title, section.lead, section.more)),
        *(name.name for section in sections for name in section.names),
        *(text for item in items for text in (item.label, item.text, item.note, *item.facts, *item.lines)),
    ]  # fmt: skip


def parsed(svg: str) -> ET.Element:
    """Read a chart."""
    return ET.fromstring(svg)  # noqa: S314 - drawn by us


def squeezed(text: str) -> str:
    """Return text with single spaces."""
    return " ".join(text.split())


# -- what it says ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIGESTS)
def test_a_page_says_everything_and_loads_nothing(name: str) -> None:
    """Whatever stands in the texts: they are seen as they are, and no tag, address or handler comes from them."""
    digest = DIGESTS[name]()
    content = page(digest)
    read = Reader(content)
    seen = squeezed(read.seen)

    assert read.open == []
    assert [text for text in texts(outline(digest)) if squeezed(text) not in seen] == []
    assert read.tags <= {
        "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "div", "span", "p",
        "h1", "h2", "ul", "li", "dl", "dt", "dd", "a", "b", "bdi", "figure", "figcaption", "svg", "desc", "text",
        "rect", "line",
    }  # fmt: skip
    assert not any(name.startswith("on") for name in read.attributes)
    assert not read.attributes & {"src", "srcset", "style", "data", "action", "xlink:href"}
    assert all(re.match(r"https?://[a-z.]+/|#[a-z-]+$", address) for address in read.addresses)
    assert len(read.ids) == len(set(read.ids))
    assert f'http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}"' in content
    assert "url(" not in content
    assert "@import" not in content


def test_every_point_leads_to_its_section() -> None:
    """The links at the top have a target on the page."""
    for digest in (invented.realistic(), invented.quiet(), invented.hostile()):
        read = Reader(page(digest))

        assert {address[1:] for address in read.addresses if address.startswith("#")} <= set(read.ids)
        assert outline(digest).todo


def test_what_matters_most_comes_first() -> None:
    """A damaged record before all, then what waits; what one may skip comes last, then the anchor."""
    ids = [section.id for section in outline(invented.realistic()).sections]

    assert ids == ["reviews", "changes", "lapsing", "refused", "overrides", "thumbs", "low-confidence", "gaps",
                   "new-subjects"]  # fmt: skip
    assert outline(invented.crowded()).todo[0].text == "The audit table was tampered with or is damaged"
    assert Reader(page(invented.realistic())).ids[-1] == "record"


@pytest.mark.parametrize(("name", "words"), [("realistic", 1300), ("crowded", 3000)])
def test_ten_minutes_are_enough(name: str, words: int) -> None:
    """For a usual week half of them, and also where twenty times as much has happened, ids and dates counted in."""
    assert len(Reader(page(DIGESTS[name]())).seen.split()) < words


def test_a_quiet_week_says_so_in_one_sentence() -> None:
    """Open reviews and the anchor are there, figures and charts are not."""
    seen = squeezed(Reader(page(invented.quiet())).seen)

    assert "A quiet week: nobody asked about a licence, only what is listed here still waits." in seen
    assert invented.REVIEWS[2].question in seen
    assert f"Head {invented.HEAD}" in seen
    assert "<svg" not in page(invented.quiet())
    assert "Answer time" not in seen


def test_a_week_in_which_nothing_waits_says_that_too() -> None:
    """The reviews are named even where there are none; a table that was not checked is named first."""
    empty = summarise(Material(decisions=()), invented.WEEK, invented.ZONE, invented.NOW)
    checked = Material(decisions=(), integrity=invented.INTEGRITY)
    calm = summarise(checked, invented.WEEK, invented.ZONE, invented.NOW)

    assert "nothing waits: enjoy the calm" in page(calm)
    assert "Nothing waits." in Reader(page(calm)).seen
    assert outline(empty).todo[0].text == "The audit table was not checked"


def test_one_line_tells_it_in_a_subject() -> None:
    """How many questions, and the most urgent point."""
    assert outline(invented.realistic()).subject == "Licence digest 2026-W47: 135 questions; 2 reviews overdue"
    assert outline(invented.quiet()).subject == "Licence digest 2026-W47: no questions; 1 review open"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://a@b.example/", "https://a.example/ x", "//a.example",
            "", "http://[", "https:///x", "https://a.example/\n"],
)  # fmt: skip
def test_only_plain_web_addresses_become_links(url: str) -> None:
    """Others are left out."""
    assert web_address(url) == ""
    assert web_address("https://a.example/x?y=1#z") == "https://a.example/x?y=1#z"


# -- charts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["realistic", "crowded", "hostile"])
def test_charts_are_pictures_with_all_their_figures_in_words(name: str) -> None:
    """Well-formed, with a title and a description that they refer to; every number is in the description."""
    digest = DIGESTS[name]()
    drawn = [charts.verdicts_by_day(digest.days), charts.questions_by_week(digest.weeks),
             charts.most_asked("models", "Models", digest.models.shown)]  # fmt: skip

    for svg in map(parsed, drawn):
        ids = [svg[0].get("id"), svg[1].get("id")]
        assert (svg[0].tag, svg[1].tag) == ("title", "desc")
        assert (svg.get("role"), svg.get("aria-labelledby")) == ("img", " ".join(map(str, ids)))
    assert f"W{digest.week.number:02}: {digest.numbers.questions:,} question" in drawn[1]
    assert all(
        f"{sum(day.verdicts.values()):,} question" in drawn[0] for day in digest.days if any(day.verdicts.values())
    )
    assert digest.days[0].date.strftime("%a %-d %b") in drawn[0]


def test_bars_are_as_high_as_what_they_count() -> None:
    """Those of a day lie on each other without gaps; a week twice as busy is twice as high."""
    digest = invented.realistic()
    days = parsed(charts.verdicts_by_day(digest.days))
    by_column: dict[str, list[tuple[float, float]]] = {}
    for bar in days.iter("rect"):
        by_column.setdefault(str(bar.get("x")), []).append((float(str(bar.get("y"))), float(str(bar.get("height")))))
    monday, tuesday = list(by_column.values())[:2]

    for bars in by_column.values():
        for (upper, _), (y, height) in pairwise(bars):
            assert y + height == pytest.approx(upper, abs=0.2)
    assert sum(h for _, h in monday) / sum(h for _, h in tuesday) == pytest.approx(31 / 27, rel=0.02)

    weeks = parsed(charts.questions_by_week(digest.weeks))
    heights = [float(str(bar.get("height"))) for bar in weeks.iter("rect")]
    assert heights[-1] / heights[0] == pytest.approx(135 / 12, rel=0.02)


@pytest.mark.parametrize("most", [0, 1, 4, 5, 37, 99, 100, 101, 450, 20_000, 1_234_567])
def test_the_scale_holds_the_highest_bar(most: int) -> None:
    """And not much more."""
    end = charts._scale_end(most)

    assert most <= end <= max(4, 2 * most)


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (999, "999"), (1000, "1k"), (1070, "1.07k"), (12_345, "12.3k"), (999_499, "999k"),
                         (999_500, "1M"), (1_500_000, "1.5M")],
)  # fmt: skip
def test_large_numbers_are_short(value: int, shown: str) -> None:
    """So that they stay beside the scale and above their bar."""
    assert charts._short(value) == shown


@pytest.mark.parametrize("text", ["WWWW " * 30, "模型" * 40, "i" * 300, "m" * 90, "short", "👩‍🔬" * 40])
def test_names_in_charts_are_cut_to_their_room(text: str) -> None:
    """Where they are too long; what is cut ends so."""
    fits = charts.fitting(text, 200)

    assert fits == text or (fits.endswith("…") and text.startswith(fits[:-1]))
    assert sum(map(charts._width, fits)) <= 200


# -- in Chromium -------------------------------------------------------------------------------------------------------

OUTSIDE = """[...document.querySelectorAll("body *")].filter(e => {
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const spills = style.display != "inline" && !e.ownerSVGElement && e.scrollWidth > e.clientWidth + 1;
  return (spills && e.clientWidth) || box.right > innerWidth + 1 || box.left < 0;
}).map(e => e.tagName + ": " + e.textContent.slice(0, 60))"""
"""What is wider than its box or stands beside the page; text in a chart has no box of its own."""
OUTSIDE_CHARTS = """[...document.querySelectorAll("svg text")].filter(e => {
  const box = e.getBoundingClientRect(), svg = e.closest("svg").getBoundingClientRect();
  return box.right > svg.right + 1 || box.left < svg.left - 1 || box.bottom > svg.bottom + 1 || box.top < svg.top - 1;
}).map(e => e.textContent)"""
OVERLAPPING = """[...document.querySelectorAll("svg")].flatMap(svg => {
  const texts = [...svg.querySelectorAll("text")].map(e => [e.textContent, e.getBoundingClientRect()]);
  return texts.flatMap(([one, a], at) => texts.slice(at + 1).filter(([, b]) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
    .map(([other]) => one + " and " + other));
})"""
SMALL = """[...document.querySelectorAll("body *")].filter(e =>
  [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())).map(e => {
    const scale = e.ownerSVGElement ? e.ownerSVGElement.getScreenCTM().a : 1;
    return parseFloat(getComputedStyle(e).fontSize) * scale;
  }).filter(size => size < 10.5)"""
"""Sizes of text that a phone would show too small."""
PALE = """(() => {
  const channels = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => channels(c).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll("body *")].filter(e =>
    !["TITLE", "DESC"].includes(e.tagName.toUpperCase()) &&
    [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())).filter(e => {
      const ink = light(e.ownerSVGElement ? getComputedStyle(e).fill : getComputedStyle(e).color);
      const paper = light(behind(e));
      return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05) < 4.5;
    }).map(e => e.className + ": " + e.textContent.slice(0, 40));
})()"""
"""Text whose contrast is below what WCAG asks for."""


@needs_chromium
@pytest.mark.parametrize("width", [1200, 720, 390])
@pytest.mark.parametrize("name", ["realistic", "crowded", "hostile"])
def test_no_text_leaves_its_box(name: str, width: int) -> None:
    """On a screen, in a small window and on a phone; also unbroken words of hundreds of letters, and in the charts."""
    content = page(DIGESTS[name]())

    assert said_by(content, f"[{OUTSIDE}, {OUTSIDE_CHARTS}, {OVERLAPPING}, {SMALL}]", width) == [[], [], [], []]


@needs_chromium
def test_text_that_leaves_its_box_is_found() -> None:
    """The checks above would fail: without line breaks, with larger or smaller letters in the charts."""
    wider = "main * { white-space: nowrap } svg text { font-size: 30px !important }"
    broken = page(invented.realistic()).replace("</style>", f"{wider} .facts {{ font-size: 8px !important }}</style>")

    assert all(said_by(broken, f"[{OUTSIDE}, {OUTSIDE_CHARTS}, {OVERLAPPING}, {SMALL}]", 390))


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_its_ground(dark: bool) -> None:
    """In light and in dark colours."""
    pale, paper = said_by(
        page(invented.realistic()), f"[{PALE}, getComputedStyle(document.body).backgroundColor]", 900, dark=dark
    )

    assert pale == []
    assert paper == ("rgb(21, 25, 34)" if dark else "rgb(255, 255, 255)")


@needs_chromium
def test_the_pages_policy_stops_what_would_run_or_load() -> None:
    """Even if something slipped through: a script and a picture in the page do nothing."""
    attack = "<script>document.title = 'run'</script><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>"
    attacked = page(invented.realistic()).replace("<main>", f"<main>{attack}")
    unguarded = attacked.replace(CONTENT_POLICY, "")

    assert said_by(attacked, "document.title", 720) != "run"
    assert said_by(unguarded, "document.title", 720) == "run"


def pages(pdf: bytes) -> list[str]:
    """Return the text of each page of a PDF."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [squeezed(found.get_textpage().get_text_range()) for found in document]
    finally:
        document.close()


def cut_rows(digest: Digest, sheets: list[str]) -> list[str]:
    """Return the rows of which a page has the beginning and another the end."""
    sheets = [sheet.replace(" ", "") for sheet in sheets]
    rows = [item for section in outline(digest).sections for item in section.items]
    ends = [(item.text.replace(" ", ""), item.facts[-1].replace(" ", "")) for item in rows]
    return [end for text, end in ends if not any(text in sheet and end in sheet for sheet in sheets)]


@needs_chromium
def test_a_week_is_printed_on_at_most_four_sheets() -> None:
    """A4, with numbers, no row on two of them, and the anchor on the last."""
    digest = invented.realistic()
    pdf = printed(page(digest))
    sheets = pages(pdf)
    document = pypdfium2.PdfDocument(pdf)
    sizes = {tuple(map(round, document.get_page_size(n))) for n in range(len(document))}
    document.close()

    assert len(sheets) <= 4
    assert sizes <= {(595, 842), (596, 842), (594, 842)}
    assert [sheet.count(f"{n} / {len(sheets)}") for n, sheet in enumerate(sheets, start=1)] == [1] * len(sheets)
    assert cut_rows(digest, sheets) == []
    assert invented.HEAD in sheets[-1].replace(" ", "")


@needs_chromium
def test_also_a_crowded_week_has_no_row_on_two_sheets() -> None:
    """And the check would find one: without the rule there are some."""
    digest = invented.crowded()
    content = page(digest)
    careless = content.replace("break-inside: avoid", "break-inside: auto")
    sheets = pages(printed(content))

    assert cut_rows(digest, sheets) == []
    assert len(sheets) <= 7
    assert cut_rows(digest, pages(printed(careless)))


def test_the_dark_does_not_reach_paper() -> None:
    """Who prefers dark colours still prints black on white: the colours of print are the light ones."""
    rules = re.findall(r"@media ([^{]*) \{\s*:root", page(invented.quiet()))

    assert rules == ["screen and (prefers-color-scheme: dark)"]


# -- and --------------------------------------------------------------------------------------------------------------


def test_the_image_of_the_readme_is_kept() -> None:
    """At twice its width, small enough for a page that many people open."""
    image = (IMAGES / "digest.png").read_bytes()

    assert struct.unpack(">I", image[16:20]) == (2 * WIDTH,)
    assert len(image) < 300_000


def test_a_page_is_made_at_once() -> None:
    """Templates are read once; the digest is small however large the week was."""
    digest = invented.crowded()
    page(digest)
    start = time.perf_counter()
    page(digest)

    assert time.perf_counter() - start < 0.2


def test_a_name_without_questions_has_a_bar_all_the_same() -> None:
    """Nothing divides by zero where a list is empty."""
    assert "rect" in charts.most_asked("a", "A", [Count("x", "X", "model", 0, 0), Count("y", "Y", "model", 3, 1)])
    assert "<svg" in charts.most_asked("a", "A", [])
    assert "<svg" in charts.questions_by_week([WeekCount(Week(2026, 47), 0)])
