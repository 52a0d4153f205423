"""How the page writes numbers, intervals and what does not exist."""

import math
import re
from collections.abc import Sequence
from html import escape

from bias_transfer.report.sheet import count, decimal, minus

UNDEFINED = "undefined"
# Digits that a hover or a position in a chart needs; more would only make the page longer.
_DIGITS = 4
# Names of items in a cell or in a sentence.
_NAMED = 6


def number(value: float) -> str:
    """Write a number with its three decimals, or say that there is none."""
    return UNDEFINED if math.isnan(value) else decimal(value)


def signed(value: float) -> str:
    """Write a number with its sign and two decimals, zero without a minus."""
    return UNDEFINED if math.isnan(value) else minus(f"{round(value, 2) + 0.0:+.2f}")


def percentage(value: float) -> str:
    """Write a share as a percentage."""
    return UNDEFINED if math.isnan(value) else minus(f"{100 * value:.0f} %")


def whole(value: float) -> str:
    """Write a count, its thousands apart."""
    return UNDEFINED if math.isnan(value) else count(round(value))


def listed(names: Sequence[str]) -> str:
    """Write the first of some names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def interval(low: float, high: float) -> str:
    """Write the two ends of an interval; nothing where it is unknown."""
    if math.isnan(low) or math.isnan(high):
        return "unknown"
    return f"{number(low)} to {number(high)}"


def rounded(value: float) -> float | None:
    """Return a number as a chart's data hold it: four significant digits, None for none."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None


def emphasised(text: str) -> str:
    """Return text as HTML, with the emphasis and the code marks of Markdown made visible."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", marked)


def reason(why: object) -> str:
    """Return why a number is undefined; a table that is read has a gap where there is no reason."""
    return why if isinstance(why, str) else ""
