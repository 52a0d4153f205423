"""Figure 9: whether an item's upstream bias goes with its downstream bias, nothing modified."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bias_transfer.report.figures import style
from bias_transfer.report.figures.style import BIOS, WIKI, Task

_TITLE = "Unmodified models: does upstream bias go with downstream bias?"
_WIDTH = 9.6
_PANEL = 3.7
_LEFT_EDGES = (0.85, 5.6)


def figure9(bios: pd.DataFrame, wiki: pd.DataFrame, note: str) -> Figure:
    """Draw downstream against upstream bias, one point an item, in the unmodified models.

    Upstream bias is averaged over templates. Pearson's coefficient in a panel's title is that of
    the values as drawn: for BIOS, of the log TPR ratio.

    Parameters
    ----------
    bios, wiki
        Observation tables; an empty one leaves its panel empty.
    note
        Written at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        BIOS on the left, WIKI on the right.
    """
    foot = style.foot_height(note, _WIDTH) + 0.65
    with style.look():
        figure = style.new_figure(_WIDTH, foot + _PANEL + 1.5, _TITLE, note)
        for left, task, table in zip(_LEFT_EDGES, (BIOS, WIKI), (bios, wiki), strict=True):
            axes = style.add_panel(figure, left, foot + 0.55, _PANEL, _PANEL)
            rows = style.unmodified_data(table)
            _draw_panel(axes, rows[rows["upstream_kind"] == "pretrained"], task)
        _draw_legend(figure, foot)
    return figure


def _draw_panel(axes: Axes, rows: pd.DataFrame, task: Task) -> None:
    if rows.empty:
        axes.set_title(task.name)
        style.say_no_model(axes)
        return
    upstream = style.item_means(rows, task, task.upstream)["value"]
    downstream = style.item_means(rows, task, task.downstream)["value"]
    x = task.upstream.drawn(upstream.to_numpy(dtype=float))
    y = task.downstream.drawn(downstream.to_numpy(dtype=float))
    axes.set_title(_panel_title(task, upstream, downstream, rows["model"].nunique()))
    axes.set_xlabel(task.upstream.axis)
    axes.set_ylabel(task.downstream.axis)
    style.set_limits(axes, "x", x, task.upstream, 0.12)
    style.set_limits(axes, "y", y, task.downstream, 0.12)
    if task.upstream.neutral is not None:
        style.draw_reference(axes, task.upstream.neutral, "x")
    if task.downstream.neutral is not None:
        style.draw_reference(axes, task.downstream.neutral, "y")
    both = np.isfinite(x) & np.isfinite(y)
    axes.scatter(
        x[both], y[both], s=20, color=style.BLUE, alpha=0.8, linewidths=0, gid=style.DEFINED
    )
    _mark_edges(axes, x, y)
    names = [task.title(str(item)) for item in upstream.index[both]]
    style.label_points(axes, x[both], y[both], names, _outlying(x[both], downstream[both]))


def _panel_title(task: Task, upstream: pd.Series, downstream: pd.Series, models: int) -> str:
    coefficient, p_value, items = style.correlation(upstream, downstream)
    shown = style.correlation_text(coefficient)
    if np.isfinite(p_value):
        shown += ", p < 0.001" if p_value < 0.001 else f", p = {p_value:.3f}"
    undefined = style.undefined_text(len(upstream) - items, len(upstream))
    averaged = f"; mean of {models} models" if models > 1 else ""
    return f"{task.name}: {shown}, {items} {task.items}\n{undefined} {task.items}{averaged}"


def _mark_edges(axes: Axes, x: style.Array, y: style.Array) -> None:
    """Mark items that lack one value where the other one stands, and in the corner without any."""
    style.mark_undefined(axes, x[np.isfinite(x) & ~np.isfinite(y)], "bottom")
    style.mark_undefined(axes, y[~np.isfinite(x) & np.isfinite(y)], "left")
    neither = int(np.sum(~np.isfinite(x) & ~np.isfinite(y)))
    style.mark_undefined(axes, np.full(neither, axes.get_ylim()[0]), "left")


def _outlying(x: style.Array, downstream: pd.Series, each: int = 3) -> list[int]:
    """Return the points to name: the highest and lowest downstream, then those upstream."""
    order: list[int] = []
    for values in (downstream.to_numpy(dtype=float), x):
        ranked = [int(index) for index in np.argsort(values, kind="stable")]
        for high, low in zip(ranked[: -each - 1 : -1], ranked[:each], strict=True):
            order += [high, low]
    return list(dict.fromkeys(order))


def _draw_legend(figure: Figure, foot: float) -> None:
    style.add_legend(
        figure,
        foot - 0.65,
        [
            style.dot_handle(style.BLUE, "an occupation or identity term"),
            style.undefined_handle(),
            style.reference_handle(BIOS.upstream.neutral_text),
            style.reference_handle(BIOS.downstream.neutral_text),
            style.reference_handle(WIKI.downstream.neutral_text),
            style.text_handle(
                f"{style.RHO}: Pearson correlation of the points (BIOS: of log TPR ratio)"
            ),
        ],
    )
