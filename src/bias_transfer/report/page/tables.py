"""Tables of the page: plain rows of text, laid out from the tables that the analysis wrote."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.analysis.evidence import why_unknown
from bias_transfer.report.figures._text import short_verdict
from bias_transfer.report.page.words import (
    UNDEFINED,
    interval,
    number,
    percentage,
    reason,
    signed,
    whole,
)
from bias_transfer.report.sheet import begun


@dataclass(frozen=True)
class Table:
    """A table, as the page prints it.

    Attributes
    ----------
    name
        Its anchor.
    caption
        What it holds.
    heads
        One a column; the first column names its row.
    rows
        Texts, one a column.
    note
        What is said below it.
    file
        Where its numbers stand, as seen from the page; empty where in several files.
    """

    name: str
    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    file: str = ""


@dataclass(frozen=True)
class _Column:
    head: str
    text: Callable[[pd.Series], str]


# What a slope is of, wherever the page says so.
EFFECTS = {
    "within": "within items: what interventions changed",
    "between": "between items: what goes together",
}


def verdict_table(tasks: Sequence[TaskDescription], verdicts: pd.DataFrame) -> Table:
    """List the verdicts of all tasks with the slopes that they rest on."""
    titles = {task.name: task.title for task in tasks}
    ways = {task.name: dict(task.adaptations) for task in tasks}
    return _table(
        "verdicts",
        "What is said of each source of bias, and the slope that it rests on",
        verdicts,
        (
            _Column("Task", lambda row: titles[row["task"]]),
            _Column("Fine-tuning", lambda row: ways[row["task"]][row["adaptation"]]),
            _Column("Source", _source),
            _Column("Verdict", lambda row: short_verdict(row["verdict"])),
            _Column("Rests on", _question),
            _Column("Slope, SDs per SD", _estimated(lambda row: signed(row["standardised"]))),
            _Column("95 % interval", _estimated(_interval)),
            _Column(
                "Found with 80 % power",
                _estimated(lambda row: number(row["smallest_detectable"])),
            ),
            _Column("Why", _reason),
        ),
        note=f"{_explained_effects()}.",
        file="analysis/verdicts.csv",
    )


def slope_table(task: TaskDescription, slopes: pd.DataFrame) -> Table:
    """List every slope of a task with its errors."""
    ways = dict(task.adaptations)
    return _table(
        f"slopes-{task.name}",
        f"{task.title}: slopes of {task.outcome.title} on each source of bias, in standard "
        "deviations per standard deviation",
        slopes,
        (
            _Column("Fine-tuning", lambda row: ways[row["adaptation"]]),
            _Column("Source", _source),
            _Column("Question", _question),
            _Column("Slope", _estimated(lambda row: signed(row["standardised"]))),
            _Column("95 % interval", _estimated(_interval)),
            _Column("Standard error", _estimated(lambda row: number(row["standard_error"]))),
            _Column(
                "p, wild bootstrap", _estimated(lambda row: number(row["p_value_wild_bootstrap"]))
            ),
            _Column("Corrected", _estimated(lambda row: signed(row["corrected"]))),
            _Column("Models", lambda row: whole(row["models"])),
            _Column("Items", _telling),
            _Column("Why not estimated", _reason),
        ),
        note=(
            "Within items: when interventions changed an item's source of bias, how far its "
            "downstream bias moved. Between items: whether items with more of the one have more of "
            "the other. Errors by the jackknife over items (CR3). Corrected: the slope, had "
            "upstream bias no error from its templates; undefined without two templates, or where "
            "that error is as large as all that it varies. "
            "Items: those that can tell the slope; with three groups or more, their labels."
        ),
        file="analysis/slopes.csv",
    )


def reliability_table(task: TaskDescription, reliability: pd.DataFrame) -> Table:
    """List how far each measure says the same when it is taken again."""
    ways = dict(task.adaptations)
    return _table(
        f"reliability-{task.name}",
        f"{task.title}: how far the measures repeat",
        reliability,
        (
            _Column("Fine-tuning", lambda row: ways[row["adaptation"]]),
            _Column("Measure", lambda row: f"{row['measure']} bias"),
            _Column("Repeated over", lambda row: str(row["over"])),
            _Column("Reliability", _repeated),
            _Column("Items", lambda row: whole(row["items"])),
            _Column("Times", lambda row: whole(row["replicates"])),
        ),
        note=(
            "1: the same again; 0 or less: nothing in common. Under 0.5 there is no verdict but "
            "“undecided”; one that is unknown forbids none. Within items: of the changes that "
            "interventions made."
        ),
        file="analysis/reliability.csv",
    )


def explained_table(task: TaskDescription, explained: pd.DataFrame) -> Table:
    """List the share of downstream bias's variance over items that each source explains."""
    ways = dict(task.adaptations)
    return _table(
        f"explained-{task.name}",
        f"{task.title}: share of the variance of {task.outcome.title} over {task.items} that each "
        "source goes with, unmodified model",
        explained,
        (
            _Column("Fine-tuning", lambda row: ways[row["adaptation"]]),
            _Column("Source", _source),
            _Column("Share", lambda row: percentage(row["share"])),
            _Column(
                "95 % interval",
                lambda row: (
                    "unknown"
                    if pd.isna(row["low"])
                    else f"{percentage(row['low'])} to {percentage(row['high'])}"
                ),
            ),
            _Column("By chance", lambda row: percentage(row["by_chance"])),
            _Column("Items", lambda row: whole(row["items"])),
            _Column("Why undefined", _reason),
        ),
        note=(
            "No share is negative, so that its interval cannot hold zero. By chance: the mean "
            "share of a source that has no part in downstream bias."
        ),
        file="analysis/explained.csv",
    )


def contents_table(task: TaskDescription, contents: pd.DataFrame) -> Table:
    """List how often each item occurs in the training data, and the share of one group in it."""
    group = task.contents.groups[0]
    return _table(
        f"frequencies-{task.name}",
        f"{task.title}: what the original training data hold of each of the {task.items}",
        contents,
        (
            _Column(begun(task.item.replace("_", " ")), lambda row: title_of(task, row["item"])),
            _Column(f"Training {task.contents.counted}", lambda row: whole(row["total"])),
            _Column(
                f"Share of {group}",
                lambda row: (
                    percentage(row["share"])
                    if row["total"]
                    else f"{UNDEFINED}: {task.contents.none_text}"
                ),
            ),
        ),
        file="analysis/contents.csv",
    )


def performance_table(task: TaskDescription, performance: pd.DataFrame) -> Table:
    """List how well each classifier predicts."""
    return _table(
        f"performance-{task.name}",
        f"{task.title}: how well each model predicts",
        performance,
        (
            _Column("Model", lambda row: str(row["model"])),
            _Column("Test rows", lambda row: whole(row["test_rows"])),
            _Column("Accuracy", lambda row: number(row["accuracy"])),
            _Column("Of the most frequent class", lambda row: number(row["majority_accuracy"])),
            _Column("Macro F1", lambda row: number(row["macro_f1"])),
        ),
        file=f"extrinsic/{task.name}/performance.csv",
    )


def title_of(task: TaskDescription, item: object) -> str:
    """Return how an item is printed."""
    return task.item_titles.get(str(item), str(item))


def texts(column: pd.Series) -> pd.Series:
    """Return a column of texts as it was written: a table that is read has gaps for empty ones."""
    return column.astype(object).where(column.notna(), "")


def of_task(table: pd.DataFrame, task: TaskDescription) -> pd.DataFrame:
    """Return a task's rows of a table of all tasks."""
    return table[table["task"] == task.name].reset_index(drop=True)


def _table(
    name: str,
    caption: str,
    rows: pd.DataFrame,
    columns: Iterable[_Column],
    note: str = "",
    file: str = "",
) -> Table:
    """Lay out rows; a column of reasons is left out where there is none."""
    made = {each.head: [each.text(row) for _, row in rows.iterrows()] for each in columns}
    kept = {head: texts for head, texts in made.items() if any(texts) or not head.startswith("Why")}
    return Table(name, caption, tuple(kept), tuple(zip(*kept.values(), strict=True)), note, file)


def _source(row: pd.Series) -> str:
    return str(row["source"])


def _question(row: pd.Series) -> str:
    return f"{row['effects']} items"


def _explained_effects() -> str:
    return begun("; ".join(EFFECTS.values()))


def _interval(row: pd.Series) -> str:
    return interval(row["low"], row["high"])


def _reason(row: pd.Series) -> str:
    return reason(row["reason"])


def _repeated(row: pd.Series) -> str:
    if pd.isna(row["value"]):
        return f"unknown: {why_unknown(row['over'], row['items'], row['replicates'])}"
    return number(row["value"])


def _telling(row: pd.Series) -> str:
    """Write of how many items the error of a slope is, or without a slope how many there are."""
    return whole(row["items"] if pd.isna(row["clusters"]) else row["clusters"])


def _estimated(text: Callable[[pd.Series], str]) -> Callable[[pd.Series], str]:
    """Print what was estimated, and a dash where nothing was: the column of reasons says why."""
    return lambda row: "–" if _reason(row) and pd.isna(row["standardised"]) else text(row)
