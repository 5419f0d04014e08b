"""Draws Block Kit as a Slack desktop client shows it: as HTML of its own (pure), and as images through Chromium.

`python -m tests.slack.drawing` draws the images of the README anew, with the Debian packages `chromium`, `pngquant`,
`fonts-lato` and `fonts-noto-color-emoji`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import IO, Any

from bot.model import Use
from bot.slack.blocks import answer_messages, card_messages, comparison_messages
from bot.slack.digest_blocks import digest_messages
from bot.slack.forms import ask_form
from bot.slack.text import GAP, JOINER
from tests.digest.invented import realistic
from tests.slack import invented

Json = Mapping[str, Any]

IMAGES = Path(__file__).parents[2] / "deploy" / "images"
WIDTH = 720
SCALE = 2
PATIENCE = 60.0
"""Seconds that Chromium gets for one page."""
TIME = "10:42 AM"


class Frame(StrEnum):
    """Where in Slack something is shown."""

    MESSAGE = "message"
    EPHEMERAL = "ephemeral"
    """A message that one person sees."""
    MODAL = "modal"
    HOME = "home"


class DrawingError(Exception):
    """Chromium is not there, took too long or drew nothing."""


# -- pages and frames --------------------------------------------------------------------------------------------------


def html(shown: Sequence[Json] | Json, *, text: str = "", frame: Frame | str | None = None) -> str:
    """Return a page with one frame: blocks of a message, or a view.

    `text` stands for a message without blocks, as it does in Slack. `frame` is by default the view's own type, or
    `message`. Raises `ValueError` for a block or an element of a type that is not drawn here.
    """
    return page([figure(shown, text=text, frame=frame)])


def page(figures: Iterable[str]) -> str:
    """Return figures one below the other as a page that loads nothing."""
    head = f'<meta charset="utf-8"><title>Clausebot in Slack</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{"".join(figures)}</body></html>\n'


def figure(shown: Sequence[Json] | Json, *, text: str = "", frame: Frame | str | None = None) -> str:
    """Return the markup of one frame of a page; as `html` otherwise."""
    if isinstance(shown, Mapping):
        view = shown
        return _FRAMES[Frame(frame or view["type"])](view, _blocks(view["blocks"]))
    return _FRAMES[Frame(frame or Frame.MESSAGE)]({}, _blocks(shown) if shown else f"<div>{mrkdwn(text)}</div>")


def asked(name: str, text: str) -> str:
    """Return the figure of what a person writes, in mrkdwn."""
    return _post(f'<div class="face person">{escape(name[:1])}</div>', escape(name), f"<div>{mrkdwn(text)}</div>")


def _message(_view: Json, body: str) -> str:
    return _post(_FACE, 'Clausebot<span class="badge">APP</span>', body)


def _ephemeral(_view: Json, body: str) -> str:
    return f'<p class="private">{_EYE}Only visible to you</p>{_message(_view, body)}'


def _post(face: str, name: str, body: str) -> str:
    said = f'<div class="said"><p class="by">{name}<span class="time">{TIME}</span></p>{body}</div>'
    return f'<article class="post">{face}{said}</article>'


def _modal(view: Json, body: str) -> str:
    title = f'<header>{_FACE}<h1>{_text(view["title"])}</h1><span class="close">×</span></header>'
    close = f'<span class="button">{_text(view["close"]) if "close" in view else "Close"}</span>'
    submit = f'<span class="button primary">{_text(view["submit"])}</span>' if "submit" in view else ""
    footer = f"<footer>{close}{submit}</footer>"
    return f'<div class="behind"><dialog open>{title}<div class="form">{body}</div>{footer}</dialog></div>'


def _home(_view: Json, body: str) -> str:
    tabs = "".join(f"<span>{name}</span>" for name in ("Home", "Messages", "About"))
    return f'<div class="home"><header>{_FACE}<h1>Clausebot</h1></header><nav>{tabs}</nav><main>{body}</main></div>'


_FACE = '<div class="face bot">§</div>'
_EYE = (
    '<svg viewBox="0 0 20 20"><path d="M1.5 10C4 5.5 7 4.5 10 4.5s6 1 8.5 5.5c-2.5 4.5-5.5 5.5-8.5 5.5S4 14.5 1.5 10z"'
    '/><circle cx="10" cy="10" r="2.7"/></svg>'
)
_FRAMES: dict[Frame, Callable[[Json, str], str]] = {
    Frame.MESSAGE: _message,
    Frame.EPHEMERAL: _ephemeral,
    Frame.MODAL: _modal,
    Frame.HOME: _home,
}


# -- blocks ------------------------------------------------------------------------------------------------------------


def _blocks(blocks: Iterable[Json]) -> str:
    drawn = ((block, _drawn(_BLOCKS, block)) for block in blocks)
    return "".join(f'<div class="block {block["type"]}">{body}</div>' for block, body in drawn)


def _drawn(kinds: Mapping[str, Callable[[Json], str]], part: Json) -> str:
    kind = part.get("type", "")
    if kind not in kinds:
        raise ValueError(f"{kind!r} is not drawn here; known are {', '.join(kinds)}.")
    return kinds[kind](part)


def _section(block: Json) -> str:
    said = f"<div>{_text(block['text'])}</div>" if "text" in block else ""
    fields = "".join(f"<div>{_text(field)}</div>" for field in block.get("fields", ()))
    main = said + (f'<div class="fields">{fields}</div>' if fields else "")
    beside = f'<div class="beside">{_element(block["accessory"])}</div>' if "accessory" in block else ""
    return f'<div class="main">{main}</div>{beside}'


def _elements(block: Json) -> str:
    return "".join(map(_element, block["elements"]))


def _context(block: Json) -> str:
    return "".join(_element(e) if e["type"] == "image" else f"<div>{_text(e)}</div>" for e in block["elements"])


def _input(block: Json) -> str:
    optional = '<span class="optional"> (optional)</span>' if block.get("optional") else ""
    hint = f'<p class="hint">{_text(block["hint"])}</p>' if "hint" in block else ""
    return f'<p class="label">{_text(block["label"])}{optional}</p>{_element(block["element"])}{hint}'


def _image(block: Json) -> str:
    """Where the image stands, with the words for who does not see it: a drawing loads nothing."""
    title = f"<div>{_text(block['title'])}</div>" if "title" in block else ""
    return f'{title}<div class="picture">{_literal(block["alt_text"])}</div>'


_BLOCKS: dict[str, Callable[[Json], str]] = {
    "header": lambda block: f"<h2>{_text(block['text'])}</h2>",
    "section": _section,
    "context": _context,
    "divider": lambda _block: "<hr>",
    "actions": _elements,
    "context_actions": _elements,
    "input": _input,
    "image": _image,
}


# -- elements ----------------------------------------------------------------------------------------------------------


def _element(element: Json) -> str:
    return _drawn(_ELEMENTS, element)


def _button(element: Json) -> str:
    style = element.get("style", "")
    return f'<span class="button cut {escape(style)}">{_text(element["text"])}</span>'


def _feedback(element: Json) -> str:
    both = (element["positive_button"], element["negative_button"])
    return "".join(f'<span class="thumb">{_text(button["text"])}</span>' for button in both)


def _select(element: Json) -> str:
    chosen = element.get("initial_option")
    shown = _text(chosen["text"]) if chosen else _placeholder(element, "Choose an option")
    return f'<div class="box select"><span class="cut">{shown}</span>{_CHEVRON}</div>'


def _multi_select(element: Json) -> str:
    chosen = "".join(f'<span class="token">{_text(o["text"])} ×</span>' for o in element.get("initial_options", ()))
    shown = chosen or f'<span class="cut">{_placeholder(element, "Choose options")}</span>'
    return f'<div class="box select">{shown}{_CHEVRON}</div>'


def _text_input(element: Json) -> str:
    usual = "Enter a number" if element["type"] == "number_input" else "Write something"
    shown = _literal(element.get("initial_value", "")) or _placeholder(element, usual)
    return f'<div class="box{" tall" if element.get("multiline") else ""}">{shown}</div>'


def _placeholder(element: Json, usual: str) -> str:
    return f'<span class="empty">{_text(element["placeholder"]) if "placeholder" in element else usual}</span>'


def _choices(shape: str) -> Callable[[Json], str]:
    def drawn(element: Json) -> str:
        chosen = [*element.get("initial_options", ()), *filter(None, [element.get("initial_option")])]
        return "".join(choice(option, on=option in chosen) for option in element["options"])

    def choice(option: Json, *, on: bool) -> str:
        more = f'<span class="hint">{_text(option["description"])}</span>' if "description" in option else ""
        mark = f'<span class="{shape}{" on" if on else ""}"></span>'
        return f'<p class="choice">{mark}<span>{_text(option["text"])}{more}</span></p>'

    return drawn


_CHEVRON = '<svg viewBox="0 0 20 20"><path d="M5 8l5 5 5-5"/></svg>'
_ELEMENTS: dict[str, Callable[[Json], str]] = {
    "button": _button,
    "feedback_buttons": _feedback,
    "overflow": lambda _element: '<span class="button">⋯</span>',
    "image": lambda element: f'<span class="picture">{_literal(element["alt_text"])}</span>',
    "plain_text_input": _text_input,
    "number_input": _text_input,
    "radio_buttons": _choices("radio"),
    "checkboxes": _choices("check"),
    **{f"{of}_select": _select for of in ("static", "external", "users", "conversations", "channels")},
    **{f"multi_{of}_select": _multi_select for of in ("static", "external", "users", "conversations", "channels")},
}


# -- text --------------------------------------------------------------------------------------------------------------

_FENCE = re.compile(r"```\n?(.+?)\n?```\n?", re.DOTALL)
_QUOTE = re.compile(r"(?:>|&gt;) ?")
_CODE = rf"(?<!{JOINER})`(?!{GAP})[^`\n]+(?<!{JOINER})`"
_ATOM = re.compile(rf"{_CODE}|<[^<>\n]+>|&(?:amp|lt|gt);|:[a-z_+-][a-z0-9_+-]*:|.", re.DOTALL)
_EMOJI = re.compile(r":([a-z_+-][a-z0-9_+-]*):")
_WEB = re.compile(r"(?:https?://|mailto:)")
_TAGS = {"*": "strong", "_": "em", "~": "s"}


_EMOJIS = {
    "+1": "👍",
    "-1": "👎",
    "arrows_counterclockwise": "🔄",
    "eyes": "👀",
    "hourglass_flowing_sand": "⏳",
    "scales": "⚖️",
    "warning": "⚠️",
    "white_check_mark": "✅",
    "x": "❌",
}
"""Those that our messages may name; others stay names."""


def _text(text: Json) -> str:
    if text["type"] == "mrkdwn":
        return mrkdwn(text["text"])
    return _literal(_with_emoji(text["text"]) if text.get("emoji") else text["text"])


def _with_emoji(text: str) -> str:
    return _EMOJI.sub(lambda found: _EMOJIS.get(found[1], found[0]), text)


def mrkdwn(text: str) -> str:
    """Return Slack's mrkdwn as HTML: what Slack would act on works, all else stands there as characters.

    Links go to `http`, `https` and `mailto` only; marks guarded by `bot.slack.text` stay marks, without the guards.
    """
    return "".join(
        f"<pre>{_literal(part)}</pre>" if at % 2 else _paragraphs(part) for at, part in enumerate(_FENCE.split(text))
    )


def _paragraphs(text: str) -> str:
    grouped = groupby(text.split("\n"), key=lambda line: bool(_QUOTE.match(line)))
    return "".join(_quote(lines) if quote else _lines(lines) for quote, lines in grouped)


def _quote(lines: Iterable[str]) -> str:
    return f"<blockquote>{_lines(_QUOTE.sub('', line, count=1) for line in lines)}</blockquote>"


def _lines(lines: Iterable[str]) -> str:
    """Lines with their ends; an empty one is half as high as a full one, as in Slack."""
    paragraphs = "\n".join(map(_inline, lines)).split("\n\n")
    return '<span class="gap"></span>'.join(p.replace("\n", "<br>") for p in paragraphs)


def _inline(line: str) -> str:
    return _formatted(_ATOM.findall(line), "*_~")


def _formatted(atoms: Sequence[str], marks: str) -> str:
    found, at = [], 0
    while at < len(atoms):
        end = _closing(atoms, at) if atoms[at] in marks else 0
        if end:
            inner = _formatted(atoms[at + 1 : end], marks.replace(atoms[at], ""))
            found.append(f"<{_TAGS[atoms[at]]}>{inner}</{_TAGS[atoms[at]]}>")
        else:
            found.append(_atom(atoms[at]))
        at = max(at, end) + 1
    return "".join(found)


def _closing(atoms: Sequence[str], at: int) -> int:
    """Where the mark is closed that stands at `at`; 0 where it opens nothing."""
    if at + 1 == len(atoms) or _is_blank(atoms[at + 1]) or (at and not _is_border(atoms[at - 1])):
        return 0
    ends = (end for end in range(at + 2, len(atoms)) if atoms[end] == atoms[at] and not _is_blank(atoms[end - 1]))
    return next((end for end in ends if end + 1 == len(atoms) or _is_border(atoms[end + 1])), 0)


def _is_blank(atom: str) -> bool:
    return atom.isspace() or atom == GAP


def _is_border(atom: str) -> bool:
    return not atom.isalnum() and atom != JOINER


def _atom(atom: str) -> str:
    if atom.startswith("<") and len(atom) > 1:
        return _angled(atom[1:-1])
    if atom.startswith("`") and len(atom) > 1:
        return f"<code>{_literal(atom[1:-1])}</code>"
    return _literal(_with_emoji(atom))


def _angled(inner: str) -> str:
    """A link or a mention; anything else as it stands there."""
    target, _, label = inner.partition("|")
    if _WEB.match(target):
        return f'<a href="{_literal(target)}">{_literal(label or target)}</a>'
    if target.startswith("!date^"):  # shown in the reader's own time zone; an image has none
        return escape(label)
    if target[0] in "@#!":
        sign = "#" if target[0] == "#" else "@"
        return f'<span class="mention">{sign}{_literal(label or target[1:]).removeprefix(sign)}</span>'
    return _literal(f"<{inner}>")


def _literal(text: str) -> str:
    """Escape for HTML what is not one of Slack's three entities, and take the guards out."""
    bare = text.replace(GAP, "").replace(JOINER, "")
    parts = re.split(r"(&(?:amp|lt|gt);)", bare)
    return "".join(part if at % 2 else escape(part) for at, part in enumerate(parts)).replace("\n", "<br>")


# -- Chromium ----------------------------------------------------------------------------------------------------------


def chromium() -> str | None:
    """Return where the browser is that draws, or `None`."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def screenshot(content: str, path: Path, width: int = WIDTH, *, patience: float = PATIENCE) -> None:
    """Write a page as a PNG of twice as many pixels, as high as its content; raises `DrawingError`."""
    with _Browser.opened(patience) as browser:
        browser.show(content, width)
        height = browser.evaluate("Math.ceil(document.body.getBoundingClientRect().height)")
        browser.resize(width, height)
        path.write_bytes(b64decode(browser.ask("Page.captureScreenshot", format="png")["data"]))


def measured(content: str, expression: str, width: int = WIDTH, *, patience: float = PATIENCE) -> Any:
    """Return what a JavaScript expression says of a page that is laid out; raises `DrawingError`."""
    with _Browser.opened(patience) as browser:
        browser.show(content, width)
        return browser.evaluate(expression)


_PIPED = 'exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>&1'
"""Chromium is told on the file descriptor 3 what to do, and answers on 4."""


@dataclass
class _Browser:
    """A Chromium with one page that is told what to do, one order at a time."""

    process: subprocess.Popen[bytes]
    patience: float
    target: str = ""
    session: str = ""

    @classmethod
    @contextmanager
    def opened(cls, patience: float) -> Iterator[_Browser]:
        """Start one, and end it with all its processes, by a time-out (seconds) if need be."""
        if not (program := chromium()):
            raise DrawingError("There is no Chromium here: apt-get install chromium")
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            # The pages are ours and load nothing; in containers, Chromium has no sandbox of its own.
            always = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-breakpad"]
            alone = ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}", "--remote-debugging-pipe"]
            with subprocess.Popen(
                ["sh", "-c", _PIPED, "sh", program, *always, *alone],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"HOME": folder},
                start_new_session=True,
            ) as process:
                timer = Timer(patience, _end, [process])
                timer.start()
                try:
                    yield cls(process, patience)
                finally:
                    timer.cancel()
                    _end(process)

    def show(self, content: str, width: int) -> None:
        """Load a page."""
        self.target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        self.resize(width, 900)
        self.ask("Page.setDocumentContent", frameId=self.target, html=content)

    def resize(self, width: int, height: int) -> None:
        """Give the page a size, in CSS pixels."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=SCALE, mobile=False
        )

    def evaluate(self, expression: str) -> Any:
        """Return what an expression comes to on the page; raises `DrawingError` where it throws."""
        said = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in said:
            raise DrawingError(f"{expression} failed: {said['exceptionDetails']['text']}")
        return said["result"].get("value")

    def ask(self, method: str, **params: Any) -> Any:
        """Give one order and return its result; events on the way are passed over."""
        order = {"id": 1, "method": method, "params": params} | ({"sessionId": self.session} if self.session else {})
        try:
            _pipe(self.process.stdin).write(json.dumps(order).encode() + b"\0")
            _pipe(self.process.stdin).flush()
            while (answer := self._next()).get("id") != 1:
                pass
        except (BrokenPipeError, EOFError) as error:
            raise DrawingError(f"Chromium did not do {method} within {self.patience:g} s.") from error
        if "error" in answer:
            raise DrawingError(f"Chromium refused {method}: {answer['error']['message']}")
        return answer["result"]

    def _next(self) -> dict[str, Any]:
        said = bytearray()
        while (byte := _pipe(self.process.stdout).read(1)) != b"\0":
            if not byte:
                raise EOFError
            said += byte
        found: dict[str, Any] = json.loads(said)
        return found


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    assert end is not None
    return end


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


# -- the images of the README ------------------------------------------------------------------------------------------


def images() -> dict[str, str]:
    """Return the pages of the README's images by name."""
    question = asked("Mira Lind", f"<@U1|Clausebot> {invented.CONDITIONAL.question}")
    answer = answer_messages(invented.CONDITIONAL)[0]
    card = card_messages(invented.NIMBUS)[0]
    comparison = comparison_messages(invented.NIMBUS, invented.STRATUS, invented.DIFFERENCES)[0]
    digest = digest_messages(realistic())
    use = Use(("fine_tune", "host_api"), True, "health", {"users": 25_000, "region": "Germany"})
    return {
        "answer": page([question, figure(answer.blocks)]),
        "card": html(card.blocks, frame=Frame.EPHEMERAL),
        "comparison": html(comparison.blocks, frame=Frame.EPHEMERAL),
        "digest_in_slack": page(figure(message.blocks) for message in digest[:2]),
        "home": html(invented.views()["home"]),
        "form": html(ask_form(subject="Nimbus 7B", use=use, private_metadata="{}")),
    }


def main() -> None:
    """Draw the images of the README, in 256 colours: a third of the size, and nobody sees it."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, content in images().items():
        path = IMAGES / f"{name}.png"
        screenshot(content, path)
        subprocess.run(["pngquant", "--nofs", "--speed=1", "--strip", "--force", f"--output={path}", path], check=True)
        sys.stdout.write(f"{path.name}: {path.stat().st_size // 1000} kB\n")


_STYLE = """
* { box-sizing: border-box; margin: 0; padding: 0; overflow-wrap: anywhere; }
body { background: #fff; border: 1px solid #dddddd; color: #1d1c1d; padding: 12px 0;
  font: 15px/22px Lato, "Noto Color Emoji", sans-serif; }
strong { font-weight: 700; }
a { color: #1264a3; text-decoration: none; }
code { background: #f8f8f8; border: 1px solid #dddddd; border-radius: 3px; color: #c01343; padding: 2px 3px 1px;
  font: 12px/18px Monaco, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { background: #f8f8f8; border: 1px solid #dddddd; border-radius: 4px; margin: 4px 0; padding: 8px;
  font: 12px/18px Monaco, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre-wrap; }
blockquote { margin: 4px 0; padding-left: 16px; position: relative; }
blockquote::before { background: #dddddd; border-radius: 4px; content: ""; inset: 0 auto 0 0; position: absolute;
  width: 4px; }
hr { border: 0; border-top: 1px solid #dddddd; }
svg { fill: none; stroke: #616061; stroke-width: 1.7; flex: none; width: 18px; height: 18px; }
.gap { display: block; height: 8px; }
.mention { background: #e8f2f8; border-radius: 3px; color: #1264a3; padding: 0 2px 1px; }
.cut { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }

.post { display: flex; gap: 8px; padding: 8px 20px; }
.private { color: #616061; display: flex; align-items: center; gap: 6px; font-size: 13px; line-height: 18px;
  padding: 4px 20px 0 38px; }
.face { border-radius: 8px; color: #fff; flex: none; width: 36px; height: 36px; font: 700 20px/36px Lato, sans-serif;
  text-align: center; }
.bot { background: #1f3a5f; }
.person { background: #8c5a7d; font-weight: 400; }
.said { flex: 1; min-width: 0; }
.by { font-weight: 900; }
.badge { background: #e8e8e8; border-radius: 3px; color: #4d4c4d; font: 700 10px/14px Lato, sans-serif;
  margin-left: 5px; padding: 1px 4px; vertical-align: 1px; }
.time { color: #616061; font-size: 12px; font-weight: 400; margin-left: 8px; }

.block { margin-top: 8px; max-width: 600px; }
.by + .block { margin-top: 4px; }
h2 { font-size: 18px; font-weight: 900; line-height: 24px; }
.section { display: flex; gap: 16px; }
.main { flex: 1; min-width: 0; }
.beside { flex: none; max-width: 40%; }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin-top: 4px; }
.fields:first-child { margin-top: 0; }
.fields div { min-width: 0; }
.context { align-items: center; color: #616061; display: flex; flex-wrap: wrap; gap: 4px 8px; font-size: 12px;
  line-height: 18px; }
.actions { align-items: center; display: flex; flex-wrap: wrap; gap: 8px; }
.context_actions { display: flex; gap: 4px; }
.thumb { border-radius: 6px; background: #f8f8f8; font-size: 14px; line-height: 28px; min-width: 32px; padding: 0 7px;
  text-align: center; }
.button { background: #fff; border: 1px solid #bbbabb; border-radius: 8px; display: inline-block; font-size: 13px;
  font-weight: 700; line-height: 18px; max-width: 100%; padding: 4px 11px 5px; }
.button.primary { background: #007a5a; border-color: #007a5a; color: #fff; }
.button.danger { border-color: #e01e5a; color: #e01e5a; }
.picture { background: #f8f8f8; border: 1px solid #dddddd; border-radius: 8px; color: #616061; padding: 32px 16px;
  text-align: center; }
.context .picture, .beside .picture { display: inline-block; font-size: 11px; line-height: 14px; padding: 2px 4px; }

.box { border: 1px solid #bbbabb; border-radius: 8px; line-height: 22px; min-height: 44px; padding: 10px 12px; }
.box.tall { min-height: 88px; }
.select { align-items: center; display: flex; flex-wrap: wrap; gap: 6px; padding-right: 36px; position: relative; }
.select svg { position: absolute; right: 12px; top: 12px; }
.actions .select, .beside .select { font-size: 13px; min-height: 32px; padding: 4px 32px 4px 11px; }
.actions .select svg, .beside .select svg { right: 9px; top: 6px; }
.empty { color: #868686; }
.token { background: #e8f2f8; border-radius: 4px; color: #1264a3; font-size: 14px; padding: 0 6px; }
.label { font-weight: 700; margin-bottom: 6px; }
.optional { color: #616061; font-weight: 400; }
.hint { color: #616061; font-size: 13px; line-height: 18px; margin-top: 6px; }
.choice { display: flex; gap: 10px; padding: 4px 0; }
.choice .hint { display: block; margin: 0; }
.radio, .check { border: 1px solid #868686; flex: none; height: 18px; margin-top: 2px; width: 18px; }
.radio { border-radius: 50%; }
.check { border-radius: 4px; }
.radio.on { border: 5px solid #1264a3; }
.check.on { background: #1264a3; border-color: #1264a3; }

.behind { background: #8e8d8e; margin: -13px -1px; padding: 28px 0; }
dialog { background: #fff; border: 0; border-radius: 12px; color: inherit; margin: 0 auto; position: static;
  max-width: 520px; width: calc(100% - 32px); }
dialog header { align-items: center; display: flex; gap: 12px; padding: 20px 28px 12px; }
dialog h1 { flex: 1; font-size: 22px; font-weight: 900; line-height: 30px; }
.close { color: #616061; font-size: 28px; font-weight: 400; }
.form { padding: 0 28px 12px; }
.form .block { margin-top: 18px; }
.form .block:first-child { margin-top: 4px; }
dialog footer { display: flex; gap: 12px; justify-content: flex-end; padding: 16px 28px 24px; }
dialog .button { font-size: 15px; line-height: 22px; padding: 6px 16px 7px; }

.home header { align-items: center; display: flex; gap: 10px; padding: 4px 20px 8px; }
.home h1 { font-size: 18px; font-weight: 900; }
.home nav { border-bottom: 1px solid #dddddd; color: #616061; display: flex; font-size: 13px; font-weight: 700;
  gap: 20px; padding: 0 20px; }
.home nav span { padding: 4px 0 6px; }
.home nav span:first-child { border-bottom: 2px solid #1f3a5f; color: #1d1c1d; }
.home main { padding: 8px 20px 12px; }
"""


if __name__ == "__main__":
    main()
