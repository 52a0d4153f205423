"""Training checkpoints: what a training goes on from after its process was killed."""

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from bias_transfer.errors import StudyError
from bias_transfer.runtime.artifacts import (
    MANIFEST,
    atomic_folder,
    describe_folder,
    read_json,
    sha256,
)

logger = logging.getLogger(__name__)

_STATE = "state.safetensors"


@dataclass(frozen=True)
class TrainingCheckpoints:
    """The checkpoints of one training, in a folder that outlives its process, and its curves.

    Attributes
    ----------
    folder
        Where they lie.
    made_from
        All that decides the numbers, by name. A checkpoint made from anything else is not trusted.
    interval
        Seconds from one to the next; 0 to write none.
    curves
        Folder of the event files that TensorBoard reads; None to write none. They change no number
        and stay.
    """

    folder: Path
    made_from: Mapping[str, str]
    interval: float
    curves: Path | None = None

    def newest(self) -> Path | None:
        """Return the newest one that can be trusted, and remove all else from the folder."""
        found = None
        for each in sorted(self.folder.glob("*"), reverse=True):
            if found is None and each.name.startswith("step-"):
                reason = self._distrust(each)
                if not reason:
                    found = each
                    continue
                logger.warning("training checkpoint %s is removed and not used: %s", each, reason)
            _remove(each)
        return found

    def write(self, step: int, state: Mapping[str, torch.Tensor]) -> None:
        """Write one, whole or not at all; older ones go.

        Parameters
        ----------
        step
            How many steps were done.
        state
            All that the rest of the training depends on, by name.
        """
        older = list(self.folder.glob("step-*"))
        # Zero-padded: their order by name is their order in time.
        with atomic_folder(self.folder / f"step-{step:09d}") as folder:
            save_file({name: each.contiguous() for name, each in state.items()}, folder / _STATE)
            describe_folder(
                folder,
                {"kind": "training checkpoint", "step": step, "made_from": dict(self.made_from)},
            )
        for each in older:
            _remove(each)

    def remove(self) -> None:
        """Remove the folder: the training has ended, and its result is on disk."""
        _remove(self.folder)

    def _distrust(self, checkpoint: Path) -> str:
        try:
            manifest = read_json(checkpoint / MANIFEST)
        except StudyError as error:
            return str(error)
        expected = {**manifest.get("files", {}), MANIFEST: sha256(checkpoint / MANIFEST)}
        present = {file.name: sha256(file) for file in checkpoint.iterdir() if file.is_file()}
        if present != expected:
            names = {name for name, _ in present.items() ^ expected.items()}
            return f"{sorted(names)[0]} does not match its manifest"
        if manifest["made_from"] != self.made_from:
            differing = {name for name, _ in manifest["made_from"].items() ^ self.made_from.items()}
            return f"it was made with other {', '.join(sorted(differing))}"
        return ""


def read(checkpoint: Path) -> dict[str, torch.Tensor]:
    """Return what was written to a checkpoint that `newest` found.

    It holds numbers only: a file that is no safetensors file is refused, and no pickle is opened.
    """
    state: dict[str, torch.Tensor] = load_file(checkpoint / _STATE)
    return state


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
