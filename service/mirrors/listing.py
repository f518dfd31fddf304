"""What `/mirrors` answers: every mirror with its files, and the recipes by which clients are pointed here.

Knows the tables of mirrors and nothing of what is in the files.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from pydantic import BaseModel, Field

from service.http.documents import ChosenFormat, represent_document
from service.http.pages import Pages
from service.http.release import Release
from service.http.representation import Representation
from service.http.request import ApiRequest
from service.mirrors.mirror import Mirror, MirrorFile, Recipe

PATH = "/mirrors"
"""Where the mirrors are listed."""

BASE = "{base}"
"""What stands for the address of the service in the code of a recipe."""

PAGES = Pages(__package__)
"""The template of the page."""

FAMILY = 8
"""Files whose paths differ in numbers only are listed as one entry, if there are at least so many."""

COST = 3.0
"""Milliseconds that the document takes, about; it is made for every request, because it depends on the address."""

LANGUAGES = {"javascript": "JavaScript", "r": "R", "sql": "SQL"}
"""Names of languages that are not written like other words."""


class MirrorFiles(BaseModel):
    """A file, or many whose addresses differ in numbers only, such as the chunks of an array."""

    url: str = Field(
        description="absolute; of many, the first", examples=["http://127.0.0.1:8000/mirrors/keras/mnist.npz"]
    )
    last: str | None = Field(description="of many, the last")
    count: int = Field(description="number of files", examples=[1])
    media_type: str = Field(examples=["application/gzip"])


class MirrorRecipe(BaseModel):
    """How to point a client here."""

    client: str = Field(examples=["pandas"])
    language: str = Field(description="of the code", examples=["python"])
    note: str = Field(description="what the client checks, or what must be set before; may be empty")
    code: str = Field(description="with the address of this service, as the client of this request has used it")


class MirrorCard(BaseModel):
    """What is mirrored, where it is, and how clients are pointed to it."""

    name: str = Field(examples=["idx"])
    title: str = Field(examples=["MNIST, the four original files"])
    summary: str
    root: str = Field(
        description="the address to which clients are pointed; absolute",
        examples=["http://127.0.0.1:8000/mirrors/mnist"],
    )
    files: list[MirrorFiles] = Field(description="plain files; a mirror may also answer the queries of a protocol")
    recipes: list[MirrorRecipe]


class Mirrors(BaseModel):
    """Every mirror."""

    mirrors: list[MirrorCard]
    links: dict[str, str] = Field(description="path-absolute links by relation")


def represent_mirrors(mirrors: Iterable[Mirror], request: ApiRequest, media: ChosenFormat) -> Representation:
    """Mirrors as JSON or as a page."""
    base = write_base(request)

    def build() -> Mirrors:
        cards = [build_mirror_card(mirror, base) for mirror in mirrors]
        return Mirrors(mirrors=cards, links={"self": request.link(PATH), "datasets": request.link("/v1/datasets")})

    def show(document: Mirrors) -> bytes:
        return PAGES.render(
            "mirrors.html",
            root=request.root,
            base=base,
            mirrors=document.mirrors,
            contents=list_contents(document.mirrors),
            name_anchor=name_anchor,
            name_language=name_language,
        )

    return represent_document(media, build, show, version=Release(), cost=COST, absolute=True)


def write_base(request: ApiRequest) -> str:
    """The address of the service with only those characters that mean the same in every language of a recipe.

    A host may contain quotes, `$`, `;` and parentheses (RFC 3986, section 3.2.2). They are percent-encoded, so that no
    `Host` header changes what the code of a recipe does.
    """
    return quote(request.address, safe=":/[]@+%")


def build_mirror_card(mirror: Mirror, base: str) -> MirrorCard:
    """A mirror as JSON has it, on a service at the address `base`."""
    return MirrorCard(
        name=mirror.name,
        title=mirror.title,
        summary=mirror.summary,
        root=base + mirror.root,
        files=list(summarize_files(mirror.files, base)),
        recipes=[write_recipe(recipe, base) for recipe in mirror.recipes],
    )


def summarize_files(files: Mapping[str, MirrorFile], base: str) -> Iterator[MirrorFiles]:
    """Files by path as a short list: each by itself, except for large families."""
    families: dict[tuple[str, str], list[str]] = {}
    for path, file in files.items():
        families.setdefault((re.sub(r"\d+", "#", path), file.media_type), []).append(path)
    for (_, media_type), paths in families.items():
        for first, *others in [paths] if len(paths) >= FAMILY else ([path] for path in paths):
            last = base + others[-1] if others else None
            yield MirrorFiles(url=base + first, last=last, count=1 + len(others), media_type=media_type)


def write_recipe(recipe: Recipe, base: str) -> MirrorRecipe:
    """A recipe with an address in its code, and in its note where that names one."""
    return MirrorRecipe(
        client=recipe.client,
        language=recipe.language,
        note=recipe.note.replace(BASE, base),
        code=recipe.code.replace(BASE, base),
    )


def list_contents(mirrors: Iterable[MirrorCard]) -> list[tuple[str, str, str]]:
    """Client, title of the mirror and anchor of every recipe, by the client's name."""
    found = [(one.client, card.title, name_anchor(card.name, one.client)) for card in mirrors for one in card.recipes]
    return sorted(found, key=lambda entry: (entry[0].casefold(), entry[1]))


def name_anchor(mirror: str, client: str) -> str:
    """The fragment of a recipe on the page."""
    return f"{mirror}-{re.sub(r'[^a-z0-9_]+', '-', client.casefold()).strip('-')}"


def name_language(language: str) -> str:
    """A language as people write it."""
    return LANGUAGES.get(language, language.capitalize())
