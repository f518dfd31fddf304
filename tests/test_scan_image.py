"""What looks into the container image finds each kind of fault, in small archives as `docker save` writes them."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.processes import ROOT

SCANNER = ROOT / ".ci" / "scan_image.py"

CONFIG: dict[str, Any] = {
    "User": "10001:10001",
    "Env": ["PATH=/venv/bin", "HOME=/tmp"],
    "Entrypoint": ["python", "-m", "service"],
    "Healthcheck": {"Test": ["CMD", "python", "-c", "pass"]},
}
"""The configuration of an image without faults."""

FILES: dict[str, dict[str, Any]] = {
    "tmp": {"type": tarfile.DIRTYPE, "mode": 0o1777},
    "venv/bin/python": {"type": tarfile.SYMTYPE, "linkname": "/usr/local/bin/python3", "mode": 0o777},
    "usr/local/bin/python3.13": {"mode": 0o755},
    "lib/x86_64-linux-gnu/libc.so.6": {"mode": 0o755},
    "app/service/app.py": {"content": b"# https://user:password@example.org is an example"},
}
"""The files of an image without faults."""


def add(archive: tarfile.TarFile, name: str, *, content: bytes = b"", **facts: Any) -> None:  # noqa: ANN401
    """Add a file to an archive; `facts` are attributes of its entry."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    for fact, value in facts.items():
        setattr(entry, fact, value)
    archive.addfile(entry, io.BytesIO(content))


def pack(files: Mapping[str, dict[str, Any]]) -> bytes:
    """A layer."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as layer:
        for name, facts in files.items():
            add(layer, name, **facts)
    return target.getvalue()


def save(path: Path, config: Mapping[str, Any], *layers: Mapping[str, dict[str, Any]], history: str = "") -> Path:
    """Write an image as `docker save` does."""
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    facts = {"config": {**CONFIG, **config}, "history": [{"created_by": history}]}
    with tarfile.open(path, "w") as archive:
        for name, files in zip(names, layers, strict=True):
            add(archive, name, content=pack(files))
        add(archive, "config.json", content=json.dumps(facts).encode())
        add(archive, "manifest.json", content=json.dumps([{"Config": "config.json", "Layers": names}]).encode())
    return path


def scan(archive: Path) -> tuple[int, list[str]]:
    """The exit code of the scanner, and the faults that it tells."""
    command = [sys.executable, "-I", str(SCANNER), str(archive)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stderr.splitlines()


def test_an_image_without_faults_passes(tmp_path: Path) -> None:
    assert scan(save(tmp_path / "image.tar", {}, FILES)) == (0, [])


TOKEN = b"gh" + b"p_" + b"a1B2" * 9


@pytest.mark.parametrize(
    ("name", "facts", "fault"),
    [
        ("usr/bin/sh", {"mode": 0o755}, "is a shell or a tool"),
        ("venv/bin/pip3.13", {"mode": 0o755}, "is a shell or a tool"),
        ("usr/local/bin/gcc", {}, "is a shell or a tool"),
        ("venv/lib/python3.13/site-packages/pip/__init__.py", {}, "can install packages"),
        ("usr/local/lib/python3.13/ensurepip/__init__.py", {}, "can install packages"),
        ("lib/helper", {"mode": 0o4755}, "rights of another"),
        ("lib/group.so", {"mode": 0o2755}, "rights of another"),
        ("app/service/open.json", {"mode": 0o666}, "can be written by everybody"),
        ("app/service", {"type": tarfile.DIRTYPE, "mode": 0o777}, "can be written by everybody"),
        ("app/service/own.py", {"uid": 10001}, "belongs to 10001:0"),
        ("app/run", {"mode": 0o755}, "is a program that was not expected"),
        ("usr/lib/null", {"type": tarfile.CHRTYPE}, "is a device"),
        ("app/.env", {}, "may hold secrets"),
        ("app/.git/config", {}, "may hold secrets"),
        ("app/service/server.key", {}, "may hold secrets"),
        ("etc/pip.conf", {}, "was not expected"),
        ("root/.cache/pip/x", {}, "is a leftover"),
        ("var/lib/apt/lists/x", {}, "is a leftover"),
        ("home/somebody", {}, "was not expected"),
        ("tmp/pip-build", {}, "was left in the temporary directory"),
        ("app/a.py", {"content": b"token = '" + TOKEN + b"'"}, "what looks like a secret"),
        ("app/b.py", {"content": b"https://me:hunter2@example.org/simple"}, "what looks like a secret"),
        ("app/c", {"content": b"-----BEGIN RSA PRIVATE KEY-----\n" + b"A" * 64}, "what looks like a secret"),
    ],
)
def test_a_file_that_must_not_be_there_is_told(tmp_path: Path, name: str, facts: dict[str, Any], fault: str) -> None:
    code, faults = scan(save(tmp_path / "image.tar", {}, FILES, {name: facts}))
    assert code == 1
    assert any(line.startswith(name) and fault in line for line in faults), faults


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"User": ""}, "the user is ''"),
        ({"User": "0:0"}, "the user is '0:0'"),
        ({"User": "digits"}, "the user is 'digits'"),
        ({"Healthcheck": {"Test": ["CMD-SHELL", "curl localhost"]}}, "needs a shell"),
        ({"Healthcheck": None}, "needs a shell, or there is none"),
        ({"Entrypoint": ["/bin/sh", "-c", "python"]}, "/bin/sh is started, which is a shell"),
        ({"Entrypoint": ["gunicorn"]}, "gunicorn is started, which is not in the image"),
        ({"Env": ["PATH=/venv/bin", "DIGITS_API_KEYS=abc"]}, "DIGITS_API_KEYS looks like a secret"),
    ],
)
def test_a_fault_of_the_configuration_is_told(tmp_path: Path, config: dict[str, Any], fault: str) -> None:
    code, faults = scan(save(tmp_path / "image.tar", config, FILES))
    assert code == 1
    assert any(fault in line for line in faults), faults


def test_a_secret_in_a_step_of_the_build_is_told(tmp_path: Path) -> None:
    faults = scan(save(tmp_path / "image.tar", {}, FILES, history=f"RUN login {TOKEN.decode()}"))
    assert faults == (1, ["a step of the build shows a secret"])


def test_what_an_upper_layer_removes_is_not_there(tmp_path: Path) -> None:
    removed = {"usr/bin/sh": {"mode": 0o755}, "opt/tool/a": {}, "opt/tool/b": {}}
    whiteouts: dict[str, dict[str, Any]] = {"usr/bin/.wh.sh": {}, ".wh.opt": {}}
    assert scan(save(tmp_path / "image.tar", {}, FILES, removed, whiteouts)) == (0, [])
