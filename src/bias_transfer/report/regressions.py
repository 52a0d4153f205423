"""Tables 3 to 8 as the readers of regression tables know them, the paper's numbers below ours."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import pandas as pd

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
from bias_transfer.paper.printed import printed_columns, printed_estimates
from bias_transfer.analysis.regression import HC3, Regression
from bias_transfer.analysis.tables import FittedColumn, Table

_TERMS = {
    "pronoun_ranking": "Pronoun ranking (upstream)",
    "negative_sentiment": "Negative sentiment (upstream)",
    "identity_ranking": "Identity ranking (upstream)",
    "prevalence_she": "Prevalence of she/her",
    "toxic_share": "Toxic share of mentions",
    "prevalence": "Prevalence of identity term",
    "toxic_length": "Length of toxic mentions",
    "they_change": "Change of they/them",
    "constant": "Constant",
}

_OUTCOMES = {
    "log_tpr_ratio": "Log TPR ratio (downstream bias)",
    "fpr": "FPR (downstream bias)",
    "fpr_ratio": "FPR ratio (downstream bias)",
    "log_fpr_ratio": "Log FPR ratio (downstream bias)",
    "pronoun_ranking_after": "Pronoun ranking after fine-tuning",
    "negative_sentiment_after": "Negative sentiment after fine-tuning",
}

_ERRORS = {
    "lsdv": "HC3 of the dummy-variable design (lsdv)",
    "within": "HC3 with the leverage of the demeaned design (within)",
    "arellano": "HC3 clustered by fixed effect (arellano), which does not exist without them",
}

# One row of what the paper prints, by the name of the number.
_Printed = dict[str, str]


def regression_sheet(table: Table, fits: Sequence[FittedColumn], hc3: HC3, note: str) -> Sheet:
    """Lay out one of Tables 3 to 8.

    Parameters
    ----------
    table
        Which one.
    fits
        Its columns, in order.
    hc3
        Which standard errors to print.
    note
        What the text is that the study was made on.
    """
    footnotes = Footnotes()
    paper = {int(row["number"]): row for row in _of(table, printed_columns())}
    terms = {(row["term"], int(row["number"])): row for row in _of(table, printed_estimates())}
    return Sheet(
        number=table.number,
        title=table.title,
        columns=len(fits),
        heads=_heads(fits),
        blocks=(
            tuple(row for term in _terms(table) for row in _term_rows(term, fits, terms, hc3)),
            tuple(_design_rows(fits)),
            (*_size_rows(fits, paper, footnotes), *_fit_rows(fits, paper)),
        ),
        footnotes=footnotes.texts,
        notes=(
            note,
            f"Standard errors in parentheses: {_ERRORS[hc3]}. R² is that within the fixed effects, "
            "F the classical test that all slopes are zero. Template dummies are not shown.",
            "Small grey italics: the paper's own numbers.",
            f"Note: {significance_note()}",
        ),
    )


def _of(table: Table, printed: pd.DataFrame) -> list[_Printed]:
    rows = printed[printed["table"] == table.number].astype(str)
    return [{str(name): text for name, text in row.items()} for row in rows.to_dict("records")]


def _heads(fits: Sequence[FittedColumn]) -> tuple[tuple[Head, ...], ...]:
    outcomes = [fitted.specification.outcome for fitted in fits]
    return (
        (Head("Dependent variable:", len(fits)),),
        _merged([_OUTCOMES.get(name, name) for name in outcomes]),
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


def _terms(table: Table) -> list[str]:
    """List the terms of any column; the constant last, which every single-model column has."""
    return [*dict.fromkeys(t for column in table.columns for t in column.regressors), "constant"]


def _term_rows(
    term: str, fits: Sequence[FittedColumn], printed: Mapping[tuple[str, int], _Printed], hc3: HC3
) -> list[Row]:
    """Return a term's estimates, their standard errors, and what the paper prints for it."""
    found = [_estimate(fitted, term) for fitted in fits]
    paper = [printed.get((term, fitted.number), {}) for fitted in fits]
    return [
        Row(Cell(_TERMS[term]), tuple(_coefficient(each, hc3) for each in found)),
        Row(Cell(), tuple(_standard_error(each, hc3) for each in found), "below"),
        *_paper_rows([_printed_number(each, "coefficient", "stars") for each in paper]),
        *_paper_rows([_printed_brackets(each, "standard_error") for each in paper], label=""),
    ]


def _coefficient(estimate: pd.Series | None, hc3: HC3) -> Cell:
    if estimate is None:
        return Cell()
    return Cell(decimal(estimate["coefficient"]), stars(estimate[f"p_value_{hc3}"]))


def _standard_error(estimate: pd.Series | None, hc3: HC3) -> Cell:
    return Cell() if estimate is None else Cell(f"({decimal(estimate[f'standard_error_{hc3}'])})")


def _estimate(fitted: FittedColumn, term: str) -> pd.Series | None:
    if isinstance(fitted.result, str):
        return None
    table = fitted.result.coefficients
    found = table[table["term"] == term]
    return None if found.empty else found.iloc[0]


def _paper_rows(cells: Sequence[Cell], label: str = "paper") -> list[Row]:
    """Return a row of the paper's numbers, where it prints any."""
    return [Row(Cell(label), tuple(cells), "paper")] if any(c.text for c in cells) else []


def _printed_number(printed: _Printed, name: str, its_stars: str = "") -> Cell:
    return Cell(minus(printed.get(name, "")), len(printed.get(its_stars, "")))


def _printed_brackets(printed: _Printed, *names: str) -> Cell:
    return Cell(f"({'; '.join(printed[name] for name in names)})" if printed else "")


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
    fits: Sequence[FittedColumn], paper: Mapping[int, _Printed], footnotes: Footnotes
) -> list[Row]:
    """Return how much each column rests on, and what it lacks."""
    observations = tuple(
        Cell(MISSING, marks=(footnotes.mark(f"Not estimated: {fitted.result}."),))
        if isinstance(fitted.result, str)
        else Cell(count(fitted.result.observations))
        for fitted in fits
    )
    printed = [Cell(count(int(paper[fitted.number]["observations"]))) for fitted in fits]
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
                marks=(footnotes.mark(f"Every row left out: {', '.join(fitted.absent)}."),),
            )
            if fitted.absent
            else Cell("0")
            for fitted in fits
        )
        rows.append(Row(Cell("Items left out whole"), absent))
    return rows


def _fit_rows(fits: Sequence[FittedColumn], paper: Mapping[int, _Printed]) -> list[Row]:
    printed = [paper[fitted.number] for fitted in fits]
    with_error = [each if each["residual_standard_error"] else {} for each in printed]
    return [
        Row(Cell("R²"), _numbers(fits, lambda result: decimal(result.r_squared))),
        *_paper_rows([_printed_number(each, "r_squared") for each in printed]),
        Row(Cell("Adjusted R²"), _numbers(fits, lambda result: decimal(result.adjusted_r_squared))),
        *_paper_rows([_printed_number(each, "adjusted_r_squared") for each in printed]),
        Row(
            Cell("Residual Std. Error (df)"),
            _numbers(fits, lambda result: decimal(result.residual_standard_error)),
        ),
        Row(Cell(), _numbers(fits, lambda result: f"({result.residual_df})"), "below"),
        *_paper_rows([_printed_number(each, "residual_standard_error") for each in with_error]),
        *_paper_rows([_printed_brackets(each, "residual_df") for each in with_error], label=""),
        Row(Cell("F Statistic (df)"), _f_statistics(fits)),
        Row(Cell(), _numbers(fits, _f_degrees), "below"),
        *_paper_rows([_printed_number(each, "f_statistic", "f_stars") for each in printed]),
        *_paper_rows([_printed_brackets(each, "f_slopes", "f_df") for each in printed], label=""),
        Row(Cell("Upstream p, clustered by item"), _numbers(fits, _clustered)),
    ]


def _f_statistics(fits: Sequence[FittedColumn]) -> tuple[Cell, ...]:
    return tuple(
        Cell(MISSING)
        if isinstance(fitted.result, str)
        else Cell(decimal(fitted.result.f_statistic), stars(fitted.result.f_p_value))
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
