"""The study's answer in a page of text, every number of which stands in a table."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bias_transfer.analysis.observations import ITEMS, MEASURES
from bias_transfer.analysis.tables import DATASET_BIAS

SIGNIFICANCE = 0.01


@dataclass(frozen=True)
class _Wording:
    outcome: str
    column: str
    before: str
    data: str


_WORDINGS = {
    "bios": _Wording(
        outcome="the TPR ratio (she / he)",
        column="tpr_ratio",
        before="pronoun ranking before fine-tuning",
        data="the share of women in the training data",
    ),
    "wiki": _Wording(
        outcome="the false positive rate",
        column="fpr",
        before="negative sentiment before fine-tuning",
        data="the toxic share of mentions in the training data",
    ),
}


def answer(
    note: str,
    observations: Mapping[str, pd.DataFrame],
    regressions: Mapping[str, pd.DataFrame],
    performance: Mapping[str, pd.DataFrame],
) -> str:
    """Write the answer as Markdown.

    Parameters
    ----------
    note
        What the text is, generated or not.
    observations, regressions, performance
        By task: the observation table, Table 3 or 4 and each model's accuracy.
    """
    parts = [f"# Does upstream bias survive fine-tuning?\n\n{note}\n"]
    for task in _WORDINGS:
        lines = _lines(task, observations[task], regressions[task], performance[task])
        parts.append("\n".join([f"## {task.upper()}", "", *(f"- {line}" for line in lines), ""]))
    return "\n".join(parts)


def _lines(
    task: str, observations: pd.DataFrame, regressions: pd.DataFrame, performance: pd.DataFrame
) -> list[str]:
    wording = _WORDINGS[task]
    control = observations[
        (observations["upstream_kind"] == "pretrained")
        & (observations["dataset_kind"] == "original")
    ]
    quality = performance[performance["model"].isin(control["model"])].mean(numeric_only=True)
    random = performance[~performance["model"].isin(control["model"])]["accuracy"]
    by_item = control.groupby(ITEMS[task])[wording.column].mean().dropna().sort_values()
    undefined = observations.drop_duplicates(["model", ITEMS[task]])["undefined"].dropna()
    undefined = undefined[undefined != ""]
    lines = [
        f"{performance['model'].nunique()} models. From the unmodified checkpoint, accuracy is "
        f"{quality['accuracy']:.3f} on {quality['test_rows']:.0f} test rows (majority class "
        f"{quality['majority_accuracy']:.3f}); over the others it runs from {random.min():.3f} to "
        f"{random.max():.3f}."
        if len(random)
        else f"One model, accuracy {quality['accuracy']:.3f}.",
        f"Lowest {wording.outcome}: {_named(by_item.head(3))}. "
        f"Highest: {_named(by_item.tail(3)[::-1])}.",
        *_findings(task, regressions),
    ]
    counts = undefined.value_counts()
    reasons = ", ".join(f"{count} times {reason}" for reason, count in counts.items())
    lines.append(f"Undefined cells, of a model and an item: {len(undefined)}. {reasons}".rstrip())
    return lines


def _findings(task: str, regressions: pd.DataFrame) -> list[str]:
    wording = _WORDINGS[task]
    lines = []
    for column, rows in regressions.groupby("column", sort=False):
        if rows["reason"].iloc[0]:
            lines.append(f"{column}: not estimated, {rows['reason'].iloc[0]}.")
            continue
        estimates = {row["term"]: row for _, row in rows.iterrows()}
        said = [
            f"{name}: {_effect(estimates[term])}"
            for term, name in (
                (MEASURES[task], wording.before),
                (DATASET_BIAS[task], wording.data),
            )
        ]
        head = rows.iloc[0]
        lines.append(
            f"{column} ({_models(int(head['models']))}, N = {head['observations']:.0f}, "
            f"R² = {head['r_squared']:.2f}): {'; '.join(said)}."
        )
    return lines


def _models(count: int) -> str:
    return "1 model" if count == 1 else f"{count} models"


def _effect(row: pd.Series) -> str:
    verdict = "significant" if row["p_value"] < SIGNIFICANCE else "not significant"
    clustered = row["p_value_item_clustered"]
    return (
        f"{row['coefficient']:+.3f} ± {row['standard_error']:.3f} ({verdict} at {SIGNIFICANCE}; "
        f"clustered by item p = {clustered:.2g})"
    )


def _named(values: pd.Series) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in values.items())
