"""The page, its parts in the order in which they are read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import yaml
from altair.utils.schemapi import debug_mode

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.analysis.observations import principally_adapted
from bias_transfer.report.answer import Answer, TaskAnswer
from bias_transfer.report.html import body, title
from bias_transfer.report.page.changes import changes_chart
from bias_transfer.report.page.charts import Chart
from bias_transfer.report.page.dial import dial_chart
from bias_transfer.report.page.frequencies import frequency_chart
from bias_transfer.report.page.lineage import Made, file_table, library_table, step_table
from bias_transfer.report.page.models import model_table
from bias_transfer.report.page.specification import specification_chart
from bias_transfer.report.page.tables import (
    Table,
    explained_table,
    of_task,
    performance_table,
    reliability_table,
    slope_table,
)
from bias_transfer.report.page.template import fill
from bias_transfer.report.page.transfer import transfer_chart
from bias_transfer.report.page.undefined import undefined_estimates, undefined_values

# Tables in which a row may lack its estimate, for a reason.
_ESTIMATES = (
    *("verdicts", "slopes", "explained", "specification_curve"),
    *("regressions", "correlations", "transfer", "diagnostics"),
)


@dataclass(frozen=True, eq=False)
class Study:
    """What the page is told of a study.

    Attributes
    ----------
    tasks
        In the order of their sections.
    answer
        The answer in words.
    generated
        Whether the text is made up.
    fewest_test_rows
        That downstream bias must rest on, for an item to be in a slope.
    analysed
        The tables of the analysis, of all tasks, by name.
    observations, performance
        By task: of all adaptations.
    sheets
        By task: its printed tables, complete pages of HTML.
    paper
        The tables of a paper that is laid over the study, complete pages of HTML.
    config
        The whole config in plain values.
    made
        How the files behind the page were made.
    """

    tasks: Sequence[TaskDescription]
    answer: Answer
    generated: bool
    fewest_test_rows: int
    analysed: Mapping[str, pd.DataFrame]
    observations: Mapping[str, pd.DataFrame]
    performance: Mapping[str, pd.DataFrame]
    sheets: Mapping[str, Sequence[str]]
    paper: Sequence[str]
    config: Mapping[str, Any]
    made: Sequence[Made]


@dataclass(frozen=True)
class TaskPart:
    """The sections on one task.

    Attributes
    ----------
    said
        The answer's words.
    evidence
        Its charts, with the numbers of each.
    slopes, undefined
        Tables in sight.
    reliability
        Tables of how far the measures repeat, and of what explains what.
    sheets
        Printed tables, HTML.
    data
        What the training data hold.
    models
        Which there are, and how well they predict.
    """

    said: TaskAnswer
    evidence: tuple[Chart, ...]
    choices: Chart
    slopes: Table
    undefined: tuple[Table, ...]
    reliability: tuple[Table, ...]
    sheets: tuple[str, ...]
    data: Chart
    models: tuple[Table, ...]


def page(study: Study) -> str:
    """Write the page.

    Parameters
    ----------
    study
        Its tables and words.

    Returns
    -------
    str
        HTML with styles, code and data in itself.
    """
    said = {each.name: each for each in study.answer.tasks}
    made = list(study.made)
    # Altair would hold each part of a chart against Vega-Lite's schema, which the tests do.
    with debug_mode(False):
        transfer = transfer_chart(study.tasks, study.analysed["verdicts"])
        tasks = [_part(study, task, said[task.name]) for task in study.tasks]
    return fill(
        answer=study.answer,
        generated=study.generated,
        transfer=transfer,
        tasks=tasks,
        paper=[{"title": title(each), "html": body(each)} for each in study.paper],
        config=yaml.safe_dump(dict(study.config), sort_keys=False, allow_unicode=True),
        lineage=(file_table(made), step_table(made), library_table(made)),
    )


def _part(study: Study, task: TaskDescription, said: TaskAnswer) -> TaskPart:
    analysed = {name: of_task(table, task) for name, table in study.analysed.items()}
    observed, performance = study.observations[task.name], study.performance[task.name]
    matters = float(analysed["verdicts"]["smallest_effect"].max())
    return TaskPart(
        said=said,
        evidence=tuple(_evidence(task, analysed, observed, performance, study.fewest_test_rows)),
        choices=specification_chart(task, analysed["specification_curve"], matters),
        slopes=slope_table(task, analysed["slopes"]),
        undefined=(
            undefined_values(task, observed),
            undefined_estimates(task, {name: analysed[name] for name in _ESTIMATES}),
        ),
        reliability=(
            reliability_table(task, analysed["reliability"]),
            explained_table(task, analysed["explained"]),
        ),
        sheets=tuple(body(each) for each in study.sheets[task.name]),
        data=frequency_chart(task, analysed["contents"]),
        models=(
            model_table(task, observed, performance),
            performance_table(task, performance),
        ),
    )


def _evidence(
    task: TaskDescription,
    analysed: Mapping[str, pd.DataFrame],
    observed: pd.DataFrame,
    performance: pd.DataFrame,
    fewest_test_rows: int,
) -> Iterator[Chart]:
    """Yield the charts of what interventions moved; the second only where there are some."""
    principal = principally_adapted(observed, task)
    yield dial_chart(task, principal, performance, analysed["item_means"], fewest_test_rows)
    if len(analysed["changes"]):
        yield changes_chart(task, observed, analysed["changes"], analysed["slopes"])
