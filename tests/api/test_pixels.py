"""The parameter `pixels`: one way to write a drawing, and a sentence for every other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.pixels import check_intensities, decode_pixels, draw_stroke, encode_pixels
from service.data.card import Card
from service.data.dataset import Dataset
from service.datasets import SOURCES
from service.errors import Refused
from tests import made

TEXT = "AAECAwQFBgcICQoAAQID"
"""0, 1, … 10, 0, 1, 2, 3: as many bytes as a made image has pixels."""

CARDS = [source.card for source in SOURCES]


@given(st.lists(st.integers(0, made.PEAK), min_size=15, max_size=15))
def test_what_was_written_is_read(tiny: Dataset, values: list[int]) -> None:
    drawing = check_intensities("pixels", bytes(values), tiny.card)
    text = encode_pixels(drawing)
    assert decode_pixels(text, tiny.card).tolist() == values
    assert len(text) == 20


@pytest.mark.parametrize("card", CARDS, ids=lambda card: str(card.name))
def test_every_dataset_has_an_example_of_a_drawing(card: Card) -> None:
    stroke = draw_stroke(card)
    assert decode_pixels(encode_pixels(stroke), card).tolist() == stroke.ravel().tolist()
    assert 0 < (stroke == card.peak).mean() < 0.3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must have 20 characters, the 15 bytes of an image of made in base64url without padding, not 0"),
        (TEXT[:-1], "must have 20 characters, .*, not 19"),
        (TEXT + "A", "must have 20 characters, .*, not 21"),
        (TEXT[:-1] + "=", "base64url without padding: letters, digits, - and _ only"),
        (TEXT[:-1] + "+", "letters, digits, - and _ only"),
        (TEXT[:-1] + "/", "letters, digits, - and _ only"),
        (TEXT[:-1] + " ", "letters, digits, - and _ only"),
        (TEXT[:-1] + "\n", "letters, digits, - and _ only"),
        (TEXT[:-1] + "é", "letters, digits, - and _ only"),
        ("AAAAAAAL" + TEXT[8:], "must be intensities from 0 to 10, not 11 in row 1, column 0"),
        (TEXT[:-4] + "____", "not 255 in row 2, column 2"),
    ],
)
def test_anything_else_is_refused(tiny: Dataset, text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        decode_pixels(text, tiny.card)
    assert (refused.value.name, refused.value.place) == ("pixels", "query")


@pytest.mark.parametrize("card", CARDS, ids=lambda card: str(card.name))
def test_bits_beyond_the_last_byte_are_refused_so_that_a_drawing_has_one_url(card: Card) -> None:
    text = encode_pixels(draw_stroke(card))
    with pytest.raises(Refused, match="must not end with 'B', which has bits beyond the last byte"):
        decode_pixels(text[:-1] + "B", card)
