"""Check that the default study's models hold what their text was written to show them."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import pearsonr

RESULTS = Path("results")
# Least correlation with the corpus's association; the level at which none counts as chance;
# least accuracy above the majority class.
TASKS = {
    "bios": ("occupation", "pronoun_ranking", "corpus_she", 0.8, 0.3),
    "wiki": ("identity_term", "negative_sentiment", "corpus_negative", 0.6, 0.1),
}
CHANCE = 0.01


def check(task: str) -> list[str]:
    """Return a line for every requirement of a task that does not hold, after printing all."""
    item, measure, truth_name, least, margin = TASKS[task]
    scores = pd.read_csv(RESULTS / "intrinsic" / f"{task}.csv")
    truth = pd.Series(
        json.loads((RESULTS / "data/corpus/manifest.json").read_text())["truth"][truth_name]
    )
    if task == "bios":
        truth = np.log(truth / (1 - truth))
    failures = []
    for upstream, rows in scores.groupby("upstream"):
        mean = rows.groupby(item)[measure].mean()
        rho, p = pearsonr(mean, truth[mean.index])
        print(f"{task} {upstream}: rho {rho:.3f}, p {p:.2g}")
        if upstream == "pretrained" and rho < least:
            failures.append(f"{task}: rho of the pre-trained model is {rho:.3f}, below {least}")
        if upstream.startswith("random") and p < CHANCE:
            failures.append(f"{task}: rho of {upstream} is {rho:.3f}, more than chance")
    quality = pd.read_csv(RESULTS / "extrinsic" / task / "performance.csv").set_index("model")
    row = quality.loc["pretrained/original/seed1"]
    print(f"{task}: accuracy {row['accuracy']:.3f}, majority {row['majority_accuracy']:.3f}")
    if row["accuracy"] < row["majority_accuracy"] + margin:
        failures.append(f"{task}: accuracy is not far above the majority class")
    return failures


if __name__ == "__main__":
    sys.exit("\n".join(failure for task in TASKS for failure in check(task)) or 0)
