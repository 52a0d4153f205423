"""Pronoun ranking: which pronoun a language model expects beside each occupation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from bias_transfer.vocabularies.lexicon import HE, PRONOUNS, SHE, THEY, occupation_title, with_article

PriorMask = Literal["token", "word"]
PRIOR_MASKS: tuple[PriorMask, ...] = ("token", "word")

# Bartl et al. (2020), Table 2; Steed et al. (2022), Table 1, which leaves the fourth out.
TEMPLATES = {
    "is": "{pronoun} is {an_occupation}",
    "works_as": "{pronoun} works as {an_occupation}",
    "applied_for": "{pronoun} applied for the position of {occupation}",
    "good_day": "{pronoun}, the {occupation}, had a good day at work",
    "become": "{pronoun} wants to become {an_occupation}",
}

LogProbabilities = Callable[[Sequence[Sequence[int]], Sequence[int]], np.ndarray]


class Tokenizer(Protocol):
    """What is needed of a tokenizer: ids with character offsets, and the mask."""

    mask_token_id: int

    def __call__(self, text: str, *, return_offsets_mapping: bool) -> dict[str, list[object]]:
        """Tokenise one text."""

    def convert_tokens_to_ids(self, token: str) -> int:
        """Return a token's id."""


@dataclass(frozen=True)
class MaskedSentence:
    """Token ids with the pronoun masked, once with the occupation and once without.

    Attributes
    ----------
    visible, prior
        Token ids; in `prior` the occupation is masked too.
    position, prior_position
        Where the pronoun's mask is, in each.
    """

    visible: list[int]
    prior: list[int]
    position: int
    prior_position: int


def pronoun_ranking(
    occupations: Sequence[str],
    tokenizer: Tokenizer,
    log_probabilities: LogProbabilities,
    prior_mask: PriorMask = "token",
) -> pd.DataFrame:
    """Score she, he and they in every template of every occupation.

    With s(g) = log p(g | occupation visible) − log p(g | occupation masked), both at the pronoun's
    mask, the pronoun ranking is s(she) − s(he). Zero means that the occupation says nothing about
    the pronoun; a positive number, that it speaks for "she". `neutral_ranking` is
    s(they) − (s(she) + s(he)) / 2, the control.

    Parameters
    ----------
    occupations
        Names such as `yoga_teacher`.
    tokenizer
        A fast tokenizer with one token each for "She", "He" and "They".
    log_probabilities
        From token ids and positions to log probabilities, shape (sentences, vocabulary).
    prior_mask
        Whether the prior hides each BPE token of the occupation or each word of it behind a mask.

    Returns
    -------
    pandas.DataFrame
        One row an occupation × template: `occupation`, `template`, `score_she`, `score_he`,
        `score_they`, `pronoun_ranking`, `neutral_ranking`, by the prior asked for; and
        `pronoun_ranking_token`, `pronoun_ranking_word`, by each. All in nats.

    Notes
    -----
    Kurita et al. (2019), Section 2; Steed et al. (2022), Section 3.4. The mean over batches and the
    order of rows do not matter: each row depends on its own two sentences.
    """
    keys = [(occupation, template) for occupation in occupations for template in TEMPLATES]
    by_prior: dict[PriorMask, dict[str, np.ndarray]] = {
        prior: _scores(
            [
                mask_sentence(tokenizer, occupation, template, prior)
                for occupation, template in keys
            ],
            tokenizer,
            log_probabilities,
        )
        for prior in PRIOR_MASKS
    }
    scores = by_prior[prior_mask]
    table = pd.DataFrame(keys, columns=["occupation", "template"])
    for word, score in scores.items():
        table[f"score_{word}"] = score
    table["pronoun_ranking"] = scores[SHE.word] - scores[HE.word]
    table["neutral_ranking"] = scores[THEY.word] - (scores[SHE.word] + scores[HE.word]) / 2
    for prior, of_prior in by_prior.items():
        table[f"pronoun_ranking_{prior}"] = of_prior[SHE.word] - of_prior[HE.word]
    return table


def _scores(
    sentences: Sequence[MaskedSentence], tokenizer: Tokenizer, log_probabilities: LogProbabilities
) -> dict[str, np.ndarray]:
    """Return s(g) of each pronoun g, one a sentence."""
    visible = log_probabilities([s.visible for s in sentences], [s.position for s in sentences])
    prior = log_probabilities([s.prior for s in sentences], [s.prior_position for s in sentences])
    tokens = {p.word: tokenizer.convert_tokens_to_ids(p.word.capitalize()) for p in PRONOUNS}
    return {word: visible[:, token] - prior[:, token] for word, token in tokens.items()}


def mask_sentence(
    tokenizer: Tokenizer, occupation: str, template: str, prior_mask: PriorMask
) -> MaskedSentence:
    """Tokenise one sentence and mask the pronoun, and in the prior the occupation too.

    The sentence is tokenised whole and tokens are found by their offsets, so that every token is
    the one that running text would give.
    """
    title = occupation_title(occupation)
    text = TEMPLATES[template].format(
        pronoun="She", occupation=title, an_occupation=with_article(title)
    )
    encoded = tokenizer(text, return_offsets_mapping=True)
    ids: list[int] = list(encoded["input_ids"])  # type: ignore[arg-type]
    offsets: list[tuple[int, int]] = list(encoded["offset_mapping"])  # type: ignore[arg-type]
    pronoun = tokens_between(offsets, 0, len("She"))
    start = text.index(title, len("She"))
    hidden = tokens_between(offsets, start, start + len(title))
    visible = list(ids)
    visible[pronoun[0]] = tokenizer.mask_token_id
    first, last = hidden[0], hidden[-1]
    masks = last - first + 1 if prior_mask == "token" else len(title.split())
    prior = visible[:first] + [tokenizer.mask_token_id] * masks + visible[last + 1 :]
    # The pronoun stands before the occupation in every template, so it does not move.
    return MaskedSentence(visible, prior, pronoun[0], pronoun[0])


def tokens_between(offsets: Sequence[tuple[int, int]], start: int, end: int) -> list[int]:
    """Return the positions of the tokens that hold a character from `start` up to `end`.

    A small vocabulary may make the space before a word a token without a width of its own; it comes
    along. The sentence's first token, which has no width either, never does.
    """
    held = [index for index, (first, last) in enumerate(offsets) if first < end and last > start]
    first = held[0]
    while first > 1 and offsets[first - 1][0] == offsets[first - 1][1]:
        first -= 1
    return [*range(first, held[0]), *held]
