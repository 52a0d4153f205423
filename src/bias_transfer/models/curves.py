"""Curves of a training for TensorBoard: losses and learning rate by step, and no step twice."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

# Points of a curve: each waits for all that was asked of a GPU.
_POINTS = 200


class Curves:
    """Event files of a training, as TensorBoard reads them.

    Parameters
    ----------
    folder
        Theirs; emptied where the training starts at its first step. None: nothing is noted.
    done, steps
        Steps done before this process, and of the whole training. What an earlier process wrote of
        later steps than `done`, which are done again, TensorBoard then leaves out.
    """

    def __init__(self, folder: Path | None, done: int, steps: int) -> None:
        self._every = max(1, steps // _POINTS)
        self._writer = None if folder is None else _writer(folder, done)

    def due(self, done: int) -> bool:
        """Tell whether a point is due: some two hundred times in a training."""
        return self._writer is not None and done % self._every == 0

    def add(self, name: str, value: float, done: int) -> None:
        """Note a value, of the state after so many steps."""
        if self._writer is not None:
            self._writer.add_scalar(name, value, done)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()


def _writer(folder: Path, done: int) -> SummaryWriter:
    # Optional, and slow to import.
    from torch.utils.tensorboard import SummaryWriter

    if not done:
        shutil.rmtree(folder, ignore_errors=True)
    return SummaryWriter(str(folder), purge_step=done + 1 if done else None)
