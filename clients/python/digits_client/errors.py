"""Exceptions of the client. The message of each is a sentence that says what to do."""

import json
from http import HTTPStatus


class DigitsError(Exception):
    """Base class of all exceptions that this package defines."""


class ProblemError(DigitsError):
    """The service refused a request; the message is the `detail` of its answer (RFC 9457)."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        """Keep the status, the name of the kind of problem, and the sentence."""
        super().__init__(detail)
        self.status = status
        self.kind = kind

    def __reduce__(self) -> tuple[type["ProblemError"], tuple[int, str, str]]:
        """Return how to make it anew: a worker process passes its exceptions on by pickle."""
        return type(self), (self.status, self.kind, str(self))


class ChangedData(ProblemError):
    """The service holds another revision of the data than the one that the client read first."""


class Unreachable(DigitsError):
    """The service did not answer within the client's patience, or cannot answer at this address."""


class UnexpectedAnswer(DigitsError):
    """An answer arrived that is not the one requested, for example a redirect, a sign-in page or other samples."""


class DamagedDownload(DigitsError, ValueError):
    """A whole array does not have the SHA-256 that the card states."""


class StateMismatch(DigitsError, ValueError):
    """A state belongs to a run that visits other samples, or visits them in another order."""


def parse_problem(status: int, body: bytes) -> ProblemError:
    """Return the exception for the status and the body of an error answer (RFC 9457, or anything else)."""
    try:
        problem = json.loads(body)
        kind, detail = str(problem["type"]).rpartition("/")[2], str(problem["detail"])
    except (ValueError, KeyError, TypeError, RecursionError):
        kind, detail = "unknown", f"The service answered {status}: {body[:200]!r}"
    error = ChangedData if status == HTTPStatus.CONFLICT else ProblemError
    return error(status, kind, detail)
