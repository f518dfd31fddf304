"""What can go wrong, in plain words. Ground floor: knows neither HTTP nor the data.

Every message is a sentence that says what was wrong and what to do; `http/problems.py` gives each class its status.
"""

from collections.abc import Iterable


class ServiceError(Exception):
    """Anything that this service refuses on purpose; the message is fit to be shown to whoever asked."""


class DamagedData(ServiceError):
    """The data on disk is not the data this release was made with, so the service must not start."""


class Unknown(ServiceError):
    """Something was asked for by a name or a number that does not exist."""

    def __init__(self, kind: str, name: object, known: Iterable[object] | str, *, where: str = "") -> None:
        """Name the `kind` of thing, the `name` asked for, `where`, and the `known` ones (or what bounds them)."""
        bounds = known if isinstance(known, str) else "one of " + ", ".join(str(one) for one in known)
        place = f" in {where}" if where else ""
        super().__init__(f"There is no {kind} {quote(name)}{place}; ask for {bounds}.")


class Refused(ServiceError):
    """A parameter whose value cannot be honoured; `name` is the parameter, `reason` says what would be.

    `place` is where it stands in the request: `query`, `path`, `header` or `body`.
    """

    def __init__(self, name: str, reason: str, *, place: str = "query") -> None:
        """Blame the parameter `name`; `reason` completes the sentence that begins with its name."""
        super().__init__(f"{name or quote(name)} {reason}.")
        self.name = name
        self.reason = reason
        self.place = place


class EndOfEpoch(Unknown):
    """No step of an epoch is left from the `start` that was asked for."""

    def __init__(self, message: str) -> None:
        """Say how many steps there are, and how to go on."""
        ServiceError.__init__(self, message)


def quote(value: object, longest: int = 60) -> str:
    """Quote a value that a stranger sent, cut to `longest` characters so that an error stays readable."""
    text = str(value)
    return f"'{text}'" if len(text) <= longest else f"'{text[:longest]}…' ({len(text)} characters)"
