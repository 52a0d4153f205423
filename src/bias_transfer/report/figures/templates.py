"""How much does upstream bias depend on the template? An item and template, a dot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.report.figures import Drawing, Tables, _text
from bias_transfer.report.figures._axes import set_limits
from bias_transfer.report.figures._look import (
    BLUE,
    INK,
    PAGE,
    PALE,
    SMALL,
    TICK,
    Page,
    add_panel,
    inches,
    legend_entry,
    look,
)
from bias_transfer.report.figures._marks import (
    DEFINED,
    dot_handle,
    draw_intervals,
    draw_reference,
    interval_handles,
    mark_undefined,
    reference_handles,
    say_no_model,
    undefined_handle,
)
from bias_transfer.report.figures._means import (
    UNMODIFIED,
    chosen,
    every_end,
    means,
    numbers,
)
from bias_transfer.report.scale import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLE = "Unmodified model: how much does upstream bias depend on the template?"
_ROW_HEIGHT = 0.14
# Names by which the marks of the means are found again.
MEAN = "mean"


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Draw the measure of each item and template, one row an item, sorted by the mean."""
    quantity = description.before
    rows = chosen(tables.observations, UNMODIFIED)
    # Fine-tuning seeds repeat what is measured before fine-tuning.
    keys = [description.item, "template"] if quantity.per_template else [description.item]
    rows = rows.drop_duplicates(keys)
    found = means(tables, UNMODIFIED, quantity)
    order = found.drawn.sort_values(ascending=False, kind="stable")
    names = [_text.item_title(description, str(item)) for item in order.index]
    left = max(1.0, 0.25 + inches(names, TICK))
    width = PAGE - left - 0.3
    page = Page(
        width=PAGE,
        title=_TITLE,
        note=note,
        handles=[
            dot_handle(BLUE, "one template"),
            legend_entry(color=INK, linewidth=2.0, label="mean of the templates"),
            undefined_handle(),
            *interval_handles(quantity, colour=INK),
            *reference_handles(quantity),
        ],
    )
    height = max(1.0, _ROW_HEIGHT * (len(order) + 1))
    figure = page.figure(height + 1.1)
    axes = add_panel(figure, left, page.foot + 0.6, width, height)
    axes.set_title(f"{description.title}: upstream bias of the {description.items}")
    if rows.empty or order.empty:
        say_no_model(axes)
        return figure
    values = drawn(quantity, numbers(rows[quantity.column]))
    set_limits(axes, "x", values, every_end([found]), quantity, 0.05)
    axes.set_xlabel(_text.axis_label(quantity.axis, width))
    axes.set_ylim(len(order) - 0.3, -0.7)
    axes.set_yticks(range(len(order)), names)
    axes.tick_params(axis="y", length=0)
    draw_reference(axes, quantity.neutral, "x")
    items = rows[description.item].astype(str).to_numpy()
    of_items = [values[items == item] for item in order.index]
    _draw_spans(axes, of_items)
    for height_of_row, (of_item, mean) in enumerate(zip(of_items, order, strict=True)):
        _draw_row(axes, height_of_row, of_item, float(mean))
    heights = np.arange(len(order), dtype=float)
    low, high = (each[order.index].to_numpy(dtype=float) for each in (found.low, found.high))
    draw_intervals(axes, heights, low, high, "x", colour=INK, width=1.2)
    lost = _text.undefined(int((~np.isfinite(values)).sum()), len(values))
    axes.set_title(lost, loc="right", fontsize=SMALL)
    return figure


def _draw_spans(axes: Axes, of_items: Sequence[NDArray[np.float64]]) -> None:
    """Draw a line from the lowest to the highest value of each item that has one."""
    defined = {row: each[np.isfinite(each)] for row, each in enumerate(of_items)}
    spans = [(row, each.min(), each.max()) for row, each in defined.items() if len(each)]
    if spans:
        axes.hlines(*np.array(spans).T, color=PALE, linewidth=1.0, zorder=1)


def _draw_row(axes: Axes, height: int, values: NDArray[np.float64], mean: float) -> None:
    defined = values[np.isfinite(values)]
    if len(defined):
        axes.scatter(
            defined,
            np.full(len(defined), height),
            s=14,
            color=BLUE,
            alpha=0.7,
            linewidths=0,
            zorder=3,
            gid=DEFINED,
        )
        axes.plot([mean] * 2, [height - 0.36, height + 0.36], color=INK, linewidth=2.0, gid=MEAN)
    lost = len(values) - len(defined)
    mark_undefined(axes, height + 0.6 * (np.arange(lost) + 0.5 - lost / 2) / max(lost, 1), "right")


DRAWING = Drawing(
    applies=lambda _: True,
    draw=_draw,
    caption="Upstream bias of each item in the unmodified checkpoint, one dot a template.",
)
