"""Charts of the page: Vega-Lite specifications with their controls, key, words and numbers."""

import re
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
# Of a normal distribution, to either side of the mean.
HALF = 1.96
_MARGIN = 0.05
# An interval may widen its axis by this share of what the points span, no more.
_REACH = 0.3


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
        "dot", "ring", "line", "band", "dash" or "diamond".
    colour, text
        Of the mark, and what it means.
    """

    mark: str
    colour: str
    text: str


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
    chart = alt.layer(*layers).properties(width="container", height=height)
    for parameter, value in (parameters or {}).items():
        chart = chart.add_params(alt.param(name=parameter, value=value))
    specification = (
        chart.configure(
            background="transparent",
            font=_FONT,
            padding=4,
            # The page itself says what the picture shows, and has its numbers in a table.
            aria=False,
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        )
        .configure_axis(
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
        )
        .configure_view(stroke=None)
        .configure_mark(aria=False)
        .to_dict()
    )
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


def drawn(quantity: Quantity, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values as they are drawn: of a logarithm, what it is the logarithm of."""
    return np.exp(values) if quantity.logarithm else values


def domain(
    quantity: Quantity, values: NDArray[np.float64], ends: NDArray[np.float64]
) -> list[float]:
    """Return the ends of an axis for drawn values and, as far as they go, for their intervals."""
    along = [np.log(each) if quantity.logarithm else each for each in (values, ends)]
    return [float(each) for each in drawn(quantity, np.array(span(*along)))]


def span(values: NDArray[np.float64], ends: NDArray[np.float64]) -> tuple[float, float]:
    """Return the limits of an axis around values and, as far as they go, interval ends."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return -1.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    reach = _REACH * (high - low)
    outer = np.clip(ends[np.isfinite(ends)], low - reach, high + reach)
    low, high = min([low, *outer]), max([high, *outer])
    margin = max(_MARGIN * (high - low), 1e-6)
    return low - margin, high + margin


def axis(title: str) -> alt.Axis:
    """Return an axis with its title, broken before the unit so that it fits a phone."""
    name, bracket, unit = title.rpartition(" (")
    return alt.Axis(title=[name, f"({unit}"] if bracket else title)
