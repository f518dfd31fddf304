"""The endpoints, a file a noun. Each is about two statements: select, respond."""

from starlette.routing import BaseRoute

from service.web.routes import (
    batches,
    cards,
    downloads,
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
