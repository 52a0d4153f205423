"""Figures named by their question, one file each, drawn for one task from what the analysis wrote.

A figure is a module that declares `DRAWING = Drawing(...)`; its name is the figure's. Modules whose
name starts with an underscore hold what several figures share. A figure chooses, sorts and places:
every mean, correlation and coefficient in it stands in a table, so that a reader finds the same
number in both. It knows neither torch nor the workflow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bias_transfer import plugins
from bias_transfer.analysis.description import TaskDescription

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Tables:
    """What the analysis wrote of one task, and the observations that it started from.

    Attributes
    ----------
    observations
        One row a model, item and template.
    item_means, correlations, transfer, regressions, contents, slopes, verdicts, changes,
    specification_curve
        The tables of these names, only the task's own rows. The last four are of every adaptation,
        all others of the principal one. The item means say in `scarce` of which items downstream
        bias is known to rest on too few test rows: these are drawn and not named.
    """

    observations: pd.DataFrame
    item_means: pd.DataFrame
    correlations: pd.DataFrame
    transfer: pd.DataFrame
    regressions: pd.DataFrame
    contents: pd.DataFrame
    slopes: pd.DataFrame
    verdicts: pd.DataFrame
    changes: pd.DataFrame
    specification_curve: pd.DataFrame


@dataclass(frozen=True)
class Drawing:
    """One figure, as the rest of the study learns of it.

    Attributes
    ----------
    applies
        Whether a task has what the figure shows.
    draw
        From the task, its tables and a note for the foot, such as "Generated text: …", to the
        figure. Must stand tables without a single row.
    caption
        What is to be seen, in one sentence, for the report.
    """

    applies: Callable[[TaskDescription], bool]
    draw: Callable[[TaskDescription, Tables, str], Figure]
    caption: str = ""


def drawing(name: str) -> Drawing:
    """Return a figure by its name."""
    found: Drawing = plugins.declared(__name__, name, "DRAWING")
    return found


def drawings() -> dict[str, Drawing]:
    """Return every figure by its name."""
    return {name: drawing(name) for name in plugins.names(__name__)}


def drawings_for(description: TaskDescription) -> tuple[str, ...]:
    """Return the names of the figures that a task has."""
    return tuple(name for name, each in drawings().items() if each.applies(description))
