"""The two notations of OpenML's interface: JSON, and XML in its own namespace."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Protocol
from xml.sax.saxutils import escape

import orjson

from service.http.problems import Declined
from service.mirrors.openml.entries import Values

NAMESPACE = "http://openml.org/openml"

UNWRITABLE = re.compile("[^\\t\\n\\r\\x20-\\uD7FF\\uE000-\\uFFFD\\U00010000-\\U0010FFFF]")
"""Characters that no document of XML 1.0 can hold, not even as references (section 2.2)."""


class Write(Protocol):
    """What writes a document of one element."""

    def __call__(self, name: str, values: Values, /) -> bytes:
        """Return the document."""


@dataclass(frozen=True)
class Notation:
    """A media type, and what writes a document in it."""

    media_type: str
    write: Write

    def decline(self, code: int, message: str) -> Declined:
        """What OpenML answers where something is missing: status 412, and a number and a sentence that say what."""
        content = self.write("error", {"code": str(code), "message": message})
        return Declined(message, status=HTTPStatus.PRECONDITION_FAILED, content=content, media_type=self.media_type)


def write_json(name: str, values: Values) -> bytes:
    """An object of one member."""
    return orjson.dumps({name: values})


def write_xml(name: str, values: Values) -> bytes:
    """An element whose children have the prefix `oml`; a list is as many elements."""
    inner = "".join(_write_children(values))
    return f'<oml:{name} xmlns:oml="{NAMESPACE}">{inner}</oml:{name}>'.encode()


def _write_children(values: Values) -> Iterator[str]:
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            inner = "".join(_write_children(one)) if isinstance(one, Mapping) else _write_text(str(one))
            yield f"<oml:{name}>{inner}</oml:{name}>"


def _write_text(text: str) -> str:
    """Text of an element; a part of a client's path may hold any character."""
    return escape(UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text))


NOTATIONS: Mapping[str, Notation] = MappingProxyType(
    {"json": Notation("application/json", write_json), "xml": Notation("text/xml; charset=utf-8", write_xml)}
)
"""Notations by the part of the path that names them."""
