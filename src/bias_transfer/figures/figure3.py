"""Figure 3: whether downstream bias follows when Sent-Debias changes upstream bias."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bias_transfer.figures import style
from bias_transfer.figures.style import BIOS, Measure

_TITLE = "When Sent-Debias changes upstream bias, does downstream bias follow?"
_WIDTH = 7.6
_LEFT, _PANEL_WIDTH, _PANEL_HEIGHT = 0.85, 5.1, 2.7


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
        Pronoun ranking above, TPR ratio below, one line an occupation in each.
    """
    table = _with_strengths(bios)
    strengths = sorted(table["strength"].unique())
    named = _extremes(table) if named is None else list(named)
    foot = style.foot_height(note, _WIDTH) + 0.85
    with style.look():
        figure = style.new_figure(_WIDTH, foot + 2 * _PANEL_HEIGHT + 1.75, _TITLE, note)
        panels = [
            style.add_panel(figure, _LEFT, bottom, _PANEL_WIDTH, _PANEL_HEIGHT)
            for bottom in (foot + _PANEL_HEIGHT + 1.05, foot + 0.45)
        ]
        for axes, measure, title in zip(
            panels,
            (BIOS.upstream, BIOS.downstream),
            ("upstream bias, in the language model", "downstream bias, in the classifier"),
            strict=True,
        ):
            axes.set_title(f"BIOS: {title}")
            if (table["upstream_kind"] == "sentdebias").any():
                _draw_panel(axes, table, strengths, measure, named)
            else:
                style.say_no_model(axes)
        panels[1].set_xlabel(
            f"Sent-Debias strength {style.GAMMA} (multiplier; 0 = unmodified model, "
            "1 = published method)"
        )
        _draw_legend(figure, foot)
    return figure


def _with_strengths(bios: pd.DataFrame) -> pd.DataFrame:
    """Keep unmodified and Sent-Debias models, each with its strength; unmodified is zero."""
    table = style.unmodified_data(bios)
    table = table[table["upstream_kind"].isin(["pretrained", "sentdebias"])]
    strength = pd.to_numeric(table["upstream_strength"]).where(
        table["upstream_kind"] == "sentdebias", 0.0
    )
    return table.assign(strength=strength.astype(float))


def _extremes(table: pd.DataFrame, each: int = 3) -> list[str]:
    """Return the occupations at both ends of the downstream bias at the strength nearest zero."""
    if table.empty:
        return []
    nearest = table["strength"].abs().min()
    control = table[table["strength"].abs() == nearest]
    values = style.item_means(control, BIOS, BIOS.downstream)["value"].dropna()
    order = [str(item) for item in values.sort_values(kind="stable").index]
    return order if len(order) <= 2 * each else order[:each] + order[-each:]


def _draw_panel(
    axes: Axes, table: pd.DataFrame, strengths: list[float], measure: Measure, named: list[str]
) -> None:
    means = [
        style.item_means(table[table["strength"] == strength], BIOS, measure)
        for strength in strengths
    ]
    values = pd.concat([mean["value"] for mean in means], axis=1, keys=strengths)
    drawn = pd.DataFrame(
        measure.drawn(values.to_numpy(dtype=float)), index=values.index, columns=values.columns
    )
    style.set_limits(axes, "y", drawn.to_numpy().ravel(), measure, 0.12)
    # Evenly spaced: on a linear axis the strengths between −1 and 1 would fall together.
    axes.set_xlim(-0.4, len(strengths) - 0.6)
    labels = [
        style.signed(strength, 0 if strength == int(strength) else 2) for strength in strengths
    ]
    axes.set_xticks(range(len(strengths)), labels)
    axes.set_ylabel(_wrapped(measure.axis))
    if 0.0 in strengths:
        axes.axvspan(
            strengths.index(0.0) - 0.2, strengths.index(0.0) + 0.2, color="#f0f0f0", zorder=0
        )
    if measure.neutral is not None:
        style.draw_reference(axes, measure.neutral, "y")
    colours = dict(zip(named, style.COLOURS, strict=False))
    _draw_lines(axes, drawn, colours)
    _mark_gaps(axes, drawn, colours)
    _name_line_ends(axes, drawn, colours)
    undefined = sum(int(mean["undefined"].sum()) for mean in means)
    observations = sum(int(mean["observations"].sum()) for mean in means)
    axes.set_title(style.undefined_text(undefined, observations), loc="right", fontsize=style.SMALL)


def _wrapped(label: str) -> str:
    """Break an axis label before its unit, so that it fits the height of a panel."""
    name, _, unit = label.partition(" (")
    return f"{name}\n({unit}" if unit else name


def _draw_lines(axes: Axes, drawn: pd.DataFrame, colours: dict[str, str]) -> None:
    for item, values in drawn.iterrows():
        colour = colours.get(str(item))
        axes.plot(
            range(len(values)),
            values.to_numpy(dtype=float),
            color=colour or style.PALE,
            linewidth=1.5 if colour else 0.8,
            marker="o",
            markersize=3.4 if colour else 2.0,
            zorder=3 if colour else 2,
            gid=style.DEFINED,
        )


def _mark_gaps(axes: Axes, drawn: pd.DataFrame, colours: dict[str, str]) -> None:
    """Mark, at the lower edge, each occupation without a value at a strength."""
    for position, strength in enumerate(drawn.columns):
        lost = [str(item) for item in drawn.index[drawn[strength].isna()]]
        step = min(0.16, 0.7 / max(1, len(lost)))
        for rank, item in enumerate(lost):
            place = position + step * (rank - (len(lost) - 1) / 2)
            style.mark_undefined(axes, np.array([place]), "bottom", colours.get(item, style.GREY))


def _name_line_ends(axes: Axes, drawn: pd.DataFrame, colours: dict[str, str]) -> None:
    """Name each coloured line to the right of the panel, with a hairline from its last point."""
    ends: dict[str, tuple[int, float]] = {}
    for item in colours:
        values = drawn.loc[item].to_numpy(dtype=float) if item in drawn.index else np.empty(0)
        defined = np.flatnonzero(np.isfinite(values))
        if len(defined):
            ends[item] = (int(defined[-1]), float(values[defined[-1]]))
    if not ends:
        return
    points = axes.transAxes.inverted().transform(axes.transData.transform(list(ends.values())))
    heights = style.spread([float(y) for y in points[:, 1]], 0.062, 0.0, 1.0)
    for item, (x, y), height in zip(ends, points, heights, strict=True):
        axes.annotate(
            BIOS.title(item),
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
                "linewidth": 0.5,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 2,
            },
        )


def _draw_legend(figure: Figure, foot: float) -> None:
    width, height = figure.get_size_inches()
    figure.legend(
        handles=[
            Line2D([], [], color=style.BLUE, marker="o", markersize=3.4, label="named occupation"),
            Line2D([], [], color=style.PALE, marker="o", markersize=2, label="other occupation"),
            style.undefined_handle(),
            style.reference_handle(BIOS.upstream.neutral_text),
            style.reference_handle(BIOS.downstream.neutral_text),
        ],
        loc="lower left",
        bbox_to_anchor=(0.1 / width, (foot - 0.85) / height),
        ncols=2,
    )
