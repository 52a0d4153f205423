"""The sampling error of rates and of their log ratios, from the counts of their cells."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bias_transfer.errors import StudyError

_Values = NDArray[np.float64]


def log_ratio_variance(
    hits: ArrayLike,
    rows: ArrayLike,
    other_hits: ArrayLike,
    other_rows: ArrayLike,
    *,
    added: float = 0.0,
) -> _Values:
    r"""Return the sampling variance of the log ratio of two independent rates, by the delta method.

    .. math:: Var\,\log\frac{h_1/n_1}{h_2/n_2} \approx
              \frac1{h_1} - \frac1{n_1} + \frac1{h_2} - \frac1{n_2}

    (Katz et al. 1978, method C.) `added` goes to each of the four cells, hits and misses, so that
    twice of it goes to the rows: the ratio must be taken of the same cells.

    Parameters
    ----------
    hits, rows, other_hits, other_rows
        Counts, e.g. of true positives and of positives, for two groups; shapes that broadcast.
    added
        E.g. 0.5 for cells that may be empty.

    Returns
    -------
    array
        In squared nats. NaN where the log ratio is undefined: no rows, or no hits. Zero: all rows
        of both are hits, of which the delta method cannot tell more.

    Raises
    ------
    StudyError
        If a count is missing or negative, or hits exceed rows.
    """
    h1, n1, h2, n2 = np.broadcast_arrays(*_counts(hits, rows), *_counts(other_hits, other_rows))
    return _log_rate_variance(h1 + added, n1 + 2 * added) + _log_rate_variance(
        h2 + added, n2 + 2 * added
    )


def rate_variance(hits: ArrayLike, rows: ArrayLike) -> _Values:
    """Return a rate's sampling variance: p (1 - p) / n of the binomial, p = hits / rows.

    NaN where there are no rows. Zero: all rows are hits, or none is. Errors as for
    `log_ratio_variance`.
    """
    h, n = np.broadcast_arrays(*_counts(hits, rows))
    return _where(n > 0, h * (n - h), n**3)


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


def _counts(hits: ArrayLike, rows: ArrayLike) -> tuple[_Values, _Values]:
    h, n = np.asarray(hits, dtype=np.float64), np.asarray(rows, dtype=np.float64)
    if not ((h >= 0) & (h <= n) & np.isfinite(n)).all():
        raise StudyError("sampling error: hits must be counts from zero to the rows")
    return h, n


def _log_rate_variance(hits: _Values, rows: _Values) -> _Values:
    return _where(hits > 0, rows - hits, hits * rows)


def _where(defined: NDArray[np.bool_], numerator: _Values, denominator: _Values) -> _Values:
    out = np.full(numerator.shape, np.nan)
    quotients: _Values = np.divide(numerator, denominator, out=out, where=defined)
    return quotients
