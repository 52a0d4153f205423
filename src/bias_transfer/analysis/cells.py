"""One row a model × item: what inference about transfer starts from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.analysis.chance import above_chance
from bias_transfer.analysis.description import Intervention, Quantity, TaskDescription
from bias_transfer.analysis.means import unmodified

# A model of the unaltered data that gains less than this share of what the unmodified one gains
# over the majority class has not learnt the task: its rates say how it fails, not what bias is. Of
# altered data little can be said: the test part is not like them.
LEAST_GAIN = 0.5

_NOT_DESCRIBED = "of altered data that its covariates do not describe (analysis.covariates_from)"
_NOT_LEARNT = "that did not learn the task (how it fails is no bias)"

Source = Literal["model", "data"]

UPSTREAM, OUTCOME, VARIANCE = "upstream_bias", "outcome", "outcome_variance"


@dataclass(frozen=True, eq=False)
class Cells:
    """What one adaptation of a task holds for inference.

    Attributes
    ----------
    table
        One row a model × item whose numbers are all defined. Columns: `model`, `checkpoint`,
        `dataset`, `variant` (the checkpoint and the data set), `seed`, `item`, `cluster` (the item,
        or of items that are compared with one reference group, what they share: their label),
        `level` (the model; of several groups, the model and the item's group: what all items of a
        level share is one number, not as many as there are items), `group` (the item's, empty where
        only one is compared), `unmodified`, `upstream_bias` (mean over templates), a column for
        each covariate, `outcome`, `outcome_variance` (its sampling variance, NaN where unknown).
    templates
        Upstream bias of the same rows, a column a template; no column for a measure without
        templates.
    covariates
        Columns of the covariates; the first stands for the bias of the data.
    left_out
        Models that are not in the table, by the reason.
    undefined
        Cells of the other models that are not in it, those of scarce items aside.
    without_outcome
        Those of them that have no downstream bias.
    scarce
        Items that are not in it because their downstream bias rests on too few test rows.
    learnt
        Whether the unmodified model learnt the task, with any seed. If it did not, the table shows
        how models fail, and no slope is to be made of it.
    failed
        The sources that were moved in models which are left out because they did not learn the
        task: the model's bias in altered checkpoints, the data's in altered training sets.
    """

    table: pd.DataFrame
    templates: pd.DataFrame
    covariates: tuple[str, ...]
    left_out: Mapping[str, int]
    undefined: int
    without_outcome: int
    scarce: tuple[str, ...]
    learnt: bool
    failed: frozenset[Source]

    def codes(self, column: str) -> NDArray[np.int64]:
        """Return whose each row is, e.g. which item's or model's, numbered from zero."""
        return pd.factorize(self.table[column])[0].astype(np.int64)

    def columns(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return columns of the table, shape (rows, names)."""
        return self.table[list(names)].to_numpy(dtype=np.float64)

    def rows(self, chosen: pd.Series) -> Self:
        """Return some of the rows."""
        table, templates = (
            each[chosen].reset_index(drop=True) for each in (self.table, self.templates)
        )
        return replace(self, table=table, templates=templates)

    @cached_property
    def groups(self) -> pd.Series:
        """The group of each item of the unmodified model, as `of_unmodified` is ordered."""
        rows = self.table[self.table["unmodified"]]
        return rows.drop_duplicates("item").set_index("item")["group"]

    @cached_property
    def of_unmodified(self) -> pd.DataFrame:
        """The means over the unmodified model's seeds, one row an item."""
        rows = self.table[self.table["unmodified"]]
        numbers = [UPSTREAM, *self.covariates, OUTCOME]
        return rows.groupby("item", sort=False)[numbers].mean()


def cells(
    observations: pd.DataFrame,
    performance: pd.DataFrame,
    task: TaskDescription,
    adaptation: str,
    fewest_test_rows: int,
) -> Cells:
    """Average over templates, and leave out what says nothing of transfer.

    Which models are left out, `left_out` says. Items are, where their downstream bias rests on too
    few test rows: such a rate is noise, and with a value far from all others one item can decide a
    slope.

    Parameters
    ----------
    observations
        The task's observation table, every adaptation.
    performance
        `model`, `accuracy`, `majority_accuracy` and `test_rows` of each model.
    task
        Names the measure, the outcome and the covariates, and says which checkpoints hold nothing.
    adaptation
        Which rows.
    fewest_test_rows
        That downstream bias must rest on, in each group that is compared.
    """
    rows = observations[observations["adaptation"] == adaptation]
    reasons = left_out(rows, performance, task)
    kept = rows[~rows["model"].isin(reasons)]
    keys = ["model", task.item]
    covariates = tuple(each.column for each in task.covariates)
    named = {
        task.before.column: UPSTREAM,
        **{name: name for name in covariates},
        task.outcome.column: OUTCOME,
        task.outcome.variance or VARIANCE: VARIANCE,
    }
    numbers = (
        kept.reindex(columns=[*keys, *named])
        .groupby(keys, sort=False)
        .mean()
        .rename(columns=named)
        .astype(float)
    )
    about = kept.drop_duplicates(keys).set_index(keys)
    items, models = (about.index.get_level_values(key) for key in (task.item, "model"))
    group = about["group"].astype(str) if "group" in about else ""
    table = numbers.assign(
        checkpoint=about["upstream"],
        dataset=about["dataset"],
        # Of several groups, those of one label share its reference group, and its errors.
        cluster=about.get("label", items),
        level=models + "/" + group,
        group=group,
        variant=about["upstream"] + "/" + about["dataset"],
        seed=about["seed"],
        unmodified=unmodified(about),
    )
    without_outcome = int(table[OUTCOME].isna().sum())
    defined = table[[UPSTREAM, *covariates, OUTCOME]].notna().all(axis=1)
    scarce = table[OUTCOME].notna() & of_few_test_rows(about, task.outcome, fewest_test_rows)
    table = table[defined & ~scarce].rename_axis(["model", "item"])
    return Cells(
        table=table.reset_index(),
        templates=_by_template(kept, keys, task.before).loc[table.index].reset_index(drop=True),
        covariates=covariates,
        left_out=Counter(reasons.values()),
        undefined=int((~defined & ~scarce).sum()),
        without_outcome=without_outcome,
        scarce=tuple(dict.fromkeys(scarce.index[scarce].get_level_values(task.item))),
        learnt=unmodified_learnt(rows, performance),
        failed=_moved_in(rows, [name for name, why in reasons.items() if why == _NOT_LEARNT]),
    )


def inside_groups(values: pd.DataFrame, groups: pd.Series | pd.Index) -> pd.DataFrame:
    """Return values of items without the means of their groups, which are no item's own.

    Parameters
    ----------
    values
        A row an item.
    groups
        Of each row, in the same order.
    """
    return values - values.groupby(groups.to_numpy()).transform("mean")


def left_out(
    rows: pd.DataFrame, performance: pd.DataFrame, task: TaskDescription
) -> dict[str, str]:
    """Return the models that say nothing of transfer, each with the reason in words.

    Checkpoints that hold nothing of the pre-training have no upstream bias to pass on. After a
    method that is no instrument, what follows may be an effect of more than the bias that it moved.
    What moved downstream bias is unknown where the data were altered and the covariates are of
    other data. And models that did not learn the task show how they fail: those that gain no more
    in accuracy over always choosing the majority class than chance would, and of the unaltered data
    those that gain less than half of what the unmodified one does. Where the unmodified one itself
    did not learn it, there is nothing to compare with, and none is left out for that.

    Parameters
    ----------
    rows
        Observations of one adaptation.
    performance, task
        As for `cells`.

    Returns
    -------
    dict
        From a model to its reason, ordered by reason: as the interventions, then as above.
    """
    models = rows.drop_duplicates("model")
    found: dict[str, str] = {}
    for each in task.interventions:
        if not (each.pretrained and each.instrument):
            own = models.loc[models["upstream_kind"] == each.kind, "model"]
            found |= dict.fromkeys(map(str, own), _why_not(each))
    if "covariates_dataset" in models:
        other = models.loc[models["covariates_dataset"] != models["dataset"], "model"]
        found |= {str(model): _NOT_DESCRIBED for model in other if model not in found}
    unlearnt = models.loc[models["model"].isin(failed(rows, performance)), "model"]
    return found | {str(model): _NOT_LEARNT for model in unlearnt if model not in found}


def _why_not(method: Intervention) -> str:
    if not method.pretrained:
        return "not pre-trained (no bias to pass on)"
    return f"altered by {method.title} (which may change more than the bias that it moves)"


def failed(rows: pd.DataFrame, performance: pd.DataFrame) -> set[str]:
    """Return the models that gain too little over the majority class."""
    if not unmodified_learnt(rows, performance):
        return set()
    quality = performance.set_index("model")
    gain, above = quality["accuracy"] - quality["majority_accuracy"], above_chance(quality)
    controls = [model for model in rows.loc[unmodified(rows), "model"].unique() if above[model]]
    unaltered = quality.index.isin(rows.loc[rows["dataset_kind"] == "original", "model"])
    # Nothing is too little where there is no unmodified model.
    too_little = unaltered & (gain < LEAST_GAIN * gain[controls].mean())
    return set(quality.index[too_little | ~above])


def _moved_in(rows: pd.DataFrame, models: Sequence[str]) -> frozenset[Source]:
    """Return the sources that interventions moved in some models."""
    of = rows[rows["model"].isin(models)]
    moved: dict[Source, pd.Series] = {
        "model": of["upstream_kind"] != "pretrained",
        "data": of["dataset_kind"] != "original",
    }
    return frozenset(source for source, where in moved.items() if where.any())


def unmodified_learnt(rows: pd.DataFrame, performance: pd.DataFrame) -> bool:
    """Return whether any seed of the unmodified model learnt the task; true where there is none."""
    models = rows.loc[unmodified(rows), "model"].unique()
    controls = performance[performance["model"].isin(models)]
    return controls.empty or bool(above_chance(controls).any())


def of_few_test_rows(rows: pd.DataFrame, outcome: Quantity, fewest_test_rows: int) -> pd.Series:
    """Return which rows of observations are known to rest on too few test rows, if on any."""
    if outcome.test_rows not in rows:
        return pd.Series(False, index=rows.index)
    return rows[outcome.test_rows] < fewest_test_rows


def _by_template(rows: pd.DataFrame, keys: list[str], measure: Quantity) -> pd.DataFrame:
    if "template" not in rows or not measure.per_template:
        return rows.drop_duplicates(keys).set_index(keys)[[]]
    wide = rows.pivot_table(index=keys, columns="template", values=measure.column, sort=False)
    return wide.astype(float)
