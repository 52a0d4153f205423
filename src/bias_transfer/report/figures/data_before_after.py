"""If the training data are altered, does downstream bias shrink? An item, a dot."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.report.figures import Drawing, Tables, _altered, _dots, _text
from bias_transfer.report.figures._look import PAGE, Page, add_panel, look
from bias_transfer.report.figures._marks import (
    interval_handles,
    reference_handles,
    say_no_model,
    text_handle,
)
from bias_transfer.report.figures._means import (
    NO_MEANS,
    UNMODIFIED,
    Models,
    correlation,
    means,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_TITLE = "If the training data are altered, does downstream bias shrink?"
# Inches that the axis and the title of a panel take.
_AXIS_HEIGHT, _TITLE_HEIGHT = 0.6, 0.4
_ROW_HEIGHT = 0.66


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Compare bias an item after altering the data with the bias before.

    A panel is a kind of checkpoint. Its first row holds, on the original data, the very checkpoints
    that met altered data, and gives the dots their colours; each way of altering the data is drawn
    at its largest level.
    """
    quantity = _altered.bias(description)
    checkpoints = _altered.checkpoints(description, tables) or [UNMODIFIED]
    panels = {each: _rows(description, tables, quantity, each) for each in checkpoints}
    every_row = [row for rows in panels.values() for row in rows]
    stated = any(row.correlation is not None for row in every_row)
    left = _dots.left_margin(every_row)
    width = PAGE - left - _dots.right_margin(every_row)
    page = Page(
        width=PAGE,
        title=_TITLE,
        note=_text.and_unnamed(note, description, tables),
        handles=[
            *_dots.handles("on the original data"),
            *interval_handles(quantity),
            *reference_handles(quantity),
            *([_correlation_handle(tables)] if stated else []),
        ],
    )
    heights = [_ROW_HEIGHT * max(2, len(rows)) for rows in panels.values()]
    top = page.foot + sum(heights) + len(heights) * (_AXIS_HEIGHT + _TITLE_HEIGHT)
    figure = page.figure(top - page.foot)
    for height, (checkpoint, rows) in zip(heights, panels.items(), strict=True):
        top -= _TITLE_HEIGHT + height
        axes = add_panel(figure, left, top, width, height)
        top -= _AXIS_HEIGHT
        title = _text.checkpoint_title(description, checkpoint.kind, checkpoint.strength)
        axes.set_title(f"{description.title}: downstream bias, {title}")
        if all(row.means.drawn.empty for row in rows):
            say_no_model(axes)
            continue
        # One scale, so that the panels can be compared with each other.
        _dots.set_scale(axes, every_row, quantity)
        _dots.draw_rows(axes, rows, quantity, partial(_text.item_title, description))
    return figure


def _correlation_handle(tables: Tables) -> Line2D:
    whose = "with the unmodified model on the original data, over items"
    inside = _text.of_groups(tables.correlations)
    return text_handle(f"{_text.RHO}: Pearson correlation {whose}{inside}")


def _rows(
    description: TaskDescription, tables: Tables, quantity: Quantity, checkpoint: Models
) -> list[_dots.Row]:
    """Return the original data and each way of altering them at its largest level."""
    rows, largest = [], {}
    for way in _altered.ways(description, tables):
        doses = _altered.met(tables, checkpoint, way)
        if not doses:
            rows.append(_dots.Row(f"{way.title}\n{' and '.join(way.names)}", NO_MEANS))
            continue
        dataset, levels = list(doses.items())[-1]
        models = _altered.on(checkpoint, dataset)
        label = f"{way.title}\n{_text.levels(way.names, levels)}"
        rows.append(_row(tables, quantity, label, models))
        largest[dataset] = levels
    original = _altered.twin(tables, checkpoint, largest, quantity) if largest else UNMODIFIED
    return [_row(tables, quantity, "Original data", original), *rows]


def _row(tables: Tables, quantity: Quantity, label: str, models: Models) -> _dots.Row:
    return _dots.Row(label, means(tables, models, quantity), correlation(tables, models, quantity))


DRAWING = Drawing(
    applies=_altered.applies,
    draw=_draw,
    caption="Downstream bias of each item before and after altering the training data.",
)
