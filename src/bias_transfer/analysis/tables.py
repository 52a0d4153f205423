"""The paper's regression tables: which models make up a column, and what explains what."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from bias_transfer.errors import StudyError
from bias_transfer.analysis.observations import ITEMS
from bias_transfer.analysis.regression import HC3, HC3_KINDS, Regression, Specification, regress

Selection = Callable[[pd.DataFrame], pd.Series]


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
    """One of Tables 3 to 8."""

    number: int
    task: str
    title: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, eq=False)
class FittedColumn:
    """A column of a table, estimated.

    Attributes
    ----------
    table, number, name
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

    table: Table
    number: int
    name: str
    specification: Specification
    rows: pd.DataFrame
    result: Regression | str
    undefined: Mapping[str, int]
    absent: tuple[str, ...]


def _upstream(*kinds: str) -> Selection:
    return lambda rows: rows["upstream_kind"].isin(kinds) & (rows["dataset_kind"] == "original")


def _altered(*kinds: str) -> Selection:
    return lambda rows: (rows["upstream_kind"] == "pretrained") & rows["dataset_kind"].isin(kinds)


def _all_but_random(rows: pd.DataFrame) -> pd.Series:
    return rows["upstream_kind"] != "random"


def _all_but_random_on_original(rows: pd.DataFrame) -> pd.Series:
    return (rows["upstream_kind"] != "random") | (rows["dataset_kind"] != "original")


_UNMODIFIED = _upstream("pretrained")
_NOISE = _upstream("pretrained", "uniform", "gaussian")
_RANDOM = _upstream("random")
_SCRUBBED = _altered("scrub-toxic", "scrub-all")

_BIOS = ("pronoun_ranking", "prevalence_she")
_WIKI = ("negative_sentiment", "toxic_share", "prevalence")
_RANKING = ("identity_ranking", "toxic_share", "prevalence")

TEMPLATES = {
    "bios": ("is", "works_as", "applied_for", "good_day", "become"),
    "wiki": ("people", "person", "sibling", "friend", "parent", "partner", "spouse"),
}

# The covariate that stands for bias in the fine-tuning data.
DATASET_BIAS = {"bios": "prevalence_she", "wiki": "toxic_share"}

# The columns in the paper's order. "All pre-trained" leaves the randomly initialised models out:
# only so do the paper's 43 and 40 models add up. Table 8's 61 need the scrubbed random ones too.
TABLES = (
    Table(
        3,
        "bios",
        "Effect of upstream on downstream bias, BIOS",
        (
            Column("Pre-trained", _UNMODIFIED, _BIOS),
            Column("Mitigated", _upstream("pretrained", "sentdebias"), _BIOS),
            Column("Random", _RANDOM, _BIOS),
            Column("Noise added", _NOISE, _BIOS),
            Column("Balanced", _altered("balance"), _BIOS),
            Column("All pre-trained", _all_but_random, _BIOS),
        ),
    ),
    Table(
        4,
        "wiki",
        "Effect of upstream on downstream bias, WIKI",
        (
            Column("Pre-trained", _UNMODIFIED, _WIKI),
            Column("Noise added", _NOISE, _WIKI),
            Column("Random", _RANDOM, _WIKI),
            Column("Scrubbed", _SCRUBBED, _WIKI),
            Column("All pre-trained", _all_but_random, _WIKI),
        ),
    ),
    Table(
        5,
        "bios",
        "Additional specifications for the unmodified model, BIOS",
        (
            Column("Upstream", _UNMODIFIED, _BIOS[:1]),
            Column("With data", _UNMODIFIED, _BIOS),
            Column("Upstream, panel", _UNMODIFIED, _BIOS[:1], "effects"),
            Column("With data, panel", _UNMODIFIED, _BIOS, "effects"),
            Column(
                "After fine-tuning",
                _UNMODIFIED,
                (*_BIOS, "they_change"),
                "effects",
                "pronoun_ranking_after",
            ),
        ),
    ),
    Table(
        6,
        "wiki",
        "Additional specifications for the unmodified model, WIKI",
        (
            Column("Upstream", _UNMODIFIED, _WIKI[:1]),
            Column("With toxicity", _UNMODIFIED, _WIKI[:2]),
            Column("With data", _UNMODIFIED, (*_WIKI, "toxic_length")),
            Column("Upstream, panel", _UNMODIFIED, _WIKI[:1], "effects"),
            Column("With data, panel", _UNMODIFIED, _WIKI, "effects"),
            Column("After fine-tuning", _UNMODIFIED, _WIKI, "effects", "negative_sentiment_after"),
        ),
    ),
    Table(
        7,
        "wiki",
        "Identity ranking, unmodified model, WIKI",
        (
            Column("Upstream", _UNMODIFIED, _RANKING[:1], "averaged"),
            Column("With toxicity", _UNMODIFIED, _RANKING[:2], "averaged"),
            Column("With length", _UNMODIFIED, (*_RANKING[:2], "toxic_length"), "averaged"),
        ),
    ),
    Table(
        8,
        "wiki",
        "Identity ranking, WIKI",
        (
            Column("Pre-trained", _UNMODIFIED, _RANKING[:2], "averaged"),
            Column("Noise added", _NOISE, _RANKING, "averaged"),
            Column("Random", _RANDOM, _RANKING[:2], "averaged"),
            Column("Scrubbed", _SCRUBBED, _RANKING, "averaged"),
            Column(
                "All pre-trained, and scrubbed random",
                _all_but_random_on_original,
                _RANKING,
                "averaged",
            ),
        ),
    ),
)

_MISSING = {
    "prevalence_she": "the occupation is not in the training part",
    "toxic_share": "no training comment mentions the term",
    "toxic_length": "no toxic training comment mentions the term",
    "negative_sentiment": "every likely token is an identity term",
    "negative_sentiment_after": "every likely token is an identity term after fine-tuning",
    "identity_ranking": "no template sentence holds the term",
}
_NO_LOGARITHM = "no such rate, or a rate of zero under the ratio or its logarithm"


# Of a table of coefficients, whether or not any column could be fitted.
COEFFICIENT_COLUMNS = (
    *("table", "task", "number", "column", "outcome", "term"),
    *("coefficient", "standard_error", "p_value", "p_value_item_clustered"),
    *(f"{name}_{kind}" for kind in HC3_KINDS for name in ("standard_error", "p_value")),
    *("hc3", "observations", "models", "items", "fixed_effects", "effects", "slopes"),
    *("residual_df", "r_squared", "adjusted_r_squared", "f_statistic", "f_p_value"),
    *("residual_standard_error", "breusch_pagan_statistic", "breusch_pagan_p_value"),
    *("undefined", "undefined_reason", "absent_items", "reason"),
)


def rows_of(table: Table, column: Column, observations: pd.DataFrame) -> pd.DataFrame:
    """Return the observations that a column is fitted on, undefined ones included."""
    rows = observations.loc[column.selects(observations)]
    if column.templates == "averaged":
        return rows.drop_duplicates(["model", ITEMS[table.task]])
    return rows


def specification(table: Table, column: Column, outcome: str) -> Specification:
    """Return what a column fits, `outcome` being the task's downstream bias."""
    return Specification(
        name=f"Table {table.number}, {column.name}",
        outcome=column.outcome or outcome,
        regressors=column.regressors,
        item=ITEMS[table.task],
        templates=TEMPLATES[table.task] if column.templates == "dummies" else (),
        effects="template" if column.templates == "effects" else "model",
    )


def fit(table: Table, observations: pd.DataFrame, outcome: str) -> Iterator[FittedColumn]:
    """Fit every column of a table; one that cannot be fitted holds the reason."""
    for number, column in enumerate(table.columns, start=1):
        wanted = specification(table, column, outcome)
        rows = rows_of(table, column, observations)
        defined = _defined(rows, wanted)
        items = rows[wanted.item]
        reasons = _reasons(rows.loc[~defined], wanted).value_counts()
        yield FittedColumn(
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


def _reasons(left_out: pd.DataFrame, wanted: Specification) -> pd.Series:
    """Say for each row left out which of its numbers is missing, and why; the outcome first."""
    missing = _numbers(left_out, wanted).isna()
    reasons = pd.Series("", index=left_out.index, dtype=object)
    for name in reversed(wanted.regressors):
        why = _MISSING.get(name, f"no {name}") if name in left_out else f"{name} was not measured"
        reasons = reasons.mask(missing[name], why)
    return reasons.mask(missing[wanted.outcome], _why_no_outcome(left_out, wanted.outcome))


def _why_no_outcome(left_out: pd.DataFrame, outcome: str) -> pd.Series:
    if outcome not in left_out:
        return pd.Series(f"{outcome} was not measured", index=left_out.index, dtype=object)
    if outcome in _MISSING:
        return pd.Series(_MISSING[outcome], index=left_out.index, dtype=object)
    # The observations say why there is no rate, but not why there is none of its logarithms.
    known = left_out["undefined"].astype(object)
    return known.where(known.notna() & (known != ""), _NO_LOGARITHM)


def coefficient_table(fits: Iterable[FittedColumn], hc3: HC3) -> pd.DataFrame:
    """Lay fitted columns out, one row a column and term, beside the column's own numbers.

    The chosen HC3 is repeated as `standard_error` and `p_value`. A column without a fit has a row
    for each regressor all the same, without numbers, and its reason in `reason`.
    """
    rows = [row for fitted in fits for row in coefficient_rows(fitted, hc3)]
    return pd.DataFrame(rows, columns=list(COEFFICIENT_COLUMNS))


def coefficient_rows(fitted: FittedColumn, hc3: HC3) -> list[dict[str, object]]:
    """Lay one fitted column out as rows, a term each; see `coefficient_table`."""
    result = fitted.result
    head: dict[str, object] = {
        "table": fitted.table.number,
        "task": fitted.table.task,
        "number": fitted.number,
        "column": fitted.name,
        "outcome": fitted.specification.outcome,
    }
    left_out = {
        "undefined": sum(fitted.undefined.values()),
        "undefined_reason": "; ".join(
            f"{count} rows: {reason}" for reason, count in fitted.undefined.items()
        ),
        "absent_items": ", ".join(fitted.absent),
        "reason": result if isinstance(result, str) else "",
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
    rows = []
    for estimate in result.coefficients.to_dict("records"):
        named = {str(key): value for key, value in estimate.items()}
        chosen = {
            "standard_error": estimate[f"standard_error_{hc3}"],
            "p_value": estimate[f"p_value_{hc3}"],
        }
        rows.append(head | named | chosen | whole | left_out)
    return rows
