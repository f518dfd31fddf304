"""`make audit` finds what is vulnerable, and nothing else; and what is locked is locked by digests."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

AUDIT = ROOT / ".ci" / "audit.py"

LOCKS = sorted(
    path.relative_to(ROOT) for path in ROOT.rglob("requirements*.txt") if not {".venv", "node_modules"} & {*path.parts}
)

WITHOUT_HASHES = {Path("tests/frameworks/requirements.txt"), Path("tests/loaders/torch/requirements.txt")}
"""Locks of test environments that take whichever build of PyTorch a machine has, so their files differ."""


def audit(*arguments: str | Path) -> tuple[int, str]:
    """The exit code, and what is told."""
    command = [sys.executable, str(AUDIT), *map(str, arguments)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stderr + ended.stdout


def test_nothing_that_is_locked_is_known_to_be_vulnerable() -> None:
    code, told = audit(*LOCKS)
    assert code == 0, told
    assert "0 known vulnerabilities" in told
    assert re.search(r"The list is of \d{4}-\d\d-\d\d, \d+ days ago", told)


def test_a_vulnerable_version_is_found_by_every_name_of_the_vulnerability(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "urllib3==1.26.4 ; python_version < '3.12' \\\n    --hash=sha256:00\nPillow==9.0.0\nurllib3[socks]==2.8.0\n"
    )
    code, told = audit(lock)
    assert code == 1
    for word in ("urllib3 1.26.4: CVE-2023-45803, GHSA-g4mx-q9vg-27p4, PYSEC-2023-212", "pillow 9.0.0: CVE-2022-24303"):
        assert word in told
    assert "urllib3 2.8.0" not in told


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A list with one advisory: versions from 2 up to 3.1 are affected, but not 2.5 and later 2.x; and 1.0a1."""
    ranges = [[{"introduced": "2"}, {"fixed": "2.5"}, {"introduced": "3"}, {"last_affected": "3.1"}]]
    advisory = {"id": "MADE-1", "aliases": ["CVE-0"], "text": "It breaks.", "ranges": ranges, "versions": ["1.0a1"]}
    file = tmp_path / "list.json"
    file.write_text(json.dumps({"as_of": "2026-01-01", "packages": {"made-thing": [advisory]}}))
    return file


def audit_made(made: Path, version: str, exceptions: str = "") -> tuple[int, str]:
    """What is told of a lock with one version of the made thing."""
    lock, allowed = made.with_name("lock.txt"), made.with_name("exceptions.toml")
    lock.write_text(f"Made_Thing=={version}\n")
    allowed.write_text(exceptions.replace("LOCK", str(lock)))
    return audit("--advisories", made, "--exceptions", allowed, lock)


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        *((version, True) for version in ("2", "2.0.0", "2.4.9", "2.5rc1", "3", "3.1", "1.0a1")),
        *((version, False) for version in ("1.9", "2.5", "2.9", "3.1.post1", "4")),
    ],
)
def test_ranges_are_those_of_the_format(made: Path, version: str, affected: bool) -> None:
    assert audit_made(made, version)[0] == affected


def test_an_exception_needs_a_reason_and_must_be_needed(made: Path) -> None:
    exception = '[[exception]]\nlock = "LOCK"\nid = "CVE-0"\nreason = "not called"\n'
    code, told = audit_made(made, "2", exception)
    assert (code, "0 known vulnerabilities, 1 exceptions" in told) == (0, True)
    assert audit_made(made, "2", exception.replace("not called", ""))[0] == 1
    assert audit_made(made, "2", exception.replace("CVE-0", "CVE-1"))[0] == 1
    code, told = audit_made(made, "2.5", exception)
    assert (code, "The exception CVE-0" in told) == (1, True)


def test_the_list_is_made_of_a_clone_of_the_database(tmp_path: Path) -> None:
    folder = tmp_path / "vulns" / "made-thing"
    folder.mkdir(parents=True)
    record = {"id": "MADE-2", "details": "It\n breaks.", "affected": [{"versions": ["1"], "ranges": []}]}
    events = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9"}]}, {"type": "GIT", "events": []}]
    (folder / "MADE-2.yaml").write_text(json.dumps(record))  # JSON is YAML
    (folder / "MADE-3.yaml").write_text(json.dumps({**record, "id": "MADE-3", "affected": [{"ranges": events}]}))
    (folder / "MADE-4.yaml").write_text(json.dumps({**record, "id": "MADE-4", "withdrawn": "2026-01-01"}))
    author = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    for command in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "--message", "made"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, capture_output=True)  # noqa: S607 - of this machine
    lock = tmp_path / "lock.txt"
    lock.write_text("made.thing==1\nother==2\n")
    code, told = audit("--collect", tmp_path, lock)
    assert code == 0
    facts = {"aliases": [], "text": "It breaks."}
    assert json.loads(told)["packages"] == {
        "made-thing": [
            {"id": "MADE-2", **facts, "ranges": [], "versions": ["1"]},
            {"id": "MADE-3", **facts, "ranges": [[{"introduced": "0"}, {"fixed": "9"}]], "versions": []},
        ]
    }


@pytest.mark.parametrize("lock", LOCKS, ids=str)
def test_every_version_is_pinned_and_has_digests(lock: Path) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.match(r"[a-z0-9._-]+(\[[a-z,-]+\])?==\S+", line)] == []
    if lock not in WITHOUT_HASHES:
        assert [line[:40] for line in lines if "--hash=sha256:" not in line] == []
    assert "://" not in text


@pytest.mark.parametrize("name", ["browser", "loaders", "openapi_clients"])
def test_every_package_of_npm_has_a_digest_and_names_no_host(name: str) -> None:
    text = (ROOT / "tests" / name / "package-lock.json").read_text(encoding="utf-8")
    packages = {path: one for path, one in json.loads(text)["packages"].items() if path and not one.get("link")}
    assert packages
    assert [path for path, one in packages.items() if not one["integrity"].startswith("sha512-")] == []
    assert [path for path, one in packages.items() if "resolved" in one] == []
