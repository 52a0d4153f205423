"""One row a model × item: what inference about transfer starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.analysis.means import unmodified

# A model of the unaltered data that gains less than this share of what the unmodified one gains
# over the majority class has not learnt the task: its rates say how it fails, not what bias is. Of
# altered data little can be said: the test part is not like them.
LEAST_GAIN = 0.5

UPSTREAM, OUTCOME, VARIANCE = "upstream_bias", "outcome", "outcome_variance"


@dataclass(frozen=True, eq=False)
class Cells:
    """What one adaptation of a task holds for inference.

    Attributes
    ----------
    table
        One row a model × item whose numbers are all defined. Columns: `model`, `checkpoint`,
        `variant` (the checkpoint and the data set), `seed`, `item`, `cluster` (the item, or of
        items that are compared with one reference group, what they share: their label),
        `unmodified`, `upstream_bias` (mean over templates), a column for each covariate,
        `outcome`, `outcome_variance` (its sampling variance, NaN where unknown).
    templates
        Upstream bias of the same rows, a column a template; no column for a measure without
        templates.
    covariates
        Columns of the covariates; the first stands for the bias of the data.
    left_out
        Models that are not in the table, by the reason.
    undefined
        Cells of the other models that are not in it.
    """

    table: pd.DataFrame
    templates: pd.DataFrame
    covariates: tuple[str, ...]
    left_out: Mapping[str, int]
    undefined: int

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

    @property
    def of_unmodified(self) -> pd.DataFrame:
        """The means over the unmodified model's seeds, one row an item."""
        rows = self.table[self.table["unmodified"]]
        numbers = [UPSTREAM, *self.covariates, OUTCOME]
        return rows.groupby("item", sort=False)[numbers].mean()


def cells(
    observations: pd.DataFrame, performance: pd.DataFrame, task: TaskDescription, adaptation: str
) -> Cells:
    """Average over templates, and leave out what says nothing of transfer.

    Left out are checkpoints that hold nothing of the pre-training (there is no upstream bias to
    pass on), those altered by a method that is no instrument (what follows may be an effect of more
    than the bias that it moved), and models that did not learn the task: those of the unaltered
    data that gain less than half of what the unmodified one gains in accuracy over always choosing
    the majority class.

    Parameters
    ----------
    observations
        The task's observation table, every adaptation.
    performance
        `model`, `accuracy` and `majority_accuracy` of each model.
    task
        Names the measure, the outcome and the covariates, and says which checkpoints hold nothing.
    adaptation
        Which rows.
    """
    rows = observations[observations["adaptation"] == adaptation]
    untaught = {each.kind for each in task.interventions if not each.pretrained}
    random = rows["upstream_kind"].isin(untaught)
    crude = {each.kind for each in task.interventions if not each.instrument}
    no_instrument = rows["upstream_kind"].isin(crude)
    unaltered = rows["dataset_kind"] == "original"
    failed = ~random & ~no_instrument & unaltered & rows["model"].isin(_failed(rows, performance))
    left_out = {
        "not pre-trained": rows.loc[random, "model"].nunique(),
        "altered by what is no instrument": rows.loc[no_instrument, "model"].nunique(),
        "did not learn the task": rows.loc[failed, "model"].nunique(),
    }
    kept = rows[~random & ~no_instrument & ~failed]
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
    table = numbers.assign(
        checkpoint=about["upstream"],
        # Of several groups, those of one label share its reference group, and its errors.
        cluster=about["label"] if "label" in about else about.index.get_level_values(task.item),
        variant=about["upstream"] + "/" + about["dataset"],
        seed=about["seed"],
        unmodified=unmodified(about),
    )
    defined = table[[UPSTREAM, *covariates, OUTCOME]].notna().all(axis=1)
    table = table[defined].rename_axis(["model", "item"])
    return Cells(
        table=table.reset_index(),
        templates=_by_template(kept, keys, task.before).loc[table.index].reset_index(drop=True),
        covariates=covariates,
        left_out={reason: count for reason, count in left_out.items() if count},
        undefined=int((~defined).sum()),
    )


def _failed(rows: pd.DataFrame, performance: pd.DataFrame) -> set[str]:
    """Return the models that gain too little over the majority class."""
    quality = performance.set_index("model")
    gain = quality["accuracy"] - quality["majority_accuracy"]
    controls = rows.loc[unmodified(rows), "model"].unique()
    if not len(controls):
        return set()
    return set(gain.index[gain < LEAST_GAIN * gain[controls].mean()])


def _by_template(rows: pd.DataFrame, keys: list[str], measure: Quantity) -> pd.DataFrame:
    if "template" not in rows or not measure.per_template:
        return rows.drop_duplicates(keys).set_index(keys)[[]]
    wide = rows.pivot_table(index=keys, columns="template", values=measure.column, sort=False)
    return wide.astype(float)
