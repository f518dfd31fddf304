"""The sprite of the TensorFlow.js examples: the pixels, the order, and no chunk by which a browser changes pixels."""

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from service.data.dataset import Dataset
from service.mirrors.tensorflow_js import FIRST, MIRROR, ROOT, write_labels, write_sprite
from tests.http.expect import assert_problem, stable_headers
from tests.sites import Answer, Site

LABELS = "54dbbc2cab00508c5ade36a807f48bc83d0ee3285bbeb8ae25377aaa12b2250c"
"""SHA-256 of the file of labels that the examples download."""


@pytest.fixture(scope="module")
def sprite(live: Site) -> Answer:
    """The picture."""
    return live.get(f"{ROOT}/mnist_images.png")


def split_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The name and content of each chunk of a PNG, whose checksum must be right."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    start = 8
    while start < len(content):
        length, name = struct.unpack_from(">I4s", content, start)
        body = content[start + 8 : start + 8 + length]
        assert struct.unpack_from(">I", content, start + 8 + length) == (zlib.crc32(name + body),)
        yield name, body
        start += 12 + length


def test_each_row_of_the_sprite_is_an_image(sprite: Answer, mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 784 * 65_000)  # which Pillow holds for an attack
    with Image.open(io.BytesIO(sprite.body)) as image:
        assert (image.format, image.mode, image.size, image.info) == ("PNG", "L", (784, 65_000), {})
        rows = np.asarray(image)
    train, test = mnist.split("train").images, mnist.split("test").images
    expected = hashlib.sha256(train[5_000:].tobytes() + test.tobytes()).hexdigest()
    assert hashlib.sha256(rows.tobytes()).hexdigest() == expected


def test_the_sprite_has_no_gamma_and_no_profile(sprite: Answer) -> None:
    assert sprite["Content-Type"] == "image/png"
    chunks = list(split_chunks(sprite.body))
    assert {name for name, _ in chunks} == {b"IHDR", b"IDAT", b"IEND"}
    assert chunks[0] == (b"IHDR", struct.pack(">2I5B", 784, 65_000, 8, 0, 0, 0, 0))
    assert chunks[-1] == (b"IEND", b"")
    assert max(len(body) for _, body in chunks) < 1_000_000


def test_the_labels_are_those_that_the_examples_download(live: Site, mnist: Dataset) -> None:
    answer = live.get(f"{ROOT}/mnist_labels_uint8")
    assert (answer.status, answer["Content-Type"]) == (200, "application/octet-stream")
    assert (len(answer.body), hashlib.sha256(answer.body).hexdigest()) == (650_000, LABELS)
    rows = np.frombuffer(answer.body, np.uint8).reshape(-1, 10)
    assert np.array_equal(rows.argmax(axis=1), mnist.labels[FIRST:])


def test_pieces_are_small(mnist: Dataset) -> None:
    assert max(map(len, write_sprite(mnist))) < 1_000_000
    assert sum(map(len, write_labels(mnist))) == 650_000


@pytest.mark.parametrize("path", MIRROR.files)
def test_head_ranges_and_conditions_are_answered(live: Site, path: str) -> None:
    got, head = live.get(path, {"Accept-Encoding": "gzip"}), live.head(path, {"Accept-Encoding": "gzip"})
    assert (head.status, head.body, stable_headers(head)) == (200, b"", stable_headers(got))
    assert "Content-Encoding" not in got.headers
    assert (got["Content-Length"], got["Access-Control-Allow-Origin"]) == (str(len(got.body)), "*")
    assert got["Cross-Origin-Resource-Policy"] == "cross-origin"
    for asked, part in (("5-9", slice(5, 10)), ("-10", slice(-10, None))):
        answer = live.get(path, {"Range": f"bytes={asked}"})
        assert (answer.status, answer.body) == (206, got.body[part])
    assert live.get(path, {"If-None-Match": got["ETag"]}).status == 304


@pytest.mark.parametrize("name", ["", "mnist_labels_uint16", "mnist_images.png/", "%2e%2e/tfjs/mnist_images.png"])
def test_what_is_missing_is_404(live: Site, name: str) -> None:
    assert_problem(live.get(f"{ROOT}/{name}"), "unknown-resource")


def test_the_files_of_a_dataset_that_is_not_served_are_404(site: Site) -> None:
    assert {site.get(path).status for path in MIRROR.files} == {404}
