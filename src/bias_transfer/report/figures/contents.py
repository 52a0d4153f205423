"""How many rows of training data does each item have, and of which of two groups? A row each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.analysis.description import Contents, TaskDescription
from bias_transfer.report.figures import Drawing, Tables, _text
from bias_transfer.report.figures._look import (
    GREY,
    INK,
    ORANGE,
    PAGE,
    PALE,
    SMALL,
    TICK,
    Page,
    add_panel,
    inches,
    look,
)
from bias_transfer.report.figures._marks import (
    DEFINED,
    dot_handle,
    draw_reference,
    mark_undefined,
    reference_handle,
    say_no_model,
    undefined_handle,
)
from bias_transfer.report.figures._means import numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class _Mark:
    """How a group is drawn."""

    colour: str
    shape: str
    size: float
    zorder: float


# Both are of the data; the first, whose share is the data's bias, has its colour. The circle is
# the smaller and the upper one: it shows inside the square where both are equal.
_FIRST = _Mark(colour=ORANGE, shape="o", size=14, zorder=4)
_SECOND = _Mark(colour=INK, shape="s", size=26, zorder=3)
# Of the room for both panels, the share of the first.
_COUNTS = 0.64
_BETWEEN = 0.25
# Inches that the word above the numbers beside the rows may take.
_LONGEST = 1.0
_ROW_HEIGHT = 0.14
# Totals that differ by more than this factor are drawn on a logarithmic axis.
_LINEAR_FACTOR = 30


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Draw what the original training set holds of each item, sorted by the share.

    Counts of both groups on the left, the share of the first on the right, one row an item; an item
    without any row comes last.
    """
    words = description.contents
    items = tables.contents.sort_values("share", ascending=False, kind="stable")
    names = [_text.item_title(description, str(item)) for item in items["item"]]
    left = max(1.0, 0.25 + inches(names, TICK))
    page = Page(
        width=PAGE,
        title=(
            f"How many training {words.counted} do the {description.items} have, "
            f"{words.groups[0]} and {words.groups[1]}?"
        ),
        note=note,
        handles=[
            dot_handle(_FIRST.colour, words.groups[0], _FIRST.shape),
            dot_handle(_SECOND.colour, words.groups[1], _SECOND.shape),
            undefined_handle(),
            reference_handle(f"{_part(words)} over all {description.items} together"),
        ],
    )
    height = max(1.0, _ROW_HEIGHT * (len(items) + 1))
    figure = page.figure(height + 1.2)
    bottom = page.foot + 0.55
    beside = 0.25 + min(inches([words.counted], SMALL), _LONGEST)
    room = PAGE - left - _BETWEEN - beside
    counts = add_panel(figure, left, bottom, _COUNTS * room, height)
    place = left + _COUNTS * room + _BETWEEN
    shares = add_panel(figure, place, bottom, (1 - _COUNTS) * room, height)
    never = int((items["total"] == 0).sum())
    counts.set_title(
        f"{description.title}: {len(items)} {description.items}"
        + (f"\n{words.none_text}: {never}" if never else "")
    )
    shares.set_title(_part(words))
    if items.empty:
        say_no_model(counts)
        say_no_model(shares)
        return figure
    _draw_counts(counts, items, words)
    counts.set_yticks(range(len(items)), names)
    # Marks at zero reach across the edge of the panel.
    counts.tick_params(axis="y", length=0, pad=6)
    _draw_shares(shares, items, words)
    return figure


def _part(words: Contents) -> str:
    return f"share of {words.groups[0]}"


def _draw_counts(axes: Axes, items: pd.DataFrame, words: Contents) -> None:
    total = numbers(items["total"])
    # A share of nothing is undefined, but its counts are zero.
    first = np.where(total == 0, 0.0, np.round(total * numbers(items["share"])))
    _set_count_axis(axes, total, f"training {words.counted}")
    axes.set_ylim(len(items) - 0.3, -0.7)
    rows = np.arange(len(items))
    axes.hlines(rows, first, total - first, color=PALE, linewidth=1.0, zorder=1)
    for group, mark in ((first, _FIRST), (total - first, _SECOND)):
        _draw_marks(axes, group, mark)
    for row in rows[total == 0]:
        axes.annotate(
            words.none_text,
            (0, float(row)),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=GREY,
        )


def _draw_marks(axes: Axes, values: NDArray[np.float64], mark: _Mark) -> None:
    """Draw one mark a row, but for the rows without a value."""
    rows = np.flatnonzero(np.isfinite(values))
    axes.scatter(
        values[rows],
        rows,
        s=mark.size,
        color=mark.colour,
        marker=mark.shape,
        linewidths=0,
        clip_on=False,
        zorder=mark.zorder,
        gid=DEFINED,
    )


def _set_count_axis(axes: Axes, total: NDArray[np.float64], label: str) -> None:
    """Start at zero; above the least total's power of ten, go on logarithmically if need be."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

    least = float(total[total > 0].min(initial=np.inf))
    most = float(np.nanmax(total, initial=1.0))
    highest = 1.08 * most
    axes.set_xlabel(f"{label} (number)")
    if most > _LINEAR_FACTOR * least:
        linear = 10.0 ** math.floor(math.log10(least))
        axes.set_xscale("symlog", linthresh=linear, linscale=0.4)
        axes.set_xticks([0.0, *10.0 ** np.arange(math.log10(linear), math.log10(highest))])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(f"{label} (number; log scale above {linear:,.0f})")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlim(0, highest)


def _draw_shares(axes: Axes, items: pd.DataFrame, words: Contents) -> None:
    share = numbers(items["share"])
    overall = float(numbers(items["overall_share"])[0])
    rows = np.arange(len(items))
    known = np.isfinite(share)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(items) - 0.3, -0.7)
    axes.set_yticks([])
    axes.set_xlabel(f"{_part(words)} (0 to 1)")
    draw_reference(axes, overall, "x")
    axes.hlines(rows[known], overall, share[known], color=PALE, linewidth=1.0, zorder=1)
    _draw_marks(axes, share, _FIRST)
    mark_undefined(axes, rows[~known].astype(float), "right")
    axes.set_title(f"{_part(words)}\n{_text.undefined(int((~known).sum()), len(share))}")
    axes.text(1.06, 1.0, words.counted, transform=axes.transAxes, fontsize=SMALL, va="bottom")
    for row, total in zip(rows, items["total"], strict=True):
        axes.text(
            1.06,
            float(row),
            f"{total:,.0f}",
            transform=axes.get_yaxis_transform(),
            fontsize=SMALL,
            va="center",
        )


DRAWING = Drawing(
    applies=lambda _: True,
    draw=_draw,
    caption="Rows of training data of each item, in two groups, and the share of the first.",
)
