"""Sent-Debias (Liang et al. 2020): the gender component taken away from what a model represents."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from bias_transfer.section import DISTINCT, Count, Section
from bias_transfer.upstream import Method, Request, Variant
from bias_transfer.upstream._gendered import (
    GENDERED_PAIRS,
    Pairs,
    check_pairs,
    gendered_pairs,
    require_pairs,
)
from bias_transfer.upstream._settings import Strength, strength_of
from bias_transfer.upstream._subspace import bias_subspace, sentence_embeddings

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

logger = logging.getLogger(__name__)

_BATCH_SIZE = 64


class Settings(Section):
    """Sent-Debias: h − γ Σ⟨h, v⟩ v, where v spans the gender subspace."""

    gammas: Annotated[list[Strength], DISTINCT] = Field([-10.0, 1.0, 10.0])
    """Values of γ: 1 removes the component, a negative one amplifies it; 0 is the unmodified
    checkpoint, always there."""
    level: Literal["word", "hidden"] = "word"
    """What loses its gender component: the word embeddings, or the encoder's last hidden states."""
    components: Count = 1
    """Principal components that span the gender subspace."""
    pairs: Pairs = Field(GENDERED_PAIRS)
    """Gendered words, each swapped for its counterpart, the female one first: a list of pairs, a
    vocabulary, or a CSV file (word,counterpart)."""
    maximum_pairs: int = Field(2000, ge=2)
    """Sentences of the corpus with a gendered word to use, each with its counterpart."""


def variants(settings: Settings) -> tuple[Variant, ...]:
    """Return one variant a γ."""
    return tuple(Variant("sentdebias", gamma, letter="g") for gamma in settings.gammas)


def apply(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: Request
) -> PreTrainedModel:
    """Remove γ times the gender component, from word embeddings in place or behind the encoder."""
    settings: Settings = request.settings
    gamma = strength_of(request.variant)
    pairs = gendered_pairs(request.texts, settings.pairs, settings.maximum_pairs)
    require_pairs(pairs, settings.components)
    logger.info("%d pairs of sentences", len(pairs))
    embedded, remove = {
        "word": (_mean_word_embeddings, _remove_from_word_embeddings),
        "hidden": (_mean_hidden_states, _remove_from_hidden_states),
    }[settings.level]
    female, male = (embedded(model, tokenizer, texts) for texts in zip(*pairs, strict=True))
    remove(model, bias_subspace(female, male, settings.components), gamma)
    return model


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


def _remove_from_word_embeddings(
    model: PreTrainedModel, subspace: np.ndarray, gamma: float
) -> None:
    import torch

    from bias_transfer.models.projection import remove_component

    matrix = model.get_input_embeddings().weight
    with torch.no_grad():
        # In place: where the output matrix is tied, it is the same tensor and must follow.
        matrix.copy_(remove_component(matrix, subspace, gamma))


def _remove_from_hidden_states(model: PreTrainedModel, subspace: np.ndarray, gamma: float) -> None:
    from bias_transfer.models.hidden_debias import attach_projection

    # No weight could do the same: the encoder's last layer norm scales each dimension alone.
    attach_projection(model, subspace, gamma)


METHOD = Method(
    order=40,
    title="Sent-Debias",
    group="Mitigated",
    with_unmodified=True,
    pretrained=True,
    symbol="γ",
    settings=Settings,
    axes=frozenset({"gammas"}),
    variants=variants,
    apply=apply,
    check=check_pairs,
    needs=frozenset({"corpus"}),
    instrument=False,
    words_only=True,
)
