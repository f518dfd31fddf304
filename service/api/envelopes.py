"""What surrounds the rows of a JSON answer; formats without room for it leave it out."""

from collections.abc import Mapping
from dataclasses import replace

from service.api.queries import BatchesQuery
from service.data.batch import Batch
from service.data.epoch import Epoch
from service.data.split import Split

COLUMNS = ("index", "label", "pixels")
"""The members of a row."""

RELATIONS = ("self", "first", "prev", "next", "last")
"""Links of a page, in this order."""


def wrap_page(
    batch: Batch, split: Split, *, offset: int, limit: int, total: int, links: Mapping[str, str | None]
) -> Batch:
    """The rows of a page with what tells where they are in their selection."""
    envelope = {
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
    return replace(batch, envelope=envelope)


def wrap_batch(batch: Batch, query: BatchesQuery, epoch: Epoch, links: Mapping[str, str | None]) -> Batch:
    """The rows of a training batch with what the headers tell, so that a reader of JSON needs none of them."""
    split = epoch.split
    envelope = {
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
        "valid": batch.valid,
        "columns": COLUMNS,
        "rows": None,
        "links": links,
    }
    return replace(batch, envelope=envelope)
