"""What the training data hold of each item: how many rows, and the share of one group in them."""

import pandas as pd

from bias_transfer.analysis.description import TaskDescription

CONTENTS_COLUMNS = ("task", "item", "total", "share", "overall_share")


def contents(observations: pd.DataFrame, task: TaskDescription) -> pd.DataFrame:
    """Count what the data set as it is holds of each item.

    Parameters
    ----------
    observations
        The task's observation table.
    task
        Names the columns of the counts and of the share.

    Returns
    -------
    pandas.DataFrame
        One row an item, in the order of the observations: task, item, total (training rows), share
        (of the first group among them; empty without rows), overall_share (the share among the rows
        of all items together, in which a row counts once for each of its items; the same on every
        row).
    """
    columns = {
        task.item: "item",
        task.contents.total: "total",
        task.contents.share: "share",
    }
    original = observations[observations["dataset_kind"] == "original"]
    table = original.drop_duplicates(task.item)[list(columns)].rename(columns=columns)
    counted = float(table["total"].sum())
    first = float((table["total"] * table["share"]).sum())
    table = table.assign(task=task.name, overall_share=first / counted if counted else float("nan"))
    return table[list(CONTENTS_COLUMNS)].reset_index(drop=True)
