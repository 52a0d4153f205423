"""Altered training sets: re-balanced biographies, scrubbed comments."""

import numpy as np
import pandas as pd

from bias_transfer.vocabularies.lexicon import TOXIC


def rebalance(
    training: pd.DataFrame, oversample: float, undersample: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Narrow the gap between the pronouns inside each occupation.

    With n₁ rows of the more frequent pronoun and n₂ of the other, over-sampling repeats
    ⌊α (n₁ − n₂) + ½⌋ rows of the latter, drawn with replacement, and under-sampling drops
    ⌊β (n₁ − n₂) + ½⌋ of the former. With both, α closes its share of the gap first and β its
    share of what is left.

    Parameters
    ----------
    training
        Columns `label` and `group`; an occupation with one pronoun only cannot be over-sampled and
        is left as it is by that step.
    oversample, undersample
        α and β in [0, 1]; zero changes nothing.
    rng
        Which rows are repeated and dropped.

    Returns
    -------
    pandas.DataFrame
        The altered rows; a repeated row keeps its id.

    Notes
    -----
    Steed et al. (2022), Section 3.3, name the two operations and not their order.
    """
    chosen: list[np.ndarray] = []
    labels, groups = training["label"].to_numpy(), training["group"].to_numpy()
    for label in sorted(set(labels)):
        sides = [np.flatnonzero((labels == label) & (groups == g)) for g in ("female", "male")]
        minority, majority = sorted(sides, key=len)
        gap = len(majority) - len(minority)
        repeats = int(oversample * gap + 0.5) if len(minority) else 0
        dropped = int(undersample * (gap - repeats) + 0.5)
        kept = rng.permutation(majority)[: len(majority) - dropped]
        chosen += [minority, rng.choice(minority, size=repeats) if repeats else minority[:0], kept]
    return training.iloc[np.sort(np.concatenate(chosen))].reset_index(drop=True)


def scrub(
    training: pd.DataFrame, toxic_only: bool, fraction: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Drop a fraction of the comments that mention an identity term.

    Parameters
    ----------
    training
        Columns `label` and `group` (the terms mentioned, joined by semicolons).
    toxic_only
        Whether only toxic mentions are candidates.
    fraction
        Share of the candidates to drop; zero changes nothing, one drops all.
    rng
        Which are dropped.
    """
    candidate = training["group"].to_numpy() != ""
    if toxic_only:
        candidate &= training["label"].to_numpy() == TOXIC
    rows = rng.permutation(np.flatnonzero(candidate))
    dropped = rows[: int(fraction * len(rows) + 0.5)]
    kept = np.setdiff1d(np.arange(len(training)), dropped)
    return training.iloc[kept].reset_index(drop=True)
