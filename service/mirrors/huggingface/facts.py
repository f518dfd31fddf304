"""What the Hub tells of a dataset.

Source: `DatasetInfo`, `GitRefs` and `GitCommitInfo` of huggingface_hub, which read it.
"""

from collections.abc import Mapping
from typing import Any

from service.mirrors.huggingface.readme import name_licence, name_size
from service.mirrors.huggingface.repositories import DATE, MAIN, Repository
from service.mirrors.huggingface.tree import COMMIT_TITLE, Entry


def describe_refs(repository: Repository) -> dict[str, Any]:
    """The branches and tags of a repository: one branch."""
    branch = {"name": MAIN, "ref": f"refs/heads/{MAIN}", "targetCommit": repository.commit}
    return {"branches": [branch], "tags": [], "converts": [], "pullRequests": []}


def describe_commits(repository: Repository) -> list[dict[str, Any]]:
    """The commits of a repository: one."""
    return [{"id": repository.commit, "title": COMMIT_TITLE, "message": "", "authors": [], "date": DATE}]


def describe(repository: Repository, entries: Mapping[str, Entry]) -> dict[str, Any]:
    """What the Hub tells of a dataset, with sizes and checksums of those files that `entries` has."""
    card = repository.card
    return {
        "_id": repository.id,
        "id": repository.name,
        "author": repository.name.partition("/")[0],
        "sha": repository.commit,
        "private": False,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [
            "task_categories:image-classification",
            f"license:{name_licence(card)}",
            f"size_categories:{name_size(card)}",
            "format:parquet",
            "modality:image",
        ],
        "description": card.summary,
        "lastModified": DATE,
        "createdAt": DATE,
        "siblings": [describe_sibling(path, entries.get(path)) for path in repository.files],
    }


def describe_sibling(path: str, entry: Entry | None) -> dict[str, Any]:
    """A file as the facts about a dataset tell of it."""
    if entry is None:
        return {"rfilename": path}
    sibling = {"rfilename": path, "blobId": entry["oid"], "size": entry["size"]}
    if "lfs" in entry:
        large = entry["lfs"]
        sibling["lfs"] = {"sha256": large["oid"], "size": large["size"], "pointerSize": large["pointerSize"]}
    return sibling
