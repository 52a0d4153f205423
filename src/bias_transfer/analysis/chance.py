"""Whether classifiers are right more often than always choosing the majority class may be."""

import pandas as pd
from scipy import stats

# A model that hits no more rows than chance may in one case of forty is not above the share of the
# majority class: the level of that test, one-sided.
_LEVEL = 0.025


def above_chance(quality: pd.DataFrame) -> pd.Series:
    """Return which models hit more test rows than always choosing the majority class may by luck.

    The exact binomial test of the accuracy against the majority class's share, one-sided.

    Parameters
    ----------
    quality
        A row a model: `accuracy`, `majority_accuracy` and `test_rows`.
    """
    total = quality["test_rows"]
    hits = (quality["accuracy"] * total).round()
    p_value = stats.binom.sf(hits - 1, total, quality["majority_accuracy"])
    return pd.Series(p_value < _LEVEL, index=quality.index)
