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
# Of an occupation's words that are not its own, the share that are its family's.
_FAMILY_SHARE = 0.3
# Concentration of the Dirichlet distribution of each word: the smaller, the more two occupations
# differ in how often they use the same words.
_CONCENTRATION = 1.0
# Spread of what one word of a comment says of its tone, log odds.
_EVIDENCE = 1.0
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
    difficulty
        Mean share of an occupation's words that are not its own, in [0, 1].
    """

    corpus_gender: float
    corpus_attitude: float
    agreement: float
    prevalence: float
    proxy: float
    toxicity: float
    difficulty: float


@dataclass(frozen=True)
class Truth:
    """The declared associations, one entry an occupation, an identity term or a word.

    Attributes
    ----------
    frequency
        P(occupation) in the biographies.
    she_prevalence
        P(she | occupation) in the biographies.
    difficulty
        P(a word is not the occupation's own).
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
    difficulty: dict[str, float]
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
    # Narrower near zero and one, so that these are exact.
    width = min(0.25, strengths.difficulty, 1 - strengths.difficulty)
    difficulty = strengths.difficulty + rng.uniform(-width, width, size=len(OCCUPATIONS))
    toxic_words, civil_words = _word_shares(rng)
    return Truth(
        frequency=_by_name(OCCUPATIONS, _falling(len(OCCUPATIONS), 1, rng)),
        she_prevalence=_by_name(OCCUPATIONS, expit(she)),
        difficulty=_by_name(OCCUPATIONS, difficulty),
        topics={
            name: _topic(name, share, rng)
            for name, share in zip(OCCUPATIONS, difficulty.tolist(), strict=True)
        },
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


def _topic(occupation: str, difficulty: float, rng: np.random.Generator) -> dict[str, float]:
    """Draw how often an occupation uses each word: its own, its family's and all others."""
    own = OCCUPATION_WORDS[occupation].split()
    family = FAMILY_WORDS[family_of(occupation)].split()
    others = [word for word in BIOGRAPHY_WORDS if word not in {*own, *family}]
    topic = dict.fromkeys(BIOGRAPHY_WORDS, 0.0)
    for words, share in (
        (own, 1 - difficulty),
        (family, difficulty * _FAMILY_SHARE),
        (others, difficulty * (1 - _FAMILY_SHARE)),
    ):
        drawn = rng.dirichlet(np.full(len(words), _CONCENTRATION))
        topic |= _by_name(words, share * drawn)
    return topic


def _word_shares(rng: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
    """Draw how often each word stands in toxic and in civil comments."""
    lean = np.array([(word in HARSH_WORDS) - float(word in KIND_WORDS) for word in COMMENT_WORDS])
    log_odds = _EVIDENCE * _standardise(lean + rng.normal(size=len(lean)))
    toxic, civil = np.exp(log_odds / 2), np.exp(-log_odds / 2)
    return (
        _by_name(COMMENT_WORDS, toxic / toxic.sum()),
        _by_name(COMMENT_WORDS, civil / civil.sum()),
    )


def _term_weights(rng: np.random.Generator) -> NDArray[np.float64]:
    weights = _falling(len(IDENTITY_TERMS), 0, rng)
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
