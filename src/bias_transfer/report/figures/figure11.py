"""Figure 11: how downstream bias moves as more mentions of identity terms are scrubbed."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bias_transfer.report.figures import curves
from bias_transfer.report.figures import style
from bias_transfer.report.figures.style import FPR_GAP, WIKI

_TITLE = "As more mentions of identity terms are scrubbed, does downstream bias shrink?"
_WIDTH = 11.0
_PANEL_WIDTH = 3.3
_LEFT_EDGES = (0.8, 6.2)
_ROW_HEIGHT = curves.HEIGHT + 1.15
_LEGEND_HEIGHT = 0.6


def figure11(wiki: pd.DataFrame, note: str) -> Figure:
    """Draw downstream bias a term against the scrubbed fraction.

    The terms with the two lowest and the two highest gaps on the original data, of the pre-trained
    and of the randomly initialised models, are drawn in colour and named in every panel. Where
    scrubbed data met only some checkpoints, the fraction of zero holds the same ones.

    Parameters
    ----------
    wiki
        Observation table; its original data set is the fraction of zero.
    note
        Written at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        Toxic mentions scrubbed above, all mentions below; pre-trained models on the left, randomly
        initialised ones on the right.
    """
    settings = {
        (scrubbing, kind): _settings(wiki[wiki["upstream_kind"] == kind], scrubbing)
        for scrubbing in style.SCRUBBINGS
        for kind in style.CHECKPOINTS
    }
    biases = {
        panel: curves.average(groups, WIKI, FPR_GAP) for panel, groups in settings.items() if groups
    }
    colours = dict(zip(_named(wiki), style.COLOURS, strict=False))
    # One scale, so that the panels can be compared with each other.
    values = curves.every_value(biases.values())
    foot = style.foot_height(note, _WIDTH) + _LEGEND_HEIGHT
    with style.look():
        height = foot + len(style.SCRUBBINGS) * _ROW_HEIGHT + 0.4
        figure = style.new_figure(_WIDTH, height, _TITLE, note)
        for row, (scrubbing, mentions) in enumerate(style.SCRUBBINGS.items(), start=1):
            bottom = height - 0.4 - row * _ROW_HEIGHT + 0.6
            for left, (kind, checkpoint) in zip(
                _LEFT_EDGES, style.CHECKPOINTS.items(), strict=True
            ):
                axes = style.add_panel(figure, left, bottom, _PANEL_WIDTH, curves.HEIGHT)
                title = f"WIKI, {checkpoint.lower()}: {mentions} scrubbed"
                groups = settings[scrubbing, kind]
                if not groups:
                    axes.set_title(title)
                    style.say_no_model(axes)
                    continue
                bias = biases[scrubbing, kind]
                style.set_limits(axes, "y", values, FPR_GAP, 0.1)
                curves.set_setting_axis(axes, {fraction: f"{fraction:g}" for fraction in groups})
                axes.set_title(curves.panel_title(title, groups, bias))
                _draw_panel(axes, bias, colours, mentions)
        handles = [*curves.handles("identity term"), style.reference_handle(FPR_GAP.neutral_text)]
        style.add_legend(figure, foot - _LEGEND_HEIGHT, handles)
    return figure


def _settings(table: pd.DataFrame, scrubbing: str) -> dict[float, pd.DataFrame]:
    """Split models by the scrubbed fraction, if any data are scrubbed; the original data are 0."""
    scrubbed = table[table["dataset_kind"] == scrubbing]
    original = style.unmodified_twins(table, scrubbed)
    start = {0.0: original} if len(original) else {}
    return start | {
        float(str(fraction)): rows for fraction, rows in scrubbed.groupby("scrubbed_fraction")
    }


def _named(wiki: pd.DataFrame) -> list[str]:
    """Return the terms to name: the extremes on the original data of each kind of checkpoint."""
    names: list[str] = []
    for kind in style.CHECKPOINTS:
        table = wiki[wiki["upstream_kind"] == kind]
        scrubbed = table[table["dataset_kind"].isin(list(style.SCRUBBINGS))]
        before = style.item_means(style.unmodified_twins(table, scrubbed), WIKI, FPR_GAP)["value"]
        names += curves.extremes(before, 2)
    return list(dict.fromkeys(names))


def _draw_panel(axes: Axes, bias: curves.Curves, colours: dict[str, str], mentions: str) -> None:
    axes.set_xlabel(f"fraction of {mentions} scrubbed (0 = original data)")
    axes.set_ylabel(curves.wrapped(FPR_GAP.axis))
    style.draw_reference(axes, 0.0, "y")
    curves.draw_curves(axes, bias, colours, WIKI.title)
