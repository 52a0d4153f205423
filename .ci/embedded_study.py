"""Check that the default study's models hold what their text was written to show them."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import pearsonr

RESULTS = Path("results")
# The level at which no correlation counts as chance.
CHANCE = 0.01


def log_odds(share: pd.Series) -> pd.Series:
    """Return the logarithm of share / (1 − share)."""
    return np.log(share / (1 - share))


def probability(share: pd.Series) -> pd.Series:
    """Return the share as it is."""
    return share


@dataclass(frozen=True)
class Association:
    """A measure, what the corpus declares of it on the measure's scale, and the least rho."""

    task: str
    item: str
    measure: str
    truth: str
    scale: Callable[[pd.Series], pd.Series]
    least: float


PRONOUNS = Association("bios", "occupation", "pronoun_ranking", "corpus_she", log_odds, 0.8)
SENTIMENT = Association(
    "wiki", "identity_term", "negative_sentiment", "corpus_negative", probability, 0.6
)
ASSOCIATIONS = (
    PRONOUNS,
    SENTIMENT,
    Association("wiki", "identity_term", "identity_ranking", "corpus_negative", log_odds, 0.4),
)
# Least accuracy above the majority class.
MARGINS = {"bios": 0.3, "wiki": 0.1}


def correlations(association: Association) -> dict[str, tuple[float, float]]:
    """Return Pearson's rho between measure and truth for every checkpoint, with its p value."""
    scores = pd.read_csv(RESULTS / "intrinsic" / f"{association.task}.csv")
    declared = json.loads((RESULTS / "data/corpus/manifest.json").read_text())["truth"]
    truth = association.scale(pd.Series(declared[association.truth]))
    found = {}
    for upstream, rows in scores.groupby("upstream"):
        mean = rows.groupby(association.item)[association.measure].mean()
        found[str(upstream)] = pearsonr(mean, truth[mean.index])
    return found


def weak_associations(association: Association) -> list[str]:
    """Return a line for every checkpoint that holds too little or too much, after printing all."""
    failures = []
    for upstream, (rho, p) in correlations(association).items():
        name = f"{association.measure} of {upstream}: rho {rho:.3f}"
        print(f"{name}, p {p:.2g}")
        if upstream == "pretrained" and rho < association.least:
            failures.append(f"{name}, below {association.least}")
        if upstream.startswith("random") and p < CHANCE:
            failures.append(f"{name}, more than chance")
    return failures


def stuck_dial() -> list[str]:
    """Return a line a task whose associations stay when each of its sentences is swapped.

    Gendered words change sides, so that their association turns round; a term becomes any other
    term, so that its association fades.
    """
    failures = []
    for association, most in ((PRONOUNS, 0.0), (SENTIMENT, 0.5)):
        found = correlations(association)
        (control, _), (swapped, _) = (found[f"counterfactual-s{share}"] for share in (0, 1))
        if control < association.least or swapped > most:
            failures.append(
                f"{association.measure} of counterfactual: rho {control:.3f} where nothing is "
                f"swapped, {swapped:.3f} where all is"
            )
    return failures


def lost_findings() -> list[str]:
    """Return a line a task of which the study does not say that the data's bias transfers."""
    verdicts = pd.read_csv(RESULTS / "analysis/verdicts.csv")
    said = verdicts[(verdicts["adaptation"] == "full") & (verdicts["source"] == "data")]
    return [
        f"{row.task}: of the data's bias, which is declared, it says {row.verdict!r}"
        for row in said.itertuples()
        if row.verdict != "transfers"
    ]


def weak_classifiers(task: str) -> list[str]:
    """Return a line if the unmodified model's classifier is not far above the majority class."""
    quality = pd.read_csv(RESULTS / "extrinsic" / task / "performance.csv").set_index("model")
    row = quality.loc["pretrained/original/full/seed1"]
    line = f"{task}: accuracy {row['accuracy']:.3f}, majority {row['majority_accuracy']:.3f}"
    print(line)
    return [line] if row["accuracy"] < row["majority_accuracy"] + MARGINS[task] else []


if __name__ == "__main__":
    failures = [line for each in ASSOCIATIONS for line in weak_associations(each)]
    failures += stuck_dial() + lost_findings()
    failures += [line for task in MARGINS for line in weak_classifiers(task)]
    sys.exit("\n".join(failures) or 0)
