"""The command that draws a figure of a task from what the analysis wrote."""

import pandas as pd

from bias_transfer.analysis.cells import of_few_test_rows
from bias_transfer.analysis.description import task_description
from bias_transfer.analysis.observations import principally_adapted
from bias_transfer.report.figures import Tables, drawing
from bias_transfer.report.figures._look import save_figure
from bias_transfer.runtime.artifacts import atomic_file, read_table
from bias_transfer.runtime.job import Job


def draw(job: Job) -> None:
    """Draw one figure, as PDF and as PNG."""
    settings = job.settings
    task = task_description(settings["task"])
    analysed = {
        name: _of_task(read_table(job.input(name)), task.name)
        for name in job.inputs
        if name != "observations"
    }
    observed = read_table(job.input("observations"), [task.item])
    few = of_few_test_rows(observed, task.outcome, settings["fewest_test_rows"])
    means = analysed["item_means"]
    means["scarce"] = means["item"].isin(observed.loc[few, task.item])
    tables = Tables(observations=principally_adapted(observed, task), **analysed)
    figure = drawing(settings["figure"]).draw(task, tables, settings["note"])
    for name in ("pdf", "png"):
        with atomic_file(job.output(name)) as path:
            save_figure(figure, path)


def _of_task(table: pd.DataFrame, task: str) -> pd.DataFrame:
    return table[table["task"] == task].reset_index(drop=True)
