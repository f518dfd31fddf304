"""Parameters: from the text of a URL to validated values, strictly, with a sentence for every fault."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, cast, get_args, get_origin
from urllib.parse import parse_qsl, urlencode

from annotated_types import Ge, Le
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from service.errors import Refused, shown
from service.web.problems import Malformed

LARGEST = 2**63 - 1
"""The largest index or offset: what an int64 holds, as indices do in every format."""

INTEGER = re.compile(r"-?[0-9]{1,4000}")
"""What an integer looks like; Python itself would also take spaces, underscores, a plus and other scripts' digits, and
fail at more than 4,300 of them."""

LONGEST_NAME = 60
"""Characters of an unknown parameter's name that are repeated to whoever sent it."""

MOST_PARAMETERS = 1_000
"""More than this many in one URL is refused before they are looked at."""


def _integer(value: object) -> object:
    if isinstance(value, str):
        if not INTEGER.fullmatch(value):
            raise ValueError(value)
        return int(value)
    return value


def _boolean(value: object) -> object:
    if isinstance(value, str):
        return {"true": True, "false": False}[value] if value in ("true", "false") else None
    return value


Integer = Annotated[int, BeforeValidator(_integer)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]


class Parameters(BaseModel):
    """The query parameters of a route: strict, frozen, and known by name. By itself: none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    several: ClassVar[frozenset[str]] = frozenset()
    """Names of parameters that may be repeated."""

    def given(self) -> dict[str, Any]:
        """The canonical query: parameters that differ from their defaults, but for `rev`, in the model's order."""
        fields = type(self).model_fields
        return {
            name: value
            for name in fields
            if name in self.model_fields_set
            and name != "rev"
            and (value := getattr(self, name)) != fields[name].default
        }


class Query(Parameters):
    """The parameters of a route about data, which may pin its revision."""

    rev: Annotated[str | None, Field(description="revision of the data, as the card tells it; another one is 409")] = (
        None
    )


Q = TypeVar("Q", bound=Parameters)


def read(model: type[Q], query_string: bytes) -> Q:
    """The parameters of a query string as `model` describes them.

    Raises:
        Malformed: a parameter is unknown, repeated without leave, or has a value that its field does not take; all
            faults are named.
    """
    if not query_string:
        return cast("Q", _nothing(model))
    faults: list[Refused] = []
    values: dict[str, Any] = {}
    for name, value in _pairs(query_string):
        if name not in model.model_fields:
            known = ", ".join(sorted(model.model_fields))
            advice = f"known are {known}" if known else "there are none"
            faults.append(Refused(name[:LONGEST_NAME], f"is not a parameter here; {advice}"))
        elif name in model.several:
            values.setdefault(name, []).append(value)
        elif name in values:
            faults.append(Refused(name, "is given more than once; give it once"))
        else:
            values[name] = value
    try:
        parameters = model.model_validate(values)
        if not faults:
            return parameters
    except ValidationError as error:
        wrong = dict.fromkeys(str(one["loc"][0]) for one in error.errors(include_url=False, include_context=False))
        faults += [fault(name, model.model_fields[name], values[name]) for name in wrong]
    raise Malformed(faults)


def fault(name: str, field: FieldInfo, value: object, *, place: str = "query") -> Refused:
    """What is wrong with a value: what the field takes, and what was given instead."""
    given = ", ".join(shown(one) for one in value) if isinstance(value, list) else shown(value)
    return Refused(name, f"must be {requirement(field)}, not {given}", place=place)


def requirement(field: FieldInfo) -> str:
    """The values that a field takes, in words; derived from its type, so that it cannot differ from the check."""
    several = get_origin(field.annotation) in (Union, UnionType, tuple)
    kinds = get_args(field.annotation) if several else (field.annotation,)
    words = [_words(kind, field.metadata) for kind in kinds if kind not in (type(None), Ellipsis)]
    return " or ".join(words)


def _words(kind: Any, metadata: list[Any]) -> str:  # noqa: ANN401 - a type, or a special form that stands for one
    """The values of one type, in words."""
    if get_origin(kind) is Literal:
        names = get_args(kind)
        return str(names[0]) if len(names) == 1 else "one of " + ", ".join(map(str, names))
    if kind in (bool, str):
        return "true or false" if kind is bool else "text"
    bounds = [*metadata, *getattr(kind, "__metadata__", ())]
    low = next((bound.ge for bound in bounds if isinstance(bound, Ge)), None)
    high = next((bound.le for bound in bounds if isinstance(bound, Le)), None)
    if low is None:
        return "an integer"
    return f"an integer of at least {low}" if high is None else f"an integer from {low} to {high}"


def integer(name: str, text: str) -> int:
    """An integer that stands in a path.

    Raises:
        Refused: it is none.
    """
    if not INTEGER.fullmatch(text):
        raise Refused(name, f"must be an integer, not {shown(text)}", place="path")
    return int(text)


def query_text(parameters: Mapping[str, Any]) -> str:
    """Parameters as the query of a URL, with its question mark; nothing for none."""
    if not parameters:
        return ""
    return "?" + "&".join([_pair(name, value) for name, value in parameters.items()])


def _pair(name: str, value: Any) -> str:  # noqa: ANN401 - whatever a parameter may be
    """One parameter; integers, the most frequent ones, need no quoting."""
    if type(value) is int:
        return f"{name}={value}"
    return urlencode({name: str(value).lower() if isinstance(value, bool) else value}, doseq=True)


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise Malformed([Refused("query", f"must have at most {MOST_PARAMETERS} parameters")]) from None


@lru_cache(maxsize=64)
def _nothing(model: type[Parameters]) -> Parameters:
    """What an empty query string says; kept, because most requests have one."""
    return model.model_validate({})
