"""Where texts come from."""

from ingestion.sources.address import AddressSource
from ingestion.sources.interface import Source
from ingestion.sources.path import PathSource


def source_for(name: str) -> Source:
    """Return the source of what somebody named on the command line: an address, a file or a folder."""
    if name.startswith(("http://", "https://")):
        return AddressSource(name)
    from pathlib import Path  # noqa: PLC0415

    return PathSource(Path(name))
