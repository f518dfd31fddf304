"""The adapters for PyTorch, where there is one."""

from typing import Any

import numpy as np
import pytest

from digits_client import ChangedData, Split, StateMismatch
from service.data.dataset import Dataset

pytestmark = pytest.mark.heavy
torch = pytest.importorskip("torch")


def loader(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - the library has no types here
    return torch.utils.data.DataLoader(*arguments, **options)


@pytest.fixture
def stream(all_digits: Split) -> Any:  # noqa: ANN401
    from digits_client.torch import Stream  # noqa: PLC0415

    return Stream(all_digits.batches(100, seed=3, layout="chw", scale="unit"))


def labels(batches: Any) -> list[list[int]]:  # noqa: ANN401
    return [y.tolist() for _, y in batches]


def expected(split: Split, epoch: int, **more: Any) -> list[list[int]]:  # noqa: ANN401
    return [batch.y.tolist() for batch in split.batches(100, seed=3, epoch=epoch, **more)]


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_the_order_does_not_depend_on_the_number_of_workers(
    stream: Any,  # noqa: ANN401
    all_digits: Split,
    workers: int,
    context: str,
) -> None:
    options = {"persistent_workers": True, "multiprocessing_context": context} if workers else {}
    batches = loader(stream, batch_size=None, num_workers=workers, **options)
    assert len(batches) == 18
    for epoch in (0, 5):
        stream.set_epoch(epoch)
        assert labels(batches) == expected(all_digits, epoch)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_goes_on_where_it_stood(stream: Any, all_digits: Split, workers: int) -> None:  # noqa: ANN401
    stream.set_epoch(2)
    batches = iter(loader(stream, batch_size=None, num_workers=workers))
    for _ in range(7):
        next(batches)
    state = stream.state_dict(7)
    assert (state["epoch"], state["start"]) == (2, 700)
    del batches
    stream.set_epoch(0)
    stream.load_state_dict(state)
    assert len(stream) == 11
    assert labels(loader(stream, batch_size=None, num_workers=workers)) == expected(all_digits, 2)[7:]
    assert stream.state_dict(1_000)["start"] == 1797
    with pytest.raises(ChangedData):
        stream.load_state_dict({**state, "rev": "000000000000"})
    with pytest.raises(StateMismatch, match="shuffle False instead of True"):
        stream.load_state_dict({**state, "shuffle": False})


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_the_usual_loop_continues_the_epoch(stream: Any, all_digits: Split, workers: int) -> None:  # noqa: ANN401
    stream.set_epoch(2)
    stream.load_state_dict(stream.state_dict(7))
    batches = loader(stream, batch_size=None, num_workers=workers, persistent_workers=workers > 0)
    passes = []
    for epoch in range(2, 5):
        stream.set_epoch(epoch)
        assert len(stream) == (11 if epoch == 2 else 18)
        passes.append(labels(batches))
    assert passes == [expected(all_digits, 2)[7:], expected(all_digits, 3), expected(all_digits, 4)]


def test_a_stream_begins_where_its_batches_do(all_digits: Split) -> None:
    from digits_client.torch import Stream  # noqa: PLC0415

    stream = Stream(all_digits.batches(100, seed=3, epoch=2, start=700))
    stream.set_epoch(2)
    assert labels(stream) == expected(all_digits, 2)[7:]


def test_tensors_are_the_values(stream: Any, all_digits: Split) -> None:  # noqa: ANN401
    x, y = next(iter(loader(stream, batch_size=None)))
    batch = next(iter(all_digits.batches(100, seed=3, layout="chw", scale="unit")))
    assert (x.dtype, x.shape, y.dtype) == (torch.float32, (100, 1, 8, 8), torch.int64)
    assert np.array_equal(x.numpy(), batch.x)
    x += 1


def test_a_map_style_dataset_takes_any_sampler(all_digits: Split, digits: Dataset) -> None:
    from digits_client.torch import Samples  # noqa: PLC0415

    samples = Samples(all_digits)
    assert len(samples) == 1797
    x, y = samples[5]
    assert (x.shape, int(y)) == ((1, 8, 8), int(digits.labels[5]))
    for index in (-1, 1797):
        with pytest.raises(IndexError, match="0 to 1796"):
            samples[index]
    sampler = torch.utils.data.DistributedSampler(samples, num_replicas=2, rank=1, shuffle=True, seed=4)
    visited = [
        label for mine in labels(loader(samples, batch_size=50, sampler=sampler, num_workers=2)) for label in mine
    ]
    assert visited == digits.labels[list(sampler)].tolist()


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("taken", [1, 7, 17, 18])
@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")  # torchdata calls it
def test_a_stateful_loader_continues_within_an_epoch(all_digits: Split, workers: int, taken: int) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader")
    from digits_client.torch import Stream  # noqa: PLC0415

    def load() -> tuple[Any, Any]:
        stream = Stream(all_digits.batches(100, seed=3, layout="chw", scale="unit"))
        return stream, stateful.StatefulDataLoader(stream, batch_size=None, num_workers=workers)

    stream, before = load()
    stream.set_epoch(2)
    reading = iter(before)
    visited = [next(reading)[1].tolist() for _ in range(taken)]
    state = before.state_dict()
    del reading, before

    stream, after = load()
    after.load_state_dict(state)
    for epoch in range(2, 4):
        stream.set_epoch(epoch)
        visited += labels(after)
    assert visited == expected(all_digits, 2) + expected(all_digits, 3)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")  # torchdata calls it
def test_a_stateful_loader_that_has_ended_an_epoch_continues_with_the_next(all_digits: Split, workers: int) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader")
    from digits_client.torch import Stream  # noqa: PLC0415

    stream = Stream(all_digits.batches(100, seed=3, epoch=2))
    before = stateful.StatefulDataLoader(stream, batch_size=None, num_workers=workers)
    assert labels(before) == expected(all_digits, 2)
    stream = Stream(all_digits.batches(100, seed=3))
    after = stateful.StatefulDataLoader(stream, batch_size=None, num_workers=workers)
    after.load_state_dict(before.state_dict())
    for epoch in (3, 4):
        stream.set_epoch(epoch)
        assert labels(after) == expected(all_digits, epoch)


def test_the_state_of_another_worker_is_refused(stream: Any) -> None:  # noqa: ANN401
    iterator = iter(stream)
    next(iterator)
    state = iterator.state_dict()
    with pytest.raises(StateMismatch, match="worker 0 of 2, not to 0 of 1"):
        iter(stream).load_state_dict({**state, "workers": 2})
    with pytest.raises(StateMismatch, match="seed 4 instead of 3"):
        iter(stream).load_state_dict({**state, "seed": 4})
