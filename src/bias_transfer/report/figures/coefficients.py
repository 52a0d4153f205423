"""What goes with downstream bias, the pre-trained model's bias or the data's? A group, a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.report.figures import Drawing, Tables, _text
from bias_transfer.report.figures._look import (
    BLUE,
    INK,
    ORANGE,
    PAGE,
    SMALL,
    TICK,
    Page,
    add_panel,
    inches,
    legend_entry,
    look,
)
from bias_transfer.report.figures._marks import (
    DEFINED,
    INTERVAL,
    draw_reference,
    mark_undefined,
    reference_handle,
    say_no_model,
    say_no_model_in_row,
    text_handle,
    undefined_handle,
)
from bias_transfer.report.figures._means import numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_TITLE = "What goes with downstream bias: the pre-trained model's bias, or the data's?"
_LOW, _HIGH = "low_item_clustered", "high_item_clustered"
_BESIDE = 1.05
_ROW_HEIGHT = 0.46


@dataclass(frozen=True)
class _Rival:
    """One of the two covariates, as drawn."""

    quantity: Quantity
    name: str
    colour: str
    marker: str
    offset: float

    @property
    def meaning(self) -> str:
        """What its coefficient is of."""
        unit = f", per {self.quantity.unit}" if self.quantity.unit else ""
        return f"{self.name}: {self.quantity.title}{unit}"


@look()
def _draw(description: TaskDescription, tables: Tables, note: str) -> Figure:
    """Draw the coefficients of upstream bias and of the data's bias beside each other.

    A row is a group of models. Coefficients stand per unit on the left and, to compare the two, per
    standard deviation of their covariate on the right. Bars are 95 % intervals clustered by item,
    since downstream bias repeats over templates. All marks are hollow, as everywhere where no more
    is known than that the two go together: the coefficients compare items.
    """
    rivals = (
        _Rival(description.before, "Upstream bias", BLUE, "o", -0.15),
        _Rival(description.covariates[0], "Data-set bias", ORANGE, "s", 0.15),
    )
    columns = [each.quantity.column for each in rivals]
    rows = tables.regressions[tables.regressions["term"].isin(columns)]
    fits = [str(name) for name in rows["column"].unique()]
    labels = {name: _text.row_label(name) for name in fits}
    left = max(1.0, 0.25 + inches(list(labels.values()), TICK))
    width = (PAGE - left - _BESIDE - 0.2) / 2
    page = Page(width=PAGE, title=_TITLE, note=note, handles=_handles(rivals))
    height = max(1.0, _ROW_HEIGHT * len(fits))
    figure = page.figure(height + 0.95)
    for column, per in enumerate(("unit", "standard deviation")):
        place = left + column * (width + _BESIDE)
        axes = add_panel(figure, place, page.foot + 0.6, width, height)
        axes.set_title(f"{description.title}: slope per {per}")
        if rows.empty:
            say_no_model(axes)
            continue
        axes.set_xlabel(f"difference in {description.outcome.title}\nper {per} of the covariate")
        scaled = rows if per == "unit" else _per_deviation(rows)
        _set_scale(axes, scaled)
        axes.set_ylim(len(fits) - 0.5, -0.5)
        # Both panels have the same rows, and say once what they are.
        names = [labels[name] if column == 0 else "" for name in fits]
        axes.set_yticks(range(len(fits)), names)
        axes.tick_params(axis="y", length=0)
        draw_reference(axes, 0.0, "x")
        for line, name in enumerate(fits):
            _draw_fit(axes, line, scaled[scaled["column"] == name], rivals)
            if column == 0:
                _write_numbers(axes, line, scaled[scaled["column"] == name])
    return figure


def _per_deviation(rows: pd.DataFrame) -> pd.DataFrame:
    """Return coefficients per standard deviation of their covariate over the rows of the fit."""
    factor = numbers(rows["covariate_sd"])
    scaled = {name: numbers(rows[name]) * factor for name in ("coefficient", _LOW, _HIGH)}
    return rows.assign(**scaled)


def _set_scale(axes: Axes, rows: pd.DataFrame) -> None:
    """Fit the axis to zero, the coefficients and their bars."""
    ends = np.concatenate([numbers(rows[name]) for name in ("coefficient", _LOW, _HIGH)])
    low, high = float(np.nanmin([0.0, *ends])), float(np.nanmax([0.0, *ends]))
    margin = 0.08 * max(high - low, 1e-6)
    axes.set_xlim(low - margin, high + margin)


def _draw_fit(axes: Axes, line: int, rows: pd.DataFrame, rivals: tuple[_Rival, ...]) -> None:
    first = rows.iloc[0]
    if first["reason"] == _text.NO_MODEL:
        say_no_model_in_row(axes, line)
        return
    for rival in rivals:
        for _, row in rows[rows["term"] == rival.quantity.column].iterrows():
            _draw_coefficient(axes, line + rival.offset, row, rival)


def _write_numbers(axes: Axes, line: int, rows: pd.DataFrame) -> None:
    """Write beside a fit how many rows it has, and how many it left out."""
    first = rows.iloc[0]
    if first["reason"] == _text.NO_MODEL:
        return
    estimated = np.isfinite(numbers(rows["coefficient"])).any()
    number = f"N = {int(first['observations']):,}" if estimated else "not estimated"
    axes.text(
        1.04,
        line,
        f"{number}\nn undefined: {int(first['undefined']):,}",
        transform=axes.get_yaxis_transform(),
        fontsize=SMALL,
        va="center",
    )


def _draw_coefficient(axes: Axes, height: float, row: pd.Series, rival: _Rival) -> None:
    if not np.isfinite(row["coefficient"]):
        mark_undefined(axes, np.array([height]), "right", rival.colour)
        return
    low, high = float(row[_LOW]), float(row[_HIGH])
    axes.hlines(height, low, high, color=rival.colour, linewidth=1.3, zorder=3, gid=INTERVAL)
    axes.plot(
        row["coefficient"],
        height,
        marker=rival.marker,
        markersize=5.5,
        markerfacecolor="white",
        markeredgecolor=rival.colour,
        linestyle="none",
        zorder=4,
        gid=DEFINED,
    )


def _handles(rivals: tuple[_Rival, ...]) -> list[Line2D]:
    return [
        *(_mark(rival) for rival in rivals),
        legend_entry(color=INK, linewidth=1.3, label="bars: 95 % interval, clustered by item"),
        undefined_handle(),
        reference_handle("0: they do not go together"),
        text_handle(
            "hollow: how far the two go together, item by item, within each model; what "
            "interventions changed, other figures show"
        ),
        text_handle("N: rows (model by item by template) in the fit; n undefined: rows left out"),
    ]


def _mark(rival: _Rival) -> Line2D:
    return legend_entry(
        linestyle="none",
        marker=rival.marker,
        markersize=5.5,
        markerfacecolor="white",
        markeredgecolor=rival.colour,
        label=rival.meaning,
    )


DRAWING = Drawing(
    applies=lambda _: True,
    draw=_draw,
    caption=(
        "How far downstream bias goes with upstream bias and with the bias of the training data, "
        "item by item, by group of models."
    ),
)
