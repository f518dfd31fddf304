"""Neighbours as answers list them."""

from math import sqrt

from service.api.links import link_sample
from service.api.schemas import Neighbor
from service.data.neighbors import Neighbors
from service.data.split import Split
from service.http.request import ApiRequest

COST = 15.0
"""Milliseconds to find neighbours among 70,000 samples."""


def describe_neighbors(request: ApiRequest, split: Split, found: Neighbors) -> list[Neighbor]:
    """Each neighbour with its label, its distance, and links."""
    return [
        Neighbor(
            index=index,
            label=int(split.labels[index]),
            distance=sqrt(squared),
            links=link_sample(request, split, index),
        )
        for index, squared in zip(found.index.tolist(), found.squared.tolist(), strict=True)
    ]
