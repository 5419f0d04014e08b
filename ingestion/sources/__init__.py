"""Where texts come from."""

from ingestion.sources.interface import Source


def source_for(name: str) -> Source:
    """Return the source of what somebody named on the command line: an address, a file or a folder."""
    if name.startswith(("http://", "https://")):
        from ingestion.sources.address import AddressSource  # noqa: PLC0415  # the network code only where it is used

        return AddressSource(name)
    from pathlib import Path  # noqa: PLC0415

    from ingestion.sources.path import PathSource  # noqa: PLC0415

    return PathSource(Path(name))
