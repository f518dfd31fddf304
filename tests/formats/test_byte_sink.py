from service.formats.byte_sink import ByteSink


def test_a_sink_gives_the_pieces_that_were_written_once() -> None:
    sink = ByteSink()
    assert sink.writable()
    assert sink.take() == []
    assert sink.write(b"ab") == 2
    assert sink.write(memoryview(b"c")) == 1
    assert sink.take() == [b"ab", b"c"]
    assert sink.take() == []


def test_a_sink_stores_copies_because_writers_reuse_their_buffers() -> None:
    sink, buffer = ByteSink(), bytearray(b"ab")
    sink.write(buffer)
    buffer[:] = b"xx"
    assert sink.take() == [b"ab"]
