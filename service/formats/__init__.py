"""Bytes out: one file a format, and its name in the mapping `FORMATS`. Knows batches, no HTTP."""

from collections.abc import Mapping
from types import MappingProxyType

from service.formats.arrow import ARROW, ARROW_FILE
from service.formats.csv import CSV
from service.formats.format import Format
from service.formats.json import JSON
from service.formats.ndjson import NDJSON
from service.formats.npy import NPY
from service.formats.npz import NPZ
from service.formats.parquet import PARQUET
from service.formats.safetensors import SAFETENSORS

FORMATS: Mapping[str, Format] = MappingProxyType(
    {one.name: one for one in (JSON, NDJSON, CSV, NPY, NPZ, ARROW, ARROW_FILE, PARQUET, SAFETENSORS)}
)
"""Every format of many samples, by the name that `?format=` takes."""
