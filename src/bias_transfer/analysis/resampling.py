"""The bootstrap over seeds and items at once, and intervals from its draws."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bias_transfer.errors import StudyError
from bias_transfer.seeding import generator

_Values = NDArray[np.float64]


def multi_bootstrap(
    values: _Values, statistic: Callable[[_Values], float], draws: int, seed: int
) -> _Values:
    """Return a statistic's bootstrap draws, with seeds and items both resampled.

    Each draw takes as many seeds and as many items as there are, with replacement and independently
    of each other: values[seeds][:, items] (the Multi-Bootstrap of Sellam et al. 2022, section 3).
    Of one seed nothing can be told about seeds: items alone are resampled.

    Parameters
    ----------
    values
        (seeds, items, ...) numbers, or whatever `statistic` makes of them.
    statistic
        Maps an array shaped like `values` to a number.
    draws
        How many.
    seed
        Equal seeds give equal draws.

    Returns
    -------
    (draws,) array
        The statistic of each resampled array.

    Raises
    ------
    StudyError
        If there is no seed, no item or no draw, or a number is missing or infinite.
    """
    if values.ndim < 2 or not values.size or draws < 1:
        raise StudyError("bootstrap over seeds and items: give values of both, and draws")
    if not np.isfinite(values).all():
        raise StudyError("bootstrap over seeds and items: a number is missing: give complete items")
    seeds, items = values.shape[:2]
    rng = generator(seed, "multi-bootstrap")
    of_seeds = rng.integers(seeds, size=(draws, seeds, 1))
    of_items = rng.integers(items, size=(draws, 1, items))
    return np.array([statistic(values[s, i]) for s, i in zip(of_seeds, of_items, strict=True)])


def percentile_interval(draws: _Values, level: float = 0.95) -> tuple[float, float]:
    """Return the quantiles of bootstrap draws that leave out (1 - level) / 2 at either end.

    Efron's percentile interval. One draw that is NaN makes both ends NaN: a sample without the
    statistic is no sample to leave out.
    """
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
