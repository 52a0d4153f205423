"""How much does the slope owe to our choices? Every other choice of measure and outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.report.figures import Drawing, Tables, _text
from bias_transfer.report.figures._look import (
    BAND,
    BLUE,
    GREY,
    INK,
    ORANGE,
    PAGE,
    SMALL,
    Page,
    add_panel,
    inches,
    legend_entry,
    look,
)
from bias_transfer.report.figures._marks import (
    DEFINED,
    INTERVAL,
    draw_reference,
    reference_handle,
    say_no_model,
)
from bias_transfer.report.figures._means import numbers
from bias_transfer.report.sheet import continued

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_TITLE = "How much does the slope owe to the choice of measure, template, outcome and effects?"
_SOURCES = (("model", "the model's bias", BLUE), ("data", "the data's bias", ORANGE))
_CHOICES = ("effects", "outcome", "measure", "template")
# By which the band is found again.
_BAND = "band"
_BETWEEN, _CURVE_HEIGHT, _LINE = 0.25, 1.6, 0.14


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Draw the slopes of each source in ascending order, and below them what was chosen.

    They are of the principal way of fine-tuning. Both panels share their scale.
    """
    table = tables.specification_curve
    table = table[table["adaptation"] == description.principal_adaptation]
    how = continued(dict(description.adaptations)[description.principal_adaptation])
    names = [(choice, str(value)) for choice in _CHOICES for value in table[choice].unique()]
    labels = [_label(description, *each) for each in names]
    left = 0.35 + inches(labels, SMALL)
    lines = _LINE * len(names)
    width = (PAGE - left - _BETWEEN - 0.1) / 2
    matters = float(np.nanmax(numbers(tables.verdicts["smallest_effect"]), initial=0.0))
    page = Page(PAGE, _TITLE, note, _handles(matters))
    figure = page.figure(lines + _CURVE_HEIGHT + 1.1)
    for column, (source, words, colour) in enumerate(_SOURCES):
        place = left + column * (width + _BETWEEN)
        curve = add_panel(figure, place, page.foot + lines + 0.45, width, _CURVE_HEIGHT)
        of_source = table[table["source"] == source]
        rows = of_source[np.isfinite(numbers(of_source["standardised"]))]
        lost = _text.undefined(len(of_source) - len(rows), len(of_source))
        title = _text.panel_title(f"{description.title}, {how}: {words}", width)
        curve.set_title(f"{title}\n{lost} choices")
        rows = rows.sort_values(["standardised", *_CHOICES], kind="stable").reset_index(drop=True)
        if rows.empty:
            say_no_model(curve)
        else:
            curve.set_ylim(*_scale(table))
            _draw_curve(curve, rows, colour)
            curve.axhspan(-matters, matters, color=BAND, linewidth=0, zorder=0, gid=_BAND)
        if not names:
            continue
        choices = add_panel(figure, place, page.foot + 0.2, width, lines)
        _draw_choices(choices, rows, names, labels if column == 0 else [""] * len(names), colour)
        choices.set_xlim(-1, max(1, len(rows)))
        curve.set_xlim(-1, max(1, len(rows)))
        if column == 0:
            curve.set_ylabel("SDs of downstream bias\nper SD of the source")
        else:
            curve.tick_params(axis="y", labelleft=False)
    return figure


def _scale(table: pd.DataFrame) -> tuple[float, float]:
    ends = np.concatenate([[0.0], *(numbers(table[name]) for name in ("low", "high"))])
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    margin = 0.05 * (high - low)
    return low - margin, high + margin


def _draw_curve(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    places = np.arange(len(rows))
    slope, low, high = (numbers(rows[name]) for name in ("standardised", "low", "high"))
    axes.vlines(places, low, high, color=GREY, linewidth=0.8, zorder=2, gid=INTERVAL)
    axes.scatter(places, slope, s=9, color=colour, linewidths=0, zorder=3, gid=DEFINED)
    own = rows["default"].to_numpy(dtype=bool)
    axes.scatter(
        places[own], slope[own], s=46, facecolors="none", edgecolors=INK, linewidths=1.1, zorder=4
    )
    axes.set_xticks([])
    draw_reference(axes, 0.0, "y")


def _draw_choices(
    axes: Axes,
    rows: pd.DataFrame,
    names: list[tuple[str, str]],
    labels: list[str],
    colour: str,
) -> None:
    for line, (choice, value) in enumerate(names):
        places = np.flatnonzero(rows[choice].astype(str).to_numpy() == value)
        axes.plot(places, np.full(len(places), line), "|", color=colour, markersize=4.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), labels, fontsize=SMALL)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _label(description: TaskDescription, choice: str, value: str) -> str:
    titles = {
        "effects": {"within": "within items", "between": "between items"},
        "outcome": {
            each.column: each.title for each in (*description.outcomes, description.outcome)
        },
        "measure": {each.column: each.title for each in description.measures},
        "template": {},
    }
    return f"{choice}: {titles[choice].get(value, value.replace('_', ' '))}"


def _handles(matters: float) -> list[Line2D]:
    return [
        legend_entry(color=GREY, linewidth=0.8, label="95 % interval, clustered by item"),
        legend_entry(
            linestyle="none",
            marker="o",
            markersize=6.5,
            markerfacecolor="none",
            markeredgecolor=INK,
            label="ringed: the choices of the study, within and between items",
        ),
        legend_entry(
            color=BAND,
            linewidth=6,
            label=f"too little to matter: within \N{PLUS-MINUS SIGN}{matters:g}",
        ),
        reference_handle("0: not at all"),
    ]


DRAWING = Drawing(
    applies=lambda _: True,
    draw=_draw,
    caption=(
        "The slope on each source under every choice of measure, template, outcome and effects, in "
        "ascending order, and what was chosen for each."
    ),
)
