"""Lightning and Hugging Face's Trainer in two processes, interrupted, and continued in another number of them."""

from pathlib import Path

import pytest

from tests.frameworks.law import join, order
from tests.frameworks.ranks import interleave, launch


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("trainer", "before", "after"), [("lightning", 2, 1), ("transformers", 1, 2)])
def test_a_run_continues_in_another_number_of_processes(
    url: str, tmp_path: Path, trainer: str, before: int, after: int
) -> None:
    visited = []
    for processes, interruption in ((before, ["--interrupt-after=25"]), (after, [])):
        options = [f"--processes={processes}", f"--batch-size={100 // processes}", *interruption]
        visited += interleave(launch("trainer_program", url, tmp_path, processes, trainer, *options))
    assert len(visited) == 3 * 18
    assert join(visited) == order(0, 1, 2)
