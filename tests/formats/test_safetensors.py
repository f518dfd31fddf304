import json
from pathlib import Path

from safetensors import safe_open

from service.data.dataset import Dataset
from service.data.selection import Selection
from service.formats.safetensors import ALIGNMENT, SAFETENSORS


def test_the_facts_are_metadata_and_tensors_are_aligned(tiny: Dataset, tmp_path: Path) -> None:
    batch = Selection.of(tiny.split("test")).page(0, 3).batch(layout="hwc")
    body = bytes(SAFETENSORS.encode(batch))
    file = tmp_path / "page.safetensors"
    file.write_bytes(body)
    with safe_open(str(file), "numpy") as opened:
        assert opened.metadata() == batch.facts
        assert opened.get_tensor("image").shape == (3, 3, 5, 1)
    length = int.from_bytes(body[:8], "little")
    header = json.loads(body[8 : 8 + length])
    starts = [header[name]["data_offsets"][0] for name in ("index", "label", "image")]
    assert all((8 + length + start) % ALIGNMENT == 0 for start in starts)
