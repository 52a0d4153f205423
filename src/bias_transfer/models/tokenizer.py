"""A tokenizer in a family's form, trained on the pre-training corpus."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from bias_transfer.models.families import DEFAULT_FAMILY, pretraining_of


def train_tokenizer(
    lines: Sequence[str], vocabulary_size: int, maximum_length: int, family: str = DEFAULT_FAMILY
) -> PreTrainedTokenizerBase:
    """Learn a vocabulary of at most `vocabulary_size` tokens from text.

    Parameters
    ----------
    lines
        The text.
    vocabulary_size
        Tokens, the special ones included.
    maximum_length
        Tokens a text, as the tokenizer will tell whoever asks.
    family
        One of `families.PRETRAINABLE`: byte-level BPE, or WordPiece for BERT.
    """
    return pretraining_of(family).tokenizer(lines, vocabulary_size, maximum_length)
