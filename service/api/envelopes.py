"""What surrounds the rows of a JSON answer; formats without room for it leave it out."""

from collections.abc import Mapping

from service.api.epoch_queries import BatchesQuery
from service.data.epoch import Epoch
from service.data.split import Split

Envelope = Mapping[str, object]
"""Members of a JSON object, in their order; `rows` stands for the rows."""

COLUMNS = ("index", "label", "pixels")
"""The members of a row."""

RELATIONS = ("self", "first", "prev", "next", "last")
"""Links of a page, in this order."""


def describe_page(split: Split, *, offset: int, limit: int, total: int, links: Mapping[str, str | None]) -> Envelope:
    """What tells where the rows of a page are in their selection."""
    return {
        "dataset": split.card.name,
        "split": split.name,
        "offset": offset,
        "limit": limit,
        "total": total,
        "rev": split.rev,
        "columns": COLUMNS,
        "rows": None,
        "links": {relation: links.get(relation) for relation in RELATIONS},
    }


def describe_batch(query: BatchesQuery, epoch: Epoch, links: Mapping[str, str | None]) -> Envelope:
    """What the headers of a training batch tell, so that a reader of JSON needs none of them."""
    split = epoch.order.split
    return {
        "dataset": split.card.name,
        "split": split.name,
        "rev": split.rev,
        "seed": query.seed,
        "epoch": query.epoch,
        "rank": query.rank,
        "start": query.start,
        "next_start": epoch.next_start(1),
        "epoch_samples": epoch.samples,
        "epoch_steps": epoch.steps,
        "valid": epoch.valid_rows(query.rank, 1),
        "columns": COLUMNS,
        "rows": None,
        "links": links,
    }
