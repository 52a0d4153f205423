"""What of a study is made already, and where its trainings write their logs."""

from pathlib import Path

from bias_transfer.runtime.artifacts import MANIFEST
from bias_transfer.study.grid import Model
from bias_transfer.upstream import Variant

_SCORES = ("predictions.parquet", "intrinsic.csv")


def has_checkpoint(results: Path, variant: Variant) -> bool:
    """Tell whether a checkpoint is there."""
    return (results / "checkpoints" / variant.id / MANIFEST).is_file()


def is_trained(results: Path, model: Model) -> bool:
    """Tell whether a model is fine-tuned; its weights may have gone since."""
    return (results / "finetune" / model.path / MANIFEST).is_file()


def is_scored(results: Path, model: Model) -> bool:
    """Tell whether all scores of a model are there: no more is done with it."""
    return all((results / "scores" / model.path / name).is_file() for name in _SCORES)


def checkpoint_log(results: Path, variant: Variant) -> Path:
    """Return where the making of a checkpoint writes what it does."""
    return results / "logs" / "checkpoints" / f"{variant.id}.log"


def fine_tuning_log(results: Path, model: Model) -> Path:
    """Return where the fine-tuning of a model writes what it does."""
    return results / "logs" / "finetune" / f"{model.path}.log"
