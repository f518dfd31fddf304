"""What holds for every mirror: the laws of the tables, and how any of their files is sent."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from itertools import groupby
from threading import Event
from urllib.parse import urlsplit

import pytest

from service.app import create_app
from service.data.dataset import Dataset
from service.datasets import SOURCES
from service.datasets.source import Source
from service.http.representation import TEXT_TYPES, Encoded, File, Original
from service.mirrors import FILES, MIRRORS, npy
from service.mirrors.idx import HISTORIC
from service.mirrors.listing import BASE
from service.mirrors.mirror import Mirror, Recipe
from service.settings import Settings
from tests import sites
from tests.http.expect import assert_problem, stable_headers
from tests.sites import Answer, Site

LARGE = 20_000_000
"""Bytes of a file that is not fetched again and again."""


def choose_paths() -> Iterator[str]:
    """The files that stand for all: of those whose paths differ in numbers only, the first and the last."""
    families = groupby(FILES, key=lambda path: (re.sub(r"\d+", "#", path), FILES[path].media_type))
    for _, family in families:
        first, *others = family
        yield from (first, *others[-1:])


PATHS = list(choose_paths())

every_mirror = pytest.mark.parametrize("mirror", MIRRORS.values(), ids=MIRRORS)


@dataclass(frozen=True)
class Sent:
    """A file as it was sent whole."""

    path: str
    answer: Answer

    def __len__(self) -> int:
        """Return the number of bytes."""
        return len(self.answer.body)


@pytest.fixture(scope="module", params=PATHS)
def sent(request: pytest.FixtureRequest, live: Site) -> Sent:
    """A file, which two clients have asked for at once; tests of the same file follow one another."""
    with ThreadPoolExecutor(2) as threads:
        answer, other = threads.map(live.get, [request.param] * 2)
    assert (answer.status, answer.body) == (200, other.body)
    assert stable_headers(answer) == stable_headers(other)
    return Sent(request.param, answer)


def ask_and_leave(site: Site, path: str, headers: Mapping[str, str]) -> tuple[int, HTTPMessage]:
    """Status and headers of an answer whose body is not read."""
    with closing(HTTPConnection(urlsplit(site.url).netloc, timeout=60)) as connection:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers


# --- the tables ---


def test_every_file_is_in_one_mirror() -> None:
    count = Counter(path for mirror in MIRRORS.values() for path in mirror.files)
    assert [path for path, times in count.items() if times > 1] == []
    assert set(count) == set(FILES)


@every_mirror
def test_a_mirror_is_listed_under_its_name_and_described(mirror: Mirror) -> None:
    assert MIRRORS[mirror.name] is mirror
    assert re.fullmatch(r"[a-z][a-z0-9-]*", mirror.name)
    assert mirror.title
    assert mirror.summary.endswith(".")
    assert mirror.files or mirror.routes


@every_mirror
def test_every_path_is_below_the_root_of_its_mirror_or_where_the_files_were_first(mirror: Mirror) -> None:
    assert re.fullmatch(r"/mirrors/[a-z]+", mirror.root)
    for path in [*mirror.files, *(route.path for route in mirror.routes)]:
        assert path.startswith((f"{mirror.root}/", f"{HISTORIC}/"))
        assert not re.search(r"//|/\.|/$", path)


@every_mirror
def test_every_file_is_of_a_dataset_and_offered_under_its_own_name(mirror: Mirror, real: dict[str, Dataset]) -> None:
    for path, file in mirror.files.items():
        assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+(; [a-z-]+=[a-z0-9-]+)*", file.media_type)
        body = file.body(real[file.dataset])
        if isinstance(body, File | Original):
            assert body.filename == (file.same_as or path).rpartition("/")[2]
        if isinstance(body, Original):
            assert body.path.is_file()


@pytest.mark.parametrize(
    "recipe", [pytest.param(one, id=f"{name}-{one.client}") for name in MIRRORS for one in MIRRORS[name].recipes]
)
def test_a_recipe_names_the_service_or_says_where_it_is_named(recipe: Recipe) -> None:
    assert recipe.language in ("python", "shell", "javascript", "r", "sql")
    assert BASE in recipe.code or BASE in recipe.note
    assert recipe.code == recipe.code.lstrip()
    assert recipe.note == "" or recipe.note.endswith(".")


# --- the answers ---


def test_a_file_is_whole(sent: Sent) -> None:
    answer = sent.answer
    assert answer["Content-Length"] == str(len(sent))
    assert answer["Content-Type"] == FILES[sent.path].media_type
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Cache-Control"].startswith("public")
    assert re.fullmatch(r'"[0-9a-f]{20,}"', answer["ETag"])


def test_head_has_the_headers_of_get(live: Site, sent: Sent) -> None:
    for headers in ({}, {"Accept-Encoding": "gzip, zstd"}, {"Range": "bytes=0-1"}):
        head = live.head(sent.path, headers)
        assert (head.status, head.body) == (200, b"")
        if "Content-Encoding" not in head.headers:
            assert stable_headers(head) == stable_headers(sent.answer)


def test_only_text_is_compressed_on_request(live: Site, sent: Sent) -> None:
    status, headers = ask_and_leave(live, sent.path, {"Accept-Encoding": "gzip, deflate, br, zstd"})
    assert status == 200
    if FILES[sent.path].media_type.partition(";")[0] not in TEXT_TYPES or "Content-Disposition" in headers:
        assert "Content-Encoding" not in headers
        assert headers["Content-Length"] == str(len(sent))


def test_what_the_client_has_is_not_sent_again(live: Site, sent: Sent) -> None:
    etag = sent.answer["ETag"]
    for condition in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        for ask in (live.get, live.head):
            answer = ask(sent.path, {"If-None-Match": condition})
            assert (answer.status, answer.body, answer["ETag"]) == (304, b"", etag)
            assert answer["Access-Control-Allow-Origin"] == "*"
    assert live.head(sent.path, {"If-None-Match": '"x"'}).status == 200


def test_parts_are_those_of_the_whole(live: Site, sent: Sent) -> None:
    size = len(sent)
    parts = [
        ("0-0", 0, 1),
        ("3-9", 3, 10),
        (f"{size // 2}-{size // 2 + 99}", size // 2, size // 2 + 100),
        (f"{size - 5}-", size - 5, size),
        ("-7", size - 7, size),
        (f"{size - 5}-{size + 100}", size - 5, size),
    ]
    for text, start, stop in parts:
        part = live.get(sent.path, {"Range": f"bytes={text}", "Accept-Encoding": "gzip, zstd"})
        assert (part.status, part.body) == (206, sent.answer.body[start:stop])
        assert part["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
        assert part["Content-Length"] == str(stop - start)
        assert part["Access-Control-Allow-Origin"] == "*"
        for name in ("ETag", "Content-Type", "Last-Modified", "Cache-Control"):
            assert part[name] == sent.answer[name]


def test_a_range_that_reaches_over_both_ends_is_the_whole(live: Site, sent: Sent) -> None:
    for text in ("0-", f"0-{len(sent) + 1}", f"-{len(sent) + 1}"):
        status, headers = ask_and_leave(live, sent.path, {"Range": f"bytes={text}"})
        assert status == 206
        assert headers["Content-Range"] == f"bytes 0-{len(sent) - 1}/{len(sent)}"


def test_a_range_outside_is_refused_with_the_size(live: Site, sent: Sent) -> None:
    for text in (f"{len(sent)}-", f"{len(sent) + 5}-{len(sent) + 9}", "-0"):
        answer = live.get(sent.path, {"Range": f"bytes={text}"})
        assert_problem(answer, "range-not-satisfiable")
        assert answer["Content-Range"] == f"bytes */{len(sent)}"


def test_if_range_gives_a_part_of_the_same_bytes_only(live: Site, sent: Sent) -> None:
    etag = sent.answer["ETag"]
    assert ask_and_leave(live, sent.path, {"Range": "bytes=0-3", "If-Range": etag})[0] == 206
    for other in ('"x"', f"W/{etag}", "Mon, 01 Jan 2001 00:00:00 GMT"):
        status, headers = ask_and_leave(live, sent.path, {"Range": "bytes=0-3", "If-Range": other})
        assert (status, headers["Content-Length"]) == (200, str(len(sent)))


def test_clients_that_close_after_the_headers_leave_the_server_well(live: Site, sent: Sent) -> None:
    for _ in range(5):
        status, headers = ask_and_leave(live, sent.path, {"Method": "HEAD"})  # as torchvision asks
        assert (status, headers["Content-Length"]) == (200, str(len(sent)))
    assert live.get("/livez").status == 200
    if len(sent) < LARGE:
        assert live.get(sent.path).body == sent.answer.body


def test_of_many_who_ask_at_once_one_builds_the_file(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, gate, made = Event(), Event(), []

    def write(dataset: Dataset, split: str, array: str) -> Iterator[Encoded]:
        begun.set()
        assert gate.wait(20)
        made.append((split, array))
        yield dataset.images.data.cast("B")

    monkeypatch.setattr(npy, "write_array", write)
    source = Source(digits.card, lambda: digits)
    with sites.serving(create_app(Settings(), [source])) as site, ThreadPoolExecutor(6) as threads:
        waiting = [threads.submit(site.get, f"{npy.ROOT}/digits-images.npy") for _ in range(6)]
        assert begun.wait(20)
        assert site.get("/livez").status == 200  # while it is built
        gate.set()
        bodies = {one.result().body for one in waiting}
    assert made == [("all", "images")]
    assert bodies == {digits.images.tobytes()}


# --- what is not there ---


@pytest.mark.parametrize("folder", sorted({path.rpartition("/")[0] for path in PATHS}))
def test_an_unknown_file_is_a_problem(live: Site, folder: str) -> None:
    for name in ("nothing", "nothing.gz", "%00", "%FF", "x" * 300):
        for ask in (live.get, live.head):
            answer = ask(f"{folder}/{name}")
            assert answer.status == 404
        assert_problem(live.get(f"{folder}/{name}"), "unknown-resource")


TRICKS = (
    "{folder}/./{name}",
    "{folder}/x/../{name}",
    "{folder}/%2e%2e/{last}/{name}",
    "{folder}/%2E%2E/{last}/{name}",
    "{folder}/..%2f{last}/{name}",
    "{folder}/%2e/{name}",
    "{folder}//{name}",
    "/{folder}/{name}",
    "{folder}/{name}/",
    "{folder}/{name}/.",
    "{folder}/{name}%00",
    "{folder}/{name}%20",
    "{folder}\\{name}",
    "{folder}/..\\{last}\\{name}",
    "{folder}/../../../../../../etc/passwd",
    "{folder}/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "{folder}//etc/passwd",
)
"""Ways to write a path that some servers take for another one."""


@pytest.mark.parametrize("trick", TRICKS)
def test_no_other_way_to_write_a_path_finds_a_file(live: Site, trick: str) -> None:
    folders = {mirror.root for mirror in MIRRORS.values()} | {path.rpartition("/")[0] for path in PATHS}
    files = {path.rpartition("/")[0]: path.rpartition("/")[2] for path in PATHS}
    for folder in sorted(folders):
        target = trick.format(folder=folder, last=folder.rpartition("/")[2], name=files.get(folder, "mnist.npz"))
        answer = live.get(target)
        assert answer.status == 404, target
        assert_problem(answer, "unknown-resource")


def test_the_datasets_of_all_files_are_served() -> None:
    assert {file.dataset for file in FILES.values()} <= {source.card.name for source in SOURCES}


def test_a_server_without_the_dataset_does_not_have_its_files(site: Site) -> None:
    for path in PATHS:
        assert site.get(path).status == 404
