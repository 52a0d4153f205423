"""What each intervention leaves of the unmodified model's bias, as a table."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.analysis.means import INTERVENTION
from bias_transfer.analysis.remaining import BEFORE
from bias_transfer.report.interventions import Doses, in_words
from bias_transfer.report.sheet import (
    MISSING,
    Cell,
    Footnotes,
    Head,
    Row,
    Sheet,
    begun,
    continued,
    rounded,
)

_Numbers = Mapping[Hashable, Any]
# What an intervention leaves, by the adaptation, and before any.
_Shares = Mapping[str, _Numbers]

_HOW_TO_READ = (
    "1: the {items} differ as they do in the unmodified model; 0: nothing of that remains, though "
    "there may be other bias; below 0: it is reversed. In parentheses the 95 % interval, by the "
    "jackknife: chance that strikes each item by itself is in it, what all share is not."
)
_CONTROLS = (
    "To begin from any other checkpoint changes something: compare a method with its control, a "
    "strength that does everything but debias, rather than with 1."
)
_RANDOM = (
    "What remains after fine-tuning of a checkpoint that holds nothing of the pre-training, does "
    "not come from there."
)
_ONE_SEED = (
    "The unmodified model has one fine-tuning seed, so that its chance counts as bias, and what "
    "remains after fine-tuning comes out too small."
)


def remaining_sheet(
    remaining: pd.DataFrame, task: TaskDescription, note: str, doses: Doses
) -> Sheet:
    """Lay out what remains of the model's bias, and of downstream bias by each way of fine-tuning.

    Parameters
    ----------
    remaining
        What `analysis.remaining.remaining` found for the task.
    task
        Which.
    note
        What the text is that the study was made on.
    doses
        How far each data set is altered.
    """
    footnotes = Footnotes()
    ways = (BEFORE, *(name for name, _ in task.adaptations))
    titles = ("", *(title for _, title in task.adaptations))
    rows = [
        row
        for shares in _by_intervention(remaining)
        for row in _rows(task, shares, ways, doses, footnotes)
    ]
    unlearnt = {each.kind for each in task.interventions if not each.pretrained}
    after = remaining[remaining["adaptation"] != BEFORE]
    random = after["upstream_kind"].isin(unlearnt)
    return Sheet(
        name=f"remaining-{task.name}",
        title=f"What remains of the unmodified model's bias after each intervention, {task.title}",
        columns=len(ways),
        heads=(
            (Head("Before fine-tuning"), Head("After fine-tuning", len(ways) - 1)),
            tuple(map(Head, titles)),
        ),
        blocks=((Row(Cell(f"{task.before.title}; {task.outcome.title}"), (), "group"), *rows),),
        footnotes=footnotes.texts,
        notes=(
            note,
            _HOW_TO_READ.format(items=task.items),
            _CONTROLS,
            *([_RANDOM] if random.any() else []),
            *([_ONE_SEED] if (after["unmodified_models"] == 1).any() else []),
        ),
    )


def _rows(
    task: TaskDescription,
    shares: _Shares,
    ways: tuple[str, ...],
    doses: Doses,
    footnotes: Footnotes,
) -> tuple[Row, Row]:
    """Return an intervention's shares, and their intervals below."""
    found = [shares.get(way) for way in ways]
    label = in_words(task, next(iter(shares.values())), doses)
    return (
        Row(Cell(label), tuple(_share(row, footnotes) for row in found)),
        Row(Cell(), tuple(_interval(row) for row in found), "below"),
    )


def _share(row: _Numbers | None, footnotes: Footnotes) -> Cell:
    if row is None:
        return Cell()
    undefined = int(row["undefined_items"])
    told = [f"Items that are undefined: {undefined}."] if undefined else []
    told += [f"{begun(row['reason'])}."] if row["reason"] else []
    marks = tuple(map(footnotes.mark, told))
    return Cell(MISSING if pd.isna(row["remaining"]) else rounded(row["remaining"]), marks=marks)


def _interval(row: _Numbers | None) -> Cell:
    if row is None or pd.isna(row["low"]):
        return Cell()
    return Cell(f"({rounded(row['low'])} to {rounded(row['high'])})")


def least_left(remaining: pd.DataFrame, task: TaskDescription) -> Iterator[str]:
    """Say which change of a pre-trained checkpoint left the least of its bias, and what of that is.

    Nothing where none was changed. It is chosen by upstream bias, so that chance in downstream bias
    does not choose.

    Parameters
    ----------
    remaining, task
        As for `remaining_sheet`.
    """
    pretrained = {
        each.kind for each in task.interventions if each.side == "upstream" and each.pretrained
    }
    changed = [
        shares
        for shares in _by_intervention(remaining)
        if BEFORE in shares and shares[BEFORE]["upstream_kind"] in pretrained
    ]
    known = [shares for shares in changed if pd.notna(shares[BEFORE]["remaining"])]
    if not known:
        return
    least = min(known, key=lambda shares: abs(shares[BEFORE]["remaining"]))
    after = [
        f"{continued(title)} {_told(least[name])}"
        for name, title in task.adaptations
        if name in least
    ]
    yield (
        f"of the changes to the checkpoint, {continued(in_words(task, least[BEFORE], {}))} leaves "
        f"the least of its bias. Before fine-tuning {_told(least[BEFORE])} of {task.before.title} "
        "remains (1: as the items of the unmodified model differ; 0: nothing of that), of "
        f"{task.outcome.title} after {'; '.join(after)}.{_for_comparison(remaining, task)}"
    )


def _for_comparison(remaining: pd.DataFrame, task: TaskDescription) -> str:
    """Say what remains downstream where there was nothing of the pre-training."""
    empty = {each.kind for each in task.interventions if not each.pretrained}
    for shares in _by_intervention(remaining):
        row = shares.get(task.principal_adaptation)
        if row and row["upstream_kind"] in empty and row["dataset_kind"] == "original":
            way = continued(dict(task.adaptations)[task.principal_adaptation])
            return (
                " For comparison, a checkpoint that holds nothing of the pre-training, after "
                f"{way}: {_told(row)}."
            )
    return ""


def _by_intervention(remaining: pd.DataFrame) -> list[_Shares]:
    groups = remaining.groupby(list(INTERVENTION), sort=False, dropna=False)
    return [{row["adaptation"]: row for row in group.to_dict("records")} for _, group in groups]


def _told(row: _Numbers) -> str:
    if pd.isna(row["remaining"]):
        return f"not estimated ({row['reason']})"
    known = pd.notna(row["low"])
    ends = f" (95 % interval {rounded(row['low'])} to {rounded(row['high'])})" if known else ""
    return f"{rounded(row['remaining'])}{ends}"
