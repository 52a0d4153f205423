"""As a method changes upstream bias by degrees, does downstream bias follow? An item, a curve."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from bias_transfer.analysis.description import Intervention, Quantity, TaskDescription
from bias_transfer.report.figures import Drawing, Tables, _curves, _text
from bias_transfer.report.figures._axes import set_limits
from bias_transfer.report.figures._look import PAGE, Page, add_panel, legend_entry, look
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
    strengths,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLE = "As upstream bias is changed by degrees, does downstream bias follow?"
_LEFT = 0.75
# Methods beside each other.
_COLUMNS = 2
_TITLE_HEIGHT = 0.65
_AXIS_HEIGHT = 0.5
_SHADE = "#f0f0f0"
# Distances between strengths that differ by no more are equal.
_EVEN = 1e-9


def _applies(description: TaskDescription) -> bool:
    return any(_has_strengths(each) for each in description.interventions)


def _has_strengths(intervention: Intervention) -> bool:
    return intervention.side == "upstream" and bool(intervention.levels)


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Draw bias an item against the strength of a method, the unmodified model at zero.

    Upstream bias is drawn above, downstream bias below, a method a column. The items with the
    three lowest and the three highest values downstream in the unmodified model are named.
    """
    methods = _methods(description, tables)
    unmodified = means(tables, UNMODIFIED, description.after)
    colours = _curves.coloured(_curves.extremes(unmodified, 3))
    names = _curves.names_width(_text.item_title(description, item) for item in colours)
    # Without any method, one panel that says so.
    of_all: list[Intervention | None] = [*methods] or [None]
    lines = [of_all[start : start + _COLUMNS] for start in range(0, len(of_all), _COLUMNS)]
    pitch = PAGE / len(lines[0])
    width = pitch - _LEFT - names
    page = Page(
        width=PAGE,
        title=_TITLE,
        note=_text.and_unnamed(note, description, tables),
        handles=[
            *_curves.handles(description.items),
            legend_entry(color=_SHADE, linewidth=6, label="shaded: a strength of zero"),
            *interval_handles(description.before, description.after),
            *reference_handles(description.before, description.after),
        ],
    )
    row = _TITLE_HEIGHT + _curves.HEIGHT + _AXIS_HEIGHT
    sides = (
        (description.before, "upstream bias, in the language model"),
        (description.after, "downstream bias, in the classifier"),
    )
    figure = page.figure(2 * row * len(lines))
    bottom = page.foot + 2 * row * len(lines)
    for line, (quantity, title) in itertools.product(lines, sides):
        bottom -= row
        for column, method in enumerate(line):
            place = (_LEFT + column * pitch, bottom + _AXIS_HEIGHT, width, _curves.HEIGHT)
            axes = add_panel(figure, *place)
            title_of_panel = f"{description.title}: {title}"
            if method is None:
                axes.set_title(title_of_panel)
                say_no_model(axes)
                continue
            settings = _settings(tables, method.kind, quantity)
            axes.set_title(_curves.panel_title(title_of_panel, settings, pitch - _LEFT))
            axes.set_xlabel(_axis_label(method, tables, width))
            _draw_panel(axes, settings, quantity)
            _curves.draw_curves(axes, settings, colours, partial(_text.item_title, description))
    return figure


def _methods(description: TaskDescription, tables: Tables) -> list[Intervention]:
    """Return the methods of several strengths; where no method has any, those of a single one."""
    counts = {
        each.kind: len(strengths(tables, each.kind))
        for each in description.interventions
        if _has_strengths(each)
    }
    least = 2 if max(counts.values(), default=0) > 1 else 1
    return [each for each in description.interventions if counts.get(each.kind, 0) >= least]


def _settings(tables: Tables, kind: str, quantity: Quantity) -> _curves.Settings:
    """Return the item means at each strength, ascending; the unmodified model's is zero.

    A method that has a strength of zero has a model of its own there.
    """
    found = {
        strength: means(tables, Models(kind, strength), quantity)
        for strength in strengths(tables, kind)
    }
    unmodified = means(tables, UNMODIFIED, quantity)
    if unmodified.models and 0.0 not in found:
        found[0.0] = unmodified
    # Evenly spaced: on a linear axis the strengths between −1 and 1 would fall together.
    return {
        float(place): _curves.Setting(_text.level(strength), found[strength])
        for place, strength in enumerate(sorted(found))
    }


def _draw_panel(axes: Axes, settings: _curves.Settings, quantity: Quantity) -> None:
    of_settings = [each.means for each in settings.values()]
    set_limits(axes, "y", every_value(of_settings), every_end(of_settings), quantity, 0.12)
    _curves.set_setting_axis(axes, settings)
    axes.set_ylabel(_text.axis_label(quantity.axis, 0.0))
    for place, setting in settings.items():
        if setting.tick == "0":
            axes.axvspan(place - 0.2, place + 0.2, color=_SHADE, zorder=0)
    draw_reference(axes, quantity.neutral, "y")


def _axis_label(method: Intervention, tables: Tables, width: float) -> str:
    name = f"{method.title}: {_text.strength_name(method)}"
    own = strengths(tables, method.kind)
    told = [] if 0.0 in own else ["0 = unmodified model"]
    steps = np.diff(sorted({0.0, *own}))
    if len(steps) and np.ptp(steps) > _EVEN:
        told.append("not to scale")
    return _text.axis_label(f"{name} ({'; '.join(told)})" if told else name, width)


DRAWING = Drawing(
    applies=_applies,
    draw=_draw,
    caption=(
        "Bias of each item before and after fine-tuning, against the strength of what was done to "
        "the checkpoint."
    ),
)
