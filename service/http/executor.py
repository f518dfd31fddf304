"""The executor: from a Representation to a response. It alone knows the steps, and their order."""

import hashlib
from collections.abc import Callable
from functools import partial

from starlette.types import ASGIApp

from service.errors import quote
from service.http import conditions
from service.http.background import Background
from service.http.compression import IDENTITY, compress, compress_pieces
from service.http.conditions import is_unmodified, select_range
from service.http.disconnect import run_for_client
from service.http.encoder_pool import INLINE, EncoderPool
from service.http.file_store import FileStore, StoredFile
from service.http.memory_budget import COUNTED
from service.http.negotiation import choose_coding
from service.http.problems import ChangedData
from service.http.representation import Encoded, File, Listing, Original, Pieces, Representation, Versioned, Whole
from service.http.request import ApiRequest, Headers
from service.http.request_record import timed
from service.http.response_cache import ResponseCache
from service.http.single_flight import SingleFlight
from service.http.stored_response import (
    NotModifiedResponse,
    SingleResponse,
    StoredResponse,
    describe_part,
    describe_whole,
)
from service.http.streaming import StreamResponse
from service.http.turns import Turns

FOR_EVER = "public, max-age=31536000, immutable"
"""With the right `rev` an answer never changes."""

FOR_AN_HOUR = "public, max-age=3600"
"""Without `rev` the data may change with the next release."""

LAST_MODIFIED = (b"last-modified", conditions.LAST_MODIFIED.encode())

VARY = {
    (True, False): (b"vary", b"Accept"),
    (False, True): (b"vary", b"Accept-Encoding"),
    (True, True): (b"vary", b"Accept, Accept-Encoding"),
}
"""On what an answer depends, by whether `Accept` decided and whether it is compressed on request."""

LARGEST_INLINE = 400_000
"""Bytes that are compressed on the event loop: about 2 milliseconds of gzip."""

STREAM_BYTES = 1_500_000
"""Bytes that a stream takes at most: two pieces, the indices and labels of a batch, and an order."""

LISTING_COST = 10.0
"""Milliseconds to tell of files, whose checksums may have to be computed."""

COMPRESSOR_BYTES = 1_000_000
"""Bytes that compressing a stream takes at most."""


class Executor:
    """Makes responses of representations.

    In this order: revision (409), conditions (304, 412), making (here or in the pool, by cost; once for all who ask at
    the same time), content coding, storing what is whole and small. The response itself applies range and method, since
    a stored one must do so, too.
    """

    def __init__(self, *, release: str, cache: ResponseCache, files: FileStore, pool: EncoderPool) -> None:
        """Serve a `release`: what decides about bytes besides data and URL, and so is part of every entity tag."""
        self._release = release
        self._cache = cache
        self._files = files
        self._pool = pool
        self._turns = Turns()
        self.background = Background()
        self._flights: SingleFlight[memoryview] = SingleFlight()

    async def execute(self, request: ApiRequest, representation: Representation) -> ASGIApp:
        """The response to a request.

        Raises:
            ChangedData: the URL pins another revision.
            PreconditionFailed: a condition of the request does not hold.
            OutsideFile: the range lies outside a stream.
            Overloaded: too much work is waiting.
            ClientDisconnect: the client has gone while its answer was waited for.
        """
        version, body = representation.version, representation.body
        if version is not None:
            check_revision(request, version)
        if version is None or not representation.storable:
            return await self._answer_once(request, representation)
        coding = choose_coding(request.scope["headers"]) if representation.compressible else IDENTITY
        etag = self._tag(request, representation, version, coding)
        headers = build_headers(request, representation, etag, coding)
        if is_unmodified(request.scope["headers"], etag):
            return NotModifiedResponse(headers)
        match body:
            case Pieces():
                return self._stream(request, body, headers, etag, coding)
            case File() | Original():
                file = await run_for_client(request.receive, lambda: self._find_file(request, body, etag))
                headers.append((b"repr-digest", file.repr_digest))
                return StoredResponse(headers, etag, file, request.scope["route"], self._turns)
            case Listing():
                content = await self._make(request, await self._complete(request, body), etag, coding)
                response = StoredResponse(headers, etag, content, request.scope["route"], self._turns)
                return self._keep(request, representation, response)
            case Whole():
                if representation.improvement is not None:
                    self.background.want(representation.improvement)
                content = await self._make(request, body, etag, coding)
                response = StoredResponse(headers, etag, content, request.scope["route"], self._turns)
                return self._keep(request, representation, response)

    def _keep(self, request: ApiRequest, representation: Representation, response: StoredResponse) -> StoredResponse:
        """The response, which later requests of the same URL get as well."""
        held = isinstance(representation.body, Whole) and representation.body.held
        if not representation.absolute and not held:
            self._cache.store(request.scope, response)
        return response

    async def _find_file(self, request: ApiRequest, body: File | Original, etag: str) -> StoredFile:
        """A finished file, built if it is not there yet."""
        if isinstance(body, Original):
            return await self._files.open(body.path)
        return await self._files.get(etag, body.make, size=body.size, kind=find_kind(request), cost=body.cost)

    async def _complete(self, request: ApiRequest, listing: Listing) -> Whole:
        """What tells of files, which are found or built for it."""
        files = await run_for_client(request.receive, lambda: self._find_listed_files(request, listing))
        return Whole(partial(listing.make, files), LISTING_COST)

    async def _find_listed_files(self, request: ApiRequest, listing: Listing) -> dict[str, StoredFile]:
        """The finished files that another answer tells of, by their names in it."""
        return {name: await self._find_listed(request, one) for name, one in listing.files.items()}

    async def _find_listed(self, request: ApiRequest, representation: Representation) -> StoredFile:
        """A finished file that another answer tells of."""
        body, version = representation.body, representation.version
        assert isinstance(body, File | Original) and version is not None  # noqa: S101, PT018 - nothing else is listed
        return await self._find_file(request, body, self._tag(request, representation, version, IDENTITY))

    async def _answer_once(self, request: ApiRequest, representation: Representation) -> ASGIApp:
        """The response to a request whose answer is not stored."""
        body = representation.body
        if isinstance(body, Listing):
            body = await self._complete(request, body)
        fields = {"content-type": representation.media_type, "cache-control": "no-store", **representation.headers}
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items()]
        if isinstance(body, Pieces):
            return self._send_pieces(request, body, headers)
        assert isinstance(body, Whole)  # noqa: S101 - files are all storable
        return SingleResponse(headers, await self._make_once(request, body), self._turns)

    async def _make_once(self, request: ApiRequest, body: Whole) -> memoryview:
        """A whole body that nobody else waits for."""
        if self._may_run_here(body):
            return self._pool.budget.track(body.make())
        return await run_for_client(
            request.receive, lambda: self._run(request, body, partial(timed, "encode", body.make))
        )

    async def _make(self, request: ApiRequest, body: Whole, etag: str, coding: str) -> memoryview:
        """A whole body in a content coding."""
        if not self._may_run_here(body):
            return await self._share(request, body, etag, lambda: compress_timed(timed("encode", body.make), coding))
        content = body.make()
        if coding != IDENTITY and len(content) > LARGEST_INLINE:
            return await self._share(request, body, etag, lambda: compress_timed(content, coding))
        return self._pool.budget.track(compress(content, coding))

    def _may_run_here(self, body: Whole) -> bool:
        """Whether a body is made on the event loop, in the turn in which `Admission` has started its request.

        What is told to be too small to count, such as a picture of one sample, needs no room.
        """
        small = 0 < body.memory < COUNTED
        return body.cost <= INLINE and (small or self._pool.budget.fits(body.memory))

    async def _share(self, request: ApiRequest, body: Whole, etag: str, make: Callable[[], Encoded]) -> memoryview:
        """What `make` gives in the pool, for all who ask for the same bytes meanwhile."""
        return await run_for_client(
            request.receive, lambda: self._flights.run(etag, lambda: self._run(request, body, make))
        )

    async def _run(self, request: ApiRequest, body: Whole, make: Callable[[], Encoded]) -> memoryview:
        """What `make` gives in the pool; it counts in the budget from the beginning to the end."""
        content = await self._pool.run(make, kind=find_kind(request), cost=body.cost, memory=body.memory)
        return self._pool.budget.track(content)

    def _stream(self, request: ApiRequest, body: Pieces, headers: Headers, etag: str, coding: str) -> ASGIApp:
        """The response that makes a body while it sends it."""
        if coding != IDENTITY:
            compressed = Pieces(lambda: compress_pieces(body.make(), coding), None, body.cost)
            return self._send_pieces(request, compressed, headers, memory=STREAM_BYTES + COMPRESSOR_BYTES)
        if body.length is None or request.method != "GET":
            return self._send_pieces(request, body, headers)
        part = select_range(request.scope["headers"], etag, body.length)
        return self._send_pieces(request, body, headers, part=part)

    def _send_pieces(
        self,
        request: ApiRequest,
        body: Pieces,
        headers: Headers,
        *,
        memory: int = STREAM_BYTES,
        part: range | None = None,
    ) -> ASGIApp:
        """The response that makes a body, or a part of it, piece by piece."""
        if part is not None and body.length is not None:
            headers = describe_part(headers, part, body.length)
        elif body.length is not None:
            headers = describe_whole(headers, body.length)
        return StreamResponse(
            headers,
            body.make,
            pool=self._pool,
            turns=self._turns,
            kind=find_kind(request),
            cost=body.cost,
            memory=memory,
            part=part,
        )

    def _tag(self, request: ApiRequest, representation: Representation, version: Versioned, coding: str) -> str:
        """A strong entity tag: the same one means the same bytes, from every replica of the same release."""
        own = representation.identity
        place: tuple[str, ...] = (request.root, request.canonical_url) if own is None else (own,)
        if representation.absolute:
            place += (request.address,)
        parts = (version.digest, representation.media_type, coding, *place, self._release)
        return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def find_kind(request: ApiRequest) -> str:
    """What kind of work the answer to a request is: that of its route."""
    return str(getattr(request.scope.get("route"), "path", ""))


def check_revision(request: ApiRequest, version: Versioned) -> None:
    """Compare the revision that the URL pins, if any, with that of the data.

    Raises:
        ChangedData: they differ.
    """
    if request.rev is not None and request.rev != version.rev:
        raise ChangedData(
            f"The URL pins revision {quote(request.rev)}, and the data here is '{version.rev}'; read "
            f"{request.root}/v1/datasets for the present revisions, or leave rev out."
        )


def compress_timed(content: Encoded, coding: str) -> Encoded:
    """A body in a content coding, of which the time is noted."""
    return content if coding == IDENTITY else timed("compress", partial(compress, content, coding))


def build_headers(request: ApiRequest, representation: Representation, etag: str, coding: str) -> Headers:
    """The headers of a 200 that do not depend on the bytes: validators, freshness, and what these depend on."""
    fresh = FOR_EVER if request.rev is not None and representation.pinned else FOR_AN_HOUR
    freshness = representation.cache_control or fresh
    if representation.absolute:  # a client has named the address, and a shared cache may not tell clients apart by Host
        freshness = freshness.replace("public", "private")
    headers = [
        (b"content-type", representation.media_type.encode()),
        (b"etag", etag.encode()),
        (b"cache-control", freshness.encode()),
        LAST_MODIFIED,
    ]
    if representation.headers:
        headers += [(name.lower().encode(), value.encode()) for name, value in representation.headers.items()]
    if request.negotiated or representation.compressible:
        headers.append(VARY[request.negotiated, representation.compressible])
    if coding != IDENTITY:
        headers.append((b"content-encoding", coding.encode()))
    if isinstance(representation.body, File | Original):
        headers.append((b"content-disposition", f'attachment; filename="{representation.body.filename}"'.encode()))
    return headers
