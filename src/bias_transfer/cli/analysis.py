"""Commands that estimate: correlations, and the regressions of Tables 3 and 4."""

import pandas as pd

from bias_transfer.artifacts import atomic_file, read_table, write_table
from bias_transfer.cli.job import Job
from bias_transfer.stats.answer import answer
from bias_transfer.stats.correlation import bias_distribution_correlations, item_correlation
from bias_transfer.stats.observations import ITEMS, MEASURES
from bias_transfer.stats.tables import coefficient_rows, fit_columns

_RATIOS = {"bios": "log_tpr_ratio", "wiki": "fpr_ratio"}


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
    for name, parts in (("table2", distributions), ("transfer", transfers)):
        joined = pd.concat(parts, ignore_index=True)
        write_table(job.output(name), joined[["task", *joined.columns.drop("task")]])


def regress(job: Job) -> None:
    """Write Tables 3 and 4, a row a column × term, and the answer in words."""
    observations, tables, performance = {}, {}, {}
    for task in ITEMS:
        observations[task] = read_table(job.input(task))
        performance[task] = read_table(job.input(f"performance_{task}"))
        rows: list[dict[str, object]] = []
        for name, fitted in fit_columns(task, observations[task], job.settings["outcomes"][task]):
            rows += coefficient_rows(task, name, fitted, job.settings["hc3"])
        tables[task] = pd.DataFrame(rows)
        write_table(job.output(task), tables[task])
    with atomic_file(job.output("answer")) as path:
        path.write_text(answer(job.settings["note"], observations, tables, performance))
