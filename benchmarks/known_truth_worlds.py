"""Whole studies of worlds whose truth is known: how often the verdict is right.

    python -m benchmarks.known_truth_worlds FOLDER --worlds 10

So many worlds of each kind are generated: with no bias at all, with bias in the data only, in the
corpus only, and in both. Each is studied as config/known-truth.yaml says, through the workflow, and
its truth is measured: the causal slope of downstream on upstream bias, by the dial alone (the same
data), over ten further fine-tuning seeds. A world's study never sees those models. What a world is
called is decided by what was measured, not by what was declared: where the corpus has no attitudes
to terms, a small model makes some up, and a head passes these on like any others.
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.studies import configured, run, table
from numpy.typing import NDArray
from scipy import stats

from bias_transfer.analysis.cells import cells
from bias_transfer.analysis.slopes import estimates
from bias_transfer.study.config import Study
from bias_transfer.study.description import describe

OVERLAY = "config/known-truth.yaml"
# All that is read of a study; its figures and its report say no more.
VERDICTS = ("results/analysis/slopes.csv", "results/analysis/verdicts.csv")
MEASURED = ("results/observations/wiki.csv", "results/extrinsic/wiki/performance.csv")
# Strengths of the generator that make a world of each kind.
KINDS: dict[str, dict[str, float]] = {
    "nothing": {"corpus_attitude": 0, "toxicity": 0},
    "data": {"corpus_attitude": 0},
    "upstream": {"toxicity": 0},
    "both": {},
}
TRUTH_SEEDS = tuple(range(101, 111))
# Bounds: how often a world whose slope is not above zero may be said to transfer, but for the error
# of so few worlds (more would come in 2.5 % of such samples); how often one whose slope is
# twice the smallest effect must be; and how often the interval must hold the truth.
FALSE, FOUND, COVERED = 0.05, 0.8, 0.9


def study(folder: Path, configuration: dict[str, Any]) -> pd.DataFrame:
    """Measure a world's truth, study it, and return a row an adaptation."""
    dial = {"alterations": {"scrub": []}, "every_seed": ["counterfactual"]}
    measured = configuration | {"seeds": list(TRUTH_SEEDS), "tasks": {"wiki": dial}}
    kept = folder / "truth"
    if not kept.exists():
        run(folder, configuration=measured, overlays=[OVERLAY], targets=MEASURED)
        partial = folder / "truth.partial"
        partial.mkdir(exist_ok=True)
        for name in MEASURED:
            shutil.copy(folder / name, partial / Path(name).name)
        partial.rename(kept)
    seconds = run(folder, configuration=configuration, overlays=[OVERLAY], targets=VERDICTS)
    observations, performance = (pd.read_csv(kept / Path(name).name) for name in MEASURED)
    found = table(folder, "analysis/slopes.csv")
    verdicts = table(folder, "analysis/verdicts.csv")
    whole = configured([OVERLAY])
    rows = []
    for adaptation in observations["adaptation"].unique():
        own = found[
            (found["adaptation"] == adaptation)
            & (found["source"] == "model")
            & (found["effects"] == "within")
        ].iloc[0]
        said = verdicts[
            (verdicts["adaptation"] == adaptation) & (verdicts["source"] == "model")
        ].iloc[0]
        # In the same unit as the study's own: that of its unmodified models.
        causal = own["scale"] * causal_slopes(observations, performance, whole, adaptation)
        rows.append(
            {
                "adaptation": adaptation,
                "seconds": round(seconds),
                "truth": causal.mean(),
                "truth_error": causal.std(ddof=1) / len(causal) ** 0.5,
                "standardised": own["standardised"],
                "low": own["low"],
                "high": own["high"],
                "bootstrap_low": own["bootstrap_low"],
                "bootstrap_high": own["bootstrap_high"],
                "verdict": said["verdict"],
                "smallest_effect": said["smallest_effect"],
                "reason": said["reason"],
            }
        )
    return pd.DataFrame(rows)


def causal_slopes(
    observations: pd.DataFrame, performance: pd.DataFrame, whole: Study, adaptation: str
) -> NDArray[np.float64]:
    """Return the slope within items of each fine-tuning seed, shape (seeds,)."""
    task, fewest = describe(whole, "wiki"), whole.analysis.fewest_test_rows
    of_seeds = [
        estimates(cells(rows, performance, task, adaptation, fewest), "within")
        for _, rows in observations.groupby("seed")
    ]
    return np.array(
        [
            next(row.get("slope", np.nan) for row in found if row["source"] == "model")
            for found in of_seeds
        ]
    )


def main() -> None:
    """Make and study the worlds, and print what held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--worlds", type=int, default=10, help="of each kind")
    options = parser.parse_args()
    tables = []
    for number in range(1, options.worlds + 1):
        for kind, strengths in KINDS.items():
            folder = options.folder / f"{kind}-{number}"
            configuration = {"seed": number, "generator": strengths}
            found = study(folder, configuration).assign(kind=kind, world=number)
            tables.append(found)
            print(found.to_string(index=False), flush=True)
            pd.concat(tables).to_csv(options.folder / "worlds.csv", index=False)
    sys.exit(summary(pd.concat(tables, ignore_index=True)))


def summary(worlds: pd.DataFrame) -> int:
    """Print how often each bound holds; return 1 where one is missed."""
    transfers = worlds["verdict"].str.startswith("transfers")
    above = worlds["truth"] - 2 * worlds["truth_error"] > 0
    large = worlds["truth"] >= 2 * worlds["smallest_effect"]
    known = worlds["low"].notna() & worlds["truth"].notna()
    covered = _inside(worlds["truth"], worlds["low"], worlds["high"])
    for (kind, adaptation), rows in worlds.groupby(["kind", "adaptation"], sort=False):
        mean = pd.Series(rows["truth"].mean(), rows.index)
        of_kind = _inside(mean, rows["low"], rows["high"])
        print(
            f"{kind}, {adaptation}: truth {rows['truth'].mean():+.2f} (from "
            f"{rows['truth'].min():+.2f} to {rows['truth'].max():+.2f}), estimate "
            f"{rows['standardised'].mean():+.2f}; {rows['verdict'].value_counts().to_dict()}; "
            f"the kind's mean truth inside the interval: {of_kind.sum()} of {len(rows)}"
        )
    for adaptation, rows in worlds[known].groupby("adaptation", sort=False):
        wide = _inside(rows["truth"], rows["bootstrap_low"], rows["bootstrap_high"])
        none = rows[~above[rows.index]]
        print(
            f"{adaptation}: causal slope inside the interval in {_of(covered[rows.index])}, inside "
            f"that over items and seeds in {_of(wide)}; where it is not above zero that one is in "
            f"{_of(none['bootstrap_low'] > 0)}"
        )
    null, found, held = transfers[~above & known], transfers[large], covered[known]
    print(f"transfers, said of worlds whose slope is not above zero: {_of(null)} (bound {FALSE})")
    print(f"transfers, said of worlds of twice the smallest effect: {_of(found)} (bound {FOUND})")
    print(f"causal slope inside the interval: {_of(held)} (bound {COVERED})")
    # A bound that was put to no world is not met.
    met = (
        len(null) > 0 and null.sum() <= stats.binom.ppf(0.975, len(null), FALSE),
        found.mean() >= FOUND,
        held.mean() >= COVERED,
    )
    return int(not all(met))


def _of(held: pd.Series) -> str:
    return f"{held.sum()} of {len(held)}"


def _inside(values: pd.Series, low: pd.Series, high: pd.Series) -> pd.Series:
    return (low <= values) & (values <= high)


if __name__ == "__main__":
    main()
