"""For reviewers of term profiles: `python -m ingestion.profiles [ID…]` prints what each pin quotes.

`--outline KEY` prints the tree of clauses of a stored text; `--check` prints faults only. Texts come from the
installed ScanCode data and the folder named by `CLAUSEBOT_MIRROR`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ingestion.pins import PinError, resolve
from ingestion.segmentation import segment
from ingestion.sources.interface import Source, SourceText
from ingestion.sources.official import OfficialSource
from ingestion.sources.scancode import ScanCodeSource
from knowledge.models import Clause, Profile
from knowledge.profiles import read_profiles


@cache
def texts() -> dict[str, SourceText]:
    """Return every text that is on this machine, by key."""
    mirror = os.environ.get("CLAUSEBOT_MIRROR")
    found: dict[str, SourceText] = {}
    sources: list[Source] = [ScanCodeSource()]
    if mirror:
        sources.append(OfficialSource(mirror=Path(mirror), fetch=None))
    for source in sources:
        found |= {t.key: t for t in source.collect() if isinstance(t, SourceText)}
    return found


def check(profile: Profile) -> Iterator[tuple[str, str, str]]:
    """Yield `(term, fault, quote)` for every pin; the fault is empty where the pin resolves."""
    trees: dict[str, tuple[Clause, ...]] = {}
    keys = dict(profile.documents)
    for term in profile.terms:
        for pin in term.pins:
            source = texts().get(keys[pin.document])
            if source is None:
                yield term.id, f"the text {keys[pin.document]!r} is not on this machine", ""
                continue
            tree = trees.setdefault(source.key, segment(source.text))
            try:
                clause, start, end = resolve(pin, source.text, tree)
            except PinError as error:
                yield term.id, str(error), ""
            else:
                yield term.id, "", f"[{clause.number} {clause.heading}] {source.text[start:end]}"


def main(arguments: list[str]) -> int:
    """Print quotes, faults or outlines; return 1 where a pin fails."""
    if arguments[:1] == ["--outline"]:
        for key in arguments[1:]:
            _outline(texts()[key])
        return 0
    only_faults = "--check" in arguments
    wanted = {a for a in arguments if not a.startswith("--")}
    faults = 0
    for profile in read_profiles():
        if wanted and profile.id not in wanted:
            continue
        for term, fault, quote in check(profile):
            faults += bool(fault)
            if fault or not only_faults:
                print(f"{profile.id}/{term}: {'FAULT ' + fault if fault else quote}")
    print(f"{faults} faults")
    return int(faults > 0)


def _outline(source: SourceText) -> None:
    for clause in segment(source.text):
        body = " ".join(source.text[clause.start : clause.body_end].split())
        print(f"{'  ' * (clause.depth - 1)}{clause.number!r} [{clause.kind}] {body[:100]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
