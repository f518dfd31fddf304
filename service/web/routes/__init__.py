"""The endpoints, a file a noun. Each is about two statements: select, respond."""

from starlette.routing import BaseRoute

from service.web.routes import cards, downloads, labels, operations, rows, samples, statistics

ROUTES: tuple[BaseRoute, ...] = (
    *samples.ROUTES,
    *rows.ROUTES,
    *labels.ROUTES,
    *statistics.ROUTES,
    *downloads.ROUTES,
    *cards.ROUTES,
    *operations.ROUTES,
)
"""Every route, those asked most often first; a path with a suffix before the same path without."""
