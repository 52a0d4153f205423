"""The table that everything is estimated from: one row a model × item × template."""

from collections.abc import Callable, Sequence
from functools import reduce

import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.errors import StudyError

Derived = Callable[[pd.DataFrame], pd.DataFrame]


def joined_scores(scores: Sequence[pd.DataFrame], item: str) -> pd.DataFrame:
    """Join what several measures found in one language model.

    Measures with templates meet on item and template; one without repeats over them. A cell that
    only some of them score is a row all the same.

    Parameters
    ----------
    scores
        One table a measure, with the item's column, `template` where it has templates, and its
        numbers; columns that two of them share say the same of an item.
    item
        Column of the items.

    Returns
    -------
    pandas.DataFrame
        One row an item × template, or an item where no measure has templates, in the order of the
        first measure that has them.
    """
    templated = [table for table in scores if "template" in table] or list(scores)
    keys = [name for name in (item, "template") if name in templated[0]]
    cells = pd.concat([table[keys] for table in templated]).drop_duplicates(ignore_index=True)
    return reduce(lambda table, of_one: _described(table, of_one, *keys), scores, cells)


def observations(
    models: pd.DataFrame,
    before: Sequence[pd.DataFrame],
    after: Sequence[pd.DataFrame],
    rates: pd.DataFrame,
    covariates: pd.DataFrame,
    *,
    item: str,
    kept_after: Sequence[str],
    derived: Sequence[Derived] = (),
) -> pd.DataFrame:
    """Join every model's bias before and after fine-tuning with its covariates.

    Parameters
    ----------
    models
        One row a model: `model`, `dataset`, `covariates_dataset` (whose training part describes
        it) and what else identifies it.
    before, after
        Joined scores of each model's upstream checkpoint and of its fine-tuned encoder, in the
        order of `models`.
    rates
        Downstream bias, one row a model × item.
    covariates
        One row a data set × item.
    item
        Column of the items. Columns that scores, rates and covariates share besides it describe the
        item, and must say the same of it.
    kept_after
        Columns of the scores that are kept of those after fine-tuning, as `<column>_after`.
    derived
        From the joined scores, before and after, to columns to add to them.

    Returns
    -------
    pandas.DataFrame
        One row a model × item × template, in the order of `models`; every cell that could not be
        computed is missing, with the reason in `undefined`.
    """
    parts = [
        _with_later(first, second, item, kept_after).assign(
            **{str(key): value for key, value in row.items()}
        )
        for row, first, second in zip(models.to_dict("records"), before, after, strict=True)
    ]
    table = pd.concat(parts, ignore_index=True)
    for columns in derived:
        table = pd.concat([table, columns(table)], axis=1)
    described = covariates.rename(columns={"dataset": "covariates_dataset"})
    about_items = [name for name in before[0] if name in rates]
    table = _described(table, rates, "model", item)
    table = _described(table, described, "covariates_dataset", item)
    identity = [*models.columns, *about_items, *(["template"] if "template" in table else [])]
    return table[[*identity, *table.columns.drop(identity)]]


def principally_adapted(observations: pd.DataFrame, task: TaskDescription) -> pd.DataFrame:
    """Return the rows of a task's first adaptation, which every model of the grid has.

    Statistics over models that do not tell adaptations apart are of these rows.
    """
    kept = observations["adaptation"] == task.principal_adaptation
    return observations[kept].reset_index(drop=True)


def _with_later(
    first: pd.DataFrame, second: pd.DataFrame, item: str, kept: Sequence[str]
) -> pd.DataFrame:
    """Put the kept columns of the scores after fine-tuning beside those before."""
    keys = [name for name in (item, "template") if name in first]
    later = second[[*keys, *kept]].rename(columns={name: f"{name}_after" for name in kept})
    return first.merge(later, on=keys, how="left", validate="one_to_one")


def _described(table: pd.DataFrame, about: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Add what another table says of the rows; what is said of an item, the two may share."""
    shared = [name for name in about if name in table]
    for name in shared:
        if name not in keys and pd.api.types.is_numeric_dtype(about[name]):
            raise StudyError(
                f"observations: two tables have a column {name!r}: rename it in the measure's own"
            )
    return table.merge(about, on=shared, how="left", validate="many_to_one")
