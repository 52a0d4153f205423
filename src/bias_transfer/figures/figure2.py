"""Figure 2: whether downstream bias follows when random changes wreck upstream bias."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bias_transfer.figures import style
from bias_transfer.figures.style import BIOS, WIKI, Measure, Task

_TITLE = "If upstream bias is randomised away, does downstream bias go with it?"
# Upstream interventions, in the order drawn: kind, label, symbol of the strength.
_FAMILIES = (
    ("pretrained", "Pre-trained", ""),
    ("random", "Not pre-trained", ""),
    ("uniform", "Uniform noise", "c"),
    ("gaussian", "Gaussian noise", style.SIGMA),
)
_WIDTH = 10.2
_PANEL_WIDTH = 2.9
_LEFT_EDGES = (1.45, 5.85)
_ROW_HEIGHT = 0.6
_LEGEND_HEIGHT = 1.0
# Inches a letter of an item's name takes, a little more than the average.
_LETTER = 0.053


@dataclass(frozen=True)
class _Row:
    """One line of dots: models of the same intervention at the same strength."""

    label: str
    table: pd.DataFrame


def figure2(bios: pd.DataFrame, wiki: pd.DataFrame, note: str) -> Figure:
    """Compare bias an item under randomised pre-trained models with the unmodified model's.

    One dot an item, averaged over the models of an intervention; its colour is the item's rank
    in the unmodified model, so that a kept order of colours is a kept order of biases. Beside each
    row stands Pearson's correlation with the unmodified model, of the values as drawn (for BIOS,
    of log TPR ratios).

    Parameters
    ----------
    bios, wiki
        Observation tables; an empty one leaves its panels empty.
    note
        Written at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        Upstream bias on the left, downstream bias on the right, a row of panels a task.
    """
    parts = [(BIOS, _rows(bios)), (WIKI, _rows(wiki))]
    heights = [_ROW_HEIGHT * (len(rows) if _models(rows) else 2) for _, rows in parts]
    foot = style.foot_height(note, _WIDTH) + _LEGEND_HEIGHT
    with style.look():
        figure = style.new_figure(_WIDTH, foot + sum(heights) + 2.2, _TITLE, note)
        bottom = foot + sum(heights) + 1.4
        for (task, rows), height in zip(parts, heights, strict=True):
            bottom -= height
            for left, measure, side in zip(
                _LEFT_EDGES,
                (task.upstream, task.downstream),
                ("upstream bias", "downstream bias"),
                strict=True,
            ):
                axes = style.add_panel(figure, left, bottom, _PANEL_WIDTH, height)
                axes.set_title(f"{task.name}: {side} of the {task.items}")
                _draw_panel(axes, rows, task, measure)
                if measure is task.downstream:
                    axes.tick_params(axis="y", labelleft=False)
            bottom -= 0.95
        _draw_legend(figure, foot)
    return figure


def _rows(table: pd.DataFrame) -> list[_Row]:
    """Split a table into the figure's rows; an intervention without models gives an empty one."""
    table = style.unmodified_data(table)
    rows = []
    for kind, label, symbol in _FAMILIES:
        family = table[table["upstream_kind"] == kind]
        strengths = sorted(family["upstream_strength"].dropna().unique()) if symbol else []
        groups = [
            (f"{label}\n{symbol} = {strength:g}", family[family["upstream_strength"] == strength])
            for strength in strengths
        ]
        for text, group in groups or [(label, family)]:
            models = group["model"].nunique()
            count = f"\nmean of {models} models" if models > 1 else "\n1 model" if models else ""
            rows.append(_Row(label=text + count, table=group))
    return rows


def _models(rows: list[_Row]) -> int:
    return sum(int(row.table["model"].nunique()) for row in rows)


def _draw_panel(axes: Axes, rows: list[_Row], task: Task, measure: Measure) -> None:
    if not _models(rows):
        style.say_no_model(axes)
        return
    means = [style.item_means(row.table, task, measure) for row in rows]
    control = means[0]["value"]
    colours = _rank_colours(control)
    drawn = measure.drawn(pd.concat([mean["value"] for mean in means]).to_numpy(dtype=float))
    style.set_limits(axes, "x", drawn, measure, 0.1)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(measure.axis)
    if measure.neutral is not None:
        style.draw_reference(axes, measure.neutral, "x")
    for height, mean in enumerate(means):
        if mean.empty:
            style.say_no_model_in_row(axes, height)
            continue
        _draw_row(axes, height, mean, measure, task, colours)
        _write_beside(axes, height, mean, control)


def _rank_colours(control: pd.Series) -> dict[str, str]:
    """Colour each item by its rank in the unmodified model, dark for low and yellow for high."""
    ranks = control.dropna().rank(method="first")
    last = max(1, len(ranks) - 1)
    return {str(item): _colour((rank - 1) / last) for item, rank in ranks.items()}


def _colour(share: float) -> str:
    # The palest end of the map would vanish on white.
    return to_hex(colormaps["viridis"](0.92 * share))


def _draw_row(
    axes: Axes,
    height: int,
    mean: pd.DataFrame,
    measure: Measure,
    task: Task,
    colours: dict[str, str],
) -> None:
    values = mean["value"].dropna().sort_values(kind="stable")
    drawn = measure.drawn(values.to_numpy(dtype=float))
    if len(drawn):
        # Multiples of the golden ratio spread neighbours evenly without a random number.
        jitter = np.arange(len(drawn)) * (math.sqrt(5) - 1) / 2 % 1 - 0.5
        axes.scatter(
            drawn,
            height + 0.06 + 0.4 * jitter,
            s=14,
            c=[colours.get(str(item), style.GREY) for item in values.index],
            linewidths=0,
            alpha=0.9,
            zorder=3,
            gid=style.DEFINED,
        )
        median = float(np.median(drawn))
        axes.plot([median] * 2, [height - 0.2, height + 0.32], color=style.ORANGE, linewidth=1.8)
        _name_extremes(axes, height, drawn, [task.title(str(item)) for item in values.index])
    lost = int(mean["value"].isna().sum())
    style.mark_undefined(
        axes, height + 0.06 + 0.4 * (np.arange(lost) + 0.5 - lost / 2) / max(lost, 1), "right"
    )


def _name_extremes(axes: Axes, height: int, drawn: style.Array, names: list[str]) -> None:
    """Name the lowest and the highest dot above the row; the highest alone if both do not fit."""
    points = axes.transData.transform(np.column_stack([drawn[[0, -1]], [height, height]]))
    low, high = (float(x) for x in axes.transAxes.inverted().transform(points)[:, 0])
    low_width, high_width = (_LETTER * len(name) / _PANEL_WIDTH for name in (names[0], names[-1]))
    starts = [
        min(max(low - low_width / 2, 0.02), 1 - low_width),
        min(max(high - high_width / 2, 0), 1 - high_width),
    ]
    if starts[0] + low_width > starts[1]:
        starts = [max(low - low_width, 0.02), min(high, 1 - high_width)]
    labels = [(starts[1], names[-1])]
    if len(names) > 1 and starts[0] + low_width <= starts[1]:
        labels.append((starts[0], names[0]))
    for start, name in labels:
        axes.text(
            start,
            height - 0.22,
            name,
            transform=axes.get_yaxis_transform(),
            fontsize=6.5,
            va="bottom",
            path_effects=style.halo(),
            zorder=4,
        )


def _write_beside(axes: Axes, height: int, mean: pd.DataFrame, control: pd.Series) -> None:
    """Write a row's correlation with the unmodified model and its undefined observations."""
    lines = []
    if height > 0:
        lines.append(style.correlation_text(style.correlation(control, mean["value"])[0]))
    undefined, observations = int(mean["undefined"].sum()), int(mean["observations"].sum())
    lines.append(style.undefined_text(undefined, observations))
    axes.text(
        1.045,
        height,
        "\n".join(lines),
        transform=axes.get_yaxis_transform(),
        fontsize=style.SMALL,
        va="center",
    )


def _draw_legend(figure: Figure, foot: float) -> None:
    def dot(colour: str, label: str) -> Line2D:
        return Line2D(
            [], [], linestyle="none", marker="o", markersize=4.5, color=colour, label=label
        )

    width, height = figure.get_size_inches()
    figure.legend(
        handles=[
            dot(_colour(0.0), "lowest in the pre-trained model"),
            dot(_colour(0.5), "middle in the pre-trained model"),
            dot(_colour(1.0), "highest in the pre-trained model"),
            dot(style.GREY, "undefined in the pre-trained model"),
            Line2D([], [], color=style.ORANGE, linewidth=1.8, label="median of the row"),
            style.undefined_handle(),
            style.reference_handle(BIOS.upstream.neutral_text),
            style.reference_handle(BIOS.downstream.neutral_text),
            style.reference_handle(WIKI.downstream.neutral_text),
            Line2D(
                [],
                [],
                linestyle="none",
                label=f"{style.RHO}: Pearson correlation with the pre-trained row "
                "(BIOS downstream: of the log TPR ratio)",
            ),
        ],
        loc="lower left",
        bbox_to_anchor=(0.1 / width, (foot - _LEGEND_HEIGHT) / height),
        ncols=2,
    )
