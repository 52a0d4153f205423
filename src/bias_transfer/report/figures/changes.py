"""When an intervention changes an item's bias, does its downstream bias follow? A point each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.report.figures import Drawing, Tables, _text
from bias_transfer.report.figures._look import (
    BLUE,
    GREY,
    INK,
    LABEL,
    ORANGE,
    PAGE,
    PALE,
    Page,
    add_panel,
    legend_entry,
    look,
    wrap,
)
from bias_transfer.report.figures._marks import (
    DEFINED,
    dot_handle,
    draw_intervals,
    draw_reference,
    reference_handle,
    say_no_model,
    text_handle,
)
from bias_transfer.report.figures._means import ORIGINAL, PRETRAINED, numbers
from bias_transfer.report.scale import HALF

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_TITLE = "When an intervention changes an item's bias, does its downstream bias follow?"
_HEIGHT = 1.45
_LEFT, _BETWEEN = 0.8, 0.5
_WIDTH = (PAGE - _LEFT - _BETWEEN - 0.15) / 2
_TITLE_HEIGHT, _AXIS_HEIGHT = 0.5, 0.65
# By how much items must differ to have been moved.
_ROUNDING = 1e-9
# Intervals reach at most so far beyond the outermost point, as a share of the points' span.
_REACH = 0.15
SLOPE = "slope"
# Steps between the labels along the axis, which are as long as "−0.25".
_TICKS = 6
# As in the report: the colour says what was altered, the shape by what.
_SHAPES = ("o", "s", "^", "D", "v", ">", "<")
_ALTERED = {
    "model": (BLUE, "the model altered"),
    "data": (ORANGE, "the data altered"),
    "both": (INK, "both altered"),
}


@dataclass(frozen=True)
class _Side:
    """What interventions changed, as drawn."""

    source: str
    title: str
    column: str
    quantity: Quantity


@dataclass(frozen=True)
class _Done:
    """What was done to some models, and how they are drawn."""

    title: str
    colour: str
    shape: str


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Draw a row of panels an adaptation: changes of the model's bias, and of the data's.

    All panels of a column share the axis along, and all panels the axis up: a steeper cloud is a
    stronger effect.
    """
    from matplotlib.ticker import MaxNLocator

    sides = (
        _Side("model", "the model altered", "upstream_change", description.before),
        _Side("data", "the data altered", "data_change", description.covariates[0]),
    )
    done = _done(description, tables)
    outcomes, ends = _outcomes(tables.changes)
    up = _span(outcomes, ends)
    cut = bool((ends < up[0]).any() or (ends > up[1]).any())
    page = Page(PAGE, _TITLE, note, _handles(description, done, cut))
    pitch = _TITLE_HEIGHT + _HEIGHT + _AXIS_HEIGHT
    figure = page.figure(pitch * len(description.adaptations))
    for line, (adaptation, title) in enumerate(description.adaptations):
        bottom = page.foot + pitch * (len(description.adaptations) - 1 - line) + _AXIS_HEIGHT
        for column, side in enumerate(sides):
            place = _LEFT + column * (_WIDTH + _BETWEEN)
            axes = add_panel(figure, place, bottom, _WIDTH, _HEIGHT)
            moved = _moved(tables.changes, side)
            rows = moved[moved["adaptation"] == adaptation]
            slope = _slope(tables.slopes, adaptation, side)
            axes.set_title(
                _text.panel_title(f"{title}: {side.title}", _WIDTH) + f"\n{_slope_text(slope)}"
            )
            axes.set_xlabel(_axis(side.quantity))
            axes.set_ylabel(f"change of\n{description.outcome.title}" if column == 0 else "")
            if rows.empty:
                say_no_model(axes)
                continue
            axes.set_xlim(*_span(numbers(moved[side.column]), np.empty(0)))
            axes.xaxis.set_major_locator(MaxNLocator(_TICKS, steps=[1, 2, 5, 10]))
            axes.set_ylim(*up)
            draw_reference(axes, 0.0, "y")
            _draw_points(axes, rows, side, done)
            _draw_slope(axes, slope, numbers(rows[side.column]))
    return figure


def _moved(changes: pd.DataFrame, side: _Side) -> pd.DataFrame:
    """Return the changes by interventions that moved this side of some items."""
    return changes[np.abs(numbers(changes[side.column])) > _ROUNDING]


def _outcomes(changes: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return every change downstream, and the ends of the intervals."""
    value, half = numbers(changes["outcome_change"]), HALF * numbers(changes["outcome_error"])
    return value, np.concatenate([value - half, value + half])


def _span(values: NDArray[np.float64], ends: NDArray[np.float64]) -> tuple[float, float]:
    """Return the limits of an axis around values, zero and, as far as they go, interval ends."""
    values = np.append(values[np.isfinite(values)], 0.0)
    low, high = float(values.min()), float(values.max())
    reach = _REACH * (high - low)
    ends = np.clip(ends[np.isfinite(ends)], low - reach, high + reach)
    low, high = min([low, *ends]), max([high, *ends])
    margin = max(0.05 * (high - low), 1e-6)
    return low - margin, high + margin


def _axis(quantity: Quantity) -> str:
    """Name what changed; the axis of a logarithm would name what it is the logarithm of."""
    name = quantity.title if quantity.logarithm else quantity.axis
    lines = _text.axis_label(f"change of {name}", _WIDTH).split("\n")
    return "\n".join(wrap(line, _WIDTH, LABEL) for line in lines)


def _done(description: TaskDescription, tables: Tables) -> dict[str, _Done]:
    """Return what was done, by variant, in the order of the interventions."""
    rows = tables.observations.drop_duplicates(["upstream", "dataset"])
    variants = set(tables.changes["variant"])
    kinds = {
        variant: (upstream, dataset)
        for variant, upstream, dataset in zip(
            rows["upstream"] + "/" + rows["dataset"],
            rows["upstream_kind"].astype(str),
            rows["dataset_kind"].astype(str),
            strict=True,
        )
        if variant in variants
    }
    rank = {each.kind: place for place, each in enumerate(description.interventions)}
    ordered = sorted(kinds.values(), key=lambda both: [rank.get(kind, -1) for kind in both[::-1]])
    order = list(dict.fromkeys(ordered))
    return {
        variant: _drawn(description, *kind, _SHAPES[order.index(kind) % len(_SHAPES)])
        for variant, kind in kinds.items()
    }


def _drawn(description: TaskDescription, upstream: str, dataset: str, shape: str) -> _Done:
    altered = {
        source: kind
        for source, kind, none in (("model", upstream, PRETRAINED), ("data", dataset, ORIGINAL))
        if kind != none
    }
    titles = {each.kind: each.title for each in description.interventions}
    colour, words = _ALTERED[next(iter(altered)) if len(altered) == 1 else "both"]
    named = " and ".join(titles.get(kind, kind) for kind in altered.values())
    return _Done(f"{named}: {words}", colour, shape)


def _draw_points(axes: Axes, rows: pd.DataFrame, side: _Side, done: Mapping[str, _Done]) -> None:
    x, y, error = (numbers(rows[each]) for each in (side.column, "outcome_change", "outcome_error"))
    draw_intervals(axes, x, y - HALF * error, y + HALF * error, "y", colour=PALE, width=0.5)
    unknown = _Done("", GREY, _SHAPES[0])
    for variant, own in rows.groupby("variant", sort=False):
        how = done.get(str(variant), unknown)
        axes.scatter(
            numbers(own[side.column]),
            numbers(own["outcome_change"]),
            s=8,
            color=how.colour,
            marker=how.shape,
            linewidths=0,
            alpha=0.85,
            zorder=3,
            gid=DEFINED,
        )


def _slope(slopes: pd.DataFrame, adaptation: str, side: _Side) -> pd.Series | None:
    """Return the slope within items, where it was estimated."""
    found = slopes[
        (slopes["adaptation"] == adaptation)
        & (slopes["source"] == side.source)
        & (slopes["effects"] == "within")
        & slopes["slope"].notna()
    ]
    return None if found.empty else found.iloc[0]


def _slope_text(slope: pd.Series | None) -> str:
    if slope is None:
        return "slope not estimated"
    low, high = (_text.signed(float(slope[name])) for name in ("low", "high"))
    return f"slope {_text.signed(float(slope['standardised']))} SDs per SD ({low} to {high})"


def _draw_slope(axes: Axes, slope: pd.Series | None, x: NDArray[np.float64]) -> None:
    """Draw the slope within items through the origin, and its interval."""
    if slope is None:
        return
    ends = np.array([float(x.min()), 0.0, float(x.max())])
    # The table has the ends in standard deviations.
    low, high = (float(slope[name] / slope["scale"]) for name in ("low", "high"))
    axes.fill_between(ends, low * ends, high * ends, color=INK, alpha=0.2, linewidth=0, zorder=4)
    axes.plot(ends, slope["slope"] * ends, color=INK, linewidth=1.6, zorder=5, gid=SLOPE)


def _handles(description: TaskDescription, done: Mapping[str, _Done], cut: bool) -> list[Line2D]:
    known = sorted(dict.fromkeys(done.values()), key=lambda each: _SHAPES.index(each.shape))
    return [
        *(dot_handle(each.colour, each.title, each.shape) for each in known),
        text_handle(f"a mark is one of the {description.items} under one intervention"),
        legend_entry(
            color=PALE,
            linewidth=1.0,
            label="95 % interval, from the counts of test rows; seeds are not in it"
            + ("; long ones go on beyond the axis" if cut else ""),
        ),
        legend_entry(
            color=INK,
            linewidth=1.6,
            label="slope within items, all interventions together; its 95 % interval",
        ),
        reference_handle("0: no effect; the item moved as items did on average"),
        text_handle(f"SD: over the {description.items}, unmodified model"),
    ]


DRAWING = Drawing(
    applies=lambda description: bool(description.interventions),
    draw=_draw,
    caption=(
        "What each intervention changed in each item, upstream or in the data, against what "
        "happened to its downstream bias."
    ),
)
