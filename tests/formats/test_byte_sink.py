from service.formats.byte_sink import ByteSink


def test_a_drain_gives_what_was_written_once() -> None:
    drain = ByteSink()
    assert drain.writable()
    assert drain.take() == b""
    assert drain.write(b"ab") == 2
    assert drain.write(memoryview(b"c")) == 1
    assert drain.take() == b"abc"
    assert drain.take() == b""


def test_a_drain_keeps_copies_because_writers_reuse_their_buffers() -> None:
    drain, buffer = ByteSink(), bytearray(b"ab")
    drain.write(buffer)
    buffer[:] = b"xx"
    assert drain.take() == b"ab"
