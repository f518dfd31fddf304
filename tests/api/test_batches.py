"""Training batches over HTTP: the URL is the checkpoint."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
import pytest
import safetensors.numpy
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.data.dataset import Dataset
from service.data.epoch import Epoch
from service.data.order import order_v1
from service.data.pool import choose_pool
from service.data.sample_order import SampleOrder
from service.data.subset import Subset
from service.formats import FORMATS
from tests import made, readers, sites

MADE = "/v1/datasets/made/train"
FORMATS_OF_ONE = ("npz", "npy", "safetensors", "arrow", "json", "ndjson")
LAYOUTS = {"flat": (15,), "image": (3, 5), "chw": (1, 3, 5), "hwc": (3, 5, 1)}

Query = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Got:
    """One batch as NumPy's own reader gives it."""

    x: NDArray[Any]
    y: NDArray[Any]
    index: NDArray[Any]
    valid: int


def target(path: str = "batches", *, where: str = MADE, **query: Any) -> str:  # noqa: ANN401 - also what is refused
    return f"{where}/{path}?{urlencode(query, doseq=True)}"


def got(answer: sites.Answer) -> Got:
    assert answer.status == 200, answer.body
    with np.load(io.BytesIO(answer.body), allow_pickle=False) as archive:
        assert archive.files == ["x", "y", "index", "valid"]
        return Got(archive["x"], archive["y"], archive["index"], int(archive["valid"]))


def streamed(answer: sites.Answer) -> list[list[int]]:
    """The indices of every record batch of a stream."""
    assert answer.status == 200, answer.body
    return [batch["index"].to_pylist() for batch in pa.ipc.open_stream(answer.body)]


def number(answer: sites.Answer, header: str) -> int:
    return int(answer[header])


def following(answer: sites.Answer) -> str | None:
    """The target of the link to what goes on, if there is one."""
    if answer.headers["Link"] is None:
        return None
    found = re.fullmatch(r'<([^>]*)>; rel="next"', answer["Link"])
    assert found is not None
    return found[1]


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any]:
    """The parameters of batches of the made training split, of which at least one is left."""
    query: dict[str, Any] = {
        "batch_size": draw(st.integers(1, 12)),
        "world_size": draw(st.integers(1, 6)),
        "seed": draw(st.integers(0, 2**64 - 1)),
        "epoch": draw(st.integers(0, 2**32 - 1)),
        "shuffle": draw(st.sampled_from(["true", "false"])),
        "tail": draw(st.sampled_from(["partial", "drop", "pad"])),
    }
    last = made.TRAIN - query["batch_size"] * query["world_size"] if query["tail"] == "drop" else made.TRAIN - 1
    query["start"] = draw(st.integers(0, max(0, last)))
    if last < 0:
        query["tail"] = "partial"
    return {**query, "rank": draw(st.integers(0, query["world_size"] - 1))}


def epoch_of(data: Dataset, query: Query) -> Epoch:
    """The same epoch without HTTP."""
    shape = {name: query[name] for name in ("batch_size", "world_size", "start", "tail")}
    order = SampleOrder(
        split=data.split("train"), seed=query["seed"], number=query["epoch"], shuffle=query["shuffle"] == "true"
    )
    return Epoch(order=order, **shape)


@given(query=queries())
@settings(max_examples=60)
def test_a_batch_is_the_step_of_the_rank_and_its_headers_tell_where_it_stands(
    site: sites.Site, tiny: Dataset, query: dict[str, Any]
) -> None:
    epoch, answer = epoch_of(tiny, query), site.get(target(**query))
    batch, rank = got(answer), query["rank"]
    assert batch.index.tolist() == list(epoch.step(0, rank).batch().index)
    assert np.array_equal(batch.x, tiny.images[: made.TRAIN][batch.index])
    assert np.array_equal(batch.y, tiny.labels[: made.TRAIN][batch.index])
    assert number(answer, "Epoch-Samples") == made.TRAIN
    assert number(answer, "Epoch-Steps") == epoch.steps
    assert number(answer, "Next-Start") == min(made.TRAIN, query["start"] + query["batch_size"] * query["world_size"])
    assert number(answer, "Valid-Rows") == batch.valid == epoch.valid_rows(rank, 1)
    assert (following(answer) is None) == (epoch.steps == 1)


@given(query=queries())
@settings(max_examples=40)
def test_links_lead_through_the_rest_of_the_epoch_and_a_stream_is_the_same_at_once(
    site: sites.Site, query: dict[str, Any]
) -> None:
    whole = site.get(target(**query, steps="all"))
    walked, there = [], target(**query)
    while there:
        answer = site.get(there)
        walked.append(got(answer).index.tolist())
        there = following(answer) or ""
        assert len(walked) <= made.TRAIN
    assert streamed(whole) == walked
    assert number(whole, "Epoch-Steps") == len(walked)
    assert following(whole) is None
    plan = site.get(target("batches/plan", **query)).json
    assert plan["epoch_steps"] == len(walked)
    assert plan["rows_per_rank"][query["rank"]] == sum(map(len, walked))
    assert plan["global_batch"] == query["batch_size"] * query["world_size"]
    assert plan["epoch_samples"] == made.TRAIN
    padding = sum(map(len, walked)) - number(whole, "Valid-Rows")
    assert 0 <= padding <= plan["padded"]


@given(query=queries(), steps=st.integers(1, 5))
@settings(max_examples=30)
def test_an_answer_of_some_steps_ends_with_the_epoch(
    site: sites.Site, tiny: Dataset, query: dict[str, Any], steps: int
) -> None:
    epoch, answer = epoch_of(tiny, query), site.get(target(**query, steps=steps, format="arrow"))
    come = min(steps, epoch.steps)
    assert len(streamed(answer)) == come
    assert number(answer, "Next-Start") == epoch.next_start(come)
    assert number(answer, "Valid-Rows") == epoch.valid_rows(query["rank"], come)
    assert (following(answer) is None) == (come == epoch.steps)


@pytest.mark.parametrize("where", ["/v1/datasets/mnist/train", "/v1/datasets/mnist/test", "/v1/datasets/digits/all"])
@pytest.mark.parametrize("tail", ["partial", "drop", "pad"])
def test_ranks_tile_the_real_datasets(live: sites.Site, where: str, tail: str) -> None:
    query: dict[str, Any] = {
        "batch_size": 300,
        "world_size": 3,
        "seed": 2**64 - 1,
        "epoch": 9,
        "start": 100,
        "tail": tail,
    }
    plan = live.get(target("batches/plan", where=where, **query)).json
    expected = live.get(target("order", where=where, seed=2**64 - 1, epoch=9)).json["order"]
    ranks = [live.get(target(where=where, **query, rank=rank, steps="all", layout="flat")) for rank in range(3)]
    tiled: list[int] = []
    for step in zip(*map(streamed, ranks), strict=True):
        joined = [-1] * sum(map(len, step))
        for rank, mine in enumerate(step):
            joined[rank::3] = mine
        tiled += joined
    assert tiled == expected[100 : len(expected) - plan["dropped"]] + (expected * 2)[: plan["padded"]]
    assert sum(number(answer, "Valid-Rows") for answer in ranks) == len(expected) - 100 - plan["dropped"]


def test_the_order_is_that_of_the_published_vectors(live: sites.Site, site: sites.Site, tiny: Dataset) -> None:
    vectors = {(0, 0): "2075461389", (0, 1): "5329041786", (1, 0): "3269054718"}
    for (seed, epoch), digits in vectors.items():
        assert order_v1(10, seed=seed, epoch=epoch).tolist() == [int(digit) for digit in digits]
    mine = live.get("/v1/datasets/digits/all/order?seed=5&epoch=6").json["order"]
    assert mine == order_v1(1797, seed=5, epoch=6).tolist()
    answer = site.get(f"{MADE}/order?format=npy&label=1")
    found = np.load(io.BytesIO(answer.body), allow_pickle=False)
    kept = np.flatnonzero(tiny.labels[: made.TRAIN] == 1)
    assert found.dtype == np.int64
    assert found.tolist() == kept[order_v1(len(kept), seed=0)].tolist()
    assert answer["Epoch-Samples"] == str(len(kept))
    assert site.get(f"{MADE}/order?shuffle=false").json == {"order": list(range(made.TRAIN))}


# --- formats ---


@pytest.mark.parametrize("name", FORMATS_OF_ONE)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("scale", ["raw", "unit", "standard"])
def test_every_reader_gets_the_same_values_in_every_format_layout_and_scale(
    site: sites.Site, tiny: Dataset, name: str, layout: str, scale: str
) -> None:
    for start, tail, rows in ((0, "partial", 5), (20, "partial", 2), (20, "pad", 5)):
        query: Query = {"seed": 3, "batch_size": 5, "world_size": 2, "rank": 0, "start": start, "tail": tail}
        answer = site.get(target(**query, layout=layout, scale=scale, format=name))
        expected = epoch_of(tiny, {**query, "epoch": 0, "shuffle": "true"}).step(0, 0)
        batch = expected.batch(layout=layout, scale=scale)  # type: ignore[arg-type]
        assert answer["Content-Type"] == FORMATS[name].media_type
        index, label, image = read(name, answer.body)
        assert image.shape == (rows, *LAYOUTS[layout])
        assert image.astype(batch.image.dtype).tobytes() == batch.image.tobytes()
        assert index is None or index.tolist() == batch.index.tolist()
        assert label is None or label.tolist() == batch.label.tolist()
        if name not in readers.UNTYPED:
            assert image.dtype == batch.image.dtype
        assert valid(name, answer.body) in (None, 2 if start else 5)


def read(name: str, body: bytes) -> readers.Arrays:
    """The arrays of a batch, which may have one more entry than those of rows."""
    if name == "npz":
        with np.load(io.BytesIO(body), allow_pickle=False) as archive:
            return archive["index"], archive["y"], archive["x"]
    if name == "safetensors":
        found = safetensors.numpy.load(body)
        return found["index"], found["label"], found["image"]
    return readers.READERS[name][0](body)


def valid(name: str, body: bytes) -> int | None:
    """The number of real rows, as a format tells it; streams and NPY have it in the header alone."""
    match name:
        case "npz":
            with np.load(io.BytesIO(body), allow_pickle=False) as archive:
                return int(archive["valid"])
        case "json":
            return int(json.loads(body)["valid"])
        case "safetensors":
            return int(safetensors.numpy.load(body)["valid"])
        case _:
            return None


def test_a_rank_without_rows_gets_a_valid_file_in_every_format(site: sites.Site) -> None:
    for name in FORMATS_OF_ONE:
        answer = site.get(target(batch_size=2, world_size=20, rank=19, seed=1, start=20, format=name))
        assert answer.status == 200
        assert number(answer, "Valid-Rows") == 0
        assert len(read(name, answer.body)[2]) == 0
    assert streamed(site.get(target(batch_size=1, world_size=20, rank=19, start=0, steps="all")))[-1] == []


def test_one_batch_is_npz_and_several_are_arrow_unless_asked_otherwise(site: sites.Site) -> None:
    assert site.get(target()).headers["Content-Type"] == "application/x-npz"
    assert site.get(target(steps=2, batch_size=2)).headers["Content-Type"] == FORMATS["arrow"].media_type
    answer = site.get(target(steps=2, batch_size=2), {"Accept": "application/x-ndjson"})
    assert answer["Content-Type"] == "application/x-ndjson"
    assert "Accept" in answer["Vary"]
    assert site.get(target(), {"Accept": "application/json"}).json["columns"] == ["index", "label", "pixels"]


def test_json_tells_in_its_body_what_the_headers_tell(site: sites.Site, tiny: Dataset) -> None:
    answer = site.get(target(format="json", batch_size=4, world_size=2, rank=1, seed=3, epoch=5, start=8))
    told = answer.json
    assert told["rev"] == tiny.rev
    assert (told["seed"], told["epoch"], told["rank"], told["start"]) == (3, 5, 1, 8)
    assert told["next_start"] == number(answer, "Next-Start") == 16
    assert told["epoch_samples"] == number(answer, "Epoch-Samples")
    assert told["epoch_steps"] == number(answer, "Epoch-Steps") == 2
    assert told["links"]["next"] == following(answer)
    assert site.get(told["links"]["self"]).json == told


# --- streams ---


@pytest.mark.parametrize("scale", ["raw", "unit"])
@pytest.mark.parametrize("tail", ["partial", "drop", "pad"])
def test_an_arrow_stream_has_one_record_batch_a_step_and_tells_its_length(
    site: sites.Site, scale: str, tail: str
) -> None:
    there = target(batch_size=2, world_size=3, rank=2, steps="all", tail=tail, scale=scale)
    answer = site.get(there)
    sizes = [len(batch) for batch in streamed(answer)]
    assert sizes == {"partial": [2, 2, 2, 1], "drop": [2, 2, 2], "pad": [2, 2, 2, 2]}[tail]
    assert number(answer, "Content-Length") == len(answer.body)
    head = site.head(there)
    assert (head.status, head.body) == (200, b"")
    assert head["Content-Length"] == answer["Content-Length"]
    assert head["ETag"] == answer["ETag"]


def test_a_stream_that_the_client_has_is_not_sent_again(site: sites.Site) -> None:
    there = target(batch_size=3, steps="all")
    etag = site.get(there)["ETag"]
    again = site.get(there, {"If-None-Match": etag})
    assert (again.status, again.body) == (304, b"")
    assert again["ETag"] == etag
    assert again["Next-Start"] == str(made.TRAIN)


def test_a_stream_of_lines_is_coded_on_request_and_each_coding_has_its_etag(site: sites.Site) -> None:
    there = target(batch_size=3, steps="all", format="ndjson")
    plain = site.get(there)
    packed = site.get(there, {"Accept-Encoding": "zstd"})
    assert packed["Content-Encoding"] == "zstd"
    assert "Accept-Encoding" in packed["Vary"]
    with zstandard.ZstdDecompressor().stream_reader(packed.body) as reader:
        assert reader.read() == plain.body
    assert packed["ETag"] != plain["ETag"]
    assert site.get(there, {"Accept-Encoding": "zstd", "If-None-Match": packed["ETag"]}).status == 304
    assert site.get(there, {"Accept-Encoding": "gzip", "If-None-Match": packed["ETag"]}).status == 200
    arrow = site.get(target(batch_size=3, steps="all"), {"Accept-Encoding": "zstd, gzip"})
    assert arrow.headers["Content-Encoding"] is None


def test_the_lines_of_a_stream_are_the_rows_of_its_batches(site: sites.Site) -> None:
    query: Query = {"batch_size": 3, "steps": "all", "seed": 4, "layout": "image"}
    lines = [json.loads(line) for line in site.get(target(**query, format="ndjson")).body.splitlines()]
    assert [line["index"] for line in lines] == [
        index for batch in streamed(site.get(target(**query))) for index in batch
    ]
    assert np.array(lines[0]["pixels"]).shape == (3, 5)


# --- the URL is the checkpoint ---


def test_the_same_url_gives_the_same_bytes_after_a_restart_and_in_another_process(live: sites.Site) -> None:
    rev = live.get("/v1/datasets/digits").json["rev"]
    where = "/v1/datasets/digits/all"
    targets = [
        target(where=where, batch_size=32, world_size=2, rank=1, seed=9, epoch=4, start=640, format=name, rev=rev)
        for name in FORMATS_OF_ONE
    ] + [target(where=where, steps="all", seed=9, rev=rev, format=name) for name in ("arrow", "ndjson")]
    targets.append(target("order", where=where, seed=9, per_class=3, format="npy", rev=rev))
    with sites.process() as other:
        for there in targets:
            one, two = live.get(there), other.get(there)
            assert one.status == 200
            assert (one.body, one["ETag"]) == (two.body, two["ETag"])
            assert one["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("where", ["/v1/datasets/digits/all", "/v1/datasets/mnist/test"])
def test_taking_the_order_gives_the_batches_one_after_the_other(live: sites.Site, where: str) -> None:
    wanted = live.get(target("order", where=where, seed=8, epoch=2, format="npy")).body
    listed = np.load(io.BytesIO(wanted), allow_pickle=False)
    octets = {"Content-Type": "application/octet-stream"}
    answer = live.send("POST", f"{where}/take?format=npz&layout=chw&scale=unit", octets, body=listed.tobytes())
    stream = live.get(target(where=where, seed=8, epoch=2, steps="all", batch_size=100, layout="chw", scale="unit"))
    index, label, image = readers.with_arrow_stream(stream.body)
    with np.load(io.BytesIO(answer.body), allow_pickle=False) as taken:
        assert np.array_equal(taken["index"], index)  # type: ignore[arg-type]
        assert np.array_equal(taken["y"], label)  # type: ignore[arg-type]
        assert taken["x"].tobytes() == image.tobytes()


# --- which samples ---


def test_subsets_are_the_same_in_rows_orders_and_batches(live: sites.Site, digits: Dataset) -> None:
    where = "/v1/datasets/digits/all"
    members: Query = {"seed": 7, "fold": 1, "folds": 5, "part": "holdout", "per_class": 6}
    chosen = Subset(seed=7, fold=1, folds=5, part="holdout", per_class=6)
    expected = list(map(int, choose_pool(digits.split("all"), chosen).indices))
    rows = live.get(target("rows", where=where, **members, format="json", limit=1000)).json
    assert sorted(row["index"] for row in rows["rows"]) == expected
    assert rows["total"] == 60
    assert sorted(live.get(target("order", where=where, **members)).json["order"]) == expected
    stream = live.get(target(where=where, **members, steps="all", batch_size=16))
    visited = [index for batch in streamed(stream) for index in batch]
    assert visited == [expected[place] for place in order_v1(60, seed=7)]
    assert stream["Epoch-Samples"] == "60"


@pytest.mark.parametrize("where", ["/v1/datasets/digits/all", "/v1/datasets/mnist/test"])
def test_folds_partition_a_real_split(live: sites.Site, where: str) -> None:
    def members(seed: int, part: str, fold: int) -> list[int]:
        query = {"seed": seed, "fold": fold, "folds": 4, "part": part, "shuffle": "false"}
        return list(live.get(target("order", where=where, **query)).json["order"])

    held_out = [members(1, "holdout", fold) for fold in range(4)]
    everything = sorted(index for one in held_out for index in one)
    assert everything == list(range(len(everything)))
    assert sorted(members(1, "train", 2) + held_out[2]) == everything
    assert members(2, "holdout", 0) != held_out[0]


# --- refusals ---


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ({"rank": 2, "world_size": 2}, "rank", "from 0 to 1"),
        ({"rank": -1}, "rank", "0"),
        ({"world_size": 0}, "world_size", "1 to 65536"),
        ({"world_size": 65_537}, "world_size", "1 to 65536"),
        ({"batch_size": 0}, "batch_size", "1 to 8192"),
        ({"batch_size": 8_193}, "batch_size", "1 to 8192"),
        ({"seed": 2**64}, "seed", str(2**64 - 1)),
        ({"seed": -1}, "seed", "0"),
        ({"epoch": 2**32}, "epoch", str(2**32 - 1)),
        ({"start": -1}, "start", "0"),
        ({"tail": "wrap"}, "tail", "partial, drop, pad"),
        ({"steps": 0}, "steps", "all"),
        ({"steps": "some"}, "steps", "all"),
        ({"layout": "nchw"}, "layout", "flat"),
        ({"scale": "float"}, "scale", "standard"),
        ({"shuffle": "yes"}, "shuffle", "true or false"),
        ({"label": 4}, "label", "0 to 3"),
        ({"per_class": 1_000}, "per_class", "at most"),
        ({"per_class": 0}, "per_class", "at least 1"),
        ({"fold": 0}, "folds", "fold and folds"),
        ({"folds": 3}, "fold", "fold and folds"),
        ({"fold": 3, "folds": 3}, "fold", "0 to 2"),
        ({"fold": 0, "folds": 1_000}, "folds", "at most"),
        ({"part": "holdout"}, "part", "fold and folds"),
        ({"fold": 0, "folds": 3, "part": "test"}, "part", "train, holdout"),
    ],
    ids=str,
)
def test_what_cannot_be_honoured_is_422_with_the_bound_or_the_known_names(
    site: sites.Site, query: Query, name: str, words: str
) -> None:
    for path in ("batches", "batches/plan"):
        answer = site.get(target(path, **query))
        assert answer.status == 422, answer.body
        assert answer["Content-Type"] == "application/problem+json"
        (error,) = answer.json["errors"]
        assert (error["in"], error["name"]) == ("query", name)
        assert words in error["reason"]


@pytest.mark.parametrize("query", [{"start": 23}, {"start": 2**63 - 1}, {"start": 20, "tail": "drop"}], ids=str)
@pytest.mark.parametrize("steps", [1, "all"])
def test_past_the_end_is_404_and_names_the_steps_of_the_epoch(site: sites.Site, query: Query, steps: object) -> None:
    answer = site.get(target(**query, batch_size=4, epoch=3, steps=steps))
    assert answer.status == 404
    assert answer.json["type"] == "/problems/end-of-epoch"
    assert f"{5 if 'tail' in query else 6} steps" in answer.json["detail"]
    assert "epoch 4" in answer.json["detail"]
    plan = site.get(target("batches/plan", **query, batch_size=4)).json
    assert plan["epoch_steps"] == 0
    assert plan["rows_per_rank"] == [0]


EVERY_BATCH = [
    *((name, 1) for name in FORMATS_OF_ONE),
    *((name, steps) for name in ("arrow", "ndjson") for steps in (2, "all")),
]


@pytest.mark.parametrize(("name", "steps"), [*EVERY_BATCH, *((None, steps) for steps in (1, 2, "all"))])
def test_a_plan_takes_the_query_of_the_batches_that_it_plans(site: sites.Site, name: str | None, steps: object) -> None:
    query: dict[str, Any] = {
        "steps": steps,
        "batch_size": 4,
        "seed": 3,
        "tail": "pad",
        "layout": "chw",
        "scale": "unit",
        "start": 8,
    }
    query |= {"format": name} if name else {}
    batches, plan = site.get(target(**query)), site.get(target("batches/plan", **query))
    assert (batches.status, plan.status) == (200, 200)
    assert plan["Content-Type"] == "application/json"
    assert plan.json["epoch_steps"] == int(batches["Epoch-Steps"])


@pytest.mark.parametrize(
    ("name", "steps", "status"), [("npz", 2, 422), ("json", "all", 422), ("parquet", 1, 406), ("x", "all", 406)]
)
def test_a_format_that_the_batches_do_not_take_is_refused_for_both(
    site: sites.Site, name: str, steps: object, status: int
) -> None:
    for path in ("batches", "batches/plan"):
        answer = site.get(target(path, format=name, steps=steps))
        assert answer.status == status
        assert "arrow" in answer.json["detail"]


def test_an_unknown_format_is_406_and_another_revision_409(site: sites.Site) -> None:
    assert site.get(target(format="parquet")).status == 406
    assert site.get(target(rev="000000000000")).status == 409
    assert site.get(target(rev="000000000000", steps="all")).status == 409
