"""Fine-tune a classifier on labelled text."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedModel

from bias_transfer.models.encoded import Encoded
from bias_transfer.models.training import TrainingSettings, train
from bias_transfer.models.training_checkpoints import TrainingCheckpoints


@dataclass(frozen=True)
class LabelledTokens:
    """Tokenised texts and the class of each.

    Attributes
    ----------
    encoded
        The texts.
    labels
        Indices of the model's classes, shape (texts,).
    """

    encoded: Encoded
    labels: np.ndarray


def fine_tune(
    model: PreTrainedModel,
    training: LabelledTokens,
    evaluation: LabelledTokens,
    settings: TrainingSettings,
    seed: int,
    checkpoints: TrainingCheckpoints,
) -> pd.DataFrame:
    """Fine-tune a classifier in place; return its loss curve (see `train`)."""

    def collate(examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        encoded = Encoded.of([each["input_ids"] for each in examples])
        batch = encoded.padded(np.arange(len(encoded)), model.config.pad_token_id)
        return batch | {"labels": torch.tensor([each["labels"] for each in examples])}

    return train(
        model,
        _examples(training),
        _examples(evaluation),
        collate,
        torch.Generator(),
        settings,
        seed,
        checkpoints,
    )


def _examples(data: LabelledTokens) -> list[dict[str, Any]]:
    texts = np.split(data.encoded.tokens, data.encoded.bounds[1:-1])
    return [
        {"input_ids": ids, "labels": int(label)}
        for ids, label in zip(texts, data.labels, strict=True)
    ]
