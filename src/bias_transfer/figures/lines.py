"""One line an item or an intervention: curves over settings, rows of dots, rows of counts."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from bias_transfer.figures import style
from bias_transfer.figures.style import Array, Measure, Task

# Curves are named at a distance that fits panels of this height, in inches.
CURVES_HEIGHT = 2.7
MEDIAN = "median"

_NAME_GAP = 0.062
# Inches from one undefined mark to the next where there is room.
_MARK_STEP = 0.085
# Share of the distance between settings that the undefined marks of one of them may take.
_SPREAD = 0.7
# Inches a letter of a tick takes.
_TICK_LETTER = 0.06
# Inches a letter of an item's name takes, a little more than the average.
_LETTER = 0.053
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


def curves(settings: Mapping[float, pd.DataFrame], task: Task, measure: Measure) -> Curves:
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


def curves_title(text: str, settings: Mapping[float, pd.DataFrame], lines: Curves) -> str:
    """Write a panel's title, its undefined cells and how many models stand behind each point."""
    models = [int(rows["model"].nunique()) for rows in settings.values()]
    least, most = min(models), max(models)
    averaged = f"{least}" if least == most else f"{least} to {most}"
    points = f"; a point is the mean of {averaged} models" if most > 1 else "; 1 model a point"
    return f"{text}\n{style.undefined_text(lines.undefined, lines.observations)}{points}"


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
    apart = letters * _TICK_LETTER * (places[-1] - places[0] + 2 * margin) / _inches_wide(axes)
    kept = [places[0]]
    for place in places[1:]:
        if place - kept[-1] >= apart:
            kept.append(place)
    axes.set_xticks(kept, [ticks[place] for place in kept])


def draw_curves(
    axes: Axes, lines: Curves, colours: Mapping[str, str], title: Callable[[str], str]
) -> None:
    """Draw one curve an item, the median of all, the undefined cells and the names.

    Parameters
    ----------
    axes
        The panel, its limits already set.
    lines
        What to draw.
    colours
        Colour of each item that is named; the others are grey.
    title
        Gives an item's name.
    """
    for item, values in lines.drawn.iterrows():
        colour = colours.get(str(item))
        axes.plot(
            lines.drawn.columns,
            values.to_numpy(dtype=float),
            color=colour or style.PALE,
            linewidth=1.5 if colour else 0.8,
            marker="o",
            markersize=3.4 if colour else 2.0,
            zorder=3 if colour else 2,
            gid=style.DEFINED,
        )
    axes.plot(
        lines.drawn.columns,
        lines.drawn.median(axis=0).to_numpy(dtype=float),
        color=style.INK,
        linewidth=_MEDIAN_WIDTH,
        zorder=4,
        path_effects=style.halo(),
        gid=MEDIAN,
    )
    _mark_gaps(axes, lines.drawn, colours)
    _name_ends(axes, lines.drawn, colours, title)


def _mark_gaps(axes: Axes, drawn: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Mark, at the lower edge, each item without a value at a setting."""
    low, high = axes.get_xlim()
    places = [float(place) for place in drawn.columns]
    widest = _MARK_STEP * (high - low) / _inches_wide(axes)
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


def curve_handles(item: str) -> list[Line2D]:
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


def rank_colours(values: pd.Series) -> dict[str, str]:
    """Colour each item by the rank of its value, dark for low and yellow for high."""
    ranks = values.dropna().rank(method="first")
    last = max(1, len(ranks) - 1)
    return {str(item): rank_colour((rank - 1) / last) for item, rank in ranks.items()}


def rank_colour(share: float) -> str:
    """Return the colour of a rank, 0 for the lowest and 1 for the highest."""
    # The palest end of the map would vanish on white.
    return to_hex(colormaps["viridis"](0.92 * share))


def draw_dots(
    axes: Axes, height: float, values: pd.Series, measure: Measure, colours: Mapping[str, str]
) -> None:
    """Draw one dot an item around a height, their median, and the items without a value.

    Parameters
    ----------
    axes
        The panel, its limits already set.
    height
        Of the row, in data units.
    values
        The column of the measure an item; empty cells are undefined.
    measure
        Gives the scale.
    colours
        Colour of each item; the others are grey.
    """
    defined = values.dropna().sort_values(kind="stable")
    drawn = measure.drawn(defined.to_numpy(dtype=float))
    if len(drawn):
        # Multiples of the golden ratio spread neighbours evenly without a random number.
        jitter = np.arange(len(drawn)) * (math.sqrt(5) - 1) / 2 % 1 - 0.5
        axes.scatter(
            drawn,
            height + 0.06 + 0.4 * jitter,
            s=14,
            c=[colours.get(str(item), style.GREY) for item in defined.index],
            linewidths=0,
            alpha=0.9,
            zorder=3,
            gid=style.DEFINED,
        )
        median = float(np.median(drawn))
        axes.plot([median] * 2, [height - 0.2, height + 0.32], color=style.ORANGE, linewidth=1.8)
    lost = int(values.isna().sum())
    style.mark_undefined(
        axes, height + 0.06 + 0.4 * (np.arange(lost) + 0.5 - lost / 2) / max(lost, 1), "right"
    )


def name_extremes(axes: Axes, height: float, low: float, high: float, names: Sequence[str]) -> None:
    """Name the lowest and the highest dot above the row; the highest alone if both do not fit.

    Parameters
    ----------
    axes
        The panel, its limits already set.
    height
        Of the row, in data units.
    low, high
        The two dots.
    names
        Their names; a single one is the highest dot's.
    """
    width = _inches_wide(axes)
    points = axes.transData.transform([[low, height], [high, height]])
    left, right = (float(x) for x in axes.transAxes.inverted().transform(points)[:, 0])
    left_width, right_width = (_LETTER * len(name) / width for name in (names[0], names[-1]))
    starts = [
        min(max(left - left_width / 2, 0.02), 1 - left_width),
        min(max(right - right_width / 2, 0), 1 - right_width),
    ]
    if starts[0] + left_width > starts[1]:
        starts = [max(left - left_width, 0.02), min(right, 1 - right_width)]
    labels = [(starts[1], names[-1])]
    if len(names) > 1 and starts[0] + left_width <= starts[1]:
        labels.append((starts[0], names[0]))
    for start, name in labels:
        axes.text(
            start,
            height - 0.22,
            name,
            transform=axes.get_yaxis_transform(),
            fontsize=6.5,
            va="bottom",
            path_effects=style.halo(),
            zorder=4,
        )


def dot_handle(colour: str, label: str, marker: str = "o") -> Line2D:
    """Return the legend entry of a dot."""
    return Line2D(
        [], [], linestyle="none", marker=marker, markersize=4.5, color=colour, label=label
    )


def _inches_wide(axes: Axes) -> float:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return float(axes.get_position().width * figure.get_size_inches()[0])


@dataclass(frozen=True)
class Contents:
    """What training data hold of each item, and how a figure speaks of it.

    Attributes
    ----------
    counts
        One row an item, in the order drawn: `total` (rows of the training data) and `share` (of
        the first group among them, empty if there are none).
    title
        The question that the figure answers.
    panel
        Title of the panel of counts.
    name
        Gives an item's name.
    counted
        What the rows of the training data are, in words.
    groups
        The two groups of them, in words.
    part
        What the share is, in words.
    neutral, neutral_text
        The share to compare with, and what it means, in words.
    none_text
        Written into the row of an item without any row of data.
    """

    counts: pd.DataFrame
    title: str
    panel: str
    name: Callable[[str], str]
    counted: str
    groups: tuple[str, str]
    part: str
    neutral: float
    neutral_text: str
    none_text: str


@dataclass(frozen=True)
class _Mark:
    """How a group is drawn."""

    colour: str
    shape: str
    size: float
    zorder: float


# The circle is the smaller and the upper one: it shows inside the square where both are equal.
_FIRST = _Mark(colour=style.ORANGE, shape="o", size=14, zorder=4)
_SECOND = _Mark(colour=style.BLUE, shape="s", size=26, zorder=3)
_CONTENTS_WIDTH = 8.3
_CONTENTS_LEFT = (1.5, 5.25)
_CONTENTS_PANELS = (3.4, 1.9)
_CONTENTS_ROW = 0.165
_CONTENTS_LEGEND = 0.6
# Totals that differ by more than this factor are drawn on a logarithmic axis.
_LINEAR_FACTOR = 30


def contents_figure(contents: Contents, note: str) -> Figure:
    """Draw how many rows of training data each item has in two groups, and the share of the first.

    Parameters
    ----------
    contents
        What to draw, and its wording; without any item both panels stay empty.
    note
        Written at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        Counts on the left, shares on the right, one row an item.
    """
    counts = contents.counts
    height = max(1.0, _CONTENTS_ROW * (len(counts) + 1))
    foot = style.foot_height(note, _CONTENTS_WIDTH) + _CONTENTS_LEGEND
    with style.look():
        figure = style.new_figure(_CONTENTS_WIDTH, foot + height + 1.45, contents.title, note)
        panels = [
            style.add_panel(figure, left, foot + 0.6, width, height)
            for left, width in zip(_CONTENTS_LEFT, _CONTENTS_PANELS, strict=True)
        ]
        panels[0].set_title(contents.panel)
        panels[1].set_title(contents.part)
        if counts.empty:
            for axes in panels:
                style.say_no_model(axes)
        else:
            _draw_counts(panels[0], contents)
            _draw_shares(panels[1], contents)
        figure.legend(
            handles=[
                dot_handle(_FIRST.colour, contents.groups[0], _FIRST.shape),
                dot_handle(_SECOND.colour, contents.groups[1], _SECOND.shape),
                style.undefined_handle(),
                style.reference_handle(contents.neutral_text),
            ],
            loc="lower left",
            bbox_to_anchor=(
                0.1 / _CONTENTS_WIDTH,
                (foot - _CONTENTS_LEGEND) / figure.get_size_inches()[1],
            ),
            ncols=2,
        )
    return figure


def _draw_counts(axes: Axes, contents: Contents) -> None:
    counts = contents.counts
    total = counts["total"].to_numpy(dtype=float)
    share = counts["share"].to_numpy(dtype=float)
    # A share of nothing is undefined, but its counts are zero.
    first = np.where(total == 0, 0.0, np.round(total * share))
    _set_count_axis(axes, total, f"training {contents.counted}")
    axes.set_ylim(len(counts) - 0.3, -0.7)
    axes.set_yticks(range(len(counts)), [contents.name(str(item)) for item in counts.index])
    # Marks at zero reach across the edge of the panel.
    axes.tick_params(axis="y", length=0, pad=6)
    rows = np.arange(len(counts))
    axes.hlines(rows, first, total - first, color=style.PALE, linewidth=1.0, zorder=1)
    for group, mark in ((first, _FIRST), (total - first, _SECOND)):
        _draw_marks(axes, group, mark)
    for row in rows[total == 0]:
        axes.annotate(
            contents.none_text,
            (0, float(row)),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            color=style.GREY,
        )


def _draw_marks(axes: Axes, values: Array, mark: _Mark) -> None:
    """Draw one mark a row, but for the rows without a value."""
    rows = np.flatnonzero(np.isfinite(values))
    axes.scatter(
        values[rows],
        rows,
        s=mark.size,
        color=mark.colour,
        marker=mark.shape,
        linewidths=0,
        clip_on=False,
        zorder=mark.zorder,
        gid=style.DEFINED,
    )


def _set_count_axis(axes: Axes, total: Array, label: str) -> None:
    """Start at zero; above the least total's power of ten, go on logarithmically if need be."""
    least = float(total[total > 0].min(initial=np.inf))
    most = float(np.nanmax(total, initial=1.0))
    highest = 1.08 * most
    axes.set_xlabel(f"{label} (number)")
    if most > _LINEAR_FACTOR * least:
        linear = 10.0 ** math.floor(math.log10(least))
        axes.set_xscale("symlog", linthresh=linear, linscale=0.4)
        axes.set_xticks([0.0, *10.0 ** np.arange(math.log10(linear), math.log10(highest))])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(f"{label} (number; log scale above {linear:,.0f})")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlim(0, highest)


def _draw_shares(axes: Axes, contents: Contents) -> None:
    share = contents.counts["share"].to_numpy(dtype=float)
    rows = np.arange(len(share))
    known = np.isfinite(share)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(share) - 0.3, -0.7)
    axes.set_yticks([])
    axes.set_xlabel(f"{contents.part} (0 to 1)")
    style.draw_reference(axes, contents.neutral, "x")
    axes.hlines(
        rows[known], contents.neutral, share[known], color=style.PALE, linewidth=1.0, zorder=1
    )
    _draw_marks(axes, share, _FIRST)
    style.mark_undefined(axes, rows[~known].astype(float), "right")
    lost = style.undefined_text(int((~known).sum()), len(share))
    axes.text(
        1.06,
        1.0,
        contents.counted,
        transform=axes.transAxes,
        fontsize=style.SMALL,
        va="bottom",
    )
    axes.set_title(f"{contents.part}\n{lost}")
    for row, total in zip(rows, contents.counts["total"], strict=True):
        axes.text(
            1.06,
            float(row),
            f"{total:,.0f}",
            transform=axes.get_yaxis_transform(),
            fontsize=style.SMALL,
            va="center",
        )
