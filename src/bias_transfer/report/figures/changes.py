"""When an intervention changes an item's bias, does its downstream bias follow? A point each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.report.figures import Drawing, Tables
from bias_transfer.report.figures._look import (
    BLUE,
    COLOURS,
    GREY,
    INK,
    ORANGE,
    Page,
    add_panel,
    legend_entry,
    look,
)
from bias_transfer.report.figures._marks import DEFINED, draw_reference, say_no_model
from bias_transfer.report.figures._means import numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_TITLE = "When an intervention changes an item's bias, does its downstream bias follow?"
_WIDTH, _HEIGHT = 2.7, 2.0
_ROUNDING = 1e-9


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Draw a row of panels an adaptation: changes of the model's bias, and of the data's."""
    titles = dict(description.adaptations)
    sides = (
        ("upstream_change", "model", description.before, BLUE),
        ("data_change", "data", description.covariates[0], ORANGE),
    )
    page = Page(0.85 + 2 * (_WIDTH + 0.75), _TITLE, note, _handles(tables.changes))
    pitch = _HEIGHT + 0.85
    figure = page.figure(pitch * len(titles))
    for line, (adaptation, title) in enumerate(titles.items()):
        bottom = page.foot + pitch * (len(titles) - 1 - line) + 0.5
        rows = tables.changes[tables.changes["adaptation"] == adaptation]
        for column, (change, source, quantity, colour) in enumerate(sides):
            axes = add_panel(figure, 0.85 + column * (_WIDTH + 0.75), bottom, _WIDTH, _HEIGHT)
            axes.set_title(f"{title}: {'the model' if source == 'model' else 'the data'} altered")
            axes.set_xlabel(f"change of {_name(quantity)}")
            axes.set_ylabel(f"change of\n{description.outcome.title}" if column == 0 else "")
            moved = rows[np.abs(numbers(rows[change])) > _ROUNDING]
            if moved.empty:
                say_no_model(axes)
                continue
            _draw_changes(axes, moved, change, list(tables.changes["variant"].unique()))
            _draw_slope(axes, tables.slopes, adaptation, source, numbers(moved[change]), colour)
    return figure


def _name(quantity: Quantity) -> str:
    return f"{quantity.title}{f' ({quantity.unit}s)' if quantity.unit else ''}"


def _draw_changes(axes: Axes, rows: pd.DataFrame, change: str, variants: list[str]) -> None:
    for name, own in rows.groupby("variant", sort=False):
        colour = COLOURS[variants.index(str(name)) % len(COLOURS)]
        x, y, error = (numbers(own[each]) for each in (change, "outcome_change", "outcome_error"))
        axes.errorbar(
            x,
            y,
            yerr=np.where(np.isfinite(error), error, 0),
            fmt="none",
            ecolor=colour,
            elinewidth=0.5,
            alpha=0.35,
            zorder=2,
        )
        axes.scatter(x, y, s=9, color=colour, linewidths=0, alpha=0.85, zorder=3, gid=DEFINED)
    draw_reference(axes, 0.0, "y")


def _draw_slope(
    axes: Axes,
    slopes: pd.DataFrame,
    adaptation: str,
    source: str,
    x: np.ndarray,
    colour: str,
) -> None:
    """Draw the slope within items through the origin, where it was estimated."""
    found = slopes[
        (slopes["adaptation"] == adaptation)
        & (slopes["source"] == source)
        & (slopes["effects"] == "within")
    ]
    slope = numbers(found["slope"])
    if len(slope) and np.isfinite(slope[0]):
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, slope[0] * ends, color=INK, linewidth=2.2, zorder=4)
        axes.plot(ends, slope[0] * ends, color=colour, linewidth=1.2, zorder=5)


def _handles(changes: pd.DataFrame) -> list[Line2D]:
    variants = [str(each) for each in changes["variant"].unique()]
    dots = [
        legend_entry(
            linestyle="none",
            marker="o",
            markersize=4.5,
            color=COLOURS[place % len(COLOURS)],
            label=name.removesuffix("/original").removeprefix("pretrained/"),
        )
        for place, name in enumerate(variants)
    ]
    return [
        *dots,
        legend_entry(
            color=GREY, linewidth=0.8, label="\N{PLUS-MINUS SIGN}1 standard error, from counts"
        ),
        legend_entry(
            color=INK, linewidth=1.8, label="slope within items, all interventions together"
        ),
    ]


DRAWING = Drawing(
    applies=lambda description: bool(description.interventions),
    draw=_draw,
    caption=(
        "What each intervention changed in each item, upstream or in the data, against what "
        "happened to its downstream bias."
    ),
)
