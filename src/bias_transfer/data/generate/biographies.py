"""Generated biographies of the 28 occupations."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.data.generate.truth import Truth
from bias_transfer.data.generate.vocabulary import MEN, OCCUPATIONS, WOMEN
from bias_transfer.data.generate.words import NEUTRAL_PEOPLE, PROXIES
from bias_transfer.seeding import generator, pick
from bias_transfer.vocabularies.english import with_article

# A biography has as many words of its occupation, each number as often as the next.
WORDS_IN_BIOGRAPHY = (3, 4, 5)
# One alone: several would say the same, and what adds up their hints, as a small model does, would
# make more of gender than there is.
PEOPLE_IN_BIOGRAPHY = 1
# Of the people whose gender is known, the share that are of their author's: a hint, no proof.
FIDELITY = 0.97

_FORMS = (
    "{They} works on {words} for {people}.",
    "{They} writes about {words} for {people}.",
    "{They} works on {words} with {people}.",
    "{They} knows of {words} from {people}.",
)


def biographies(rows: int, truth: Truth, seed: int) -> pd.DataFrame:
    """Write biographies that never name the occupation, as the real data set's do.

    Parameters
    ----------
    rows
        How many to write.
    truth
        Frequency, share of women and words of each occupation.
    seed
        The study's seed.

    Returns
    -------
    pandas.DataFrame
        Columns `text`, `label` (occupation) and `group` (`female` or `male`).
    """
    rng = generator(seed, "biographies")
    frequency = [truth.frequency[name] for name in OCCUPATIONS]
    numbers = rng.choice(len(OCCUPATIONS), size=rows, p=frequency)
    women = (
        rng.random(rows) < np.array([truth.she_prevalence[name] for name in OCCUPATIONS])[numbers]
    )
    return pd.DataFrame(
        {
            "text": biographies_of(numbers, women, truth, rng),
            "label": np.array(OCCUPATIONS, dtype=object)[numbers],
            "group": np.where(women, WOMEN, MEN),
        }
    )


def biographies_of(
    occupations: NDArray[np.int64], women: NDArray[np.bool_], truth: Truth, rng: np.random.Generator
) -> list[str]:
    """Write one biography for each person: what the work is about, then who is in it.

    Parameters
    ----------
    occupations
        The number of each person's occupation.
    women
        Whether each is a woman.
    truth
        The words of each occupation, and the share of people whose gender hints at the subject's.
    rng
        Random numbers.
    """
    words = biography_words(occupations, max(WORDS_IN_BIOGRAPHY), truth, rng)
    counts = rng.choice(WORDS_IN_BIOGRAPHY, size=len(occupations))
    people = biography_people(women, PEOPLE_IN_BIOGRAPHY, truth, rng)
    return [
        _biography(bool(woman), work[:count], persons, rng)
        for woman, work, count, persons in zip(
            women, words.tolist(), counts.tolist(), people.tolist(), strict=True
        )
    ]


def biography_words(
    occupations: NDArray[np.int64], count: int, truth: Truth, rng: np.random.Generator
) -> NDArray[np.object_]:
    """Draw words, each by itself, from those of each occupation; shape (rows, count)."""
    drawn = np.empty((len(occupations), count), dtype=object)
    for number, name in enumerate(OCCUPATIONS):
        own = np.flatnonzero(occupations == number)
        topic = truth.topics[name]
        drawn[own] = rng.choice(
            np.array(list(topic), dtype=object), size=(len(own), count), p=list(topic.values())
        )
    return drawn


def biography_people(
    women: NDArray[np.bool_], count: int, truth: Truth, rng: np.random.Generator
) -> NDArray[np.object_]:
    """Draw the people in the life of each woman or man, each by itself; shape (rows, count)."""
    shape = (len(women), count)
    female = np.where(rng.random(shape) < FIDELITY, women[:, None], ~women[:, None])
    known = rng.random(shape) < truth.proxy
    kinds = np.where(known, np.where(female, 1, 0), 2)
    lists = np.array([PROXIES["he"], PROXIES["she"], NEUTRAL_PEOPLE], dtype=object)
    return np.asarray(lists[kinds, rng.integers(lists.shape[1], size=shape)])


def _biography(
    woman: bool, words: Sequence[str], people: Sequence[str], rng: np.random.Generator
) -> str:
    return pick(rng, _FORMS).format(
        They="She" if woman else "He",
        words=listed(words),
        people=listed([with_article(person) for person in people]),
    )


def listed(phrases: Sequence[str]) -> str:
    """Join phrases as English does."""
    return " and ".join([*filter(None, [", ".join(phrases[:-1])]), phrases[-1]])
