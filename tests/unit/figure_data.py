"""Made-up observation tables with the noise and the gaps of real ones."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bias_transfer.report.figures import figure4
from bias_transfer.vocabularies.lexicon import IDENTITY_TERMS, OCCUPATIONS

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


def dataset_grid(originals: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """Extend the models on the original data by models on changed data, one row a model."""
    changed = changed.assign(seed=1, upstream_strength=None)
    changed["model"] = changed["upstream"] + "/" + changed["dataset"] + "/seed1"
    rows = originals.to_dict("records") + changed.to_dict("records")
    columns = [*originals.columns, "oversample", "undersample", "scrubbed_fraction"]
    return pd.DataFrame(rows, columns=columns)


def balanced_bios() -> pd.DataFrame:
    """BIOS observations with the ten ways of balancing."""
    levels = [(a, 0.0) for a in (0.25, 0.5, 0.75, 1.0)] + [(0.0, b) for b in (0.25, 0.5, 1.0)]
    levels += [(0.25, 0.25), (0.5, 0.5), (0.75, 0.75)]
    changed = pd.DataFrame(levels, columns=["oversample", "undersample"]).assign(
        upstream="pretrained", upstream_kind="pretrained", trial=None, dataset_kind="balance"
    )
    changed["dataset"] = [f"balance-a{a:g}-b{b:g}" for a, b in levels]
    table = bios_table(dataset_grid(upstream_grid(trials=3), changed))
    sizes = {item: 40 * 2 ** (rank % 12) for rank, item in enumerate(OCCUPATIONS)}
    return table.assign(training_rows=table["occupation"].map(sizes))


def scrubbed_wiki() -> pd.DataFrame:
    """WIKI observations with both scrubbings, by tenths, on two checkpoints.

    Bias goes only where no checkpoint is pre-trained and all mentions are scrubbed.
    """
    changed = pd.DataFrame(
        [
            (upstream, kind, trial, f"{scrub}-{tenths / 10:g}", scrub, tenths / 10)
            for upstream, kind, trial in (("pretrained",) * 2 + (None,), ("random-t1", "random", 1))
            for scrub in ("scrub-toxic", "scrub-all")
            for tenths in range(1, 11)
        ],
        columns=[
            "upstream",
            "upstream_kind",
            "trial",
            "dataset",
            "dataset_kind",
            "scrubbed_fraction",
        ],
    )
    table = wiki_table(dataset_grid(upstream_grid(trials=3, gammas=()), changed))
    goes = (table["upstream_kind"] == "random") & (table["dataset_kind"] == "scrub-all")
    kept = (1 - table["scrubbed_fraction"].where(goes, 0.0)).astype(float)
    mentions = {
        term: 0 if rank % 17 == 16 else 3 + 5 * rank**2 for rank, term in enumerate(IDENTITY_TERMS)
    }
    total = table["identity_term"].map(mentions)
    return table.assign(
        overall_fpr=0.08,
        fpr_gap=(table["fpr"] - 0.08) * kept,
        training_mentions=total,
        toxic_share=table["toxic_share"].where(total > 0),
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
