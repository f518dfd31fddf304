"""Reading the tables of FlatBuffers, as far as the messages of Arrow streams need it.

All functions take the whole buffer and the place of a table in it, and raise struct.error, IndexError or ValueError
where the buffer is damaged. Source: "FlatBuffers Internals", flatbuffers.dev.
"""

import struct


def read_u32(content: bytes, place: int) -> int:
    """Return the unsigned 32-bit integer at a place."""
    return int(struct.unpack_from("<I", content, place)[0])


def locate_field(content: bytes, table: int, number: int) -> int | None:
    """Return where a field of a table lies, if it is there."""
    (back,) = struct.unpack_from("<i", content, table)
    vtable = table - back
    (size,) = struct.unpack_from("<H", content, vtable)
    if 4 + 2 * number >= size:
        return None
    (offset,) = struct.unpack_from("<H", content, vtable + 4 + 2 * number)
    return table + int(offset) if offset else None


def find_field(content: bytes, table: int, number: int) -> int:
    """Return where a field of a table lies that must be there."""
    place = locate_field(content, table, number)
    if place is None:
        raise ValueError(f"field {number} is missing")
    return place


def read_int64(content: bytes, table: int, number: int) -> int:
    """Return the value of an int64 field; 0, the default, is not written."""
    place = locate_field(content, table, number)
    return 0 if place is None else int(struct.unpack_from("<q", content, place)[0])


def read_string(content: bytes, table: int, number: int) -> str:
    """Return the value of a string field, "" where there is none."""
    place = locate_field(content, table, number)
    if place is None:
        return ""
    place += read_u32(content, place)
    return content[place + 4 : place + 4 + read_u32(content, place)].decode()


def read_pairs(content: bytes, table: int, number: int) -> dict[str, str]:
    """Return the value of a field that is a vector of tables with two strings, a key and a value."""
    place = locate_field(content, table, number)
    if place is None:
        return {}
    vector = place + read_u32(content, place)
    entries = range(vector + 4, vector + 4 + 4 * read_u32(content, vector), 4)
    tables = [entry + read_u32(content, entry) for entry in entries]
    return {read_string(content, one, 0): read_string(content, one, 1) for one in tables}
