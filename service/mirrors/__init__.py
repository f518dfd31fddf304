"""Mirrors: files under the names and in the encodings that other libraries' loaders ask for. One module, one mirror."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import Query
from starlette.routing import BaseRoute

from service.http.documents import ChosenFormat, DocumentQuery
from service.http.representation import Representation
from service.http.request import ApiRequest
from service.http.route import ApiRoute
from service.mirrors import croissant, flat, huggingface, idx, keras, npy, openml, tensorflow_js, uci, webdataset, zarr
from service.mirrors.listing import PATH, Mirrors, represent_mirrors
from service.mirrors.mirror import CatalogState, Mirror, MirrorFile, find_file

MIRRORS: Mapping[str, Mirror] = MappingProxyType(
    {
        mirror.name: mirror
        for mirror in (
            idx.MIRROR,
            keras.MIRROR,
            npy.MIRROR,
            uci.MIRROR,
            zarr.MIRROR,
            croissant.MIRROR,
            tensorflow_js.MIRROR,
            webdataset.MIRROR,
            flat.MIRROR,
            huggingface.MIRROR,
            openml.MIRROR,
        )
    }
)
"""Every mirror by name, in the order in which they are listed."""

FILES: Mapping[str, MirrorFile] = MappingProxyType(
    {path: file for mirror in MIRRORS.values() for path, file in mirror.files.items()}
)
"""Every file by its path."""

ENCODED_SLASHES = (f"{huggingface.MIRROR.root}/",)
"""Where clients encode the slashes of names, such as that of the branch `refs/convert/parquet`."""


def list_mirrors(request: ApiRequest, query: Annotated[DocumentQuery, Query()], media: ChosenFormat) -> Representation:
    """Every mirror: its address, its files, and how each client is pointed to it."""
    return represent_mirrors(MIRRORS.values(), request, media)


def get_mirror_file(path: str, catalog: CatalogState) -> Representation:
    """A file for the loader of another library; `/mirrors` lists them."""
    return find_file(FILES, f"/mirrors/{path}", catalog)


def get_historic_file(name: str, catalog: CatalogState) -> Representation:
    """An original file of MNIST, where it was published first."""
    return find_file(FILES, f"/exdb/mnist/{name}", catalog)


ROUTES: tuple[BaseRoute, ...] = (
    ApiRoute(PATH, list_mirrors, tags=["mirrors"], model=Mirrors, media_types=("text/html",)),
    *(route for mirror in MIRRORS.values() for route in mirror.routes),
    ApiRoute("/exdb/mnist/{name}", get_historic_file, include_in_schema=False),
    ApiRoute("/mirrors/{path:path}", get_mirror_file, include_in_schema=False),
)
"""Every route, plain files last. A document of OpenAPI cannot describe a path that is a parameter."""
