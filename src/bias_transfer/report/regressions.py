"""Regressions as the readers of regression tables know them, a paper's numbers below ours."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from types import MappingProxyType

import pandas as pd

from bias_transfer.analysis.regression import HC3, Regression
from bias_transfer.analysis.tables import FittedColumn, Table
from bias_transfer.report.sheet import (
    MISSING,
    Cell,
    Footnotes,
    Head,
    Row,
    Sheet,
    count,
    decimal,
    minus,
    probability,
    significance_note,
    stars,
)

_CONSTANT = "constant"

_ERRORS = {
    "lsdv": "HC3 of the dummy-variable design (lsdv)",
    "within": "HC3 with the leverage of the demeaned design (within)",
    "arellano": "HC3 clustered by fixed effect (arellano), which does not exist without them",
}

_CLUSTERED = (
    "clustered by item (CR1); below them in brackets the 95 % interval, Student's t with items "
    "\N{MINUS SIGN} 1 degrees of freedom"
)

_UNMODIFIED = "the unmodified model"
_EVERY = "every model whose checkpoint is pre-trained"
_COMPARED = (
    "Items are compared with each other within each model: a coefficient says what goes together, "
    "not what moves what."
)

# A column and its estimate of a term, None where it has none.
_Estimate = tuple[FittedColumn, pd.Series | None]
# What a paper prints, by the name of each number: of a term, and below a column.
_Texts = Mapping[str, str]
Printed = Mapping[tuple[int, str], _Texts]


def regression_sheet(
    fits: Sequence[FittedColumn],
    hc3: HC3,
    note: str,
    printed: Printed = MappingProxyType({}),
    printed_note: str = "",
) -> Sheet:
    """Lay out a table of regressions.

    A paper's table, which has a number, is printed as papers do: stars, and HC3 in parentheses. One
    of the study's own has no stars; in parentheses are errors clustered by item, since downstream
    bias repeats over an item's templates and models, and below them the 95 % interval.

    Parameters
    ----------
    fits
        Its columns, in order; at least one.
    hc3
        Which standard errors a paper's table prints.
    note
        What the text is that the study was made on.
    printed
        What to show in a smaller hand below our numbers, by column and term, with the term "" for
        what stands below a column: texts by the names of the coefficient table.
    printed_note
        Whose these are.
    """
    table = fits[0].table
    rows_of_term = _own_rows if table.number is None else partial(_starred_rows, hc3=hc3)
    footnotes = Footnotes()
    below = [printed.get((fitted.number, ""), {}) for fitted in fits]
    return Sheet(
        name=table.name,
        number=table.number,
        title=table.title,
        columns=len(fits),
        heads=_heads(fits),
        blocks=(
            tuple(
                row
                for term in _terms(fits)
                for row in (
                    *rows_of_term(_term_label(term, fits), _estimates(term, fits), footnotes),
                    *_paper_term(term, fits, printed),
                )
            ),
            tuple(_design_rows(fits)),
            (*_size_rows(fits, below, footnotes), *_fit_rows(fits, below)),
        ),
        footnotes=footnotes.texts,
        notes=(
            note,
            f"Standard errors in parentheses: {_errors(table, hc3)}. R² is that within the fixed "
            "effects, F the classical test that all slopes are zero. Template dummies are not "
            "shown.",
            *([printed_note] if printed_note else []),
            *([_COMPARED, _groups(fits)] if table.number is None else []),
            *([] if table.number is None else [f"Note: {significance_note()}"]),
        ),
    )


def _groups(fits: Sequence[FittedColumn]) -> str:
    """Say which models the columns of a study's own table are of."""
    members: dict[str, list[str]] = {}
    for each in fits[0].task.interventions:
        members.setdefault(each.group, []).append(each.title)
        if each.with_unmodified and _UNMODIFIED not in members[each.group]:
            members[each.group].insert(0, _UNMODIFIED)
    told = (
        f"{fitted.name}: {', '.join(members.get(fitted.name, [_EVERY]))}"
        for fitted in fits[1:]
        # A group of one method may have its name.
        if members.get(fitted.name) != [fitted.name]
    )
    return "; ".join([f"Models. {fits[0].name}: {_UNMODIFIED}", *told]) + "."


def _heads(fits: Sequence[FittedColumn]) -> tuple[tuple[Head, ...], ...]:
    outcomes = [_label(fitted, fitted.specification.outcome) for fitted in fits]
    return (
        (Head("Dependent variable:", len(fits)),),
        _merged(outcomes),
        _merged([_estimator(fitted) for fitted in fits]),
        tuple(Head(fitted.name) for fitted in fits),
        tuple(Head(f"({fitted.number})") for fitted in fits),
    )


def _merged(texts: Sequence[str]) -> tuple[Head, ...]:
    """Put one head over neighbouring columns that would have the same."""
    return tuple(Head(text, len(list(same))) for text, same in groupby(texts))


def _estimator(fitted: FittedColumn) -> str:
    if isinstance(fitted.result, str):
        return "not estimated"
    return "OLS" if fitted.result.effects == 1 else "panel linear"


def _label(fitted: FittedColumn, column: str) -> str:
    return fitted.table.quantity(column, fitted.task).label


def _terms(fits: Sequence[FittedColumn]) -> list[str]:
    """List the terms of any column; the constant last, which every single-model column has."""
    regressors = (term for fitted in fits for term in fitted.specification.regressors)
    return [*dict.fromkeys(regressors), _CONSTANT]


def _errors(table: Table, hc3: HC3) -> str:
    return _CLUSTERED if table.number is None else _ERRORS[hc3]


def _term_label(term: str, fits: Sequence[FittedColumn]) -> str:
    return "Constant" if term == _CONSTANT else _label(fits[0], term)


def _estimates(term: str, fits: Sequence[FittedColumn]) -> list[_Estimate]:
    return [(fitted, _estimate(fitted, term)) for fitted in fits]


def _estimate(fitted: FittedColumn, term: str) -> pd.Series | None:
    if isinstance(fitted.result, str):
        return None
    table = fitted.result.coefficients
    found = table[table["term"] == term]
    return None if found.empty else found.iloc[0]


def _starred_rows(
    label: str, estimates: Sequence[_Estimate], footnotes: Footnotes, hc3: HC3
) -> list[Row]:
    """Return a term's estimates with their stars, and HC3 below."""
    coefficients, errors = [], []
    for fitted, estimate in estimates:
        if estimate is None:
            coefficients.append(Cell())
            errors.append(Cell())
            continue
        found = stars(estimate[f"p_value_{hc3}"])
        coefficients.append(Cell(decimal(estimate["coefficient"]), found))
        error = estimate[f"standard_error_{hc3}"]
        errors.append(_error_cell(error, fitted.reason(hc3), footnotes))
    return [Row(Cell(label), tuple(coefficients)), Row(Cell(), tuple(errors), "below")]


def _own_rows(label: str, estimates: Sequence[_Estimate], footnotes: Footnotes) -> list[Row]:
    """Return a term's estimates, and below errors and interval clustered by item."""
    coefficients: list[Cell] = []
    errors: list[Cell] = []
    intervals: list[Cell] = []
    for fitted, estimate in estimates:
        if estimate is None or isinstance(fitted.result, str):
            for cells in (coefficients, errors, intervals):
                cells.append(Cell())
            continue
        reason = fitted.result.no_clustered_errors
        ends = (decimal(estimate[f"{end}_item_clustered"]) for end in ("low", "high"))
        coefficients.append(Cell(decimal(estimate["coefficient"])))
        errors.append(_error_cell(estimate["standard_error_item_clustered"], reason, footnotes))
        intervals.append(Cell("" if reason else f"[{'; '.join(ends)}]"))
    return [
        Row(Cell(label), tuple(coefficients)),
        Row(Cell(), tuple(errors), "below"),
        Row(Cell(), tuple(intervals), "below"),
    ]


def _error_cell(error: float, reason: str, footnotes: Footnotes) -> Cell:
    marks = (footnotes.mark(f"Standard errors not defined: {reason}."),) if reason else ()
    return Cell(f"({decimal(error)})", marks=marks)


def _paper_term(term: str, fits: Sequence[FittedColumn], printed: Printed) -> list[Row]:
    """Return what a paper prints for a term."""
    paper = [printed.get((fitted.number, term), {}) for fitted in fits]
    return [
        *_paper_rows([_printed_number(each, "coefficient", "stars") for each in paper]),
        *_paper_rows([_printed_brackets(each, "standard_error") for each in paper], label=""),
    ]


def _paper_rows(cells: Sequence[Cell], label: str = "paper") -> list[Row]:
    """Return a row of a paper's numbers, where it prints any."""
    return [Row(Cell(label), tuple(cells), "paper")] if any(c.text for c in cells) else []


def _printed_number(printed: _Texts, name: str, its_stars: str = "") -> Cell:
    return Cell(minus(printed.get(name, "")), len(printed.get(its_stars, "")))


def _printed_brackets(printed: _Texts, *names: str) -> Cell:
    texts = [printed[name] for name in names if printed.get(name)]
    return Cell(f"({'; '.join(texts)})" if texts else "")


def _printed_count(printed: _Texts, name: str) -> Cell:
    return Cell(count(int(printed[name])) if printed.get(name) else "")


def _design_rows(fits: Sequence[FittedColumn]) -> list[Row]:
    dummies = ["Yes" if fitted.specification.templates else "No" for fitted in fits]
    effects = [
        MISSING
        if isinstance(fitted.result, str)
        else "No"
        if fitted.result.effects == 1
        else fitted.specification.effects
        for fitted in fits
    ]
    return [
        Row(Cell(label), tuple(map(Cell, texts)))
        for label, texts in (("Template dummies?", dummies), ("Fixed effects?", effects))
    ]


def _size_rows(
    fits: Sequence[FittedColumn], paper: Sequence[_Texts], footnotes: Footnotes
) -> list[Row]:
    """Return how much each column rests on, and what it lacks."""
    observations = tuple(
        Cell(MISSING, marks=(footnotes.mark(f"Not estimated: {fitted.result}."),))
        if isinstance(fitted.result, str)
        else Cell(count(fitted.result.observations))
        for fitted in fits
    )
    printed = [_printed_count(each, "observations") for each in paper]
    reasons = dict.fromkeys(reason for fitted in fits for reason in fitted.undefined)
    rows = [
        Row(Cell("Observations"), observations),
        *_paper_rows(printed),
        Row(Cell("Models"), _numbers(fits, lambda result: count(result.models))),
        Row(Cell("Items"), _numbers(fits, lambda result: count(result.items))),
    ]
    for reason in reasons or {"": None}:
        mark = (footnotes.mark(f"Left out: {reason}."),) if reason else ()
        left_out = tuple(Cell(count(fitted.undefined.get(reason, 0))) for fitted in fits)
        rows.append(Row(Cell("Rows left out", marks=mark), left_out))
    if any(fitted.absent for fitted in fits):
        absent = tuple(
            Cell(
                count(len(fitted.absent)),
                marks=(footnotes.mark(f"Every row left out: {', '.join(_titles(fitted))}."),),
            )
            if fitted.absent
            else Cell("0")
            for fitted in fits
        )
        rows.append(Row(Cell("Items left out whole"), absent))
    return rows


def _titles(fitted: FittedColumn) -> list[str]:
    """Return how the items are printed that a column leaves out whole."""
    return [fitted.task.item_titles.get(item, item) for item in fitted.absent]


def _fit_rows(fits: Sequence[FittedColumn], paper: Sequence[_Texts]) -> list[Row]:
    with_error = [each if each.get("residual_standard_error") else {} for each in paper]
    return [
        Row(Cell("R²"), _numbers(fits, lambda result: decimal(result.r_squared))),
        *_paper_rows([_printed_number(each, "r_squared") for each in paper]),
        Row(Cell("Adjusted R²"), _numbers(fits, lambda result: decimal(result.adjusted_r_squared))),
        *_paper_rows([_printed_number(each, "adjusted_r_squared") for each in paper]),
        Row(
            Cell("Residual Std. Error (df)"),
            _numbers(fits, lambda result: decimal(result.residual_standard_error)),
        ),
        Row(Cell(), _numbers(fits, lambda result: f"({result.residual_df})"), "below"),
        *_paper_rows([_printed_number(each, "residual_standard_error") for each in with_error]),
        *_paper_rows([_printed_brackets(each, "residual_df") for each in with_error], label=""),
        Row(Cell("F Statistic (df)"), _f_statistics(fits)),
        Row(Cell(), _numbers(fits, _f_degrees), "below"),
        *_paper_rows([_printed_number(each, "f_statistic", "f_stars") for each in paper]),
        *_paper_rows([_printed_brackets(each, "f_slopes", "f_df") for each in paper], label=""),
        Row(Cell("Upstream p, clustered by item"), _numbers(fits, _clustered)),
    ]


def _f_statistics(fits: Sequence[FittedColumn]) -> tuple[Cell, ...]:
    return tuple(
        Cell(MISSING)
        if isinstance(fitted.result, str)
        else Cell(
            decimal(fitted.result.f_statistic),
            0 if fitted.table.number is None else stars(fitted.result.f_p_value),
        )
        for fitted in fits
    )


def _numbers(
    fits: Sequence[FittedColumn], printed: Callable[[Regression], str]
) -> tuple[Cell, ...]:
    return tuple(
        Cell(MISSING if isinstance(fitted.result, str) else printed(fitted.result))
        for fitted in fits
    )


def _f_degrees(result: Regression) -> str:
    slopes = result.observations - result.effects - result.residual_df
    return f"({slopes}; {result.residual_df})"


def _clustered(result: Regression) -> str:
    """Print the p value of the first regressor, which every column's upstream bias is."""
    return probability(result.coefficients["p_value_item_clustered"].iloc[0])
