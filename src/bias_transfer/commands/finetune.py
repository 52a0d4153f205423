"""The command that fine-tunes one model of the grid."""

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers.utils import SAFE_WEIGHTS_NAME

from bias_transfer.adaptations import adaptation
from bias_transfer.models.checkpoints import load_tokenizer, new_classifier, save_checkpoint
from bias_transfer.models.classification import LabelledTokens
from bias_transfer.models.classification import fine_tune as fine_tune_classifier
from bias_transfer.models.device import prepare_device
from bias_transfer.models.encoded import read_encoded
from bias_transfer.models.prediction import require_positions
from bias_transfer.models.tokenisation import require_same_tokenizer
from bias_transfer.models.training import TrainingSettings
from bias_transfer.runtime.artifacts import (
    atomic_folder,
    describe_folder,
    read_json,
    verified_folder,
    write_table,
)
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.resuming import training_checkpoints
from bias_transfer.seeding import derived_seed


def fine_tune(job: Job) -> None:
    """Fine-tune one upstream checkpoint on one training set, in one way, with one seed."""
    settings = job.settings
    plugin = adaptation(settings["adaptation"]["name"])
    told = plugin.settings.model_validate(settings["adaptation"]["settings"])
    # The same seed for every model: variants differ by what was done to them and by nothing else.
    seed = derived_seed(settings["seed"], "fine-tune", settings["task"])
    device = prepare_device(seed, job.gpu_share)
    upstream = verified_folder(job.input("upstream"))
    original, training = (_tokens(job, name, upstream) for name in ("original", "training"))
    described = read_json(job.input("original"))
    labels = described["labels"]
    tokenizer = load_tokenizer(upstream)
    torch.manual_seed(seed)
    model = new_classifier(upstream, tuple(labels)).to(device)
    require_positions(model, described["maximum_length"])
    with training_checkpoints(job, device) as checkpoints:
        with plugin.adapting(model, told):
            curve = fine_tune_classifier(
                model,
                _labelled(training / "train.parquet", labels),
                _labelled(original / "evaluation.parquet", labels),
                TrainingSettings(**settings["training"]),
                seed,
                checkpoints,
            )
        with atomic_folder(job.output("manifest").parent) as folder:
            save_checkpoint(model, tokenizer, folder)
            write_table(folder / "loss_curve.csv", curve)
            describe_folder(
                folder,
                {
                    "kind": "fine-tuned model",
                    "model": settings["model"],
                    "seed": seed,
                    # They may go once the model is scored: the study says.
                    "passing": [SAFE_WEIGHTS_NAME],
                },
            )


def _tokens(job: Job, name: str, upstream: Path) -> Path:
    """Return a folder of tokens, which must be the upstream checkpoint's."""
    folder = verified_folder(job.input(name))
    require_same_tokenizer(job.input(name), upstream)
    return folder


def _labelled(path: Path, labels: Sequence[str]) -> LabelledTokens:
    rows, encoded = read_encoded(path)
    return LabelledTokens.of(encoded, rows["label"], labels)
