"""What is true by construction: the associations that every generated text is drawn from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from bias_transfer.data.generate.vocabulary import IDENTITY_TERMS, OCCUPATIONS
from bias_transfer.data.generate.words import FAMILIES, SHE_PREVALENCE
from bias_transfer.seeding import generator

# Terms that hardly ever occur in real talk pages: they keep the undefined cells in view.
_NEARLY_ABSENT = ("taoist", "latinx", "millenial")


@dataclass(frozen=True)
class Strengths:
    """How strong each declared association is; zero switches it off.

    Attributes
    ----------
    corpus_gender
        Spread (standard deviation, log odds) of she against he over the occupations, in the
        pre-training corpus.
    corpus_attitude
        Spread (log odds) of a negative against a positive adjective over the identity terms.
    agreement
        Correlation of the corpus's associations with those of the fine-tuning data, in [-1, 1].
    prevalence
        Factor on the log odds of the share of women in the biographies; 1 is like the real data.
    proxy
        Share of facts about a person that come from the proxies of the person's gender.
    toxicity
        Spread (log odds) of the toxic share of comments over the identity terms.
    difficulty
        Mean share of an occupation's words that its whole family uses too, in [0, 1].
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
    """The declared associations, one entry an occupation or an identity term.

    Attributes
    ----------
    she_prevalence
        P(she | occupation) in the biographies.
    difficulty
        P(a word is the family's, not the occupation's own).
    corpus_she
        P(she | occupation, she or he) in the pre-training corpus.
    toxic_share
        P(toxic | the comment mentions the term).
    term_weight
        P(term | the comment mentions a term).
    corpus_negative
        P(negative | term, adjective negative or positive) in the pre-training corpus.
    """

    she_prevalence: dict[str, float]
    difficulty: dict[str, float]
    corpus_she: dict[str, float]
    toxic_share: dict[str, float]
    term_weight: dict[str, float]
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
    # Narrower near zero, so that zero switches it off.
    width = min(0.25, strengths.difficulty)
    difficulty = np.clip(
        strengths.difficulty + rng.uniform(-width, width, size=len(OCCUPATIONS)), 0, 0.95
    )
    return Truth(
        she_prevalence=_by_name(OCCUPATIONS, expit(she)),
        difficulty=_by_name(OCCUPATIONS, difficulty),
        corpus_she=_by_name(OCCUPATIONS, expit(corpus_she)),
        toxic_share=_by_name(IDENTITY_TERMS, expit(toxic - 0.7)),
        term_weight=_by_name(IDENTITY_TERMS, _term_weights(rng)),
        corpus_negative=_by_name(IDENTITY_TERMS, expit(corpus_negative)),
    )


def family_of(occupation: str) -> str:
    """Return the family whose words an occupation shares."""
    return next(family for family, members in FAMILIES.items() if occupation in members)


def _term_weights(rng: np.random.Generator) -> NDArray[np.float64]:
    ranks = rng.permutation(len(IDENTITY_TERMS)) + 1
    weights = 1 / np.sqrt(ranks)
    weights[[IDENTITY_TERMS.index(term) for term in _NEARLY_ABSENT]] /= 40
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


def _by_name(names: tuple[str, ...], values: NDArray[np.float64]) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=True)}
