"""Pre-train a small encoder from scratch with the masked-language-model objective."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from transformers import (
    AutoModelForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from bias_transfer.models.encoded import Encoded
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
    model = AutoModelForMaskedLM.from_config(configuration)
    encoded = Encoded.of(
        tokenizer(list(lines), truncation=True, max_length=architecture.maximum_length)["input_ids"]
    )
    numbers = np.arange(len(encoded))
    held_out, kept = encoded.take(numbers[::50]), encoded.take(numbers[numbers % 50 > 0])
    curve = train(
        model,
        masking(kept, tokenizer, masked_share, seed),
        masking(held_out, tokenizer, masked_share, seed)("evaluation"),
        settings,
        seed,
        checkpoints,
    )
    return model, tokenizer, curve
