"""A Page: which samples of a selection an answer shows, of how many, and where the other pages are."""

from service.api.queries import PageQuery
from service.data.selection import Selection
from service.data.split import Split
from service.http.links import write_link_header
from service.http.parameters import write_query
from service.http.request import ApiRequest

LONGEST_LINKS = 2_000
"""Characters of a `Link` header. With many indices the links are long, and nginx takes 4 kB of headers by default."""


class Page:
    """A page of the selection that a query makes of a split; known without selecting anything.

    `total` is the number of samples of all pages together, `cost` estimates the milliseconds to select the page's.
    """

    def __init__(self, request: ApiRequest, split: Split, query: PageQuery) -> None:
        """Find the page that a query asks for.

        Raises:
            Refused: a parameter does not fit the split, a class is too small, or parameters do not go together.
            Malformed: likewise, several parameters.
        """
        self.split = split
        self.query = query
        self.choice = query.build_choice(split)
        self.total = self.choice.count(split)
        self.cost = self.choice.cost(split)
        self.links = link_pages(request, query, split.rev, self.total)

    def __len__(self) -> int:
        """Return the number of samples on the page."""
        return max(0, min(self.query.limit, self.total - self.query.offset))

    @property
    def headers(self) -> dict[str, str]:
        """The headers by which a client finds the other pages; links only if they are short."""
        links = write_link_header(self.links)
        total = {"Total-Count": str(self.total)}
        return {"Link": links, **total} if len(links) <= LONGEST_LINKS else total

    def select(self) -> Selection:
        """The samples on the page."""
        return self.choice.select(self.split).page(self.query.offset, self.query.limit)


def link_pages(request: ApiRequest, query: PageQuery, rev: str, total: int) -> dict[str, str | None]:
    """Links to this page and the others; None where there is none."""
    offset, limit = query.offset, query.limit
    others = {name: value for name, value in request.canonical_query.items() if name != "offset"}
    rest = write_query({**others, "rev": rev}).removeprefix("?")
    here = request.root + request.path

    def link(start: int) -> str:
        return f"{here}?offset={start}&{rest}" if start else f"{here}?{rest}"

    return {
        "self": link(offset),
        "first": link(0),
        "prev": link(max(0, min(offset, total) - limit)) if offset else None,
        "next": link(offset + limit) if offset + limit < total else None,
        "last": link(max(0, total - 1) // limit * limit),
    }
