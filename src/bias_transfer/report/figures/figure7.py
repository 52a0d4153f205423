"""Figure 7: which pronoun the unmodified language model prefers for each occupation."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bias_transfer.report.figures import style
from bias_transfer.report.figures.style import BIOS

_TITLE = "Which pronoun does the unmodified model prefer for each occupation?"
_WIDTH = 7.6
_LEFT, _PANEL_WIDTH = 1.5, 5.7
_ROW_HEIGHT = 0.19
_LEGEND_HEIGHT = 0.6


def figure7(bios: pd.DataFrame, note: str) -> Figure:
    """Draw the pronoun ranking of each occupation and template, sorted by the mean.

    Parameters
    ----------
    bios
        Observation table; its unmodified pre-trained model is drawn.
    note
        Written at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        One row an occupation, one dot a template.
    """
    rows = style.unmodified_data(bios)
    # Fine-tuning seeds repeat what is measured before fine-tuning.
    rows = rows[rows["upstream_kind"] == "pretrained"].drop_duplicates([BIOS.item, "template"])
    means = style.item_means(rows, BIOS, BIOS.upstream).sort_values(
        "value", ascending=False, kind="stable"
    )
    height = max(1.0, _ROW_HEIGHT * (len(means) + 1))
    foot = style.foot_height(note, _WIDTH) + _LEGEND_HEIGHT
    with style.look():
        figure = style.new_figure(_WIDTH, foot + height + 1.35, _TITLE, note)
        axes = style.add_panel(figure, _LEFT, foot + 0.6, _PANEL_WIDTH, height)
        axes.set_title("BIOS: upstream bias of the occupations")
        if rows.empty:
            style.say_no_model(axes)
        else:
            _draw_panel(axes, rows, means)
        _draw_legend(figure, foot)
    return figure


def _draw_panel(axes: Axes, rows: pd.DataFrame, means: pd.DataFrame) -> None:
    measure = BIOS.upstream
    style.set_limits(axes, "x", rows[measure.column].to_numpy(dtype=float), measure, 0.05)
    axes.set_xlabel(measure.axis)
    axes.set_ylim(len(means) - 0.3, -0.7)
    axes.set_yticks(range(len(means)), [BIOS.title(str(item)) for item in means.index])
    axes.tick_params(axis="y", length=0)
    style.draw_reference(axes, 0.0, "x")
    for height, (item, mean) in enumerate(means["value"].items()):
        values = rows.loc[rows[BIOS.item] == item, measure.column].to_numpy(dtype=float)
        _draw_row(axes, height, values, float(mean))
    undefined, observations = int(means["undefined"].sum()), int(means["observations"].sum())
    axes.set_title(style.undefined_text(undefined, observations), loc="right", fontsize=style.SMALL)


def _draw_row(axes: Axes, height: int, values: style.Array, mean: float) -> None:
    defined = values[np.isfinite(values)]
    if len(defined):
        axes.hlines(height, defined.min(), defined.max(), color=style.PALE, linewidth=1.0, zorder=1)
        axes.scatter(
            defined,
            np.full(len(defined), height),
            s=14,
            color=style.BLUE,
            alpha=0.7,
            linewidths=0,
            zorder=3,
            gid=style.DEFINED,
        )
        axes.plot([mean] * 2, [height - 0.36, height + 0.36], color=style.ORANGE, linewidth=2.0)
    lost = len(values) - len(defined)
    places = height + 0.6 * (np.arange(lost) + 0.5 - lost / 2) / max(lost, 1)
    style.mark_undefined(axes, places, "right")


def _draw_legend(figure: Figure, foot: float) -> None:
    style.add_legend(
        figure,
        foot - _LEGEND_HEIGHT,
        [
            style.dot_handle(style.BLUE, "one template"),
            Line2D([], [], color=style.ORANGE, linewidth=2.0, label="mean of the templates"),
            style.undefined_handle(),
            style.reference_handle(BIOS.upstream.neutral_text),
        ],
    )
