import csv

from service.data.dataset import Dataset
from service.data.selection import Selection
from service.formats.csv import CSV


def test_the_header_names_pixels_as_scikit_learn_does_and_lines_end_in_a_newline(tiny: Dataset) -> None:
    text = bytes(CSV.encode(Selection.of(tiny.split("test")).page(0, 2).batch())).decode()
    header, first, second, rest = text.split("\n")
    assert header == "index,label," + ",".join(tiny.card.feature_names)
    assert first.startswith(f"0,{tiny.labels[23]},{tiny.images[23, 0, 0]},")
    assert second.startswith("1,")
    assert not rest


def test_a_stream_has_one_header(tiny: Dataset) -> None:
    train = Selection.of(tiny.split("train"))
    assert CSV.stream is not None
    text = b"".join(CSV.stream([train.page(0, 5).batch(), train.page(5, 5).batch()])).decode()
    rows = list(csv.DictReader(text.splitlines()))
    assert [int(row["index"]) for row in rows] == list(range(10))
    assert text == bytes(CSV.encode(train.page(0, 10).batch())).decode()
