"""nginx before a server, which it shows under a path."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.browser import stage
from tests.sites import Site

PREFIX = "/digits"
"""The path under which the server is shown."""

CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 418; }}
        location {prefix}/ {{
            proxy_pass {upstream};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;
        }}
    }}
}}
"""
"""A proxy that says of every request that it came over TLS, and answers 418 to what leads out of the prefix."""


@contextmanager
def proxy(upstream: str, folder: Path) -> Iterator[Site]:
    """nginx before a server, which gets paths as `upstream` says."""
    program = stage.program("nginx")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, port=port, prefix=PREFIX, upstream=upstream))
    with subprocess.Popen([program, "-p", folder, "-c", file, "-e", folder / "error.log"]) as process:
        try:
            deadline = time.monotonic() + 30
            while not listens(port):
                assert process.poll() is None, (folder / "error.log").read_text()
                assert time.monotonic() < deadline
            yield Site(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(30)


def listens(port: int) -> bool:
    """Whether a server has begun to listen."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
