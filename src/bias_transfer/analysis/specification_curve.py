"""How much a slope owes to choices that could as well have been made otherwise."""

from collections.abc import Iterator

import pandas as pd

from bias_transfer.analysis.cells import Cells, cells
from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.analysis.slopes import QUESTIONS, estimates

SPECIFICATION_COLUMNS = (
    *("task", "adaptation", "source", "measure", "template", "outcome", "effects"),
    *("standardised", "low", "high", "items", "default", "reason"),
)
MEAN = "mean of all"


def specification_curve(
    observations: pd.DataFrame,
    performance: pd.DataFrame,
    task: TaskDescription,
    adaptation: str,
    fewest_test_rows: int,
) -> pd.DataFrame:
    """Estimate the slopes of one adaptation under every choice of measure and outcome.

    The choices: each measure of upstream bias, by each of its priors where it has several, each
    template of it or the mean of all, each outcome that the rates offer, and both kinds of effects
    (Simonsohn, Simmons and Nelson 2020).

    Parameters
    ----------
    observations, performance
        As for `cells.cells`.
    task
        Names measures, templates and outcomes.
    adaptation
        Which rows.
    fewest_test_rows
        As for `cells.cells`.

    Returns
    -------
    pandas.DataFrame
        One row a source and choice, columns `SPECIFICATION_COLUMNS`: the standardised slope, its
        95 % interval (CR3 by item) and the reason where there is none; `default`, whether measure,
        template and outcome are the study's own.
    """
    own = (task.before.column, MEAN, task.outcome.column)
    rows = [
        {
            "task": task.name,
            "adaptation": adaptation,
            "measure": measure.column,
            "template": template,
            "outcome": outcome.column,
            "default": (measure.column, template, outcome.column) == own,
            **found,
        }
        for measure, template, outcome, of in _chosen(
            observations, performance, task, adaptation, fewest_test_rows
        )
        for effects in QUESTIONS
        for found in estimates(of, effects)
    ]
    return pd.DataFrame(rows, columns=list(SPECIFICATION_COLUMNS))


def _chosen(
    observations: pd.DataFrame,
    performance: pd.DataFrame,
    task: TaskDescription,
    adaptation: str,
    fewest_test_rows: int,
) -> Iterator[tuple[Quantity, str, Quantity, Cells]]:
    outcomes = {each.column: each for each in (*task.outcomes, task.outcome)}
    for measure in _measures(observations, task):
        several = measure.per_template and "template" in observations
        for template in (MEAN, *(task.templates if several else ())):
            rows = observations
            if template != MEAN:
                rows = observations[observations["template"] == template]
            for outcome in outcomes.values():
                own = task.model_copy(update={"measures": (measure,), "outcome": outcome})
                of = cells(rows, performance, own, adaptation, fewest_test_rows)
                yield measure, template, outcome, of


def _measures(observations: pd.DataFrame, task: TaskDescription) -> Iterator[Quantity]:
    """Return each measure, and its alternatives that say anything else."""
    for measure in task.measures:
        yield measure
        for column in measure.alternatives:
            if not observations[column].equals(observations[measure.column]):
                yield measure.model_copy(update={"column": column})
