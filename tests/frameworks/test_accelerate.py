"""Accelerate in two processes: every sample once, checkpoints, another number of processes, and what is refused."""

from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.frameworks import ranks
from tests.frameworks.law import join, order, rank_steps, steps

pytestmark = pytest.mark.timeout(300)


def launch(url: str, folder: Path, processes: int, *arguments: object) -> list[Any]:
    return ranks.launch("accelerate_program", url, folder, processes, *arguments)


def test_two_processes_visit_every_sample_once_and_one_continues(url: str, tmp_path: Path) -> None:
    two = launch(url, tmp_path, 2, "train", "--batch-size=50", "--interrupt-after=25", "--workers=2")
    assert two == [rank_steps(rank, 2, 0, 1, batch_size=50)[:25] for rank in range(2)]
    (one,) = launch(url, tmp_path, 1, "train", "--batch-size=100", "--resume")
    assert one == steps(0, 1, 2)[25:]


def test_one_process_continues_in_two(url: str, tmp_path: Path) -> None:
    (one,) = launch(url, tmp_path, 1, "train", "--batch-size=70", "--interrupt-after=3")
    two = launch(url, tmp_path, 2, "train", "--batch-size=50", "--resume")
    assert join(one + ranks.interleave(two)) == order(0, 1, 2)


@pytest.mark.parametrize("how", ["prepare", "prepare-shards"])
def test_a_stream_that_is_prepared_is_refused(url: str, tmp_path: Path, how: str) -> None:
    for message in launch(url, tmp_path, 2, how, "--batch-size=50"):
        assert "Use digits_client.torch.Loader" in message


def test_an_order_sampler_that_is_prepared_visits_every_sample_once(url: str, tmp_path: Path) -> None:
    two = launch(url, tmp_path, 2, "sampler", "--batch-size=50")
    assert sorted(chain.from_iterable(chain.from_iterable(two))) == sorted(order(0))
    assert [first + second for first, second in zip(*two, strict=True)] == steps(0)
