"""Figure 5: whether downstream bias goes when mentions of identity terms are scrubbed."""

import pandas as pd
from matplotlib.figure import Figure

from bias_transfer.report.figures import dots
from bias_transfer.report.figures import style
from bias_transfer.report.figures.style import FPR_GAP, WIKI

_TITLE = (
    "If mentions of identity terms are scrubbed from the training data, does downstream bias go?"
)
_WIDTH = 11.3
_PANEL_WIDTH = 2.9
_LEFT_EDGES = (1.5, 7.05)
_ROW_HEIGHT = 0.66
_LEGEND_HEIGHT = 0.85


def figure5(wiki: pd.DataFrame, note: str) -> Figure:
    """Compare bias a term after scrubbing mentions with the bias before.

    One dot an identity term, averaged over the models of a row; its colour is the term's rank on
    the original data, so that a kept order of colours is a kept order of biases. Where scrubbed
    data met only some checkpoints, the row of the original data holds the same ones. Each
    scrubbing is drawn at the largest fraction that the table holds.

    Parameters
    ----------
    wiki
        Observation table.
    note
        Written at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        Pre-trained models on the left, randomly initialised ones on the right.
    """
    panels = {
        title: [_row(group) for group in _groups(wiki[wiki["upstream_kind"] == kind])]
        for kind, title in style.CHECKPOINTS.items()
    }
    # One scale, so that the panels can be compared with each other.
    every = pd.concat([row.means["value"] for rows in panels.values() for row in rows])
    height = _ROW_HEIGHT * (1 + len(style.SCRUBBINGS))
    foot = style.foot_height(note, _WIDTH) + _LEGEND_HEIGHT
    with style.look():
        figure = style.new_figure(_WIDTH, foot + height + 1.3, _TITLE, note)
        for left, (title, rows) in zip(_LEFT_EDGES, panels.items(), strict=True):
            axes = style.add_panel(figure, left, foot + 0.6, _PANEL_WIDTH, height)
            axes.set_title(f"WIKI: downstream bias, {title.lower()}")
            if all(row.means.empty for row in rows):
                style.say_no_model(axes)
                continue
            style.set_limits(axes, "x", every.to_numpy(dtype=float), FPR_GAP, 0.1)
            dots.draw_rows(axes, rows, FPR_GAP)
        _draw_legend(figure, foot)
    return figure


def _groups(table: pd.DataFrame) -> list[dots.Group]:
    """Split the models of one kind of checkpoint; a scrubbing without any gives an empty row."""
    scrubbed = table[table["dataset_kind"].isin(list(style.SCRUBBINGS))]
    original = style.unmodified_data(table)
    if len(scrubbed):
        original = style.unmodified_twins(table, scrubbed)
    groups = [dots.Group("Original data", original)]
    for kind, mentions in style.SCRUBBINGS.items():
        family = scrubbed[scrubbed["dataset_kind"] == kind]
        label = f"{mentions.capitalize()}\n"
        if family.empty:
            groups.append(dots.Group(f"{label}scrubbed", family))
            continue
        fraction = family["scrubbed_fraction"].max()
        rows = family[family["scrubbed_fraction"] == fraction]
        groups.append(dots.Group(f"{label}{fraction:.0%} scrubbed", rows))
    return groups


def _row(group: dots.Group) -> dots.Row:
    means = style.item_means(group.table, WIKI, FPR_GAP)
    values = means["value"].dropna()
    return dots.Row(label=group.text, means=means, ends=_ends(values), notes=_median(values))


def _ends(values: pd.Series) -> tuple[str, ...]:
    """Name the lowest and the highest of the gaps, which are all defined."""
    if values.empty:
        return ()
    return tuple(_name(values, end) for end in dict.fromkeys((values.min(), values.max())))


def _name(values: pd.Series, end: float) -> str:
    """Name the term at one end; many terms share the lowest gap, that of a rate of zero."""
    names = [WIKI.title(str(term)) for term in values.index[(values - end).abs() < 1e-9]]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _median(values: pd.Series) -> tuple[str, ...]:
    if values.empty:
        return ()
    # Adding zero takes the sign off a zero.
    return (f"median {style.signed(round(float(values.median()), 2) + 0.0)}",)


def _draw_legend(figure: Figure, foot: float) -> None:
    style.add_legend(
        figure,
        foot - _LEGEND_HEIGHT,
        [
            *dots.handles("on the original data"),
            style.reference_handle(FPR_GAP.neutral_text),
            style.text_handle(
                f"{style.RHO}: Pearson correlation with the original row of the panel"
            ),
        ],
    )
