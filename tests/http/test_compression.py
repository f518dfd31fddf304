import gzip
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from service.http.compression import CODINGS, IDENTITY, compress, compress_pieces


def read_zstd(body: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(body) as reader:
        return reader.read()


DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": read_zstd,
    "gzip": lambda body: zlib.decompress(body, wbits=31),
    IDENTITY: bytes,
}

every_coding = pytest.mark.parametrize("coding", DECODERS)


def test_every_coding_is_tested() -> None:
    assert set(DECODERS) == {*CODINGS, IDENTITY}


@every_coding
@given(body=st.binary(max_size=2_000))
def test_a_compressed_body_is_the_body_and_the_same_every_time(coding: str, body: bytes) -> None:
    packed = compress(body, coding)
    assert DECODERS[coding](bytes(packed)) == body
    assert compress(memoryview(body), coding) == packed


@pytest.mark.parametrize("coding", CODINGS)
@given(pieces=st.lists(st.binary(max_size=200), max_size=8))
def test_a_compressed_stream_is_the_stream(coding: str, pieces: list[bytes]) -> None:
    assert DECODERS[coding](b"".join(compress_pieces(pieces, coding))) == b"".join(pieces)


def test_gzip_has_no_time_in_it() -> None:
    assert bytes(compress(b"body", "gzip"))[4:8] == bytes(4)
    assert b"".join(compress_pieces([b"body"], "gzip"))[4:8] == bytes(4)
    assert gzip.decompress(bytes(compress(b"body", "gzip"))) == b"body"
