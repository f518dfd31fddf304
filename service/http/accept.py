"""The `Accept` header (RFC 9110, section 12.5.1): what a client likes, and whether it likes a page for people."""

from collections.abc import Sequence

HTML_TYPE = "text/html"
"""The media type that browsers name when a person follows a link or enters an address."""

JAVA_DEFAULTS = frozenset(
    {"text/html, image/gif, image/jpeg, */*; q=0.2", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"}
)
"""What Java's `HttpURLConnection` sends for programs that set no `Accept`, and that mostly read JSON."""


def prefers_html(accept: str, *others: str) -> bool:
    """Whether a header names HTML, and likes it better than each of the `others`, which a program can read.

    Wildcards do not name it: programs send `*/*`, and browsers always name it.
    """
    if HTML_TYPE not in accept.lower() or accept in JAVA_DEFAULTS:
        return False
    weights = parse_weights(accept)
    return weights.get(HTML_TYPE, 0.0) > max(weigh(other, weights) for other in others)


def parse_weights(header: str) -> dict[str, float]:
    """The members of an `Accept…` header in lower case, each with its quality; malformed members are left out.

    Parameters of a media range other than `q` are ignored, because no format here has any: `application/json;
    charset=utf-8` means `application/json`.
    """
    weights: dict[str, float] = {}
    for member in header.lower().split(","):
        value, *parameters = (part.strip() for part in member.split(";"))
        quality = _parse_quality(parameters)
        if value and quality is not None:
            weights[value] = max(quality, weights.get(value, 0.0))
    return weights


def _parse_quality(parameters: Sequence[str]) -> float | None:
    """The weight among the parameters of a member, 1 without one; None where it is no number from 0 to 1."""
    text = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        quality = float(text)
    except ValueError:
        return None
    return quality if 0 <= quality <= 1 else None


def weigh(media_type: str, weights: dict[str, float]) -> float:
    """The quality of the most specific range that covers a media type; 0 where none does."""
    family = media_type.partition("/")[0] + "/*"
    return next((weights[one] for one in (media_type, family, "*/*") if one in weights), 0.0)
