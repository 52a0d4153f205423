"""Pre-train an encoder with the masked-language-model objective: from scratch, or on from there."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from transformers import (
    AutoModelForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from bias_transfer.models.encoded import Encoded, encode
from bias_transfer.models.families import Architecture, pretraining_of
from bias_transfer.models.masking import masking
from bias_transfer.models.tokenizer import train_tokenizer
from bias_transfer.models.training import TrainingSettings, train
from bias_transfer.models.training_checkpoints import TrainingCheckpoints


def pretrain(
    lines: Sequence[str],
    architecture: Architecture,
    settings: TrainingSettings,
    masked_share: float,
    seed: int,
    checkpoints: TrainingCheckpoints,
    device: torch.device,
    check_tokenizer: Callable[[PreTrainedTokenizerBase], None] = lambda tokenizer: None,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, pd.DataFrame]:
    """Train a tokenizer and a masked language model on text.

    One line in fifty is held out, to show the loss on text that was not trained on.

    Parameters
    ----------
    lines
        The corpus, one text a line; longer ones are cut to the architecture's length.
    architecture
        The family and the size of the model.
    settings
        Epochs, batch size, learning rate.
    masked_share
        Share of tokens to predict in each text.
    seed
        Of the first weights, the order and the masks. Torch must have been seeded with it.
    checkpoints
        What an interrupted training goes on from.
    device
        Where it is trained.
    check_tokenizer
        Raises if the tokenizer will not do, before the long part begins.

    Returns
    -------
    tuple
        The model, its tokenizer, and the loss curve (see `train`).
    """
    tokenizer = train_tokenizer(
        lines, architecture.vocabulary_size, architecture.maximum_length, architecture.family
    )
    check_tokenizer(tokenizer)
    configuration = pretraining_of(architecture.family).configuration(tokenizer, architecture)
    model = AutoModelForMaskedLM.from_config(configuration).to(device)
    encoded = encode(tokenizer, lines, architecture.maximum_length)
    curve = continue_pretraining(
        model, tokenizer, encoded, settings, masked_share, seed, checkpoints
    )
    return model, tokenizer, curve


def continue_pretraining(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    encoded: Encoded,
    settings: TrainingSettings,
    masked_share: float,
    seed: int,
    checkpoints: TrainingCheckpoints,
    room: np.ndarray | None = None,
) -> pd.DataFrame:
    """Train a masked language model in place, one text in fifty held out.

    Parameters
    ----------
    model, tokenizer
        The model on its device; a head that is tied to the word embeddings stays so.
    encoded
        The texts.
    settings
        Epochs, batch size, learning rate.
    masked_share
        Share of tokens to predict in each text.
    seed
        Of the order and the masks.
    checkpoints
        What an interrupted training goes on from.
    room
        As for `masking`: with equal room and seed, two wordings of the texts are trained on in the
        same order, behind the same masks.

    Returns
    -------
    pandas.DataFrame
        The loss curve (see `train`).
    """
    numbers = np.arange(len(encoded))
    room = encoded.lengths if room is None else room
    # One text alone is both: there is nothing else to train on.
    kept, held_out = numbers[numbers % 50 > 0] if len(numbers) > 1 else numbers, numbers[::50]
    training, evaluation = (
        masking(encoded.take(rows), tokenizer, masked_share, seed, room[rows])
        for rows in (kept, held_out)
    )
    return train(model, training, evaluation("evaluation"), settings, seed, checkpoints)
