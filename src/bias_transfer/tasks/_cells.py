"""Cells that may not exist: kept as missing, with the reason beside them."""

import math
from collections.abc import Mapping


def ratio(numerator: float, denominator: float) -> float:
    """Divide; missing where the denominator is zero or either side is missing."""
    if denominator == 0 or math.isnan(denominator):
        return float("nan")
    return numerator / denominator


def log_of_positive(value: float) -> float:
    """Take the natural logarithm; missing at zero and where the value is missing."""
    return math.log(value) if value > 0 else float("nan")


def first_reason(reasons: Mapping[str, bool]) -> str:
    """Return the first reason that holds, or the empty string."""
    return next((reason for reason, holds in reasons.items() if holds), "")
