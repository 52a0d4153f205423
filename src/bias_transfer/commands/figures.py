"""The command that draws the figures, by the paper's numbers."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from bias_transfer.runtime.artifacts import atomic_file, read_table
from bias_transfer.runtime.job import Job
from bias_transfer.report.figures.figure2 import figure2
from bias_transfer.report.figures.figure3 import figure3
from bias_transfer.report.figures.figure4 import figure4
from bias_transfer.report.figures.figure5 import figure5
from bias_transfer.report.figures.figure6 import figure6
from bias_transfer.report.figures.figure7 import figure7
from bias_transfer.report.figures.figure8 import figure8
from bias_transfer.report.figures.figure9 import figure9
from bias_transfer.report.figures.figure10 import figure10
from bias_transfer.report.figures.figure11 import figure11
from bias_transfer.report.figures.style import save_figure
from bias_transfer.analysis.observations import MEASURES
from bias_transfer.analysis.tables import DATASET_BIAS, TABLES, rows_of

_OUTCOMES = {
    "log_tpr_ratio": "log TPR ratio (she / he)",
    "fpr": "false positive rate",
    "fpr_ratio": "FPR ratio",
    "log_fpr_ratio": "log FPR ratio",
}


def draw(job: Job) -> None:
    """Draw one figure, as PDF and as PNG."""
    figure = _DRAWN[job.settings["figure"]](job)
    for name in ("pdf", "png"):
        with atomic_file(job.output(name)) as path:
            save_figure(figure, path)


def _of_bios(draw_figure: Callable[[pd.DataFrame, str], Figure]) -> Callable[[Job], Figure]:
    return lambda job: draw_figure(read_table(job.input("bios")), job.settings["note"])


def _of_wiki(draw_figure: Callable[[pd.DataFrame, str], Figure]) -> Callable[[Job], Figure]:
    return lambda job: draw_figure(read_table(job.input("wiki")), job.settings["note"])


def _of_both(
    draw_figure: Callable[[pd.DataFrame, pd.DataFrame, str], Figure],
) -> Callable[[Job], Figure]:
    return lambda job: draw_figure(
        read_table(job.input("bios")), read_table(job.input("wiki")), job.settings["note"]
    )


def _coefficients(job: Job) -> Figure:
    estimates = pd.concat([_estimates(job, task) for task in MEASURES], ignore_index=True)
    outcomes = {task: _OUTCOMES[name] for task, name in job.settings["outcomes"].items()}
    return figure4(estimates, job.settings["note"], outcomes)


def _estimates(job: Job, task: str) -> pd.DataFrame:
    rows = read_table(job.input(f"table_{task}"))
    covariates = {MEASURES[task]: "upstream", DATASET_BIAS[task]: "dataset"}
    rows = rows[rows["term"].isin(covariates) & rows["coefficient"].notna()]
    observations = read_table(job.input(task))
    # Of the models of each fit: Sent-Debias spreads pronoun ranking far wider than the others.
    spread = {
        column.name: rows_of(table, column, observations)[list(covariates)].std()
        for table in TABLES
        if table.number in rows["table"].unique()
        for column in table.columns
    }
    return pd.DataFrame(
        {
            "task": task,
            "fit": rows["column"],
            "covariate": rows["term"].map(covariates),
            "estimate": rows["coefficient"],
            "standard_error": rows["standard_error"],
            "p_value": rows["p_value"],
            "observations": rows["observations"],
            "undefined": rows["undefined"],
            "covariate_sd": [
                spread[column][term]
                for column, term in zip(rows["column"], rows["term"], strict=True)
            ],
        }
    )


_DRAWN: dict[int, Callable[[Job], Figure]] = {
    2: _of_both(figure2),
    3: _of_bios(figure3),
    4: _coefficients,
    5: _of_wiki(figure5),
    6: _of_bios(figure6),
    7: _of_bios(figure7),
    8: _of_wiki(figure8),
    9: _of_both(figure9),
    10: _of_bios(figure10),
    11: _of_wiki(figure11),
}
