"""A Mirror: what a foreign loader asks for, by path, and how a person points that loader here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated

from fastapi import Depends

from service.data.catalog import Catalog
from service.data.dataset import Dataset
from service.errors import Unknown
from service.http.representation import File, Original, Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute


@dataclass(frozen=True, kw_only=True)
class MirrorFile:
    """A file that foreign loaders ask for: the dataset it is made of, its media type, and its body.

    `same_as` is the path of another file that has the same bytes, so that they are built once.
    """

    dataset: str
    media_type: str
    body: Callable[[Dataset], Whole | File | Original]
    same_as: str | None = None

    def represent(self, path: str, catalog: Catalog) -> Representation:
        """The file, which is at `path`.

        Raises:
            Unknown: the dataset is not served.
        """
        dataset = catalog[self.dataset]
        return Representation(
            media_type=self.media_type,
            body=self.body(dataset),
            version=dataset,
            identity=f"mirror {self.same_as or path}",
        )


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to point a client here.

    Attributes:
        client: its name, and the versions tried.
        language: `python`, `shell`, `javascript`, `r` or `sql`.
        code: the line or lines; `{base}` stands for the address of the service, without a slash at the end.
        note: a sentence about what it does or does not check, or what must be set before; may be empty.
    """

    client: str
    language: str
    code: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """A table of files for some loaders.

    Attributes:
        name: a short word, the fragment of its section on the page.
        title: what it mirrors.
        summary: one sentence: what is there, and in which order or encoding.
        root: the path that people point their loaders to.
        files: every file by its path, from the root of the service on.
        routes: what is no plain file, such as the queries of a foreign protocol.
        recipes: one for each client.
    """

    name: str
    title: str
    summary: str
    root: str
    files: Mapping[str, MirrorFile] = field(default_factory=lambda: MappingProxyType({}))
    routes: tuple[ApiRoute, ...] = ()
    recipes: tuple[Recipe, ...]


def find_catalog(request: ApiRequest) -> Catalog:
    """The datasets that are served."""
    return request.scope["state"]["catalog"]  # type: ignore[no-any-return]


CatalogState = Annotated[Catalog, Depends(find_catalog)]


def find_file(files: Mapping[str, MirrorFile], path: str, catalog: Catalog) -> Representation:
    """The file at a path.

    Raises:
        Unknown: there is none.
    """
    if path not in files:
        folder = path.rpartition("/")[0]
        beside = [name.rpartition("/")[2] for name in files if name.rpartition("/")[0] == folder]
        raise Unknown("file", path, beside or "those that /mirrors lists", where="the mirrors")
    return files[path].represent(path, catalog)
