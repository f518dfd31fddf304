"""Peers: Tiled beside the service, with the same images, on the same core, under the same load.

Tiled lives in an environment of its own, because it pins other versions than the service:

    python -m venv .venv/tiled && .venv/tiled/bin/pip install 'tiled[server]==0.2.20'
    python -m benchmarks --peers .venv/tiled/bin/python
"""

import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks import table
from benchmarks.cases import PAGE, TRAIN
from benchmarks.load import Ask, compare
from benchmarks.readers import BATCHES
from benchmarks.routes import SMALL_CACHE
from benchmarks.server import Cores, Server, service, serving
from benchmarks.table import Table

PROGRAM = """
import sys, numpy, uvicorn
from tiled.adapters.array import ArrayAdapter
from tiled.adapters.mapping import MapAdapter
from tiled.config import Authentication
from tiled.server.app import build_app

images = numpy.load(sys.argv[1])["x"]
tree = MapAdapter({"train": ArrayAdapter.from_array(images)})
app = build_app(tree, authentication=Authentication(allow_anonymous_access=True))
uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning", loop="uvloop", http="httptools")
"""
"""Tiled with one array, in the server that the service uses."""

ARRAY = "/api/v1/array/full/train"

CASES = (
    (
        "PNG of one sample",
        Ask(f"{TRAIN}/samples/{{60000}}.png"),
        Ask(f"{ARRAY}?slice={{60000}},:,:&format=image/png"),
        40.0,
    ),
    (
        "100 rows, JSON",
        Ask(PAGE),
        Ask(f"{ARRAY}?slice={{59900}}:{{+100}},:,:&format=application/json"),
        15.0,
    ),
    (
        "256 images, bytes (ours: shuffled, Tiled's: a slice)",
        Ask(f"{BATCHES}?batch_size=256&seed={{8}}&start={{59744}}&format=npy"),
        Ask(f"{ARRAY}?slice={{59744}}:{{+256}},:,:&format=application/octet-stream"),
        12.0,
    ),
)
"""Name, request of the service, request of Tiled, least ratio."""


def run(cores: Cores, python: str, *, rounds: int) -> None:
    """Measure and print; `python` is the interpreter of the environment that has Tiled."""
    with tempfile.TemporaryDirectory() as folder, service(cores.server, response_cache_bytes=SMALL_CACHE) as ours:
        file = Path(folder) / "train.npz"
        file.write_bytes(ours.ask(f"{TRAIN}.npz?layout=image").body)
        with _tiled(python, file, core=cores.server) as tiled:
            rows = Table("Random URLs beside Tiled", ("request", "Tiled/s", "service/s", "ratio", "target", "reached"))
            rows.begin()
            for name, mine, its, target in CASES:
                found = compare(ours, mine, tiled, its, core=cores.load, rounds=rounds)
                rows.add(
                    name,
                    *(table.count(found.theirs.requests), table.count(found.ours.requests)),
                    *(table.ratio(found.requests), table.at_least(target), table.reached(found.requests, target)),
                )


def _tiled(python: str, file: Path, *, core: int) -> AbstractContextManager[Server]:
    return serving((python, "-c", PROGRAM, str(file), "{port}"), core=core, ready="/api/v1/")
