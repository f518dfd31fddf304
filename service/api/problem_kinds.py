"""Kinds of problems: what they mean and what to do, one by one and in a list."""

from typing import Annotated

from fastapi import Path, Query

from service.api.pages import PAGES
from service.api.schemas import ProblemKind, ProblemKinds
from service.errors import Unknown
from service.http.documents import ChosenFormat, DocumentQuery, represent_document
from service.http.problems import KINDS, Kind
from service.http.release import Release
from service.http.representation import Representation
from service.http.request import ApiRequest
from service.http.route import ApiRoute

PROBLEMS = "/problems"
"""Where the kinds of problems are explained."""


def list_problem_kinds(
    request: ApiRequest, query: Annotated[DocumentQuery, Query()], media: ChosenFormat
) -> Representation:
    """Every kind of problem: what it means and what to do."""

    def build() -> ProblemKinds:
        kinds = [describe_kind(request, kind) for kind in KINDS.values()]
        return ProblemKinds(problems=kinds, links={"self": request.link(PROBLEMS)})

    def show(document: ProblemKinds) -> bytes:
        return PAGES.render("problems.html", root=request.root, problems=document.problems)

    return represent_document(media, build, show, version=Release())


def get_problem_kind(
    request: ApiRequest,
    name: Annotated[str, Path(description="last part of a problem's `type`", examples=["not-acceptable"])],
    query: Annotated[DocumentQuery, Query()],
    media: ChosenFormat,
) -> Representation:
    """What a kind of problem means and what to do."""
    if name not in KINDS:
        raise Unknown("kind of problem", name, KINDS)

    def show(kind: ProblemKind) -> bytes:
        return PAGES.render("problem_kind.html", root=request.root, kind=kind)

    return represent_document(media, lambda: describe_kind(request, KINDS[name]), show, version=Release())


def describe_kind(request: ApiRequest, kind: Kind) -> ProblemKind:
    """A kind of problem as JSON has it."""
    return ProblemKind(
        type=request.link(f"{PROBLEMS}/{kind.name}"), title=kind.title, status=kind.status, remedy=kind.remedy
    )


MEDIA_TYPES = ("text/html",)
"""What these answers can be besides JSON."""

ROUTES = (
    ApiRoute(PROBLEMS, list_problem_kinds, tags=["operations"], model=ProblemKinds, media_types=MEDIA_TYPES),
    ApiRoute(f"{PROBLEMS}/{{name}}", get_problem_kind, tags=["operations"], model=ProblemKind, media_types=MEDIA_TYPES),
)
