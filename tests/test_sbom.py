"""The bill of materials: all that is shipped is in it, with licences and digests, and it is the same each time."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from service import __version__
from service.datasets import SOURCES
from tests.processes import ROOT

Bill = dict[str, Any]


def print_bill(seed: str) -> str:
    """What the program prints, with hashes of Python that begin with `seed`."""
    command = [sys.executable, "-W", "error", str(ROOT / ".ci" / "sbom.py")]
    environment = {"PYTHONHASHSEED": seed, "PATH": ""}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def printed() -> str:
    return print_bill("1")


@pytest.fixture(scope="module")
def bill(printed: str) -> Bill:
    found: Bill = json.loads(printed)
    return found


def test_it_is_the_same_each_time_and_tells_no_time(printed: str, bill: Bill) -> None:
    assert print_bill("2") == printed
    assert "timestamp" not in bill["metadata"]
    assert str(ROOT) not in printed


def test_it_is_of_this_release(bill: Bill) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    service = bill["metadata"]["component"]
    assert (service["name"], service["version"]) == ("digits-service", __version__)


def test_it_has_what_the_image_installs_once(bill: Bill) -> None:
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    listed = [one["name"] for one in bill["components"] if one.get("purl", "").startswith("pkg:pypi/")]
    locked = set(re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE))
    assert len(listed) == len(set(listed))
    assert locked - {*listed} == {"colorama", "filelock", "urllib3"} & locked
    assert {*listed} <= locked


def test_every_part_has_a_licence_and_digests_of_its_files(bill: Bill) -> None:
    for part in bill["components"]:
        assert part["licenses"], part["name"]
        files = [digest for one in part.get("externalReferences", ()) for digest in one["hashes"]]
        assert files or part["hashes"], part["name"]
        lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
        assert all(digest["content"] in lock for digest in files)


def test_it_has_what_no_lock_names(bill: Bill) -> None:
    parts = {one["name"]: one for one in bill["components"]}
    assert {"ibm-plex-mono", "ibm-plex-sans", "swagger-ui-dist", "python"} <= set(parts)
    assert parts["swagger-ui-dist"]["version"].startswith("5.")
    assert parts["python"]["hashes"][0]["content"] in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for source in SOURCES:
        data = parts[source.card.name]
        assert (data["type"], data["hashes"][0]["content"]) == ("data", source.card.digest)
        assert data["licenses"][0]["license"]["id"] == source.card.licence.name.replace("CC ", "CC-").replace(" ", "-")


def test_every_shipped_font_is_described(bill: Bill) -> None:
    described = " ".join(one.get("description", "") for one in bill["components"])
    fonts = [file.name for file in (ROOT / "service" / "explorer" / "fonts").glob("*.woff2")]
    assert fonts
    assert [name for name in fonts if name not in described] == []
