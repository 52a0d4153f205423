"""Whole studies of worlds whose truth is known: how often the verdict is right.

    python -m benchmarks.known_truth_worlds FOLDER --worlds 10

So many worlds of each kind are generated: with no bias at all, with bias in the data only, in the
corpus only, and in both. Each is studied as config/known-truth.yaml says, through the workflow, and
its truth is measured: the causal slope of downstream on upstream bias, by the dial alone (the same
data), over ten further fine-tuning seeds. A world's study never sees those models.
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from benchmarks.studies import ROOT, run, table
from snakemake.utils import update_config

from bias_transfer.analysis.cells import cells
from bias_transfer.analysis.description import TaskDescription
from bias_transfer.analysis.slopes import slopes
from bias_transfer.study.description import describe
from bias_transfer.study.parsing import parse

OVERLAY = "config/known-truth.yaml"
# Strengths of the generator that make a world of each kind.
KINDS: dict[str, dict[str, float]] = {
    "nothing": {"corpus_attitude": 0, "toxicity": 0},
    "data": {"corpus_attitude": 0},
    "upstream": {"toxicity": 0},
    "both": {},
}
TRUTH_SEEDS = tuple(range(101, 111))
# Bounds: how often a null world may be said to transfer, how often one whose slope is twice the
# smallest effect must be, and how often the interval must hold the truth.
FALSE, FOUND, COVERED = 0.05, 0.8, 0.9


def study(folder: Path, configuration: dict[str, Any]) -> pd.DataFrame:
    """Measure a world's truth, study it, and return a row an adaptation."""
    dial = {"alterations": {"scrub": []}, "every_seed": ["counterfactual"]}
    measured = configuration | {"seeds": list(TRUTH_SEEDS), "tasks": {"wiki": dial}}
    wanted = ["results/observations/wiki.csv", "results/extrinsic/wiki/performance.csv"]
    kept = folder / "truth"
    if not kept.exists():
        run(folder, configuration=measured, overlays=[OVERLAY], targets=wanted)
        partial = folder / "truth.partial"
        partial.mkdir(exist_ok=True)
        for name in wanted:
            shutil.copy(folder / name, partial / Path(name).name)
        partial.rename(kept)
    seconds = run(folder, configuration=configuration, overlays=[OVERLAY])
    observations, performance = (
        pd.read_csv(kept / name) for name in ("wiki.csv", "performance.csv")
    )
    found = table(folder, "analysis/slopes.csv")
    verdicts = table(folder, "analysis/verdicts.csv")
    rows = []
    for adaptation in observations["adaptation"].unique():
        of = cells(observations, performance, description(), adaptation)
        causal = _chosen(slopes(of, 0))
        own = _chosen(found[found["adaptation"] == adaptation])
        said = verdicts[
            (verdicts["adaptation"] == adaptation) & (verdicts["source"] == "model")
        ].iloc[0]
        rows.append(
            {
                "adaptation": adaptation,
                "seconds": round(seconds),
                # In the same unit as the study's own: that of its unmodified models.
                "truth": causal.get("slope") * own.get("scale", float("nan")),
                "truth_error": causal.get("standard_error")
                / causal.get("scale")
                * own.get("scale", float("nan")),
                "standardised": own["standardised"],
                "low": own["low"],
                "high": own["high"],
                "verdict": said["verdict"],
                "smallest_effect": said["smallest_effect"],
                "reason": said["reason"],
            }
        )
    return pd.DataFrame(rows)


def description() -> TaskDescription:
    """Return the description of the task that the worlds are studied on."""
    whole: dict[str, Any] = {}
    for name in ("config.yaml", OVERLAY):
        update_config(whole, yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
    return describe(parse(whole), "wiki")


def _chosen(found: pd.DataFrame) -> pd.Series:
    rows = found[(found["source"] == "model") & (found["effects"] == "within")]
    return rows.iloc[0]


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
    null = ~worlds["kind"].isin(["upstream", "both"])
    large = worlds["truth"] >= 2 * worlds["smallest_effect"]
    known = worlds["low"].notna() & worlds["truth"].notna()
    covered = (worlds["low"] <= worlds["truth"]) & (worlds["truth"] <= worlds["high"])
    for (kind, adaptation), rows in worlds.groupby(["kind", "adaptation"], sort=False):
        print(
            f"{kind}, {adaptation}: truth {rows['truth'].mean():+.2f}, estimate "
            f"{rows['standardised'].mean():+.2f}; {rows['verdict'].value_counts().to_dict()}"
        )
    twice = "transfers, said of worlds of twice the smallest effect"
    shares = {
        "transfers, said of null worlds": (transfers[null].mean(), FALSE, -1),
        twice: (transfers[large].mean(), FOUND, 1),
        "causal slope inside the interval": (covered[known].mean(), COVERED, 1),
    }
    for name, (share, bound, _) in shares.items():
        print(f"{name}: {share:.2f} (bound {bound})")
    return int(any(sign * (share - bound) < 0 for share, bound, sign in shares.values()))


if __name__ == "__main__":
    main()
