"""What could not be defined or estimated, how often, and why."""

import re
from collections.abc import Iterator, Mapping

import pandas as pd

from bias_transfer.analysis.correlation import ITSELF
from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.analysis.tables import why_missing
from bias_transfer.report.page.tables import Table, texts, title_of
from bias_transfer.report.page.words import listed
from bias_transfer.report.sheet import begun, count


def undefined_values(task: TaskDescription, observations: pd.DataFrame) -> Table:
    """Count the values that do not exist, by quantity and reason.

    Parameters
    ----------
    task
        Names the quantities.
    observations
        One row a model, item and template, of all adaptations.
    """
    return Table(
        name=f"undefined-{task.name}",
        caption=f"{task.title}: values that do not exist, and why",
        heads=("Quantity", "Why", "Undefined", "Of", begun(task.items)),
        rows=tuple(
            row for quantity in _quantities(task) for row in _of(quantity, task, observations)
        ),
        note=(
            "Counted are pairs of a model and an item, of upstream bias also by template. They "
            "stay in the tables as rows without a number, and are left out of fits; nothing is "
            "filled in."
        ),
        file=f"observations/{task.name}.csv",
    )


def undefined_estimates(task: TaskDescription, estimates: Mapping[str, pd.DataFrame]) -> Table:
    """Count the estimates that could not be made, by table and reason.

    Parameters
    ----------
    task
        Whose.
    estimates
        The task's rows of tables with a column `reason`, by the names of the tables.
    """
    titles = {each.column: each.title for each in _quantities(task)}
    rows = []
    for name, table in estimates.items():
        reasons = texts(table["reason"])
        for reason, number in reasons[~reasons.isin(["", ITSELF])].value_counts().items():
            heading = begun(name.replace("_", " "))
            rows.append(
                (heading, _named(str(reason), titles), count(int(number)), count(len(table)))
            )
    return Table(
        name=f"not-estimated-{task.name}",
        caption=f"{task.title}: estimates that could not be made, and why",
        heads=("Table", "Why", "Rows", "Of"),
        rows=tuple(rows),
        note="The tables of `analysis/`.",
    )


def _named(reason: str, titles: Mapping[str, str]) -> str:
    """Write the titles of quantities for the columns that a reason names."""
    return re.sub(r"\w+", lambda found: titles.get(found[0], found[0]), reason)


def _quantities(task: TaskDescription) -> Iterator[Quantity]:
    every = (*task.measures, task.outcome, *task.outcomes, *task.covariates)
    yield from {each.column: each for each in every}.values()


def _of(
    quantity: Quantity, task: TaskDescription, observations: pd.DataFrame
) -> Iterator[tuple[str, ...]]:
    once = (
        observations
        if quantity.per_template
        else observations.drop_duplicates(["model", task.item])
    )
    gone = once[once[quantity.column].isna()] if quantity.column in once else once
    if gone.empty:
        return
    for reason, rows in gone.groupby(why_missing(gone, quantity, task), sort=False):
        items = list(dict.fromkeys(title_of(task, item) for item in rows[task.item]))
        yield (
            begun(quantity.title),
            str(reason),
            count(len(rows)),
            count(len(once)),
            listed(items),
        )
