import hashlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from PIL import Image

from digits_client import DamagedDownload, ProblemError, Split, UnexpectedAnswer, Unreachable, connect
from digits_client.cache import DOWNLOADS
from service.data.dataset import Dataset
from service.data.order import order_v1
from tests import made
from tests.clients.python.flaky import Flaky, run_flaky
from tests.processes import ROOT
from tests.sites import Site

# --- the loaders of others ---


def test_load_data_is_that_of_keras(live: Site, mnist: Dataset) -> None:
    loaded = connect(live.url).load_data()
    assert isinstance(loaded, tuple)
    assert all(isinstance(part, tuple) for part in loaded)
    (x_train, y_train), (x_test, y_test) = loaded
    assert [one.dtype for one in (x_train, y_train, x_test, y_test)] == [np.uint8] * 4
    assert (x_train.shape, y_train.shape) == ((60_000, 28, 28), (60_000,))
    assert (x_test.shape, y_test.shape) == ((10_000, 28, 28), (10_000,))
    assert np.array_equal(np.concatenate([x_train, x_test]), mnist.images)
    assert np.array_equal(np.concatenate([y_train, y_test]), mnist.labels)
    assert x_train.flags.writeable
    assert x_train.flags.c_contiguous


@pytest.mark.parametrize("n_class", [1, 3, 10])
@pytest.mark.parametrize("as_frame", [False, True])
def test_load_digits_is_that_of_scikit_learn(live: Site, n_class: int, as_frame: bool) -> None:
    client = connect(live.url)
    mine = client.load_digits(n_class=n_class, as_frame=as_frame)
    theirs = sklearn.datasets.load_digits(n_class=n_class, as_frame=as_frame)
    assert type(mine) is type(theirs)
    assert set(mine) == set(theirs)
    assert list(mine.feature_names) == list(theirs.feature_names)
    for name in ("images", "target_names"):
        assert (mine[name].dtype, mine[name].shape) == (theirs[name].dtype, theirs[name].shape)
        assert np.array_equal(mine[name], theirs[name])
    assert mine.DESCR == theirs.DESCR
    pairs = [(mine.data, theirs.data), (mine.target, theirs.target), (mine.frame, theirs.frame)]
    xy = zip(
        client.load_digits(n_class=n_class, as_frame=as_frame, return_X_y=True),
        sklearn.datasets.load_digits(n_class=n_class, as_frame=as_frame, return_X_y=True),
        strict=True,
    )
    for one, other in [*pairs, *xy]:
        assert type(one) is type(other)
        if isinstance(other, pd.DataFrame):
            pd.testing.assert_frame_equal(one, other)
        elif isinstance(other, pd.Series):
            pd.testing.assert_series_equal(one, other)
        elif other is not None:
            assert one.dtype == other.dtype
            assert np.array_equal(one, other)


@pytest.mark.parametrize("n_class", [0, 11, -1])
def test_classes_that_are_not_there_are_refused(live: Site, n_class: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 10"):
        connect(live.url).load_digits(n_class=n_class)


# --- datasets and splits ---


def test_what_there_is_can_be_listed(live: Site, real: dict[str, Dataset]) -> None:
    client = connect(live.url)
    assert client.datasets == list(real)
    dataset = client.dataset("mnist")
    assert sorted(dataset) == ["all", "test", "train"]
    assert len(dataset) == 3
    assert {name: len(split) for name, split in dataset.items()} == {"train": 60_000, "test": 10_000, "all": 70_000}
    assert dataset["train"].rev == real["mnist"].rev
    assert dataset.card["licence"]
    assert dataset["test"].card["count"] == 10_000
    with pytest.raises(KeyError):
        dataset["validation"]
    with pytest.raises(ProblemError, match="mnist, digits"):
        client.dataset("cifar")


def test_whole_arrays_are_those_of_the_dataset(train: Split, tiny: Dataset) -> None:
    assert np.array_equal(train.images, tiny.images[: made.TRAIN])
    assert np.array_equal(train.labels, tiny.labels[: made.TRAIN])
    assert train.images is train.images


def test_a_damaged_download_is_repeated_and_then_refused(flaky: Flaky) -> None:
    split = connect(flaky.url).dataset("made")["train"]
    flaky.fail(["altered"] * DOWNLOADS, only=".npz")
    with pytest.raises(DamagedDownload, match=r"train is damaged|have SHA-256"):
        _ = split.images
    assert flaky.times(".npz") == DOWNLOADS
    flaky.fail(["altered"], only=".npz")
    assert len(split.images) == made.TRAIN


def test_rows_are_a_page(train: Split, tiny: Dataset) -> None:
    page = train.rows(3, 4)
    assert page.index.tolist() == [3, 4, 5, 6]
    assert page.x.shape == (4, made.HEIGHT, made.WIDTH)
    assert np.array_equal(page.x, tiny.images[3:7])
    assert page.valid == len(page) == 4
    assert page.x.flags.writeable
    assert page.y.flags.writeable
    sample = train.rows(limit=5, seed=7, label=[1, 2], layout="flat", scale="unit")
    assert set(sample.y.tolist()) <= {1, 2}
    assert sample.x.dtype == np.float32
    assert sample.x.shape[1:] == (15,)
    assert len(train.rows(made.TRAIN)) == 0


def test_take_keeps_order_and_repeats(train: Split, tiny: Dataset) -> None:
    for wanted in ([5, 3, 3, 22], np.array([5, 3, 3, 22], np.uint8), (5, 3, 3, 22)):
        taken = train.take(wanted, layout="chw")
        assert taken.index.tolist() == [5, 3, 3, 22]
        assert np.array_equal(taken.x[:, 0], tiny.images[[5, 3, 3, 22]])
        assert taken.x.flags.writeable
    assert train.take([]).x.shape == (0, made.HEIGHT, made.WIDTH)


def test_take_asks_in_parts_for_long_lists(all_digits: Split, digits: Dataset) -> None:
    wanted = np.random.default_rng(1).integers(0, 1797, 25_001)
    taken = all_digits.take(wanted)
    assert np.array_equal(taken.index, wanted)
    assert np.array_equal(taken.x, digits.images[wanted])
    assert taken.valid == 25_001


def test_indices_that_are_none_are_refused(train: Split) -> None:
    with pytest.raises(TypeError, match="must be integers, not float64"):
        train.take([1.5])
    with pytest.raises(TypeError, match="must be integers, not bool"):
        train.take([True])
    with pytest.raises(ProblemError, match="from 0 to 22, not 23"):
        train.take([23])


def test_a_picture_is_a_file(train: Split) -> None:
    with Image.open(io.BytesIO(train.picture(4, scale=3))) as picture:
        assert picture.size == (3 * made.WIDTH, 3 * made.HEIGHT)
    assert train.picture(4, suffix="webp")[:4] == b"RIFF"
    with pytest.raises(ProblemError, match="from 0 to 22"):
        train.picture(23)


def test_an_order_is_that_of_the_service(train: Split) -> None:
    assert train.order(seed=3, epoch=4).tolist() == order_v1(made.TRAIN, seed=3, epoch=4).tolist()


# --- the cache ---

LOADS = """
import hashlib, sys
from digits_client import connect

train = connect(sys.argv[1], cache=sys.argv[2]).dataset("digits")["all"]
print("ready", flush=True)
sys.stdin.readline()
print(hashlib.sha256(train.images.tobytes() + train.labels.tobytes()).hexdigest())
"""


def test_of_eight_processes_that_start_at_once_one_downloads(live: Site, digits: Dataset, tmp_path: Path) -> None:
    cache = tmp_path / "new" / "cache"
    pipe = subprocess.PIPE
    with run_flaky(live) as place:
        command = [sys.executable, "-W", "error", "-c", LOADS, place.url, str(cache)]
        ranks = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) for _ in range(8)]
        for rank in ranks:
            assert rank.stdout is not None
            assert rank.stdout.readline() == "ready\n"
        for rank in ranks:
            assert rank.stdin is not None
            rank.stdin.write("go\n")
            rank.stdin.flush()
        told = {rank.communicate(timeout=60)[0] for rank in ranks}
        assert place.times(".npz") == 1
    arrays = digits.images.tobytes() + digits.labels.astype(np.uint8).tobytes()
    assert told == {hashlib.sha256(arrays).hexdigest() + "\n"}
    assert sorted(file.suffix for file in cache.iterdir()) == [".lock", ".npz"]


@pytest.mark.parametrize("damage", [b"", b"PK no archive", b"half", b"altered"])
def test_a_damaged_file_in_the_cache_is_fetched_anew(
    flaky: Flaky, tiny: Dataset, tmp_path: Path, damage: bytes
) -> None:
    def images() -> bytes:
        return connect(flaky.url, cache=tmp_path).dataset("made")["train"].images.tobytes()

    expected = tiny.images[: made.TRAIN].tobytes()
    assert images() == expected
    (file,) = tmp_path.glob("*.npz")
    whole = file.read_bytes()
    assert tiny.rev in file.name
    middle = len(whole) // 4
    altered = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    file.write_bytes({b"half": whole[: len(whole) // 2], b"altered": altered}.get(damage, damage))
    assert images() == expected
    assert file.read_bytes() == whole
    assert flaky.times(".npz") == 2
    assert images() == expected
    assert flaky.times(".npz") == 2


def test_a_download_that_breaks_leaves_nothing_behind(flaky: Flaky, tmp_path: Path) -> None:
    split = connect(flaky.url, cache=tmp_path, patience=0).dataset("made")["train"]
    flaky.fail(["cut"], only=".npz")
    with pytest.raises(Unreachable, match="failed once"):
        _ = split.images
    assert not list(tmp_path.glob("*.npz"))
    assert not list(tmp_path.glob("*.part"))
    assert len(split.images) == made.TRAIN


def test_damage_on_the_way_is_not_kept(flaky: Flaky, tmp_path: Path) -> None:
    split = connect(flaky.url, cache=tmp_path).dataset("made")["train"]
    flaky.fail(["altered"] * DOWNLOADS, only=".npz")
    with pytest.raises(DamagedDownload):
        _ = split.images
    assert not list(tmp_path.glob("*.npz"))
    assert len(split.images) == made.TRAIN


UNUSABLE = """
import encodings.cp437  # zip files need it; another user may not be able to import it later
import logging, os, resource, sys
from pathlib import Path
from digits_client import connect

logging.basicConfig(format="%(message)s", stream=sys.stdout)
kind, url, cache = sys.argv[1], sys.argv[2], Path(sys.argv[3])
split = connect(url, cache=cache).dataset("digits")["all"]
if kind == "no directory":
    cache.write_text("a file is in the way")
elif kind == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
else:
    cache.mkdir(0o755)
    os.seteuid(65534)
assert len(split.images) == 1797
print("read")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has other permissions")
@pytest.mark.parametrize(
    ("kind", "told"),
    [("no directory", "cannot be locked"), ("full", "is not kept"), ("read-only", "cannot be locked")],
)
def test_a_cache_that_cannot_be_used_is_no_error(live: Site, tmp_path: Path, kind: str, told: str) -> None:
    if kind == "read-only" and os.geteuid() != 0:
        pytest.skip("only root can become another user")
    command = [sys.executable, "-W", "error", "-c", UNUSABLE, kind, live.url, str(tmp_path / "cache")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert told in ended.stdout
    assert ended.stdout.endswith("read\n")
    assert not list(tmp_path.rglob("*.part"))


SHARED = """
import os, sys
from pathlib import Path
from digits_client import connect

url, cache = sys.argv[1], Path(sys.argv[2])
os.umask(0o022)
first, second = (connect(url, cache=cache).dataset("digits") for _ in range(2))
assert len(first["all"].images) == 1797
os.seteuid(65534)
assert len(second["all"].images) == 1797
(kept,) = cache.glob("*.npz")
os.seteuid(0)
kept.write_bytes(b"damaged")
kept.chmod(0o600)
os.seteuid(65534)
assert len(second["all"].images) == 1797
"""


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can become another user")
def test_users_share_a_cache(live: Site, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for parent in list(tmp_path.parents)[:3]:
        if parent != Path("/tmp"):  # noqa: S108 - where pytest's directories may be
            parent.chmod(0o755)
    cache = tmp_path / "shared"
    cache.mkdir()
    cache.chmod(0o777)
    with run_flaky(live) as place:
        command = [sys.executable, "-W", "error", "-c", SHARED, place.url, str(cache)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 0, ended.stderr
        assert "cannot be locked" not in ended.stderr, "every user may lock"
        assert place.times(".npz") == 2, "the second user reads the file of the first, and replaces a damaged one"


# --- answers of something else ---


def strip(*names: str) -> Callable[[str], str]:
    """A cache that ignores these parameters."""
    return lambda target: re.sub(rf"(?<=[?&])({'|'.join(names)})=[^&]*(&|$)", "", target)


@pytest.mark.parametrize("ignored", ["offset", "limit", "seed"])
def test_rows_of_a_cache_that_ignores_the_query_are_refused(flaky: Flaky, ignored: str) -> None:
    split = connect(flaky.url).dataset("made")["train"]
    assert split.rows(3, 4, seed=1).index.tolist() == order_v1(made.TRAIN, seed=1)[3:7].tolist()
    flaky.rewrite = strip(ignored)
    with pytest.raises(UnexpectedAnswer, match="may ignore a part of the URL"):
        split.rows(3, 4, seed=1)


@pytest.mark.parametrize(("name", "sent", "instead"), [("layout", "chw", "image"), ("scale", "raw", "unit")])
def test_values_in_another_encoding_are_refused(flaky: Flaky, name: str, sent: str, instead: str) -> None:
    split = connect(flaky.url).dataset("made")["train"]
    flaky.rewrite = lambda target: target.replace(f"{name}={sent}", f"{name}={instead}")
    with pytest.raises(UnexpectedAnswer, match=f"has {name} "):
        split.rows(3, 4, layout="chw", scale="unit")
    with pytest.raises(UnexpectedAnswer, match=f"has {name} "):
        split.take([3], layout="chw", scale="unit")


def test_other_samples_than_were_taken_are_refused(flaky: Flaky, site: Site) -> None:
    split = connect(flaky.url).dataset("made")["train"]
    other = site.send(
        "POST",
        "/v1/datasets/made/train/take?layout=image&format=arrow",
        {"Content-Type": "application/octet-stream"},
        body=(5).to_bytes(8, "little"),
    )
    flaky.replace = lambda _, __: other.body
    assert split.take([5]).index.tolist() == [5]
    with pytest.raises(UnexpectedAnswer, match="may ignore"):
        split.take([6])


def test_a_page_of_a_subset_is_not_longer_than_requested(flaky: Flaky) -> None:
    split = connect(flaky.url).dataset("made")["train"]
    flaky.rewrite = strip("limit")
    with pytest.raises(UnexpectedAnswer, match="and 2 were requested"):
        split.rows(limit=2, label=[0, 1])


def test_another_order_and_another_card_are_refused(flaky: Flaky) -> None:
    client = connect(flaky.url)
    split = client.dataset("made")["train"]
    flaky.rewrite = strip("epoch")
    with pytest.raises(UnexpectedAnswer, match="than order v1"):
        split.order(epoch=3)
    flaky.rewrite = lambda target: target.replace("mode", "made")
    with pytest.raises(UnexpectedAnswer, match="of 'mode' was requested"):
        client.dataset("mode")
