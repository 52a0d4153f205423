"""LEACE (Belrose et al. 2023): the least change after which no linear reading tells gender."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from bias_transfer.errors import StudyError
from bias_transfer.models.erasure import Erasure
from bias_transfer.section import Section
from bias_transfer.upstream import Method, Request, Variant
from bias_transfer.upstream._erasing import Level, embedded_pairs, erase
from bias_transfer.upstream._gendered import GENDERED_PAIRS, Pairs, check_pairs

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

logger = logging.getLogger(__name__)

# A share of gender's variance that is rounding.
_NOTHING = 1e-10


class Settings(Section):
    """Least-squares concept erasure: gender made unreadable by any linear classifier, at once."""

    level: Level = "word"
    """What gender is erased from: the word embeddings, or the encoder's last hidden states."""
    pairs: Pairs = Field(GENDERED_PAIRS)
    """Gendered words, each swapped for its counterpart, the female one first: a list of pairs, a
    vocabulary, or a CSV file (word,counterpart)."""
    maximum_pairs: int = Field(2000, ge=2)
    """Sentences of the corpus with a gendered word to use, each with its counterpart."""


def variants(settings: Settings) -> tuple[Variant, ...]:
    """Return the one variant."""
    return (Variant("leace"),)


def apply(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: Request
) -> PreTrainedModel:
    """Erase gender from word embeddings in place, or behind the encoder."""
    settings: Settings = request.settings
    erase(model, least_squares_erasure(*embedded_pairs(model, tokenizer, request)), settings.level)
    return model


def least_squares_erasure(female: np.ndarray, male: np.ndarray) -> Erasure:
    """Return the least change that leaves female and male sentences with one mean.

    Belrose et al.'s r(x) = x − W⁺ P W (x − E[x]), where W = (Σ⁺)^½ and P projects onto W Σ_xz. For
    two classes, whose means differ by δ, it is x − δ ⟨x − E[x], Σ⁺δ⟩ / ⟨δ, Σ⁺δ⟩. Equal means are
    all it takes: no linear classifier then has a lower loss than one that says the same of every
    sentence, whichever convex loss it is fitted by.

    Parameters
    ----------
    female, male
        Embeddings, shape (pairs, width).

    Raises
    ------
    StudyError
        If all pairs are equal.
    """
    sentences = np.concatenate([female, male])
    width, centre = sentences.shape[1], sentences.mean(axis=0)
    difference = female.mean(axis=0) - male.mean(axis=0)
    deviations = sentences - centre
    variances, axes = np.linalg.eigh(deviations.T @ deviations / len(sentences))
    # Less is the rounding of embeddings in single precision, as in the authors' package; nothing is
    # read off there, where it would be divided by next to nothing.
    kept = variances > width * np.finfo(np.float32).eps * variances[-1]
    standardised = (axes[:, kept].T @ difference) / np.sqrt(variances[kept])
    distance = standardised @ standardised
    # Of the variance of a variable that is 1 for one half and 0 for the other.
    readable = distance / 4
    if readable <= _NOTHING:
        raise StudyError(
            "the embeddings of the paired sentences do not differ; LEACE has nothing to erase"
        )
    logger.info(
        "%.1f %% of gender's variance over the sentences is linear in their embeddings; erasing it "
        "moves them by %.2f %% of theirs (mean square)",
        100 * readable,
        100 * (difference @ difference) / distance / variances.sum(),
    )
    read = axes[:, kept] @ (standardised / np.sqrt(variances[kept])) / distance
    return Erasure(read[None], difference[None], centre)


METHOD = Method(
    order=44,
    title="LEACE",
    group="Mitigated",
    with_unmodified=True,
    pretrained=True,
    symbol="",
    settings=Settings,
    axes=frozenset(),
    variants=variants,
    apply=apply,
    check=check_pairs,
    needs=frozenset({"corpus"}),
    instrument=False,
    words_only=True,
)
