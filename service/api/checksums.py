"""SHA-256 of the whole-split files, recorded beforehand by `make checksums`, so that a card need not build them."""

import hashlib
import json
from functools import cache

import orjson
import pyarrow as pa

from service import __version__
from service.api.downloads import encode_file
from service.api.formats import FILE_FORMATS
from service.api.queries import FileQuery
from service.data.catalog import Catalog
from service.data.choice import Choice
from service.data.split import Split
from service.package import read_file

RECORD = "api/checksums.json"
"""The file of the package with the record: what encoded the files, and the SHA-256 of each by its name."""

ENCODED_BY = f"{__version__};pyarrow {pa.__version__};orjson {orjson.__version__}"
"""What decides the bytes of a whole-split file besides the data: the release, and the libraries that write them."""


def find_checksum(split: Split, suffix: str) -> str | None:
    """SHA-256 (hex) of a split's file, raw and flat; None where other libraries than those of the record encode it."""
    return read_record().get(name_file(split, suffix))


def name_file(split: Split, suffix: str) -> str:
    """What a file is called in the record: its name, and the revision of its data."""
    return f"{split.full_name}.{suffix}@{split.rev}"


@cache
def read_record() -> dict[str, str]:
    """Checksums by name; none if something else encoded the files of the record than would encode them now."""
    record = json.loads(read_file(RECORD))
    return dict(record["sha256"]) if record["encoded_by"] == ENCODED_BY else {}


def write_record(catalog: Catalog) -> str:
    """The record of the files of all datasets, as JSON; it builds every one."""
    splits = [split for dataset in catalog for split in dataset.splits.values()]
    checksums = {
        name_file(split, suffix): compute_checksum(split, suffix) for split in splits for suffix in FILE_FORMATS
    }
    return json.dumps({"encoded_by": ENCODED_BY, "sha256": checksums}, indent=2) + "\n"


def compute_checksum(split: Split, suffix: str) -> str:
    """SHA-256 (hex) of a split's file, built for it."""
    digest = hashlib.sha256()
    for piece in encode_file(split, Choice(), FILE_FORMATS[suffix], FileQuery()):
        digest.update(piece)
    return digest.hexdigest()
