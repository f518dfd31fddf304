"""Readers of tables by URL: pandas, polars, pyarrow, DuckDB, R, and two in Node."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import duckdb
import fsspec
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.loaders.access_log import AccessLog, Request
from tests.loaders.originals import Originals, Samples, hash_samples
from tests.loaders.recipes import find_recipe, run_recipe

ROOT = "/mirrors/flat"

TRAIN, TEST = f"{ROOT}/mnist_train.parquet", f"{ROOT}/mnist_test.parquet"

HERE = Path(__file__).parent

COUNTS = [5_923, 6_742, 5_958, 6_131, 5_842, 5_421, 5_918, 6_265, 5_851, 5_949]
"""How often each digit is in the training split."""


def needed(what: str, remedy: str) -> None:
    """Skip a test for want of something; where everything must run (`CI`), fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing: {remedy}", pytrace=False)
    pytest.skip(f"{what} is missing: {remedy}")


def run(*command: str | Path, folder: Path) -> str:
    """What a program prints that must succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_arrow(table: pa.Table, expected: Samples) -> None:
    """Compare a table with samples."""
    pixels = table["pixels"].combine_chunks().flatten().to_numpy()
    assert hash_samples(pixels, table["label"].to_numpy()) == expected.digest


def check_ranges(asked: list[Request], path: str) -> None:
    """Check that parts of one file were asked for, after its size perhaps."""
    assert {one.path for one in asked} == {path}
    assert {one.status for one in asked if one.method == "HEAD"} <= {200}
    assert {one.status for one in asked if one.method == "GET"} == {206}


@pytest.mark.parametrize("name", ["train", "test"])
def test_polars_scans_by_ranges(url: str, originals: Originals, access_log: AccessLog, name: str) -> None:
    path, expected = f"{ROOT}/mnist_{name}.parquet", getattr(originals, name)
    frame = pl.scan_parquet(url + path).collect()
    assert frame.schema == {"label": pl.UInt8, "pixels": pl.Array(pl.UInt8, 784)}
    assert hash_samples(frame["pixels"].to_numpy(), frame["label"].to_numpy()) == expected.digest
    check_ranges(access_log.read(), path)


def test_the_recipe_of_polars_gives_the_first_sevens(url: str, originals: Originals) -> None:
    found = run_recipe(url, "flat", "polars 2.1")["images"]
    assert np.array_equal(found, originals.train[originals.train.labels == 7].images[:100])


def test_polars_reads_the_stream_and_the_file(url: str, originals: Originals) -> None:
    for frame in (
        pl.read_ipc(f"{url}{ROOT}/mnist_test.arrow", use_pyarrow=False),
        pl.read_ipc_stream(f"{url}{ROOT}/mnist_test.arrows"),
        pl.scan_ipc(f"{url}{ROOT}/mnist_test.arrow").collect(),
    ):
        assert hash_samples(frame["pixels"].to_numpy(), frame["label"].to_numpy()) == originals.test.digest


def test_pandas_takes_one_request(url: str, originals: Originals, access_log: AccessLog) -> None:
    names = run_recipe(url, "flat", "pandas 3.1")
    assert hash_samples(names["images"], names["labels"]) == originals.train.digest
    asked = [one for one in access_log.read() if one.path != "/mirrors"]
    assert asked == [Request("GET", f"{ROOT}/mnist_train.csv", 200)]


def test_the_digits_are_a_table_too(url: str, originals: Originals) -> None:
    frame = pl.read_csv(f"{url}{ROOT}/digits_all.csv")
    assert hash_samples(frame.drop("label").to_numpy(), frame["label"].to_numpy()) == originals.digits.digest
    with fsspec.open(f"{url}{ROOT}/digits_all.parquet") as file:
        check_arrow(pq.read_table(file), originals.digits)


def test_pyarrow_reads_by_fsspec(url: str, originals: Originals, access_log: AccessLog) -> None:
    names = run_recipe(url, "flat", "pyarrow 26 and fsspec")
    assert hash_samples(names["images"], names["labels"]) == originals.train.digest
    check_ranges([one for one in access_log.read() if one.path != "/mirrors"], TRAIN)


def test_a_record_batch_of_the_arrow_file_is_read_alone(url: str, originals: Originals, access_log: AccessLog) -> None:
    with fsspec.open(f"{url}{ROOT}/mnist_train.arrow", block_size=100_000, cache_type="none") as source:
        batch = pa.ipc.open_file(source).get_batch(59)
    check_arrow(pa.Table.from_batches([batch]), originals.train[59_000:])
    check_ranges(access_log.read(), f"{ROOT}/mnist_train.arrow")


def install_httpfs(connection: duckdb.DuckDBPyConnection) -> None:
    """Do what `INSTALL httpfs` does, from a package instead of from the network."""
    found = find_spec("duckdb_extension_httpfs")
    assert found is not None
    assert found.origin is not None
    (extension,) = Path(found.origin).parent.rglob("httpfs.duckdb_extension")
    connection.install_extension(str(extension))


def test_duckdb_reads_by_httpfs(url: str, originals: Originals, access_log: AccessLog) -> None:
    connection = duckdb.connect()
    install_httpfs(connection)
    install, load, query, _ = (one.strip() for one in find_recipe(url, "flat", "DuckDB 1.5").split(";"))
    assert (install, load) == ("INSTALL httpfs", "LOAD httpfs")
    access_log.read()
    connection.execute(load)
    assert connection.sql(query).fetchall() == list(enumerate(COUNTS))
    check_ranges(access_log.read(), TRAIN)
    rows = connection.read_parquet(url + TEST).fetchnumpy()
    assert hash_samples(np.stack(rows["pixels"]), rows["label"]) == originals.test.digest
    table = connection.read_csv(f"{url}{ROOT}/mnist_test.csv")
    total = table.aggregate('count(*), sum("14x14")').fetchone()
    assert total == (10_000, originals.test.images[:, 13, 13].sum())


def test_duckdb_reads_by_pyarrow(url: str, capsys: pytest.CaptureFixture[str], access_log: AccessLog) -> None:
    names = run_recipe(url, "flat", "DuckDB by way of pyarrow 26")
    printed = capsys.readouterr().out
    assert [str(count) in printed for count in COUNTS] == [True] * 10
    assert names["train"].count_rows() == 60_000
    asked = [one for one in access_log.read() if one.path != "/mirrors"]
    parts = [one for one in asked if one != Request("GET", TRAIN, 200)]  # which fsspec drops when it has the headers
    assert len(asked) - len(parts) <= 2
    check_ranges(parts, TRAIN)


NODE = """
import { createHash } from "node:crypto";

const hash = createHash("sha256");
for (const row of rows) hash.update(Uint8Array.from(row.pixels));
hash.update(Uint8Array.from(rows, (row) => row.label));
console.log(hash.digest("hex"));
"""
"""What prints the hash of rows as `hash_samples` makes it."""


def run_node(program: str, folder: Path) -> list[str]:
    """The lines that a program for Node prints, which imports what `package.json` names."""
    node, packages = shutil.which("node"), HERE / "node_modules"
    if node is None:
        needed("node", "install the system's package nodejs")
    if not packages.is_dir():
        needed("the npm packages of tests/loaders", "run `npm ci` there")
    (folder / "node_modules").symlink_to(packages)
    (folder / "main.mjs").write_text(program)
    return run(str(node), "main.mjs", folder=folder).split("\n")


def test_hyparquet_reads_by_ranges(url: str, tmp_path: Path, originals: Originals, access_log: AccessLog) -> None:
    recipe = find_recipe(url, "flat", "hyparquet 1.33")
    access_log.read()
    program = recipe.replace("rowStart: 0, rowEnd: 100", "rowStart: 4_500, rowEnd: 5_100")
    assert program != recipe
    printed = run_node(program + NODE, tmp_path)
    assert printed[:2] == [f"{originals.test.labels[4_500]} 784", originals.test[4_500:5_100].digest]
    check_ranges(access_log.read(), TEST)


def test_arrow_for_javascript_reads_the_stream(
    url: str, tmp_path: Path, originals: Originals, access_log: AccessLog
) -> None:
    recipe = find_recipe(url, "flat", "Arrow for JavaScript 21.2")
    access_log.read()
    printed = run_node(f"{recipe}\nconst rows = table.toArray();{NODE}", tmp_path)
    assert printed[0].startswith("10000 7 Uint8Array(784)")
    assert originals.test.digest in printed
    assert access_log.read() == [Request("GET", f"{ROOT}/mnist_test.arrows", 200)]


def test_r_reads_the_csv(url: str, tmp_path: Path, originals: Originals) -> None:
    program = shutil.which("Rscript")
    if program is None:
        needed("Rscript", "install the system's package r-base-core")
    recipe = find_recipe(url, "flat", "base R").replace("mnist_train", "mnist_test")
    after = 'cat(names(train)[c(1, 785)], "\\n")\nwriteBin(as.raw(t(as.matrix(train[, -1]))), "pixels")\n'
    (tmp_path / "main.R").write_text(f"pdf(NULL)\n{recipe}\n{after}writeBin(as.raw(train$label), 'labels')\n")
    assert run(str(program), "main.R", folder=tmp_path).split() == ["label", "28x28"]
    pixels, labels = (np.fromfile(tmp_path / name, np.uint8) for name in ("pixels", "labels"))
    assert hash_samples(pixels, labels) == originals.test.digest
