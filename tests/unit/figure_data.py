"""Made-up observation tables with the noise and the gaps of real ones."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bias_transfer.figures import figure4
from bias_transfer.lexicon import IDENTITY_TERMS, OCCUPATIONS

BIOS_TEMPLATES = ("is", "works_as", "applied_for", "good_day", "become")
WIKI_TEMPLATES = ("people", "person", "sibling", "friend", "parent", "partner", "spouse")


def upstream_grid(
    trials: int = 3,
    gammas: Sequence[float] = (-50, -10, 1, 10, 50),
    uniform: Sequence[float] = (0.5,),
    gaussian: Sequence[float] = (0.1,),
) -> pd.DataFrame:
    """One row a model: the unmodified one, random ones, noised ones and Sent-Debias."""
    rows: list[tuple[str, str, float | None, int | None]] = [
        ("pretrained", "pretrained", None, None)
    ]
    for trial in range(1, trials + 1):
        rows.append((f"random-t{trial}", "random", None, trial))
        rows += [(f"uniform-c{c:g}-t{trial}", "uniform", c, trial) for c in uniform]
        rows += [(f"gaussian-s{s:g}-t{trial}", "gaussian", s, trial) for s in gaussian]
    rows += [(f"sentdebias-g{gamma:g}", "sentdebias", gamma, None) for gamma in gammas]
    grid = pd.DataFrame(rows, columns=["upstream", "upstream_kind", "upstream_strength", "trial"])
    return grid.assign(
        dataset="original",
        dataset_kind="original",
        seed=1,
        model=grid["upstream"] + "/original/seed1",
    )


def bios_table(grid: pd.DataFrame, undefined: float = 0.03) -> pd.DataFrame:
    """BIOS observations in which downstream bias follows the data, whatever the upstream model."""
    rng = np.random.default_rng(1)
    prevalence = rng.uniform(0.1, 0.9, len(OCCUPATIONS))
    ranking = 2.5 * (prevalence - 0.5) + rng.normal(0, 0.7, len(OCCUPATIONS))
    rows = []
    for model in grid.to_dict("records"):
        shrink = _kept_upstream(model, rng)
        mine = shrink * ranking + rng.normal(0, 0.15, len(OCCUPATIONS))
        log_ratio = 0.5 * (prevalence - 0.5) + rng.normal(0, 0.06, len(OCCUPATIONS))
        gone = rng.random(len(OCCUPATIONS)) < undefined
        for index, occupation in enumerate(OCCUPATIONS):
            value = np.nan if gone[index] else log_ratio[index]
            for template in BIOS_TEMPLATES:
                rows.append(
                    model
                    | {
                        "occupation": occupation,
                        "template": template,
                        "pronoun_ranking": mine[index] + rng.normal(0, 0.2),
                        "prevalence_she": prevalence[index],
                        "tpr_ratio": np.exp(value),
                        "log_tpr_ratio": value,
                        "undefined": "no she in the test set" if gone[index] else None,
                    }
                )
    return pd.DataFrame(rows)


def wiki_table(grid: pd.DataFrame, undefined: float = 0.06) -> pd.DataFrame:
    """WIKI observations; rare terms have zero rates and some are never mentioned."""
    rng = np.random.default_rng(2)
    toxic = rng.beta(1.2, 6, len(IDENTITY_TERMS))
    sentiment = 0.25 + 0.35 * toxic + rng.normal(0, 0.05, len(IDENTITY_TERMS))
    rows = []
    for model in grid[grid["upstream_kind"] != "sentdebias"].to_dict("records"):
        shrink = _kept_upstream(model, rng)
        mine = 0.3 + shrink * (sentiment - 0.3)
        rate = np.clip(0.9 * toxic + rng.normal(0, 0.04, len(IDENTITY_TERMS)), 0, 1)
        gone = rng.random(len(IDENTITY_TERMS)) < undefined
        for index, term in enumerate(IDENTITY_TERMS):
            for template in WIKI_TEMPLATES:
                rows.append(
                    model
                    | {
                        "identity_term": term,
                        "template": template,
                        "negative_sentiment": mine[index] + rng.normal(0, 0.02),
                        "toxic_share": toxic[index],
                        "fpr": np.nan if gone[index] else rate[index],
                        "fpr_ratio": np.nan if gone[index] else rate[index] / 0.08,
                        "undefined": "no non-toxic mention" if gone[index] else None,
                    }
                )
    return pd.DataFrame(rows)


def _kept_upstream(model: dict[str, object], rng: np.random.Generator) -> float:
    """Say how much of the unmodified model's upstream bias a model keeps."""
    kind, strength = model["upstream_kind"], model["upstream_strength"]
    if kind == "sentdebias":
        return float(np.exp(-np.abs(float(str(strength))) / 40))
    return {"pretrained": 1.0, "random": 0.0, "uniform": 0.6, "gaussian": 0.3}[str(kind)]


def estimates() -> pd.DataFrame:
    """Regression coefficients near the paper's."""
    rows = []
    for task, fits in figure4.FITS.items():
        for rank, fit in enumerate(fits):
            for covariate, estimate, error, deviation in (
                ("upstream", -0.06 if task == "bios" else 0.4 - 0.1 * rank, 0.03, 0.9),
                ("dataset", 0.45 + 0.07 * rank, 0.04, 0.25),
            ):
                rows.append(
                    {
                        "task": task,
                        "fit": fit,
                        "covariate": covariate,
                        "estimate": estimate,
                        "standard_error": error,
                        "p_value": 0.2 if covariate == "upstream" and rank % 2 else 0.001,
                        "observations": 140 * (1 + 10 * rank),
                        "undefined": 5 * rank,
                        "covariate_sd": deviation
                        if task == "bios" or covariate == "dataset"
                        else 0.1,
                    }
                )
    return pd.DataFrame(rows)
