"""Figure 5: whether downstream bias goes when mentions of identity terms are scrubbed."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bias_transfer.figures import lines, style
from bias_transfer.figures.style import FPR_GAP, WIKI

_TITLE = (
    "If mentions of identity terms are scrubbed from the training data, does downstream bias go?"
)
_WIDTH = 11.3
_PANEL_WIDTH = 2.9
_LEFT_EDGES = (1.5, 7.05)
_ROW_HEIGHT = 0.66
_LEGEND_HEIGHT = 0.85


@dataclass(frozen=True)
class _Row:
    """One line of dots: models fine-tuned on one kind of data."""

    label: str
    table: pd.DataFrame


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
        title: _rows(wiki[wiki["upstream_kind"] == kind])
        for kind, title in style.CHECKPOINTS.items()
    }
    means = {
        title: [style.item_means(row.table, WIKI, FPR_GAP) for row in rows]
        for title, rows in panels.items()
    }
    # One scale, so that the panels can be compared with each other.
    every = pd.concat([mean["value"] for panel in means.values() for mean in panel])
    height = _ROW_HEIGHT * (1 + len(style.SCRUBBINGS))
    foot = style.foot_height(note, _WIDTH) + _LEGEND_HEIGHT
    with style.look():
        figure = style.new_figure(_WIDTH, foot + height + 1.3, _TITLE, note)
        for left, (title, rows) in zip(_LEFT_EDGES, panels.items(), strict=True):
            axes = style.add_panel(figure, left, foot + 0.6, _PANEL_WIDTH, height)
            axes.set_title(f"WIKI: downstream bias, {title.lower()}")
            if all(row.table.empty for row in rows):
                style.say_no_model(axes)
                continue
            style.set_limits(axes, "x", every.to_numpy(dtype=float), FPR_GAP, 0.1)
            _draw_panel(axes, rows, means[title])
        _draw_legend(figure, foot)
    return figure


def _rows(table: pd.DataFrame) -> list[_Row]:
    """Split the models of one kind of checkpoint; a scrubbing without any gives an empty row."""
    scrubbed = table[table["dataset_kind"].isin(list(style.SCRUBBINGS))]
    original = style.unmodified_data(table)
    if len(scrubbed):
        original = style.unmodified_twins(table, scrubbed)
    rows = [_Row(label=f"Original data{_count(original)}", table=original)]
    for kind, mentions in style.SCRUBBINGS.items():
        family = scrubbed[scrubbed["dataset_kind"] == kind]
        label = f"{mentions.capitalize()}\n"
        if family.empty:
            rows.append(_Row(label=f"{label}scrubbed", table=family))
            continue
        fraction = family["scrubbed_fraction"].max()
        group = family[family["scrubbed_fraction"] == fraction]
        rows.append(_Row(label=f"{label}{fraction:.0%} scrubbed{_count(group)}", table=group))
    return rows


def _count(table: pd.DataFrame) -> str:
    models = table["model"].nunique()
    return f"\nmean of {models} models" if models > 1 else "\n1 model" if models else ""


def _draw_panel(axes: Axes, rows: list[_Row], means: list[pd.DataFrame]) -> None:
    before = means[0]["value"]
    colours = lines.rank_colours(before)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(FPR_GAP.axis)
    style.draw_reference(axes, 0.0, "x")
    for height, mean in enumerate(means):
        if mean.empty:
            style.say_no_model_in_row(axes, height)
            continue
        lines.draw_dots(axes, height, mean["value"], FPR_GAP, colours)
        _name_extremes(axes, height, mean["value"].dropna())
        _write_beside(axes, height, mean, before)


def _name_extremes(axes: Axes, height: int, values: pd.Series) -> None:
    if values.empty:
        return
    low, high = float(values.min()), float(values.max())
    names = [_name(values, end) for end in dict.fromkeys((low, high))]
    lines.name_extremes(axes, height, low, high, names)


def _name(values: pd.Series, end: float) -> str:
    """Name the term at one end; many terms share the lowest gap, that of a rate of zero."""
    names = [WIKI.title(str(term)) for term in values.index[(values - end).abs() < 1e-9]]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _write_beside(axes: Axes, height: int, mean: pd.DataFrame, before: pd.Series) -> None:
    """Write a row's correlation with the original data, its median and its undefined cells."""
    texts = []
    if height > 0:
        texts.append(style.correlation_text(style.correlation(before, mean["value"])[0]))
    if mean["value"].notna().any():
        # Adding zero takes the sign off a zero.
        texts.append(f"median {style.signed(round(float(mean['value'].median()), 2) + 0.0)}")
    undefined, observations = int(mean["undefined"].sum()), int(mean["observations"].sum())
    texts.append(style.undefined_text(undefined, observations))
    axes.text(
        1.045,
        height,
        "\n".join(texts),
        transform=axes.get_yaxis_transform(),
        fontsize=style.SMALL,
        va="center",
    )


def _draw_legend(figure: Figure, foot: float) -> None:
    width, height = figure.get_size_inches()
    figure.legend(
        handles=[
            lines.dot_handle(lines.rank_colour(0.0), "lowest on the original data"),
            lines.dot_handle(lines.rank_colour(0.5), "middle on the original data"),
            lines.dot_handle(lines.rank_colour(1.0), "highest on the original data"),
            lines.dot_handle(style.GREY, "undefined on the original data"),
            Line2D([], [], color=style.ORANGE, linewidth=1.8, label="median of the row"),
            style.undefined_handle(),
            style.reference_handle(FPR_GAP.neutral_text),
            Line2D(
                [],
                [],
                linestyle="none",
                label=f"{style.RHO}: Pearson correlation with the original row of the panel",
            ),
        ],
        loc="lower left",
        bbox_to_anchor=(0.1 / width, (foot - _LEGEND_HEIGHT) / height),
        ncols=2,
    )
