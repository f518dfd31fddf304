"""Neighbours as answers list them."""

from math import sqrt

from service.api.links import link_sample
from service.api.schemas import Neighbor
from service.data.neighbors import Neighbors
from service.data.sketches import sketches_cost
from service.data.split import Split
from service.http.request import ApiRequest

COST = 3.0
"""Milliseconds to find neighbours among 70,000 samples; up to 25 for what is like none of them."""


def neighbors_cost(split: Split) -> float:
    """Estimated milliseconds to find neighbours in a split, with the sketches of its dataset unless they are stored."""
    return COST + sketches_cost(split.dataset)


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
