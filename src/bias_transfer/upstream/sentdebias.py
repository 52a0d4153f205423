"""Sent-Debias (Liang et al. 2020): the gender component taken away from what a model represents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bias_transfer.models.erasure import Erasure
from bias_transfer.section import DISTINCT, Count, Section
from bias_transfer.upstream import Method, Request, Variant
from bias_transfer.upstream._erasing import Level, embedded_pairs, erase
from bias_transfer.upstream._gendered import GENDERED_PAIRS, Pairs, check_pairs
from bias_transfer.upstream._settings import Strength, strength_of
from bias_transfer.upstream._subspace import bias_subspace

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Settings(Section):
    """Sent-Debias: h − γ Σ⟨h, v⟩ v, where v spans the gender subspace."""

    gammas: Annotated[list[Strength], DISTINCT] = Field([-10.0, 1.0, 10.0])
    """Values of γ: 1 removes the component, a negative one amplifies it; 0 is the unmodified
    checkpoint, always there."""
    level: Level = "word"
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
    fewest = max(2, settings.components)
    female, male = embedded_pairs(model, tokenizer, request, fewest)
    subspace = bias_subspace(female, male, settings.components)
    erase(model, Erasure.of_subspace(subspace, strength_of(request.variant)), settings.level)
    return model


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
