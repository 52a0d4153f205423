"""A byte-level BPE tokenizer in RoBERTa's form, trained on the pre-training corpus."""

from collections.abc import Iterable

from transformers import RobertaTokenizer

from bias_transfer.vocabularies.lexicon import SPECIAL_TOKENS


def train_tokenizer(
    lines: Iterable[str], vocabulary_size: int, maximum_length: int
) -> RobertaTokenizer:
    """Learn a byte-level BPE vocabulary of at most `vocabulary_size` tokens from text."""
    empty = RobertaTokenizer(
        vocab={token: index for index, token in enumerate(SPECIAL_TOKENS)},
        merges=[],
        model_max_length=maximum_length,
    )
    return empty.train_new_from_iterator(lines, vocab_size=vocabulary_size, show_progress=False)
