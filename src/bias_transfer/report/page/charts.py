"""Charts of the page: Vega-Lite specifications with their controls, key, words and numbers."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray
from vl_convert import vegalite_to_svg

from bias_transfer.analysis.description import Quantity
from bias_transfer.report.figures._look import GREY, INK
from bias_transfer.report.page.tables import Table
from bias_transfer.report.page.words import rounded

# The version of Vega-Lite that the specifications are written for.
VEGA_LITE = "6.4"
HEIGHT = 340
# The name of data of one row, without a column.
_ONE = "once"
_STATIC_WIDTH = 460
# Text and lines that must be read; the figures' grey is too pale for small letters on white.
QUIET = "#595959"
FAINT = "#c8c8c8"
BAND = "#e6e6e6"
_FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_TEXT = 14
_MARGIN = 0.05
# Around a single value, which does not say what much is.
_ROOM = 0.5
# An interval may widen its axis to either side by this many times what the points span, or, where
# that is more, as a usual interval does: one that goes on for ever must not flatten all others.
_REACH = 2.0
# Letters of a line that is written into a panel, so that it fits a phone.
_LINE = 34
# Letters of a line of an axis's title.
_TITLE = 36
# Marks that are told apart without colour, each with its outline in a key.
SHAPES = {
    "circle": "M6 7A5 5 0 1 1 16 7A5 5 0 1 1 6 7Z",
    "square": "M6.5 2.5H15.5V11.5H6.5Z",
    "triangle-up": "M11 2L16.5 11.5H5.5Z",
    "diamond": "M11 1.5L16 7L11 12.5L6 7Z",
    "triangle-down": "M11 12L16.5 2.5H5.5Z",
    "triangle-right": "M16 7L6.5 12.5V1.5Z",
    "triangle-left": "M6 7L15.5 12.5V1.5Z",
}


@dataclass(frozen=True)
class Option:
    """One thing that a control may be set to.

    Attributes
    ----------
    value, label
        What the chart is told, and what the reader sees.
    doses
        Of a control with a dial: the values that the dial runs through, each with its label.
    """

    value: str
    label: str
    doses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Control:
    """A choice that a reader makes.

    Attributes
    ----------
    parameter
        The charts' parameter that it sets; to the dose, where the options have some.
    label
        What is chosen.
    options
        The first is shown at the start.
    dial
        The label of the dial; empty for a control without one.
    """

    parameter: str
    label: str
    options: tuple[Option, ...]
    dial: str = ""

    @property
    def doses_by_option(self) -> dict[str, list[tuple[str, str]]]:
        """Return the values of the dial and their labels, for each option."""
        return {each.value: list(each.doses) for each in self.options}


@dataclass(frozen=True)
class Key:
    """What a mark stands for.

    Attributes
    ----------
    mark
        "dot", "ring", "cross", "line", "band", "dash", "hollow" (a diamond), "beyond", or one of
        `SHAPES`.
    colour, text
        Of the mark, and what it means.
    """

    mark: str
    colour: str
    text: str

    @property
    def outline(self) -> str:
        """Return the path of a filled shape; empty for the other marks."""
        return SHAPES.get(self.mark, "")


BEYOND = Key("beyond", QUIET, "the interval goes on beyond the axis")


@dataclass(frozen=True)
class Panel:
    """One picture of a chart.

    Attributes
    ----------
    name
        Its anchor.
    title
        What it shows.
    specification
        Vega-Lite, as wide as its place.
    """

    name: str
    title: str
    specification: Mapping[str, Any]

    def static(self, shared: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
        """Return the picture at its first setting, for where no code runs.

        Parameters
        ----------
        shared
            The data of its chart.
        """
        data = {**shared, **self.specification["datasets"]}
        wide = {**self.specification, "width": _STATIC_WIDTH, "datasets": data}
        drawn: str = vegalite_to_svg(wide, vl_version=VEGA_LITE)
        # Vega counts what it draws as long as it runs; here each picture counts its own.
        names = list(dict.fromkeys(re.findall(r'id="(\w+)"', drawn)))
        return re.sub(
            r'(id="|url\(#)(\w+)(?="|\))',
            lambda found: f"{found[1]}{self.name}-{names.index(found[2])}",
            drawn,
        )


@dataclass(frozen=True)
class Chart:
    """Panels that answer one question.

    Attributes
    ----------
    name
        Its anchor.
    title
        The question.
    text
        How to read it; it stands in for the picture where there is none.
    panels, controls, keys
        Its parts.
    table
        The numbers that are drawn.
    data
        Rows that several panels draw, by name.
    """

    name: str
    title: str
    text: str
    panels: tuple[Panel, ...]
    table: Table
    controls: tuple[Control, ...] = ()
    keys: tuple[Key, ...] = ()
    data: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def panel(
    name: str,
    title: str,
    layers: Sequence[alt.Chart],
    data: Mapping[str, Sequence[Mapping[str, Any]]],
    parameters: Mapping[str, Any] | None = None,
    height: int = HEIGHT,
) -> Panel:
    """Lay layers over each other, with the parameters that the chart's controls set.

    Parameters
    ----------
    name, title
        Of the panel.
    layers
        From the back to the front, each of data that it names.
    data
        The rows, by these names, but for those that its chart has.
    parameters
        What each is at the start.
    height
        Of the picture, in pixels; it is as wide as its place.
    """
    back, *others = layers
    started = [alt.param(name=name, value=value) for name, value in (parameters or {}).items()]
    # Made at once: whatever is changed of a chart of layers, Altair copies them all several times.
    specification = alt.LayerChart(
        layer=[back.add_params(*started), *others],
        width="container",
        height=height,
        config=alt.Config(
            background="transparent",
            font=_FONT,
            padding=4,
            # The page itself says what the picture shows, and has its numbers in a table.
            aria=False,
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
            axis=alt.AxisConfig(
                labelFontSize=_TEXT,
                titleFontSize=_TEXT,
                titleFontWeight="normal",
                labelColor=INK,
                titleColor=INK,
                titlePadding=8,
                gridColor="#efefef",
                domainColor=GREY,
                tickColor=GREY,
                tickCount=5,
                labelLimit=200,
            ),
            view=alt.ViewConfig(stroke=None),
            mark=alt.MarkConfig(aria=False),
        ),
    ).to_dict(validate=False)
    # The version is that of the code beside it; its address would look like a request.
    specification.pop("$schema")
    # Altair would copy them for each layer.
    specification["datasets"] = {name: list(rows) for name, rows in data.items()} | {_ONE: [{}]}
    return Panel(name, title, specification)


def of(name: str) -> alt.Chart:
    """Return a layer of the data of a name."""
    return alt.Chart(alt.NamedData(name=name))


def once() -> alt.Chart:
    """Return a layer that is drawn once, whatever the data are."""
    return of(_ONE)


def reference(value: float | None, axis: str) -> list[alt.Chart]:
    """Return the dashed line at the value that means "no bias", if there is one."""
    if value is None:
        return []
    encoding = {axis: alt.datum(value)}
    return [once().mark_rule(color=INK, strokeDash=[4, 3], strokeWidth=1).encode(**encoding)]


def like(channel: alt.X | alt.Y, field: str) -> alt.X | alt.Y:
    """Return another field on the same axis: layers share a title only where it is the same."""
    return type(channel)(field, **{key: channel[key] for key in ("scale", "axis")})


def domain(
    quantity: Quantity,
    values: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> tuple[float, float]:
    """Return the ends of an axis for drawn values and, as far as they go, for their intervals."""
    along = [np.log(each) if quantity.logarithm else each for each in (values, low, high)]
    ends = np.array(span(*along))
    first, last = (float(each) for each in (np.exp(ends) if quantity.logarithm else ends))
    return first, last


def span(
    values: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the limits of an axis that holds values and their intervals.

    Where an interval is many times longer than all that is drawn, it is not held whole: see
    `on_axis`, which says so of each.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return -1.0, 1.0
    first, last = float(finite.min()), float(finite.max())
    lengths = high - low
    usual = lengths[lengths > 0]
    reach = _REACH * max(last - first, float(np.median(usual)) if len(usual) else 0.0)
    ends = np.concatenate([low, high])
    outer = np.clip(ends[np.isfinite(ends)], first - reach, last + reach)
    first, last = min([first, *outer]), max([last, *outer])
    margin = _MARGIN * (last - first) or _ROOM
    return first - margin, last + margin


def on_axis(low: float, high: float, ends: tuple[float, float]) -> dict[str, Any]:
    """Return an interval as far as an axis holds it, and whether it goes on at either end."""
    return {
        "low": rounded(max(low, ends[0])),
        "high": rounded(min(high, ends[1])),
        "below": bool(low < ends[0]),
        "above": bool(high > ends[1]),
    }


def going_on(of_rows: alt.Chart, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Return the arrows at the ends of an axis beyond which intervals go on; see `on_axis`."""
    return [
        of_rows.transform_filter(f"datum.{end}")
        .mark_point(shape=shape, size=60, filled=True, color=QUIET, opacity=1, yOffset=offset)
        .encode(x=x, y=like(y, f"{field}:Q"))
        for end, field, shape, offset in (
            ("below", "low", "triangle-down", -4),
            ("above", "high", "triangle-up", 4),
        )
    ]


def written(rows: alt.Chart) -> alt.Chart:
    """Return words at the top of a panel, of rows with a column `text`; see `broken`."""
    words = rows.mark_text(fontSize=_TEXT, color=QUIET, lineBreak="\n", baseline="top")
    placed: alt.Chart = words.encode(
        x=alt.value(alt.ExprRef("width / 2")),
        y=alt.value(4),
        text="text:N",
    )
    return placed


def broken(text: str) -> str:
    """Break words that are written into a panel so that they fit a phone."""
    return textwrap.fill(text, _LINE)


def axis(title: str) -> alt.Axis:
    """Return an axis with its title, broken before the unit and where it is longer than a phone."""
    name, bracket, unit = title.rpartition(" (")
    lines = textwrap.wrap(name if bracket else title, _TITLE)
    return alt.Axis(title=[*lines, f"({unit}"] if bracket else lines)
