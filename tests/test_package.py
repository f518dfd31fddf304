"""The files of packages: they are the ones of the release, or the service does not start, or says by entity tags so."""

import base64
import hashlib
import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from itertools import cycle
from pathlib import Path

import pytest

from service import package
from service.api.explorer import list_names
from service.api.operations import RESOURCES
from service.errors import DamagedData
from service.package import RECORD, compute_record, read_file, read_installed, read_record, write_record
from tests.processes import ROOT, SERVE, run_server
from tests.sites import Site

PACKAGE = ROOT / "service"

FILES = sorted(
    path.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("*")
    if path.is_file() and path.suffix not in (".py", ".pyc", ".sh", ".in", ".txt")
)
"""Every file of the package that is no program and no lock."""

NEVER_READ = {"datasets/NOTICE", "explorer/fonts/LICENSE", "py.typed"}
"""Files for people and for tools."""

SERVED = {f"explorer/{name}": f"/explorer/{name}" for name in list_names()} | {"explorer/index.html": "/"}
"""Files that are answers themselves, with a path of one."""

VERIFIED = [name for name in FILES if name not in NEVER_READ and name not in SERVED]
"""Files that must be exactly those of the release."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, which tests may damage, in a folder of its own."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "service")
    return folder


STARTS = """
import os, sys
from service.app import SOURCES, create_app, load, prepare_files
from service.api.operations import RESOURCES
from service.errors import DamagedData
from service.package import RECORD, compute_record, read_file, read_installed, read_record, write_record
from service.package import ROOT

HOW = {"missing": None, "truncated": lambda old: old[:-1], "altered": lambda old: old[:-9] + b"!" + old[-8:]}
for line in sys.stdin:
    name, how = line.split()
    file = ROOT / name
    original = file.read_bytes()
    file.unlink()
    if how != "missing":
        file.write_bytes(HOW[how](original))
    if not os.fork():  # a process that has read nothing yet
        try:
            prepare_files(), load(SOURCES), create_app()
            print(name, how, "started", flush=True)
        except DamagedData as error:
            print(name, how, "refused", error, flush=True)
        finally:
            os._exit(0)
    os.wait()
    file.write_bytes(original)
"""
"""Damages the files that it is told of, one after the other, and starts what the service starts."""


def test_every_file_that_is_not_served_itself_is_verified(copy: Path) -> None:
    damages = [f"{name} {how}" for name, how in zip(VERIFIED, cycle(["truncated", "altered"]), strict=False)]
    damages += [f"{name} missing" for name in ("explorer/index.html", "files.json", "http/templates/frame.html")]
    command = [sys.executable, "-c", STARTS]
    ended = subprocess.run(command, cwd=copy, input="\n".join(damages), capture_output=True, text=True, check=True)
    told = [line.split(maxsplit=3) for line in ended.stdout.splitlines()]
    assert [f"{name} {how}" for name, how, *_ in told] == damages, ended.stderr
    assert [line for line in told if line[2] != "refused"] == []
    for name, _, _, sentence in told:
        assert Path(name).name in sentence or name == "files.json"  # whose digests are taken for those expected
        assert "reinstall" in sentence


def test_a_file_that_is_served_itself_has_another_entity_tag_when_it_is_altered(copy: Path, live: Site) -> None:
    originals = {name: (copy / "service" / name).read_bytes() for name in SERVED}
    for name, content in originals.items():
        place = content.rindex(b"\n")  # a comment or a space: whatever it is, the file has other bytes then
        (copy / "service" / name).write_bytes(content[:place] + b" " + content[place:])
    try:
        with run_server(
            [sys.executable, *SERVE], environment={"PATH": "", "PYTHONPATH": str(copy)}, folder=copy
        ) as one:
            altered = {path: Site(one.url).get(path) for path in SERVED.values()}
    finally:
        for name, content in originals.items():
            (copy / "service" / name).write_bytes(content)
    for path, answer in altered.items():
        assert answer.status == 200
        genuine = live.get(path)
        assert answer.body != genuine.body
        assert answer["ETag"] != genuine["ETag"], path


def test_the_start_of_the_server_is_refused_with_the_sentence(copy: Path) -> None:
    file = copy / "service" / "http" / "templates" / "frame.html"
    original = file.read_bytes()
    file.write_bytes(original[: len(original) // 2])
    try:
        command = [sys.executable, "-m", "service", "serve"]
        ended = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode != 0
        assert re.search(r"http/templates/frame\.html is not the file of this release: SHA-256 \w{64}", ended.stderr)
        assert "Traceback" not in ended.stderr
    finally:
        file.write_bytes(original)


def test_the_record_is_that_of_the_files() -> None:
    assert compute_record() == dict(read_record()), "run `make files` and commit the record"
    assert write_record(read_record()) == RECORD.read_text()
    assert set(read_record()) <= set(VERIFIED)


def test_a_file_that_the_record_lacks_is_not_read() -> None:
    with pytest.raises(DamagedData, match=r"explorer/client\.js is not the file of this release"):
        read_file("explorer/client.js")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a package `made` that was installed with the file `text.txt`."""
    facts = tmp_path / "made-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Name: made\nVersion: 1.0\n")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "text.txt").write_bytes(b"text")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"text").digest()).rstrip(b"=").decode()
    (facts / "RECORD").write_text(f"made/text.txt,sha256={digest},4\nmade-1.0.dist-info/RECORD,,\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_file_of_another_package_must_be_the_one_that_was_installed(installed: Path) -> None:
    assert read_installed("made", "made/text.txt") == b"text"
    (installed / "made" / "text.txt").write_bytes(b"other")
    with pytest.raises(
        DamagedData, match=r"made/text\.txt is damaged: sha256=.*, expected sha256=.*; reinstall made\."
    ):
        read_installed("made", "made/text.txt")
    (installed / "made" / "text.txt").unlink()
    with pytest.raises(DamagedData, match=r"made/text\.txt cannot be read .No such file.*reinstall made\."):
        read_installed("made", "made/text.txt")
    with pytest.raises(DamagedData, match="never-made is not installed"):
        read_installed("never-made", "made/text.txt")


def test_a_package_that_was_installed_without_digests_is_read_as_it_is(installed: Path) -> None:
    (installed / "made-1.0.dist-info" / "RECORD").unlink()
    (installed / "made" / "text.txt").write_bytes(b"other")
    assert read_installed("made", "made/text.txt") == b"other"


def test_what_the_service_reads_of_other_packages_has_digests() -> None:
    for name, file in (
        ("scikit-learn", "sklearn/datasets/descr/digits.rst"),
        (RESOURCES[0], RESOURCES[1] + "swagger-ui.css"),
    ):
        assert "sha256=" in str(package._list_installed(distribution(name))[file])
