"""What methods share that train a checkpoint further as a masked language model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from bias_transfer.section import Count, Share
from bias_transfer.tasks._section import Training
from bias_transfer.upstream import Request

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bias_transfer.models.encoded import Encoded


class ContinuedTraining(Training):
    """How the checkpoint is trained further, the same for every strength."""

    masked_share: Share = 0.3
    """Share of the tokens to predict."""
    epochs: Count = 2
    """Passes over the corpus."""
    batch_size: Count = 64
    """Examples a training step."""
    learning_rate: float = Field(default=0.003, gt=0)
    """AdamW's, at its peak; a checkpoint of the hub wants about 0.00005."""
    warmup_share: float = Field(default=0, ge=0, lt=1)
    """Share of the steps over which the learning rate rises; it then falls to zero. Without any,
    associations turn round sooner."""
    weight_decay: float = Field(default=0.5, ge=0)
    """AdamW's; as in the pre-training of the small model. A checkpoint of the hub wants 0.01."""


def kept_length(model: PreTrainedModel, maximum: int) -> int:
    """Return how many tokens of a text are kept: `maximum`, or what the model has positions for."""
    from bias_transfer.models.families import longest_text

    return min(maximum, longest_text(model.config.to_dict(), "the study's checkpoint"))


def train_further(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    encoded: Encoded,
    training: ContinuedTraining,
    request: Request,
    room: np.ndarray | None = None,
) -> pd.DataFrame:
    """Train a masked language model in place, and return its loss curve.

    Parameters
    ----------
    model, tokenizer
        The model on its device.
    encoded
        The texts.
    training
        Epochs, batch size, learning rate, share to predict.
    request
        Whose seed the order and the masks are drawn from, and whose training checkpoints an
        interrupted training goes on from.
    room
        As for `models.masking.masking`.
    """
    from bias_transfer.models.pretraining import continue_pretraining
    from bias_transfer.models.training import TrainingSettings

    if request.checkpoints is None:
        raise ValueError(f"{request.variant.id} is trained, and has no training checkpoints")
    options = training.model_dump()
    masked_share = options.pop("masked_share")
    return continue_pretraining(
        model,
        tokenizer,
        encoded,
        TrainingSettings(**options),
        masked_share,
        request.seed,
        request.checkpoints,
        room,
    )
