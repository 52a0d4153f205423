"""As the training data are altered by degrees, does downstream bias shrink? An item, a curve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.report.figures import Drawing, Tables, _altered, _curves, _text
from bias_transfer.report.figures._axes import set_limits
from bias_transfer.report.figures._look import PAGE, Page, add_panel, look
from bias_transfer.report.figures._marks import (
    draw_reference,
    interval_handles,
    reference_handles,
    say_no_model,
)
from bias_transfer.report.figures._means import (
    UNMODIFIED,
    Models,
    every_end,
    every_value,
    means,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLE = "As the training data are altered by degrees, does downstream bias shrink?"
_LEFT = 0.75
_LEAST_WIDTH = 1.2
_TITLE_HEIGHT = 0.65
_AXIS_HEIGHT = 0.6
# Panels of one kind of checkpoint beside each other.
_COLUMNS = 2


@dataclass(frozen=True, eq=False)
class _Panel:
    """One kind of checkpoint whose data are altered in one way; without settings, none is."""

    checkpoint: Models
    title: str
    axis: str
    settings: _curves.Settings


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Draw downstream bias an item against how far the training data are altered.

    Zero holds, on the original data, the very checkpoints that met altered data. The items with
    the lowest and the highest values there are named, two or three of either of each kind of
    checkpoint. A column is a kind of checkpoint, a line a way of altering the data; where there is
    one kind of checkpoint only, the ways stand side by side.
    """
    quantity = _altered.bias(description)
    grid = _grid(description, tables, quantity)
    panels = [panel for line in grid for panel in line]
    colours = _curves.coloured(_named(panels))
    names = _curves.names_width(_text.item_title(description, item) for item in colours)
    columns = max(len(line) for line in grid)
    width = max(PAGE / columns - _LEFT - names, _LEAST_WIDTH)
    pitch = _LEFT + width + names
    row = _TITLE_HEIGHT + _curves.HEIGHT + _AXIS_HEIGHT
    page = Page(
        width=pitch * columns,
        title=_TITLE,
        note=_text.and_unnamed(note, description, tables),
        handles=[
            *_curves.handles(description.items),
            *interval_handles(quantity),
            *reference_handles(quantity),
        ],
    )
    figure = page.figure(row * len(grid))
    # One scale, so that the panels can be compared with each other.
    every_mean = [each.means for panel in panels for each in panel.settings.values()]
    values, ends = every_value(every_mean), every_end(every_mean)
    for line, of_line in enumerate(grid):
        bottom = page.foot + (len(grid) - 1 - line) * row + _AXIS_HEIGHT
        for column, panel in enumerate(of_line):
            axes = add_panel(figure, _LEFT + column * pitch, bottom, width, _curves.HEIGHT)
            if not panel.settings:
                axes.set_title(_text.panel_title(panel.title, pitch - _LEFT))
                say_no_model(axes)
                continue
            set_limits(axes, "y", values, ends, quantity, 0.12)
            axes.set_title(_curves.panel_title(panel.title, panel.settings, pitch - _LEFT))
            _draw_panel(axes, panel, quantity, width)
            _curves.draw_curves(
                axes, panel.settings, colours, partial(_text.item_title, description)
            )
    return figure


def _grid(description: TaskDescription, tables: Tables, quantity: Quantity) -> list[list[_Panel]]:
    """Return the panels, line by line."""
    ways = _altered.ways(description, tables)
    checkpoints = _altered.checkpoints(description, tables)
    panels = [
        [_panel(description, tables, quantity, checkpoint, way) for checkpoint in checkpoints]
        for way in ways
    ]
    if not panels:
        return [[_Panel(UNMODIFIED, f"{description.title}: downstream bias", "", {})]]
    if len(checkpoints) > 1:
        return panels
    alone = [panel for (panel,) in panels]
    return [alone[start : start + _COLUMNS] for start in range(0, len(alone), _COLUMNS)]


def _panel(
    description: TaskDescription,
    tables: Tables,
    quantity: Quantity,
    checkpoint: Models,
    way: _altered.Way,
) -> _Panel:
    title = _text.checkpoint_title(description, checkpoint.kind, checkpoint.strength)
    levels = " and ".join(_text.level_axis(*each) for each in way.symbols.items())
    return _Panel(
        checkpoint=checkpoint,
        title=f"{description.title}, {title}: {way.title}",
        axis=f"{levels or way.title} (0 = original data)",
        settings=_settings(tables, quantity, checkpoint, way),
    )


def _settings(
    tables: Tables, quantity: Quantity, checkpoint: Models, way: _altered.Way
) -> _curves.Settings:
    """Return the item means of each data set by its place along the axis; the original's is zero.

    Several levels together have no natural distance, so they stand evenly spaced.
    """
    doses = _altered.met(tables, checkpoint, way)
    if not doses:
        return {}
    original = means(tables, _altered.twin(tables, checkpoint, doses, quantity), quantity)
    none = tuple(0.0 for _ in way.symbols)
    found = {0.0: _curves.Setting(_tick(way, none), original)} if original.models else {}
    for rank, (dataset, levels) in enumerate(doses.items(), start=1):
        place = levels[0] if len(levels) == 1 else float(rank)
        models = _altered.on(checkpoint, dataset)
        found[place] = _curves.Setting(
            _tick(way, levels) or dataset, means(tables, models, quantity)
        )
    return found


def _tick(way: _altered.Way, levels: tuple[float, ...]) -> str:
    if len(levels) == 1:
        return _text.level(levels[0])
    return "\n".join(
        f"{name} {_text.level(level)}" for name, level in zip(way.names, levels, strict=True)
    )


def _named(panels: Iterable[_Panel]) -> list[str]:
    """Return the items to name: the extremes on the original data of each kind of checkpoint."""
    starts = {
        panel.checkpoint: panel.settings[0.0].means for panel in panels if 0.0 in panel.settings
    }
    each = 3 if len(starts) == 1 else 2
    return [item for start in starts.values() for item in _curves.extremes(start, each)]


def _draw_panel(axes: Axes, panel: _Panel, quantity: Quantity, width: float) -> None:
    _curves.set_setting_axis(axes, panel.settings)
    axes.set_xlabel(_text.axis_label(panel.axis, width))
    axes.set_ylabel(_text.axis_label(quantity.axis, 0.0))
    draw_reference(axes, quantity.neutral, "y")


DRAWING = Drawing(
    applies=_altered.applies,
    draw=_draw,
    caption="Downstream bias of each item, against how far the training data are altered.",
)
