"""Axes of a bias: limits that fit its values, and ticks that suit a ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bias_transfer.analysis.description import Quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Ticks of a ratio, from fine to coarse: the first that suits the range is taken.
_RATIO_TICKS: tuple[tuple[float, ...], ...] = (
    (0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.4, 1.6),
    (0.5, 0.6, 0.7, 0.85, 1, 1.2, 1.5, 2),
    (0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5),
    (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20),
    (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000),
)

# How far intervals may stretch an axis, as a share of the span of the values.
_REACH = 0.35


def set_limits(
    axes: Axes,
    axis: Literal["x", "y"],
    values: NDArray[np.float64],
    ends: NDArray[np.float64],
    quantity: Quantity,
    margin: float,
) -> None:
    """Fit an axis to the drawn values and the neutral one, logarithmic where the quantity is.

    Parameters
    ----------
    axes, axis
        The panel, and which of its axes.
    values
        Drawn values; those that are not finite are passed over.
    ends
        Of their intervals, the same. A few that reach far beyond the values run out of the panel:
        they would press all else together.
    quantity
        Gives the neutral value and the scale.
    margin
        Room below the lowest and above the highest value, as a share of the span.
    """
    shown = values[np.isfinite(values)]
    if quantity.neutral is not None:
        shown = np.append(shown, quantity.neutral)
    if len(shown) == 0:
        shown = np.array([0.0, 1.0])
    scaled = np.log(shown) if quantity.logarithm else shown
    low, high = float(scaled.min()), float(scaled.max())
    ends = ends[np.isfinite(ends)]
    reached = np.clip(
        np.log(ends) if quantity.logarithm else ends,
        low - _REACH * (high - low),
        high + _REACH * (high - low),
    )
    low, high = min([low, *reached]), max([high, *reached])
    # A panel whose values hardly differ is not blown up until noise looks like bias.
    least = 0.2 if quantity.logarithm or quantity.neutral is not None else 0.02
    missing = max(0.0, least - (high - low)) / 2
    low, high = low - missing, high + missing
    span = high - low
    low, high = low - margin * span, high + margin * span
    if quantity.logarithm:
        low, high = float(np.exp(low)), float(np.exp(high))
        _set_ratio_ticks(axes, axis, low, high)
    if axis == "x":
        axes.set_xlim(low, high)
    else:
        axes.set_ylim(low, high)


def _set_ratio_ticks(axes: Axes, name: Literal["x", "y"], low: float, high: float) -> None:
    """Put round ratios on a logarithmic axis, which by itself would label powers of ten only."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    if name == "x":
        axes.set_xscale("log")
    else:
        axes.set_yscale("log")
    axis = axes.xaxis if name == "x" else axes.yaxis
    ticks = next((t for t in _RATIO_TICKS if t[0] <= low and high <= t[-1]), _RATIO_TICKS[-1])
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    axis.set_minor_locator(NullLocator())
