"""How much of the unmodified model's bias an intervention leaves, before and after fine-tuning."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from bias_transfer.analysis.cells import failed, of_few_test_rows, unmodified_learnt
from bias_transfer.analysis.description import FEWEST_ITEMS, Quantity, TaskDescription
from bias_transfer.analysis.means import INTERVENTION, interventions, unmodified
from bias_transfer.analysis.reliability import cronbach_alpha
from bias_transfer.analysis.verdict import LEAST_RELIABILITY
from bias_transfer.analysis.within import codes, demeaned

# In the column `adaptation`, what was measured before any.
BEFORE = ""
REMAINING_COLUMNS = (
    *("task", "adaptation", *INTERVENTION, "measure", "models", "unmodified_models"),
    *("items", "undefined_items"),
    *("remaining", "low", "high", "reason"),
)
_UPPER = 0.975
_ROUNDING = 1e-12

_Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Compared:
    """The values of an intervention's models and of unmodified ones, over the same items.

    Attributes
    ----------
    altered, control
        (items, models) values of each.
    other_seed
        (altered, control) booleans: which pairs of models have not the same seed.
    groups, clusters
        (items,) whose mean is taken out of each value, and what items share errors with.
    """

    altered: _Values
    control: _Values
    other_seed: NDArray[np.bool_]
    groups: NDArray[np.int64]
    clusters: NDArray[np.int64]


def remaining(
    observations: pd.DataFrame,
    performance: pd.DataFrame,
    task: TaskDescription,
    fewest_test_rows: int,
) -> pd.DataFrame:
    """Estimate what share of the unmodified model's bias remains after each intervention.

    A model's bias is how its items differ: b, their values less the mean of all (of several groups,
    less that of their group). The share is the covariance of b under the intervention with that of
    the unmodified model, divided by the variance of the latter: the slope of the one on the other.
    One: each item's bias is as large as it was. Zero: none of it remains, though there may be other
    bias. Below zero: it is reversed.

    What a fine-tuning seed does by chance is no bias that could remain. So the variance is that
    which unmodified models of several seeds have in common, the mean of ⟨bᵢ, bⱼ⟩ over i ≠ j, and
    the covariance is with unmodified models of other seeds than the altered one's. With one seed
    chance counts as bias, and the share comes out too small.

    Parameters
    ----------
    observations
        The task's observation table, every adaptation.
    performance
        `model`, `accuracy`, `majority_accuracy` and `test_rows` of each model: one that did not
        learn the task is left out.
    task
        Names the principal measure and the outcome.
    fewest_test_rows
        That an item's downstream bias must rest on, in each group that is compared.

    Returns
    -------
    pandas.DataFrame
        One row an intervention × adaptation, and one of the measure of upstream bias, with an empty
        `adaptation`, where the checkpoint is altered; columns `REMAINING_COLUMNS`:

        - models, unmodified_models: how many of the intervention are compared with how many, those
          aside that did not learn the task;
        - items: those whose value is defined in all of them; undefined_items: the others;
        - remaining: the share; low, high: the ends of its 95 % interval, by the jackknife over
          items (of several groups, over labels) and Student's t with one degree of freedom less
          than there are of them. Chance of fine-tuning that strikes each item by itself is in it,
          what all items share is not;
        - reason: why there is no share: fewer than 6 items, no model that learnt the task, an
          unmodified one whose values do not vary, a reliability over seeds below that which a
          verdict needs; or why a share of zero has no interval: the altered models' values do not
          vary.
    """
    found = [*_before(observations, task)]
    for adaptation, _ in task.adaptations:
        rows = observations[observations["adaptation"] == adaptation]
        enough = rows[~of_few_test_rows(rows, task.outcome, fewest_test_rows)]
        # Where no unmodified model learnt the task, none is said to have failed.
        learnt = unmodified_learnt(rows, performance)
        unlearnt = failed(rows, performance) if learnt else set(rows["model"])
        found += _rows(enough, task, task.outcome, adaptation, unlearnt)
    return pd.DataFrame(found, columns=list(REMAINING_COLUMNS))


def _before(observations: pd.DataFrame, task: TaskDescription) -> Iterator[dict[str, object]]:
    """Compare checkpoints; each is that of many models, and counts once."""
    of_checkpoints = observations[observations["dataset_kind"] == "original"]
    first = of_checkpoints.drop_duplicates("upstream")["model"]
    # None has been fine-tuned, with whichever seed.
    rows = of_checkpoints[of_checkpoints["model"].isin(first)].assign(seed=0)
    yield from _rows(rows, task, task.before, BEFORE)


def _rows(
    rows: pd.DataFrame,
    task: TaskDescription,
    quantity: Quantity,
    adaptation: str,
    unlearnt: Collection[str] = (),
) -> Iterator[dict[str, object]]:
    """Compare each intervention's models, but for those that did not learn the task."""
    values = rows.groupby([task.item, "model"])[quantity.column].mean().unstack("model")
    items = rows.drop_duplicates(task.item).set_index(task.item).loc[values.index]
    models = rows.drop_duplicates("model").set_index("model")
    is_control, learnt = unmodified(models), ~models.index.isin(unlearnt)
    control = models[is_control & learnt]
    for key, group in interventions(models[~is_control]):
        altered = group[~group.index.isin(unlearnt)]
        defined = values[[*altered.index, *control.index]].notna().all(axis=1).to_numpy()
        compared = Compared(
            altered=values.loc[defined, altered.index].to_numpy(dtype=np.float64),
            control=values.loc[defined, control.index].to_numpy(dtype=np.float64),
            other_seed=np.not_equal.outer(altered["seed"].to_numpy(), control["seed"].to_numpy()),
            groups=_codes(items[defined], "group"),
            clusters=_codes(items[defined].assign(item=items.index[defined]), "label", "item"),
        )
        share, low, high, reason = share_remaining(compared)
        yield {
            "task": task.name,
            "adaptation": adaptation,
            **key,
            "measure": quantity.column,
            "models": len(altered),
            "unmodified_models": len(control),
            "items": int(defined.sum()),
            "undefined_items": int((~defined).sum()),
            "remaining": share,
            "low": low,
            "high": high,
            "reason": reason,
        }


def _codes(items: pd.DataFrame, *columns: str) -> NDArray[np.int64]:
    """Return numbers for the first of some columns that is there; equal ones without any."""
    named = [items[column] for column in columns if column in items]
    values = named[0] if named else pd.Series("", index=items.index)
    return pd.factorize(values)[0].astype(np.int64)


def share_remaining(of: Compared) -> tuple[float, float, float, str]:
    """Return the share of the unmodified models' bias that others have.

    Parameters
    ----------
    of
        The values of both; see `remaining` for what the share is.

    Returns
    -------
    tuple
        The share, the ends of its 95 % interval, and why there are none (empty where there are).
    """
    reason = _reason(of)
    if reason:
        return math.nan, math.nan, math.nan, reason
    if not _varies(of.altered, of.groups).any():
        return 0.0, math.nan, math.nan, "all items have the same value, which has no error to tell"
    return *_with_interval(of), ""


def _reason(of: Compared) -> str:
    """Say why there is no share; empty where there is one."""
    clusters = len(np.unique(of.clusters))
    if not of.control.shape[1]:
        return "there is no unmodified model that learnt the task"
    if not of.altered.shape[1]:
        return "there is no model of the intervention that learnt the task"
    if clusters < FEWEST_ITEMS:
        return f"fewer than {FEWEST_ITEMS} items are defined in all models"
    if not _varies(of.control, of.groups).all():
        return "the unmodified model's values do not vary"
    own = demeaned(of.control, of.groups)
    # Of seeds, in place of templates; of one alone there is none.
    reliability = cronbach_alpha(own)
    if math.isnan(reliability) and own.shape[1] > 1:
        return "the mean of the unmodified model's seeds does not vary"
    if reliability < LEAST_RELIABILITY:
        return (
            f"the reliability of the unmodified model's bias over seeds is {reliability:.2f}, and "
            f"{LEAST_RELIABILITY} is needed"
        )
    return ""


def _varies(values: _Values, groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of which models the values differ by more than rounding does."""
    largest = np.abs(demeaned(values, groups)).max(axis=0)
    return np.asarray(largest > _ROUNDING * np.abs(values).max(axis=0))


def _with_interval(of: Compared) -> tuple[float, float, float]:
    """Return the share and the ends of its interval."""
    share = _share(of, np.ones(len(of.clusters), dtype=bool))
    names = np.unique(of.clusters)
    without = np.array([_share(of, of.clusters != name) for name in names])
    error = math.sqrt((1 - 1 / len(names)) * float(((without - share) ** 2).sum()))
    margin = float(stats.t.ppf(_UPPER, len(names) - 1)) * error
    return share, share - margin, share + margin


def _share(of: Compared, kept: NDArray[np.bool_]) -> float:
    groups = codes(of.groups[kept])
    altered, control = (demeaned(each[kept], groups) for each in (of.altered, of.control))
    products = altered.T @ control
    # One seed alone is all there is to compare with.
    pairs = of.other_seed if control.shape[1] > 1 else np.ones_like(of.other_seed)
    return float(products[pairs].mean() / _common(control))


def _common(control: _Values) -> float:
    """Return the mean product of two unmodified models; of one alone, with itself."""
    models = control.shape[1]
    own = float((control**2).sum())
    if models == 1:
        return own
    of_all = float((control.sum(axis=1) ** 2).sum())
    return (of_all - own) / float(models * (models - 1))
