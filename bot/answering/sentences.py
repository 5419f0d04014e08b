"""Where the sentences of a question and their parts begin and end, for what looks around a name or a number. Pure."""

from __future__ import annotations

import re

_STOP = r"(?<![Mm]io)(?<![Mm]rd)(?<![Tt]sd)(?<![ (]ca)[.!?{}](?=\s|$)"
"""The full stop of an abbreviation (`5 Mio. Euro`) ends nothing, nor does one inside a version (`Llama 3.1`)."""
_SENTENCE = re.compile(_STOP.format("") + r"|\n")
_PART = re.compile(_STOP.format(";") + r"|\n")
_PART_OVER_LINES = re.compile(_STOP.format(";"))


def part_before(text: str, at: int, width: int, *, over_lines: bool = False) -> str:
    """Return what stands before a place in its part of a sentence, `width` characters at most. A new line ends a part
    like a full stop or a semicolon, but not where the part may go `over_lines`."""
    return (_PART_OVER_LINES if over_lines else _PART).split(text[max(0, at - width) : at])[-1]


def part_after(text: str, at: int, width: int) -> str:
    """Return what stands behind a place in its part of a sentence, `width` characters at most."""
    return _PART.split(text[at : at + width])[0]


def starts(text: str, at: int) -> tuple[int, int]:
    """Return where the sentence of a place starts, and where the one before it does (0 where there is none)."""
    ends = [0, 0, *(m.end() for m in _SENTENCE.finditer(text, 0, at))]
    return ends[-1], ends[-2]


def stop(text: str, at: int) -> int:
    """Return where the sentence of a place stops."""
    found = _SENTENCE.search(text, at)
    return found.start() if found else len(text)
