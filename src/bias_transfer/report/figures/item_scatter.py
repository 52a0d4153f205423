"""In unmodified models, does upstream bias go with downstream bias? An item, a point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.report.figures import Drawing, Tables, _text
from bias_transfer.report.figures._axes import set_limits
from bias_transfer.report.figures._labels import label_points
from bias_transfer.report.figures._look import BLUE, PAGE, Page, add_panel, look
from bias_transfer.report.figures._marks import (
    DEFINED,
    dot_handle,
    draw_intervals,
    draw_reference,
    interval_handles,
    mark_undefined,
    reference_handles,
    say_no_model,
    text_handle,
    undefined_handle,
)
from bias_transfer.report.figures._means import UNMODIFIED, chosen, every_end, means

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLE = "Unmodified models: does upstream bias go with downstream bias?"
_LEFT = 0.8
_PANEL_WIDTH, _PANEL_HEIGHT = PAGE - _LEFT - 0.2, 4.2
# Points to name at each end of each axis.
_NAMED = 3


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Draw downstream against upstream bias, and write the correlation that the analysis found."""
    before, after = description.before, description.after
    page = Page(
        width=PAGE,
        title=_TITLE,
        note=_text.and_unnamed(note, description, tables),
        handles=[
            dot_handle(BLUE, f"one of the {description.items}"),
            undefined_handle(),
            *interval_handles(before, after),
            *reference_handles(before, after),
            text_handle(
                f"{_text.RHO}: Pearson correlation of the points"
                + _text.of_groups(tables.transfer)
                + _text.of_logarithms(before, after)
            ),
        ],
    )
    figure = page.figure(_PANEL_HEIGHT + 1.35)
    axes = add_panel(figure, _LEFT, page.foot + 0.65, _PANEL_WIDTH, _PANEL_HEIGHT)
    upstream = means(tables, UNMODIFIED, before)
    downstream = means(tables, UNMODIFIED, after)
    if upstream.drawn.empty or downstream.drawn.empty:
        axes.set_title(description.title)
        say_no_model(axes)
        return figure
    both = pd.concat(
        [each for of in (upstream, downstream) for each in (of.drawn, of.low, of.high)], axis=1
    )
    x, x_low, x_high, y, y_low, y_high = both.to_numpy(dtype=float).T
    axes.set_title(_panel_title(description, tables, len(both)))
    axes.set_xlabel(_text.axis_label(before.axis, _PANEL_WIDTH))
    axes.set_ylabel(_text.axis_label(after.axis, _PANEL_HEIGHT))
    set_limits(axes, "x", x, every_end([upstream]), before, 0.12)
    set_limits(axes, "y", y, every_end([downstream]), after, 0.12)
    draw_reference(axes, before.neutral, "x")
    draw_reference(axes, after.neutral, "y")
    whole = np.isfinite(x) & np.isfinite(y)
    draw_intervals(axes, y[whole], x_low[whole], x_high[whole], "x")
    draw_intervals(axes, x[whole], y_low[whole], y_high[whole], "y")
    axes.scatter(x[whole], y[whole], s=20, color=BLUE, alpha=0.8, linewidths=0, gid=DEFINED)
    _mark_edges(axes, x, y)
    names = [_text.item_title(description, str(item)) for item in both.index[whole]]
    to_name = both.index[whole].isin(downstream.to_name.index)
    label_points(axes, x[whole], y[whole], names, _outlying(x[whole], y[whole], to_name))
    return figure


def _panel_title(description: TaskDescription, tables: Tables, items: int) -> str:
    found = chosen(tables.transfer, UNMODIFIED)
    if found.empty:
        return description.title
    row = found.iloc[0]
    shown = _text.correlation(float(row["pearson"]))
    if np.isfinite(row["pearson_p"]):
        p_value = float(row["pearson_p"])
        shown += ", p < 0.001" if p_value < 0.001 else f", p = {p_value:.3f}"
    undefined = _text.undefined(int(row["undefined_items"]), items)
    averaged = f"; {_text.models(int(row['models']))}" if row["models"] > 1 else ""
    return (
        f"{description.title}: {shown}, {int(row['items'])} {description.items}\n"
        f"{undefined} {description.items}{averaged}"
    )


def _mark_edges(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Mark items that lack one value where the other one stands, and in the corner without any."""
    mark_undefined(axes, x[np.isfinite(x) & ~np.isfinite(y)], "bottom")
    mark_undefined(axes, y[~np.isfinite(x) & np.isfinite(y)], "left")
    neither = int(np.sum(~np.isfinite(x) & ~np.isfinite(y)))
    mark_undefined(axes, np.full(neither, axes.get_ylim()[0]), "left")


def _outlying(
    x: NDArray[np.float64], y: NDArray[np.float64], to_name: NDArray[np.bool_]
) -> list[int]:
    """Return the points to name: the highest and lowest downstream, then those upstream."""
    order: list[int] = []
    for values in (y, x):
        ranked = [int(index) for index in np.argsort(values, kind="stable") if to_name[index]]
        for high, low in zip(ranked[: -_NAMED - 1 : -1], ranked[:_NAMED], strict=True):
            order += [high, low]
    return list(dict.fromkeys(order))


DRAWING = Drawing(
    applies=lambda _: True,
    draw=_draw,
    caption="Upstream against downstream bias of each item, in the unmodified model.",
)
