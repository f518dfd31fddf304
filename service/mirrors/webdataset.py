"""MNIST as shards of WebDataset: TAR files of a PNG and a label a sample, which are read from front to back."""

from collections.abc import Iterator
from functools import partial
from itertools import count
from tarfile import BLOCKSIZE, RECORDSIZE, USTAR_FORMAT, TarInfo

from service.data.split import Split
from service.formats import png
from service.http.representation import File
from service.mirrors.mirror import Mirror, MirrorFile, Recipe

ROOT = "/mirrors/webdataset"

SAMPLES = 10_000
"""Samples of a shard."""

SHARDS = {"train": 6, "test": 1}
"""The number of shards of each split."""

PIECE = 100
"""Samples of a piece: 200 kB, or 5 milliseconds' work."""

SIZE, CHECKSUM = slice(124, 135), slice(148, 156)
"""Where the header of a member has the octal digits of its size, and the sum of its bytes."""

EMPTY = TarInfo().tobuf(USTAR_FORMAT)
"""A header without name and size, of mode 0644, user and group 0, and the time 0."""

BLANK = EMPTY[: CHECKSUM.start] + b" " * 8 + EMPTY[CHECKSUM.stop :]
"""The same with spaces for the sum, as which they count."""


def write_shard(split: Split, number: int) -> Iterator[bytes]:
    """The shard of this number: for each sample its picture, `000000.png`, and its label in ASCII, `000000.cls`.

    The key of a sample is its index in the split; the pixels are those of the data. Nothing in the file tells who made
    it or when, so that it is the same file from everywhere. A shard of 10,000 samples has about 20 MB.

    Source: POSIX.1-1988 (ustar), as `tarfile` writes it; file name conventions of the library webdataset.
    """
    first, size = number * SAMPLES, 0
    images, labels = split.images[first : first + SAMPLES], split.labels[first : first + SAMPLES].tolist()
    for start in range(0, len(labels), PIECE):
        pictures = png.encode_greys(images[start : start + PIECE])
        samples = zip(count(first + start), pictures, labels[start : start + PIECE], strict=False)
        piece = b"".join([_write_sample(*sample) for sample in samples])
        size += len(piece)
        yield piece
    yield bytes(2 * BLOCKSIZE + -(size + 2 * BLOCKSIZE) % RECORDSIZE)


def _write_sample(key: int, picture: bytes, label: int) -> bytes:
    return _write_member(b"%06d.png" % key, picture) + _write_member(b"%06d.cls" % key, b"%d" % label)


def _write_member(name: bytes, content: bytes) -> bytes:
    """A file in an archive: its header, and the content up to the end of a block."""
    header = bytearray(BLANK)
    header[: len(name)] = name
    header[SIZE] = b"%011o" % len(content)
    header[CHECKSUM] = b"%06o\0 " % sum(header)
    return b"".join((header, content, bytes(-len(content) % BLOCKSIZE)))


def _serve(split: str, number: int) -> MirrorFile:
    return MirrorFile(
        dataset="mnist",
        media_type="application/x-tar",
        body=lambda dataset: File(partial(write_shard, dataset.split(split), number), name_shard(split, number)),
    )


def name_shard(split: str, number: int) -> str:
    """The file name of a shard."""
    return f"mnist-{split}-{number:06}.tar"


MIRROR = Mirror(
    name="webdataset",
    title="Shards for WebDataset",
    summary="TAR files of 10,000 samples, each a PNG of the exact pixels and a label, in the original order.",
    root=ROOT,
    files={
        f"{ROOT}/{name_shard(split, number)}": _serve(split, number)
        for split, count in SHARDS.items()
        for number in range(count)
    },
    recipes=(
        Recipe(
            client="webdataset 1.0",
            language="python",
            code="""\
import webdataset as wds

train = wds.WebDataset("{base}/mirrors/webdataset/mnist-train-{000000..000005}.tar", shardshuffle=6)
train = train.shuffle(1_000).decode("l8").to_tuple("png", "cls")
image, label = next(iter(train))  # uint8 (28, 28), int""",
            note="It reads by curl. A shard is read from front to back, so shuffle mixes what is near in the file.",
        ),
        Recipe(
            client="webdataset 1.0 with PyTorch",
            language="python",
            code="""\
import webdataset as wds

test = wds.WebDataset("{base}/mirrors/webdataset/mnist-test-000000.tar", shardshuffle=False)
loader = wds.WebLoader(test.decode("torchl8").to_tuple("png", "cls").batched(64), batch_size=None)
images, labels = next(iter(loader))  # tensors: uint8 (64, 28, 28), int64 (64,)""",
        ),
        Recipe(
            client="Python's tarfile",
            language="python",
            code="""\
import tarfile
from urllib.request import urlopen

with (
    urlopen("{base}/mirrors/webdataset/mnist-test-000000.tar") as stream,
    tarfile.open(fileobj=stream, mode="r|") as archive,
):
    for member in archive:
        content = archive.extractfile(member).read()  # 000000.png, 000000.cls, 000001.png, ...""",
            note="While it comes, a member after the other; tar -x takes it as well.",
        ),
    ),
)
