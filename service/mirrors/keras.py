"""Keras' `mnist.npz`, byte for byte the file whose SHA-256 Keras checks, made of the arrays by zlib."""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

import numpy as np
from numpy.typing import NDArray

from service.data.dataset import Dataset
from service.formats.npy import header
from service.formats.npz import CENTRAL, END, LOCAL, VERSION
from service.http.problems import Declined
from service.http.representation import Encoded, File
from service.mirrors.mirror import Mirror, MirrorFile, Recipe

ROOT = "/mirrors/keras"

NAME = "mnist.npz"

SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
"""Of the file that Keras publishes; `keras.datasets.mnist.load_data()` refuses any other."""

LABELS_SHA256 = "228ea735de3e02166ae6954735909afad0966b5345a5a23fae0f137e7be7fc3d"
"""Of its smallest member as compressed, by which a wrong zlib is found in a millisecond."""

ALIGNMENT = 16
"""The arrays begin at a multiple of this in their NPY files, as numpy wrote them before release 1.14."""

LEVEL, MEMORY_LEVEL = 6, 8
"""How the members are compressed: zlib's defaults, by which zipfile compresses."""

PIECE = 1_048_576
"""Bytes of an array that are compressed at a time."""

DEFLATED = 8
"""ZIP's number for deflate."""

MADE_BY = 0x0314
"""ZIP 2.0 on Unix."""

ATTRIBUTES = 0x8180_0000
"""A regular file that its owner may read and write."""

DATE = 0x4A51
"""17 February 2017 as MS-DOS writes it, the day on which the file was made."""


@dataclass(frozen=True)
class Member:
    """A file in the archive: an array of a split, `images` or `labels`, and its time as MS-DOS writes it."""

    name: str
    split: str
    array: str
    time: int

    def find(self, dataset: Dataset) -> NDArray[np.uint8]:
        """The array, uint8 `(n, 28, 28)` or `(n,)`."""
        return dataset.split(self.split).arrays[self.array]


TEST_LABELS = Member("y_test.npy", "test", "labels", 0x89BC)

MEMBERS = (
    Member("x_test.npy", "test", "images", 0x89BB),
    Member("x_train.npy", "train", "images", 0x89BC),
    Member("y_train.npy", "train", "labels", 0x89BC),
    TEST_LABELS,
)
"""In the order of the archive."""


def build(dataset: Dataset) -> Iterator[Encoded]:
    """The file in pieces. Nothing of it is sent before the last piece was taken.

    Raises:
        Declined: the zlib of this Python compresses otherwise, so that the file would not be the published one.
    """
    packed, _, _ = compress(TEST_LABELS.find(dataset))
    if hashlib.sha256(b"".join(packed)).hexdigest() != LABELS_SHA256:
        raise decline()
    digest = hashlib.sha256()
    for piece in write_archive(dataset):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != SHA256:
        raise decline()


def decline() -> Declined:
    """The refusal of a file that Keras would refuse: not found, because trying again does not help."""
    return Declined(
        f"This server cannot make {NAME} byte for byte, because its Python is linked to zlib "
        f"{zlib.ZLIB_RUNTIME_VERSION}, which compresses otherwise than the one that made the file; the same arrays are "
        "at /v1/datasets/mnist/train.npz and /v1/datasets/mnist/test.npz, and in /mirrors/npy.",
        status=HTTPStatus.NOT_FOUND,
    )


def write_archive(dataset: Dataset) -> Iterator[Encoded]:
    """The ZIP archive; the bytes of one compressed array are in memory at a time, 10 MB at most.

    Source: PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
    """
    entries, offset = [], 0
    for member in MEMBERS:
        packed, crc, size = compress(member.find(dataset))
        sizes = crc, sum(map(len, packed)), size
        local, entry = describe(member, sizes, offset)
        yield local
        yield from packed
        offset += len(local) + sizes[1]
        entries.append(entry)
    listing = b"".join(entries)
    yield listing + END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(listing), offset, 0)


def describe(member: Member, sizes: tuple[int, int, int], offset: int) -> tuple[bytes, bytes]:
    """The header before a member, and its entry in the directory; `sizes` are CRC-32, compressed size and size."""
    name = member.name.encode()
    common = (VERSION, 0, DEFLATED, member.time, DATE, *sizes, len(name), 0)
    entry = CENTRAL.pack(b"PK\x01\x02", MADE_BY, *common, 0, 0, 0, ATTRIBUTES, offset)
    return LOCAL.pack(b"PK\x03\x04", *common) + name, entry + name


def compress(array: NDArray[np.uint8]) -> tuple[list[bytes], int, int]:
    """The NPY file of an array as raw deflate, in pieces; its CRC-32; its size in bytes."""
    head, pixels = header(array.dtype, array.shape, ALIGNMENT), array.reshape(-1).data
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, MEMORY_LEVEL)
    packed, crc = [deflate.compress(head)], zlib.crc32(head)
    for start in range(0, len(pixels), PIECE):
        piece = pixels[start : start + PIECE]
        packed.append(deflate.compress(piece))
        crc = zlib.crc32(piece, crc)
    return [*packed, deflate.flush()], crc, len(head) + len(pixels)


MIRROR = Mirror(
    name="keras",
    title="Keras, mnist.npz",
    summary=(
        "The archive of `x_train`, `y_train`, `x_test` and `y_test` that Keras downloads, byte for byte: 11,490,434 "
        f"bytes with SHA-256 `{SHA256}`."
    ),
    root=ROOT,
    files={
        f"{ROOT}/{NAME}": MirrorFile(
            dataset="mnist",
            media_type="application/x-npz",
            body=lambda dataset: File(partial(build, dataset), NAME),
        )
    },
    recipes=(
        Recipe(
            client="Keras 3.15",
            language="python",
            code=(
                "import keras\n"
                "\n"
                "keras.utils.get_file(\n"
                f'    "{NAME}",\n'
                f'    origin="{{base}}{ROOT}/{NAME}",\n'
                f'    file_hash="{SHA256}",\n'
                ")\n"
                "(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()"
            ),
            note=(
                "`get_file` puts the file into `~/.keras/datasets`, or `$KERAS_HOME/datasets`. `load_data()` finds it "
                "there, checks its SHA-256 and connects to nothing, also in other programs."
            ),
        ),
        Recipe(
            client="NumPy, mnist.npz",
            language="python",
            code=(
                "import io\n"
                "from urllib.request import urlopen\n"
                "\n"
                "import numpy as np\n"
                "\n"
                f'with urlopen("{{base}}{ROOT}/{NAME}") as answer:\n'
                "    arrays = np.load(io.BytesIO(answer.read()))\n"
                'x_train, y_train = arrays["x_train"], arrays["y_train"]'
            ),
            note="Nothing is checked besides the CRC-32 in the archive.",
        ),
    ),
)
