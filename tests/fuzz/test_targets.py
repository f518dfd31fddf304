"""Every parser with a few mutations of what it reads; `make fuzz` tries many more, guided by coverage where it can."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, inputs


@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_refuses_only_as_it_documents(name: str) -> None:
    target = TARGETS[name]
    for seed in target.seeds:
        target.run(seed)

    @settings(max_examples=30)
    @given(inputs(target))
    def run(content: bytes) -> None:
        target.run(content)

    run()


@settings(max_examples=100)
@given(st.sampled_from(sorted(TARGETS)), st.binary(max_size=100))
def test_no_bytes_are_an_accident_for_any_parser(name: str, content: bytes) -> None:
    TARGETS[name].run(content)
