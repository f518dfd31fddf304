"""The part of the Hub's interface that clients use to read a dataset: files, folders, and facts.

Source: the requests of huggingface_hub, datasets and the JavaScript hub.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, NoReturn

import orjson
from fastapi import Depends, Query

from service.data.catalog import Catalog
from service.http.representation import Encoded, Finished, Listing, Representation, Whole
from service.http.route import ApiRoute
from service.mirrors.huggingface.facts import describe, describe_commits, describe_refs
from service.mirrors.huggingface.readme import README
from service.mirrors.huggingface.repositories import ROOT, Repository
from service.mirrors.huggingface.requests import (
    JSON,
    HubQuery,
    InfoQuery,
    PathsQuery,
    PinnedRepository,
    RepositoryPath,
    TreeQuery,
    decline_path,
    decline_repository,
    read_paths,
)
from service.mirrors.huggingface.tree import Entry, describe_tree, list_folder, write_pointer
from service.mirrors.mirror import CatalogState

POINTER = "application/octet-stream"
"""The media type of pointers: text that must not be compressed, because clients take its size from `Content-Range`."""


def resolve_file(
    repository: PinnedRepository, path: str, query: Annotated[HubQuery, Query()], catalog: CatalogState
) -> Representation:
    """A file of a dataset, as the Hub's clients fetch it."""
    return represent_file(repository, path, catalog)


def get_raw_file(
    repository: PinnedRepository, path: str, query: Annotated[HubQuery, Query()], catalog: CatalogState
) -> Representation:
    """What git has of a file: the text itself, or the pointer to a file in LFS."""
    file = represent_file(repository, path, catalog)
    if path == README:
        return file
    return replace(
        file,
        media_type=POINTER,
        body=Listing({path: file}, lambda files: write_pointer(files[path])),
        identity=f"{file.identity} pointer",
    )


def represent_file(repository: Repository, path: str, catalog: Catalog) -> Representation:
    """A file, the same under every name of the repository and of its revision.

    Raises:
        Declined: there is none.
    """
    if path not in repository.files:
        raise decline_path(repository, path)
    file = repository.files[path].represent(repository.locate(path), catalog)
    return replace(file, headers={"X-Repo-Commit": repository.commit})


def get_info(repository: RepositoryPath, query: Annotated[InfoQuery, Query()], catalog: CatalogState) -> Representation:
    """Facts about a dataset and a list of its files, as the Hub's clients read them."""
    if query.blobs:
        return list_tree(repository, catalog, "info", lambda entries: describe(repository, entries))
    return represent_facts(repository, catalog, "info", lambda: describe(repository, {}))


def get_info_at_revision(
    repository: PinnedRepository, query: Annotated[InfoQuery, Query()], catalog: CatalogState
) -> Representation:
    """Facts about a dataset at a revision."""
    return get_info(repository, query, catalog)


def get_refs(repository: RepositoryPath, query: Annotated[HubQuery, Query()], catalog: CatalogState) -> Representation:
    """The branches of a dataset."""
    return represent_facts(repository, catalog, "refs", lambda: describe_refs(repository))


def get_commits(
    repository: PinnedRepository, query: Annotated[HubQuery, Query()], catalog: CatalogState
) -> Representation:
    """The commits of a dataset."""
    return represent_facts(repository, catalog, "commits", lambda: describe_commits(repository))


def get_root(
    repository: PinnedRepository, query: Annotated[TreeQuery, Query()], catalog: CatalogState
) -> Representation:
    """What is in a repository."""
    return get_folder(repository, "", query, catalog)


def get_folder(
    repository: PinnedRepository, path: str, query: Annotated[TreeQuery, Query()], catalog: CatalogState
) -> Representation:
    """What is in a folder of a repository."""
    if path and not any(name.startswith(f"{path}/") for name in repository.files):
        raise decline_path(repository, path)

    def choose(entries: Mapping[str, Entry]) -> list[Entry]:
        return list_folder(entries, path, recursive=query.recursive)

    return list_tree(repository, catalog, f"tree {path} {query.recursive}", choose, expand=query.expand)


def describe_paths(
    repository: PinnedRepository,
    query: Annotated[HubQuery, Query()],
    catalog: CatalogState,
    wanted: Annotated[PathsQuery, Depends(read_paths)],
) -> Representation:
    """Those of some paths of a repository that exist."""

    def choose(entries: Mapping[str, Entry]) -> list[Entry]:
        return [entries[path] for path in dict.fromkeys(wanted.paths) if path in entries]

    found = list_tree(repository, catalog, "paths", choose, expand=bool(wanted.expand))
    return replace(found, storable=False)


def refuse_other(path: str, query: Annotated[HubQuery, Query()]) -> NoReturn:
    """Models, spaces, and what else the Hub has."""
    raise decline_repository(path)


def represent_facts(repository: Repository, catalog: Catalog, what: str, build: Callable[[], Any]) -> Representation:
    """Facts that depend on no file, as JSON."""
    return represent(repository, catalog, what, Whole(lambda: orjson.dumps(build())))


def list_tree(
    repository: Repository,
    catalog: Catalog,
    what: str,
    choose: Callable[[Mapping[str, Entry]], Any],
    *,
    expand: bool = False,
) -> Representation:
    """What `choose` makes of all entries of a repository, as JSON; `expand` adds the last commit to each."""

    def make(files: Mapping[str, Finished]) -> Encoded:
        return orjson.dumps(choose(describe_tree(repository, files, expand=expand)))

    files = {path: represent_file(repository, path, catalog) for path in repository.files}
    return represent(repository, catalog, f"files {what} {expand}", Listing(files, make))


def represent(repository: Repository, catalog: Catalog, what: str, body: Whole | Listing) -> Representation:
    """JSON about a repository, the same under every name of it and of its revision; `what` tells one from another."""
    return Representation(
        media_type=JSON,
        body=body,
        version=catalog[repository.card.name],
        identity=f"huggingface {repository.name} {what}",
        pinned=False,
    )


FILES = f"{ROOT}/datasets/{{repository:path}}"
API = f"{ROOT}/api/datasets/{{repository:path}}"

ROUTES = (
    ApiRoute(f"{FILES}/resolve/{{revision}}/{{path:path}}", resolve_file, include_in_schema=False),
    ApiRoute(f"{FILES}/raw/{{revision}}/{{path:path}}", get_raw_file, include_in_schema=False),
    ApiRoute(f"{API}/revision/{{revision:path}}", get_info_at_revision, include_in_schema=False),
    ApiRoute(f"{API}/refs", get_refs, include_in_schema=False),
    ApiRoute(f"{API}/commits/{{revision:path}}", get_commits, include_in_schema=False),
    ApiRoute(f"{API}/tree/{{revision}}", get_root, include_in_schema=False),
    ApiRoute(f"{API}/tree/{{revision}}/{{path:path}}", get_folder, include_in_schema=False),
    ApiRoute(f"{API}/paths-info/{{revision:path}}", describe_paths, methods=["POST"], include_in_schema=False),
    ApiRoute(API, get_info, include_in_schema=False),
    ApiRoute(f"{ROOT}/{{path:path}}", refuse_other, include_in_schema=False),
)
"""Every route; of those that fit a path, the first one answers."""
