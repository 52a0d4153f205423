"""Altered training sets as figures show them: which there are, how far each goes, its twin."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.report.figures import Tables, _text
from bias_transfer.report.figures._means import (
    ORIGINAL,
    PRETRAINED,
    Models,
    means,
    of_checkpoint,
)


@dataclass(frozen=True)
class Way:
    """One way of altering the data, by ever more.

    Attributes
    ----------
    title
        Of the intervention.
    symbols
        Columns that say how much, each with its symbol, which may be empty: of an intervention with
        several, those that these data sets raise together.
    doses
        The level of each column, by data set; ascending.
    """

    title: str
    symbols: Mapping[str, str]
    doses: Mapping[str, tuple[float, ...]]

    @property
    def names(self) -> list[str]:
        """How its levels are called where there is little room."""
        return [_text.level_name(column, symbol) for column, symbol in self.symbols.items()]


def applies(description: TaskDescription) -> bool:
    """Tell whether a task has altered training sets."""
    return any(each.side == "data" for each in description.interventions)


def bias(description: TaskDescription) -> Quantity:
    """Return the downstream bias to show of altered data: a difference of rates, if there is one.

    Altered data can leave a model without a single false positive; a difference still exists then,
    a ratio does not.
    """
    differences = [
        each for each in description.outcomes if each.neutral == 0 and not each.logarithm
    ]
    return differences[0] if differences else description.after


def checkpoints(description: TaskDescription, tables: Tables) -> list[Models]:
    """Return the kinds of checkpoint that met altered data, the unmodified one first."""
    table = tables.item_means
    altered = table.loc[table["dataset"] != ORIGINAL, ["upstream_kind", "upstream_strength"]]
    kinds = [PRETRAINED, *(each.kind for each in description.interventions)]
    order = {kind: rank for rank, kind in enumerate(kinds)}
    found = {
        Models(str(kind), None if pd.isna(strength) else float(strength))
        for kind, strength in altered.itertuples(index=False)
    }
    return sorted(found, key=lambda each: (order.get(each.kind, len(order)), each.strength or 0.0))


def ways(description: TaskDescription, tables: Tables) -> list[Way]:
    """Return the ways of altering the data that the tables show, in the order of the grid."""
    return [
        Way(each.title, {column: each.levels[column] for column in raised}, doses)
        for each in description.interventions
        if each.side == "data"
        for raised, doses in _doses(tables, each.kind, tuple(each.levels)).items()
    ]


def _doses(
    tables: Tables, kind: str, columns: tuple[str, ...]
) -> dict[tuple[str, ...], dict[str, tuple[float, ...]]]:
    """Return the levels of each data set of a kind, by the columns that it raises above zero."""
    table = tables.item_means
    datasets = table.loc[table["dataset_kind"] == kind, "dataset"].astype(str).unique()
    observations = tables.observations.drop_duplicates("dataset")
    rows = observations[observations["dataset"].isin(datasets)]
    rows = rows.reindex(columns=["dataset", *columns])
    found: dict[tuple[str, ...], dict[str, tuple[float, ...]]] = {}
    for row in rows.sort_values(list(columns)).to_dict("records") if columns else ():
        raised = tuple(column for column in columns if row[column] > 0)
        found.setdefault(raised, {})[str(row["dataset"])] = tuple(row[name] for name in raised)
    if not columns and len(datasets):
        found[()] = {str(dataset): () for dataset in datasets}
    # One level after another, then several together.
    return dict(
        sorted(found.items(), key=lambda each: (len(each[0]), [*map(columns.index, each[0])]))
    )


def met(tables: Tables, checkpoint: Models, way: Way) -> dict[str, tuple[float, ...]]:
    """Return the data sets of a way that a kind of checkpoint met, with their levels."""
    rows = tables.item_means
    datasets = set(rows.loc[of_checkpoint(rows, checkpoint), "dataset"])
    return {dataset: levels for dataset, levels in way.doses.items() if dataset in datasets}


def on(checkpoint: Models, dataset: str) -> Models:
    """Return the models that were trained on a data set from a kind of checkpoint."""
    return Models(checkpoint.kind, checkpoint.strength, dataset)


def twin(
    tables: Tables, checkpoint: Models, datasets: Mapping[str, object], quantity: Quantity
) -> Models:
    """Return the unaltered twin of data sets: the same checkpoints on the original data.

    Where some of the data sets met fewer checkpoints than others, it is the twin of the fullest.
    """
    twins = [Models(checkpoint.kind, checkpoint.strength, ORIGINAL, each) for each in datasets]
    return max(twins, key=lambda each: means(tables, each, quantity).models)
