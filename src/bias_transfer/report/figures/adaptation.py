"""Does bias survive fine-tuning? How far each source moves it, by how hard it overwrites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.report.figures import Drawing, Tables
from bias_transfer.report.figures._look import (
    BLUE,
    INK,
    ORANGE,
    PALE,
    SMALL,
    Page,
    add_panel,
    inches,
    legend_entry,
    look,
    wrap,
)
from bias_transfer.report.figures._marks import (
    DEFINED,
    draw_reference,
    mark_undefined,
    undefined_handle,
)
from bias_transfer.report.figures._means import numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_TITLE = "Does bias survive fine-tuning, or does it come from the data?"
_SOURCES = (
    ("model", "the pre-trained model's bias", BLUE, "o"),
    ("data", "the data's bias", ORANGE, "s"),
)
_PANEL_WIDTH = 3.3
_BESIDE = 1.75
_ROW_HEIGHT = 0.62


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Draw the slope that each verdict rests on, its interval, and the band of no matter."""
    titles = dict(description.adaptations)
    left = 0.25 + inches([wrap(title, 1.6, 7.5) for title in titles.values()], 7.5)
    pitch = left + _PANEL_WIDTH + _BESIDE
    page = Page(2 * pitch - left + 0.3, _TITLE, note, _handles(tables.verdicts))
    height = max(0.9, _ROW_HEIGHT * len(titles))
    figure = page.figure(height + 1.15)
    scale = _scale(tables.verdicts)
    for column, (source, words, colour, marker) in enumerate(_SOURCES):
        place = left + column * (pitch - left + 0.2)
        axes = add_panel(figure, place, page.foot + 0.72, _PANEL_WIDTH, height)
        axes.set_title(f"{description.title}: {words}")
        axes.set_xlabel(
            "SDs of downstream bias per SD of its source,\nover "
            f"{description.items} (95 % interval)"
        )
        axes.set_xlim(*scale)
        axes.set_ylim(len(titles) - 0.5, -0.5)
        labels = [wrap(title, 1.6, 7.5) for title in titles.values()]
        axes.set_yticks(range(len(titles)), labels if column == 0 else [""] * len(titles))
        axes.tick_params(axis="y", length=0)
        rows = tables.verdicts[tables.verdicts["source"] == source].set_index("adaptation")
        for line, adaptation in enumerate(titles):
            if adaptation in rows.index:
                _draw_verdict(axes, line, rows.loc[adaptation], colour, marker)
        draw_reference(axes, 0.0, "x")
    return figure


def _scale(verdicts: pd.DataFrame) -> tuple[float, float]:
    ends = np.concatenate([numbers(verdicts[name]) for name in ("low", "high")])
    matters = numbers(verdicts["smallest_effect"])
    shown = np.concatenate([ends, 1.5 * matters, -1.5 * matters])
    shown = shown[np.isfinite(shown)]
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (-1.0, 1.0)
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _draw_verdict(axes: Axes, line: int, row: pd.Series, colour: str, marker: str) -> None:
    """Draw one slope, and write the verdict beside it."""
    matters = float(row["smallest_effect"])
    axes.fill_betweenx(
        [line - 0.5, line + 0.5], -matters, matters, color=PALE, alpha=0.45, linewidth=0, zorder=0
    )
    axes.text(
        1.04,
        line,
        wrap(_said(row), _BESIDE - 0.2, SMALL),
        transform=axes.get_yaxis_transform(),
        fontsize=SMALL,
        va="center",
        color=INK,
    )
    if not np.isfinite(row["standardised"]):
        mark_undefined(axes, np.array([float(line)]), "right", colour)
        return
    axes.plot([row["low"], row["high"]], [line, line], color=colour, linewidth=1.6, zorder=3)
    axes.plot(
        row["standardised"],
        line,
        marker=marker,
        markersize=6.5,
        markerfacecolor=colour if row["effects"] == "within" else "white",
        markeredgecolor=colour,
        linestyle="none",
        zorder=4,
        gid=DEFINED,
    )


def _said(row: pd.Series) -> str:
    """Write the verdict; of a slope between items, what it says of an association."""
    word = str(row["verdict"])
    if row["effects"] == "within" or word in ("undecided", "not estimated"):
        return word
    return {
        "transfers": "goes with it",
        "transfers, but less than matters": "goes with it, less than matters",
        "is inverted": "goes against it",
        "does not transfer": "does not go with it",
    }[word]


def _handles(verdicts: pd.DataFrame) -> list[Line2D]:
    matters = numbers(verdicts["smallest_effect"])
    least = f"{matters[0]:g}" if len(matters) else "the smallest effect"
    style = {"linestyle": "none", "marker": "o", "markersize": 5.5, "markeredgecolor": INK}
    return [
        legend_entry(
            **style, markerfacecolor=INK, label="filled: what happened when interventions moved it"
        ),
        legend_entry(
            **style,
            markerfacecolor="white",
            label="hollow: no intervention moved it; which items go together",
        ),
        legend_entry(
            color=PALE,
            linewidth=6,
            label=f"grey: a slope within \N{PLUS-MINUS SIGN}{least} does not matter",
        ),
        undefined_handle(),
    ]


DRAWING = Drawing(
    applies=lambda _: True,
    draw=_draw,
    caption=(
        "How far downstream bias moves with the pre-trained model's bias and with the data's, "
        "under each way of fine-tuning, and the verdict on each."
    ),
)
