"""nginx as it is shipped in deploy/nginx, in front of replicas on this machine. Imports the standard library alone."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import ROOT

CONFIGURATION = ROOT / "deploy" / "nginx" / "nginx.conf"
"""What is shipped."""

PATIENCE = 30
"""Seconds after which something that should have happened long ago is a failure."""

PAUSE = 0.01
"""Seconds between two looks for it."""


@dataclass(frozen=True)
class Nginx:
    """A running nginx."""

    url: str
    log: Path

    def read_log(self, identity: str) -> Any:  # noqa: ANN401 - JSON
        """What nginx logged about the request with an `X-Request-ID`; it logs after it has answered."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for line in self.log.read_text(encoding="utf-8").splitlines():
                if identity in line and (entry := json.loads(line))["request_id"] == identity:
                    return entry
            time.sleep(PAUSE)
        raise AssertionError(f"No request {identity} is in the log.")


def find_nginx() -> str | None:
    """The program, also where only root has its directory on the path."""
    return shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))


def find_free_port() -> int:
    """A port of loopback that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def render(folder: Path, port: int, replicas: Sequence[str]) -> str:
    """The configuration with other addresses and folders; the name of the replicas is resolved here, not by nginx."""
    servers = "\n".join(f"        server {address} max_fails=0;" for address in replicas)
    text = CONFIGURATION.read_text(encoding="utf-8")
    for shipped, local in (
        ("        server replica:8000 resolve max_fails=0;", servers),
        ("        resolver 127.0.0.11 valid=1s ipv6=off;", "#"),
        ("listen 8080 default_server;", f"listen 127.0.0.1:{port} default_server;"),
        (" buffer=32k flush=1s;", ";"),
    ):
        assert text.count(shipped) == 1, f"{shipped!r} is not once in {CONFIGURATION}"
        text = text.replace(shipped, local)
    return text.replace("/tmp/nginx", f"{folder}/nginx")  # noqa: S108 - that of the shipped container


@contextmanager
def run_nginx(program: str, folder: Path, replicas: Sequence[str]) -> Iterator[Nginx]:
    """Run nginx on a free port, in front of replicas by their `host:port`, until the block ends."""
    port, log = find_free_port(), folder / "access.log"
    file = folder / "nginx.conf"
    file.write_text(render(folder, port, replicas), encoding="utf-8")
    main = "daemon off; worker_shutdown_timeout 1s;" + (" user root;" if os.geteuid() == 0 else "")
    command = [program, "-e", "stderr", "-p", str(folder), "-c", str(file), "-g", main]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output) as process:
        try:
            wait_for_port(port, process)
            yield Nginx(f"http://127.0.0.1:{port}", log)
        finally:
            process.terminate()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process listens."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, "nginx has ended; its reason is on standard error."
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            time.sleep(PAUSE)
        else:
            return
    raise AssertionError("nginx does not listen.")
