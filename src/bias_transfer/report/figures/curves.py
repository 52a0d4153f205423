"""Curves over settings: one curve an item, named where it ends."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bias_transfer.report.figures import style
from bias_transfer.report.figures.style import Array, Measure, Task

# Curves are named at a distance that fits panels of this height, in inches.
HEIGHT = 2.7
MEDIAN = "median"

_NAME_GAP = 0.062
# Inches from one undefined mark to the next where there is room.
_MARK_STEP = 0.085
# Share of the distance between settings that the undefined marks of one of them may take.
_SPREAD = 0.7
# Inches a letter of a tick takes.
_TICK_LETTER = 0.06
_MEDIAN_WIDTH = 2.2
# Line from the name of a curve that has no value at the last setting.
_EARLY = (0, (1, 3))


@dataclass(frozen=True)
class Curves:
    """A bias an item over settings.

    Attributes
    ----------
    drawn
        One row an item, one column a setting, headed by its place along the axis; empty cells are
        undefined.
    undefined, observations
        How many observations have no value, and how many there are.
    """

    drawn: pd.DataFrame
    undefined: int
    observations: int


def average(settings: Mapping[float, pd.DataFrame], task: Task, measure: Measure) -> Curves:
    """Average a measure over the models of each setting.

    Parameters
    ----------
    settings
        Observation rows of each setting, by its place along the axis.
    task, measure
        What an item is and which bias to average.
    """
    means = {place: style.item_means(rows, task, measure) for place, rows in settings.items()}
    values = pd.concat({place: mean["value"] for place, mean in means.items()}, axis=1)
    return Curves(
        drawn=pd.DataFrame(
            measure.drawn(values.to_numpy(dtype=float)), index=values.index, columns=values.columns
        ),
        undefined=sum(int(mean["undefined"].sum()) for mean in means.values()),
        observations=sum(int(mean["observations"].sum()) for mean in means.values()),
    )


def panel_title(text: str, settings: Mapping[float, pd.DataFrame], biases: Curves) -> str:
    """Write a panel's title, its undefined cells and how many models stand behind each point."""
    models = [int(rows["model"].nunique()) for rows in settings.values()]
    least, most = min(models), max(models)
    averaged = f"{least}" if least == most else f"{least} to {most}"
    points = f"; a point is the mean of {averaged} models" if most > 1 else "; 1 model a point"
    return f"{text}\n{style.undefined_text(biases.undefined, biases.observations)}{points}"


def every_value(panels: Iterable[Curves]) -> Array:
    """Return the drawn values of several panels together, for one scale that suits all of them."""
    return np.concatenate([np.empty(0), *(biases.drawn.to_numpy().ravel() for biases in panels)])


def wrapped(label: str) -> str:
    """Break an axis label before its unit, so that it fits the height of a panel."""
    name, _, unit = label.partition(" (")
    return f"{name}\n({unit}"


def set_setting_axis(axes: Axes, ticks: Mapping[float, str]) -> None:
    """Fit the axis to the settings and write their ticks, as many as fit.

    Parameters
    ----------
    axes
        The panel.
    ticks
        The tick of each setting, by its place along the axis, from left to right.
    """
    places = list(ticks)
    # As wide as the undefined marks at the outermost settings may spread.
    margin = max(_SPREAD / 2 * _room(places), 0.05 * (places[-1] - places[0]))
    axes.set_xlim(places[0] - margin, places[-1] + margin)
    letters = max(len(line) for tick in ticks.values() for line in tick.split("\n"))
    apart = letters * _TICK_LETTER * (places[-1] - places[0] + 2 * margin) / style.inches_wide(axes)
    kept = [places[0]]
    for place in places[1:]:
        if place - kept[-1] >= apart:
            kept.append(place)
    axes.set_xticks(kept, [ticks[place] for place in kept])


def draw_curves(
    axes: Axes, biases: Curves, colours: Mapping[str, str], title: Callable[[str], str]
) -> None:
    """Draw one curve an item, the median of all, the undefined cells and the names.

    Parameters
    ----------
    axes
        The panel, its limits already set.
    biases
        What to draw.
    colours
        Colour of each item that is named; the others are grey.
    title
        Gives an item's name.
    """
    for item, values in biases.drawn.iterrows():
        colour = colours.get(str(item))
        axes.plot(
            biases.drawn.columns,
            values.to_numpy(dtype=float),
            color=colour or style.PALE,
            linewidth=1.5 if colour else 0.8,
            marker="o",
            markersize=3.4 if colour else 2.0,
            zorder=3 if colour else 2,
            gid=style.DEFINED,
        )
    axes.plot(
        biases.drawn.columns,
        biases.drawn.median(axis=0).to_numpy(dtype=float),
        color=style.INK,
        linewidth=_MEDIAN_WIDTH,
        zorder=4,
        path_effects=style.halo(),
        gid=MEDIAN,
    )
    _mark_gaps(axes, biases.drawn, colours)
    _name_ends(axes, biases.drawn, colours, title)


def _mark_gaps(axes: Axes, drawn: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Mark, at the lower edge, each item without a value at a setting."""
    low, high = axes.get_xlim()
    places = [float(place) for place in drawn.columns]
    widest = _MARK_STEP * (high - low) / style.inches_wide(axes)
    for place in places:
        lost = [str(item) for item in drawn.index[drawn[place].isna()]]
        step = min(widest, _SPREAD * _room(places) / max(1, len(lost)))
        for rank, item in enumerate(lost):
            middle = place + step * (rank - (len(lost) - 1) / 2)
            style.mark_undefined(axes, np.array([middle]), "bottom", colours.get(item, style.GREY))


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
    heights = style.spread([float(y) for y in points[:, 1]], _NAME_GAP, 0.0, 1.0)
    for item, (x, y), height in zip(ends, points, heights, strict=True):
        axes.annotate(
            title(item),
            (float(x), float(y)),
            xycoords="axes fraction",
            xytext=(1.04, height),
            textcoords="axes fraction",
            va="center",
            color=colours[item],
            fontsize=8,
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


def extremes(values: pd.Series, each: int) -> list[str]:
    """Return the items with the lowest and the highest values, `each` of either, lowest first."""
    order = [str(item) for item in values.dropna().sort_values(kind="stable").index]
    return order if len(order) <= 2 * each else order[:each] + order[-each:]


def handles(item: str) -> list[Line2D]:
    """Return the legend entries of `draw_curves`."""
    return [
        Line2D([], [], color=style.BLUE, marker="o", markersize=3.4, label=f"named {item}"),
        Line2D([], [], color=style.PALE, marker="o", markersize=2, label=f"other {item}"),
        Line2D([], [], color=style.INK, linewidth=_MEDIAN_WIDTH, label=f"median {item}"),
        Line2D(
            [],
            [],
            color=style.GREY,
            linewidth=0.8,
            linestyle=_EARLY,
            label="no value at the last setting",
        ),
        style.undefined_handle(),
    ]
