"""How much of an outcome's variance each group of columns explains."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bias_transfer.analysis.within import fit_within

_Values = NDArray[np.float64]
_Codes = NDArray[np.int64]


def shapley_shares(
    outcome: _Values, groups: Mapping[str, _Values], effects: Sequence[_Codes]
) -> dict[str, float]:
    r"""Split the R2 within fixed effects by the groups' average gain over the orders to add them.

    .. math:: \phi_j = \sum_{S \not\ni j} \frac{|S|!\,(p - |S| - 1)!}{p!}
              \left(R^2_{S \cup j} - R^2_S\right)

    for p groups (Shapley 1953; Lindeman, Merenda and Gold 1980 for single columns). The shares sum
    to the R2 of all groups; none is negative. Zero: the group adds nothing in any order.

    Parameters
    ----------
    outcome
        (n,) numbers.
    groups
        (n, k_j) columns of each group, by name, e.g. "upstream" and "data". There are 2^p fits, so
        they should be few.
    effects
        As for `clustered.clustered`.

    Returns
    -------
    dict
        A share for each name; NaN where the outcome never varies within the effects.

    Raises
    ------
    StudyError
        As for `within.fit_within`.
    """
    names = list(groups)
    r_squared = {
        chosen: fit_within(
            outcome,
            np.column_stack([groups[name] for name in names if name in chosen]),
            effects,
            f"share explained by {', '.join(name for name in names if name in chosen)}",
        ).r_squared
        for size in range(1, len(names) + 1)
        for chosen in map(frozenset, itertools.combinations(names, size))
    }
    r_squared[frozenset()] = 0.0
    return {
        name: sum(
            (r_squared[others | {name}] - r_squared[others])
            * math.factorial(len(others))
            * math.factorial(len(names) - len(others) - 1)
            / math.factorial(len(names))
            for others in r_squared
            if name not in others
        )
        for name in names
    }
