"""What is true by construction: the associations that every generated text is drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from bias_transfer.data.generate.vocabulary import IDENTITY_TERMS, OCCUPATIONS
from bias_transfer.data.generate.words import (
    BIOGRAPHY_WORDS,
    COMMENT_WORDS,
    FAMILIES,
    FAMILY_WORDS,
    HARSH_WORDS,
    KIND_WORDS,
    OCCUPATION_WORDS,
    SHE_PREVALENCE,
)
from bias_transfer.seeding import generator

# Terms that hardly ever occur in real talk pages: they keep the undefined cells in view.
_NEARLY_ABSENT = ("taoist", "latinx", "millenial")
# How much more an occupation likes its own words, and those of its family, than all others: in
# spreads of the rest of its likings.
_OWN, _FAMILY = 2.5, 1.0
# Occupations differ in frequency by a factor of about one and a half, terms by one of seven.
_FLAT, _STEEP = 20, 0
_TOXIC_BASE = -0.7


@dataclass(frozen=True)
class Strengths:
    """How strong each declared association is; zero switches it off.

    Attributes
    ----------
    corpus_gender
        Spread (standard deviation, log odds) of she against he over the occupations, in the
        pre-training corpus.
    corpus_attitude
        Spread (log odds) of a negative against a positive word over the identity terms.
    agreement
        Correlation of the corpus's associations with those of the fine-tuning data, in [-1, 1].
    prevalence
        Factor on the log odds of the share of women in the biographies; 1 is like the real data.
    proxy
        Share of the people in a biography whose gender hints at its subject's.
    toxicity
        Spread (log odds) of the toxic share of comments over the identity terms.
    evidence
        Spread (log odds) over words of what a single one says of the occupation or of the tone.
    """

    corpus_gender: float
    corpus_attitude: float
    agreement: float
    prevalence: float
    proxy: float
    toxicity: float
    evidence: float


@dataclass(frozen=True)
class Truth:
    """The declared associations, one entry an occupation, an identity term or a word.

    Attributes
    ----------
    frequency
        P(occupation) in the biographies.
    she_prevalence
        P(she | occupation) in the biographies.
    topics
        P(word | occupation): what each word of a biography is drawn from.
    proxy
        P(a person in a biography has a gender).
    corpus_she
        P(she | occupation, she or he) in the pre-training corpus.
    toxic_share
        P(toxic | the comment mentions the term).
    term_weight
        P(term | the comment mentions a term).
    toxic_words, civil_words
        P(word | toxic) and P(word | non-toxic): what each word of a comment is drawn from.
    corpus_negative
        P(negative | term, word negative or positive) in the pre-training corpus.
    """

    frequency: dict[str, float]
    she_prevalence: dict[str, float]
    topics: dict[str, dict[str, float]]
    proxy: float
    corpus_she: dict[str, float]
    toxic_share: dict[str, float]
    term_weight: dict[str, float]
    toxic_words: dict[str, float]
    civil_words: dict[str, float]
    corpus_negative: dict[str, float]


def declare(strengths: Strengths, seed: int) -> Truth:
    """Draw the true associations from the strengths.

    The corpus's log odds are `agreement` times the fine-tuning data's standardised log odds plus
    an independent part, scaled to the strength asked for.
    """
    rng = generator(seed, "truth")
    she = strengths.prevalence * logit([SHE_PREVALENCE[name] for name in OCCUPATIONS])
    toxic = strengths.toxicity * _standardise(rng.normal(size=len(IDENTITY_TERMS)))
    corpus_she = _partly_agree(she, strengths.agreement, rng) * strengths.corpus_gender
    corpus_negative = _partly_agree(toxic, strengths.agreement, rng) * strengths.corpus_attitude
    toxic_words, civil_words = _word_shares(strengths.evidence, rng)
    return Truth(
        frequency=_by_name(OCCUPATIONS, _falling(len(OCCUPATIONS), _FLAT, rng)),
        she_prevalence=_by_name(OCCUPATIONS, expit(she)),
        topics={name: _topic(name, strengths.evidence, rng) for name in OCCUPATIONS},
        proxy=strengths.proxy,
        corpus_she=_by_name(OCCUPATIONS, expit(corpus_she)),
        toxic_share=_by_name(IDENTITY_TERMS, expit(toxic + _TOXIC_BASE)),
        term_weight=_by_name(IDENTITY_TERMS, _term_weights(rng)),
        toxic_words=toxic_words,
        civil_words=civil_words,
        corpus_negative=_by_name(IDENTITY_TERMS, expit(corpus_negative)),
    )


def family_of(occupation: str) -> str:
    """Return the family whose words an occupation shares."""
    return next(family for family, members in FAMILIES.items() if occupation in members)


def _topic(occupation: str, evidence: float, rng: np.random.Generator) -> dict[str, float]:
    """Draw how often an occupation uses each word: its own and its family's more than others."""
    own = OCCUPATION_WORDS[occupation].split()
    family = FAMILY_WORDS[family_of(occupation)].split()
    lean = np.array([_OWN * (word in own) + _FAMILY * (word in family) for word in BIOGRAPHY_WORDS])
    weights = np.exp(evidence * (lean + rng.normal(size=len(lean))))
    return _by_name(BIOGRAPHY_WORDS, weights / weights.sum())


def _word_shares(
    evidence: float, rng: np.random.Generator
) -> tuple[dict[str, float], dict[str, float]]:
    """Draw how often each word stands in toxic and in civil comments."""
    lean = np.array([(word in HARSH_WORDS) - float(word in KIND_WORDS) for word in COMMENT_WORDS])
    log_odds = evidence * _standardise(lean + rng.normal(size=len(lean)))
    toxic, civil = np.exp(log_odds / 2), np.exp(-log_odds / 2)
    return (
        _by_name(COMMENT_WORDS, toxic / toxic.sum()),
        _by_name(COMMENT_WORDS, civil / civil.sum()),
    )


def _term_weights(rng: np.random.Generator) -> NDArray[np.float64]:
    weights = _falling(len(IDENTITY_TERMS), _STEEP, rng)
    weights[[IDENTITY_TERMS.index(term) for term in _NEARLY_ABSENT]] /= 40
    return np.asarray(weights / weights.sum())


def _falling(count: int, offset: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return shares that fall with the square root of a random rank, and sum to one."""
    weights = 1 / np.sqrt(rng.permutation(count) + 1 + offset)
    return np.asarray(weights / weights.sum())


def _partly_agree(
    values: NDArray[np.float64], agreement: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    independent = _standardise(rng.normal(size=len(values)))
    if np.std(values) == 0:
        return independent
    common = _standardise(values)
    residual = independent - np.mean(independent * common) * common
    mixed = agreement * common + np.sqrt(1 - agreement**2) * _standardise(residual)
    return np.asarray(mixed)


def _standardise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((values - np.mean(values)) / np.std(values))


def _by_name(names: Sequence[str], values: NDArray[np.float64]) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=True)}
