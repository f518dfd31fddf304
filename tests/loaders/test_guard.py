"""The walls around every test: no program that a loader runs gets to another machine, and each attempt is noted."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loaders.guard.sitecustomize import OtherHostError

ASK = "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://example.org')"
"""Python that pays no attention to proxies."""


@pytest.fixture
def attempts(home: Path) -> Path:
    """The file of attempts."""
    return home / "attempts"


def test_python_looks_up_and_connects_to_no_other_host(attempts: Path) -> None:
    with pytest.raises(OtherHostError, match=r"example\.org"):
        socket.getaddrinfo("example.org", 443)
    with socket.socket() as one, pytest.raises(OtherHostError, match=r"192\.0\.2\.1"):
        one.connect(("192.0.2.1", 443))
    assert [line.rpartition(" ")[2] for line in attempts.read_text().splitlines()] == ["example.org", "192.0.2.1"]
    attempts.unlink()  # otherwise this test would fail


def test_nor_does_python_in_a_child_process(attempts: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    assert "OtherHostError: example.org is another machine" in ended.stderr
    assert attempts.read_text() == "-c: example.org\n"
    attempts.unlink()


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_other_programs_find_a_proxy_that_does_not_answer(url: str) -> None:
    assert subprocess.run(["curl", "-sf", "-o/dev/null", "http://example.org"], check=False).returncode == 7  # noqa: S607
    subprocess.run(["curl", "-sf", "-o/dev/null", f"{url}/mirrors"], check=True)  # noqa: S607


def test_this_machine_can_be_reached_by_its_names() -> None:
    assert socket.getaddrinfo("localhost", 80)
    assert socket.getaddrinfo("127.0.0.1", 80)
