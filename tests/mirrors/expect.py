"""What tests of several mirrors expect."""

from tests.http.expect import assert_problem
from tests.sites import Site


def assert_nothing_at(site: Site, method: str, path: str) -> None:
    """Assert that a path, asked by GET or HEAD, is an unknown resource."""
    answer = site.send(method, path)
    assert answer.status == 404
    if method == "GET":
        assert_problem(answer, "unknown-resource")
