"""How bias distributions over items correlate, one point an item."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from bias_transfer.analysis.cells import inside_groups
from bias_transfer.analysis.description import TaskDescription
from bias_transfer.analysis.means import INTERVENTION, distribution, interventions, unmodified
from bias_transfer.errors import StudyError

# Why the unmodified model is not correlated with anything: nothing is amiss there.
ITSELF = "the unmodified model itself"
_FEWEST_ITEMS = 3
# What rounding leaves of values that do not differ.
_ROUNDING = 1e-12
_NAN = math.nan

_Vector = NDArray[np.float64]


@dataclass(frozen=True)
class _Paired:
    """Two distributions over the same items, of several groups without the means of each.

    Attributes
    ----------
    first, second
        (items,) values.
    groups
        How many groups the items are of.
    undefined
        How many items lack one of the values.
    """

    first: _Vector
    second: _Vector
    groups: int
    undefined: int


def correlations(observations: pd.DataFrame, task: TaskDescription) -> pd.DataFrame:
    """Correlate a task's bias under each intervention with the unmodified model's.

    See `bias_distribution_correlations`, before which stands the column `task`.
    """
    before, after = task.before.column, task.after.column
    found = bias_distribution_correlations(observations, task.item, [before], [after])
    found.insert(0, "task", task.name)
    return found


def transfer(observations: pd.DataFrame, task: TaskDescription) -> pd.DataFrame:
    """Correlate a task's upstream with its downstream bias, an intervention at a time.

    See `item_correlation`, before which stands the column `task`.
    """
    found = item_correlation(observations, task.item, task.before.column, task.after.column)
    found.insert(0, "task", task.name)
    return found


def bias_distribution_correlations(
    observations: pd.DataFrame, item: str, before: Sequence[str], after: Sequence[str]
) -> pd.DataFrame:
    """Correlate each intervention's bias distribution with the unmodified model's.

    A distribution holds one number an item: the mean over templates within each model, then the
    mean over the models (trials and seeds) of the intervention. An intervention is a combination
    of upstream kind, upstream strength and data set; the unmodified model is upstream kind
    "pretrained" on data set kind "original". Undefined cells are skipped and counted.

    Where several groups are compared with one, all numbers are of the items inside their groups,
    without the means of these: that one group has more bias than another, before and after, says
    nothing of the items.

    Parameters
    ----------
    observations
        One row a model x item x template, with the columns "model", "upstream_kind",
        "upstream_strength", "dataset", "dataset_kind", `item`, `before` and `after`, and "group",
        each item's, where there are several.
    item
        Column of the items, e.g. "occupation".
    before, after
        Columns of the upstream and the downstream bias.

    Returns
    -------
    DataFrame
        One row an intervention x measure, in the order of the observations, the unmodified model's
        own included for its Shapiro-Wilk. Where only the data differ, the upstream model is the
        unmodified one, and there is no row for `before`. Columns:

        - upstream_kind, upstream_strength, dataset_kind, dataset, measure;
        - models: how many were averaged;
        - pearson, pearson_p: Pearson's rho; zero: no linear association; its p value is of t with
          items - 1 - groups degrees of freedom;
        - kendall, kendall_p: Kendall's tau-b; zero: the order of the items carries nothing over;
        - shapiro, shapiro_p: Shapiro and Wilk's W of the intervention's own distribution over the
          items used; one: as normal as can be, a small p speaks against normality;
        - items: the items used, those defined in both distributions; groups: of so many groups;
        - undefined_items: the items left out;
        - undefined_values: model x item cells of the intervention with an undefined row;
        - reason: why a number is NaN (fewer than 3 items and one for each further group, constant
          values), else empty.

    Raises
    ------
    StudyError
        If a column is missing, holds text, an infinity or, where it names a row, a gap; or if no
        row is of the unmodified model.

    Notes
    -----
    Steed et al. (2022), Table 2; the tests are scipy's two-sided ones.
    """
    measures = [*before, *after]
    _check(observations, ["model", item], measures)
    control = unmodified(observations)
    if not control.any():
        raise StudyError(
            "correlations: no row is of the unmodified model (upstream_kind pretrained, "
            "dataset_kind original): add it to the study"
        )
    controls = {name: distribution(observations[control], item, name) for name in measures}
    groups = _groups(observations, item)
    rows = []
    for key, group in interventions(observations):
        is_control = bool(control[group.index].all())
        same_upstream = key["upstream_kind"] == "pretrained" and not is_control
        for measure in after if same_upstream else measures:
            paired = _pair(distribution(group, item, measure), controls[measure], groups)
            rows.append(
                {
                    **key,
                    "measure": measure,
                    "models": group["model"].nunique(),
                    **_tests(paired, is_control),
                    "items": len(paired.first),
                    "groups": paired.groups,
                    "undefined_items": paired.undefined,
                    "undefined_values": _undefined_cells(group, item, measure),
                    "reason": _reason(paired, "the intervention's", "the unmodified model's")
                    or (ITSELF if is_control else ""),
                }
            )
    return pd.DataFrame(rows)


def item_correlation(
    observations: pd.DataFrame, item: str, before: str, after: str
) -> pd.DataFrame:
    """Correlate upstream with downstream bias over items, an intervention at a time.

    One point an item: the mean over templates within each model, then over the models of the
    intervention; interventions, groups and undefined cells as in `bias_distribution_correlations`.

    Parameters
    ----------
    observations
        One row a model x item x template, with the columns "model", "upstream_kind",
        "upstream_strength", "dataset_kind", "dataset", `item`, `before` and `after`, and "group"
        where there are several.
    item
        Column of the items, e.g. "occupation".
    before, after
        Columns of the upstream and the downstream bias.

    Returns
    -------
    DataFrame
        One row an intervention: upstream_kind, upstream_strength, dataset_kind, dataset, models,
        pearson (zero: no linear association), pearson_p, items (those with both numbers), groups,
        undefined_items, reason (why a number is NaN, else empty).

    Raises
    ------
    StudyError
        If a column is missing, holds text, an infinity or, where it names a row, a gap.

    Notes
    -----
    Steed et al. (2022), Figure 9.
    """
    _check(observations, ["model", item], [before, after])
    groups = _groups(observations, item)
    rows = []
    for key, group in interventions(observations):
        paired = _pair(distribution(group, item, before), distribution(group, item, after), groups)
        rho, p_value = _pearson(paired)
        rows.append(
            {
                **key,
                "models": group["model"].nunique(),
                "pearson": rho,
                "pearson_p": p_value,
                "items": len(paired.first),
                "groups": paired.groups,
                "undefined_items": paired.undefined,
                "reason": _reason(paired, f"{before}'s", f"{after}'s"),
            }
        )
    return pd.DataFrame(rows)


def shapiro_wilk(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return Shapiro and Wilk's W and its p value.

    One: as normal as can be; a small p speaks against normality. NaN for fewer than 3 values and
    for constant ones.
    """
    if len(values) < _FEWEST_ITEMS or _constant(values):
        return _NAN, _NAN
    result = stats.shapiro(_on_unit_scale(values))
    return float(result.statistic), float(result.pvalue)


def _check(observations: pd.DataFrame, keys: Sequence[str], measures: Sequence[str]) -> None:
    for name in (*INTERVENTION, *keys, *measures):
        if name not in observations.columns:
            raise StudyError(f"correlations: the observations have no column {name!r}")
    if not observations.index.is_unique:
        raise StudyError("correlations: the observations' row labels repeat: reset the index")
    # Only the strength may be empty: an unmodified or random upstream model has none.
    for name in (*keys, "upstream_kind", "dataset_kind", "dataset"):
        if observations[name].isna().any():
            raise StudyError(f"correlations: column {name!r} has empty cells: fill them in")
    for name in measures:
        if not pd.api.types.is_numeric_dtype(observations[name].dtype):
            raise StudyError(f"correlations: column {name!r} holds text where numbers are needed")
        if np.isinf(observations[name].to_numpy(dtype=np.float64)).any():
            raise StudyError(
                f"correlations: column {name!r} holds an infinity: leave undefined cells empty"
            )


def _undefined_cells(group: pd.DataFrame, item: str, measure: str) -> int:
    undefined = group[measure].isna()
    return int(undefined.groupby([group["model"], group[item]]).any().sum())


def _groups(observations: pd.DataFrame, item: str) -> pd.Series:
    """Return the group of each item, by item; all are of one where none is named."""
    items = observations.drop_duplicates(item).set_index(item)
    return items["group"] if "group" in items else pd.Series("", index=items.index)


def _pair(first: pd.Series, second: pd.Series, groups: pd.Series) -> _Paired:
    both = pd.concat([first, second], axis=1, keys=["first", "second"]).astype(float)
    defined = both.dropna()
    of = groups[defined.index]
    inside = defined if of.nunique() < 2 else _inside(defined, of)
    return _Paired(
        first=inside["first"].to_numpy(),
        second=inside["second"].to_numpy(),
        groups=of.nunique(),
        undefined=len(both) - len(defined),
    )


def _inside(values: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Return values without the means of their groups; zero where that leaves rounding."""
    left = inside_groups(values, groups)
    return left.where(left.abs() > _ROUNDING * values.abs().max(), 0.0)


def _constant(values: _Vector) -> bool:
    """Tell whether values differ by no more than the rounding of a mean over models does."""
    return bool(np.ptp(values) <= _ROUNDING * np.abs(values).max())


def _reason(paired: _Paired, first: str, second: str) -> str:
    """Say why a number about the pair is undefined; empty when none is."""
    # Each further group takes one for its mean.
    fewest = _FEWEST_ITEMS + max(0, paired.groups - 1)
    if len(paired.first) < fewest:
        return f"fewer than {fewest} items are defined in both"
    constant = [
        whose
        for whose, values in ((first, paired.first), (second, paired.second))
        if _constant(values)
    ]
    return f"{' and '.join(constant)} values are constant" if constant else ""


def _defined(paired: _Paired) -> bool:
    return _reason(paired, "", "") == ""


def _pearson(paired: _Paired) -> tuple[float, float]:
    if not _defined(paired):
        return _NAN, _NAN
    rho = float(
        stats.pearsonr(_on_unit_scale(paired.first), _on_unit_scale(paired.second)).statistic
    )
    # Two-sided, of t² = ρ² df / (1 - ρ²); scipy's own p knows of no groups.
    df = len(paired.first) - 1 - paired.groups
    return rho, float(special.betainc(df / 2, 0.5, 1 - rho**2))


def _tests(paired: _Paired, is_control: bool) -> dict[str, float]:
    """Return the correlations and Shapiro-Wilk, NaN where `_reason` says so."""
    pearson = kendall = (_NAN, _NAN)
    if _defined(paired) and not is_control:  # a distribution's correlation with itself says nothing
        pearson = _pearson(paired)
        result = stats.kendalltau(paired.first, paired.second)
        kendall = float(result.statistic), float(result.pvalue)
    shapiro = shapiro_wilk(paired.first)
    names = ("pearson", "kendall", "shapiro")
    return {
        name: value
        for test, pair in zip(names, (pearson, kendall, shapiro), strict=True)
        for name, value in ((test, pair[0]), (f"{test}_p", pair[1]))
    }


def _on_unit_scale(values: _Vector) -> _Vector:
    """Shift and scale to [-1/2, 1/2]: scipy warns of, or rounds off, values far from zero."""
    shifted: _Vector = (values - values.min()) / np.ptp(values) - 0.5
    return shifted
