"""Training batches: the URL is the checkpoint."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Query

from service.api.answer_headers import EPOCH_STEPS
from service.api.bodies import build_body
from service.api.dependencies import SplitPath
from service.api.envelopes import describe_batch
from service.api.epoch_queries import BatchesQuery
from service.api.formats import BATCH_FORMATS, STREAM_FORMATS
from service.api.links import SPLIT
from service.api.schemas import BatchPage
from service.data.batch import Batch
from service.data.epoch import Epoch
from service.data.selection import Selection
from service.errors import EndOfEpoch, Refused
from service.formats.format import Encoded, Format
from service.http.links import write_link_header
from service.http.negotiation import Negotiation
from service.http.representation import Pieces, Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute


def offer_formats(query: BatchesQuery) -> tuple[Format, ...]:
    """The formats for the batches of a query: any for one, those that stream for several.

    Raises:
        Refused: the query names a format that cannot hold its batches.
    """
    if query.steps == 1:
        return BATCH_FORMATS
    if any(media.name == query.format for media in BATCH_FORMATS if media not in STREAM_FORMATS):
        raise Refused("steps", f"must be 1 in {query.format}; several batches need a streaming format, arrow or ndjson")
    return STREAM_FORMATS


def get_batches(
    request: ApiRequest,
    split: SplitPath,
    query: Annotated[BatchesQuery, Query()],
    media: Annotated[Format, Depends(Negotiation(offer_formats))],
) -> Representation:
    """Consecutive batches of one rank: shuffled, sharded and resumable by the URL alone."""
    epoch = query.build_epoch(split)
    steps = epoch.steps if query.steps == "all" else min(query.steps, epoch.steps)
    if steps == 0:
        raise EndOfEpoch(explain_end(query, epoch))
    links = link_steps(request, split.rev, epoch, steps)
    return Representation(
        media_type=media.media_type,
        body=encode_one(query, epoch, media, links) if query.steps == 1 else stream(query, epoch, media, steps),
        version=split,
        headers=describe_steps(query, epoch, steps, links),
    )


def encode_one(query: BatchesQuery, epoch: Epoch, media: Format, links: Mapping[str, str | None]) -> Whole | Pieces:
    """One batch."""

    def select(selection: Selection) -> Batch:
        return selection.batch(
            layout=query.layout,
            scale=query.scale,
            valid=epoch.valid_rows(query.rank, 1),
            envelope=lambda: describe_batch(query, epoch, links),
        )

    split, (rows,) = epoch.order.split, (rows for rows, number in epoch.sizes(query.rank, 1).items() if number)
    return build_body(
        media,
        split,
        rows=rows,
        scaled=query.is_scaled,
        batch=lambda: select(epoch.step(0, query.rank)),
        kind=lambda: select(Selection.of(split).page(0, 0)),
        selecting=epoch.cost(query.batch_size),
    )


def stream(query: BatchesQuery, epoch: Epoch, media: Format, steps: int) -> Pieces:
    """Several batches, each gathered when its turn comes."""

    def make() -> Iterable[Encoded]:
        assert media.stream is not None  # noqa: S101 - all of STREAM_FORMATS do
        selections = epoch.all_steps(query.rank, steps)
        return media.stream(one.batch(layout=query.layout, scale=query.scale) for one in selections)

    length = None
    if media.stream_size is not None:
        kind = Selection.of(epoch.order.split).page(0, 0).batch(layout=query.layout, scale=query.scale)
        length = media.stream_size(kind, epoch.sizes(query.rank, steps))
    return Pieces(make, length, epoch.cost(query.batch_size))


def describe_steps(query: BatchesQuery, epoch: Epoch, steps: int, links: Mapping[str, str | None]) -> dict[str, str]:
    """The headers by which a trainer knows where it is."""
    headers = {
        "Epoch-Samples": str(epoch.samples),
        "Epoch-Steps": str(epoch.steps),
        "Next-Start": str(epoch.next_start(steps)),
        "Valid-Rows": str(epoch.valid_rows(query.rank, steps)),
    }
    return headers if links["next"] is None else {**headers, "Link": write_link_header({"next": links["next"]})}


def link_steps(request: ApiRequest, rev: str, epoch: Epoch, steps: int) -> dict[str, str | None]:
    """This answer, and the one that goes on; there is none after the last step."""
    following = epoch.next_start(steps) if steps < epoch.steps else None
    return {
        "self": request.link_here(rev=rev),
        "next": None if following is None else request.link_here(start=following, rev=rev),
    }


def explain_end(query: BatchesQuery, epoch: Epoch) -> str:
    """The sentence that ends an epoch."""
    steps = replace(epoch, start=0, stride=1).steps
    return (
        f"The epoch of {epoch.samples} samples has {steps} steps of {epoch.global_batch}, and none is left from start "
        f"{query.start} on; go on with epoch {query.epoch + 1} from start 0."
    )


ROUTES = (
    ApiRoute(
        f"{SPLIT}/batches",
        get_batches,
        tags=["batches"],
        model=BatchPage,
        media_types=BATCH_FORMATS,
        answer_headers=EPOCH_STEPS,
    ),
)
