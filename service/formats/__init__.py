"""Bytes out: one file a format, and its name in the mapping `FORMATS`. Knows batches, no HTTP."""

import zlib
from collections.abc import Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import get_args

import numpy as np
import orjson
import PIL
import pyarrow as pa

from service.formats import webp
from service.formats.arrow import ARROW
from service.formats.arrow_file import ARROW_FILE
from service.formats.csv import CSV
from service.formats.format import Format
from service.formats.json import JSON
from service.formats.ndjson import NDJSON
from service.formats.npy import NPY
from service.formats.npz import NPZ
from service.formats.parquet import PARQUET
from service.formats.render import ColourMap, RenderOptions, draw
from service.formats.safetensors import SAFETENSORS

FORMATS: Mapping[str, Format] = MappingProxyType(
    {one.name: one for one in (JSON, NDJSON, CSV, NPY, NPZ, ARROW, ARROW_FILE, PARQUET, SAFETENSORS)}
)
"""Every format of many samples, by the name that `?format=` takes."""

ENCODERS = ";".join(
    (
        f"numpy {np.__version__}",
        f"pyarrow {pa.__version__}",
        f"orjson {orjson.__version__}",
        f"pillow {PIL.__version__}",
        f"zlib {zlib.ZLIB_RUNTIME_VERSION}",
        f"cmap {version('cmap')}",
    )
)
"""Names and versions of the libraries that decide the bytes of a file: the same text, the same bytes. It
belongs in every entity tag, so that servers with other versions never share one."""


def prepare() -> None:
    """Load what encoders load when they are first used, so that no first answer waits for it."""
    pixel = np.zeros((1, 1), np.uint8)
    webp.encode(pixel)
    for name in get_args(ColourMap):
        draw(pixel, RenderOptions(cmap=name, captioned=True), "0")
