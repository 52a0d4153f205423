"""Counts with shares: how many rows of training data each item has in two groups."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from bias_transfer.report.figures import style
from bias_transfer.report.figures.style import Array, Task


@dataclass(frozen=True)
class Contents:
    """What training data hold of each item, and how a figure speaks of it.

    Attributes
    ----------
    counts
        One row an item, in the order drawn: `total` (rows of the training data) and `share` (of
        the first group among them, empty if there are none).
    title
        The question that the figure answers.
    panel
        Title of the panel of counts.
    name
        Gives an item's name.
    counted
        What the rows of the training data are, in words.
    groups
        The two groups of them, in words.
    part
        What the share is, in words.
    neutral, neutral_text
        The share to compare with, and what it means, in words.
    none_text
        Written into the row of an item without any row of data.
    """

    counts: pd.DataFrame
    title: str
    panel: str
    name: Callable[[str], str]
    counted: str
    groups: tuple[str, str]
    part: str
    neutral: float
    neutral_text: str
    none_text: str


@dataclass(frozen=True)
class _Mark:
    """How a group is drawn."""

    colour: str
    shape: str
    size: float
    zorder: float


# The circle is the smaller and the upper one: it shows inside the square where both are equal.
_FIRST = _Mark(colour=style.ORANGE, shape="o", size=14, zorder=4)
_SECOND = _Mark(colour=style.BLUE, shape="s", size=26, zorder=3)
_WIDTH = 8.3
_LEFT_EDGES = (1.5, 5.25)
_PANEL_WIDTHS = (3.4, 1.9)
_ROW_HEIGHT = 0.165
_LEGEND_HEIGHT = 0.6
# Totals that differ by more than this factor are drawn on a logarithmic axis.
_LINEAR_FACTOR = 30


def item_counts(table: pd.DataFrame, task: Task, total: str, share: str) -> pd.DataFrame:
    """Return what the data set as it is holds of each item, in alphabetical order.

    Parameters
    ----------
    table
        Observation table.
    task
        What an item is.
    total, share
        Columns of the table that hold the counts and the share of the first group.

    Returns
    -------
    pandas.DataFrame
        One row an item: `total` and `share`.
    """
    items = style.unmodified_data(table).drop_duplicates(task.item).set_index(task.item)
    return items[[total, share]].rename(columns={total: "total", share: "share"}).sort_index()


def contents_figure(contents: Contents, note: str) -> Figure:
    """Draw how many rows of training data each item has in two groups, and the share of the first.

    Parameters
    ----------
    contents
        What to draw, and its wording; without any item both panels stay empty.
    note
        Written at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        Counts on the left, shares on the right, one row an item.
    """
    counts = contents.counts
    height = max(1.0, _ROW_HEIGHT * (len(counts) + 1))
    foot = style.foot_height(note, _WIDTH) + _LEGEND_HEIGHT
    with style.look():
        figure = style.new_figure(_WIDTH, foot + height + 1.45, contents.title, note)
        panels = [
            style.add_panel(figure, left, foot + 0.6, width, height)
            for left, width in zip(_LEFT_EDGES, _PANEL_WIDTHS, strict=True)
        ]
        panels[0].set_title(contents.panel)
        panels[1].set_title(contents.part)
        if counts.empty:
            for axes in panels:
                style.say_no_model(axes)
        else:
            _draw_counts(panels[0], contents)
            _draw_shares(panels[1], contents)
        handles = [
            style.dot_handle(_FIRST.colour, contents.groups[0], _FIRST.shape),
            style.dot_handle(_SECOND.colour, contents.groups[1], _SECOND.shape),
            style.undefined_handle(),
            style.reference_handle(contents.neutral_text),
        ]
        style.add_legend(figure, foot - _LEGEND_HEIGHT, handles)
    return figure


def _draw_counts(axes: Axes, contents: Contents) -> None:
    counts = contents.counts
    total = counts["total"].to_numpy(dtype=float)
    share = counts["share"].to_numpy(dtype=float)
    # A share of nothing is undefined, but its counts are zero.
    first = np.where(total == 0, 0.0, np.round(total * share))
    _set_count_axis(axes, total, f"training {contents.counted}")
    axes.set_ylim(len(counts) - 0.3, -0.7)
    axes.set_yticks(range(len(counts)), [contents.name(str(item)) for item in counts.index])
    # Marks at zero reach across the edge of the panel.
    axes.tick_params(axis="y", length=0, pad=6)
    rows = np.arange(len(counts))
    axes.hlines(rows, first, total - first, color=style.PALE, linewidth=1.0, zorder=1)
    for group, mark in ((first, _FIRST), (total - first, _SECOND)):
        _draw_marks(axes, group, mark)
    for row in rows[total == 0]:
        axes.annotate(
            contents.none_text,
            (0, float(row)),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            color=style.GREY,
        )


def _draw_marks(axes: Axes, values: Array, mark: _Mark) -> None:
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
        gid=style.DEFINED,
    )


def _set_count_axis(axes: Axes, total: Array, label: str) -> None:
    """Start at zero; above the least total's power of ten, go on logarithmically if need be."""
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


def _draw_shares(axes: Axes, contents: Contents) -> None:
    share = contents.counts["share"].to_numpy(dtype=float)
    rows = np.arange(len(share))
    known = np.isfinite(share)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(share) - 0.3, -0.7)
    axes.set_yticks([])
    axes.set_xlabel(f"{contents.part} (0 to 1)")
    style.draw_reference(axes, contents.neutral, "x")
    axes.hlines(
        rows[known], contents.neutral, share[known], color=style.PALE, linewidth=1.0, zorder=1
    )
    _draw_marks(axes, share, _FIRST)
    style.mark_undefined(axes, rows[~known].astype(float), "right")
    lost = style.undefined_text(int((~known).sum()), len(share))
    axes.text(
        1.06,
        1.0,
        contents.counted,
        transform=axes.transAxes,
        fontsize=style.SMALL,
        va="bottom",
    )
    axes.set_title(f"{contents.part}\n{lost}")
    for row, total in zip(rows, contents.counts["total"], strict=True):
        axes.text(
            1.06,
            float(row),
            f"{total:,.0f}",
            transform=axes.get_yaxis_transform(),
            fontsize=style.SMALL,
            va="center",
        )
