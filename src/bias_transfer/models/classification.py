"""Fine-tune a classifier on labelled text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedModel

from bias_transfer.models.device import on_device
from bias_transfer.models.encoded import Encoded
from bias_transfer.models.frozen import head_alone_is_trained, head_inputs
from bias_transfer.models.last_layer import classifier_logits
from bias_transfer.models.training import Examples, TrainingSettings, train
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

    @classmethod
    def of(cls, encoded: Encoded, named: pd.Series, labels: Sequence[str]) -> "LabelledTokens":
        """Return texts with the place, among a model's `labels`, of what each is `named`."""
        return cls(encoded, pd.Index(labels).get_indexer(pd.Index(named)))

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, shape (texts,)."""
        return self.encoded.lengths

    def count(self, rows: np.ndarray) -> int:
        """Return how many labels some texts have: one each."""
        return len(rows)

    def inputs(self, model: PreTrainedModel, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """Return texts as a model takes them, and their `labels`."""
        inputs = self.encoded.inputs(rows, model.config.pad_token_id, model.device)
        return inputs | {"labels": on_device(torch.from_numpy(self.labels[rows]), model.device)}

    @staticmethod
    def loss(model: PreTrainedModel, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the sum of −log P(label) over some texts."""
        texts = {name: each for name, each in inputs.items() if name != "labels"}
        logits = classifier_logits(model, texts)
        return torch.nn.functional.cross_entropy(logits, inputs["labels"], reduction="sum")


def fine_tune(
    model: PreTrainedModel,
    training: LabelledTokens,
    evaluation: LabelledTokens,
    settings: TrainingSettings,
    seed: int,
    checkpoints: TrainingCheckpoints,
) -> pd.DataFrame:
    """Fine-tune a classifier in place; return its loss curve (see `train`).

    Those of its parameters are trained that require a gradient. Where these are the head's alone,
    the encoder reads each text once, and not once an epoch, as in evaluation: without dropout.
    """
    examples: tuple[Examples, Examples] = training, evaluation
    if head_alone_is_trained(model):
        size = settings.evaluation_batch_size
        examples = (
            head_inputs(model, training.encoded, training.labels, size),
            head_inputs(model, evaluation.encoded, evaluation.labels, size),
        )
    learned, tested = examples
    return train(model, lambda epoch: learned, tested, settings, seed, checkpoints)
