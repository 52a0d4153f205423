"""The bootstrap over items and seeds at once, and intervals from its draws."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bias_transfer.analysis.within import codes, fixed_effects
from bias_transfer.errors import StudyError
from bias_transfer.seeding import generator

_Values = NDArray[np.float64]
_Codes = NDArray[np.int64]


def multi_bootstrap(
    item: _Codes, replicate: _Codes, crossed: NDArray[np.bool_], draws: int, seed: int
) -> _Values:
    """Return how often each draw takes each row, with items and seeds both resampled.

    Each draw takes as many items and as many seeds as there are, with replacement and independently
    of each other; a row is taken as often as its item times as often as its seed (the
    Multi-Bootstrap of Sellam et al. 2022, section 3). Of one seed nothing can be told about seeds:
    items alone are resampled.

    Parameters
    ----------
    item, replicate
        (n,) labels of each row's item (or of what is resampled whole in its stead) and seed.
    crossed
        (n,) whether the row's seed is resampled: models that were trained with some of the seeds
        only are taken as they are.
    draws
        How many.
    seed
        Equal seeds give equal draws.

    Returns
    -------
    (draws, n) array
        Counts: zero where a draw lacks the row.

    Raises
    ------
    StudyError
        If there is no row or no draw.
    """
    if not len(item) or draws < 1:
        raise StudyError("bootstrap over seeds and items: give rows, and draws")
    rng = generator(seed, "multi-bootstrap")
    of_item, of_seed = (_counts(codes(each), draws, rng) for each in (item, replicate))
    return of_item * np.where(crossed, of_seed, 1.0)


def weighted_products(values: _Values, effects: Sequence[_Codes], weights: _Values) -> _Values:
    """Return the sums of products of columns within fixed effects, under each draw's weights.

    What least squares needs of a resampled table, for all draws at once.

    Parameters
    ----------
    values
        (n, m) columns.
    effects
        (n,) labels of each fixed effect, e.g. models and items; none: a constant.
    weights
        (draws, n) as of `multi_bootstrap`; a level that a draw lacks has no effect.

    Returns
    -------
    (draws, m, m) array
        Of each pair of columns, what the effects leave of both multiplied and summed.
    """
    labels = [codes(each) for each in effects] or [np.zeros(len(values), dtype=np.int64)]
    # The one with the most levels is taken out by its means, the others by their dummies; first of
    # all, and without weights, so that nothing large cancels out later.
    group, *others = sorted(labels, key=lambda each: -int(each.max()))
    dummies = [np.eye(int(each.max()) + 1)[each][:, 1:] for each in others]
    columns = np.hstack([*dummies, fixed_effects(labels, len(values)).taken_out(values)])
    width = columns.shape[1]
    pairs = (columns[:, :, np.newaxis] * columns[:, np.newaxis, :]).reshape(len(columns), -1)
    products = (weights @ pairs).reshape(-1, width, width)
    members = [group == level for level in range(int(group.max()) + 1)]
    totals = np.stack([weights[:, rows] @ columns[rows] for rows in members], axis=2)
    sizes = np.stack([weights[:, rows].sum(axis=1) for rows in members], axis=1)
    totals /= np.sqrt(np.maximum(sizes, 1))[:, np.newaxis, :]
    products -= totals @ totals.transpose(0, 2, 1)
    first = width - values.shape[1]
    of_dummies, across = products[:, :first, :first], products[:, :first, first:]
    left: _Values = products[:, first:, first:]
    if first:
        left = left - across.transpose(0, 2, 1) @ (
            np.linalg.pinv(of_dummies, rcond=1e-9, hermitian=True) @ across
        )
    return left


def percentile_interval(draws: _Values, level: float = 0.95) -> tuple[float, float]:
    """Return the quantiles of bootstrap draws that leave out (1 - level) / 2 at either end.

    Efron's percentile interval. One draw that is NaN makes both ends NaN: a sample without the
    statistic is no sample to leave out.
    """
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _counts(label: _Codes, draws: int, rng: np.random.Generator) -> _Values:
    """Return how often each row's label is drawn, as many as there are with replacement."""
    levels = int(label.max()) + 1
    counts = rng.multinomial(levels, np.full(levels, 1 / levels), size=draws)
    return counts[:, label].astype(np.float64)
