#!/usr/bin/env python3
"""Compares locks with a list of known vulnerabilities, which is a file of the repository: no service is asked.

    .ci/audit.py LOCK…                        # exit code 1 for a vulnerability that is no known exception
    .ci/audit.py --collect CLONE LOCK…        # print the list anew, of a clone of PyPA's advisory database

The list has the advisories of all packages in the locks, as ranges of versions (Open Source Vulnerability format).
"""

import argparse
import datetime as dt
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ADVISORIES = Path(__file__).with_name("advisories.json")
"""The list, and the day of its newest advisory."""

EXCEPTIONS = Path(__file__).with_name("audit-exceptions.toml")
"""Vulnerabilities that do no harm where they are, each with a reason."""

PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
"""A line of a lock."""

LONGEST = 160
"""Characters of an advisory's text that are kept."""


@dataclass(frozen=True, order=True)
class Finding:
    """A vulnerability of a package in a lock."""

    lock: str
    package: str
    version: str
    advisory: str
    aliases: tuple[str, ...]
    text: str

    @property
    def names(self) -> set[str]:
        """Every name of the vulnerability."""
        return {self.advisory, *self.aliases}


def read_lock(lock: Path) -> set[tuple[str, str]]:
    """Names and versions in a lock; a package may have several versions, for different Pythons."""
    return {(canonicalize_name(name), version) for name, version in PINNED.findall(lock.read_text(encoding="utf-8"))}


def is_affected(version: str, advisory: dict[str, Any]) -> bool:
    """Whether a version is one that the advisory names, or lies in one of its ranges."""
    if version in advisory["versions"]:
        return True
    return any(_contains(events, Version(version)) for events in advisory["ranges"])


def _contains(events: Sequence[dict[str, str]], version: Version) -> bool:
    """Whether events of a range leave a version affected (OSV schema, "Evaluation")."""
    affected = False
    for event in sorted(events, key=lambda one: Version(next(iter(one.values())))):
        ((kind, text),) = event.items()
        bound = Version(text)
        if kind == "introduced" and version >= bound:
            affected = True
        elif (kind == "fixed" and version >= bound) or (kind == "last_affected" and version > bound):
            affected = False
    return affected


def find(locks: Sequence[Path], advisories: dict[str, list[dict[str, Any]]]) -> list[Finding]:
    """The known vulnerabilities of what is locked."""
    return sorted(
        Finding(str(lock), name, version, one["id"], tuple(one["aliases"]), one["text"])
        for lock in locks
        for name, version in read_lock(lock)
        for one in advisories.get(name, ())
        if is_affected(version, one)
    )


def audit(locks: Sequence[Path], *, advisories: Path, exceptions: Path) -> int:
    """Tell what was found, and give the exit code."""
    known = json.loads(advisories.read_text(encoding="utf-8"))
    allowed = tomllib.loads(exceptions.read_text(encoding="utf-8")).get("exception", [])
    findings = find(locks, known["packages"])
    used = [one for one in allowed if any(_allows(one, finding) for finding in findings)]
    bad = [finding for finding in findings if not any(_allows(one, finding) for one in allowed)]
    for finding in bad:
        names = ", ".join(sorted(finding.names))
        print(f"{finding.lock}: {finding.package} {finding.version}: {names}: {finding.text}", file=sys.stderr)
    unused = [one for one in allowed if one not in used and one["lock"] in map(str, locks)]
    for one in unused:
        print(f"The exception {one['id']} of {one['lock']} is not needed any more.", file=sys.stderr)
    days = (dt.datetime.now(dt.UTC).date() - dt.date.fromisoformat(known["as_of"])).days
    count = len({pin for lock in locks for pin in read_lock(lock)})
    print(f"{count} versions in {len(locks)} locks: {len(bad)} known vulnerabilities, {len(used)} exceptions.")
    print(f"The list is of {known['as_of']}, {days} days ago; `make advisories` takes a newer one.")
    return 1 if bad or unused else 0


def _allows(exception: dict[str, str], finding: Finding) -> bool:
    return exception["lock"] == finding.lock and exception["id"] in finding.names and bool(exception["reason"])


def collect(clone: Path, locks: Sequence[Path]) -> dict[str, Any]:
    """The advisories of all packages in the locks."""
    day = _git(clone, "log", "-1", "--format=%cs").strip()
    names = sorted({name for lock in locks for name, _ in read_lock(lock)})
    packages = {name: list(_read_advisories(clone, name)) for name in names}
    return {
        "source": "Python Packaging Advisory Database, github.com/pypa/advisory-database, CC BY 4.0",
        "as_of": day,
        "packages": {name: found for name, found in packages.items() if found},
    }


def _read_advisories(clone: Path, name: str) -> Iterator[dict[str, Any]]:
    import yaml  # noqa: PLC0415 - only for a new list

    for path in _git(clone, "ls-tree", "--name-only", "HEAD", f"vulns/{name}/").split():
        record = yaml.safe_load(_git(clone, "show", f"HEAD:{path}"))
        if "withdrawn" in record:
            continue
        for affected in record["affected"]:
            ranges = [one["events"] for one in affected.get("ranges", ()) if one["type"] == "ECOSYSTEM"]
            text = " ".join((record.get("summary") or record.get("details") or "").split())[:LONGEST]
            aliases = sorted(record.get("aliases", ()))
            versions = [] if ranges and all(map(_is_valid, ranges)) else affected.get("versions", [])
            valid = [one for one in ranges if _is_valid(one)]
            yield {"id": record["id"], "aliases": aliases, "text": text, "ranges": valid, "versions": versions}


def _is_valid(events: Sequence[dict[str, str]]) -> bool:
    try:
        return bool([Version(text) for event in events for text in event.values()])
    except InvalidVersion:
        return False


def _git(clone: Path, *arguments: str) -> str:
    command = ["git", "-C", str(clone), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - git of this machine


def main() -> int:
    """Audit locks, or print the list anew."""
    parser = argparse.ArgumentParser(description="Compares locks with a list of known vulnerabilities.")
    parser.add_argument("locks", nargs="+", type=Path)
    parser.add_argument("--collect", type=Path, metavar="CLONE", help="print the list, of a clone of the database")
    parser.add_argument("--advisories", type=Path, default=ADVISORIES)
    parser.add_argument("--exceptions", type=Path, default=EXCEPTIONS)
    chosen = parser.parse_args()
    if chosen.collect:
        print(json.dumps(collect(chosen.collect, chosen.locks), indent=1, ensure_ascii=False))
        return 0
    return audit(chosen.locks, advisories=chosen.advisories, exceptions=chosen.exceptions)


if __name__ == "__main__":
    sys.exit(main())
