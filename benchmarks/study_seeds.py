"""Whether the default study says the same whatever its seed, and what is declared to be true.

    python -m benchmarks.study_seeds FOLDER --seeds 10
    python -m benchmarks.study_seeds FOLDER --seeds 10 --arithmetic default

Runs the default study with so many study seeds: each is a world of its own, with other
associations, other text and another pre-trained model. For each it says how downstream bias agrees
from one fine-tuning seed to the next, the data's slope between items with its interval, the slope
of the Bayes-optimal classifier's downstream bias on the same data, and the verdicts. With
`--arithmetic default` torch does without the vector instructions of this CPU, as another kind of
CPU would, and only the way of fine-tuning is studied that the answer's sentences are about; the
studies of both kinds are kept in FOLDER, and verdicts are compared where both are there.
"""

import argparse
import itertools
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.studies import configured, run, table, truth

from bias_transfer.analysis.cells import OUTCOME, UPSTREAM, Cells, cells
from bias_transfer.study.config import Study
from bias_transfer.study.description import describe

# The first study seed; the default study's is another.
FIRST = 1
AGREEMENT = 0.8
TASKS = ("bios", "wiki")


def studied(folder: Path, whole: Study, task: str) -> Cells:
    """Return what a study's slopes rest on, under full fine-tuning."""
    return cells(
        table(folder, f"observations/{task}.csv"),
        table(folder, f"extrinsic/{task}/performance.csv"),
        describe(whole, task),
        "full",
        whole.analysis.fewest_test_rows,
    )


def agreement(of: Cells) -> float:
    """Return the unmodified model's mean correlation of downstream bias between seeds."""
    wide = of.table[of.table["unmodified"]].pivot(index="item", columns="seed", values=OUTCOME)
    pairs = itertools.combinations(wide.columns, 2)
    return float(np.mean([wide[first].corr(wide[second]) for first, second in pairs]))


def bayes_slope(of: Cells, optimal: Mapping[str, float]) -> float:
    """Return the slope of the Bayes-optimal downstream bias on the data, as the study fits it."""
    rows = of.of_unmodified
    known = pd.Series(optimal, dtype=float).reindex(rows.index).dropna()
    columns = rows.loc[known.index, [UPSTREAM, *of.covariates]]
    design = np.column_stack([np.ones(len(known)), columns])
    return float(np.linalg.lstsq(design, known.to_numpy())[0][2])


def found(folder: Path, seconds: float) -> pd.DataFrame:
    """Return one row a task of what a study found."""
    slopes, verdicts = (table(folder, f"analysis/{name}.csv") for name in ("slopes", "verdicts"))
    whole = configured()
    rows = []
    for task in TASKS:
        of, outcome = studied(folder, whole, task), whole.tasks[task].outcome
        own = slopes[(slopes["task"] == task) & (slopes["adaptation"] == "full")]
        data = own[(own["source"] == "data") & (own["effects"] == "between")].iloc[0]
        # Those of the sentence that the answer leads with.
        said = verdicts[(verdicts["task"] == task) & (verdicts["adaptation"] == "full")]
        rows.append(
            {
                "study": folder.name,
                "task": task,
                "seconds": round(seconds),
                "agreement": agreement(of),
                "data_slope": data["slope"],
                "low": data["low"] / data["scale"],
                "high": data["high"] / data["scale"],
                "bayes_slope": bayes_slope(of, truth(folder, task)["bayes"][outcome]),
                "verdicts": "; ".join(
                    f"{row.adaptation} {row.source}: {row.verdict}" for row in said.itertuples()
                ),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Run the studies, and print what held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--arithmetic", choices=["native", "default"], default="native")
    options = parser.parse_args()
    environment, changed = {}, {}
    if options.arithmetic != "native":
        environment = {"ATEN_CPU_CAPABILITY": options.arithmetic}
        changed = {"tasks": {task: {"adaptation": ["full"]} for task in TASKS}}
    tables = []
    for seed in range(FIRST, FIRST + options.seeds):
        folder = options.folder / options.arithmetic / f"seed{seed}"
        seconds = run(
            folder,
            configuration={"seed": seed, **changed},
            targets=["results/analysis/verdicts.csv"],
            environment=environment,
        )
        tables.append(found(folder, seconds))
        print(tables[-1].to_string(index=False), flush=True)
    whole = pd.concat(tables, ignore_index=True)
    whole.to_csv(options.folder / f"{options.arithmetic}.csv", index=False)
    sys.exit(summary(whole, options.folder))


def summary(whole: pd.DataFrame, folder: Path) -> int:
    """Print in how many studies each bound holds; return 1 where one is missed."""
    missed = False
    for task, rows in whole.groupby("task", sort=False):
        studies = len(rows)
        agree = int((rows["agreement"] >= AGREEMENT).sum())
        positive = int((rows["low"] > 0).sum())
        covered = int(
            ((rows["low"] <= rows["bayes_slope"]) & (rows["bayes_slope"] <= rows["high"])).sum()
        )
        same = int(rows["verdicts"].value_counts().iloc[0])
        print(
            f"{task}: agreement from seed to seed {rows['agreement'].min():.2f} to "
            f"{rows['agreement'].max():.2f}, at least {AGREEMENT} in {agree} of {studies}; "
            f"the data's slope above zero in {positive}, its interval over the Bayes slope in "
            f"{covered}; the same verdicts in {same}"
        )
        missed |= agree < studies or min(positive, same) < 0.9 * studies or covered < 0.8 * studies
    paths = [folder / f"{name}.csv" for name in ("native", "default")]
    if all(path.exists() for path in paths):
        first, second = (
            pd.read_csv(path).set_index(["study", "task"])["verdicts"] for path in paths
        )
        both = first.to_frame("first").join(second.rename("second"), how="inner")
        same = int((both["first"] == both["second"]).sum())
        print(f"the same verdicts with other arithmetic: {same} of {len(both)} tasks of studies")
        missed |= same < 0.9 * len(both)
    return int(missed)


if __name__ == "__main__":
    main()
