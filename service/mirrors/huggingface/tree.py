"""The tree of a repository as git and the Hub describe it: every file and folder with its size and name of object.

Parquet files are in Git LFS, so git's object is a pointer that tells the SHA-256 and size of the content.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.http.representation import Finished
from service.mirrors.huggingface.readme import README
from service.mirrors.huggingface.repositories import DATE, Repository

COMMIT_TITLE = "Add the dataset"
"""The title of the one commit."""

Entry = dict[str, Any]
"""A file or folder, ready for JSON."""


@dataclass(frozen=True)
class Blob:
    """A file: the content of its object in git, and what is in LFS, if anything."""

    content: bytes
    large: Finished | None

    @property
    def oid(self) -> str:
        """Git's name of the object."""
        return hash_object(b"blob", self.content)


def hash_object(kind: bytes, content: bytes) -> str:
    """Git's name of an object: 40 hex digits.

    Source: Pro Git, second edition, section 10.2, "Object storage".
    """
    return hashlib.sha1(b"%b %d\0%b" % (kind, len(content), content), usedforsecurity=False).hexdigest()


def write_pointer(file: Finished) -> bytes:
    """What git has of a file in LFS.

    Source: Git LFS specification, "The pointer".
    """
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{file.sha256}\nsize {len(file)}\n".encode()


def read_blob(repository: Repository, path: str, file: Finished) -> Blob:
    """The object of a finished file."""
    return Blob(repository.readme, None) if path == README else Blob(write_pointer(file), file)


def describe_tree(repository: Repository, files: Mapping[str, Finished], *, expand: bool) -> dict[str, Entry]:
    """Every folder and file by its path; with `expand`, each has its last commit.

    Source: `RepoFile` and `RepoFolder` of huggingface_hub, which read them.
    """
    blobs = {path: read_blob(repository, path, file) for path, file in files.items()}
    folders = sorted({path.rpartition("/")[0] for path in blobs} - {""})
    entries = {path: _describe_folder(path, blobs) for path in folders}
    entries |= {path: _describe_file(path, blob) for path, blob in blobs.items()}
    commit = {"id": repository.commit, "title": COMMIT_TITLE, "date": DATE}
    return {path: {**entry, "lastCommit": commit} for path, entry in entries.items()} if expand else entries


def _describe_file(path: str, blob: Blob) -> Entry:
    entry: Entry = {"type": "file", "oid": blob.oid, "size": len(blob.large or blob.content), "path": path}
    if blob.large is not None:
        entry["lfs"] = {"oid": blob.large.sha256, "size": len(blob.large), "pointerSize": len(blob.content)}
    return entry


def _describe_folder(path: str, blobs: Mapping[str, Blob]) -> Entry:
    """A folder, which has files and no folders; git sorts them by name, and mode 100644 tells that they are files."""
    inside = sorted((name.removeprefix(f"{path}/"), blob) for name, blob in blobs.items() if is_within(name, path))
    tree = b"".join(b"100644 %b\0%b" % (name.encode(), bytes.fromhex(blob.oid)) for name, blob in inside)
    return {"type": "directory", "oid": hash_object(b"tree", tree), "size": 0, "path": path}


def is_within(path: str, folder: str) -> bool:
    """Whether a path is somewhere in a folder; all are in the root, which is empty."""
    return not folder or path.startswith(f"{folder}/")


def list_folder(entries: Mapping[str, Entry], folder: str, *, recursive: bool) -> list[Entry]:
    """What is in a folder, or, if `recursive`, also in those within it."""
    return [
        entry
        for path, entry in entries.items()
        if is_within(path, folder) and (recursive or path.rpartition("/")[0] == folder)
    ]
