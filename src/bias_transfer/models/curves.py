"""Curves of a training for TensorBoard: losses and learning rate by step, and no step twice."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

# Points of a curve: each waits for all that was asked of a GPU.
_POINTS = 200


class Curves(Protocol):
    """Where a training notes what it is like."""

    def due(self, done: int) -> bool:
        """Tell whether a point is due once so many steps are done."""

    def add(self, name: str, value: float, done: int) -> None:
        """Note a value, of the state after so many steps."""

    def close(self) -> None:
        """Write what is left."""


class NoCurves:
    """Notes nothing."""

    def due(self, done: int) -> bool:
        """No point is ever due."""
        return False

    def add(self, name: str, value: float, done: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class TensorBoardCurves:
    """Event files of a training, as TensorBoard reads them.

    Parameters
    ----------
    folder
        Theirs; emptied where the training starts at its first step.
    done, steps
        Steps done before this process, and of the whole training. What an earlier process wrote of
        later steps than `done`, which are done again, TensorBoard then leaves out.
    """

    def __init__(self, folder: Path, done: int, steps: int) -> None:
        # Optional, and slow to import.
        from torch.utils.tensorboard import SummaryWriter

        if not done:
            shutil.rmtree(folder, ignore_errors=True)
        self._every = max(1, steps // _POINTS)
        self._writer: SummaryWriter = SummaryWriter(
            str(folder), purge_step=done + 1 if done else None
        )

    def due(self, done: int) -> bool:
        """Tell whether a point is due: some two hundred times in a training."""
        return done % self._every == 0

    def add(self, name: str, value: float, done: int) -> None:
        """Note a value, of the state after so many steps."""
        self._writer.add_scalar(name, value, done)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


def curves(folder: Path | None, done: int, steps: int) -> Curves:
    """Return the curves of a training: TensorBoard's in a folder, or none."""
    return NoCurves() if folder is None else TensorBoardCurves(folder, done, steps)
