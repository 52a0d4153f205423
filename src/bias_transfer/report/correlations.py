"""Correlations between bias distributions as a table, a paper's numbers below each intervention."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.report.interventions import Doses, in_words
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

# Kind of checkpoint and kind of data set.
_Kind = tuple[str, str]
_Numbers = Mapping[Hashable, Any]
# From a task, a label and the numbers of both sides to the rows of one intervention.
_RowsOf = Callable[[TaskDescription, str, Mapping[Hashable, _Numbers]], list[Row]]
# What a paper prints, by task and kind: texts by the names of the numbers.
Printed = Mapping[tuple[str, str, str], Mapping[str, str]]

_INTERVENTION = ["upstream_kind", "upstream_strength", "dataset_kind", "dataset"]
_UNMODIFIED = ("pretrained", "original")
_TESTS = ("pearson", "kendall")
_SIDES = ("upstream", "downstream")
_INSIDE = (
    "Of several groups, items are compared inside each: the means of the groups are taken out."
)
_HEADS = ("Pearson's \N{GREEK SMALL LETTER RHO}", "Kendall's \N{GREEK SMALL LETTER TAU}", "Items")


def correlation_sheet(
    correlations: pd.DataFrame,
    tasks: Sequence[TaskDescription],
    note: str,
    *,
    name: str = "correlations",
    number: int | None = None,
    printed: Printed = MappingProxyType({}),
    printed_note: str = "",
    doses: Doses = MappingProxyType({}),
) -> Sheet:
    """Lay out how bias distributions correlate.

    A paper's table, which has a number, has stars; one of the study's own has p values.

    Parameters
    ----------
    correlations
        What `analysis.correlation.correlations` found, one task below the other.
    tasks
        Those tasks, in the order of their blocks.
    note
        What the text is that the study was made on.
    name, number
        By which the table is referred to.
    printed
        What to show in a smaller hand below our numbers: `intervention`, its name, and the texts
        `upstream_pearson`, `upstream_pearson_stars` and so on.
    printed_note
        Whose these are.
    doses
        How far each data set is altered; see `interventions.dataset_doses`. One that is not in it
        is called by its id.
    """
    footnotes = Footnotes()
    own_rows = _own_rows if number is None else _starred_rows
    title = "Correlation between bias distributions before and after each intervention"
    # A paper's table has its number to tell it from the others.
    whose = "" if number else f", {' and '.join(task.title for task in tasks)}"
    return Sheet(
        name=name,
        number=number,
        title=title + whose,
        columns=1 + len(_SIDES) * len(_HEADS),
        heads=(
            (Head(""), Head("Upstream bias", len(_HEADS)), Head("Downstream bias", len(_HEADS))),
            tuple(map(Head, ("Models", *_HEADS * len(_SIDES)))),
        ),
        blocks=tuple(
            tuple(
                _task_rows(
                    task, correlations, printed, partial(own_rows, footnotes=footnotes), doses
                )
            )
            for task in tasks
        ),
        footnotes=footnotes.texts,
        notes=(
            note,
            "Each intervention's bias distribution over items against the unmodified model's: the "
            "mean over templates, then over trials. Without upstream numbers, the upstream model "
            "is the unmodified one.",
            *([_INSIDE] if (correlations["groups"] > 1).any() else []),
            *([printed_note] if printed_note else []),
            "p values in parentheses." if number is None else f"Note: {significance_note()}",
        ),
    )


def _task_rows(
    task: TaskDescription,
    correlations: pd.DataFrame,
    printed: Printed,
    own_rows: _RowsOf,
    doses: Doses,
) -> list[Row]:
    """Return a task's interventions by kind, each kind with what a paper prints for it."""
    rows = correlations[correlations["task"] == task.name]
    paper = {
        (upstream, data): row for (of, upstream, data), row in printed.items() if of == task.name
    }
    own: dict[_Kind, list[Row]] = {}
    for key, group in rows.groupby(_INTERVENTION, sort=False, dropna=False):
        kind = (str(key[0]), str(key[2]))
        if kind != _UNMODIFIED:
            sides = group.set_index("measure").to_dict("index")
            label = in_words(task, sides[task.after.column], doses)
            own.setdefault(kind, []).extend(own_rows(task, label, sides))
    return [
        Row(Cell(f"{task.title}: {task.before.title}, {task.after.title}"), (), "group"),
        *(
            row
            for kind in dict.fromkeys([*paper, *own])
            for row in (*own.get(kind, []), *_paper_row(paper.get(kind), in_study=kind in own))
        ),
    ]


def _starred_rows(
    task: TaskDescription, label: str, sides: Mapping[Hashable, _Numbers], footnotes: Footnotes
) -> list[Row]:
    """Return an intervention's correlations with their stars."""
    return [_estimates(task, label, sides, footnotes, stars)]


def _own_rows(
    task: TaskDescription, label: str, sides: Mapping[Hashable, _Numbers], footnotes: Footnotes
) -> list[Row]:
    """Return an intervention's correlations, and their p values below."""
    cells = [Cell()]
    for quantity in (task.before, task.after):
        row = sides.get(quantity.column)
        if row is None or row["reason"]:
            cells += [Cell()] * len(_HEADS)
            continue
        cells += [Cell(f"({probability(row[f'{name}_p'])})") for name in _TESTS]
        cells.append(Cell())
    return [
        _estimates(task, label, sides, footnotes, lambda _: 0),
        Row(Cell(), tuple(cells), "below"),
    ]


def _estimates(
    task: TaskDescription,
    label: str,
    sides: Mapping[Hashable, _Numbers],
    footnotes: Footnotes,
    starred: Callable[[float], int],
) -> Row:
    after = sides[task.after.column]
    before = sides.get(task.before.column)
    upstream = [Cell()] * len(_HEADS) if before is None else _side(before, footnotes, starred)
    cells = (Cell(count(after["models"])), *upstream, *_side(after, footnotes, starred))
    return Row(Cell(label), cells)


def _side(row: _Numbers, footnotes: Footnotes, starred: Callable[[float], int]) -> list[Cell]:
    """Return both correlations and the items they rest on."""
    undefined = int(row["undefined_items"])
    gone = [footnotes.mark(f"Items that are undefined: {undefined}.")] if undefined else []
    items = Cell(count(row["items"]), marks=tuple(gone))
    if row["reason"]:
        mark = footnotes.mark(f"Not defined: {row['reason']}.")
        return [*(Cell(MISSING, marks=(mark,)) for _ in _TESTS), items]
    return [*(Cell(decimal(row[name]), starred(row[f"{name}_p"])) for name in _TESTS), items]


def _paper_row(printed: Mapping[str, str] | None, *, in_study: bool) -> list[Row]:
    if printed is None:
        return []
    label = f"paper: {printed['intervention']}" + ("" if in_study else " (not in this study)")
    cells = [Cell()]
    for side in _SIDES:
        names = [f"{side}_{test}" for test in _TESTS]
        cells += [Cell(minus(printed[name]), len(printed[f"{name}_stars"])) for name in names]
        cells.append(Cell())
    return [Row(Cell(label), tuple(cells), "paper")]
