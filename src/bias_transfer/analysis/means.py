"""One number an item under each intervention: what figures draw and correlations correlate."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bias_transfer.analysis.description import Quantity, TaskDescription

INTERVENTION = ("upstream_kind", "upstream_strength", "dataset_kind", "dataset")

# Where a 95 % interval ends.
_UPPER = 0.975

ITEM_MEAN_COLUMNS = (
    *("task", *INTERVENTION, "twin_of"),
    *("measure", "item", "models", "value", "standard_error", "low", "high"),
    *("observations", "undefined"),
)


def item_means(observations: pd.DataFrame, task: TaskDescription) -> pd.DataFrame:
    """Average every measure of bias of each item over the models of each intervention.

    Parameters
    ----------
    observations
        The task's observation table.
    task
        Which measures and outcomes there are; one that the table lacks is passed over.

    Returns
    -------
    pandas.DataFrame
        One row an intervention x measure x item, in the order of the observations. An intervention
        is a combination of upstream kind, upstream strength and data set. Columns:

        - task, upstream_kind, upstream_strength, dataset_kind, dataset: the intervention;
        - twin_of: empty; or an altered data set, where the row is of its unaltered twin: the same
          checkpoints on the original data (those that never met the altered data would shift the
          mean that it is compared with);
        - measure: column of the observation table;
        - item;
        - models: how many the intervention has;
        - value: mean over templates within each model, then over the models, of the values that are
          defined; in the measure's own unit, empty without any;
        - standard_error: of the value, in its unit. Of a measure with templates, the error of
          having chosen these templates: the standard deviation of the templates' means over models
          / sqrt(templates). Of one with a sampling variance, the error of having drawn these test
          rows, which all models share: sqrt(mean variance), whatever their number. Empty where
          neither is known, as with a single template. Zero: the templates, or the counts, leave no
          doubt. What fine-tuning with another seed would change is in neither;
        - low, high: the ends of the value's 95 % interval, in its unit. Of T templates the value
          minus and plus the standard error times the quantile of Student's t with T - 1 degrees of
          freedom; of what has a sampling variance, times 1.96; of a share of test rows the ends
          are Wilson's (1927), which are right near 0 and 1 too, where the counts are small;
        - observations: the values that could be defined, one a model, and one a template where the
          measure has templates;
        - undefined: how many of them are not.
    """
    measures = _measures(observations, task)
    parts = [
        _means(rows, task.item, measures, {**key, "twin_of": twin_of})
        for key, twin_of, rows in _sets(observations)
    ]
    table = pd.concat([part for each in parts for part in each], ignore_index=True)
    return table.assign(task=task.name)[list(ITEM_MEAN_COLUMNS)]


def interventions(observations: pd.DataFrame) -> Iterator[tuple[dict[str, object], pd.DataFrame]]:
    """Split the rows by intervention, in order of first appearance; no strength is one value."""
    columns = list(INTERVENTION)
    for key, group in observations.groupby(columns, sort=False, dropna=False):
        yield dict(zip(columns, key, strict=True)), group


def unmodified(observations: pd.DataFrame) -> pd.Series:
    """Tell which rows are of the unmodified checkpoint on the unaltered data."""
    return (observations["upstream_kind"] == "pretrained") & _unaltered(observations)


def distribution(rows: pd.DataFrame, item: str, measure: str) -> pd.Series:
    """Return one number an item: the mean over templates, then over models, gaps skipped."""
    of_models = rows.groupby(["model", item], sort=False)[measure].mean()
    return of_models.groupby(level=item, sort=False).mean()


def _measures(observations: pd.DataFrame, task: TaskDescription) -> list[Quantity]:
    named = {each.column: each for each in (*task.measures, *task.outcomes, task.outcome)}
    return [each for column, each in named.items() if column in observations]


def _sets(
    observations: pd.DataFrame,
) -> Iterator[tuple[dict[str, object], str, pd.DataFrame]]:
    """Split the rows by intervention, then those of the twins of each altered data set."""
    for key, rows in interventions(observations):
        yield key, "", rows
    unaltered = _unaltered(observations)
    original, altered = observations[unaltered], observations[~unaltered]
    for dataset, changed in altered.groupby("dataset", sort=False):
        twins = original[original["upstream"].isin(changed["upstream"])]
        for key, rows in interventions(twins):
            yield key, str(dataset), rows


def _unaltered(observations: pd.DataFrame) -> pd.Series:
    return observations["dataset_kind"] == "original"


def _means(
    rows: pd.DataFrame, item: str, measures: list[Quantity], key: Mapping[str, Any]
) -> Iterator[pd.DataFrame]:
    for measure in measures:
        column = measure.column
        # A value that repeats over the templates is one value.
        once = rows if measure.per_template else rows.drop_duplicates(["model", item])
        finite = once[column].astype(float).where(lambda values: np.isfinite(values))
        groups = finite.groupby(once[item], sort=False)
        value = distribution(once.assign(**{column: finite}), item, column)
        errors, quantile = _standard_errors(once, item, measure, finite)
        if measure.proportion and measure.test_rows in once:
            low, high = _wilson(value, once.groupby(item, sort=False)[measure.test_rows].mean())
        else:
            low, high = value - quantile * errors, value + quantile * errors
        means = pd.DataFrame(
            {
                "value": value,
                "standard_error": errors,
                "low": low,
                "high": high,
                "observations": groups.size(),
                "undefined": groups.size() - groups.count(),
            }
        )
        yield (
            means.rename_axis("item")
            .reset_index()
            .assign(**key, measure=column, models=rows["model"].nunique())
        )


def _standard_errors(
    rows: pd.DataFrame, item: str, measure: Quantity, values: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Return a standard error an item and how many of it to either side are a 95 % interval.

    Both are missing where the rows do not tell them.
    """
    if measure.per_template and "template" in rows:
        means = values.groupby([rows[item], rows["template"]], sort=False).mean()
        of_templates = means.groupby(level=0, sort=False)
        templates = of_templates.count()
        quantile = pd.Series(stats.t.ppf(_UPPER, templates - 1), templates.index)
        return of_templates.std() / templates**0.5, quantile
    if measure.variance in rows:
        variance = rows[measure.variance].astype(float).where(values.notna())
        by_counts = variance.groupby(rows[item], sort=False).mean() ** 0.5
        return by_counts, pd.Series(stats.norm.ppf(_UPPER), by_counts.index)
    unknown = pd.Series(np.nan, index=rows[item].unique())
    return unknown, unknown


def _wilson(shares: pd.Series, rows: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return the ends of Wilson's 95 % interval of shares of so many rows; missing as the share."""
    # Figures import this module, and none of statsmodels, which takes a second.
    from statsmodels.stats.proportion import proportion_confint

    some = rows.where(rows > 0)
    low, high = proportion_confint(shares * some, some, method="wilson")
    return low, high
