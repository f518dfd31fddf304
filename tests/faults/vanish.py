"""Peers that vanish without a word: run in a network of its own, in which packets can be dropped.

    unshare --net python -m tests.faults.vanish

Prints what became of the connections as JSON. A packet of a peer that has vanished reaches nobody, so the server learns
of it by time alone.
"""

import json
import socket
import subprocess
import sys
import time

from tests.faults.corpus import BODY, SIZED, TAKE, get
from tests.faults.observe import count_sockets
from tests.processes import SERVE, run_server
from tests.sites import Site

STAGES = {
    "before the head": b"",
    "in the head": b"GET / HTTP/1.1\r\nHost: h\r\nX: ",
    "in a body": TAKE + SIZED + b"\r\n" + BODY[:5],
    "after an answer": get(),
    "in a stream": get(target=b"/v1/datasets/mnist/train/batches?batch_size=8192&steps=all&scale=unit&format=arrow"),
}
"""What was sent before the peer vanishes."""

EACH = 5
"""Peers that vanish at a stage."""


def main(patience: float) -> None:
    """Let peers vanish at every stage, and wait until the server has forgotten all but those that it never will."""
    subprocess.run(["/bin/ip", "link", "set", "lo", "up"], check=True)
    with run_server([sys.executable, *SERVE]) as server:
        site, pid = Site(server.url), server.process.pid
        host, port = server.url.removeprefix("http://").split(":")
        site.get("/livez")
        rest = count_sockets(pid)
        peers = []
        for content in STAGES.values():
            for _ in range(EACH):
                peer = socket.create_connection((host, int(port)), source_address=("127.0.0.9", 0))
                peer.sendall(content)
                peers.append(peer)
        for peer in peers[-2 * EACH :]:
            peer.recv(1_000)
        for direction in ("-s", "-d"):
            rule = ["/usr/sbin/iptables", "-A", "INPUT", direction, "127.0.0.9", "-j", "DROP"]
            subprocess.run(rule, check=True)
        began = time.monotonic()
        while (left := count_sockets(pid) - rest) > 0 and time.monotonic() - began < patience:
            time.sleep(0.5)
            assert site.get("/livez").status == 200
        print(json.dumps({"vanished": len(peers), "left": left, "seconds": round(time.monotonic() - began)}))  # noqa: T201


if __name__ == "__main__":
    main(float(sys.argv[1]))
