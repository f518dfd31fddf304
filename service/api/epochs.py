"""What audits training batches: the plan of an epoch, and its order."""

from typing import Annotated

from fastapi import Depends, Query

from service.api.answer_headers import EPOCH
from service.api.batches import offer_formats
from service.api.dependencies import SplitPath
from service.api.epoch_queries import BatchesQuery, OrderQuery
from service.api.formats import ORDER_FORMATS
from service.api.links import SPLIT
from service.api.schemas import EpochOrder, EpochPlan
from service.formats.format import Encoded, Format
from service.http.negotiation import Negotiation, find_by_name
from service.http.representation import Representation, Whole
from service.http.route import ApiRoute

RANK_COST = 0.001
"""Milliseconds to count and write the rows of a rank."""

ORDER_COST = 0.00005
"""Milliseconds to write the position of a sample."""

ORDER_BYTES = 40
"""Bytes of the position of a sample, of its key, and as text."""


def get_epoch_plan(split: SplitPath, query: Annotated[BatchesQuery, Query()]) -> Representation:
    """What the batches of the same query will be: numbers, no data."""
    if query.format is not None:
        find_by_name(offer_formats(query), query.format)
    epoch = query.build_epoch(split)

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

    return Representation(media_type="application/json", body=Whole(make, RANK_COST * query.world_size), version=split)


def get_epoch_order(
    split: SplitPath,
    query: Annotated[OrderQuery, Query()],
    media: Annotated[Format, Depends(Negotiation(ORDER_FORMATS))],
) -> Representation:
    """The order in which an epoch visits its samples, as indices within the split: for audit."""
    order = query.build_order(split)

    def make() -> Encoded:
        return media.encode(order.select().batch())

    return Representation(
        media_type=media.media_type,
        body=Whole(make, order.cost() + ORDER_COST * order.samples, ORDER_BYTES * order.samples),
        version=split,
        headers={"Epoch-Samples": str(order.samples)},
    )


ROUTES = (
    ApiRoute(f"{SPLIT}/batches/plan", get_epoch_plan, tags=["batches"], model=EpochPlan),
    ApiRoute(
        f"{SPLIT}/order",
        get_epoch_order,
        tags=["batches"],
        model=EpochOrder,
        media_types=ORDER_FORMATS,
        answer_headers=EPOCH,
    ),
)
