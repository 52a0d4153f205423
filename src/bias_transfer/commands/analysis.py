"""Commands that estimate: the correlations of Table 2, and the regressions of Tables 3 to 8."""

from pathlib import Path

import pandas as pd

from bias_transfer.runtime.artifacts import atomic_file, read_table, write_table
from bias_transfer.runtime.job import Job
from bias_transfer.report.correlations import correlation_sheet
from bias_transfer.report.html import html
from bias_transfer.report.latex import latex
from bias_transfer.report.regressions import regression_sheet
from bias_transfer.report.sheet import Sheet
from bias_transfer.report.answer import answer
from bias_transfer.analysis.correlation import bias_distribution_correlations, item_correlation
from bias_transfer.analysis.diagnostics import diagnostics
from bias_transfer.analysis.observations import ITEMS, MEASURES
from bias_transfer.paper.printed import beside
from bias_transfer.analysis.tables import TABLES, coefficient_table, fit

_RATIOS = {"bios": "log_tpr_ratio", "wiki": "fpr_ratio"}
# The tables that the answer is told from.
_MAIN_TABLES = {3: "bios", 4: "wiki"}


def correlate(job: Job) -> None:
    """Write Table 2, and the correlation of upstream with downstream bias over items."""
    distributions, transfers = [], []
    for task in ITEMS:
        table = read_table(job.input(task))
        item, before, after = ITEMS[task], MEASURES[task], _RATIOS[task]
        distributions.append(
            bias_distribution_correlations(table, item, [before, after]).assign(task=task)
        )
        transfers.append(item_correlation(table, item, before, after).assign(task=task))
    table2, transfer = (pd.concat(parts, ignore_index=True) for parts in (distributions, transfers))
    for name, joined in (("table2", table2), ("transfer", transfer)):
        write_table(job.output(name), joined[["task", *joined.columns.drop("task")]])
    _print(job, correlation_sheet(table2, job.settings["note"]))


def regress(job: Job) -> None:
    """Write Tables 3 to 8, what was tested about each column, and the answer in words."""
    hc3, note = job.settings["hc3"], job.settings["note"]
    observations = {task: read_table(job.input(task)) for task in ITEMS}
    performance = {task: read_table(job.input(f"performance_{task}")) for task in ITEMS}
    estimates, tests = {}, []
    for table in TABLES:
        outcome = job.settings["outcomes"][table.task]
        fits = list(fit(table, observations[table.task], outcome))
        estimates[table.number] = coefficient_table(fits, hc3)
        tests += [diagnostics(fitted) for fitted in fits]
        write_table(job.output(f"table{table.number}"), beside(estimates[table.number]))
        _print(job, regression_sheet(table, fits, hc3, note))
    write_table(job.output("diagnostics"), pd.concat(tests, ignore_index=True))
    main = {task: estimates[number] for number, task in _MAIN_TABLES.items()}
    _write(job.output("answer"), answer(note, observations, main, performance))


def _print(job: Job, sheet: Sheet) -> None:
    _write(job.output(f"table{sheet.number}_tex"), latex(sheet))
    _write(job.output(f"table{sheet.number}_html"), html(sheet))


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
