"""Commands that score a checkpoint before fine-tuning and a classifier after it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from bias_transfer.analysis.observations import joined_scores
from bias_transfer.measures import Resources, measure
from bias_transfer.models.checkpoints import (
    load_classifier,
    load_masked_lm,
    load_tokenizer,
)
from bias_transfer.models.device import prepare_device
from bias_transfer.models.encoded import read_encoded
from bias_transfer.models.masked_lm import MaskScorer
from bias_transfer.models.prediction import predict, require_positions
from bias_transfer.models.sentiment import negative_probability
from bias_transfer.models.tokenisation import require_same_tokenizer
from bias_transfer.runtime.artifacts import read_json, read_table, verified_folder, write_table
from bias_transfer.runtime.job import Job
from bias_transfer.tasks import definition_of, kind


def score_upstream(job: Job) -> None:
    """Score every upstream checkpoint of a task, in one job: loading the libraries is the cost."""
    device = prepare_device(0, job.gpu_share)
    resources = _resources(job, device)
    tables = []
    for upstream, manifest in zip(job.settings["upstream"], job.inputs["upstream"], strict=True):
        folder = verified_folder(manifest)
        model, tokenizer = load_masked_lm(folder).to(device), load_tokenizer(folder)
        scorer = MaskScorer(model, tokenizer, job.batch_size)
        table = _scores(scorer, job, resources)
        table.insert(0, "upstream", upstream)
        tables.append(table)
    write_table(job.output("scores"), pd.concat(tables, ignore_index=True))


def score_fine_tuned(job: Job) -> None:
    """Predict the test part, and score the fine-tuned encoder as a language model again."""
    device = prepare_device(0, job.gpu_share)
    settings = job.settings
    fine_tuned, upstream = (verified_folder(job.input(name)) for name in ("model", "upstream"))
    classifier, tokenizer = load_classifier(fine_tuned).to(device), load_tokenizer(fine_tuned)
    tokens = job.input("tokens")
    require_same_tokenizer(tokens, fine_tuned)
    require_positions(classifier, read_json(tokens)["maximum_length"])
    test, encoded = read_encoded(verified_folder(tokens) / "test.parquet")
    probabilities = predict(classifier, encoded, tokenizer.pad_token_id, job.batch_size)
    definition = definition_of(settings["definition"])
    classes = [classifier.config.id2label[index] for index in range(probabilities.shape[1])]
    scored_class = kind(definition.kind).scored_class(definition)
    predictions = _predictions(test, classes, probabilities, scored_class)
    # The upstream head, whole, on the fine-tuned encoder.
    model = load_masked_lm(upstream).to(device)
    scorer = MaskScorer(model, tokenizer, job.batch_size, fine_tuned=classifier)
    write_table(job.output("intrinsic"), _scores(scorer, job, _resources(job, device)))
    write_table(job.output("predictions"), predictions)


def _predictions(
    test: pd.DataFrame,
    classes: Sequence[str],
    probabilities: np.ndarray,
    scored_class: str | None,
) -> pd.DataFrame:
    """Lay predictions out, one row a test row, without its text."""
    columns = pd.Index(classes)
    scored = test["label"] if scored_class is None else [scored_class] * len(test)
    return pd.DataFrame(
        {
            "id": test["id"],
            "label": test["label"],
            "prediction": columns[probabilities.argmax(axis=1)],
            "score": probabilities[range(len(test)), columns.get_indexer(pd.Index(scored))],
            "group": test["group"],
        }
    )


def _resources(job: Job, device: torch.device) -> Resources:
    """Read what the task's measures need: the rule hands over nothing else."""
    negative = sentences = None
    if job.inputs["sentiment"]:
        length = job.settings["sentiment_length"]
        negative = negative_probability(job.input("sentiment"), length, job.batch_size, device)
    if job.inputs["sentences"]:
        sentences = read_table(verified_folder(job.input("sentences")) / "templates.parquet")
    return Resources(negative, sentences)


def _scores(scorer: MaskScorer, job: Job, resources: Resources) -> pd.DataFrame:
    """Score a language model by every measure of its task, joined on items and templates."""
    settings = job.settings
    definition = definition_of(settings["definition"])
    tables = []
    for name, values in settings["measures"].items():
        plugin = measure(name)
        own = plugin.settings.model_validate(values)
        tables.append(plugin.score(scorer, definition, own, resources))
    return joined_scores(tables, definition.item)
