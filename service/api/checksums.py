"""SHA-256 of the whole-split files, recorded beforehand by `make checksums`, so that a card need not build them."""

import json
from functools import cache
from importlib.resources import files

from service import __version__
from service.data.split import Split
from service.formats import ENCODERS

RECORD = "checksums.json"
"""The record, beside this module."""


def find_checksum(split: Split, suffix: str) -> str | None:
    """SHA-256 (hex) of a split's file; None where other libraries than those of the record encode it."""
    return read_record().get(name_file(split, suffix))


def name_file(split: Split, suffix: str) -> str:
    """What a file is called in the record: its name, and the data that is in it."""
    return f"{split.full_name}.{suffix}@{split.rev}"


@cache
def read_record() -> dict[str, str]:
    """Checksums by name; none if the record is of another release or of other encoders."""
    record = json.loads((files("service.api") / RECORD).read_text())
    return dict(record["sha256"]) if record["encoders"] == identify_encoders() else {}


def identify_encoders() -> str:
    """What decides the bytes of a file besides the data."""
    return f"{__version__};{ENCODERS}"
