"""What clients of the Hub ask: repositories, revisions and parameters, and what is answered where something is missing.

Source: `hf_raise_for_status` of huggingface_hub, which makes its exceptions of the header `X-Error-Code`.
"""

from http import HTTPStatus
from typing import Annotated, ClassVar
from urllib.parse import parse_qs

from fastapi import Depends, Path
from pydantic import BaseModel, ValidationError

from service.errors import Refused, quote
from service.http.body import read_body
from service.http.parameters import Parameters
from service.http.problems import Declined
from service.http.request import ApiRequest
from service.mirrors.huggingface.repositories import BY_NAME, Repository
from service.mirrors.mirror import CatalogState

JSON = "application/json"

LONGEST_BODY = 1_000_000
"""Bytes of a list of paths."""


class HubQuery(Parameters):
    """Parameters are passed over: clients send some that change nothing here, such as `download`."""

    lenient: ClassVar[bool] = True


class InfoQuery(HubQuery):
    """What may be asked of a description: the sizes and checksums of files."""

    blobs: bool = False


class TreeQuery(HubQuery):
    """What may be asked of a folder: what is in the folders within it, and the last commit of each."""

    recursive: bool = False
    expand: bool = False


class PathsQuery(BaseModel):
    """Files and folders that a client wants to know about, in the body of its request."""

    paths: list[str]
    expand: bool | None = False


def decline(code: str, message: str, detail: str) -> Declined:
    """What the Hub answers where something is missing: its code and message in headers, besides our problem."""
    headers = {"X-Error-Code": code, "X-Error-Message": message}
    return Declined(detail, status=HTTPStatus.NOT_FOUND, headers=headers)


def decline_path(repository: Repository, path: str) -> Declined:
    """What is answered where a repository has no such file or folder."""
    known = ", ".join(repository.files)
    detail = f"There is no file {quote(path)} in the dataset {repository.name}; ask for one of {known}."
    return decline("EntryNotFound", "Entry not found", detail)


def decline_repository(name: str) -> Declined:
    """What is answered where there is no such repository."""
    detail = f"There is no repository {quote(name)}; ask for one of the datasets {', '.join(BY_NAME)}."
    return decline("RepoNotFound", "Repository not found", detail)


def find_repository(repository: Annotated[str, Path()], catalog: CatalogState) -> Repository:
    """The repository that a path names.

    Raises:
        Declined: there is none, or its dataset is not served.
    """
    found = BY_NAME.get(repository)
    if found is None or found.card.name not in catalog.datasets:
        raise decline_repository(repository)
    return found


RepositoryPath = Annotated[Repository, Depends(find_repository)]


def find_revision(repository: RepositoryPath, revision: Annotated[str, Path()]) -> Repository:
    """The repository that a path names, which has the revision that the path names.

    Raises:
        Declined: it has not.
    """
    if revision not in repository.revisions:
        known = " or ".join(repository.revisions[:2])
        detail = f"There is no revision {quote(revision)} of the dataset {repository.name}; ask for {known}."
        raise decline("RevisionNotFound", "Invalid rev id", detail)
    return repository


PinnedRepository = Annotated[Repository, Depends(find_revision)]


async def read_paths(request: ApiRequest) -> PathsQuery:
    """The paths in the body of a request: JSON, or a form, which huggingface_hub sends.

    Raises:
        BodyTooLarge: it is too long.
        Refused: it cannot be read.
    """
    content = await read_body(request, most=LONGEST_BODY, advice="ask for fewer paths at a time")
    try:
        if request.header(b"content-type").partition(";")[0].strip().lower() == JSON:
            return PathsQuery.model_validate_json(content)
        form = parse_qs(content.decode(), keep_blank_values=True)
        return PathsQuery.model_validate({"paths": form.get("paths", []), "expand": form.get("expand", ["false"])[0]})
    except (ValidationError, ValueError):
        reason = 'must be JSON or a form with "paths", a list of text, and "expand", true or false'
        raise Refused("body", reason, place="body") from None
