"""Links as a header (RFC 8288)."""

from collections.abc import Mapping


def write_link_header(links: Mapping[str, str | None]) -> str:
    """Links by relation as the value of a `Link` header; absent ones are left out."""
    return ", ".join(f'<{target}>; rel="{relation}"' for relation, target in links.items() if target is not None)
