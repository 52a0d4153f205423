"""Cells that may not exist: kept as missing, with the reason beside them."""

import math
from collections.abc import Mapping


def ratio(numerator: float, denominator: float) -> float:
    """Divide; missing where the denominator is zero or either side is missing."""
    if denominator == 0 or math.isnan(denominator):
        return float("nan")
    return numerator / denominator


def rate_variance(hits: int, rows: int) -> float:
    """Return the sampling variance of a rate, p (1 - p) / n; missing without rows.

    Where all rows are hits, or none, half a row of the other kind is added: see `_seen`.
    """
    seen, of = _seen(hits, rows)
    return ratio(seen * (of - seen), of**3)


def ratio_variance(hits: int, rows: int, other_hits: int, other_rows: int) -> float:
    """Return the sampling variance of the ratio p / q of two independent rates.

    By the delta method, Var(p) / q² + p² Var(q) / q⁴; missing where the ratio is.
    """
    p, q = ratio(hits, rows), ratio(other_hits, other_rows)
    one, other = rate_variance(hits, rows), rate_variance(other_hits, other_rows)
    return ratio(one, q**2) + ratio(p**2 * other, q**4)


def log_ratio_variance(hits: float, rows: float, other_hits: float, other_rows: float) -> float:
    """Return the sampling variance of the logarithm of the ratio of two independent rates.

    By the delta method, 1 / hits - 1 / rows of each (Katz et al. 1978); missing without hits of
    both. Where all rows are hits, half a row that is none is added: see `_seen`.
    """
    if not hits or not other_hits:
        return float("nan")
    pairs = (_seen(hits, rows), _seen(other_hits, other_rows))
    return sum(1 / seen - 1 / of for seen, of in pairs)


def _seen(hits: float, rows: float) -> tuple[float, float]:
    """Return hits and rows that a variance can be taken of.

    At a rate of zero or one the delta method's variance is zero, as if a single row had left no
    doubt. The count that is zero is then taken for a half (Haldane 1956; Anscombe 1956).
    """
    if rows and hits in (0, rows):
        return (hits or 0.5), rows + 0.5
    return hits, rows


def log_of_positive(value: float) -> float:
    """Take the natural logarithm; missing at zero and where the value is missing."""
    return math.log(value) if value > 0 else float("nan")


def first_reason(reasons: Mapping[str, bool]) -> str:
    """Return the first reason that holds, or the empty string."""
    return next((reason for reason, holds in reasons.items() if holds), "")
