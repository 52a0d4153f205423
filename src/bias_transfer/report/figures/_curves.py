"""Curves over settings: one curve an item, named where it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bias_transfer.report.figures import _text
from bias_transfer.report.figures._labels import spread
from bias_transfer.report.figures._look import (
    BLUE,
    COLOURS,
    GREY,
    LABEL,
    PALE,
    TICK,
    inches,
    inches_wide,
    legend_entry,
)
from bias_transfer.report.figures._marks import (
    DEFINED,
    draw_intervals,
    mark_undefined,
    undefined_handle,
)
from bias_transfer.report.figures._means import Means

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

# Curves are named at a distance that fits panels of this height, in inches.
HEIGHT = 2.1

_NAME = LABEL
_NAME_GAP = 0.075
# Inches from one undefined mark to the next where there is room.
_MARK_STEP = 0.085
# Share of the distance between settings that the undefined marks of one of them may take.
_SPREAD = 0.7
# Line from the name of a curve that has no value at the last setting.
_EARLY = (0, (1, 3))


@dataclass(frozen=True, eq=False)
class Setting:
    """What stands at one place of the axis: its tick and the item means."""

    tick: str
    means: Means


# By place, from left to right.
Settings = Mapping[float, Setting]


def panel_title(text: str, settings: Settings, room: float) -> str:
    """Write a panel's title, its undefined cells and how many models stand behind each point."""
    undefined = sum(each.means.undefined for each in settings.values())
    observations = sum(each.means.observations for each in settings.values())
    models = [each.means.models for each in settings.values()]
    least, most = min(models), max(models)
    averaged = f"{least}" if least == most else f"{least} to {most}"
    points = f"; a point is the mean of {averaged} models" if most > 1 else "; 1 model a point"
    said = _text.panel_title(f"{_text.undefined(undefined, observations)}{points}", room)
    return f"{_text.panel_title(text, room)}\n{said}"


def set_setting_axis(axes: Axes, settings: Settings) -> None:
    """Fit the axis to the settings and write their ticks, as many as fit."""
    places = list(settings)
    # As wide as the undefined marks at the outermost settings may spread.
    margin = max(_SPREAD / 2 * _room(places), 0.05 * (places[-1] - places[0]))
    axes.set_xlim(places[0] - margin, places[-1] + margin)
    apart = inches([each.tick for each in settings.values()], TICK) + 0.03
    apart *= (places[-1] - places[0] + 2 * margin) / inches_wide(axes)
    kept = [places[0]]
    for place in places[1:]:
        if place - kept[-1] >= apart:
            kept.append(place)
    axes.set_xticks(kept, [settings[place].tick for place in kept])


def draw_curves(
    axes: Axes, settings: Settings, colours: Mapping[str, str], title: Callable[[str], str]
) -> None:
    """Draw one curve an item, the interval of each point, the undefined cells and the names.

    Parameters
    ----------
    axes
        The panel, its limits already set.
    settings
        What to draw.
    colours
        Colour of each item that is named; the others are grey.
    title
        Gives an item's name.
    """
    drawn, low, high = (
        pd.concat({place: getattr(each.means, name) for place, each in settings.items()}, axis=1)
        for name in ("drawn", "low", "high")
    )
    places = drawn.columns.to_numpy(dtype=float)
    # The intervals of one colour at once: a call for each item takes longer than all else.
    shades = np.array([colours.get(str(item), PALE) for item in drawn.index])
    for shade in (PALE, *colours.values()):
        low_ends, high_ends = (each[shades == shade].to_numpy(dtype=float) for each in (low, high))
        draw_intervals(
            axes,
            np.tile(places, len(low_ends)),
            low_ends.ravel(),
            high_ends.ravel(),
            "y",
            colour=shade,
            width=0.5 if shade == PALE else 1.0,
        )
    for item, values in drawn.iterrows():
        colour = colours.get(str(item))
        axes.plot(
            drawn.columns,
            values.to_numpy(dtype=float),
            color=colour or PALE,
            linewidth=1.5 if colour else 0.8,
            marker="o",
            markersize=3.4 if colour else 2.0,
            zorder=3 if colour else 2,
            gid=DEFINED,
        )
    _mark_gaps(axes, drawn, colours)
    _name_ends(axes, drawn, colours, title)


def _mark_gaps(axes: Axes, drawn: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Mark, at the lower edge, each item without a value at a setting."""
    low, high = axes.get_xlim()
    places = [float(place) for place in drawn.columns]
    widest = _MARK_STEP * (high - low) / inches_wide(axes)
    for place in places:
        lost = [str(item) for item in drawn.index[drawn[place].isna()]]
        step = min(widest, _SPREAD * _room(places) / max(1, len(lost)))
        middles = place + step * (np.arange(len(lost)) - (len(lost) - 1) / 2)
        for colour, alike in groupby(
            zip(lost, middles, strict=True), lambda each: colours.get(each[0], GREY)
        ):
            mark_undefined(axes, np.array([middle for _, middle in alike]), "bottom", colour)


def _room(places: list[float]) -> float:
    """Return the least distance between settings; a single one has all the room there is."""
    return float(np.diff(places).min()) if len(places) > 1 else 1.0


def _name_ends(
    axes: Axes, drawn: pd.DataFrame, colours: Mapping[str, str], title: Callable[[str], str]
) -> None:
    """Name each coloured curve to the right of the panel, with a hairline from its last point.

    The hairline is dotted where the curve ends early, or it would look like a part of the curve.
    """
    ends: dict[str, tuple[float, float]] = {}
    for item in colours:
        values = drawn.loc[item].to_numpy(dtype=float) if item in drawn.index else np.empty(0)
        defined = np.flatnonzero(np.isfinite(values))
        if len(defined):
            ends[item] = (float(drawn.columns[defined[-1]]), float(values[defined[-1]]))
    if not ends:
        return
    last = float(drawn.columns[-1])
    points = axes.transAxes.inverted().transform(axes.transData.transform(list(ends.values())))
    heights = spread([float(y) for y in points[:, 1]], _NAME_GAP, 0.0, 1.0)
    for item, (x, y), height in zip(ends, points, heights, strict=True):
        axes.annotate(
            title(item),
            (float(x), float(y)),
            xycoords="axes fraction",
            xytext=(1 + 0.2 / inches_wide(axes), height),
            textcoords="axes fraction",
            va="center",
            color=colours[item],
            fontsize=_NAME,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colours[item],
                "linewidth": 0.5 if ends[item][0] == last else 0.8,
                "linestyle": "-" if ends[item][0] == last else _EARLY,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 2,
            },
        )


def extremes(means: Means, each: int) -> list[str]:
    """Return the items to name: those of the lowest and highest values, `each` of either."""
    order = [str(item) for item in means.to_name.index]
    return order if len(order) <= 2 * each else order[:each] + order[-each:]


def coloured(items: Iterable[str]) -> dict[str, str]:
    """Give each item that is to be named a colour, as far as they go."""
    return dict(zip(dict.fromkeys(items), COLOURS, strict=False))


def names_width(names: Iterable[str]) -> float:
    """Return the inches that names take to the right of a panel, their hairlines included."""
    return 0.3 + inches(list(names), _NAME)


def handles(items: str) -> list[Line2D]:
    """Return the legend entries of `draw_curves`."""
    return [
        legend_entry(color=BLUE, marker="o", markersize=3.4, label=f"named {items}"),
        legend_entry(color=PALE, marker="o", markersize=2, label=f"other {items}"),
        legend_entry(
            color=GREY,
            linewidth=0.8,
            linestyle=_EARLY,
            label="no value at the last setting",
        ),
        undefined_handle(),
    ]
