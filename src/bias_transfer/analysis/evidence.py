"""All that a study says of transfer, by task and adaptation, up to the verdicts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.analysis.cells import OUTCOME, UPSTREAM, VARIANCE, Cells, cells
from bias_transfer.analysis.changes import CHANGE_COLUMNS, changes
from bias_transfer.analysis.description import TaskDescription
from bias_transfer.analysis.explained import shapley_shares
from bias_transfer.analysis.reliability import intraclass_correlation, split_half
from bias_transfer.analysis.resampling import multi_bootstrap, percentile_interval
from bias_transfer.analysis.sampling import sampling_share
from bias_transfer.analysis.slopes import (
    FEWEST_ITEMS,
    LEVEL,
    SLOPE_COLUMNS,
    slopes,
    sources,
    template_reliability,
)
from bias_transfer.analysis.verdict import VERDICT_COLUMNS, Verdict, verdict
from bias_transfer.errors import StudyError

_BOOTSTRAP_DRAWS = 999

RELIABILITY_COLUMNS = ("task", "adaptation", "measure", "over", "value", "items", "replicates")
EXPLAINED_COLUMNS = ("task", "adaptation", "source", "share", "low", "high", "items", "reason")


@dataclass(frozen=True, eq=False)
class Evidence:
    """What one adaptation of a task shows.

    Attributes
    ----------
    adaptation
        "full", "head" and the like.
    cells
        What it rests on.
    slopes, reliability, explained
        Tables; see `slopes.slopes`, `reliability_table` and `explained_table`.
    verdicts
        Of the model and of the data.
    smallest_effect
        The smallest slope that matters, in standard deviations.
    """

    adaptation: str
    cells: Cells
    slopes: pd.DataFrame
    reliability: pd.DataFrame
    explained: pd.DataFrame
    verdicts: tuple[Verdict, ...]
    smallest_effect: float


def evidence(
    observations: pd.DataFrame,
    performance: pd.DataFrame,
    task: TaskDescription,
    smallest_effect: float,
    seed: int,
) -> Iterator[Evidence]:
    """Weigh each adaptation of a task.

    Parameters
    ----------
    observations, performance
        The task's observation table and each model's accuracy, all adaptations.
    task
        Names the measures.
    smallest_effect
        The smallest slope that matters, in standard deviations of downstream bias a standard
        deviation of its source.
    seed
        Of the bootstraps.
    """
    for adaptation, _ in task.adaptations:
        of = cells(observations, performance, task, adaptation)
        found, reliability = slopes(of, seed), reliability_table(of)
        known = {
            "within": _value(reliability, "upstream", "templates, within items"),
            "between": _value(reliability, "upstream", "templates, between items"),
            "downstream": _downstream(reliability),
        }
        yield Evidence(
            adaptation=adaptation,
            cells=of,
            slopes=found,
            reliability=reliability,
            explained=explained_table(of, seed),
            verdicts=tuple(verdict(found, name, known, smallest_effect) for name in sources(of)),
            smallest_effect=smallest_effect,
        )


def reliability_table(of: Cells) -> pd.DataFrame:
    """Return how reliable the measures are.

    One row a measure ("upstream" or "downstream") and what it was repeated over:

    - upstream over templates: Cronbach's alpha, between the unmodified model's items and within
      the items of all models (of the changes that interventions make), and the split halves'
      correlation, stepped up;
    - downstream over seeds: the intraclass correlation of the unmodified model's mean over its
      seeds;
    - downstream over test rows: 1 - the share of the variance over the unmodified model's items
      that the sampling of test rows accounts for, from the counts of one model.

    One: the measure would order the items the same if it were taken again. Zero: it would not. A
    value is missing where nothing was repeated.
    """
    control = of.table["unmodified"].to_numpy()
    items = of.items[control]
    templates = of.templates[control].dropna(axis=1, how="all")
    halves = _halves(templates, items)
    seeds = _by_seed(of)
    count = len(np.unique(items))
    rows = [
        (
            *("upstream", "templates, between items"),
            *(_between(of, control), count, of.templates.shape[1]),
        ),
        ("upstream", "templates, split halves", halves, count, of.templates.shape[1]),
        (
            *("upstream", "templates, within items"),
            template_reliability(of, (of.models, of.items)) if len(of.table) else float("nan"),
            *(of.table["item"].nunique(), of.templates.shape[1]),
        ),
        ("downstream", "seeds", _agreement(seeds), *seeds.shape),
        ("downstream", "test rows", _not_sampling(of, control), count, 1),
    ]
    return pd.DataFrame(rows, columns=list(RELIABILITY_COLUMNS[2:]))


def explained_table(of: Cells, seed: int) -> pd.DataFrame:
    """Return the shares of downstream bias's variance over items that each source explains.

    R² of the unmodified model's downstream bias on upstream bias and the covariates, split by the
    averages over the orders in which the two may enter (Shapley), with 95 % percentiles over items.
    Zero: a source explains nothing that the other does not. They sum to R².
    """
    control = of.of_unmodified
    names = {"model": [UPSTREAM], "data": list(of.covariates)}
    width = [OUTCOME, UPSTREAM, *of.covariates]
    values = control[width].to_numpy(dtype=np.float64)[np.newaxis]
    rows = []
    for source in names:

        def share(drawn: NDArray[np.float64], source: str = source) -> float:
            table = drawn.reshape(-1, len(width))
            groups = {
                each: table[:, [width.index(name) for name in columns]]
                for each, columns in names.items()
            }
            constant = np.zeros(len(table), dtype=np.int64)
            try:
                return shapley_shares(table[:, 0], groups, (constant,))[source]
            except StudyError:
                # Items that were drawn too often leave a column without variance.
                return float("nan")

        if len(control) < FEWEST_ITEMS:
            reason = f"{len(control)} items have every number, and {FEWEST_ITEMS} are needed"
            rows.append((source, *[float("nan")] * 3, len(control), reason))
            continue
        whole = share(values)
        reason = "" if np.isfinite(whole) else "some column is the same for all items"
        low, high = float("nan"), float("nan")
        if not reason:
            drawn = multi_bootstrap(values, share, _BOOTSTRAP_DRAWS, seed)
            low, high = percentile_interval(drawn[np.isfinite(drawn)], LEVEL)
        rows.append((source, whole, low, high, len(control), reason))
    return pd.DataFrame(rows, columns=list(EXPLAINED_COLUMNS[2:]))


def tables(found: Mapping[str, Sequence[Evidence]]) -> dict[str, pd.DataFrame]:
    """Lay the evidence of all tasks out as tables, by their names."""
    made: dict[str, tuple[Sequence[str], Callable[[Evidence], pd.DataFrame]]] = {
        "slopes": (SLOPE_COLUMNS, lambda of: of.slopes),
        "reliability": (RELIABILITY_COLUMNS, lambda of: of.reliability),
        "explained": (EXPLAINED_COLUMNS, lambda of: of.explained),
        "changes": (CHANGE_COLUMNS, lambda of: changes(of.cells)),
        "verdicts": (VERDICT_COLUMNS, _verdict_table),
    }
    return {
        name: pd.concat(
            [
                table(of).assign(task=task, adaptation=of.adaptation)
                for task, parts in found.items()
                for of in parts
            ],
            ignore_index=True,
        )[list(columns)]
        for name, (columns, table) in made.items()
    }


def _verdict_table(of: Evidence) -> pd.DataFrame:
    rows = [asdict(each) | {"verdict": each.word} for each in of.verdicts]
    return pd.DataFrame(rows).assign(smallest_effect=of.smallest_effect)


def _between(of: Cells, control: NDArray[np.bool_]) -> float:
    """Return alpha over the unmodified model's items, whose seeds share their upstream bias."""
    wide = of.templates[control].dropna(axis=1, how="all")
    first = ~pd.Series(of.items[control]).duplicated().to_numpy()
    rows = wide.to_numpy(dtype=np.float64)[first]
    alone = Cells(of.table.iloc[:0], pd.DataFrame(rows), of.covariates, {}, 0)
    return template_reliability(alone, (np.zeros(len(rows), dtype=np.int64),))


def _halves(templates: pd.DataFrame, items: NDArray[np.int64]) -> float:
    first = ~pd.Series(items).duplicated().to_numpy()
    scores = templates.to_numpy(dtype=np.float64)[first]
    if scores.shape[1] < 2 or len(scores) < FEWEST_ITEMS or np.isnan(scores).any():
        return float("nan")
    return split_half(scores)


def _by_seed(of: Cells) -> NDArray[np.float64]:
    """Return the unmodified model's outcomes, shape (items with every seed, seeds)."""
    rows = of.table[of.table["unmodified"]]
    wide = rows.pivot_table(index="item", columns="seed", values=OUTCOME, sort=False)
    return wide.dropna().to_numpy(dtype=np.float64)


def _agreement(values: NDArray[np.float64]) -> float:
    if values.shape[1] < 2 or len(values) < FEWEST_ITEMS:
        return float("nan")
    return intraclass_correlation(values)


def _not_sampling(of: Cells, control: NDArray[np.bool_]) -> float:
    rows = of.table[control].drop_duplicates("item")
    known = rows[rows[VARIANCE].notna()]
    if len(known) < FEWEST_ITEMS:
        return float("nan")
    values, variances = known[OUTCOME].to_numpy(), known[VARIANCE].to_numpy()
    return 1 - sampling_share(values, variances) if np.ptp(values) > 0 else float("nan")


def _value(reliability: pd.DataFrame, measure: str, over: str) -> float:
    found = reliability[(reliability["measure"] == measure) & (reliability["over"] == over)]
    return float(found["value"].iloc[0])


def _downstream(reliability: pd.DataFrame) -> float:
    """Return the reliability over seeds, or where there is one seed what the counts alone leave."""
    over_seeds = _value(reliability, "downstream", "seeds")
    known = (
        over_seeds if np.isfinite(over_seeds) else _value(reliability, "downstream", "test rows")
    )
    return known
