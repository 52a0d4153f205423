"""What is tested about the regressions: collinearity, equal variances, normality."""

import pandas as pd

from bias_transfer.analysis.correlation import shapiro_wilk
from bias_transfer.analysis.regression import design_columns, variance_inflation_factors
from bias_transfer.analysis.tables import FittedColumn
from bias_transfer.errors import StudyError

DIAGNOSTIC_COLUMNS = (
    *("table", "task", "number", "column"),
    *("statistic", "term", "value", "p_value", "reason"),
)


def diagnostics(fitted: FittedColumn) -> pd.DataFrame:
    """Test the assumptions of one column of a table of regressions.

    Returns
    -------
    DataFrame
        One row a statistic: table, task, number, column, statistic, term, value, p_value, reason
        (why the value is NaN, else empty). The statistics are

        - variance_inflation_factor, one row a regressor and template dummy: of the pooled design
          with a constant. One: uncorrelated with the others;
        - breusch_pagan: the studentised test on the dummy-variable design; a small p speaks
          against equal error variances;
        - shapiro_wilk: W of the outcome's means over the fit's rows of each item; a small p speaks
          against normality.
    """
    head = {
        "table": fitted.table.number or fitted.table.name,
        "task": fitted.task.name,
        "number": fitted.number,
        "column": fitted.name,
    }
    rows = [*_collinearity(fitted), _equal_variances(fitted), _normality(fitted)]
    return pd.DataFrame([head | row for row in rows], columns=list(DIAGNOSTIC_COLUMNS))


def _collinearity(fitted: FittedColumn) -> list[dict[str, object]]:
    name = "variance_inflation_factor"
    wanted = fitted.specification
    if isinstance(fitted.result, str):
        terms = (*wanted.regressors, *(f"template[{each}]" for each in wanted.templates[1:]))
        return [_row(name, reason=fitted.result, term=term) for term in terms]
    design = design_columns(fitted.rows, wanted)
    try:
        factors = variance_inflation_factors(design)
    except StudyError as error:
        return [_row(name, reason=str(error), term=term) for term in design.columns]
    return [_row(name, factor, term=str(term)) for term, factor in factors.items()]


def _equal_variances(fitted: FittedColumn) -> dict[str, object]:
    if isinstance(fitted.result, str):
        return _row("breusch_pagan", reason=fitted.result)
    value = fitted.result.breusch_pagan_statistic
    return _row(
        "breusch_pagan",
        value,
        fitted.result.breusch_pagan_p_value,
        reason="the squared residuals do not vary" if pd.isna(value) else "",
    )


def _normality(fitted: FittedColumn) -> dict[str, object]:
    if isinstance(fitted.result, str):
        return _row("shapiro_wilk", reason=fitted.result)
    wanted = fitted.specification
    means = fitted.rows.groupby(wanted.item)[wanted.outcome].mean()
    value, p_value = shapiro_wilk(means.to_numpy(dtype="float64"))
    reason = "fewer than 3 items, or the same value for all" if pd.isna(value) else ""
    return _row("shapiro_wilk", value, p_value, reason=reason)


def _row(
    statistic: str,
    value: float = float("nan"),
    p_value: float = float("nan"),
    *,
    reason: str = "",
    term: str = "",
) -> dict[str, object]:
    return {
        "statistic": statistic,
        "term": term,
        "value": value,
        "p_value": p_value,
        "reason": reason,
    }
