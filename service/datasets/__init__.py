"""Data in: one file a dataset, and its name in the tuple `SOURCES`. Knows files and loaders, no HTTP."""

from service.datasets import digits, mnist
from service.datasets.source import Source

SOURCES: tuple[Source, ...] = (mnist.SOURCE, digits.SOURCE)
"""Every dataset of the service, in the order in which it is listed."""
