"""Pre-train a small RoBERTa from scratch with the masked-language-model objective."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from transformers import (
    DataCollatorForLanguageModeling,
    PreTrainedTokenizerBase,
    RobertaConfig,
    RobertaForMaskedLM,
)

from bias_transfer.models.tokenizer import train_tokenizer
from bias_transfer.models.training import TrainingSettings, train
from bias_transfer.models.training_checkpoints import TrainingCheckpoints


@dataclass(frozen=True)
class Architecture:
    """The size of the RoBERTa that is pre-trained here.

    Attributes
    ----------
    vocabulary_size
        Tokens of the byte-level BPE vocabulary, at most.
    hidden_size, intermediate_size, layers, heads
        Width, feed-forward width, depth and attention heads.
    maximum_length
        Tokens a text, the two special ones included.
    initializer_range
        Standard deviation of the first weights. A narrow model needs a larger one than RoBERTa's
        0.02, about 1 / sqrt(hidden_size), or attention hardly starts to learn.
    dropout
        Dropout of hidden states and attention, kept for fine-tuning.
    """

    vocabulary_size: int
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    maximum_length: int
    initializer_range: float
    dropout: float


def pretrain(
    lines: Sequence[str],
    architecture: Architecture,
    settings: TrainingSettings,
    masked_share: float,
    seed: int,
    checkpoints: TrainingCheckpoints,
    check_tokenizer: Callable[[PreTrainedTokenizerBase], None],
) -> tuple[RobertaForMaskedLM, PreTrainedTokenizerBase, pd.DataFrame]:
    """Train a tokenizer and a masked language model on text.

    One line in fifty is held out, to show the loss on text that was not trained on.

    Parameters
    ----------
    lines
        The corpus, one text a line; longer ones are cut to the architecture's length.
    architecture
        The size of the model.
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
    tokenizer = train_tokenizer(lines, architecture.vocabulary_size, architecture.maximum_length)
    check_tokenizer(tokenizer)
    model = RobertaForMaskedLM(_configuration(tokenizer, architecture))
    encoded = tokenizer(list(lines), truncation=True, max_length=architecture.maximum_length)
    examples = [{"input_ids": ids} for ids in encoded["input_ids"]]
    collate = DataCollatorForLanguageModeling(
        tokenizer=tokenizer, mlm_probability=masked_share, seed=seed
    )
    collate.create_rng()
    held_out, kept = examples[::50], [e for i, e in enumerate(examples) if i % 50]
    curve = train(model, kept, held_out, collate, collate.generator, settings, seed, checkpoints)
    return model, tokenizer, curve


def _configuration(tokenizer: PreTrainedTokenizerBase, size: Architecture) -> RobertaConfig:
    return RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.hidden_size,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=size.intermediate_size,
        # RoBERTa counts positions from padding_idx + 1.
        max_position_embeddings=size.maximum_length + 2,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
        initializer_range=size.initializer_range,
        hidden_dropout_prob=size.dropout,
        attention_probs_dropout_prob=size.dropout,
    )
