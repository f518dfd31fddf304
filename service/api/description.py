"""What the service says of itself: FastAPI's arguments that head its OpenAPI document."""

from types import MappingProxyType
from typing import Any

from service import __version__

TEXT = """MNIST and scikit-learn's digits in memory, served over HTTP: facts, rows, pictures, statistics, files.

Every answer is a pure function of its URL and of the data, so it can be cached, retried and prefetched. `rev` pins
the data: with it an answer never changes. Nothing is clamped or guessed: what cannot be honoured is a problem that says
what to do (RFC 9457), sent as a page to a client that prefers `text/html` to JSON. Every GET takes HEAD and
`If-None-Match`; text comes in zstd or gzip by `Accept-Encoding`."""

DESCRIPTION: MappingProxyType[str, Any] = MappingProxyType(
    {
        "title": "Digits",
        "version": __version__,
        "summary": "Handwritten digits over HTTP: exact, instant, self-explaining.",
        "description": TEXT,
        "openapi_tags": [
            {"name": "cards", "description": "What the datasets are."},
            {"name": "rows", "description": "Flattened rows, page by page, in eight formats."},
            {
                "name": "batches",
                "description": "Training batches, their plan and their order: the URL is the checkpoint.",
            },
            {"name": "samples", "description": "One sample as JSON, and its neighbours."},
            {"name": "pictures", "description": "One sample as a picture."},
            {"name": "grids", "description": "Many samples in one picture, and the map of it."},
            {"name": "labels", "description": "Classes: counts, mean and spread."},
            {"name": "statistics", "description": "Every column, and the numbers that training needs."},
            {"name": "projection", "description": "Samples in two dimensions."},
            {"name": "downloads", "description": "Whole splits as files."},
            {"name": "mirrors", "description": "Files under the names that loaders of other libraries ask for."},
            {"name": "operations", "description": "Health, metrics, problems."},
        ],
        "contact": {"name": "Maintainers of the digits service"},
        "license_info": {"name": "MIT", "identifier": "MIT"},
    }
)
