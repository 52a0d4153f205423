"""If the checkpoint's bias is altered, does downstream bias go with it? An item, a dot."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bias_transfer.analysis.description import Intervention, Quantity, TaskDescription
from bias_transfer.report.figures import Drawing, Tables, _dots, _text
from bias_transfer.report.figures._look import PAGE, Page, add_panel, look
from bias_transfer.report.figures._marks import (
    interval_handles,
    reference_handles,
    say_no_model,
    text_handle,
)
from bias_transfer.report.figures._means import UNMODIFIED, Models, correlation, means, strengths

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLE = "If upstream bias is altered, does downstream bias go with it?"
_ROW_HEIGHT = 0.6


def _applies(description: TaskDescription) -> bool:
    return any(each.side == "upstream" for each in description.interventions)


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Compare bias an item under altered checkpoints with the unmodified model's.

    Upstream bias is drawn on the left, downstream bias on the right. The colour of a dot is the
    item's rank in the unmodified model, so that a kept order of colours is a kept order of biases.
    """
    panels = {
        side: (quantity, _rows(description, tables, quantity))
        for side, quantity in (("upstream", description.before), ("downstream", description.after))
    }
    rows = panels["upstream"][1]
    any_model = any(not row.means.drawn.empty for _, both in panels.values() for row in both)
    left = _dots.left_margin(rows)
    beside = _dots.right_margin([row for _, both in panels.values() for row in both])
    width = (PAGE - left) / 2 - beside
    page = Page(
        width=PAGE,
        title=_TITLE,
        note=_text.and_unnamed(note, description, tables),
        handles=[
            *_dots.handles("in the unmodified model"),
            *interval_handles(description.before, description.after),
            *reference_handles(description.before, description.after),
            text_handle(
                f"{_text.RHO}: Pearson correlation with the unmodified model over items"
                + _text.of_groups(tables.correlations)
                + _text.of_logarithms(description.before, description.after)
            ),
        ],
    )
    height = _ROW_HEIGHT * (len(rows) if any_model else 2)
    figure = page.figure(height + 1.0)
    for side, (quantity, rows_of_side) in panels.items():
        axes = add_panel(figure, left, page.foot + 0.6, width, height)
        title = f"{description.title}: {side} bias of the {description.items}"
        axes.set_title(_text.panel_title(title, width + beside - 0.1))
        if any_model:
            _draw_panel(axes, rows_of_side, quantity, description)
        else:
            say_no_model(axes)
        if side == "downstream":
            axes.tick_params(axis="y", labelleft=False)
        left += width + beside
    return figure


def _rows(description: TaskDescription, tables: Tables, quantity: Quantity) -> list[_dots.Row]:
    row = partial(_row, tables, quantity)
    rows = [row(_text.UNMODIFIED, UNMODIFIED)]
    for each in description.interventions:
        if each.side != "upstream" or _is_a_dose(each, tables):
            continue
        rows += [
            row(
                f"{each.title}\n{_text.levels([_text.strength_name(each)], [strength])}",
                Models(each.kind, strength),
            )
            for strength in strengths(tables, each.kind)
        ] or [row(each.title, Models(each.kind))]
    return rows


def _is_a_dose(intervention: Intervention, tables: Tables) -> bool:
    """Tell whether it changes a checkpoint by degrees and not at random: `dose_response` has it."""
    rows = tables.observations[tables.observations["upstream_kind"] == intervention.kind]
    return len(strengths(tables, intervention.kind)) > 1 and bool(rows["trial"].isna().all())


def _row(tables: Tables, quantity: Quantity, label: str, models: Models) -> _dots.Row:
    return _dots.Row(label, means(tables, models, quantity), correlation(tables, models, quantity))


def _draw_panel(
    axes: Axes, rows: list[_dots.Row], quantity: Quantity, description: TaskDescription
) -> None:
    _dots.set_scale(axes, rows, quantity)
    _dots.draw_rows(axes, rows, quantity, partial(_text.item_title, description))


DRAWING = Drawing(
    applies=_applies,
    draw=_draw,
    caption=(
        "Bias of each item before and after fine-tuning, for the unmodified checkpoint and for "
        "altered ones."
    ),
)
