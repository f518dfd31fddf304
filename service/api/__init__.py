"""What is served: queries, endpoints, JSON, links. Knows datasets and formats; reads no header, knows no socket."""

from starlette.routing import BaseRoute

from service.api import (
    batches,
    cards,
    downloads,
    drawings,
    epochs,
    explorer,
    grids,
    labels,
    operations,
    problem_kinds,
    projection,
    rows,
    samples,
    statistics,
    take,
)

ROUTES: tuple[BaseRoute, ...] = (
    *samples.ROUTES,
    *rows.ROUTES,
    *batches.ROUTES,
    *epochs.ROUTES,
    *grids.ROUTES,
    *take.ROUTES,
    *labels.ROUTES,
    *statistics.ROUTES,
    *drawings.ROUTES,
    *projection.ROUTES,
    *downloads.ROUTES,
    *cards.ROUTES,
    *explorer.ROUTES,
    *operations.ROUTES,
    *problem_kinds.ROUTES,
)
"""Every route, those asked most often first; a path with a suffix before the same path without."""
