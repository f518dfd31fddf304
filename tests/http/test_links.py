from service.http.links import write_link_header


def test_links_are_written_as_rfc_8288_says_and_absent_ones_left_out() -> None:
    assert write_link_header({"self": "/a?b=1", "prev": None, "next": "/c"}) == '</a?b=1>; rel="self", </c>; rel="next"'
    assert write_link_header({}) == ""
