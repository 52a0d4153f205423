"""Table 2 as it is printed, the paper's numbers below each kind of intervention."""

from collections.abc import Hashable, Mapping
from typing import Any

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
    significance_note,
    stars,
)
from bias_transfer.analysis.observations import MEASURES
from bias_transfer.paper.printed import printed_correlations

_Numbers = Mapping[Hashable, Any]

_INTERVENTION = ["kind", "upstream_strength", "dataset"]
_UNMODIFIED = "Unmodified"
_TESTS = ("pearson", "kendall")
_SIDES = ("upstream", "downstream")
_HEADS = ("Pearson's \N{GREEK SMALL LETTER RHO}", "Kendall's \N{GREEK SMALL LETTER TAU}", "Items")

_MEASURES = {
    "pronoun_ranking": "pronoun ranking",
    "negative_sentiment": "negative sentiment",
    "log_tpr_ratio": "log TPR ratio",
    "fpr_ratio": "FPR ratio",
}

# By upstream kind and data set kind, in the words of the paper.
_KINDS = {
    ("pretrained", "original"): _UNMODIFIED,
    ("random", "original"): "Not pre-trained",
    ("uniform", "original"): "Uniform noise",
    ("gaussian", "original"): "Gaussian noise",
    ("sentdebias", "original"): "SentDebias",
    ("pretrained", "balance"): "Dataset re-balancing",
    ("pretrained", "scrub-toxic"): "Scrubbing toxic mentions",
    ("pretrained", "scrub-all"): "Scrubbing all mentions",
    ("random", "scrub-toxic"): "Scrubbing toxic mentions, not pre-trained",
    ("random", "scrub-all"): "Scrubbing all mentions, not pre-trained",
}
_STRENGTHS = {
    "uniform": "c",
    "gaussian": "\N{GREEK SMALL LETTER SIGMA}",
    "sentdebias": "\N{GREEK SMALL LETTER GAMMA}",
}


def correlation_sheet(correlations: pd.DataFrame, note: str) -> Sheet:
    """Lay out Table 2.

    Parameters
    ----------
    correlations
        What `stats.correlation.bias_distribution_correlations` found, with the column `task`.
    note
        What the text is that the study was made on.
    """
    footnotes = Footnotes()
    return Sheet(
        number=2,
        title="Correlation between bias distributions before and after each intervention",
        columns=1 + len(_SIDES) * len(_HEADS),
        heads=(
            (Head(""), Head("Upstream bias", len(_HEADS)), Head("Downstream bias", len(_HEADS))),
            tuple(map(Head, ("Models", *_HEADS * len(_SIDES)))),
        ),
        blocks=tuple(
            tuple(_task_rows(str(task), rows, footnotes))
            for task, rows in correlations.groupby("task", sort=False)
        ),
        footnotes=footnotes.texts,
        notes=(
            note,
            "Each intervention's bias distribution over items against the unmodified model's: the "
            "mean over templates, then over trials. Without upstream numbers, the upstream model "
            "is the unmodified one.",
            "Small grey italics: the paper's own numbers; downstream on BIOS, those of the TPR "
            "ratio itself.",
            f"Note: {significance_note()}",
        ),
    )


def _task_rows(task: str, rows: pd.DataFrame, footnotes: Footnotes) -> list[Row]:
    """Return a task's interventions by kind, each kind with what the paper prints for it."""
    before = MEASURES[task]
    (after,) = set(rows["measure"]) - {before}
    printed = printed_correlations().query("task == @task")
    paper = dict(zip(_kinds(printed), printed.to_dict("records"), strict=True))
    own: dict[str, list[Row]] = {}
    for key, pair in rows.assign(kind=_kinds(rows)).groupby(
        _INTERVENTION, sort=False, dropna=False
    ):
        kind = str(key[0])
        sides = pair.set_index("measure").to_dict("index")
        if kind != _UNMODIFIED:
            own.setdefault(kind, []).append(_own_row(kind, sides[before], sides[after], footnotes))
    return [
        Row(Cell(f"{task.upper()}: {_MEASURES[before]}, {_MEASURES[after]}"), (), "group"),
        *(
            row
            for kind in dict.fromkeys([*paper, *own])
            for row in (*own.get(kind, []), *_paper_row(paper.get(kind), in_study=kind in own))
        ),
    ]


def _kinds(rows: pd.DataFrame) -> list[str]:
    keys = zip(rows["upstream_kind"], rows["dataset_kind"], strict=True)
    return [_KINDS.get(key, ", ".join(key)) for key in keys]


def _own_row(kind: str, before: _Numbers, after: _Numbers, footnotes: Footnotes) -> Row:
    same = before["upstream_kind"] == "pretrained"
    upstream = [Cell()] * len(_HEADS) if same else _side(before, footnotes)
    cells = (Cell(count(before["models"])), *upstream, *_side(after, footnotes))
    return Row(Cell(kind + _setting(before)), cells)


def _setting(row: _Numbers) -> str:
    """Return the strength of an intervention, or the data set where that is what differs."""
    if row["dataset_kind"] != "original":
        return f": {row['dataset']}"
    if pd.isna(row["upstream_strength"]):
        return ""
    letter = _STRENGTHS.get(row["upstream_kind"], "strength")
    return f" ({letter} = {minus(format(row['upstream_strength'], 'g'))})"


def _side(row: _Numbers, footnotes: Footnotes) -> list[Cell]:
    """Return both correlations and the items they rest on."""
    items = Cell(count(row["items"]))
    if row["reason"]:
        mark = footnotes.mark(f"Not defined: {row['reason']}.")
        return [*(Cell(MISSING, marks=(mark,)) for _ in _TESTS), items]
    return [*(Cell(decimal(row[name]), stars(row[f"{name}_p"])) for name in _TESTS), items]


def _paper_row(printed: _Numbers | None, *, in_study: bool) -> list[Row]:
    if printed is None:
        return []
    label = f"paper: {printed['intervention']}" + ("" if in_study else " (not in this study)")
    cells = [Cell()]
    for side in _SIDES:
        names = [f"{side}_{test}" for test in _TESTS]
        cells += [Cell(minus(printed[name]), len(printed[f"{name}_stars"])) for name in names]
        cells.append(Cell())
    return [Row(Cell(label), tuple(cells), "paper")]
