"""Training batches: the URL is the checkpoint. And what audits them: the plan of an epoch, and its order."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import numpy as np
import orjson
from fastapi import Query as InQuery
from fastapi import Response

from service.data.batch import Batch
from service.data.dataset import Dataset
from service.data.epoch import Epoch, order
from service.errors import Refused
from service.formats import FORMATS
from service.formats.format import Encoded, Format
from service.formats.json import JSON
from service.formats.npy import NPY, array_file
from service.web.answers import respond, respond_stream
from service.web.links import link_header
from service.web.negotiation import choose
from service.web.paths import DATASETS, DatasetName, SplitName
from service.web.problems import EndOfEpoch
from service.web.queries import BatchesQuery, OrderQuery
from service.web.route import Asked, Route
from service.web.schemas import BatchPage, EpochOrder, EpochPlan

HERE = f"{DATASETS}/{{dataset}}/{{split}}"

ONE = tuple(map(FORMATS.__getitem__, ("npz", "npy", "safetensors", "arrow", "json", "ndjson")))
"""The formats of one batch, the default first."""

MANY = tuple(map(FORMATS.__getitem__, ("arrow", "ndjson")))
"""Those that stream, for several batches, the default first."""


async def batches(
    asked: Asked, dataset: DatasetName, split: SplitName, query: Annotated[BatchesQuery, InQuery()]
) -> Response:
    """Consecutive batches of one rank: shuffled, sharded and resumable by the URL alone."""
    data = asked.catalog[dataset]
    data.span(split)
    media = _media(query, asked.header(b"accept"))
    epoch = query.epoch_of(data, split)
    steps = epoch.steps if query.steps == "all" else min(query.steps, epoch.steps)
    if steps == 0:
        raise EndOfEpoch(_ended(query, epoch))
    links = _links(asked, query, data, epoch, steps)
    headers = {
        "Epoch-Samples": str(epoch.samples),
        "Epoch-Steps": str(epoch.steps),
        "Next-Start": str(epoch.next_start(steps)),
        "Valid-Rows": str(epoch.valid_rows(query.rank, steps)),
    }
    if links["next"]:
        headers["Link"] = link_header({"next": links["next"]})
    negotiated = query.format is None
    if query.steps != 1:
        batches = _all(epoch, query, steps)
        return await respond_stream(
            asked,
            data,
            media,
            lambda: media.stream(batches) if media.stream else (),
            size=_size(media, epoch, query, steps),
            negotiated=negotiated,
            headers=headers,
        )

    def make() -> Encoded:
        selection = epoch.step(0, query.rank)
        batch = selection.batch(layout=query.layout, scale=query.scale, valid=epoch.valid_rows(query.rank, 1))
        return media.encode(batch) if media is not JSON else _batch_json(data, split, epoch, query, batch, links)

    quick = query.batch_size * data.card.pixels <= media.quick
    return await respond(asked, data, media, make, quick=quick, negotiated=negotiated, headers=headers)


def _media(query: BatchesQuery, accept: str) -> Format:
    """The format to answer in: any for one batch, one that streams for several.

    Raises:
        NotAcceptable: there is none that fits.
        Refused: the format named cannot hold several batches.
    """
    if query.steps == 1:
        return choose(ONE, query.format, accept)
    if query.format in {media.name for media in ONE} - {media.name for media in MANY}:
        raise Refused("steps", f"must be 1 in {query.format}; several batches need a streaming format, arrow or ndjson")
    return choose(MANY, query.format, accept)


def _size(media: Format, epoch: Epoch, query: BatchesQuery, steps: int) -> int | None:
    """The length of a stream, where its format can tell it beforehand."""
    if media.stream_size is None:
        return None
    kind = epoch.pool.page(0, 0).batch(layout=query.layout, scale=query.scale)
    return media.stream_size(kind, epoch.sizes(query.rank, steps))


def _all(epoch: Epoch, query: BatchesQuery, steps: int) -> Iterator[Batch]:
    """The batches of a stream, each gathered when its turn comes."""
    for selection in epoch.all_steps(query.rank, steps):
        yield selection.batch(layout=query.layout, scale=query.scale)


def _batch_json(
    data: Dataset, split: str, epoch: Epoch, query: BatchesQuery, batch: Batch, links: dict[str, str | None]
) -> bytes:
    """One batch with what the headers tell, so that a reader of JSON needs none."""
    envelope = {
        "dataset": data.card.name,
        "split": split,
        "rev": data.rev,
        "seed": query.seed,
        "epoch": query.epoch,
        "rank": query.rank,
        "start": query.start,
        "next_start": epoch.next_start(1),
        "epoch_samples": epoch.samples,
        "epoch_steps": epoch.steps,
        "valid": batch.valid,
        "columns": ["index", "label", "pixels"],
        "rows": orjson.Fragment(JSON.encode(batch)),
        "links": links,
    }
    return orjson.dumps(envelope)


def _links(asked: Asked, query: BatchesQuery, data: Dataset, epoch: Epoch, steps: int) -> dict[str, str | None]:
    """This answer, and the one that goes on; there is none after the last step."""
    following = epoch.next_start(steps) if steps < epoch.steps else None
    onward = None if following is None else asked.link(asked.path, **{**asked.given, "start": following}, rev=data.rev)
    return {"self": asked.link(asked.path, **asked.given, rev=data.rev), "next": onward}


def _ended(query: BatchesQuery, epoch: Epoch) -> str:
    """The sentence that ends an epoch."""
    steps = replace(epoch, start=0).steps
    return (
        f"The epoch of {epoch.samples} samples has {steps} steps of {epoch.global_batch}, and none is left from start "
        f"{query.start} on; go on with epoch {query.epoch + 1} from start 0."
    )


async def plan(
    asked: Asked, dataset: DatasetName, split: SplitName, query: Annotated[BatchesQuery, InQuery()]
) -> Response:
    """What the batches of the same query will be: numbers, no data."""
    data = asked.catalog[dataset]
    data.span(split)
    choose((JSON,), query.format, "")
    epoch = query.epoch_of(data, split)

    def make() -> bytes:
        body = EpochPlan(
            epoch_samples=epoch.samples,
            global_batch=epoch.global_batch,
            epoch_steps=epoch.steps,
            dropped=epoch.dropped,
            padded=epoch.padded,
            rows_per_rank=epoch.rows_per_rank(),
        )
        return body.model_dump_json().encode()

    return await respond(asked, data, JSON, make, quick=query.world_size <= 1_000)


async def epoch_order(
    asked: Asked, dataset: DatasetName, split: SplitName, query: Annotated[OrderQuery, InQuery()]
) -> Response:
    """The order in which an epoch visits its samples, as indices within the split: for audit."""
    data = asked.catalog[dataset]
    data.span(split)
    media: Format = choose((JSON, NPY), query.format, asked.header(b"accept"))
    pool = query.pool(data, split)

    def make() -> Encoded:
        positions = order(len(pool), seed=query.seed, epoch=query.epoch, shuffle=query.shuffle)
        indices = np.asarray(pool.take(np.asarray(positions, np.int64)).indices)
        if media is NPY:
            return array_file(indices)
        return orjson.dumps({"order": indices}, option=orjson.OPT_SERIALIZE_NUMPY)

    headers = {"Epoch-Samples": str(len(pool))}
    return await respond(asked, data, media, make, negotiated=query.format is None, headers=headers)


def _content(*formats: Format) -> dict[str, dict[str, object]]:
    return {media.media_type: {} for media in formats if media is not JSON}


ROUTES = (
    Route(
        f"{HERE}/batches",
        batches,
        tags=["batches"],
        responses={200: {"model": BatchPage, "content": _content(*ONE)}},
    ),
    Route(f"{HERE}/batches/plan", plan, tags=["batches"], responses={200: {"model": EpochPlan}}),
    Route(
        f"{HERE}/order", epoch_order, tags=["batches"], responses={200: {"model": EpochOrder, "content": _content(NPY)}}
    ),
)
