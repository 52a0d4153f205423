"""How much of an outcome's variance each group of columns explains."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bias_transfer.analysis.resampling import weighted_products
from bias_transfer.analysis.within import COLLINEAR, fixed_effects

_Values = NDArray[np.float64]
_Codes = NDArray[np.int64]

# What cancels out leaves of a column of length one, once squared and its root taken.
_ROUNDING = 1e-6


def shapley_shares(
    outcome: _Values, groups: Mapping[str, _Values], effects: Sequence[_Codes], weights: _Values
) -> dict[str, _Values]:
    r"""Split the R2 within fixed effects by the groups' average gain over the orders to add them.

    .. math:: \phi_j = \sum_{S \not\ni j} \frac{|S|!\,(p - |S| - 1)!}{p!}
              \left(R^2_{S \cup j} - R^2_S\right)

    for p groups (Shapley 1953; Lindeman, Merenda and Gold 1980 for single columns). The shares sum
    to the R2 of all groups; none is negative. Zero: the group adds nothing in any order. Groups
    that hold the same share it; a column that never varies explains nothing.

    Parameters
    ----------
    outcome
        (n,) numbers.
    groups
        (n, k_j) columns of each group, by name, e.g. "upstream" and "data". There are 2^p fits a
        draw, so they should be few.
    effects
        As for `clustered.clustered`.
    weights
        (draws, n) as of `resampling.multi_bootstrap`; ones for the table itself.

    Returns
    -------
    dict
        For each name a share a draw; NaN where the outcome never varies within the effects.
    """
    names = list(groups)
    values = np.column_stack([outcome, *groups.values()])
    products = weighted_products(_in_their_own_unit(values, effects), effects, weights)
    # Correlations, so that one bound on rounding serves for all columns.
    spread = np.sqrt(np.diagonal(products, axis1=1, axis2=2).clip(0))
    varies = spread > _ROUNDING
    scale = np.where(varies, spread, np.inf)
    correlations = products / (scale[:, :, np.newaxis] * scale[:, np.newaxis, :])
    width = [groups[name].shape[1] for name in names]
    column_of = np.repeat(names, width)
    shares = _split(
        names,
        lambda chosen: _r_squared(correlations, 1 + np.flatnonzero(np.isin(column_of, chosen))),
    )
    return {name: np.where(varies[:, 0], share, np.nan) for name, share in shares.items()}


def chance_shares(groups: Mapping[str, _Values], effects: Sequence[_Codes]) -> dict[str, float]:
    r"""Return the share that each group of columns explains on average of what it has no part in.

    .. math:: E[R^2] = \frac{\mathrm{rank}(X)}{n - e}

    over all ways to deal the outcome, without its effects (e dimensions), out to n rows; split as
    in `shapley_shares`.

    Parameters
    ----------
    groups, effects
        As there.
    """
    names = list(groups)
    rows = len(groups[names[0]])
    space = fixed_effects(effects, rows)
    own = {name: _in_their_own_unit(columns, effects) for name, columns in groups.items()}

    def rank(chosen: Sequence[str]) -> _Values:
        columns = np.column_stack([np.empty((rows, 0)), *(own[name] for name in chosen)])
        return np.array([np.linalg.matrix_rank(columns, tol=COLLINEAR)], dtype=np.float64)

    left = rows - space.rank
    return {name: float(share[0]) / left for name, share in _split(names, rank).items()}


def _split(names: Sequence[str], value: Callable[[Sequence[str]], _Values]) -> dict[str, _Values]:
    """Return each name's average gain in a value over the orders in which names may enter."""
    values = {
        chosen: value(sorted(chosen))
        for size in range(len(names) + 1)
        for chosen in map(frozenset, itertools.combinations(names, size))
    }
    return {
        name: np.sum(
            [
                (values[others | {name}] - values[others])
                * math.factorial(len(others))
                * math.factorial(len(names) - len(others) - 1)
                / math.factorial(len(names))
                for others in values
                if name not in others
            ],
            axis=0,
        )
        for name in names
    }


def _r_squared(correlations: _Values, columns: NDArray[np.intp]) -> _Values:
    """Return the R2 of the first column on others; of none, zero."""
    sides = correlations[:, columns, 0]
    among = correlations[:, columns[:, np.newaxis], columns]
    inverse = np.linalg.pinv(among, rcond=COLLINEAR, hermitian=True)
    found: _Values = np.einsum("di,dij,dj->d", sides, inverse, sides)
    return found


def _in_their_own_unit(values: _Values, effects: Sequence[_Codes]) -> _Values:
    """Return columns without effects, each of length one, or zeros where nothing is left of it."""
    left = fixed_effects(effects, len(values)).taken_out(values)
    sizes = np.linalg.norm(left, axis=0)
    varies = sizes > COLLINEAR * np.linalg.norm(values, axis=0)
    return np.where(varies, left, 0.0) / np.where(varies, sizes, 1.0)
