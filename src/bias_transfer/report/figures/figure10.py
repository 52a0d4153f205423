"""Figure 10: whether downstream bias shrinks as pronouns are balanced in the training data."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bias_transfer.report.figures import curves
from bias_transfer.report.figures import style
from bias_transfer.report.figures.style import BIOS

_TITLE = "As she and he are balanced in the training data, does downstream bias shrink?"
_WIDTH = 12.2
_PANEL_WIDTH = 2.3
_LEFT_EDGES = (0.85, 4.75, 8.65)
_LEGEND_HEIGHT = 0.6
_SHARE = "share of the gap between she and he\nthat is closed (0 = original data)"
_BOTH = "BIOS, pre-trained: over- and under-sampling"
_ALPHA = "\N{GREEK SMALL LETTER ALPHA}"
_BETA = "\N{GREEK SMALL LETTER BETA}"


@dataclass(frozen=True)
class _Section:
    """One way of balancing.

    Attributes
    ----------
    title, axis
        Title of the panel and label of its axis.
    settings
        Models of each setting by its place along the axis, those of the original data at zero;
        nothing if no data set is balanced this way.
    ticks
        What to write at each place.
    """

    title: str
    axis: str
    settings: dict[float, pd.DataFrame]
    ticks: dict[float, str]


def figure10(bios: pd.DataFrame, note: str) -> Figure:
    """Draw downstream bias an occupation against the level of balancing, for pre-trained models.

    The occupations with the three lowest and the three highest values on the original data are
    drawn in colour and named.

    Parameters
    ----------
    bios
        Observation table; its original data set is the level of zero.
    note
        Written at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        Over-sampling on the left, under-sampling in the middle, both on the right; one line an
        occupation in each.
    """
    table = bios[bios["upstream_kind"] == "pretrained"]
    before = style.item_means(style.unmodified_data(table), BIOS, BIOS.downstream)["value"]
    colours = dict(zip(curves.extremes(before, 3), style.COLOURS, strict=False))
    foot = style.foot_height(note, _WIDTH) + _LEGEND_HEIGHT
    with style.look():
        figure = style.new_figure(_WIDTH, foot + curves.HEIGHT + 1.7, _TITLE, note)
        panels = []
        for left, section in zip(_LEFT_EDGES, _sections(table), strict=True):
            axes = style.add_panel(figure, left, foot + 0.8, _PANEL_WIDTH, curves.HEIGHT)
            if section.settings:
                panels.append((axes, section))
            else:
                axes.set_title(section.title)
                style.say_no_model(axes)
        _draw_panels(panels, colours)
        handles = [*curves.handles(BIOS.item), style.reference_handle(BIOS.downstream.neutral_text)]
        style.add_legend(figure, foot - _LEGEND_HEIGHT, handles)
    return figure


def _sections(table: pd.DataFrame) -> list[_Section]:
    """Split the balanced data sets by the way of balancing, each beside the original data."""
    original = style.unmodified_data(table)
    balanced = table[table["dataset_kind"] == "balance"]
    over, under = balanced["oversample"] > 0, balanced["undersample"] > 0
    start = {0.0: original} if len(original) else {}
    sections = []
    for title, symbol, column, chosen in (
        ("BIOS, pre-trained: over-sampling alone", _ALPHA, "oversample", over & ~under),
        ("BIOS, pre-trained: under-sampling alone", _BETA, "undersample", under & ~over),
    ):
        groups = {float(str(level)): rows for level, rows in balanced[chosen].groupby(column)}
        settings = start | groups if groups else {}
        ticks = {place: f"{place:g}" for place in settings}
        sections.append(_Section(title, f"{symbol}: {_SHARE}", settings, ticks))
    # Pairs of levels have no natural distance, so they stand evenly spaced.
    pairs = list(balanced[over & under].groupby(["oversample", "undersample"]))
    settings = start if pairs else {}
    ticks = {place: f"{_ALPHA} 0\n{_BETA} 0" for place in settings}
    for place, ((alpha, beta), rows) in enumerate(pairs, start=1):
        settings = settings | {float(place): rows}
        ticks[float(place)] = f"{_ALPHA} {alpha:g}\n{_BETA} {beta:g}"
    axis = f"{_ALPHA} by over-sampling, then {_BETA} by under-sampling"
    return [*sections, _Section(_BOTH, axis, settings, ticks)]


def _draw_panels(panels: list[tuple[Axes, _Section]], colours: dict[str, str]) -> None:
    """Draw the sections on one scale, so that they can be compared with each other."""
    biases = [curves.average(section.settings, BIOS, BIOS.downstream) for _, section in panels]
    values = curves.every_value(biases)
    for axes, _ in panels[:1]:
        axes.set_ylabel(curves.wrapped(BIOS.downstream.axis))
    for (axes, section), bias in zip(panels, biases, strict=True):
        style.set_limits(axes, "y", values, BIOS.downstream, 0.12)
        curves.set_setting_axis(axes, section.ticks)
        axes.set_xlabel(section.axis)
        axes.set_title(curves.panel_title(section.title, section.settings, bias))
        style.draw_reference(axes, 1.0, "y")
        curves.draw_curves(axes, bias, colours, BIOS.title)
