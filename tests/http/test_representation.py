"""What a Representation says about its bytes."""

from dataclasses import FrozenInstanceError

import pytest

from service.api import ROUTES
from service.formats import FORMATS
from service.http.representation import TEXT_TYPES, File, Pieces, Representation, Whole
from service.http.route import ApiRoute


def represent(media_type: str, body: Whole | Pieces | File) -> Representation:
    return Representation(media_type=media_type, body=body, version=None)


@pytest.mark.parametrize("body", [Whole(bytes), Pieces(list), Pieces(list, 0)], ids=["whole", "pieces", "sized pieces"])
def test_text_is_compressible_whole_or_in_pieces_whatever_its_parameters(body: Whole | Pieces) -> None:
    for media_type in TEXT_TYPES:
        assert represent(media_type, body).compressible
        assert represent(f"{media_type}; charset=utf-8", body).compressible
    for media_type in ("image/png", "application/x-npz", "application/jsonx", "application/octet-stream"):
        assert not represent(media_type, body).compressible


def test_a_file_is_never_compressible() -> None:
    for media_type in TEXT_TYPES:
        assert not represent(media_type, File(list, "a.csv")).compressible


def test_every_format_that_calls_itself_text_is_compressible_and_no_other() -> None:
    for media in FORMATS.values():
        assert represent(media.media_type, Whole(bytes)).compressible == media.text, media.name


def test_unless_said_otherwise_it_may_be_stored_and_rev_pins_it() -> None:
    one = represent("image/png", Whole(bytes))
    assert (one.storable, one.pinned, one.cache_control, dict(one.headers)) == (True, True, None, {})
    assert Whole(bytes).cost == Pieces(list).cost == 0
    assert Pieces(list).length is None


def test_it_cannot_be_changed() -> None:
    one = represent("image/png", Whole(bytes))
    with pytest.raises(FrozenInstanceError):
        one.media_type = "text/csv"  # type: ignore[misc]
    with pytest.raises(TypeError):
        one.headers["a"] = "b"  # type: ignore[index]


def test_every_endpoint_of_the_service_gives_one() -> None:
    for route in ROUTES:
        if isinstance(route, ApiRoute):
            assert route.endpoint.__annotations__["return"] is Representation
