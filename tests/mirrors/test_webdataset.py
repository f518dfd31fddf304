"""Shards of WebDataset: archives that `tarfile` takes, whose samples are the split, in its order."""

import io
import tarfile
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from service.data.dataset import Dataset
from service.data.split import Split
from service.mirrors.webdataset import MIRROR, PIECE, ROOT, SAMPLES, SHARDS, write_shard
from tests.http.expect import assert_problem, stable_headers
from tests.sites import Site

Members = list[tuple[tarfile.TarInfo, bytes]]
"""The members of an archive, with what they hold."""


def read_members(content: bytes, *, most: int | None = None) -> Members:
    """The first `most` members of an archive; their checksums must be right."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r|") as archive:
        return [(member, read_member(archive, member)) for member in islice(archive, most)]


def read_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """What a member holds."""
    file = archive.extractfile(member)
    assert file is not None
    return file.read()


def check_samples(members: Members, split: Split, first: int) -> None:
    """Compare members with the samples of a split from `first` on."""
    span = range(first, first + len(members) // 2)
    pictures = [np.asarray(Image.open(io.BytesIO(body))) for _, body in members[::2]]
    assert [member.name for member, _ in members] == [f"{key:06}.{name}" for key in span for name in ("png", "cls")]
    assert np.array_equal(np.stack(pictures), split.images[span.start : span.stop])
    assert [int(body) for _, body in members[1::2]] == split.labels[span.start : span.stop].tolist()


def test_a_shard_has_10_000_samples_in_the_order_of_the_split(live: Site, mnist: Dataset) -> None:
    answer = live.get(f"{ROOT}/mnist-test-000000.tar")
    assert (answer.status, answer["Content-Type"]) == (200, "application/x-tar")
    members = read_members(answer.body)
    assert len(members) == 20_000
    check_samples(members, mnist.split("test"), 0)


def test_the_last_shard_has_the_last_samples(live: Site, mnist: Dataset) -> None:
    start = live.get(f"{ROOT}/mnist-train-000005.tar", {"Range": "bytes=0-999999"})
    assert start.status == 206
    check_samples(read_members(start.body, most=400), mnist.split("train"), 50_000)
    end = live.get(f"{ROOT}/mnist-train-000005.tar", {"Range": "bytes=-99999"}).body
    assert end.rstrip(b"\0")[-1:] == b"%d" % mnist.split("train").labels[-1]


def test_shards_of_a_split_that_they_do_not_divide_are_complete(mnist: Dataset, digits: Dataset) -> None:
    assert {name: len(mnist.split(name)) // SAMPLES for name in ("train", "test")} == SHARDS
    split = digits.split("all")
    assert len(split) % PIECE != 0
    members = read_members(b"".join(write_shard(split, 0)))
    assert len(members) == 2 * 1_797
    check_samples(members, split, 0)


def test_the_picture_of_a_member_is_that_of_the_sample(live: Site) -> None:
    content = live.get(f"{ROOT}/mnist-test-000000.tar").body
    members = {member.name: body for member, body in read_members(content, most=16)}
    assert members["000007.png"] == live.get("/v1/datasets/mnist/test/samples/7.png").body
    assert members["000007.cls"] == b"9"


def test_headers_are_what_tarfile_writes_and_tell_of_nobody(digits: Dataset) -> None:
    content, start = b"".join(write_shard(digits.split("all"), 0)), 0
    for member, body in read_members(content):
        plain = tarfile.TarInfo(member.name)
        plain.size = len(body)
        assert content[start : start + 512] == plain.tobuf(tarfile.USTAR_FORMAT)
        assert (member.mtime, member.uid, member.gid, member.mode) == (0, 0, 0, 0o644)
        assert (member.uname, member.gname, member.isfile()) == ("", "", True)
        start += 512 + -(-len(body) // 512) * 512
    assert content[start:] == bytes(len(content) - start)
    assert len(content) - start >= 1024
    assert len(content) % tarfile.RECORDSIZE == 0


def test_pieces_are_small(mnist: Dataset) -> None:
    assert max(map(len, write_shard(mnist.split("test"), 0))) < 1_000_000


def test_there_is_a_shard_for_every_10_000_samples() -> None:
    names = [f"mnist-{split}-{number:06}.tar" for split, count in SHARDS.items() for number in range(count)]
    assert list(MIRROR.files) == [f"{ROOT}/{name}" for name in names]
    assert (len(names), names[-2:]) == (7, ["mnist-train-000005.tar", "mnist-test-000000.tar"])


def test_head_ranges_and_conditions_are_answered(live: Site) -> None:
    target = f"{ROOT}/mnist-test-000000.tar"
    got, head = live.get(target, {"Accept-Encoding": "gzip"}), live.head(target, {"Accept-Encoding": "gzip"})
    assert (head.status, head.body, stable_headers(head)) == (200, b"", stable_headers(got))
    assert "Content-Encoding" not in got.headers
    assert got["Content-Length"] == str(len(got.body))
    assert got["Content-Disposition"] == 'attachment; filename="mnist-test-000000.tar"'
    for asked, part in (("512-1535", slice(512, 1536)), ("-1024", slice(-1024, None))):
        answer = live.get(target, {"Range": f"bytes={asked}"})
        assert (answer.status, answer.body) == (206, got.body[part])
    assert live.get(target, {"If-None-Match": got["ETag"]}).status == 304


@pytest.mark.parametrize(
    "name",
    ["", "mnist-train-000006.tar", "mnist-train-0.tar", "mnist-test-000001.tar", "mnist-train-{000000..000005}.tar"],
)
def test_what_is_missing_is_404(live: Site, name: str) -> None:
    assert_problem(live.get(f"{ROOT}/{name}"), "unknown-resource")


def test_the_shards_of_a_dataset_that_is_not_served_are_404(site: Site) -> None:
    assert {site.get(path).status for path in MIRROR.files} == {404}
