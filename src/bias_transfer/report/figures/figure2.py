"""Figure 2: whether downstream bias follows when random changes wreck upstream bias."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bias_transfer.report.figures import dots
from bias_transfer.report.figures import style
from bias_transfer.report.figures.style import BIOS, WIKI, Measure, Task

_TITLE = "If upstream bias is randomised away, does downstream bias go with it?"
# Upstream interventions, in the order drawn: kind, label, symbol of the strength.
_FAMILIES = (
    ("pretrained", "Pre-trained", ""),
    ("random", "Not pre-trained", ""),
    ("uniform", "Uniform noise", "c"),
    ("gaussian", "Gaussian noise", style.SIGMA),
)
_WIDTH = 10.2
_PANEL_WIDTH = 2.9
_LEFT_EDGES = (1.45, 5.85)
_ROW_HEIGHT = 0.6
_LEGEND_HEIGHT = 1.0


def figure2(bios: pd.DataFrame, wiki: pd.DataFrame, note: str) -> Figure:
    """Compare bias an item under randomised pre-trained models with the unmodified model's.

    One dot an item, averaged over the models of an intervention; its colour is the item's rank
    in the unmodified model, so that a kept order of colours is a kept order of biases. Beside each
    row stands Pearson's correlation with the unmodified model, of the values as drawn (for BIOS,
    of log TPR ratios).

    Parameters
    ----------
    bios, wiki
        Observation tables; an empty one leaves its panels empty.
    note
        Written at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        Upstream bias on the left, downstream bias on the right, a row of panels a task.
    """
    parts = [(BIOS, _groups(bios)), (WIKI, _groups(wiki))]
    heights = [_ROW_HEIGHT * (len(groups) if _any_model(groups) else 2) for _, groups in parts]
    foot = style.foot_height(note, _WIDTH) + _LEGEND_HEIGHT
    with style.look():
        figure = style.new_figure(_WIDTH, foot + sum(heights) + 2.2, _TITLE, note)
        bottom = foot + sum(heights) + 1.4
        for (task, groups), height in zip(parts, heights, strict=True):
            bottom -= height
            for left, measure, side in zip(
                _LEFT_EDGES,
                (task.upstream, task.downstream),
                ("upstream bias", "downstream bias"),
                strict=True,
            ):
                axes = style.add_panel(figure, left, bottom, _PANEL_WIDTH, height)
                axes.set_title(f"{task.name}: {side} of the {task.items}")
                _draw_panel(axes, groups, task, measure)
                if measure is task.downstream:
                    axes.tick_params(axis="y", labelleft=False)
            bottom -= 0.95
        _draw_legend(figure, foot)
    return figure


def _groups(table: pd.DataFrame) -> list[dots.Group]:
    """Split a table by intervention and strength; one without models gives an empty row."""
    table = style.unmodified_data(table)
    groups = []
    for kind, label, symbol in _FAMILIES:
        family = table[table["upstream_kind"] == kind]
        strengths = sorted(family["upstream_strength"].dropna().unique()) if symbol else []
        groups += [
            dots.Group(
                f"{label}\n{symbol} = {strength:g}",
                family[family["upstream_strength"] == strength],
            )
            for strength in strengths
        ] or [dots.Group(label, family)]
    return groups


def _any_model(groups: list[dots.Group]) -> bool:
    return any(len(group.table) for group in groups)


def _draw_panel(axes: Axes, groups: list[dots.Group], task: Task, measure: Measure) -> None:
    if not _any_model(groups):
        style.say_no_model(axes)
        return
    rows = [_row(group, task, measure) for group in groups]
    values = pd.concat([row.means["value"] for row in rows]).to_numpy(dtype=float)
    style.set_limits(axes, "x", measure.drawn(values), measure, 0.1)
    dots.draw_rows(axes, rows, measure)


def _row(group: dots.Group, task: Task, measure: Measure) -> dots.Row:
    means = style.item_means(group.table, task, measure)
    order = [str(item) for item in means["value"].dropna().sort_values(kind="stable").index]
    ends = tuple(task.title(item) for item in dict.fromkeys([*order[:1], *order[-1:]]))
    return dots.Row(label=group.text, means=means, ends=ends)


def _draw_legend(figure: Figure, foot: float) -> None:
    style.add_legend(
        figure,
        foot - _LEGEND_HEIGHT,
        [
            *dots.handles("in the pre-trained model"),
            style.reference_handle(BIOS.upstream.neutral_text),
            style.reference_handle(BIOS.downstream.neutral_text),
            style.reference_handle(WIKI.downstream.neutral_text),
            style.text_handle(
                f"{style.RHO}: Pearson correlation with the pre-trained row "
                "(BIOS downstream: of the log TPR ratio)"
            ),
        ],
    )
