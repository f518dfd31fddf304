"""The bounds on what one answer may hold, which are settings."""

from service.errors import Refused, quote
from service.formats.format import Format
from service.settings import Settings


def find_row_limit(settings: Settings, media: Format) -> int:
    """The most rows of one answer in a format."""
    return settings.text_limit if media.text else settings.binary_limit


def check_row_limit(settings: Settings, media: Format, limit: int) -> None:
    """Check the size of a page.

    Raises:
        Refused: it is larger than the format's bound.
    """
    most = find_row_limit(settings, media)
    if limit > most:
        raise Refused("limit", f"must be an integer from 1 to {most} in {media.name}, not {quote(limit)}")


def check_picture_size(settings: Settings, size: tuple[int, int], *, blame: str = "scale") -> None:
    """Check the size (height, width) of a picture, which the parameter `blame` decides.

    Raises:
        Refused: it is larger than the bound.
    """
    height, width = size
    if height * width > settings.picture_pixels:
        raise Refused(blame, f"makes a picture of {width}×{height} pixels; at most {settings.picture_pixels} are drawn")
