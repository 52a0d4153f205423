"""What the manifest tells of generated text: what is declared, and what follows for the rates."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bias_transfer.data.generate.bayes import (
    Array,
    Biographies,
    false_positive_rates,
    recognition,
    reliability,
)
from bias_transfer.data.generate.biographies import (
    FIDELITY,
    PEOPLE_IN_BIOGRAPHY,
    WORDS_IN_BIOGRAPHY,
)
from bias_transfer.data.generate.comments import (
    MENTION_SHARE,
    UNMENTIONED_TOXIC_SHARE,
    WORDS_IN_COMMENT,
)
from bias_transfer.data.generate.truth import Truth
from bias_transfer.data.generate.vocabulary import (
    IDENTITY_TERMS,
    MEN,
    NON_TOXIC,
    OCCUPATIONS,
    TERM_TITLES,
    WOMEN,
)
from bias_transfer.data.mentions import mentioned, mentions
from bias_transfer.seeding import generator

# Sets of words for each occupation: the error of a log ratio is then a few hundredths at most.
_DRAWS = 4000


def world_of(truth: Truth) -> Biographies:
    """Return what biographies are drawn from, as arrays in the order of the occupations."""
    return Biographies(
        frequency=_values(truth.frequency),
        women=_values(truth.she_prevalence),
        topics=np.array([_values(truth.topics[name]) for name in OCCUPATIONS]),
        lengths=WORDS_IN_BIOGRAPHY,
        people=PEOPLE_IN_BIOGRAPHY,
        proxy=truth.proxy,
        fidelity=FIDELITY,
    )


def biographies_truth(truth: Truth, test: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Tell what is true of generated biographies.

    Parameters
    ----------
    truth
        What they were drawn from.
    test
        The test part; columns `label` and `group`.
    seed
        The study's seed.

    Returns
    -------
    dict
        What is declared, and for the Bayes-optimal classifier the true positive rates and the log
        of their ratio (women against men) by occupation, its Monte Carlo standard error, and its
        `reliability` in the test part: the share of the variance over occupations of the observed
        log ratio that is not sampling.
    """
    rates = recognition(world_of(truth), _DRAWS, generator(seed, "bayes"))
    counts = test.groupby(["label", "group"]).size()
    variance = np.zeros(len(OCCUPATIONS))
    with np.errstate(divide="ignore"):
        for group, rate in ((WOMEN, rates.women), (MEN, rates.men)):
            rows = [counts.get((name, group), 0) for name in OCCUPATIONS]
            variance += (1 - rate) / (rate * np.array(rows))
    defined = np.isfinite(rates.log_ratio) & np.isfinite(variance)
    return {
        "frequency": truth.frequency,
        "she_prevalence": truth.she_prevalence,
        "bayes": {
            "tpr_women": _named(OCCUPATIONS, rates.women),
            "tpr_men": _named(OCCUPATIONS, rates.men),
            "log_tpr_ratio": _named(OCCUPATIONS, rates.log_ratio),
            "monte_carlo_error": _named(OCCUPATIONS, rates.log_ratio_error),
            "reliability": reliability(rates.log_ratio[defined], variance[defined]),
        },
    }


def comments_truth(truth: Truth, test: pd.DataFrame) -> dict[str, Any]:
    """Tell what is true of generated comments.

    Parameters
    ----------
    truth
        What they were drawn from.
    test
        The test part; columns `label` and `group`, the terms that are mentioned.

    Returns
    -------
    dict
        What is declared, and for the Bayes-optimal classifier the false positive rate of each term,
        its ratio to that of all comments, and the rate's `reliability` in the test part: the
        share of the variance over terms of the observed rate that is not sampling. A term that is
        part of another is mentioned by the other's comments too.
    """
    shares = np.array([*_values(truth.toxic_share), UNMENTIONED_TOXIC_SHARE])
    chances = np.array([*(MENTION_SHARE * _values(truth.term_weight)), 1 - MENTION_SHARE])
    drawn = false_positive_rates(
        _values(truth.toxic_words), _values(truth.civil_words), WORDS_IN_COMMENT, shares
    )
    harmless = chances * (1 - shares)
    found = [*mentions([TERM_TITLES[term] for term in IDENTITY_TERMS], IDENTITY_TERMS), ""]
    inside = np.array([mentioned(found, term) for term in IDENTITY_TERMS])
    rates = inside @ (harmless * drawn) / (inside @ harmless)
    overall = harmless @ drawn / harmless.sum()
    groups = test.loc[test["label"] == NON_TOXIC, "group"].tolist()
    rows = np.array([sum(mentioned(groups, term)) for term in IDENTITY_TERMS])
    defined = rows > 0
    variance = rates[defined] * (1 - rates[defined]) / rows[defined]
    return {
        "toxic_share": truth.toxic_share,
        "term_weight": truth.term_weight,
        "bayes": {
            "fpr": _named(IDENTITY_TERMS, rates),
            "fpr_ratio": _named(IDENTITY_TERMS, rates / overall),
            "reliability": reliability(rates[defined], variance),
        },
    }


def _values(shares: dict[str, float]) -> Array:
    return np.array(list(shares.values()))


def _named(names: Sequence[str], values: Array) -> dict[str, float | None]:
    """Return values by name; None where a rate of zero leaves no logarithm."""
    return {
        name: float(value) if np.isfinite(value) else None
        for name, value in zip(names, values, strict=True)
    }
