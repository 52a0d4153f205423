"""Which standard error tells the truth: coverage, type-I error and power in simulated tables.

    python -m benchmarks.known_truth_tables

Tables are drawn in the shapes of the paper's and of the embedded studies, with slopes that are
known (`bias_transfer.analysis.simulation`), and in harder shapes, for which there is no bound. It
writes the tables of docs/known-truth.md and the figure docs/known-truth-coverage.png, and prints
last the coverage of the default, CR3 by item.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from bias_transfer.analysis.simulation import (
    CR1,
    CR3,
    ESTIMATORS,
    HC3_MEANS,
    HC3_ROWS,
    TWO_WAY_CR1,
    TWO_WAY_CR3,
    WILD,
    Design,
    Population,
    performance,
)

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "known-truth.md"
FIGURE = DOCS / "known-truth-coverage.png"
BEGIN = "<!-- begin: python -m benchmarks.known_truth_tables -->\n"
END = "<!-- end -->"

SEED = 1
TABLES = 4000
BOOTSTRAPPED = 2000
DRAWS = 399
# The smallest effect of interest.
SLOPE = 0.2
# Bounds of the default.
DEFAULT = CR3
COVERAGE = (0.93, 0.97)
TYPE_ONE_ERROR = 0.06


@dataclass(frozen=True)
class Case:
    """Tables of one shape, drawn from one population."""

    name: str
    design: Design
    population: Population


def _case(design: Design, population: Population, besides: str = "") -> Case:
    models = "1 model" if design.models == 1 else f"{design.models} models"
    return Case(f"{design.items} items, {models}{besides}", design, population)


STUDIES, SKEWED = Population(), Population(skew=1.0)
DIFFERENT = Population(models_differ=0.2)
# The paper's: 28 occupations in 5 templates, 50 identity terms in 7; one model, ten, and all.
BOUND = [
    _case(Design(models, items, templates), STUDIES)
    for items, templates in ((28, 5), (50, 7))
    for models in (1, 10, 43)
]
HARDER = [
    _case(Design(1, 8, 5), STUDIES),
    _case(Design(10, 8, 5), STUDIES),
    _case(Design(3, 28, 5), STUDIES),
    _case(Design(1, 28, 5), SKEWED, ", skewed"),
    _case(Design(10, 28, 5), SKEWED, ", skewed"),
    _case(Design(10, 28, 5), DIFFERENT, " that differ"),
    _case(Design(43, 28, 5), DIFFERENT, " that differ"),
]

QUESTIONS = {
    "coverage": "Coverage: 95 % intervals that hold the slope.",
    "type_one_error": "Type-I error: slopes found at the 5 % level where there is none.",
    "power": f"Power: slopes found where it is {SLOPE}.",
}

# Okabe and Ito's colours; the shape tells the kind as well.
MARKS = {
    HC3_ROWS: ("#D55E00", "X"),
    HC3_MEANS: ("#E69F00", "P"),
    CR1: ("#56B4E9", "v"),
    CR3: ("#0072B2", "o"),
    TWO_WAY_CR1: ("#CC79A7", "s"),
    TWO_WAY_CR3: ("#222222", "^"),
    WILD: ("#009E73", "D"),
}


def told(cases: list[Case]) -> pd.DataFrame:
    """Return the performance of every estimator in every case; each case prints its time."""
    found = []
    for case in cases:
        for slope in case.design.slopes:
            began = time.process_time()
            rows = performance(
                case.design,
                case.population,
                slope,
                slope=SLOPE,
                tables=TABLES,
                bootstrapped=BOOTSTRAPPED,
                draws=DRAWS,
                seed=SEED,
            )
            rows.insert(0, "case", case.name)
            found.append(rows)
            print(f"{case.name}, {slope}: {time.process_time() - began:.1f} s", flush=True)
    return pd.concat(found, ignore_index=True)


def markdown(found: pd.DataFrame) -> str:
    """Return a table a question: a line a case and slope, in per cent ± the Monte Carlo error."""
    names = [name for name in ESTIMATORS if name in set(found["estimator"])]
    heads = [f"**{name}**" if name == DEFAULT else name for name in names]
    tables = []
    for column, question in QUESTIONS.items():
        lines = [
            f"{question}\n",
            f"| design | slope | {' | '.join(heads)} |",
            f"|---|---|{'---:|' * len(names)}",
        ]
        for (case, slope), rows in found.groupby(["case", "slope"], sort=False):
            by_name = rows.set_index("estimator")
            cells = [
                f"{100 * by_name.loc[name, column]:.1f} ± "
                f"{100 * by_name.loc[name, f'{column}_monte_carlo_error']:.1f}"
                if name in by_name.index
                else ""
                for name in names
            ]
            lines.append(f"| {case} | {slope} | {' | '.join(cells)} |")
        tables.append("\n".join(lines) + "\n")
    return "\n".join(tables)


def draw_coverage(found: pd.DataFrame, path: Path) -> None:
    """Draw coverage by case and slope, an estimator a mark, with 95 % Monte Carlo intervals."""
    slopes = ("between", "within")
    heads = ("Slope between items (model effects)", "Slope within items (item and model effects)")
    cases = list(dict.fromkeys(found["case"]))
    figure = Figure(figsize=(9.5, 1.9 + 0.62 * len(cases)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, slope, head in zip(panels, slopes, heads, strict=True):
        axes.axvspan(*COVERAGE, color="#e8e8e8", lw=0)
        axes.axvline(0.95, color="#8a8a8a", lw=0.8)
        for place, name in enumerate(ESTIMATORS):
            rows = found[(found["slope"] == slope) & (found["estimator"] == name)]
            colour, marker = MARKS[name]
            axes.errorbar(
                rows["coverage"],
                [cases.index(case) + 0.11 * (place - 3) for case in rows["case"]],
                xerr=1.96 * rows["coverage_monte_carlo_error"],
                fmt=marker,
                color=colour,
                ms=5.5,
                elinewidth=1.1,
                label=name,
            )
        for place, case in enumerate(cases):
            if not ((found["slope"] == slope) & (found["case"] == case)).any():
                axes.text(0.1, place, "one model: no change to see", color="#666666", va="center")
        axes.set_xscale("logit")
        axes.set_xlim(0.08, 0.99)
        axes.set_xticks(
            [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98],
            labels=["10", "25", "50", "75", "90", "95", "98"],
        )
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("95 % intervals that cover the truth, %")
        axes.set_title(head, loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", visible=False)
    panels[0].set_yticks(range(len(cases)), labels=cases)
    panels[0].set_ylim(len(cases) - 0.5, -0.5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle("Which interval holds what it promises?", x=0.01, ha="left", weight="bold")
    figure.savefig(path, dpi=150, metadata={"Software": None})


def main() -> int:
    """Simulate, write, print, and return 1 where a bound is missed."""
    began = time.process_time()
    bound, harder = told(BOUND), told(HARDER)
    text = (
        f"\nIn per cent, ± the Monte Carlo standard error; {TABLES:,} tables each with and without "
        f"a slope, {BOOTSTRAPPED:,} for the bootstrap.\n\n### The designs of the studies\n\n"
        f"{markdown(bound)}\n### Harder designs, without a bound\n\n{markdown(harder)}\n"
    )
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2])
    draw_coverage(bound, FIGURE)
    of_default = bound[bound["estimator"] == DEFAULT]
    low, high = of_default["coverage"].min(), of_default["coverage"].max()
    worst = of_default["type_one_error"].max()
    missed = ["coverage"] * bool(low < COVERAGE[0] or high > COVERAGE[1])
    missed += ["type-I error"] * bool(worst > TYPE_ONE_ERROR)
    print(f"processor seconds: {time.process_time() - began:.0f}")
    for each in missed:
        print(f"missed: {each}")
    print(f"type-I error of {DEFAULT}: at most {worst:.1%} (bound {TYPE_ONE_ERROR:.0%})")
    print(
        f"coverage of {DEFAULT}: {low:.1%} to {high:.1%} (bound {COVERAGE[0]:.0%} to "
        f"{COVERAGE[1]:.0%})"
    )
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
