"""Fine-tune a classifier on labelled text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from bias_transfer.models.encoded import Encoded
from bias_transfer.models.last_layer import classifier_logits
from bias_transfer.models.prediction import checked_length
from bias_transfer.models.training import TrainingSettings, train
from bias_transfer.models.training_checkpoints import TrainingCheckpoints


@dataclass(frozen=True)
class LabelledTokens:
    """Tokenised texts and the numbers of their labels.

    Attributes
    ----------
    encoded
        The texts.
    labels
        The number of each one's label; int64, shape (texts,).
    """

    encoded: Encoded
    labels: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, shape (texts,)."""
        return self.encoded.lengths

    def count(self, rows: np.ndarray) -> int:
        """Return how many labels some texts have: one each."""
        return len(rows)

    def loss(self, model: PreTrainedModel, rows: np.ndarray) -> torch.Tensor:
        """Return the sum of −log P(label) over some texts."""
        inputs = self.encoded.inputs(rows, model.config.pad_token_id, model.device)
        labels = torch.from_numpy(self.labels[rows]).to(model.device, non_blocking=True)
        logits = classifier_logits(model, inputs)
        return torch.nn.functional.cross_entropy(logits, labels, reduction="sum")


def labelled_tokens(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    labels: Sequence[str],
    maximum_length: int,
) -> LabelledTokens:
    """Tokenise texts for a classifier, and number their labels as it does.

    Parameters
    ----------
    model, tokenizer
        The classifier, and the tokenizer of its checkpoint.
    texts, labels
        Of the same length.
    maximum_length
        Tokens of a text that are kept; no more than the model has positions for.
    """
    limit = checked_length(model, maximum_length)
    ids = tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"]
    index = model.config.label2id
    return LabelledTokens(Encoded.of(ids), np.array([index[label] for label in labels]))


def fine_tune(
    model: PreTrainedModel,
    training: LabelledTokens,
    evaluation: LabelledTokens,
    settings: TrainingSettings,
    seed: int,
    checkpoints: TrainingCheckpoints,
) -> pd.DataFrame:
    """Fine-tune a classifier in place; return its loss curve (see `train`)."""
    return train(model, lambda epoch: training, evaluation, settings, seed, checkpoints)
