"""Does bias survive fine-tuning? How far each source moves it, by how hard it overwrites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import ABSENT, OPEN, TaskDescription
from bias_transfer.report.figures import Drawing, Tables, _text
from bias_transfer.report.figures._look import (
    BAND,
    BLUE,
    GREY,
    INK,
    ORANGE,
    PAGE,
    SMALL,
    TICK,
    Page,
    add_panel,
    inches,
    inches_wide,
    legend_entry,
    look,
    wrap,
)
from bias_transfer.report.figures._marks import (
    DEFINED,
    INTERVAL,
    draw_reference,
    reference_handle,
    say_no_model,
    text_handle,
)
from bias_transfer.report.figures._means import numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_TITLE = "Where does a fine-tuned model's bias come from: the pre-trained model, or the data?"
_BESIDE = 0.95
_ROW_HEIGHT = 0.55
_SAID = TICK


@dataclass(frozen=True)
class _Source:
    """What bias may come from, as drawn."""

    name: str
    words: str
    colour: str
    marker: str


_SOURCES = (
    _Source("model", "the pre-trained model's bias", BLUE, "o"),
    _Source("data", "the data's bias", ORANGE, "s"),
)


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Draw the slope that each verdict rests on, its interval, and the band that does not matter.

    A panel is a source, a row a way of fine-tuning, the same in both panels. The verdict stands
    beside its row.
    """
    verdicts = tables.verdicts
    labels = [wrap(title, 1.6, _SAID) for _, title in description.adaptations]
    left = max(1.1, 0.3 + inches(labels, _SAID))
    pitch = (PAGE - left) / 2
    width = pitch - _BESIDE
    page = Page(PAGE, _TITLE, note, _handles(description, verdicts))
    height = max(0.9, _ROW_HEIGHT * len(labels) + 0.15)
    figure = page.figure(height + 1.1)
    for column, source in enumerate(_SOURCES):
        place = left + column * pitch
        axes = add_panel(figure, place, page.foot + 0.6, width, height)
        title = f"{description.title}: does {source.words} transfer?"
        axes.set_title(_text.panel_title(title, pitch - 0.2))
        if verdicts.empty:
            say_no_model(axes)
            continue
        axes.set_xlabel("how far downstream bias moves\nwith it (SDs per SD; 0 = not at all)")
        axes.set_xlim(*_scale(verdicts))
        # Room above the rows for what the band means.
        axes.set_ylim(len(labels) - 0.5, -0.5 - 0.15 / _ROW_HEIGHT)
        axes.set_yticks(range(len(labels)), labels if column == 0 else [""] * len(labels))
        axes.tick_params(axis="y", length=0, labelsize=_SAID)
        if column == 0:
            axes.text(
                -0.02,
                0.99,
                "way of fine-tuning",
                transform=axes.transAxes,
                fontsize=SMALL,
                color=GREY,
                ha="right",
                va="top",
            )
        _draw_band(axes, float(numbers(verdicts["smallest_effect"])[0]))
        draw_reference(axes, 0.0, "x")
        rows = verdicts[verdicts["source"] == source.name]
        for line, (adaptation, _) in enumerate(description.adaptations):
            for _, row in rows[rows["adaptation"] == adaptation].iterrows():
                _draw_verdict(axes, line, row, source)
    return figure


def _scale(verdicts: pd.DataFrame) -> tuple[float, float]:
    """Fit one axis to every interval and to the band of what does not matter."""
    ends = np.concatenate([numbers(verdicts[name]) for name in ("standardised", "low", "high")])
    matters = numbers(verdicts["smallest_effect"])
    shown = np.concatenate([ends, 1.5 * matters, -1.5 * matters])
    shown = shown[np.isfinite(shown)]
    low, high = float(shown.min()), float(shown.max())
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _draw_band(axes: Axes, matters: float) -> None:
    axes.axvspan(-matters, matters, color=BAND, linewidth=0, zorder=0)
    words = "too little to matter"
    low, high = axes.get_xlim()
    # Above the band, or beside it where they would run across the edge of the panel.
    half = inches([words], SMALL) / inches_wide(axes) / 2
    axes.text(
        min(max(-low / (high - low), half), 1 - half),
        0.99,
        words,
        transform=axes.transAxes,
        fontsize=SMALL,
        color=GREY,
        ha="center",
        va="top",
        # The line at zero ends below the words, and so does a band that is narrower than they are.
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        zorder=2,
    )


def _draw_verdict(axes: Axes, line: int, row: pd.Series, source: _Source) -> None:
    """Draw one slope, and write the verdict beside it."""
    word = str(row["verdict"])
    axes.text(
        1.03,
        line,
        wrap(_text.short_verdict(word), _BESIDE - 0.12, _SAID, letter=0.6),
        transform=axes.get_yaxis_transform(),
        fontsize=_SAID,
        weight="normal" if word in OPEN else "bold",
        va="center",
        color=GREY if word in OPEN else INK if word in ABSENT else source.colour,
    )
    # Of what is not estimated, the words say all: a mark on the axis would look like a value.
    if not np.isfinite(row["standardised"]):
        return
    axes.hlines(
        line, row["low"], row["high"], color=source.colour, linewidth=1.8, zorder=3, gid=INTERVAL
    )
    axes.plot(
        row["standardised"],
        line,
        marker=source.marker,
        markersize=7,
        markerfacecolor=source.colour if row["effects"] == "within" else "white",
        markeredgecolor=source.colour,
        linestyle="none",
        zorder=4,
        gid=DEFINED,
    )


def _handles(description: TaskDescription, verdicts: pd.DataFrame) -> list[Line2D]:
    matters = numbers(verdicts["smallest_effect"])
    least = f"{matters[0]:g}" if len(matters) else "the smallest effect"
    mark = {"linestyle": "none", "marker": "o", "markersize": 5.5, "markeredgecolor": INK}
    words = (
        ("the model's bias", description.before),
        ("the data's", description.covariates[0]),
        ("downstream bias", description.outcome),
    )
    hollow = legend_entry(
        **mark,
        markerfacecolor="white",
        label=(
            f"hollow: none changed it; how far {description.items} that have more of it have more "
            "downstream bias"
        ),
    )
    filled = legend_entry(
        **mark,
        markerfacecolor=INK,
        label="filled: interventions changed it, and downstream bias moved so far",
    )
    drawn = set(verdicts.loc[verdicts["standardised"].notna(), "effects"])
    return [
        *([filled] if "within" in drawn else []),
        *([hollow] if "between" in drawn else []),
        legend_entry(color=INK, linewidth=1.8, label="line: 95 % interval"),
        legend_entry(
            color=BAND,
            linewidth=6,
            label=f"too little to matter: within \N{PLUS-MINUS SIGN}{least}",
        ),
        reference_handle("0: not at all"),
        text_handle("; ".join(f"{name}: {quantity.title}" for name, quantity in words)),
        text_handle(f"SD: standard deviation over the {description.items}, unmodified model"),
    ]


DRAWING = Drawing(
    applies=lambda _: True,
    draw=_draw,
    caption=(
        "How far downstream bias moves with the pre-trained model's bias and with the data's, "
        "under each way of fine-tuning, and the verdict on each."
    ),
)
