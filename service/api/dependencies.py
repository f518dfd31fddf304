"""What endpoints depend on: the parameters of paths, and what the application loaded when it started."""

from typing import Annotated, TypedDict

from fastapi import Depends, Path

from service.api.named_types import DatasetName, SplitName
from service.data.catalog import Catalog
from service.data.dataset import Dataset
from service.data.split import Split
from service.formats.format import Format
from service.formats.row_stores import RowStores
from service.http.background import Improvement
from service.http.executor import Executor
from service.http.lifecycle import Lifecycle
from service.http.metrics import Metrics
from service.http.request import ApiRequest
from service.settings import Settings

SampleIndex = Annotated[int, Path(description="position within the split, from 0", ge=0, examples=[0])]


class AppState(TypedDict):
    """What the lifespan of the application yields, and every request sees as `request.state`."""

    catalog: Catalog
    settings: Settings
    metrics: Metrics
    executor: Executor
    row_stores: RowStores
    lifecycle: Lifecycle


def find_catalog(request: ApiRequest) -> Catalog:
    """The datasets that are served."""
    return request.scope["state"]["catalog"]  # type: ignore[no-any-return]


def find_settings(request: ApiRequest) -> Settings:
    """The settings of the application."""
    return request.scope["state"]["settings"]  # type: ignore[no-any-return]


def find_lifecycle(request: ApiRequest) -> Lifecycle:
    """Whether the server is ready, or stops."""
    return request.scope["state"]["lifecycle"]  # type: ignore[no-any-return]


def find_dataset(request: ApiRequest, dataset: Annotated[DatasetName, Path()]) -> Dataset:
    """The dataset that a path names.

    Raises:
        Unknown: there is no such dataset.
    """
    return find_catalog(request)[dataset]


def find_split(
    request: ApiRequest, dataset: Annotated[DatasetName, Path()], split: Annotated[SplitName, Path()]
) -> Split:
    """The split that a path names.

    Raises:
        Unknown: there is no such dataset, or no such split of it.
    """
    return find_catalog(request)[dataset].split(split)


def find_row_stores(request: ApiRequest) -> RowStores:
    """The stores of finished rows."""
    return request.scope["state"]["row_stores"]  # type: ignore[no-any-return]


def plan_store(stores: RowStores, split: Split, media: Format) -> Improvement | None:
    """The work that would make raw flat rows of a split in a format cheaper; None if it is done, or impossible."""
    run = stores.plan(split, media)
    return None if run is None else Improvement((split, media.stored_as), run)


CatalogState = Annotated[Catalog, Depends(find_catalog)]
SettingsState = Annotated[Settings, Depends(find_settings)]
LifecycleState = Annotated[Lifecycle, Depends(find_lifecycle)]
RowStoresState = Annotated[RowStores, Depends(find_row_stores)]
DatasetPath = Annotated[Dataset, Depends(find_dataset)]
SplitPath = Annotated[Split, Depends(find_split)]
