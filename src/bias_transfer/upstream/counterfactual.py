"""Counterfactual training: a share of the corpus's sentences with their words swapped, the dial."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bias_transfer.errors import StudyError
from bias_transfer.section import DISTINCT, Fraction, Section
from bias_transfer.seeding import generator
from bias_transfer.upstream import Method, Request, Trained, Variant
from bias_transfer.upstream._continued import ContinuedTraining, kept_length, train_further
from bias_transfer.upstream._gendered import GENDERED_PAIRS, Pairs, check_pairs
from bias_transfer.upstream._settings import strength_of
from bias_transfer.upstream._swapping import Word, counterparts, find, key, rotated, swapped
from bias_transfer.vocabularies.entries import Term

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

logger = logging.getLogger(__name__)


class Settings(Section):
    """Continued pre-training on the corpus, gendered words and terms swapped in a share of it."""

    shares: Annotated[list[Fraction], DISTINCT] = Field([0, 0.5, 1])
    """Shares s of the sentences that hold such a word: 0 is the control for the training itself,
    0.5 counterfactual data augmentation, 1 reverses the associations with gender."""
    pairs: Pairs = Field(GENDERED_PAIRS)
    """Gendered words, each swapped for its counterpart: a list of pairs, a vocabulary, or a CSV
    file (word,counterpart)."""
    maximum_length: int = Field(128, ge=8)
    """Tokens of a text that are kept, at most as many as the model has positions."""
    training: ContinuedTraining = ContinuedTraining()
    """How the checkpoint is trained further, the same for every share."""


@dataclass(frozen=True)
class Counterfactuals:
    """The sentences of a corpus that hold a word to swap, and what they become.

    Attributes
    ----------
    rows
        Which sentences, ascending, shape (sentences,).
    texts
        What each becomes.
    draws
        A number of [0, 1) for each, shape (sentences,): it is swapped where that is less than s.
    """

    rows: np.ndarray
    texts: list[str]
    draws: np.ndarray


def counterfactuals(
    texts: Sequence[str],
    pairs: Sequence[Sequence[str]],
    terms: Sequence[Sequence[Term]],
    seed: int,
) -> Counterfactuals:
    """Write the counterfactual of every sentence that holds a word to swap.

    What is drawn for a sentence depends on the seed and on its row alone, so that the sentences
    swapped at one share are among those swapped at any larger one, and become the same.

    Parameters
    ----------
    texts
        The corpus; each counts as a sentence.
    pairs
        Of gendered words, each swapped for the other.
    terms
        Of each task. A term becomes another of its task, each as likely as the next; the terms of
        one sentence are all moved on by as many places. A term that is a gendered word is swapped
        as that, and no other becomes it.
    seed
        Of what is drawn.
    """
    gendered = counterparts(pairs)
    groups = _groups(terms, frozenset(gendered))
    terms_of_all = (key(term.name) for group in groups for term in group)
    pattern = find((*gendered, *terms_of_all), texts)

    @cache
    def words(places: tuple[int, ...]) -> Mapping[str, Word]:
        moved = gendered.copy()
        for group, by in zip(groups, places, strict=True):
            moved |= rotated(group, by)
        return moved

    rows, others = [], []
    draws = generator(seed, "counterfactuals").random((len(texts), 2))
    for row, text in enumerate(texts):
        if pattern.search(text):
            places = tuple(1 + int(draws[row, 1] * (len(group) - 1)) for group in groups)
            other = swapped(text, pattern, words(places))
            if other != text:
                rows.append(row)
                others.append(other)
    found = np.array(rows, dtype=np.int64)
    return Counterfactuals(found, others, draws[found, 0])


def _groups(terms: Sequence[Sequence[Term]], taken: frozenset[str]) -> list[list[Term]]:
    """Return the terms of each task that no gendered word and no task before has; two at least."""
    groups = []
    for each in terms:
        group = [term for term in each if key(term.name) not in taken]
        taken |= {key(term.name) for term in group}
        if len(group) > 1:
            groups.append(group)
    return groups


def variants(settings: Settings) -> tuple[Variant, ...]:
    """Return one variant a share."""
    return tuple(Variant("counterfactual", share, letter="s") for share in settings.shares)


def apply(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: Request) -> Trained:
    """Train the model further, in place, on the corpus with a share of its sentences swapped.

    Whatever the share, the order of the sentences is the same, and so are the masks: they are drawn
    for as many places of each sentence as the longer of its two wordings has.
    """
    from bias_transfer.models.encoded import Encoded, encode

    settings: Settings = request.settings
    found = counterfactuals(request.texts, settings.pairs, request.terms, request.seed)
    if not len(found.rows):
        raise StudyError(
            f"none of the {len(request.texts)} sentences of the corpus holds a gendered word or a "
            "term to swap; give another model.corpus, or other words in "
            "upstream.counterfactual.pairs"
        )
    is_swapped = found.draws < strength_of(request.variant)
    counts = {
        "sentences": len(request.texts),
        "swappable": len(found.rows),
        "swapped": int(is_swapped.sum()),
    }
    logger.info("%(swapped)d of %(swappable)d sentences are swapped, of %(sentences)d", counts)
    length = kept_length(model, settings.maximum_length)
    originals, others = (encode(tokenizer, texts, length) for texts in (request.texts, found.texts))
    room = originals.lengths.copy()
    room[found.rows] = np.maximum(room[found.rows], others.lengths)
    chosen = np.arange(len(originals))
    chosen[found.rows[is_swapped]] = len(originals) + np.flatnonzero(is_swapped)
    both = Encoded.joined([(each.tokens, each.lengths) for each in (originals, others)])
    curve = train_further(model, tokenizer, both.take(chosen), settings.training, request, room)
    return Trained(model.eval(), curve, {"counterfactual": counts})


METHOD = Method(
    order=50,
    title="Counterfactual",
    group="Counterfactual",
    with_unmodified=False,
    pretrained=True,
    symbol="s",
    settings=Settings,
    axes=frozenset({"shares"}),
    variants=variants,
    apply=apply,
    check=check_pairs,
    needs=frozenset({"corpus", "terms", "training"}),
    # One stream for all: the share is the only thing that moves.
    stream=lambda variant: variant.kind,
)
