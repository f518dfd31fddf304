"""Query parameters: from the text of a URL to validated values, strictly, with a sentence for every fault."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, cast, get_args, get_origin
from urllib.parse import parse_qsl, urlencode

from annotated_types import Ge, Le
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType

from service.errors import Refused, quote
from service.http.problems import Malformed

LARGEST = 2**63 - 1
"""The largest index or offset: what an int64 holds, as indices do in every format."""

INTEGER = re.compile(r"-?[0-9]{1,4000}")
"""What an integer looks like; Python itself would also take spaces, underscores, a plus and other scripts' digits, and
fail at more than 4,300 of them."""

LONGEST_NAME = 60
"""Characters of an unknown parameter's name that a problem repeats."""

MOST_PARAMETERS = 1_000
"""Parameters of one URL; more are refused before they are looked at."""

MOST_FAULTS = 20
"""Faults that one problem lists, so that its size does not depend on what was sent."""


def _to_integer(value: object) -> object:
    if isinstance(value, str):
        if not INTEGER.fullmatch(value):
            raise ValueError(value)
        return int(value)
    return value


def _to_boolean(value: object) -> object:
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else value


Integer = Annotated[int, BeforeValidator(_to_integer)]
"""An integer, written `-?[0-9]+`."""

Boolean = Annotated[bool, BeforeValidator(_to_boolean)]
"""`true` or `false`."""


class Parameters(BaseModel):
    """The query parameters of a route: strict, frozen, and known by name. By itself: none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repeatable: ClassVar[frozenset[str]] = frozenset()
    """Names of parameters that may be given more than once."""

    lenient: ClassVar[bool] = False
    """Whether other parameters are passed over, as the clients of a foreign protocol expect."""

    def canonical(self) -> dict[str, Any]:
        """The canonical query: parameters that differ from their defaults, except `rev`, in the model's order."""
        given = self.model_fields_set
        if not given:
            return {}
        pairs = _list_defaults(type(self))
        return {name: value for name, default in pairs if name in given and (value := getattr(self, name)) != default}


class RevisionQuery(Parameters):
    """The parameters of a route about data: a request may pin the revision that it expects."""

    rev: Annotated[
        str | None,
        Field(description="revision of the data, such as `c2069063c110`, from its card; any other is 409"),
    ] = None


P = TypeVar("P", bound=Parameters)


def read(model: type[P], query_string: bytes) -> P:
    """The parameters of a query string as `model` describes them.

    Raises:
        Malformed: a parameter is unknown, repeated though single-valued, or has a value that its field does not take.
            Every fault is named, up to `MOST_FAULTS`.
    """
    if not query_string and (defaults := _defaults(model)):
        return cast("P", defaults)
    values: dict[str, Any] = {}
    faults: dict[str, Refused] = {}
    for name, value in _pairs(query_string):
        if name not in model.model_fields:
            if model.lenient:
                continue
            faults[name] = Refused(name[:LONGEST_NAME], f"is not a parameter here; {_known(model)}")
        elif name in model.repeatable:
            values.setdefault(name, []).append(value)
        elif name in values:
            faults[name] = Refused(name, "is given more than once; give it once")
        else:
            values[name] = value
    try:
        parameters = model.model_validate(values)
        if not faults:
            return parameters
    except ValidationError as error:
        faults = {**dict(_value_faults(model, values, error)), **faults}
    raise Malformed(_bounded(list(faults.values())))


def _value_faults(
    model: type[Parameters], values: Mapping[str, Any], error: ValidationError
) -> Iterator[tuple[str, Refused]]:
    """What is wrong with each value: what its field takes, and what was given instead, if anything."""
    for name in dict.fromkeys(str(one["loc"][0]) for one in error.errors(include_url=False, include_context=False)):
        if name not in values:
            yield name, Refused(name, f"is missing; give {model.model_fields[name].description}")
            continue
        value = values[name]
        found = ", ".join(map(quote, value[:MOST_FAULTS])) if isinstance(value, list) else quote(value)
        yield name, Refused(name, f"must be {describe(model.model_fields[name])}, not {found}")


def _bounded(faults: list[Refused]) -> list[Refused]:
    """At most `MOST_FAULTS` faults; the last one tells how many were left out."""
    more = len(faults) - MOST_FAULTS
    return faults if more <= 0 else [*faults[:MOST_FAULTS], Refused("query", f"has {more} more faults")]


def _known(model: type[Parameters]) -> str:
    names = ", ".join(sorted(model.model_fields))
    return f"known are {names}" if names else "there are none"


def describe(field: FieldInfo) -> str:
    """The values that a field takes, in words; derived from its type, so that it cannot differ from the check."""
    annotation = unwrap(field.annotation)
    several = get_origin(annotation) in (Union, UnionType, tuple)
    kinds = get_args(annotation) if several else (field.annotation,)
    words = [_words(kind, field.metadata) for kind in kinds if kind not in (type(None), Ellipsis)]
    return " or ".join(words)


def _words(kind: Any, metadata: list[Any]) -> str:  # noqa: ANN401 - a type, or a special form that stands for one
    """The values of one type, in words."""
    plain = unwrap(kind)
    if get_origin(plain) is Literal:
        names = get_args(plain)
        return str(names[0]) if len(names) == 1 else "one of " + ", ".join(map(str, names))
    if plain in (bool, str):
        return "true or false" if plain is bool else "text"
    bounds = [*metadata, *getattr(getattr(kind, "__value__", kind), "__metadata__", ())]
    low = next((bound.ge for bound in bounds if isinstance(bound, Ge)), None)
    high = next((bound.le for bound in bounds if isinstance(bound, Le)), None)
    if low is None:
        return "an integer"
    return f"an integer of at least {low}" if high is None else f"an integer from {low} to {high}"


def unwrap(kind: Any) -> Any:  # noqa: ANN401 - a type, or a special form that stands for one
    """The type that names (`TypeAliasType`) and annotations stand for."""
    while isinstance(kind, TypeAliasType) or get_origin(kind) is Annotated:
        kind = kind.__value__ if isinstance(kind, TypeAliasType) else kind.__origin__
    return kind


def read_integer(name: str, text: str) -> int:
    """An integer that stands in a path.

    Raises:
        Refused: it is none.
    """
    if not INTEGER.fullmatch(text):
        raise Refused(name, f"must be an integer, not {quote(text)}", place="path")
    return int(text)


def write_query(parameters: Mapping[str, Any]) -> str:
    """Parameters as the query of a URL, with its question mark; nothing for none."""
    if not parameters:
        return ""
    return "?" + "&".join([_pair(name, value) for name, value in parameters.items()])


def _pair(name: str, value: Any) -> str:  # noqa: ANN401 - whatever a parameter may be
    """One parameter; integers and words, the most frequent ones, need no quoting."""
    if type(value) is int or (type(value) is str and value.isalnum() and value.isascii()):
        return f"{name}={value}"
    return urlencode({name: str(value).lower() if isinstance(value, bool) else value}, doseq=True)


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    """Names and values, in their order; without a library where nothing is quoted, which takes a fifth of the time."""
    text = query_string.decode("latin-1")
    if text.count("&") >= MOST_PARAMETERS:
        raise Malformed([Refused("query", f"must have at most {MOST_PARAMETERS} parameters")])
    if "%" in text or "+" in text:
        return parse_qsl(text, keep_blank_values=True)
    return [(name, value) for name, _, value in (pair.partition("=") for pair in text.split("&") if pair)]


@lru_cache(maxsize=64)
def _list_defaults(model: type[Parameters]) -> list[tuple[str, Any]]:
    """The parameters that a canonical query has, and their defaults; cached, because pydantic looks for its fields."""
    return [(name, field.default) for name, field in model.model_fields.items() if name != "rev"]


@lru_cache(maxsize=64)
def _defaults(model: type[Parameters]) -> Parameters | None:
    """What an empty query string means, None if a parameter is required; cached, because most requests have one."""
    required = any(field.is_required() for field in model.model_fields.values())
    return None if required else model.model_validate({})
