"""The share of a measure's variance that the sampling of test rows accounts for."""

import numpy as np
from numpy.typing import NDArray

from bias_transfer.errors import StudyError

_Values = NDArray[np.float64]


def sampling_share(values: _Values, variances: _Values) -> float:
    """Return the share of a measure's variance over items that is sampling error.

    The mean of the items' sampling variances divided by the variance of their values (n - 1). Zero:
    every value is exact. One: values that vary by no more than their sampling error; it can exceed
    one by chance, and is not clipped. NaN where the values do not vary.

    Parameters
    ----------
    values, variances
        (items,) numbers: each value, and its sampling variance in the value's unit squared.

    Raises
    ------
    StudyError
        If a number is missing or infinite, shapes differ, or there are fewer than two items.
    """
    if values.shape != variances.shape or values.ndim != 1 or len(values) < 2:
        raise StudyError(
            "sampling share: give a value and a variance for each of two items or more"
        )
    if not (np.isfinite(values).all() and np.isfinite(variances).all()):
        raise StudyError("sampling share: a number is missing or infinite: give complete items")
    between = float(values.var(ddof=1))
    if between <= 1e-18 * float((values**2).sum()):
        return float("nan")
    return float(variances.mean()) / between
