"""The Hugging Face mirror: its files are the data, its facts are those of its files, and it refuses as the Hub does."""

import hashlib
import io
import json
import zlib
from fnmatch import fnmatch
from urllib.parse import urlencode

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.data.dataset import Dataset
from service.data.selection import Selection
from service.formats.format import PIECE
from service.formats.png import PLAIN, encode_rows
from service.formats.render import to_grey
from service.mirrors.huggingface import MIRROR
from service.mirrors.huggingface.parquet import ROW_GROUP, encode_split
from service.mirrors.huggingface.repositories import DIGITS, MNIST, REPOSITORIES, ROOT, Repository
from tests import made
from tests.formats.stored import store_rows
from tests.http.expect import assert_problem, stable_headers
from tests.sites import Answer, Site

FILES = f"{ROOT}/datasets"
API = f"{ROOT}/api/datasets"

FACTS = {
    "info": {
        "features": {
            "image": {"_type": "Image"},
            "label": {"names": [str(digit) for digit in range(10)], "_type": "ClassLabel"},
        }
    }
}
"""What the metadata of every file tells the library datasets."""

PATHS = [(repository, path) for repository in REPOSITORIES for path in repository.files]
SHARDS = [
    (repository, f"{repository.card.name}/{split}-00000-of-00001.parquet", source)
    for repository in REPOSITORIES
    for split, source in repository.splits.items()
]


def read_png(content: bytes, height: int, width: int) -> NDArray[np.uint8]:
    """The pixels of a picture of one chunk and no filters, as the encoder writes a digit."""
    lines = np.frombuffer(zlib.decompress(content[41:-16]), np.uint8).reshape(height, 1 + width)
    assert not lines[:, 0].any()
    return lines[:, 1:]


def hash_git(kind: str, content: bytes) -> str:
    """What `git hash-object` gives."""
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(("repository", "path", "source"), SHARDS)
def test_a_file_holds_every_sample_in_the_original_order(
    live: Site, real: dict[str, Dataset], repository: Repository, path: str, source: str
) -> None:
    split = real[repository.card.name].split(source)
    file = pq.ParquetFile(io.BytesIO(live.get(f"{FILES}/{repository.name}/resolve/main/{path}").body))
    image, label = file.read().columns
    contents = image.combine_chunks().field("bytes").to_pylist()
    height, width = split.card.height, split.card.width
    pixels = np.stack([read_png(one, height, width) for one in contents])
    for one, expected in zip(contents[:20], pixels, strict=False):
        with Image.open(io.BytesIO(one)) as picture:
            assert (picture.mode, picture.format) == ("L", "PNG")
            assert np.array_equal(np.asarray(picture), expected)
    assert pixels.tobytes() == to_grey(split.images, split.card.peak).tobytes()
    assert np.rint(pixels * (split.card.peak / 255)).astype(np.uint8).tobytes() == split.images.tobytes()
    assert label.to_numpy().tobytes() == split.labels.tobytes()


@pytest.mark.parametrize(("repository", "path", "source"), SHARDS)
def test_a_file_is_such_as_the_library_datasets_writes(
    live: Site, repository: Repository, path: str, source: str
) -> None:
    answer = live.get(f"{FILES}/{repository.name}/resolve/main/{path}")
    assert answer["Content-Type"] == "application/vnd.apache.parquet"
    file = pq.ParquetFile(io.BytesIO(answer.body))
    assert str(file.schema_arrow.field("image").type) == "struct<bytes: binary, path: string>"
    assert str(file.schema_arrow.field("label").type) == "int64"
    assert json.loads(file.schema_arrow.metadata[b"huggingface"]) == FACTS
    groups = [file.metadata.row_group(index).num_rows for index in range(file.num_row_groups)]
    assert set(groups[:-1]) <= {ROW_GROUP}
    assert sum(groups) == len(repository.card.splits[source])


def test_finished_rows_of_a_split_only_make_a_file_sooner() -> None:
    split = made.source().load().split("train")
    drawn = list(encode_split(split))
    split.encoded[PLAIN] = store_rows(encode_rows(Selection.of(split).batch()))
    assert b"".join(encode_split(split)) == b"".join(drawn)
    assert max(map(len, drawn)) <= PIECE


@pytest.mark.parametrize(("repository", "path"), PATHS)
def test_a_file_is_the_same_under_every_name_and_revision(live: Site, repository: Repository, path: str) -> None:
    expected = live.get(f"{FILES}/{repository.name}/resolve/main/{path}")
    assert expected.status == 200
    assert expected["X-Repo-Commit"] == repository.commit
    for name in (repository.name, repository.alias):
        for revision in ("main", repository.commit):
            target = f"{FILES}/{name}/resolve/{revision}/{path}?download=true"
            answer = live.get(target, {"Accept-Encoding": "gzip, zstd"})
            assert stable_headers(answer) == stable_headers(expected)
            assert answer.body == expected.body
            head = live.head(target)
            assert stable_headers(head) == stable_headers(answer)
            assert head["Content-Length"] == str(len(answer.body))
            assert "Content-Encoding" not in head.headers


def test_commits_are_those_that_others_have_pinned_or_tell_the_data() -> None:
    assert MNIST.commit == "77f3279092a1c1579b2250db8eafed0ad422088c"
    assert DIGITS.card.digest.startswith(DIGITS.commit)
    assert len(DIGITS.commit) == 40


def test_parts_and_conditions_are_those_of_any_file(live: Site) -> None:
    target = f"{FILES}/mnist/resolve/{MNIST.commit}/mnist/test-00000-of-00001.parquet"
    whole = live.get(target)
    for asked, expected in (
        ("bytes=-8", whole.body[-8:]),
        ("bytes=4-99", whole.body[4:100]),
        ("bytes=100-", whole.body[100:]),
    ):
        part = live.get(target, {"Range": asked})
        assert (part.status, part.body) == (206, expected)
        assert part["X-Repo-Commit"] == MNIST.commit
    beyond = live.get(target, {"Range": f"bytes={len(whole.body)}-"})
    assert (beyond.status, beyond["Content-Range"]) == (416, f"bytes */{len(whole.body)}")
    known = live.get(target, {"If-None-Match": whole["ETag"]})
    assert (known.status, known["ETag"], known["X-Repo-Commit"]) == (304, whole["ETag"], MNIST.commit)


@pytest.mark.parametrize("repository", REPOSITORIES)
@pytest.mark.parametrize("expand", ["true", "True", "false", None])
def test_a_tree_tells_sizes_and_hashes_of_what_is_served(
    live: Site, repository: Repository, expand: str | None
) -> None:
    query = "" if expand is None else f"&expand={expand}"
    entries = live.get(f"{API}/{repository.name}/tree/main?recursive=true{query}").json
    found = {entry["path"]: entry for entry in entries}
    assert found.keys() == {*repository.files, repository.card.name}
    tree = b""
    for path in sorted(repository.files):
        content = live.get(f"{FILES}/{repository.name}/resolve/main/{path}").body
        raw = live.get(f"{FILES}/{repository.name}/raw/main/{path}").body
        entry = found[path]
        assert (entry["type"], entry["size"]) == ("file", len(content))
        assert entry["oid"] == hash_git("blob", raw)
        if path == "README.md":
            assert (raw, "lfs" in entry) == (content, False)
            continue
        sha256 = hashlib.sha256(content).hexdigest()
        assert raw.decode() == (
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(content)}\n"
        )
        assert entry["lfs"] == {"oid": sha256, "size": len(content), "pointerSize": len(raw)}
        tree += b"100644 " + path.rpartition("/")[2].encode() + b"\0" + bytes.fromhex(entry["oid"])
    folder = found[repository.card.name]
    assert (folder["type"], folder["size"], folder["oid"]) == ("directory", 0, hash_git("tree", tree))
    for entry in entries:
        commit = entry.get("lastCommit")
        assert (commit is not None) == (expand in ("true", "True"))
        assert commit is None or (commit["id"], commit["date"][10:]) == (repository.commit, "T00:00:00.000Z")


def list_paths(answer: Answer) -> set[str]:
    assert answer.status == 200
    return {entry["path"] for entry in answer.json}


def test_a_tree_is_listed_by_folders(live: Site) -> None:
    shards = {"mnist/train-00000-of-00001.parquet", "mnist/test-00000-of-00001.parquet"}
    for revision in ("main", MNIST.commit):
        root = f"{API}/mnist/tree/{revision}"
        assert list_paths(live.get(root)) == {"README.md", "mnist"}
        assert list_paths(live.get(f"{root}?recursive=False&expand=False")) == {"README.md", "mnist"}
        assert list_paths(live.get(f"{root}/mnist")) == shards
        assert list_paths(live.get(f"{root}/mnist?recursive=True&limit=10")) == shards


def test_answers_about_a_dataset_are_the_same_under_every_name_and_revision(live: Site) -> None:
    for path in ("tree/main", "tree/main?recursive=true", "tree/main?expand=true", "refs", "commits/main", ""):
        answers = [live.get(f"{API}/{name}/{path}".rstrip("/")) for name in (MNIST.name, MNIST.alias)]
        answers.append(live.get(f"{API}/{MNIST.name}/{path.replace('main', MNIST.commit)}".rstrip("/")))
        assert len({(answer["ETag"], answer.body) for answer in answers}) == 1
        assert answers[0]["Content-Type"] == "application/json"
    tags = {live.get(f"{API}/mnist/tree/main?{query}")["ETag"] for query in ("", "recursive=true", "expand=true")}
    assert len(tags) == 3


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_facts_about_a_dataset(live: Site, repository: Repository) -> None:
    facts = live.get(f"{API}/{repository.name}").json
    assert (facts["id"], facts["sha"]) == (repository.name, repository.commit)
    assert (facts["private"], facts["gated"], facts["disabled"]) == (False, False, False)
    assert (facts["downloads"], facts["likes"]) == (0, 0)
    assert facts["lastModified"] == facts["createdAt"]
    assert facts["siblings"] == [{"rfilename": path} for path in repository.files]
    assert len(bytes.fromhex(facts["_id"])) == 12
    for revision in ("main", "HEAD", repository.commit):
        assert live.get(f"{API}/{repository.alias}/revision/{revision}?expand=sha&expand=likes").json == facts
    tree = {entry["path"]: entry for entry in live.get(f"{API}/{repository.name}/tree/main?recursive=1").json}
    detailed = live.get(f"{API}/{repository.name}?blobs=True").json
    for sibling in detailed.pop("siblings"):
        entry = tree[sibling["rfilename"]]
        assert (sibling["size"], sibling["blobId"]) == (entry["size"], entry["oid"])
        if "lfs" in entry:
            assert sibling["lfs"] == {
                "sha256": entry["lfs"]["oid"],
                "size": entry["lfs"]["size"],
                "pointerSize": entry["lfs"]["pointerSize"],
            }
    assert detailed == {name: value for name, value in facts.items() if name != "siblings"}


def test_a_dataset_has_one_branch_and_one_commit(live: Site) -> None:
    refs = live.get(f"{API}/digits/refs?include_prs=1").json
    assert refs["branches"] == [{"name": "main", "ref": "refs/heads/main", "targetCommit": DIGITS.commit}]
    assert refs["tags"] == refs["converts"] == refs["pullRequests"] == []
    assert [commit["id"] for commit in live.get(f"{API}/digits/commits/main?limit=100").json] == [DIGITS.commit]


def ask_paths(site: Site, body: bytes, media_type: str) -> Answer:
    return site.send("POST", f"{API}/mnist/paths-info/main", {"Content-Type": media_type}, body=body)


def test_paths_are_described_as_in_the_tree(live: Site) -> None:
    wanted = ["mnist/test-00000-of-00001.parquet", "nothing", "mnist", "README.md", "mnist"]
    for expand in (True, False):
        tree = {entry["path"]: entry for entry in live.get(f"{API}/mnist/tree/main?recursive=1&expand={expand}").json}
        expected = [tree[path] for path in wanted if path in tree][:3]
        forms = (
            (json.dumps({"paths": wanted, "expand": expand}), "application/json; charset=utf-8"),
            (urlencode({"paths": wanted, "expand": expand}, doseq=True), "application/x-www-form-urlencoded"),
        )
        for body, media_type in forms:
            answer = ask_paths(live, body.encode(), media_type)
            assert (answer.status, answer.json) == (200, expected)
            assert answer["Cache-Control"] == "no-store"
            assert "ETag" not in answer.headers
    for nothing in (b'{"paths": []}', b'{"paths": ["x"], "expand": null}'):
        assert ask_paths(live, nothing, "application/json").json == []


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", "application/json"),
        (b"[1]", "application/json"),
        (b'{"paths": "README.md"}', "application/json"),
        (b'{"paths": [3]}', "application/json"),
        (b"\xff", "application/x-www-form-urlencoded"),
        (b"paths=README.md&expand=maybe", "application/x-www-form-urlencoded"),
    ],
)
def test_paths_that_cannot_be_read_are_refused(live: Site, body: bytes, media_type: str) -> None:
    assert_problem(ask_paths(live, body, media_type), "invalid-request")


def test_too_many_paths_are_refused(live: Site) -> None:
    assert_problem(ask_paths(live, b"x" * 1_000_001, "application/x-www-form-urlencoded"), "too-large")


MISSING = [
    *(
        ("EntryNotFound", target)
        for target in (
            "/datasets/mnist/resolve/main/mnist.py",
            "/datasets/ylecun/mnist/resolve/main/.huggingface.yaml",
            f"/datasets/ylecun/mnist/resolve/{MNIST.commit}/dataset_infos.json",
            "/datasets/mnist/resolve/main/",
            "/datasets/mnist/resolve/main/mnist",
            "/datasets/mnist/resolve/main//README.md",
            "/datasets/mnist/resolve/main/mnist/../README.md",
            "/datasets/mnist/resolve/main/mnist/%2e%2e/README.md",
            "/datasets/mnist/resolve/main/%2e%2e%2fREADME.md",
            "/datasets/mnist/resolve/main/README.md%00",
            "/datasets/mnist/resolve/main/%C3%BC",
            "/datasets/mnist/resolve/main/digits/train-00000-of-00001.parquet",
            "/datasets/mnist/raw/main/nothing",
            "/api/datasets/mnist/tree/main/nothing",
            "/api/datasets/mnist/tree/main/mnist%2Fnothing",
            "/api/datasets/mnist/tree/main/README.md",
            "/api/datasets/mnist/tree/main/mnist/..",
        )
    ),
    *(
        ("RevisionNotFound", target)
        for target in (
            "/datasets/mnist/resolve/master/README.md",
            f"/datasets/mnist/resolve/{MNIST.commit[:7]}/README.md",
            f"/datasets/mnist/resolve/{DIGITS.commit}/README.md",
            "/datasets/mnist/resolve/refs%2Fconvert%2Fparquet/README.md",
            "/datasets/mnist/raw/../README.md",
            "/api/datasets/mnist/tree/refs%2Fpr%2F1",
            "/api/datasets/mnist/tree/v1/mnist",
            "/api/datasets/mnist/revision/refs%2Fpr%2F1",
            "/api/datasets/mnist/revision/",
            "/api/datasets/mnist/commits/dev",
        )
    ),
    *(
        ("RepoNotFound", target)
        for target in (
            "/datasets/lecun/mnist/resolve/main/README.md",
            "/datasets//mnist/resolve/main/README.md",
            "/datasets/ylecun//mnist/resolve/main/README.md",
            "/datasets/ylecun/digits/resolve/nothing/nothing",
            "/ylecun/mnist/resolve/main/README.md",
            "/api/datasets/lecun/mnist",
            "/api/datasets/",
            "/api/datasets",
            "/api/datasets/mnist/",
            "/api/datasets/mnist/paths-info/main",
            "/api/datasets/x/tree/main",
            "/api/models/mnist",
            "/",
            "/..%2f..%2fv1/datasets",
        )
    ),
]


@pytest.mark.parametrize(("code", "target"), MISSING)
def test_what_is_missing_has_the_code_by_which_clients_know_it(live: Site, code: str, target: str) -> None:
    answer = live.get(ROOT + target)
    assert_problem(answer, "unknown-resource")
    assert (answer["X-Error-Code"], bool(answer["X-Error-Message"])) == (code, True)
    head = live.head(ROOT + target)
    assert (head.status, head["X-Error-Code"]) == (404, code)


def test_paths_of_what_is_missing_are_missing(live: Site) -> None:
    for place, code in (("no/no/paths-info/main", "RepoNotFound"), ("mnist/paths-info/a%2Fb", "RevisionNotFound")):
        answer = live.send("POST", f"{API}/{place}", {"Content-Type": "application/json"}, body=b'{"paths": []}')
        assert (answer.status, answer["X-Error-Code"]) == (404, code)


def test_a_dataset_that_is_not_served_is_no_repository(site: Site) -> None:
    for target in (f"{API}/mnist", f"{FILES}/mnist/resolve/main/README.md"):
        assert (site.get(target).status, site.get(target)["X-Error-Code"]) == (404, "RepoNotFound")


def test_pages_of_other_origins_may_read_what_clients_need(live: Site) -> None:
    answer = live.get(f"{FILES}/mnist/resolve/main/README.md", {"Origin": "https://example.org"})
    exposed = answer["Access-Control-Expose-Headers"].split(", ")
    assert {"ETag", "Content-Range", "Link", "X-Repo-Commit", "X-Error-Code", "X-Error-Message"} <= set(exposed)


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_the_readme_names_the_files_and_the_licence(live: Site, repository: Repository) -> None:
    answer = live.get(f"{FILES}/{repository.alias}/resolve/main/README.md")
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    _, front, text = answer.body.decode().split("---\n", 2)
    lines = front.splitlines()
    patterns = [line.split()[1] for line in lines if line.strip().startswith("path:")]
    shards = [path for path in repository.files if path.endswith(".parquet")]
    assert [[path for path in shards if fnmatch(path, pattern)] for pattern in patterns] == [[one] for one in shards]
    assert f"license: {repository.card.licence.name.lower().replace(' ', '-')}" in lines
    assert "  default: true" in lines
    assert "num_bytes" not in front  # a client would compare it
    assert repository.card.digest in text
    assert repository.card.licence.url in text
    assert repository.card.citation in text


def test_the_files_of_the_list_are_those_of_the_repositories() -> None:
    assert len(MIRROR.files) == len(PATHS)
    for repository, path in PATHS:
        assert f"{FILES}/{repository.name}/resolve/main/{path}" in MIRROR.files
    for recipe in MIRROR.recipes:
        assert "{base}" + ROOT in recipe.code
