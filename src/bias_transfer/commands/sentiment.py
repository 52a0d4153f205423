"""The command that makes the sentiment classifier ready."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch

from bias_transfer.data.hub import model_folder, resolve
from bias_transfer.data.sentiment import SENTIMENTS
from bias_transfer.errors import counted
from bias_transfer.models.checkpoints import load_tokenizer, new_classifier, save_checkpoint
from bias_transfer.models.classification import LabelledTokens, fine_tune
from bias_transfer.models.device import prepare_device
from bias_transfer.models.encoded import encode
from bias_transfer.models.folder import CLASSIFIER
from bias_transfer.models.prediction import predict, require_positions
from bias_transfer.models.sentiment import save_hub_classifier
from bias_transfer.models.training import TrainingSettings
from bias_transfer.runtime.artifacts import (
    atomic_folder,
    describe_folder,
    read_table,
    verified_folder,
    write_table,
)
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.resuming import training_checkpoints
from bias_transfer.seeding import derived_seed
from bias_transfer.tasks._performance import performance


def prepare_sentiment_classifier(job: Job) -> None:
    """Train a classifier, fetch one from the hub, or note that a lexicon serves."""
    settings = job.settings
    if settings["source"] in ("generated", "file"):
        _train(job)
        return
    with atomic_folder(job.output("manifest").parent) as folder:
        if settings["source"] == "lexicon":
            describe_folder(folder, {"kind": "sentiment lexicon"})
        else:
            hub = settings["hub"]
            commit = resolve(hub["id"], "model", hub["revision"])
            source = model_folder(hub["id"], commit, CLASSIFIER)
            save_hub_classifier(source, hub["negative"], settings["maximum_length"], folder)
            known = {"negative": hub["negative"], "hub": hub["id"], "commit": commit}
            describe_folder(folder, {"kind": "sentiment classifier", **known})


def _train(job: Job) -> None:
    settings = job.settings
    data = verified_folder(job.input("data"))
    parts = {part: read_table(data / f"{part}.parquet") for part in ("train", "evaluation", "test")}
    seed = derived_seed(settings["seed"], "sentiment classifier")
    device = prepare_device(seed, job.gpu_share)
    upstream = verified_folder(job.input("checkpoint"))
    tokenizer = load_tokenizer(upstream)
    torch.manual_seed(seed)
    labels = tuple(label for label in SENTIMENTS if label in set(parts["train"]["label"]))
    model = new_classifier(upstream, labels).to(device)
    length = settings["maximum_length"]
    require_positions(model, length)
    tokens = {
        part: LabelledTokens.of(
            encode(tokenizer, table["text"].tolist(), length), table["label"], labels
        )
        for part, table in parts.items()
    }
    with training_checkpoints(job, device) as checkpoints:
        curve = fine_tune(
            model,
            tokens["train"],
            tokens["evaluation"],
            TrainingSettings(**settings["training"]),
            seed,
            checkpoints,
        )
        probabilities = predict(model.eval(), tokens["test"].encoded, tokenizer.pad_token_id, 256)
        predicted = np.array(labels)[probabilities.argmax(axis=1)]
        quality = performance(parts["test"]["label"].to_numpy(), predicted)
        _warn_of_chance(job, quality, len(predicted))
        description = {"kind": "sentiment classifier", "negative": "negative"}
        with atomic_folder(job.output("manifest").parent) as folder:
            save_checkpoint(model, tokenizer, folder)
            write_table(folder / "loss_curve.csv", curve)
            describe_folder(folder, {**description, "performance": quality})


def _warn_of_chance(job: Job, quality: Mapping[str, float], rows: int) -> None:
    """Warn of a classifier that is right no more often than always choosing the majority class.

    Parameters
    ----------
    job
        Which has made it.
    quality
        Of `performance`.
    rows
        Of the test part.
    """
    # Takes a second to import, which a classifier of the hub does not need.
    from bias_transfer.analysis.chance import above_chance

    if not above_chance(pd.DataFrame([{**quality, "test_rows": rows}])).item():
        job.warn(
            f"sentiment: judged by {counted(rows, 'test row')}, the classifier is no better "
            f"than always choosing one class ({quality['accuracy']:.2f} right, against "
            f"{quality['majority_accuracy']:.2f}), so what it says of words may be noise; raise "
            "sentiment.training.epochs, or give more sentences"
        )
