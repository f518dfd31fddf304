"""NPZ: numpy's archive of arrays `x` (images), `y` (labels) and `index`: a ZIP of uncompressed members."""

import struct
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from service.data.batch import Batch
from service.formats import npy
from service.formats.format import Cost, Encoded, Format

Array = NDArray[Any]
"""An array of whatever shape and dtype."""

LOCAL = struct.Struct("<4s5H3I2H")
"""Local file header: signature, version, flags, method, time, date, CRC-32, sizes, lengths of name and extra field."""

CENTRAL = struct.Struct("<4s6H3I5H2I")
"""Central directory header: the same and the version made by, lengths and attributes, and the local header's offset."""

END = struct.Struct("<4s4H2IH")
"""End of central directory."""

VERSION = 20
"""ZIP 2.0, which every reader knows."""

DATE = 0x0021
"""1 January 1980, the earliest DOS date: a file depends on its content alone."""


def encode(batch: Batch) -> bytes:
    """The batch as `x` in its layout, `y` and `index`, and for training the scalar `valid`."""
    arrays: dict[str, Array] = {"x": batch.image, "y": batch.label, "index": batch.index}
    if batch.valid is not None:
        arrays["valid"] = np.array(batch.valid, np.int64)
    return archive(arrays)


def archive(arrays: dict[str, Array]) -> bytes:
    """A stored ZIP of arrays, what `numpy.savez` writes, in half the time and without a clock in it.

    Source: PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16; under 4 GiB, so no ZIP64.
    """
    body: list[Encoded] = []
    directory: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        whole = np.asarray(array, order="C")
        header, data, member = (
            npy.header(whole.dtype, whole.shape),
            whole.reshape(-1).view(np.uint8).data,
            f"{name}.npy".encode(),
        )
        crc = isal_zlib.crc32(data, isal_zlib.crc32(header))
        size = len(header) + len(data)
        common = (VERSION, 0, 0, 0, DATE, crc, size, size, len(member), 0)
        local = LOCAL.pack(b"PK\x03\x04", *common) + member
        directory += [CENTRAL.pack(b"PK\x01\x02", VERSION, *common, 0, 0, 0, 0, offset), member]
        body += [local, header, data]
        offset += len(local) + size
    listing = b"".join(directory)
    count = len(arrays)
    end = END.pack(b"PK\x05\x06", 0, 0, count, count, len(listing), offset, 0)
    return b"".join((*body, listing, end))


NPZ = Format(
    name="npz",
    media_type="application/x-npz",
    suffix="npz",
    encode=encode,
    costs=Cost(fixed=20, row=60, raw=0.2, scaled=1),
)
