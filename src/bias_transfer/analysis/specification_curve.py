"""How much a slope owes to choices that could as well have been made otherwise."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from bias_transfer.analysis.cells import OUTCOME, Cells, cells
from bias_transfer.analysis.clustered import clustered
from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.analysis.slopes import LEVEL, Effects, design, sources, why_not
from bias_transfer.errors import StudyError

SPECIFICATION_COLUMNS = (
    *("task", "adaptation", "source", "measure", "template", "outcome", "effects"),
    *("standardised", "low", "high", "items", "default", "reason"),
)
MEAN = "mean of all"


def specification_curve(
    observations: pd.DataFrame, performance: pd.DataFrame, task: TaskDescription, adaptation: str
) -> pd.DataFrame:
    """Estimate the slopes of one adaptation under every choice of measure and outcome.

    The choices: each measure of upstream bias, each template of it or the mean of all, each outcome
    that the rates offer, and both kinds of effects (Simonsohn, Simmons and Nelson 2020).

    Parameters
    ----------
    observations, performance
        As for `cells.cells`.
    task
        Names measures, templates and outcomes.
    adaptation
        Which rows.

    Returns
    -------
    pandas.DataFrame
        One row a source and choice, columns `SPECIFICATION_COLUMNS`: the standardised slope, its
        95 % interval (CR3 by item), whether it is the choice that the study's verdict rests on, and
        the reason where there is no slope.
    """
    rows = [
        {
            "task": task.name,
            "adaptation": adaptation,
            "measure": measure.column,
            "template": template,
            "outcome": outcome.column,
            "effects": effects,
            "default": (measure, template, outcome) == (task.before, MEAN, task.outcome),
            **found,
        }
        for measure, template, outcome, of in _chosen(observations, performance, task, adaptation)
        for effects in ("within", "between")
        for found in _slopes(of, effects)
    ]
    return pd.DataFrame(rows, columns=list(SPECIFICATION_COLUMNS))


def _chosen(
    observations: pd.DataFrame, performance: pd.DataFrame, task: TaskDescription, adaptation: str
) -> Iterator[tuple[Quantity, str, Quantity, Cells]]:
    outcomes = {each.column: each for each in (task.outcome, *task.outcomes)}
    for measure in task.measures:
        several = measure.per_template and "template" in observations
        for template in (MEAN, *(task.templates if several else ())):
            rows = observations
            if template != MEAN:
                rows = observations[observations["template"] == template]
            for outcome in outcomes.values():
                own = task.model_copy(update={"measures": (measure,), "outcome": outcome})
                yield measure, template, outcome, cells(rows, performance, own, adaptation)


def _slopes(of: Cells, effects: Effects) -> Iterator[dict[str, object]]:
    """Estimate both sources in one fit."""
    for source, term in sources(of).items():
        size = {"source": source, "items": of.table["item"].nunique()}
        reason = why_not(of, effects, term)
        if not reason:
            try:
                yield {**size, **_slope(of, effects, term), "reason": ""}
                continue
            except StudyError as error:
                reason = str(error)
        yield {**size, "reason": reason}


def _slope(of: Cells, effects: Effects, term: str) -> dict[str, float]:
    regression = design(of, effects)
    fitted = clustered(regression.outcome, regression.columns, regression.effects, regression.item)
    if fitted.exact:
        raise StudyError("the fit is exact: nothing is left to tell an error from")
    place = regression.terms.index(term)
    control = of.of_unmodified
    scale = float(control[term].std() / control[OUTCOME].std())
    slope = scale * float(fitted.coefficients[place])
    error = scale * float(np.sqrt(fitted.cr3[place, place]))
    half = float(stats.t.ppf((1 + LEVEL) / 2, fitted.clusters - 1)) * error
    return {"standardised": slope, "low": slope - half, "high": slope + half}
