"""What the methods that take gender out of a model's vectors share: the vectors, and the taking."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from bias_transfer.upstream import Request
from bias_transfer.upstream._gendered import gendered_pairs, require_pairs

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bias_transfer.models.erasure import Erasure

logger = logging.getLogger(__name__)

# What loses its gender: the rows of the word-embedding matrix, or the encoder's last hidden states.
Level = Literal["word", "hidden"]

_BATCH_SIZE = 64


def embedded_pairs(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: Request, fewest: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Embed the corpus's sentences with a gendered word, and their counterparts.

    Parameters
    ----------
    model, tokenizer
        The checkpoint.
    request
        Its settings have `level`, `pairs` and `maximum_pairs`.
    fewest
        How many pairs the method needs.

    Returns
    -------
    tuple of numpy.ndarray
        Female and male sentences: the mean of each one's word embeddings, or of its last hidden
        states; each of shape (pairs, width).

    Raises
    ------
    StudyError
        If the corpus has too few of them.
    """
    settings = request.settings
    pairs = gendered_pairs(request.texts, settings.pairs, settings.maximum_pairs)
    require_pairs(pairs, fewest, request.variant.kind)
    logger.info("%d pairs of sentences", len(pairs))
    level: Level = settings.level
    embedded = {"word": _mean_word_embeddings, "hidden": _mean_hidden_states}[level]
    female, male = (embedded(model, tokenizer, texts) for texts in zip(*pairs, strict=True))
    return female, male


def erase(model: PreTrainedModel, erasure: Erasure, level: Level) -> None:
    """Apply an erasure to a model's word embeddings, in place, or behind its encoder."""
    {"word": _erase_from_word_embeddings, "hidden": _erase_from_hidden_states}[level](
        model, erasure
    )


def sentence_embeddings(embeddings: np.ndarray, token_ids: Sequence[Sequence[int]]) -> np.ndarray:
    """Average the word embeddings of each sentence's tokens; shape (sentences, width)."""
    means = np.empty((len(token_ids), embeddings.shape[1]))
    for row, ids in enumerate(token_ids):
        means[row] = embeddings[list(ids)].mean(axis=0, dtype=np.float64)
    return means


def _mean_word_embeddings(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]
) -> np.ndarray:
    matrix = model.get_input_embeddings().weight.detach().cpu().numpy()
    return sentence_embeddings(
        matrix, tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    )


def _mean_hidden_states(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]
) -> np.ndarray:
    from bias_transfer.models.hidden_debias import hidden_sentence_embeddings

    return hidden_sentence_embeddings(model, tokenizer, texts, _BATCH_SIZE)


def _erase_from_word_embeddings(model: PreTrainedModel, erasure: Erasure) -> None:
    import torch

    from bias_transfer.models.projection import Projection

    matrix = model.get_input_embeddings().weight
    with torch.no_grad():
        # In place: where the output matrix is tied, it is the same tensor and must follow.
        matrix.copy_(Projection(erasure).to(matrix.device)(matrix))


def _erase_from_hidden_states(model: PreTrainedModel, erasure: Erasure) -> None:
    from bias_transfer.models.hidden_debias import attach_projection

    # No weight could do the same: the encoder's last layer norm scales each dimension alone.
    attach_projection(model, erasure)
