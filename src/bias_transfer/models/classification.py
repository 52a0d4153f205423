"""Fine-tune a classifier on labelled text."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from transformers import DataCollatorWithPadding, PreTrainedModel, PreTrainedTokenizerBase

from bias_transfer.models.prediction import checked_length
from bias_transfer.models.training import TrainingSettings, train
from bias_transfer.models.training_checkpoints import TrainingCheckpoints


@dataclass(frozen=True)
class LabelledText:
    """Texts and their labels, of the same length."""

    texts: Sequence[str]
    labels: Sequence[str]


def fine_tune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    training: LabelledText,
    evaluation: LabelledText,
    maximum_length: int,
    settings: TrainingSettings,
    seed: int,
    checkpoints: TrainingCheckpoints,
) -> pd.DataFrame:
    """Fine-tune a classifier in place; return its loss curve (see `train`)."""
    limit = checked_length(model, maximum_length)
    return train(
        model,
        _examples(model, tokenizer, training, limit),
        _examples(model, tokenizer, evaluation, limit),
        DataCollatorWithPadding(tokenizer),
        torch.Generator(),
        settings,
        seed,
        checkpoints,
    )


def _examples(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    data: LabelledText,
    limit: int,
) -> list[dict[str, object]]:
    encoded = tokenizer(list(data.texts), truncation=True, max_length=limit)["input_ids"]
    index = model.config.label2id
    return [
        {"input_ids": ids, "labels": index[label]}
        for ids, label in zip(encoded, data.labels, strict=True)
    ]
