"""A program with several workers, whose small application can be made to wait, to hang, to die, or not to start.

Arguments: port, workers, seconds of silence, and a folder in which a file named `broken` makes starts fail.
"""

import json
import logging
import os
import signal
import sys
import time
from pathlib import Path
from urllib.parse import unquote

from anyio import to_thread
from starlette.types import Message, Receive, Scope, Send

from service.http.metrics import Metrics
from service.http.server import server_config
from service.http.shared_metrics import SharedMetrics
from service.http.supervisor import Supervisor
from service.settings import Settings

FOLDER = Path(sys.argv[4]) if __name__ == "__main__" else Path()


class Application:
    """Tells which process answers, and counts what it answers."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.answers = 0
        self.metrics.read("test_workers", "Workers.", lambda: 1)
        self.metrics.read("test_answers", "Answers.", lambda: self.answers, counts=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(scope, receive, send)
            return
        path, argument = scope["path"], unquote(scope["query_string"].decode())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        self.metrics.count(path, scope["method"], 200, seconds=0.01)
        self.answers += 1
        if path == "/wait":  # until somebody writes to a named pipe
            await send({"type": "http.response.body", "body": b"begun,", "more_body": True})
            body = await to_thread.run_sync(Path(argument).read_bytes)
        elif path == "/hang":
            body = b""
            time.sleep(60)  # noqa: ASYNC251 - on purpose
        elif path == "/metrics":
            body, _ = await self.metrics.write()
        else:
            body = json.dumps(os.getpid()).encode()
        await send({"type": "http.response.body", "body": body})

    async def live(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        scope["state"]["metrics"] = self.metrics
        fault = FOLDER / "broken"
        complete: Message = {"type": "lifespan.startup.complete"}
        failed: Message = {"type": "lifespan.startup.failed", "message": "The application is broken."}
        if fault.exists() and fault.read_text() == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        await send(failed if fault.exists() else complete)
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = Settings(port=int(sys.argv[1]), workers=int(sys.argv[2]))
    metrics = SharedMetrics()
    config = server_config(Application(), settings)
    return Supervisor(config, workers=settings.workers, silence_seconds=int(sys.argv[3]), metrics=metrics).run()


if __name__ == "__main__":
    sys.exit(main())
