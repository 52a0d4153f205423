"""The study's answer in a page of text, every number of which stands in a table."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.analysis.means import distribution, unmodified
from bias_transfer.analysis.tables import why_missing

SIGNIFICANCE = 0.01


def answer(
    note: str,
    tasks: Sequence[TaskDescription],
    observations: Mapping[str, pd.DataFrame],
    regressions: pd.DataFrame,
    performance: Mapping[str, pd.DataFrame],
) -> str:
    """Write the answer as Markdown.

    Parameters
    ----------
    note
        What the text is, generated or not.
    tasks
        The study's tasks, in the order of their sections.
    observations, performance
        By task: the observation table and each model's accuracy.
    regressions
        The coefficient table of all tasks.
    """
    regressions = regressions.fillna({"reason": ""})  # as a table that was read again has it
    parts = [f"# Does upstream bias survive fine-tuning?\n\n{note}\n"]
    for task in tasks:
        rows = observations[task.name]
        lines = [
            _quality(rows, performance[task.name]),
            _extremes(task, rows),
            *_findings(task, regressions[regressions["task"] == task.name]),
            _undefined(task, rows),
        ]
        parts.append("\n".join([f"## {task.title}", "", *(f"- {line}" for line in lines), ""]))
    return "\n".join(parts)


def _quality(observations: pd.DataFrame, performance: pd.DataFrame) -> str:
    control = performance["model"].isin(observations.loc[unmodified(observations), "model"])
    quality = performance[control].mean(numeric_only=True)
    others = performance.loc[~control, "accuracy"]
    if others.empty:
        return f"{_counted(len(performance), 'model')}, accuracy {quality['accuracy']:.3f}."
    return (
        f"{performance['model'].nunique()} models. From the unmodified checkpoint, accuracy is "
        f"{quality['accuracy']:.3f} on {quality['test_rows']:.0f} test rows (majority class "
        f"{quality['majority_accuracy']:.3f}); over the others it runs from {others.min():.3f} to "
        f"{others.max():.3f}."
    )


def _extremes(task: TaskDescription, observations: pd.DataFrame) -> str:
    """Name the items at both ends of downstream bias, in the unmodified model."""
    control = observations[unmodified(observations)]
    means = distribution(control, task.item, task.outcome.column).dropna()
    by_item = means.sort_index().sort_values(kind="stable")
    if by_item.empty:
        return f"{task.outcome.title} is not defined for any item."
    name = task.outcome.drawn or task.outcome.title
    return (
        f"Lowest {name}: {_named(by_item.head(3), task)}. "
        f"Highest: {_named(by_item.tail(3)[::-1], task)}."
    )


def _findings(task: TaskDescription, regressions: pd.DataFrame) -> list[str]:
    lines = []
    for column, rows in regressions.groupby("column", sort=False):
        head = rows.iloc[0]
        if head["reason"]:
            lines.append(f"{column}: not estimated, {head['reason']}.")
            continue
        estimates = {row["term"]: row for _, row in rows.iterrows()}
        said = "; ".join(
            f"{name}: {_effect(estimates[quantity.column])}"
            for quantity, name in (
                (task.before, f"{task.before.title} before fine-tuning"),
                (task.covariates[0], task.covariates[0].title),
            )
        )
        lines.append(
            f"{column} ({_counted(int(head['models']), 'model')}, N = {head['observations']:.0f}, "
            f"R² = {head['r_squared']:.2f}): {said}."
        )
    return lines


def _effect(row: pd.Series) -> str:
    verdict = "significant" if row["p_value"] < SIGNIFICANCE else "not significant"
    clustered = row["p_value_item_clustered"]
    honest = (
        f"not defined for {_counted(int(row['items']), 'item')}"
        if math.isnan(clustered)
        else f"p = {clustered:.2g}"
    )
    return (
        f"{row['coefficient']:+.3f} ± {row['standard_error']:.3f} ({verdict} at {SIGNIFICANCE}; "
        f"clustered by item {honest})"
    )


def _undefined(task: TaskDescription, observations: pd.DataFrame) -> str:
    """Count the cells for which the outcome does not exist, by reason."""
    cells = observations.drop_duplicates(["model", task.item])
    column = task.outcome.column
    gone = cells[cells[column].isna()] if column in cells else cells
    counts = why_missing(gone, task.outcome, task).value_counts()
    reasons = ", ".join(f"{count} times {reason}" for reason, count in counts.items())
    total = f"Undefined cells, of a model and an item: {len(gone)} of {len(cells)}."
    return f"{total} {reasons}".rstrip()


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def _named(values: pd.Series, task: TaskDescription) -> str:
    """Print values of the outcome, of a logarithm what it is the logarithm of."""
    drawn = values.map(math.exp) if task.outcome.drawn else values
    return ", ".join(
        f"{task.item_titles.get(str(item), item)} {value:.2f}" for item, value in drawn.items()
    )
