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

    Zero where all rows are hits, or none.
    """
    return ratio(hits * (rows - hits), rows**3)


def log_ratio_variance(hits: float, rows: float, other_hits: float, other_rows: float) -> float:
    """Return the sampling variance of the logarithm of the ratio of two independent rates.

    By the delta method, 1 / hits - 1 / rows of each (Katz et al. 1978); missing without hits of
    both. Zero where all rows of both are hits.
    """
    if not hits or not other_hits:
        return float("nan")
    return 1 / hits - 1 / rows + 1 / other_hits - 1 / other_rows


def log_of_positive(value: float) -> float:
    """Take the natural logarithm; missing at zero and where the value is missing."""
    return math.log(value) if value > 0 else float("nan")


def first_reason(reasons: Mapping[str, bool]) -> str:
    """Return the first reason that holds, or the empty string."""
    return next((reason for reason, holds in reasons.items() if holds), "")
