"""All that a study says of transfer, by task and adaptation, up to the verdicts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.analysis.cells import OUTCOME, UPSTREAM, VARIANCE, Cells, cells, inside_groups
from bias_transfer.analysis.changes import CHANGE_COLUMNS, changes
from bias_transfer.analysis.description import FEWEST_ITEMS, TaskDescription
from bias_transfer.analysis.explained import chance_shares, shapley_shares
from bias_transfer.analysis.reliability import intraclass_correlation, split_half
from bias_transfer.analysis.resampling import multi_bootstrap, percentile_interval
from bias_transfer.analysis.sampling import sampling_share
from bias_transfer.analysis.slopes import (
    LEVEL,
    SLOPE_COLUMNS,
    nothing_to_fit,
    same_for_all,
    slopes,
    sources,
    template_reliability,
)
from bias_transfer.analysis.verdict import VERDICT_COLUMNS, Verdict, verdict
from bias_transfer.errors import counted

_BOOTSTRAP_DRAWS = 999
# What a measure was repeated over.
BETWEEN_TEMPLATES, WITHIN_TEMPLATES = "templates, between items", "templates, within items"
SPLIT_HALVES, SEEDS, TEST_ROWS = "templates, split halves", "seeds", "test rows"

RELIABILITY_COLUMNS = ("task", "adaptation", "measure", "over", "value", "items", "replicates")
EXPLAINED_COLUMNS = (
    *("task", "adaptation", "source", "share", "low", "high", "by_chance", "items", "reason"),
)


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
    fewest_test_rows
        That an item's downstream bias had to rest on.
    """

    adaptation: str
    cells: Cells
    slopes: pd.DataFrame
    reliability: pd.DataFrame
    explained: pd.DataFrame
    verdicts: tuple[Verdict, ...]
    smallest_effect: float
    fewest_test_rows: int


def evidence(
    observations: pd.DataFrame,
    performance: pd.DataFrame,
    task: TaskDescription,
    smallest_effect: float,
    fewest_test_rows: int,
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
    fewest_test_rows
        As for `cells.cells`.
    seed
        Of the bootstraps.
    """
    for adaptation, _ in task.adaptations:
        of = cells(observations, performance, task, adaptation, fewest_test_rows)
        found, reliability = slopes(of, seed), reliability_table(of)
        known = {
            "within": _value(reliability, "upstream", WITHIN_TEMPLATES),
            "between": _value(reliability, "upstream", BETWEEN_TEMPLATES),
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
            fewest_test_rows=fewest_test_rows,
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

    Of several groups all is inside each of them: the mean of a group's items is one number.

    One: the measure would order the items the same if it were taken again. Zero: it would not. A
    value is missing where nothing was repeated, or for fewer than six items. `items` and
    `replicates` say of how many numbers it is.
    """
    control = of.table["unmodified"]
    # Its seeds share the checkpoint, and so their upstream bias.
    once = of.rows(control & ~of.table[control].duplicated("item"))
    seeds = _by_seed(of.table[control])
    templates, items = of.templates.shape[1], len(once.table)
    rows = [
        (
            "upstream",
            BETWEEN_TEMPLATES,
            template_reliability(once, (once.codes("group"),)),
            items,
            templates,
        ),
        ("upstream", SPLIT_HALVES, _halves(once), items, templates),
        (
            *("upstream", WITHIN_TEMPLATES),
            template_reliability(of, (of.codes("item"), of.codes("level"))),
            *(of.table["item"].nunique(), templates),
        ),
        ("downstream", SEEDS, _agreement(seeds), *seeds.shape),
        ("downstream", TEST_ROWS, _not_sampling(once), items, 1),
    ]
    return pd.DataFrame(rows, columns=list(RELIABILITY_COLUMNS[2:]))


def why_unknown(over: str, items: int, replicates: int) -> str:
    """Say why a row of `reliability_table` has no value, as far as its counts tell.

    Parameters
    ----------
    over, items, replicates
        Its columns.
    """
    if items < FEWEST_ITEMS:
        return f"{counted(items, 'item')}, and {FEWEST_ITEMS} are needed"
    if over != TEST_ROWS and replicates < 2:
        return "measured once"
    if over == TEST_ROWS:
        return "counts of too few items, or no differences between items"
    if over == WITHIN_TEMPLATES:
        return "nothing changed, or too few items with every template"
    return "too few items with every repetition, or no differences between them"


def explained_table(of: Cells, seed: int) -> pd.DataFrame:
    """Return the shares of downstream bias's variance over items that each source explains.

    R² of the unmodified model's downstream bias on upstream bias and the covariates, of several
    groups inside each, split by the averages over the orders in which the two may enter (Shapley),
    with 95 % percentiles over items. Zero: a source explains nothing that the other does not. They
    sum to R². No share is negative, so that some is explained by chance: `by_chance` is the mean
    share, were downstream bias dealt out to the items at random, k / (n - g) of k columns, n items
    and g groups; and no percentile tells that a share is more than that.
    """
    control = of.of_unmodified
    items, reason = len(control), nothing_to_fit(of)
    columns = {"model": [UPSTREAM], "data": list(of.covariates)}
    sides = {source: control[own].to_numpy(dtype=np.float64) for source, own in columns.items()}
    if not reason and items <= of.groups.nunique() + 1 + len(of.covariates):
        reason = f"{items} items are too few for {1 + len(of.covariates)} columns"
    if reason:
        return _explained([(source, *[float("nan")] * 4, items, reason) for source in sides])
    clusters = of.table[of.table["unmodified"]].drop_duplicates("item")["cluster"]
    drawn = multi_bootstrap(
        pd.factorize(clusters)[0].astype(np.int64),
        np.zeros(items, dtype=np.int64),
        np.zeros(items, dtype=np.bool_),
        _BOOTSTRAP_DRAWS,
        seed,
    )
    # The table itself comes before its draws.
    weights = np.vstack([np.ones(items), drawn])
    groups = (pd.factorize(of.groups)[0].astype(np.int64),)
    shares = shapley_shares(control[OUTCOME].to_numpy(dtype=np.float64), sides, groups, weights)
    by_chance = chance_shares(sides, groups)
    rows = []
    for source, (whole, *draws) in shares.items():
        known = "" if np.isfinite(whole) else "downstream bias is the same for all items"
        same = [same_for_all(of, column, "it") for column in columns[source]]
        if same and all(same):
            rows.append((source, *[float("nan")] * 4, items, same[0]))
            continue
        interval = percentile_interval(np.array(draws), LEVEL)
        rows.append((source, whole, *interval, by_chance[source], items, known))
    return _explained(rows)


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


def _explained(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(EXPLAINED_COLUMNS[2:]))


def _halves(of: Cells) -> float:
    """Return the split halves' reliability of one model's upstream bias."""
    complete = _inside(of.templates, of.table["group"]).dropna(axis=1, how="all").dropna()
    if complete.shape[1] < 2 or len(complete) < FEWEST_ITEMS:
        return float("nan")
    return split_half(complete.to_numpy(dtype=np.float64))


def _by_seed(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return the outcomes of one variant's models, shape (items with every seed, seeds)."""
    wide = rows.pivot(index=["item", "group"], columns="seed", values=OUTCOME).dropna()
    return _inside(wide, wide.index.get_level_values("group")).to_numpy(dtype=np.float64)


def _inside(values: pd.DataFrame, groups: pd.Series | pd.Index) -> pd.DataFrame:
    """Return values inside their groups, as they are where there is one.

    Nothing that is asked of them depends on their mean, and rounding makes none of equal ones vary.
    """
    return values if groups.nunique() < 2 else inside_groups(values, groups)


def _agreement(values: NDArray[np.float64]) -> float:
    if values.shape[1] < 2 or len(values) < FEWEST_ITEMS:
        return float("nan")
    return intraclass_correlation(values)


def _not_sampling(of: Cells) -> float:
    """Return what the counts of test rows leave of one model's variance over items."""
    known = of.table[of.table[VARIANCE].notna()]
    if len(known) < FEWEST_ITEMS:
        return float("nan")
    values = _inside(known[[OUTCOME]], known["group"])[OUTCOME]
    return 1 - sampling_share(values.to_numpy(), known[VARIANCE].to_numpy())


def _value(reliability: pd.DataFrame, measure: str, over: str) -> float:
    found = reliability[(reliability["measure"] == measure) & (reliability["over"] == over)]
    return float(found["value"].iloc[0])


def _downstream(reliability: pd.DataFrame) -> float:
    """Return the reliability over seeds, or where there is one seed what the counts alone leave."""
    over_seeds = _value(reliability, "downstream", SEEDS)
    return over_seeds if np.isfinite(over_seeds) else _value(reliability, "downstream", TEST_ROWS)
