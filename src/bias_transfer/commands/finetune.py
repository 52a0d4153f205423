"""The command that fine-tunes one model of the grid."""

from pathlib import Path

import torch

from bias_transfer.models.checkpoints import load_tokenizer, new_classifier, save_checkpoint
from bias_transfer.models.classification import LabelledTokens, labelled_tokens
from bias_transfer.models.classification import fine_tune as fine_tune_classifier
from bias_transfer.models.device import prepare_device
from bias_transfer.models.training import TrainingSettings
from bias_transfer.runtime.artifacts import (
    atomic_folder,
    describe_folder,
    read_json,
    read_table,
    verified_folder,
    write_table,
)
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.resuming import training_checkpoints
from bias_transfer.seeding import derived_seed


def fine_tune(job: Job) -> None:
    """Fine-tune one upstream checkpoint on one training set with one seed."""
    settings = job.settings
    # The same seed for every model: variants differ by what was done to them and by nothing else.
    seed = derived_seed(settings["seed"], "fine-tune", settings["task"])
    device = prepare_device(seed)
    original = verified_folder(job.input("original"))
    labels = tuple(read_json(job.input("original"))["labels"])
    upstream = verified_folder(job.input("upstream"))
    tokenizer = load_tokenizer(str(upstream))
    torch.manual_seed(seed)
    model = new_classifier(upstream, labels).to(device)

    def tokens(path: Path) -> LabelledTokens:
        table = read_table(path)
        texts, named = table["text"].tolist(), table["label"].tolist()
        return labelled_tokens(model, tokenizer, texts, named, settings["maximum_length"])

    with training_checkpoints(job, "finetune", device) as checkpoints:
        curve = fine_tune_classifier(
            model,
            tokens(verified_folder(job.input("training")) / "train.parquet"),
            tokens(original / "evaluation.parquet"),
            TrainingSettings(**settings["training"]),
            seed,
            checkpoints,
        )
        with atomic_folder(job.output("manifest").parent) as folder:
            save_checkpoint(model, tokenizer, folder)
            write_table(folder / "loss_curve.csv", curve)
            describe_folder(
                folder, {"kind": "fine-tuned model", "model": settings["model"], "seed": seed}
            )
