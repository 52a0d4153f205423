"""Generated biographies of the 28 occupations."""

import numpy as np
import pandas as pd

from bias_transfer.data.generate.truth import Truth, family_of
from bias_transfer.data.generate.vocabulary import MEN, OCCUPATIONS, WOMEN
from bias_transfer.data.generate.words import (
    FAMILY_WORDS,
    NEUTRAL_FACTS,
    OCCUPATION_WORDS,
    PROXIES,
)
from bias_transfer.seeding import generator, pick

_WORK = (
    "{They} has worked with {a}, {b} and {c} for {n} years",
    "{They} is known for {a}, {b} and {c}",
    "{They} spent {n} years on {a}, {b} and {c}",
    "For {n} years {they} has dealt with {a}, {b} and {c}",
    "{Their} days are full of {a}, {b} and {c}",
    "Colleagues praise {their} {a}, {b} and {c}",
)


def biographies(rows: int, truth: Truth, proxy: float, seed: int) -> pd.DataFrame:
    """Write biographies that never name the occupation, as the real data set's do.

    Parameters
    ----------
    rows
        How many to write; occupations differ in frequency by a factor of about four.
    truth
        The share of women and the difficulty of each occupation.
    proxy
        Share of facts about a person that are a proxy of the person's gender.
    seed
        The study's seed.

    Returns
    -------
    pandas.DataFrame
        Columns `text`, `label` (occupation) and `group` (`female` or `male`).
    """
    rng = generator(seed, "biographies")
    frequency = 1 / np.sqrt(rng.permutation(len(OCCUPATIONS)) + 2)
    occupations = rng.choice(OCCUPATIONS, size=rows, p=frequency / frequency.sum())
    female = rng.random(rows) < [truth.she_prevalence[name] for name in occupations]
    texts = [
        biography(str(occupation), bool(woman), truth.difficulty[occupation], proxy, rng)
        for occupation, woman in zip(occupations, female, strict=True)
    ]
    return pd.DataFrame(
        {"text": texts, "label": occupations, "group": np.where(female, WOMEN, MEN)}
    )


def biography(
    occupation: str, woman: bool, difficulty: float, proxy: float, rng: np.random.Generator
) -> str:
    """Write one biography: what the person works on, then a fact about the person."""
    pronoun, possessive = ("she", "her") if woman else ("he", "his")
    work = pick(rng, _WORK).format(
        They=pronoun.capitalize(),
        they=pronoun,
        Their=possessive.capitalize(),
        their=possessive,
        n=rng.integers(2, 30),
        a=_word(occupation, difficulty, rng),
        b=_word(occupation, difficulty, rng),
        c=_word(occupation, difficulty, rng),
    )
    facts = PROXIES["she" if woman else "he"] if rng.random() < proxy else NEUTRAL_FACTS
    return f"{work}. {pronoun.capitalize()} {pick(rng, facts)}."


def _word(occupation: str, difficulty: float, rng: np.random.Generator) -> str:
    shared = rng.random() < difficulty
    words = FAMILY_WORDS[family_of(occupation)] if shared else OCCUPATION_WORDS[occupation]
    return pick(rng, words.split())
