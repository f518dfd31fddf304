"""Scales made by the client: bit for bit what the service makes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from digits_client import Split, connect
from digits_client.scale import BLOCK, Intensities
from tests.sites import Site

MNIST = Intensities(peak=255, mean=0.1306604762738429, std=0.30810780717887876)


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0)))
def test_every_shape_is_scaled_by_the_published_formulas(raw: Any) -> None:  # noqa: ANN401
    unit, standard, same = (MNIST.scale(raw, scale) for scale in ("unit", "standard", "raw"))
    assert unit.dtype == standard.dtype == np.float32
    assert unit.tobytes() == (raw.astype(np.float32) / np.float32(255)).tobytes()
    assert standard.tobytes() == ((raw / 255 - MNIST.mean) / MNIST.std).astype(np.float32).tobytes()
    assert (same.dtype, same.tobytes(), same.shape) == (raw.dtype, raw.tobytes(), raw.shape)
    assert not np.shares_memory(same, raw)
    assert unit.shape == standard.shape == raw.shape


@pytest.mark.parametrize("size", [2 * BLOCK - 2, 2 * BLOCK, 2 * BLOCK + 2, 2 * BLOCK + 1, 9 * BLOCK])
def test_blocks_join_without_a_seam(size: int) -> None:
    raw = np.random.default_rng(size).integers(0, 256, size, np.uint8)
    assert np.array_equal(MNIST.scale(raw, "standard"), MNIST.standard_table[raw])


def splits(site: Site) -> list[Split]:
    client = connect(site.url)
    return [client.dataset("mnist")["test"], client.dataset("digits")["all"]]


@pytest.mark.parametrize("layout", ["flat", "image", "chw", "hwc"])
@pytest.mark.parametrize("scale", ["raw", "unit", "standard"])
def test_values_are_those_that_the_service_sends(live: Site, layout: Any, scale: Any) -> None:  # noqa: ANN401
    for split in splits(live):
        url = f"{split.path}/batches?format=safetensors&batch_size=1000&seed=5&layout={layout}&scale={scale}"
        sent = live.send("GET", url).body
        batch = next(iter(split.batches(1000, seed=5, layout=layout, scale=scale)))
        assert batch.x.tobytes() in sent
        assert batch.x.nbytes == 1000 * batch.x[0].nbytes


@pytest.mark.parametrize(("option", "value"), [("scale", "half"), ("layout", "nchw")])
def test_another_scale_or_layout_is_refused_at_once(train: Split, option: str, value: str) -> None:
    calls: list[Any] = [train.batches, train.rows, lambda **more: train.take([1], **more)]
    for call in calls:
        with pytest.raises(ValueError, match=f"{option} must be one of .*, not '{value}'"):
            call(**{option: value})
