"""Figure 4: which moves downstream bias, the pre-trained model or the fine-tuning data."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bias_transfer.report.figures import style

SIGNIFICANCE = 0.01
# Columns of the regression tables, in the paper's order.
FITS: Mapping[str, tuple[str, ...]] = {
    "bios": ("Pre-trained", "Mitigated", "Noise added", "Random", "Balanced", "All pre-trained"),
    "wiki": ("Pre-trained", "Noise added", "Random", "Scrubbed", "All pre-trained"),
}
OUTCOMES: Mapping[str, str] = {
    "bios": "log TPR ratio (she / he)",
    "wiki": "false positive rate",
}

_TITLE = "What moves downstream bias: the pre-trained model's bias, or the fine-tuning data's?"
_WIDTH = 11.0
_PANEL_WIDTH = 3.1
_LEFT_EDGES = (1.25, 6.65)
_LEGEND_HEIGHT = 1.0
_ROW_HEIGHT = 0.46


@dataclass(frozen=True)
class _Covariate:
    """One of the two rivals, as drawn."""

    name: str
    colour: str
    marker: str
    offset: float
    meanings: Mapping[str, str]


_COVARIATES = (
    _Covariate(
        name="upstream",
        colour=style.BLUE,
        marker="o",
        offset=-0.15,
        meanings={
            "bios": "pronoun ranking, per nat",
            "wiki": "negative sentiment, per unit of probability",
        },
    ),
    _Covariate(
        name="dataset",
        colour=style.ORANGE,
        marker="s",
        offset=0.15,
        meanings={
            "bios": "share of she among an occupation's biographies, per unit share",
            "wiki": "share of toxic among a term's comments, per unit share",
        },
    ),
)


def figure4(estimates: pd.DataFrame, note: str, outcomes: Mapping[str, str] = OUTCOMES) -> Figure:
    """Draw the coefficients of upstream bias and of data-set bias beside each other.

    Parameters
    ----------
    estimates
        One row a coefficient: `task` ("bios" or "wiki"), `fit` (a name in `FITS`, or one of
        your own, which is drawn below them), `covariate` ("upstream" or "dataset"), `estimate`,
        `standard_error`, `p_value`, `observations` (rows in the fit), `undefined` (rows left out
        for want of a value) and, if the figure is to compare the two on one scale,
        `covariate_sd` (standard deviation of the covariate over the rows of the fit).
        An empty estimate is drawn as undefined.
    note
        Written at the foot.
    outcomes
        What the regressions of each task explain, with its unit.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a task with the coefficients as they are; with `covariate_sd`, a second row of
        panels with the coefficients per standard deviation.
    """
    scalings = ["unit"] + (["deviation"] if "covariate_sd" in estimates.columns else [])
    fits = {task: _fit_names(estimates[estimates["task"] == task], task) for task in FITS}
    panel_height = _ROW_HEIGHT * max(len(names) for names in fits.values())
    foot = style.foot_height(note, _WIDTH) + _LEGEND_HEIGHT
    with style.look():
        height = foot + len(scalings) * (panel_height + 1.0) + 0.35
        figure = style.new_figure(_WIDTH, height, _TITLE, note)
        for line, scaling in enumerate(scalings):
            bottom = height - 0.35 - line * (panel_height + 1.0) - 0.4 - panel_height
            for left, task in zip(_LEFT_EDGES, FITS, strict=True):
                axes = style.add_panel(figure, left, bottom, _PANEL_WIDTH, panel_height)
                rows = estimates[estimates["task"] == task]
                _write_titles(axes, task, scaling, outcomes[task])
                _draw_panel(axes, _scaled(rows, scaling), fits[task])
        _draw_legend(figure, foot)
    return figure


def _fit_names(rows: pd.DataFrame, task: str) -> list[str]:
    """Return the paper's fits and, after them, those that only the table has."""
    return list(dict.fromkeys([*FITS[task], *rows["fit"]]))


def _scaled(rows: pd.DataFrame, scaling: str) -> pd.DataFrame:
    """Return coefficients per unit, or per standard deviation of their covariate."""
    factor = rows["covariate_sd"] if scaling == "deviation" else 1.0
    return rows.assign(
        estimate=rows["estimate"] * factor, standard_error=rows["standard_error"] * factor
    )


def _write_titles(axes: Axes, task: str, scaling: str, outcome: str) -> None:
    per = "unit" if scaling == "unit" else "standard deviation"
    axes.set_title(f"{task.upper()}: effect per {per}")
    axes.set_xlabel(f"change in {outcome}\nper {per} of the covariate")


def _draw_panel(axes: Axes, rows: pd.DataFrame, fits: list[str]) -> None:
    if rows.empty:
        axes.set_xlabel("")
        style.say_no_model(axes)
        return
    low = float(np.nanmin([0.0, *(rows["estimate"] - rows["standard_error"])]))
    high = float(np.nanmax([0.0, *(rows["estimate"] + rows["standard_error"])]))
    span = max(high - low, 1e-6)
    axes.set_xlim(low - 0.08 * span, high + 0.08 * span)
    axes.set_ylim(len(fits) - 0.5, -0.5)
    axes.set_yticks(range(len(fits)), fits)
    axes.tick_params(axis="y", length=0)
    style.draw_reference(axes, 0.0, "x")
    for height, fit in enumerate(fits):
        _draw_fit(axes, height, rows[rows["fit"] == fit])


def _draw_fit(axes: Axes, height: int, rows: pd.DataFrame) -> None:
    if rows.empty:
        style.say_no_model_in_row(axes, height)
        return
    for covariate in _COVARIATES:
        for _, row in rows[rows["covariate"] == covariate.name].iterrows():
            _draw_coefficient(axes, height + covariate.offset, row, covariate)
    first = rows.iloc[0]
    axes.text(
        1.04,
        height,
        f"N = {int(first['observations']):,}\nn undefined: {int(first['undefined']):,}",
        transform=axes.get_yaxis_transform(),
        fontsize=style.SMALL,
        va="center",
    )


def _draw_coefficient(axes: Axes, height: float, row: pd.Series, covariate: _Covariate) -> None:
    if not np.isfinite(row["estimate"]):
        style.mark_undefined(axes, np.array([height]), "right", covariate.colour)
        return
    axes.errorbar(
        row["estimate"],
        height,
        xerr=row["standard_error"] if np.isfinite(row["standard_error"]) else None,
        color=covariate.colour,
        linewidth=1.3,
        capsize=2,
        zorder=3,
    )
    significant = bool(row["p_value"] < SIGNIFICANCE)
    axes.plot(
        row["estimate"],
        height,
        marker=covariate.marker,
        markersize=5.5,
        markerfacecolor=covariate.colour if significant else "white",
        markeredgecolor=covariate.colour,
        linestyle="none",
        zorder=4,
        gid=style.DEFINED,
    )


def _draw_legend(figure: Figure, foot: float) -> None:
    def mark(covariate: _Covariate, filled: bool, label: str) -> Line2D:
        return Line2D(
            [],
            [],
            linestyle="none",
            marker=covariate.marker,
            markersize=5.5,
            markerfacecolor=covariate.colour if filled else "white",
            markeredgecolor=covariate.colour,
            label=label,
        )

    upstream, dataset = _COVARIATES
    style.add_legend(
        figure,
        foot - _LEGEND_HEIGHT,
        [
            mark(upstream, True, _meaning("Upstream bias", upstream)),
            mark(dataset, True, _meaning("Data-set bias", dataset)),
            mark(
                upstream,
                False,
                f"hollow circle or square: p \N{GREATER-THAN OR EQUAL TO} {SIGNIFICANCE}; "
                "bars: \N{PLUS-MINUS SIGN}1 robust standard error",
            ),
            style.undefined_handle(),
            style.reference_handle("0: no effect (template and model effects controlled for)"),
            style.text_handle(
                "N: rows (model by item by template) in the fit; n undefined: rows left out"
            ),
        ],
    )


def _meaning(name: str, covariate: _Covariate) -> str:
    return f"{name}. BIOS: {covariate.meanings['bios']};\nWIKI: {covariate.meanings['wiki']}"
