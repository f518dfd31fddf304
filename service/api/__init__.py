"""What is served: queries, endpoints, JSON, links. Knows datasets and formats; reads no header, knows no socket."""

from starlette.routing import BaseRoute

from service.api import (
    batches,
    cards,
    downloads,
    epochs,
    explorer,
    grids,
    labels,
    operations,
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
    *projection.ROUTES,
    *downloads.ROUTES,
    *cards.ROUTES,
    *explorer.ROUTES,
    *operations.ROUTES,
)
"""Every route, those asked most often first; a path with a suffix before the same path without."""
