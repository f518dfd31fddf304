"""A Stage: a page of another origin, a browser, and what the tests in it need from npm."""

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn

import pytest

HERE = Path(__file__).parent

EXPLORER = HERE.parent.parent / "service" / "explorer"
"""The files of the explorer."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""A browser that needs no screen and asks nobody but us."""

VIEWS: tuple[str, ...] = tuple(
    json.loads(re.findall(r"VIEWS = (\[.*\]);", (EXPLORER / "address.js").read_text(encoding="utf-8"))[0])
)
"""The views of the explorer, in the order of its tabs."""

MEDIA_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


def needed(what: str, remedy: str) -> NoReturn:
    """Skip a test for want of something; where everything must run (`CI`), fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing: {remedy}", pytrace=False)
    pytest.skip(f"{what} is missing: {remedy}")


def program(*names: str) -> str:
    """The path of a program of the machine, by the first of its names that is found."""
    for name in names:
        if found := shutil.which(name):
            return found
    needed(names[0], f"install the system's package {names[0]}")


def package(name: str) -> Path:
    """The folder of an npm package."""
    folder = HERE / "node_modules" / name
    if not folder.is_dir():
        needed(f"the npm package {name}", "run `make test` where npm is found")
    return folder


def bundled(source: str, *, loader: str = "js") -> str:
    """A program with its npm packages in one module; what it imports by URL stays where it is."""
    tool = package("esbuild") / "bin" / "esbuild"
    command = [str(tool), "--bundle", "--format=esm", f"--loader={loader}", "--jsx=automatic", "--external:http*"]
    command += ['--define:process.env.NODE_ENV="production"', "--log-level=error"]
    done = subprocess.run(command, input=source, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def serving(files: dict[str, str]) -> Iterator[str]:
    """The files by path, at an origin of their own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            content = files.get(path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", MEDIA_TYPES.get(Path(path).suffix, MEDIA_TYPES[".html"]))
            self.end_headers()
            self.wfile.write((content or "").encode())

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
