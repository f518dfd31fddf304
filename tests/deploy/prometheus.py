"""Debian's Prometheus and its promtool, and a Prometheus that asks a service and is asked by tests."""

import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest

from tests.processes import ROOT
from tests.sites import Site

FOLDER = ROOT / "deploy" / "prometheus"
"""Configuration, rules and their tests."""

LISTENING = re.compile(r'msg="Listening on" address=(\S+)')
READY = "Server is ready to receive web requests."
"""What Prometheus writes when it has started."""

SECONDS = 60
"""How long Prometheus may take until it has asked the service a few times."""


def find_tool(name: str) -> str:
    """The path of a program of Debian's package `prometheus`; skips the test where there is none."""
    path = shutil.which(name)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing; it is in Debian's package prometheus.")
        pytest.skip(f"{name} is not installed (apt-get install prometheus)")
    return path


def run_promtool(*arguments: str | Path, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """`promtool …`, with `text` as its input."""
    return subprocess.run([find_tool("promtool"), *arguments], input=text, capture_output=True, check=False, timeout=60)


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus by its base URL."""

    url: str

    def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
        """The data that its HTTP API gives."""
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(parameters)}", timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression gives now."""
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def wait_for_rules(self) -> list[dict[str, Any]]:
        """All rules, each evaluated at least once."""
        end = time.monotonic() + SECONDS
        while True:
            rules = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
            if all(rule["health"] != "unknown" for rule in rules):
                return rules
            assert time.monotonic() < end, rules
            time.sleep(0.05)

    def wait_for(self, expression: str) -> None:
        """Wait until an expression gives something."""
        end = time.monotonic() + SECONDS
        while not self.query(expression):
            assert time.monotonic() < end, f"{expression} gives nothing"
            time.sleep(0.05)


@contextmanager
def run_prometheus(site: Site, folder: Path) -> Iterator[Prometheus]:
    """Prometheus with the configuration of this repository, but the address of `site`, and shorter intervals."""
    config = (FOLDER / "prometheus.yml").read_text(encoding="utf-8")
    for old, new in (("127.0.0.1:8000", urlsplit(site.url).netloc), ("15s", "200ms")):
        assert old in config
        config = config.replace(old, new)
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    shutil.copy(FOLDER / "alerts.yml", folder)
    command = [
        find_tool("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            told = ""
            for line in process.stderr:
                told += line
                if READY in line:
                    break
            address = LISTENING.search(told)
            assert address, told
            reader = threading.Thread(target=process.stderr.read)  # so that it never waits for a reader
            reader.start()
            yield Prometheus(f"http://{address[1]}")
        finally:
            process.terminate()
            process.wait(30)
        reader.join()
