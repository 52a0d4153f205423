"""Commands that draw the figures."""

import pandas as pd
from matplotlib.figure import Figure

from bias_transfer.artifacts import atomic_file, read_table
from bias_transfer.cli.job import Job
from bias_transfer.figures.figure2 import figure2
from bias_transfer.figures.figure3 import figure3
from bias_transfer.figures.figure4 import figure4
from bias_transfer.figures.figure9 import figure9
from bias_transfer.figures.style import save_figure
from bias_transfer.stats.observations import MEASURES
from bias_transfer.stats.tables import COLUMNS, COVARIATES

_OUTCOMES = {
    "log_tpr_ratio": "log TPR ratio (she / he)",
    "fpr": "false positive rate",
    "fpr_ratio": "FPR ratio",
    "log_fpr_ratio": "log FPR ratio",
}


def draw_distributions(job: Job) -> None:
    """Draw Figure 2: bias before and after, of random and noisy models."""
    _save(job, figure2(read_table(job.input("bios")), read_table(job.input("wiki")), _note(job)))


def draw_sweep(job: Job) -> None:
    """Draw Figure 3: bias of each occupation against γ."""
    _save(job, figure3(read_table(job.input("bios")), _note(job)))


def draw_coefficients(job: Job) -> None:
    """Draw Figure 4: what moves downstream bias."""
    estimates = pd.concat([_estimates(job, task) for task in MEASURES], ignore_index=True)
    outcomes = {task: _OUTCOMES[name] for task, name in job.settings["outcomes"].items()}
    _save(job, figure4(estimates, _note(job), outcomes))


def draw_transfer(job: Job) -> None:
    """Draw Figure 9: upstream against downstream bias."""
    _save(job, figure9(read_table(job.input("bios")), read_table(job.input("wiki")), _note(job)))


def _estimates(job: Job, task: str) -> pd.DataFrame:
    rows = read_table(job.input(f"table_{task}"))
    covariates = {MEASURES[task]: "upstream", COVARIATES[task][0]: "dataset"}
    if "term" not in rows:
        return pd.DataFrame()
    rows = rows[rows["term"].isin(covariates)]
    observations = read_table(job.input(task))
    # Of the models of each fit: Sent-Debias spreads pronoun ranking far wider than the others.
    spread = {
        column.name: observations.loc[column.selects(observations), list(covariates)].std()
        for column in COLUMNS[task]
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


def _note(job: Job) -> str:
    return str(job.settings["note"])


def _save(job: Job, figure: Figure) -> None:
    for name in ("pdf", "png"):
        with atomic_file(job.output(name)) as path:
            save_figure(figure, path)
