"""The Bayes-optimal classifiers of the generated text: the bias that the data alone call for.

Each knows every declared probability and sees what a classifier sees: the words, the people and the
terms of a text, but neither its pronouns, which are scrubbed, nor the gender of its subject, over
which it sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Biographies:
    """What a biography is drawn from.

    Attributes
    ----------
    frequency, women
        P(occupation) and P(woman | occupation); shape (occupations,).
    topics
        P(word | occupation); shape (occupations, words).
    lengths
        How many words a biography may have, each number as often as the next.
    people
        How many people it has.
    proxy
        P(a person's gender is told).
    fidelity
        P(a gender that is told is the subject's).
    """

    frequency: Array
    women: Array
    topics: Array
    lengths: Sequence[int]
    people: int
    proxy: float
    fidelity: float


@dataclass(frozen=True)
class RecognitionRates:
    """True positive rates by occupation, and their ratio.

    Attributes
    ----------
    women, men
        P(recognised | occupation, gender); shape (occupations,).
    log_ratio
        log(women / men).
    log_ratio_error
        Its Monte Carlo standard error.
    """

    women: Array
    men: Array
    log_ratio: Array
    log_ratio_error: Array


def hints(people: int, proxy: float, fidelity: float) -> dict[int, tuple[float, float]]:
    """Return P(hint | woman) and P(hint | man) for every hint that people can give.

    A hint is the number of women less that of men among the people of a text: of all that they say
    of the subject's gender nothing else counts, since each of them multiplies the odds by
    fidelity / (1 − fidelity) or its inverse.

    Parameters
    ----------
    people
        How many people a text has.
    proxy
        P(a person's gender is told).
    fidelity
        P(a gender that is told is the subject's).
    """
    found = {hint: [0.0, 0.0] for hint in range(-people, people + 1)}
    for women, men in product(range(people + 1), repeat=2):
        if women + men > people:
            continue
        ways = comb(people, women) * comb(people - women, men)
        told = proxy ** (women + men) * (1 - proxy) ** (people - women - men)
        for side, (own, other) in enumerate(((women, men), (men, women))):
            found[women - men][side] += ways * told * fidelity**own * (1 - fidelity) ** other
    return {hint: (woman, man) for hint, (woman, man) in found.items()}


def recognition(world: Biographies, draws: int, rng: np.random.Generator) -> RecognitionRates:
    """Return how often the Bayes-optimal classifier recognises each occupation, by gender.

    It predicts argmax over y of P(y) Π P(word | y) Σ_g P(g | y) P(hint | g). Words are drawn, the
    same for women and for men; over hints the sum is exact.

    Parameters
    ----------
    world
        What biographies are drawn from.
    draws
        Sets of words for each occupation.
    rng
        Random numbers.
    """
    likelihood = hints(world.people, world.proxy, world.fidelity)
    given_woman, given_man = np.array(list(likelihood.values())).T
    with np.errstate(divide="ignore"):
        topics = np.log(world.topics)
        # Shape (hints, occupations): what is known before a word is read.
        prior = np.log(world.frequency) + np.log(
            np.outer(given_woman, world.women) + np.outer(given_man, 1 - world.women)
        )
    rates = []
    for number, topic in enumerate(world.topics):
        words = rng.choice(len(topic), size=(draws, max(world.lengths)), p=topic)
        counts = rng.choice(world.lengths, size=draws)
        read = np.arange(words.shape[1]) < counts[:, None]
        seen = np.where(read, topics[:, words], 0).sum(axis=2)
        right = np.array([(seen + each[:, None]).argmax(axis=0) == number for each in prior])
        rates.append((given_woman @ right, given_man @ right))
    by_draw = np.array(rates)
    women, men = by_draw.mean(axis=2).T
    with np.errstate(divide="ignore", invalid="ignore"):
        # The two rates share their draws: the error of the ratio is that of the difference of
        # what each draw adds to the logarithms.
        relative = by_draw[:, 0] / women[:, None] - by_draw[:, 1] / men[:, None]
        return RecognitionRates(
            women, men, np.log(women / men), relative.std(axis=1) / np.sqrt(draws)
        )


def false_positive_rates(
    toxic_words: Array, civil_words: Array, words: int, shares: Array
) -> Array:
    """Return how often the Bayes-optimal classifier calls a harmless comment toxic, exactly.

    It predicts toxic where logit P(toxic | term) + Σ log P(word | toxic) / P(word | non-toxic) > 0.

    Parameters
    ----------
    toxic_words, civil_words
        P(word | toxic) and P(word | non-toxic); positive, shape (words,).
    words
        How many words a comment has; even.
    shares
        P(toxic | term), one entry a term.
    """
    if words % 2:
        raise ValueError(f"an even number of words is needed, not {words}")
    evidence = np.log(toxic_words) - np.log(civil_words)
    half, chance = np.zeros(1), np.ones(1)
    for _ in range(words // 2):
        half = np.add.outer(half, evidence).ravel()
        chance = np.multiply.outer(chance, civil_words).ravel()
    order = np.argsort(half)
    half, chance = half[order], chance[order]
    # P(the second half of the words says more than x), for every place of x among the values.
    beyond = np.concatenate([np.cumsum(chance[::-1])[::-1], [0]])
    return np.array(
        [
            chance @ beyond[np.searchsorted(half, -log_odds - half, side="right")]
            for log_odds in logit(shares)
        ]
    )


def reliability(values: Array, error_variances: Array) -> float:
    """Return the share of the variance over items of an observed value that is not sampling.

    It is also the correlation to expect between two samples of the same size. 1 means that samples
    would agree wholly, 0 that all they show is noise, as where nothing varies.

    Parameters
    ----------
    values
        The true value of each item.
    error_variances
        The sampling variance of each item's observed value.
    """
    if len(values) == 0 or np.ptp(values) == 0:
        return 0.0
    true = np.var(values)
    return float(true / (true + np.mean(error_variances)))
