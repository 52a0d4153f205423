"""The paper's regression tables: which models make up a column, and what explains what."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from bias_transfer.errors import StudyError
from bias_transfer.stats.observations import ITEMS, MEASURES
from bias_transfer.stats.regression import HC3, Regression, Specification, regress

Selection = Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class Column:
    """One column of Table 3 or 4: its name and the models it is fitted on."""

    name: str
    selects: Selection


def _upstream(*kinds: str) -> Selection:
    return lambda rows: rows["upstream_kind"].isin(kinds) & (rows["dataset_kind"] == "original")


def _altered(*kinds: str) -> Selection:
    return lambda rows: (rows["upstream_kind"] == "pretrained") & rows["dataset_kind"].isin(kinds)


def _all_but_random(rows: pd.DataFrame) -> pd.Series:
    return rows["upstream_kind"] != "random"


# The columns in the paper's order. The last leaves the randomly initialised models out: only so do
# the paper's 43 and 40 models add up.
COLUMNS = {
    "bios": (
        Column("Pre-trained", _upstream("pretrained")),
        Column("Mitigated", _upstream("pretrained", "sentdebias")),
        Column("Random", _upstream("random")),
        Column("Noise added", _upstream("pretrained", "uniform", "gaussian")),
        Column("Balanced", _altered("balance")),
        Column("All pre-trained", _all_but_random),
    ),
    "wiki": (
        Column("Pre-trained", _upstream("pretrained")),
        Column("Noise added", _upstream("pretrained", "uniform", "gaussian")),
        Column("Random", _upstream("random")),
        Column("Scrubbed", _altered("scrub-toxic", "scrub-all")),
        Column("All pre-trained", _all_but_random),
    ),
}

COVARIATES = {
    "bios": ("prevalence_she",),
    "wiki": ("toxic_share", "prevalence"),
}

TEMPLATES = {
    "bios": ("is", "works_as", "applied_for", "good_day", "become"),
    "wiki": ("people", "person", "sibling", "friend", "parent", "partner", "spouse"),
}


def specification(task: str, column: str, outcome: str) -> Specification:
    """Return Eq. 4 for one column of a task's table."""
    return Specification(
        name=column,
        outcome=outcome,
        regressors=(MEASURES[task], *COVARIATES[task]),
        item=ITEMS[task],
        templates=TEMPLATES[task],
    )


def fit_columns(
    task: str, observations: pd.DataFrame, outcome: str
) -> Iterator[tuple[str, Regression | str]]:
    """Fit every column; where one cannot be fitted, give the reason in its place."""
    for column in COLUMNS[task]:
        rows = observations.loc[column.selects(observations)]
        if rows.empty:
            yield column.name, "no such model in this study"
            continue
        try:
            yield column.name, regress(rows, specification(task, column.name, outcome))
        except StudyError as error:
            yield column.name, str(error)


def coefficient_rows(
    task: str, name: str, fitted: Regression | str, hc3: HC3
) -> list[dict[str, object]]:
    """Lay one fitted column out as rows, a term each, beside the column's own numbers.

    The chosen HC3 is repeated as `standard_error` and `p_value`; a column without a fit is one row
    with its reason in `undefined_reason`.
    """
    head: dict[str, object] = {"task": task, "column": name}
    if isinstance(fitted, str):
        return [head | {"undefined_reason": fitted}]
    whole = {
        "hc3": hc3,
        "observations": fitted.observations,
        "models": fitted.models,
        "items": fitted.items,
        "undefined": fitted.undefined,
        "residual_df": fitted.residual_df,
        "r_squared": fitted.r_squared,
        "adjusted_r_squared": fitted.adjusted_r_squared,
        "f_statistic": fitted.f_statistic,
        "f_p_value": fitted.f_p_value,
        "residual_standard_error": fitted.residual_standard_error,
        "breusch_pagan_p_value": fitted.breusch_pagan_p_value,
    }
    rows = []
    for estimate in fitted.coefficients.to_dict("records"):
        chosen = {
            "outcome": fitted.specification.outcome,
            "standard_error": estimate[f"standard_error_{hc3}"],
            "p_value": estimate[f"p_value_{hc3}"],
        }
        named = {str(key): value for key, value in estimate.items()}
        rows.append(head | chosen | named | whole | {"undefined_reason": ""})
    return rows
