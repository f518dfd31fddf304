"""`/client.tgz`: the JavaScript module as an npm package, the same bytes wherever and whenever it is made."""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from service import __version__
from service.api.module_package import LARGEST_BLOCK, store_gzip
from tests import processes
from tests.sites import Site

PROGRAM = (
    "import hashlib; from service.api.explorer import get_module_package; "
    "print(hashlib.sha256(get_module_package().body.make()).hexdigest())"
)


def read_members(package: bytes) -> dict[str, bytes]:
    """The files of a package by name."""
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
        return {one.name: file.read() for one in archive if (file := archive.extractfile(one)) is not None}


def test_the_package_holds_the_files_that_are_served(site: Site) -> None:
    answer = site.get("/client.tgz")
    assert (answer.status, answer["Content-Type"]) == (200, "application/gzip")
    members = read_members(answer.body)
    assert set(members) == {f"package/{name}" for name in ("package.json", "README.md", "client.js", "client.d.ts")}
    assert members["package/client.js"] == site.get("/client.js").body
    assert members["package/client.d.ts"] == site.get("/client.d.ts").body


def test_the_package_says_what_it_is(site: Site) -> None:
    facts = json.loads(read_members(site.get("/client.tgz").body)["package/package.json"])
    assert (facts["name"], facts["version"]) == ("digits-client", __version__)
    assert (facts["type"], facts["license"]) == ("module", "MIT")
    assert facts["exports"]["."] == {"types": "./client.d.ts", "default": "./client.js"}
    assert not {"dependencies", "scripts", "bin"} & set(facts)


def test_every_process_makes_the_same_bytes(site: Site) -> None:
    here = hashlib.sha256(site.get("/client.tgz").body).hexdigest()
    made = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=processes.ROOT,
        env={"TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.strip() == here


def test_it_is_checked_by_its_content_and_sent_in_parts(site: Site) -> None:
    whole = site.get("/client.tgz", {"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in whole.headers
    assert whole["Cache-Control"] == "public, max-age=60"
    again = site.get("/client.tgz", {"If-None-Match": whole["ETag"]})
    assert (again.status, again.body) == (304, b"")
    part = site.get("/client.tgz", {"Range": "bytes=10-19", "If-Range": whole["ETag"]})
    assert (part.status, part.body) == (206, whole.body[10:20])
    head = site.head("/client.tgz")
    assert (head["Content-Length"], head.body) == (str(len(whole.body)), b"")


@given(st.binary(max_size=300), st.sampled_from([1, LARGEST_BLOCK // 100, LARGEST_BLOCK // 50]))
def test_a_stored_gzip_file_is_its_content(content: bytes, times: int) -> None:
    assert gzip.decompress(store_gzip(content * times)) == content * times


def test_blocks_end_where_they_must() -> None:
    for size in (0, 1, LARGEST_BLOCK - 1, LARGEST_BLOCK, LARGEST_BLOCK + 1, 2 * LARGEST_BLOCK):
        content = bytes(size)
        assert gzip.decompress(store_gzip(content)) == content
