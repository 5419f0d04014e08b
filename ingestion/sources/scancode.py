"""The licence texts of the installed ScanCode wheel, read as files: the toolkit itself is never imported."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ingestion.errors import IngestionError
from ingestion.sources.interface import Failed, SourceText
from knowledge.models import DocumentKind

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where PyYAML was built with libyaml
_HEADER = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Correction:
    """What a ScanCode record says wrongly or leaves open about its text, and how we know."""

    reason: str
    title: str | None = None
    kind: DocumentKind = DocumentKind.LICENSE
    version: str | None = None


_POLICY = DocumentKind.ACCEPTABLE_USE_POLICY
CORRECTIONS: dict[str, Correction] = {
    "stable-diffusion-2022-08-22": Correction(
        "the text calls itself `CreativeML Open RAIL-M`, dated 22 August 2022",
        "CreativeML Open RAIL-M",
        version="2022-08-22",
    ),
    "bigscience-open-rail-m2": Correction(
        "the text is Stability's `CreativeML Open RAIL++-M`, not a text of BigScience",
        "CreativeML Open RAIL++-M License",
        version="2022-11-24",
    ),
    "llama-4-license-2025": Correction("the key says licence, the text is the use policy", kind=_POLICY),
    "gemma-pup-2024-02-21": Correction("the text is the prohibited use policy", kind=_POLICY),
    "salesforce-ai-aup-2025": Correction("the text is an acceptable use policy", kind=_POLICY),
    "salesforce-au-external-2025": Correction("the text is an acceptable use policy", kind=_POLICY),
}


class ScanCodeSource:
    """Every text of `licensedcode/data/licenses`, deprecated keys included, texts without words left out."""

    name = "scancode"

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def collect(self) -> Iterator[SourceText | Failed]:
        """Yield the texts in the order of their keys; `IngestionError` where the wheel is not installed."""
        folder = self._folder or _installed()
        files = sorted(folder.glob("*.LICENSE"))
        if not files:
            raise IngestionError(
                f"No licence texts were found in {folder}; reinstall them with "
                "`pip install --force-reinstall scancode-toolkit-mini`."
            )
        for file in files:
            found = _read(file)
            if found is not None:
                yield found


def _installed() -> Path:
    # find_spec of a top-level package looks for it without running it; importing ScanCode takes seconds.
    spec = importlib.util.find_spec("licensedcode")
    if spec is None or not spec.submodule_search_locations:
        raise IngestionError("The ScanCode licence texts are not installed; run `pip install scancode-toolkit-mini`.")
    return Path(next(iter(spec.submodule_search_locations))) / "data" / "licenses"


def _read(file: Path) -> SourceText | Failed | None:
    try:
        raw = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return Failed(file.stem, f"{file.name} cannot be read ({error}); reinstall scancode-toolkit-mini.")
    raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    header = _HEADER.match(raw)
    try:
        facts = yaml.load(header[1], Loader=_LOADER) if header else None  # noqa: S506  (both loaders are safe ones)
    except yaml.YAMLError:
        facts = None
    if header is None or not isinstance(facts, dict):
        return Failed(file.stem, f"{file.name} has no readable front matter; reinstall scancode-toolkit-mini.")
    # ScanCode writes one empty line between the front matter and the text; it belongs to neither.
    text = raw[header.end() :].removeprefix("\n")
    return _source_text(str(facts.get("key") or file.stem), facts, text) if text.strip() else None


def _source_text(key: str, facts: dict[str, Any], text: str) -> SourceText:
    correction = CORRECTIONS.get(key, Correction(""))
    title = correction.title or str(facts.get("name") or facts.get("short_name") or key)
    spdx = facts.get("spdx_license_key")
    names = [facts.get("short_name"), facts.get("name"), *(facts.get("other_spdx_license_keys") or ())]
    aliases = dict.fromkeys(str(name) for name in names if name and name not in {title, spdx})
    addresses = [*(facts.get("text_urls") or ()), facts.get("homepage_url")]
    owner = facts.get("owner")
    return SourceText(
        key=key,
        title=title,
        kind=correction.kind,
        text=text,
        source=ScanCodeSource.name,
        source_url=next((str(address) for address in addresses if address), None),
        publisher=str(owner) if owner and owner != "Unspecified" else None,
        version=correction.version,
        spdx=str(spdx) if spdx else None,
        aliases=tuple(aliases),
        category=str(facts["category"]) if facts.get("category") else None,
    )
