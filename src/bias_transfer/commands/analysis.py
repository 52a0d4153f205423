"""The command that estimates: every statistic of the study, its tables and its answer."""

from collections.abc import Iterable, Mapping

import pandas as pd

from bias_transfer.analysis.contents import contents
from bias_transfer.analysis.correlation import correlations, transfer
from bias_transfer.analysis.description import TaskDescription, task_description
from bias_transfer.analysis.diagnostics import diagnostics
from bias_transfer.analysis.evidence import evidence
from bias_transfer.analysis.evidence import tables as evidence_tables
from bias_transfer.analysis.means import item_means
from bias_transfer.analysis.observations import principally_adapted
from bias_transfer.analysis.remaining import remaining
from bias_transfer.analysis.specification_curve import specification_curve
from bias_transfer.analysis.tables import coefficient_table, fit, regression_table
from bias_transfer.report.answer import answer, markdown
from bias_transfer.report.correlations import correlation_sheet
from bias_transfer.report.html import html
from bias_transfer.report.interventions import dataset_doses
from bias_transfer.report.latex import latex
from bias_transfer.report.regressions import regression_sheet
from bias_transfer.report.remaining import remaining_sheet
from bias_transfer.report.sheet import Sheet
from bias_transfer.runtime.artifacts import read_table, write_json, write_table, write_text
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.lineage import warned_of


def analyse(job: Job) -> None:
    """Write the tables of all tasks, each task's as they are printed, and the answer in words."""
    hc3, note = job.settings["hc3"], job.settings["note"]
    fewest_test_rows = job.settings["fewest_test_rows"]
    tasks = described(job)
    of_all = observed_by(job, tasks)
    observed = principal(tasks, of_all)
    quality = {task.name: read_table(job.input(f"performance_{task.name}")) for task in tasks}
    weighed = {
        task.name: list(
            evidence(
                of_all[task.name],
                quality[task.name],
                task,
                job.settings["smallest_effect"],
                fewest_test_rows,
                job.settings["seed"],
            )
        )
        for task in tasks
    }
    left = {
        task.name: remaining(of_all[task.name], quality[task.name], task, fewest_test_rows)
        for task in tasks
    }
    correlated = {task.name: correlations(observed[task.name], task) for task in tasks}
    fits = {
        task.name: list(fit(task, regression_table(task), observed[task.name])) for task in tasks
    }
    tables = {
        "remaining": list(left.values()),
        "correlations": list(correlated.values()),
        "transfer": [transfer(observed[task.name], task) for task in tasks],
        "regressions": [coefficient_table(fits[task.name], hc3) for task in tasks],
        "diagnostics": [diagnostics(each) for fitted in fits.values() for each in fitted],
        "item_means": [item_means(observed[task.name], task) for task in tasks],
        "contents": [contents(observed[task.name], task) for task in tasks],
        "specification_curve": [
            specification_curve(
                of_all[task.name],
                quality[task.name],
                task,
                task.principal_adaptation,
                fewest_test_rows,
            )
            for task in tasks
        ],
    }
    stacked = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    for name, table in (stacked | evidence_tables(weighed)).items():
        write_table(job.output(name), table)
    for task in tasks:
        doses = dataset_doses(task, observed[task.name])
        write_sheet(
            job, f"remaining_{task.name}", remaining_sheet(left[task.name], task, note, doses)
        )
        sheet = correlation_sheet(
            correlated[task.name], [task], note, name=f"correlations-{task.name}", doses=doses
        )
        write_sheet(job, f"correlations_{task.name}", sheet)
        sheet = regression_sheet(fits[task.name], hc3, note)
        write_sheet(job, f"regressions_{task.name}", sheet)
    warnings = warned_of(path for paths in job.inputs.values() for path in paths)
    said = answer(note, warnings, tasks, of_all, quality, weighed, left)
    write_text(job.output("answer"), markdown(said))
    write_json(job.output("words"), said.model_dump(mode="json"))


def described(job: Job) -> list[TaskDescription]:
    """Return the tasks that a job's settings describe."""
    return [task_description(each) for each in job.settings["tasks"]]


def observed_by(job: Job, tasks: Iterable[TaskDescription]) -> dict[str, pd.DataFrame]:
    """Read the observation table of each task, by its name: the models of all adaptations."""
    return {
        task.name: read_table(job.input(f"observations_{task.name}"), [task.item]) for task in tasks
    }


def principal(
    tasks: Iterable[TaskDescription], observed: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Return the observations of each task's first adaptation, by its name."""
    return {task.name: principally_adapted(observed[task.name], task) for task in tasks}


def write_sheet(job: Job, name: str, sheet: Sheet) -> None:
    """Write a table as it is printed, for papers and for browsers."""
    write_text(job.output(f"{name}_tex"), latex(sheet))
    write_text(job.output(f"{name}_html"), html(sheet))
