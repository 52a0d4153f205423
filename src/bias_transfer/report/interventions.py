"""What an intervention is called in tables: what was done to the checkpoint and to the data."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from bias_transfer.analysis.description import Intervention, TaskDescription
from bias_transfer.report.sheet import continued, minus

# Name of the task, and id of the data set.
_DataSet = tuple[str, str]
Doses = Mapping[_DataSet, str]


def dataset_doses(task: TaskDescription, observations: pd.DataFrame) -> dict[_DataSet, str]:
    """Return how far each altered data set of a task is altered: "α = 1, β = 0".

    Parameters
    ----------
    task
        Names the columns that say so, and their symbols.
    observations
        Its observation table.
    """
    levels = {each.kind: each.levels for each in task.interventions if each.side == "data"}
    found = {}
    for row in observations.drop_duplicates("dataset").to_dict("records"):
        told = [
            f"{symbol or column.replace('_', ' ')} = {minus(format(row[column], 'g'))}"
            for column, symbol in levels.get(row["dataset_kind"], {}).items()
            if pd.notna(row.get(column))
        ]
        if told:
            found[task.name, str(row["dataset"])] = ", ".join(told)
    return found


def in_words(task: TaskDescription, row: Mapping[Hashable, Any], doses: Doses) -> str:
    """Name what was done: "Counterfactual (s = 0.5)", "Dataset re-balancing, random (α = 1)".

    Parameters
    ----------
    task
        Knows the interventions.
    row
        Of a table whose rows are interventions: `upstream_kind`, `upstream_strength`,
        `dataset_kind`, `dataset`.
    doses
        How far each data set is altered; one that is not in it is called by its id.
    """
    upstream = _told(task, "upstream", row["upstream_kind"])
    data = _told(task, "data", row["dataset_kind"])
    parts: list[str] = []
    if pd.notna(row["upstream_strength"]):
        symbol = upstream.levels.get("upstream_strength", "") if upstream else ""
        parts.append(f"{symbol or 'strength'} = {minus(format(row['upstream_strength'], 'g'))}")
    if row["dataset_kind"] != "original":
        parts.append(doses.get((task.name, str(row["dataset"])), str(row["dataset"])))
    return _title(row, upstream, data) + (f" ({', '.join(parts)})" if parts else "")


def _title(
    row: Mapping[Hashable, Any], upstream: Intervention | None, data: Intervention | None
) -> str:
    if upstream and data:
        return f"{data.title}, {continued(upstream.title)}"
    known = upstream or data
    return known.title if known else f"{row['upstream_kind']}, {row['dataset_kind']}"


def _told(task: TaskDescription, side: str, kind: str) -> Intervention | None:
    found = (each for each in task.interventions if (each.side, each.kind) == (side, kind))
    return next(found, None)
