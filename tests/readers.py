"""The libraries that people read our files with, each turning a file's bytes back into arrays."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy
from numpy.typing import NDArray

Arrays = tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any]]
"""Index, label and images as a reader gives them; None where the format has no room for one."""


def with_json(body: bytes) -> Arrays:
    found = json.loads(body)
    return _of_rows(found["rows"] if isinstance(found, dict) else found)


def with_json_lines(body: bytes) -> Arrays:
    return _of_rows([json.loads(line) for line in body.splitlines()])


def with_pandas_lines(body: bytes) -> Arrays:
    frame = pd.read_json(io.BytesIO(body), lines=True)
    return _of_rows(frame.to_dict("records"))


def with_pandas_csv(body: bytes) -> Arrays:
    return _of_frame(pd.read_csv(io.BytesIO(body)))


def with_polars_csv(body: bytes) -> Arrays:
    return _of_polars(pl.read_csv(body))


def with_numpy(body: bytes) -> Arrays:
    return None, None, np.load(io.BytesIO(body), allow_pickle=False)


def with_numpy_archive(body: bytes) -> Arrays:
    with np.load(io.BytesIO(body), allow_pickle=False) as archive:
        assert archive.files == ["x", "y", "index"]
        return archive["index"], archive["y"], archive["x"]


def with_arrow_stream(body: bytes) -> Arrays:
    return _of_arrow(pa.ipc.open_stream(body).read_all())


def with_arrow_file(body: bytes) -> Arrays:
    return _of_arrow(pa.ipc.open_file(pa.BufferReader(body)).read_all())


def with_polars_stream(body: bytes) -> Arrays:
    return _of_polars_images(pl.read_ipc_stream(io.BytesIO(body)))


def with_pandas_parquet(body: bytes) -> Arrays:
    return _of_frame(pd.read_parquet(io.BytesIO(body)))


def with_polars_parquet(body: bytes) -> Arrays:
    return _of_polars(pl.read_parquet(body))


def with_arrow_parquet(body: bytes) -> Arrays:
    return _of_frame(pq.read_table(pa.BufferReader(body)).to_pandas())


def with_safetensors(body: bytes) -> Arrays:
    tensors = safetensors.numpy.load(body)
    assert set(tensors) == {"image", "label", "index"}
    return tensors["index"], tensors["label"], tensors["image"]


READERS: Mapping[str, tuple[Callable[[bytes], Arrays], ...]] = {
    "json": (with_json,),
    "ndjson": (with_json_lines, with_pandas_lines),
    "csv": (with_pandas_csv, with_polars_csv),
    "npy": (with_numpy,),
    "npz": (with_numpy_archive,),
    "arrow": (with_arrow_stream, with_polars_stream),
    "arrow-file": (with_arrow_file,),
    "parquet": (with_pandas_parquet, with_polars_parquet, with_arrow_parquet),
    "safetensors": (with_safetensors,),
}
"""Readers of every format; the first is the one that its users mostly have."""

UNTYPED = frozenset({"json", "ndjson", "csv"})
"""Formats whose numbers have no width."""


def _of_rows(rows: list[Any]) -> Arrays:
    return (
        np.array([row["index"] for row in rows], np.int64),
        np.array([row["label"] for row in rows], np.int64),
        np.array([row["pixels"] for row in rows], np.float64),
    )


def _of_frame(frame: pd.DataFrame) -> Arrays:
    assert frame.columns[:2].tolist() == ["index", "label"]
    return (
        frame["index"].to_numpy(),
        frame["label"].to_numpy(),
        frame.iloc[:, 2:].to_numpy(),
    )


def _of_polars(frame: pl.DataFrame) -> Arrays:
    return frame["index"].to_numpy(), frame["label"].to_numpy(), frame[:, 2:].to_numpy()


def _of_polars_images(frame: pl.DataFrame) -> Arrays:
    images = frame["image"]
    storage = images.ext.storage() if isinstance(images.dtype, pl.BaseExtension) else images
    return frame["index"].to_numpy(), frame["label"].to_numpy(), storage.to_numpy()


def _of_arrow(table: pa.Table) -> Arrays:
    kind = table.schema.field("image").type
    assert kind.extension_name == "arrow.fixed_shape_tensor"
    assert kind.permutation is None
    images = table["image"].combine_chunks()
    tensors = images.chunks if isinstance(images, pa.ChunkedArray) else [images]
    empty = np.empty((0, *kind.shape), kind.value_type.to_pandas_dtype())
    return (
        table["index"].to_numpy(),
        table["label"].to_numpy(),
        np.concatenate([empty, *(tensor.to_numpy_ndarray() for tensor in tensors if len(tensor))]),
    )
