"""Answers: from a representation to a response with the right headers, doing no work that a 304 would spare."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Protocol

from fastapi import Response

from service import __version__
from service.errors import shown
from service.formats.format import Encoded
from service.web.catalog import Pinned
from service.web.conditions import byte_range, matches
from service.web.files import File
from service.web.negotiation import CODINGS, IDENTITY
from service.web.problems import Changed
from service.web.route import Asked
from service.web.streams import Stream, coded

FOR_EVER = "public, max-age=31536000, immutable"
"""With the right `rev` an answer never changes."""

FOR_AN_HOUR = "public, max-age=3600"
"""Without `rev` the data may change with the next release."""


class Media(Protocol):
    """What an answer needs to know of its representation; a Format is one."""

    @property
    def name(self) -> str:
        """What distinguishes it from other representations of the resource."""

    @property
    def media_type(self) -> str:
        """The value of `Content-Type`."""

    @property
    def text(self) -> bool:
        """Whether it is content-coded on request."""


async def respond(
    asked: Asked,
    source: Pinned,
    media: Media,
    make: Callable[[], Encoded],
    *,
    quick: bool = True,
    negotiated: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with what `make` makes, unless the client has it already.

    Args:
        asked: the request.
        source: whose digest the answer depends on, besides the URL.
        media: the representation.
        make: encodes the body; not called for a 304.
        quick: whether `make` may run on the event loop; else it goes to the workshop.
        negotiated: whether `Accept` had a say, so that caches must know.
        headers: more headers.

    Raises:
        Changed: the URL pins another revision.
        Overloaded: the workshop's line is full.
    """
    coding = asked.coding if media.text else IDENTITY
    shared = {**shared_headers(asked, source, media, coding, negotiated=negotiated), **(headers or {})}
    if matches(asked.header(b"if-none-match"), shared["ETag"]):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=shared)
    if coding != IDENTITY:
        shared["Content-Encoding"] = coding
        plain, make = make, lambda: CODINGS[coding](plain())
    body = make() if quick else await asked.kept["workshop"].run(make)
    return Response(body, headers={**shared, "Content-Type": media.media_type})


async def respond_stream(
    asked: Asked,
    source: Pinned,
    media: Media,
    pieces: Callable[[], Iterable[Encoded]],
    *,
    size: int | None = None,
    negotiated: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with pieces that are made while they are sent, unless the client has them already.

    Where their `size` is known beforehand it is told: then nothing need be framed, and a reader sees how far it is.
    """
    coding = asked.coding if media.text else IDENTITY
    shared = {**shared_headers(asked, source, media, coding, negotiated=negotiated), **(headers or {})}
    if matches(asked.header(b"if-none-match"), shared["ETag"]):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=shared)
    shared["Content-Type"] = media.media_type
    if coding == IDENTITY:
        return Stream(pieces(), headers=shared if size is None else {**shared, "Content-Length": str(size)})
    return Stream(coded(pieces(), coding), headers={**shared, "Content-Encoding": coding})


async def respond_file(
    asked: Asked, source: Pinned, media: Media, pieces: Callable[[], Iterable[Encoded]], *, filename: str
) -> Response:
    """Answer with a whole file, or the part of it that is asked for; built once, and never content-coded."""
    shared = {
        **shared_headers(asked, source, media, IDENTITY, negotiated=False, coded=False),
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{filename}"',
    }
    etag = shared["ETag"]
    if matches(asked.header(b"if-none-match"), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=shared)
    file: File = await asked.kept["files"].get(etag, pieces)
    part = byte_range(asked.header(b"range"), asked.header(b"if-range"), etag, file.size)
    view = file.mapped()
    shared["Content-Type"] = media.media_type
    if part is None:
        return Response(view, headers=shared)
    shared["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
    return Response(view[part.start : part.stop], HTTPStatus.PARTIAL_CONTENT, shared)


def shared_headers(
    asked: Asked, source: Pinned, media: Media, coding: str, *, negotiated: bool, coded: bool = True
) -> dict[str, str]:
    """Validators, freshness and what they depend on, which 200, 206 and 304 share.

    `negotiated` and `coded` tell whether `Accept` and `Accept-Encoding` have a say.

    Raises:
        Changed: the URL pins another revision than `source` has.
    """
    check_rev(asked, source)
    headers = {
        "ETag": etag_of(asked, source, media, coding),
        "Cache-Control": FOR_AN_HOUR if asked.rev is None else FOR_EVER,
    }
    vary = ", ".join(["Accept"] * negotiated + ["Accept-Encoding"] * (media.text and coded))
    return {**headers, "Vary": vary} if vary else headers


def check_rev(asked: Asked, source: Pinned) -> None:
    """Hold the revision that the URL pins, if any, against the data's.

    Raises:
        Changed: it is another one.
    """
    if asked.rev is not None and asked.rev != source.rev:
        raise Changed(
            f"The URL pins revision {shown(asked.rev)}, and the data here is '{source.rev}'; read "
            f"{asked.root}/v1/datasets for the present revisions, or leave rev out."
        )


def etag_of(asked: Asked, source: Pinned, media: Media, coding: str) -> str:
    """A strong validator: the same one means the same bytes, from every replica of a release."""
    parts = (source.digest, media.name, coding, asked.root, asked.target, __version__)
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'
