"""Steps of training that are recorded once for each shape of their batch, and then replayed.

A step of a twelve-layer encoder starts well over a thousand kernels. Started one by one from
Python, they leave a fast GPU idle most of the time; recorded, as a CUDA graph, they start at once.
What is computed stays the same, and so do the random numbers that it is computed with.
"""

import gc
import logging
from collections.abc import Callable, Mapping, Sequence

import torch

logger = logging.getLogger(__name__)

Batches = Sequence[Mapping[str, torch.Tensor]]

# Each keeps the handles of some thousand kernels; the memory that they work in is shared.
_MOST = 64
# Shapes that are remembered to see whether they come again.
_MOST_MET = 10_000


class Recorded:
    """A step on a GPU, run as it is where its shape is new, and replayed where it comes again.

    Parameters
    ----------
    step
        From the tensors of a batch's parts, and how many things are to be predicted in them. All
        else that it reads or changes are tensors that stay where they are, and it reads no number
        back from the GPU. What it makes only at its first call, such as an optimiser's moments, it
        makes at a call that is not recorded.
    undo
        Takes back what a call that ended halfway has left.
    """

    def __init__(self, step: Callable[[Batches, int], None], undo: Callable[[], None]) -> None:
        self._step = step
        self._undo = undo
        self._recordable = True
        self._met: set[object] = set()
        self._recordings: dict[object, tuple[torch.cuda.CUDAGraph, Batches]] = {}
        self._memory = torch.cuda.graph_pool_handle()

    def __call__(self, batches: Batches, total: int) -> None:
        """Do the step."""
        shape = (total, tuple(tuple((n, each.shape) for n, each in b.items()) for b in batches))
        if self._recordable and shape not in self._recordings:
            if shape in self._met:
                self._record(shape, batches, total)
            # In pre-training hardly any comes again, and there are a million.
            if len(self._met) == _MOST_MET:
                self._met.clear()
            self._met.add(shape)
        if shape not in self._recordings:
            self._step(batches, total)
            return
        recording, read = self._recordings[shape]
        for into, batch in zip(read, batches, strict=True):
            for name, each in batch.items():
                into[name].copy_(each, non_blocking=True)
        recording.replay()

    def _record(self, shape: object, batches: Batches, total: int) -> None:
        # A recorded step reads its tensors from where they lay.
        read = [{name: each.clone() for name, each in batch.items()} for batch in batches]
        recording = torch.cuda.CUDAGraph()
        # What an earlier training left must go before: a recording ends where memory is freed.
        gc.collect()
        gc.disable()
        try:
            # A recording that fails does not go back to this stream by itself.
            with (
                torch.cuda.stream(torch.cuda.current_stream()),
                torch.cuda.graph(recording, pool=self._memory, capture_error_mode="thread_local"),
            ):
                self._step(read, total)
            self._recordings[shape] = recording, read
            self._recordable = len(self._recordings) < _MOST
        except RuntimeError as error:
            # Something in this model waits for the GPU, or there is no memory for a recording.
            said = str(_root(error)).partition("\n")[0]
            logger.warning("steps are not recorded, which makes them slower: %s", said)
            self._recordable = False
            self._undo()
        finally:
            gc.enable()


def _root(error: BaseException) -> BaseException:
    """Return what was raised first: the end of a recording that failed only says that it did."""
    while error.__context__ is not None:
        error = error.__context__
    return error
