"""Peers: general data servers beside the service, with the same data, on the same core, under the same load.

They live in an environment of their own, because they pin other versions than the service. Those that it has are
measured:

    python -m venv .venv/peers && .venv/peers/bin/pip install 'tiled[server]==0.2.20' roapi==0.12.7 datasette==0.65.5
    python -m benchmarks --peers .venv/peers/bin/python
"""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import table
from benchmarks.cases import PAGE, TRAIN
from benchmarks.load import Ask, compare
from benchmarks.readers import BATCHES
from benchmarks.routes import SMALL_CACHE
from benchmarks.server import Cores, Server, service, serving
from benchmarks.table import Table

TILED = """
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

FILL = """
import csv, sqlite3, sys

with open(sys.argv[1], newline="") as file, sqlite3.connect(sys.argv[2]) as database:
    lines = csv.reader(file)
    names = next(lines)
    database.execute(f"create table train ({', '.join(f'[{name}] integer' for name in names)})")
    rows = (list(map(int, line)) for line in lines)
    database.executemany(f"insert into train values ({', '.join('?' * len(names))})", rows)
"""
"""What fills a database of SQLite with the rows of a CSV file."""

SECONDS = 3
"""Length of a round: eight answers of the slowest peer take half a second."""

ARRAY = "/api/v1/array/full/train"


@dataclass(frozen=True, kw_only=True)
class Comparable:
    """A request of the service, the peer's for the same, and the least ratio of their rates."""

    name: str
    ours: Ask
    theirs: Ask
    target: float


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A general data server.

    `prepare` makes what it serves, of the file of a split with this `suffix` and query, and gives its command, in
    which `{port}` stands for a port; it is ready when it answers at `ready`.
    """

    name: str
    program: str
    suffix: str
    prepare: Callable[[Path, Path, Path], Sequence[str]]
    ready: str
    cases: tuple[Comparable, ...]


def serve_array(programs: Path, file: Path, _: Path) -> Sequence[str]:
    """Tiled, with the array of an NPZ file."""
    return (str(programs / "python"), "-c", TILED, str(file), "{port}")


def serve_table(programs: Path, file: Path, _: Path) -> Sequence[str]:
    """ROAPI, with the table of a Parquet file."""
    return ("/bin/sh", "-c", f"exec {programs / 'roapi'} --addr-http 127.0.0.1:$0 --table train={file}", "{port}")


def serve_database(programs: Path, file: Path, folder: Path) -> Sequence[str]:
    """Datasette, with the table of a CSV file in a database."""
    database = folder / "digits.db"
    subprocess.run((str(programs / "python"), "-c", FILL, str(file), str(database)), check=True)
    return (
        str(programs / "datasette"),
        "serve",
        str(database),
        "--port",
        "{port}",
        "--setting",
        "max_returned_rows",
        "100",
    )


PEERS = (
    Peer(
        name="Tiled",
        program="tiled",
        suffix="npz?layout=image",
        prepare=serve_array,
        ready="/api/v1/",
        cases=(
            Comparable(
                name="PNG of one sample",
                ours=Ask(f"{TRAIN}/samples/{{60000}}.png"),
                theirs=Ask(f"{ARRAY}?slice={{60000}},:,:&format=image/png"),
                target=40.0,
            ),
            Comparable(
                name="100 rows, JSON",
                ours=Ask(PAGE),
                theirs=Ask(f"{ARRAY}?slice={{59900}}:{{+100}},:,:&format=application/json"),
                target=15.0,
            ),
            Comparable(
                name="256 images, bytes (ours: shuffled, Tiled's: a slice)",
                ours=Ask(f"{BATCHES}?batch_size=256&seed={{8}}&start={{59744}}&format=npy"),
                theirs=Ask(f"{ARRAY}?slice={{59744}}:{{+256}},:,:&format=application/octet-stream"),
                target=12.0,
            ),
        ),
    ),
    Peer(
        name="ROAPI",
        program="roapi",
        suffix="parquet",
        prepare=serve_table,
        ready="/api/schema",
        cases=(
            Comparable(
                name="100 rows, JSON",
                ours=Ask(PAGE),
                theirs=Ask("/api/tables/train?offset={59900}&limit=100"),
                target=15.0,
            ),
        ),
    ),
    Peer(
        name="Datasette",
        program="datasette",
        suffix="csv",
        prepare=serve_database,
        ready="/-/versions.json",
        cases=(
            Comparable(
                name="100 rows, JSON",
                ours=Ask(PAGE),
                theirs=Ask("/digits/train.json?_shape=arrays&_size=100&_next={59900}"),
                target=15.0,
            ),
        ),
    ),
)


def run(cores: Cores, python: str, *, rounds: int) -> None:
    """Measure and print; `python` is the interpreter of the environment that has the peers."""
    programs = Path(python).absolute().parent
    columns = ("peer", "request", "peer/s", "service/s", "ratio", "target", "reached")
    with tempfile.TemporaryDirectory() as folder, service(cores.server, response_cache_bytes=SMALL_CACHE) as ours:
        rows = Table("Random URLs beside general data servers", columns)
        rows.begin()
        for peer in PEERS:
            if not (programs / peer.program).exists():
                rows.add(peer.name, "not measured: not installed", *[""] * 5)
                continue
            with _start(peer, programs, ours, Path(folder), core=cores.server) as theirs:
                for case in peer.cases:
                    found = compare(
                        *(ours, case.ours, theirs, case.theirs), core=cores.load, rounds=rounds, seconds=SECONDS
                    )
                    rows.add(
                        *(peer.name, case.name, table.count(found.theirs.requests), table.count(found.ours.requests)),
                        *(table.ratio(found.requests), table.at_least(case.target)),
                        table.reached(found.requests, case.target),
                    )


def _start(peer: Peer, programs: Path, ours: Server, folder: Path, *, core: int) -> AbstractContextManager[Server]:
    file = folder / f"train.{peer.suffix.partition('?')[0]}"
    file.write_bytes(ours.ask(f"{TRAIN}.{peer.suffix}").body)
    return serving(peer.prepare(programs, file, folder), core=core, ready=peer.ready)
