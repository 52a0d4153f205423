"""Figure 3: whether downstream bias follows when Sent-Debias changes upstream bias."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bias_transfer.report.figures import curves
from bias_transfer.report.figures import style
from bias_transfer.report.figures.style import BIOS, Measure

_TITLE = "When Sent-Debias changes upstream bias, does downstream bias follow?"
_WIDTH = 7.6
_LEFT, _PANEL_WIDTH = 0.85, 5.1
_LEGEND_HEIGHT = 0.8


def figure3(bios: pd.DataFrame, note: str, named: Sequence[str] | None = None) -> Figure:
    """Draw bias an occupation against the strength of Sent-Debias.

    Parameters
    ----------
    bios
        Observation table; its unmodified pre-trained models are the strength of zero.
    note
        Written at the foot.
    named
        Occupations to draw in colour and name; by default the three with the lowest and the three
        with the highest downstream bias in the unmodified model.

    Returns
    -------
    matplotlib.figure.Figure
        Pronoun ranking above, TPR ratio below; one line an occupation in each, and their median.
    """
    table = _with_strengths(bios)
    names = _extremes(table) if named is None else named
    colours = dict(zip(names, style.COLOURS, strict=False))
    foot = style.foot_height(note, _WIDTH) + _LEGEND_HEIGHT
    with style.look():
        figure = style.new_figure(_WIDTH, foot + 2 * curves.HEIGHT + 2.0, _TITLE, note)
        upper, lower = (
            style.add_panel(figure, _LEFT, bottom, _PANEL_WIDTH, curves.HEIGHT)
            for bottom in (foot + curves.HEIGHT + 1.2, foot + 0.5)
        )
        for axes, measure, title in (
            (upper, BIOS.upstream, "BIOS: upstream bias, in the language model"),
            (lower, BIOS.downstream, "BIOS: downstream bias, in the classifier"),
        ):
            if (table["upstream_kind"] == "sentdebias").any():
                _draw_panel(axes, title, table, measure, colours)
            else:
                axes.set_title(title)
                style.say_no_model(axes)
        lower.set_xlabel(
            f"Sent-Debias strength {style.GAMMA} (multiplier; 0 = unmodified model, "
            "1 = published method)"
        )
        handles = [
            *curves.handles(BIOS.item),
            style.reference_handle(BIOS.upstream.neutral_text),
            style.reference_handle(BIOS.downstream.neutral_text),
        ]
        style.add_legend(figure, foot - _LEGEND_HEIGHT, handles)
    return figure


def _with_strengths(bios: pd.DataFrame) -> pd.DataFrame:
    """Keep unmodified and Sent-Debias models, each with its strength; unmodified is zero."""
    table = style.unmodified_data(bios)
    table = table[table["upstream_kind"].isin(["pretrained", "sentdebias"])]
    strength = pd.to_numeric(table["upstream_strength"]).where(
        table["upstream_kind"] == "sentdebias", 0.0
    )
    return table.assign(strength=strength.astype(float))


def _extremes(table: pd.DataFrame) -> list[str]:
    """Return the occupations at both ends of the downstream bias at the strength nearest zero."""
    distance = table["strength"].abs()
    control = table[distance == distance.min()]
    return curves.extremes(style.item_means(control, BIOS, BIOS.downstream)["value"], 3)


def _draw_panel(
    axes: Axes, title: str, table: pd.DataFrame, measure: Measure, colours: dict[str, str]
) -> None:
    strengths = sorted(table["strength"].unique())
    # Evenly spaced: on a linear axis the strengths between −1 and 1 would fall together.
    places = {float(place): strength for place, strength in enumerate(strengths)}
    settings = {place: table[table["strength"] == strength] for place, strength in places.items()}
    bias = curves.average(settings, BIOS, measure)
    style.set_limits(axes, "y", curves.every_value([bias]), measure, 0.12)
    ticks = {place: _tick(strength) for place, strength in places.items()}
    curves.set_setting_axis(axes, ticks)
    axes.set_ylabel(curves.wrapped(measure.axis))
    axes.set_title(curves.panel_title(title, settings, bias))
    for place, strength in places.items():
        if strength == 0:
            axes.axvspan(place - 0.2, place + 0.2, color="#f0f0f0", zorder=0)
    if measure.neutral is not None:
        style.draw_reference(axes, measure.neutral, "y")
    curves.draw_curves(axes, bias, colours, BIOS.title)


def _tick(strength: float) -> str:
    return style.signed(strength, 0 if strength == int(strength) else 2)
