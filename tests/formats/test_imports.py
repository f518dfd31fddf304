"""Libraries that take long to import are not imported for a first answer."""

import subprocess
import sys

HEAVY = ("pandas", "sklearn", "scipy")

EVERYTHING = """
import sys
from service.data.epoch import Epoch
from service.data.neighbors import neighbors
from service.data.projection import axes_of, project
from service.data.sample_order import SampleOrder
from service.data.selection import Selection
from service.data.statistics import class_statistics, column_statistics, intensities
from service.datasets.digits import SOURCE
from service.formats import ENCODERS, FORMATS

data = SOURCE.load()
split = data.split("all")
intensities(split), class_statistics(split), column_statistics(split), neighbors(split, 1, 2)
selection = Selection.of(split).shuffled(1).page(0, 20)
project(selection, axes_of(data))
Epoch(order=SampleOrder(split=split, balanced=True), batch_size=4).step(0, 0)
for media in FORMATS.values():
    for scale in ("raw", "unit", "standard"):
        media.encode(selection.batch(scale=scale))
        if media.stream:
            b"".join(media.stream([selection.batch(scale=scale), selection.page(9, 9).batch(scale=scale)]))
print([name for name in sys.argv[1:] if name in sys.modules])
"""


def test_no_answer_waits_for_a_heavy_import() -> None:
    found = subprocess.run([sys.executable, "-c", EVERYTHING, *HEAVY], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
