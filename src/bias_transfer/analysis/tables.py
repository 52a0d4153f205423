"""Tables of regressions: which models make up a column, and what explains what."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from bias_transfer.analysis.description import Intervention, Quantity, TaskDescription
from bias_transfer.analysis.means import unmodified
from bias_transfer.analysis.regression import HC3, HC3_KINDS, Regression, Specification, regress
from bias_transfer.errors import StudyError, counted

Selection = Callable[[pd.DataFrame], pd.Series]

_NO_LOGARITHM = "no such rate, or a rate of zero under the ratio or its logarithm"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        Its head; unique in its table.
    selects
        The models that it is fitted on.
    regressors
        Columns of the observations, in the order of the printed rows.
    templates
        "dummies": a dummy each, beside model effects; "effects": the templates are the fixed
        effects; "averaged": the measure has no templates, and each model and item is one row.
    outcome
        Column of what is explained; None for the task's downstream bias.
    """

    name: str
    selects: Selection
    regressors: tuple[str, ...]
    templates: Literal["dummies", "effects", "averaged"] = "dummies"
    outcome: str | None = None


@dataclass(frozen=True)
class Table:
    """A table of regressions of one task.

    Attributes
    ----------
    name
        By which files, anchors and results refer to it.
    title
        Its caption.
    columns
        In order.
    number
        The one that it has in print; None for a table that is called by its name.
    quantities
        Columns of the observations as the table calls them, before the task's own words.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    number: int | None = None
    quantities: tuple[Quantity, ...] = ()

    @property
    def heading(self) -> str:
        """How messages speak of it."""
        return self.title if self.number is None else f"Table {self.number}"

    def quantity(self, column: str, task: TaskDescription) -> Quantity:
        """Return what a column of the observations is called."""
        known = {
            each.column: each
            for each in (
                *task.measures,
                *task.covariates,
                *task.outcomes,
                task.outcome,
                # A table's own words come before the task's.
                *self.quantities,
            )
        }
        bare = Quantity(column=column, title=column, label=column, axis=column)
        return known.get(column, bare)


@dataclass(frozen=True, eq=False)
class FittedColumn:
    """A column of a table, estimated.

    Attributes
    ----------
    task, table, number, name
        Which column; numbers count from 1.
    specification
        What was fitted.
    rows
        The observations that it is fitted on, undefined ones left out.
    result
        The fit, or why there is none.
    undefined
        How many rows were left out for each reason.
    absent
        Items of which every row was left out, where some item has a row left.
    """

    task: TaskDescription
    table: Table
    number: int
    name: str
    specification: Specification
    rows: pd.DataFrame
    result: Regression | str
    undefined: Mapping[str, int]
    absent: tuple[str, ...]

    def reason(self, hc3: HC3) -> str:
        """Say why there is no fit, or no standard error of this kind; empty where there is."""
        return self.result if isinstance(self.result, str) else self.result.no_errors.get(hc3, "")


def upstream(*kinds: str) -> Selection:
    """Select models from checkpoints of these kinds, on the data as they are."""
    return lambda rows: rows["upstream_kind"].isin(kinds) & (rows["dataset_kind"] == "original")


def altered(*kinds: str) -> Selection:
    """Select models from the unmodified checkpoint, on data sets of these kinds."""
    return lambda rows: (rows["upstream_kind"] == "pretrained") & rows["dataset_kind"].isin(kinds)


def beside_unmodified(selects: Selection) -> Selection:
    """Select some models and the unmodified one; none in a study that has not got the first."""

    def selected(rows: pd.DataFrame) -> pd.Series:
        own = selects(rows)
        return own | unmodified(rows) if own.any() else own

    return selected


def all_but(*kinds: str) -> Selection:
    """Select every model but those from checkpoints of these kinds, whatever their data."""
    return lambda rows: ~rows["upstream_kind"].isin(kinds)


def regression_table(task: TaskDescription) -> Table:
    """Return the regressions of a task: a column for each group of models that its study has.

    The unmodified model first, each group of interventions in their order, and at last every model
    whose checkpoint still holds what the pre-training taught. All have the principal measure of
    upstream bias and every covariate.
    """
    groups: dict[str, list[Intervention]] = {}
    for each in task.interventions:
        groups.setdefault(each.group, []).append(each)
    selections = {"Pre-trained": unmodified} | {
        group: _group(members) for group, members in groups.items()
    }
    if groups:
        untaught = (each.kind for each in task.interventions if not each.pretrained)
        selections["All pre-trained"] = all_but(*untaught)
    regressors = (task.before.column, *(each.column for each in task.covariates))
    templates: Literal["dummies", "averaged"] = (
        "dummies" if task.before.per_template else "averaged"
    )
    return Table(
        name=f"regressions-{task.name}",
        title=f"What goes with downstream bias, {task.title}",
        columns=tuple(
            Column(name, selects, regressors, templates) for name, selects in selections.items()
        ),
    )


def _group(members: list[Intervention]) -> Selection:
    parts = [upstream(*(each.kind for each in members if each.side == "upstream"))]
    parts.append(altered(*(each.kind for each in members if each.side == "data")))

    def selected(rows: pd.DataFrame) -> pd.Series:
        return pd.concat([part(rows) for part in parts], axis=1).any(axis=1)

    return beside_unmodified(selected) if any(m.with_unmodified for m in members) else selected


# What has an effect of its own where an item is one of several groups with one label.
_MODEL_AND_GROUP = "model and group"

# Of a table of coefficients, whether or not any column could be fitted.
COEFFICIENT_COLUMNS = (
    *("table", "task", "number", "column", "outcome", "term"),
    *("coefficient", "standard_error", "p_value"),
    *("standard_error_item_clustered", "p_value_item_clustered"),
    *("low_item_clustered", "high_item_clustered"),
    *(f"{name}_{kind}" for kind in HC3_KINDS for name in ("standard_error", "p_value")),
    *("hc3", "observations", "models", "items", "fixed_effects", "effects", "slopes"),
    *("residual_df", "r_squared", "adjusted_r_squared", "f_statistic", "f_p_value"),
    *("residual_standard_error", "breusch_pagan_statistic", "breusch_pagan_p_value"),
    *("undefined", "undefined_reason", "absent_items", "reason", "covariate_sd"),
)


def rows_of(task: TaskDescription, column: Column, observations: pd.DataFrame) -> pd.DataFrame:
    """Return the observations that a column is fitted on, undefined ones included."""
    rows = observations.loc[column.selects(observations)]
    if column.templates == "averaged":
        return rows.drop_duplicates(["model", task.item])
    return rows


def specification(task: TaskDescription, table: Table, column: Column) -> Specification:
    """Return what a column fits."""
    return Specification(
        name=f"{table.heading}, {column.name}",
        outcome=column.outcome or task.outcome.column,
        regressors=column.regressors,
        item=task.item,
        templates=task.templates if column.templates == "dummies" else (),
        effects="template" if column.templates == "effects" else "model",
    )


def fit(task: TaskDescription, table: Table, observations: pd.DataFrame) -> Iterator[FittedColumn]:
    """Fit every column of a table; one that cannot be fitted holds the reason."""
    for number, column in enumerate(table.columns, start=1):
        wanted = specification(task, table, column)
        rows = rows_of(task, column, observations)
        if "label" in observations:
            # Of several groups, a label's items share its reference group, and its errors; and how
            # much bias a group has in a model is no item's own.
            rows = rows.assign(**{_MODEL_AND_GROUP: rows["model"] + "/" + rows["group"]})
            effects = _MODEL_AND_GROUP if wanted.effects == "model" else wanted.effects
            wanted = replace(wanted, cluster="label", effects=effects)
        defined = _defined(rows, wanted)
        items = rows[wanted.item]
        reasons = _reasons(rows.loc[~defined], wanted, task, table).value_counts()
        yield FittedColumn(
            task=task,
            table=table,
            number=number,
            name=column.name,
            specification=wanted,
            rows=rows.loc[defined],
            result=_fitted(rows, wanted),
            undefined={str(reason): int(count) for reason, count in reasons.items()},
            absent=tuple(sorted(set(items) - set(items[defined]))) if defined.any() else (),
        )


def _fitted(rows: pd.DataFrame, wanted: Specification) -> Regression | str:
    if rows.empty:
        return "no such model in this study"
    try:
        return regress(rows, wanted)
    except StudyError as error:
        return str(error)


def _numbers(rows: pd.DataFrame, wanted: Specification) -> pd.DataFrame:
    """Return outcome and regressors; one that was never measured is a column of gaps."""
    return rows.reindex(columns=[wanted.outcome, *wanted.regressors])


def _defined(rows: pd.DataFrame, wanted: Specification) -> pd.Series:
    defined: pd.Series = _numbers(rows, wanted).notna().all(axis=1)
    return defined


def _reasons(
    left_out: pd.DataFrame, wanted: Specification, task: TaskDescription, table: Table
) -> pd.Series:
    """Say for each row left out which of its numbers is missing, and why; the outcome first."""
    missing = _numbers(left_out, wanted).isna()
    reasons = pd.Series("", index=left_out.index, dtype=object)
    for name in (*reversed(wanted.regressors), wanted.outcome):
        why = why_missing(left_out, table.quantity(name, task), task)
        reasons = reasons.mask(missing[name], why)
    return reasons


def why_missing(rows: pd.DataFrame, quantity: Quantity, task: TaskDescription) -> pd.Series:
    """Say why a quantity is missing, for rows of which each lacks it.

    Of a task's downstream bias the observations say it themselves, but not why there is no ratio
    or logarithm of a rate that they have.
    """
    name = quantity.column
    if name not in rows:
        return pd.Series(f"{name} was not measured", index=rows.index, dtype=object)
    downstream = {each.column for each in (*task.outcomes, task.outcome)}
    why = quantity.missing or (_NO_LOGARITHM if name in downstream else f"no {name}")
    known = rows["undefined"].astype(object) if name in downstream else pd.Series("", rows.index)
    return known.where(known.notna() & (known != ""), why)


def coefficient_table(fits: Iterable[FittedColumn], hc3: HC3) -> pd.DataFrame:
    """Lay fitted columns out, one row a column and term, beside the column's own numbers.

    The chosen HC3 is repeated as `standard_error` and `p_value`. A column without a fit has a row
    for each regressor all the same, without numbers; one without this HC3 has no such error. Either
    has its reason in `reason`. `covariate_sd` is the standard deviation of a regressor over the
    rows of the fit.
    """
    rows = [row for fitted in fits for row in coefficient_rows(fitted, hc3)]
    return pd.DataFrame(rows, columns=list(COEFFICIENT_COLUMNS))


def coefficient_rows(fitted: FittedColumn, hc3: HC3) -> list[dict[str, object]]:
    """Lay one fitted column out as rows, a term each; see `coefficient_table`."""
    result = fitted.result
    head: dict[str, object] = {
        "table": fitted.table.number or fitted.table.name,
        "task": fitted.task.name,
        "number": fitted.number,
        "column": fitted.name,
        "outcome": fitted.specification.outcome,
    }
    left_out = {
        "undefined": sum(fitted.undefined.values()),
        "undefined_reason": "; ".join(
            f"{counted(count, 'row')}: {reason}" for reason, count in fitted.undefined.items()
        ),
        "absent_items": ", ".join(fitted.absent),
        "reason": fitted.reason(hc3),
    }
    if isinstance(result, str):
        return [head | {"term": term} | left_out for term in fitted.specification.regressors]
    whole = {
        "hc3": hc3,
        "observations": result.observations,
        "models": result.models,
        "items": result.items,
        "fixed_effects": fitted.specification.effects if result.effects > 1 else "none",
        "effects": result.effects,
        "slopes": result.observations - result.effects - result.residual_df,
        "residual_df": result.residual_df,
        "r_squared": result.r_squared,
        "adjusted_r_squared": result.adjusted_r_squared,
        "f_statistic": result.f_statistic,
        "f_p_value": result.f_p_value,
        "residual_standard_error": result.residual_standard_error,
        "breusch_pagan_statistic": result.breusch_pagan_statistic,
        "breusch_pagan_p_value": result.breusch_pagan_p_value,
    }
    spread = fitted.rows[list(fitted.specification.regressors)].std()
    rows = []
    for estimate in result.coefficients.to_dict("records"):
        named = {str(key): value for key, value in estimate.items()}
        chosen = {
            "standard_error": estimate[f"standard_error_{hc3}"],
            "p_value": estimate[f"p_value_{hc3}"],
        }
        deviation = {"covariate_sd": spread.get(estimate["term"], float("nan"))}
        rows.append(head | named | chosen | whole | left_out | deviation)
    return rows
