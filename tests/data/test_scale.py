import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given

from service.data.dataset import Dataset
from service.data.scale import Scale, scale_pixels, standard_table
from tests import made


@given(made.datasets())
def test_unit_is_the_quotient_and_stays_within_0_and_1(data: Dataset) -> None:
    unit = scale_pixels(data.images, data, "unit")
    assert unit.dtype == np.float32
    assert unit.min() >= 0
    assert unit.max() <= 1
    assert np.array_equal(unit, data.images.astype(np.float32) / np.float32(made.PEAK))


@given(made.datasets())
def test_standard_has_mean_0_and_deviation_1_over_the_reference_split(data: Dataset) -> None:
    span = data.split(data.card.reference).span
    reference = data.images[span.start : span.stop]
    assume(reference.std() > 0)
    standard = scale_pixels(reference, data, "standard")
    assert standard.dtype == np.float32
    assert standard.mean(dtype=np.float64) == pytest.approx(0, abs=1e-6)
    assert standard.std(dtype=np.float64) == pytest.approx(1, abs=1e-6)


def test_raw_is_the_very_array(tiny: Dataset) -> None:
    assert scale_pixels(tiny.images, tiny, "raw") is tiny.images


@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_the_tables_of_the_real_datasets_are_computed_in_float64_and_rounded_once(
    real: dict[str, Dataset], name: str
) -> None:
    data = real[name]
    peak, span = data.card.peak, data.split(data.card.reference).span
    values = np.arange(peak + 1)
    unit = data.images[span.start : span.stop] / peak
    expected = ((values / peak - unit.mean()) / unit.std()).astype(np.float32)
    assert np.allclose(standard_table(data), expected, rtol=3e-7, atol=0)


@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_every_intensity_of_the_real_datasets_is_scaled_exactly(real: dict[str, Dataset], name: str) -> None:
    data = real[name]
    every = np.arange(data.card.peak + 1, dtype=np.uint8)
    assert np.array_equal(scale_pixels(every, data, "unit"), every.astype(np.float32) / np.float32(data.card.peak))
    assert np.array_equal(scale_pixels(every, data, "standard"), standard_table(data))
    assert scale_pixels(every, data, "unit")[[0, -1]].tolist() == [0, 1]


@pytest.mark.parametrize("scale", ["unit", "standard"])
def test_scaling_takes_little_memory_beyond_its_result(mnist: Dataset, scale: Scale) -> None:
    images = mnist.images[:5_000]
    scale_pixels(images[:1], mnist, scale)  # so that what is stored for ever is not counted
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        found = scale_pixels(images, mnist, scale)
        peak = tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - before
    finally:
        tracemalloc.stop()
    assert found.nbytes <= peak < found.nbytes + 1_000_000
