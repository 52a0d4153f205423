"""Recorded steps: which are recorded and replayed, on a stand-in for a CUDA graph.

That a recorded training ends with the numbers of one that is not is tested for each family on a GPU
(test_families.py), and so is that it goes on where it was killed (test_training_checkpoints.py).
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from bias_transfer.models.recording import Batches, Recorded


class Graph:
    """Keeps what is asked for while it records, and does it whenever it is replayed."""

    recording: "Graph | None" = None

    def __init__(self) -> None:
        self.kept: list[Callable[[], None]] = []

    def replay(self) -> None:
        for each in self.kept:
            each()


class Streams:
    """The stream that work is given to: a recording has its own, and goes back if it succeeds."""

    def __init__(self) -> None:
        self.current = "the training's"

    @contextmanager
    def stream(self, stream: str) -> Iterator[None]:
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.current = before

    @contextmanager
    def graph(self, graph: Graph, **options: Any) -> Iterator[None]:
        assert not gc.isenabled()
        before, self.current = self.current, "the recording's"
        Graph.recording = graph
        try:
            yield
        except RuntimeError as error:
            # As torch.cuda.graph does: ending what is spoilt raises, and the rest is not reached.
            raise RuntimeError("the recording was spoilt by an earlier error") from error
        finally:
            Graph.recording = None
        self.current = before


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch, streams: Streams) -> list[Graph]:
    made: list[Graph] = []

    def new() -> Graph:
        made.append(Graph())
        return made[-1]

    monkeypatch.setattr("torch.cuda.CUDAGraph", new)
    monkeypatch.setattr("torch.cuda.graph", streams.graph)
    monkeypatch.setattr("torch.cuda.graph_pool_handle", lambda: None)
    monkeypatch.setattr("torch.cuda.stream", streams.stream)
    monkeypatch.setattr("torch.cuda.current_stream", lambda: streams.current)
    return made


class Sum:
    """A step that adds the parts of a batch, each over the total, to what it holds."""

    def __init__(self) -> None:
        self.held = torch.zeros(())
        self.calls = 0

    def __call__(self, batches: Batches, total: int) -> None:
        self.calls += 1

        def add() -> None:
            for batch in batches:
                self.held += batch["numbers"].sum() / total

        if Graph.recording is None:
            add()
        else:
            Graph.recording.kept.append(add)


def nothing() -> None:
    pass


def part(*numbers: float) -> dict[str, torch.Tensor]:
    return {"numbers": torch.tensor(numbers)}


def test_a_shape_is_run_once_recorded_at_its_second_time_and_replayed(graphs: list[Graph]) -> None:
    step = Sum()
    recorded = Recorded(step, nothing)
    for number in range(1, 6):
        recorded([part(number, 1)], 2)
        # The numbers are this batch's own, whichever way the step is done.
        assert step.held.item() == pytest.approx(sum((n + 1) / 2 for n in range(1, number + 1)))
        assert (step.calls, len(graphs)) == {1: (1, 0)}.get(number, (2, 1))


def test_of_shapes_that_do_not_come_again_few_are_remembered(
    graphs: list[Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bias_transfer.models.recording._MOST_MET", 3)
    recorded = Recorded(Sum(), nothing)
    for length in range(1, 9):
        recorded([part(*range(length))], 2)
    assert len(recorded._met) <= 3
    assert not graphs
    recorded([part(*range(8))], 2)
    assert len(graphs) == 1


@pytest.mark.parametrize(
    ("batches", "total"),
    [
        ([part(1, 2)], 3),
        ([part(1, 2, 3)], 2),
        ([part(1, 2), part(3)], 2),
        ([{"others": torch.ones(2), **part(1, 2)}], 2),
    ],
    ids=["total", "tensor", "part", "name"],
)
def test_another_shape_is_another_recording(
    graphs: list[Graph], batches: list[dict[str, torch.Tensor]], total: int
) -> None:
    recorded = Recorded(Sum(), nothing)
    for _ in range(3):
        recorded([part(1, 2)], 2)
        recorded(batches, total)
    assert len(graphs) == 2


def test_the_batch_that_was_recorded_may_change_afterwards(graphs: list[Graph]) -> None:
    step = Sum()
    recorded = Recorded(step, nothing)
    batch = part(1)
    for _ in range(2):
        recorded([batch], 1)
    batch["numbers"].fill_(1000)
    recorded([part(2)], 1)
    assert step.held.item() == 1 + 1 + 2


def test_beyond_some_shapes_steps_are_run_as_they_are(
    graphs: list[Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bias_transfer.models.recording._MOST", 2)
    step = Sum()
    recorded = Recorded(step, nothing)
    for _ in range(4):
        for length in (1, 2, 3):
            recorded([part(*[1.0] * length)], 1)
    assert len(graphs) == 2
    assert step.held.item() == 4 * (1 + 2 + 3)


def test_what_cannot_be_recorded_is_run_as_it_is(
    graphs: list[Graph], streams: Streams, caplog: pytest.LogCaptureFixture
) -> None:
    class Waiting(Sum):
        left = 0

        def __call__(self, batches: Batches, total: int) -> None:
            self.left += 1
            if Graph.recording is not None:
                raise RuntimeError("it reads a number\nfrom the GPU")
            super().__call__(batches, total)
            self.left = 0

        def undo(self) -> None:
            self.left = 0

    step = Waiting()
    recorded = Recorded(step, step.undo)
    for length in (1, 1, 1, 2, 2):
        recorded([part(*[1.0] * length)], 1)
        assert step.left == 0
        assert streams.current == "the training's"
    assert step.held.item() == 1 + 1 + 1 + 2 + 2
    # It is tried and said once, and Python collects its garbage as before.
    assert len(graphs) == 1
    assert caplog.messages == ["steps are not recorded, which makes them slower: it reads a number"]
    assert gc.isenabled()
