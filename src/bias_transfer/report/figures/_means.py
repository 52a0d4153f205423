"""Rows that figures choose from the analysis's tables: the item means of a set of models."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.analysis.description import Quantity
from bias_transfer.report.figures import Tables
from bias_transfer.report.scale import drawn

PRETRAINED = "pretrained"
ORIGINAL = "original"


@dataclass(frozen=True)
class Models:
    """Models that the analysis averaged over together.

    Attributes
    ----------
    kind, strength
        Of the checkpoint.
    dataset
        Identifier of the training set.
    twin_of
        An altered data set, where these are its checkpoints on the original data; else empty.
    """

    kind: str = PRETRAINED
    strength: float | None = None
    dataset: str = ORIGINAL
    twin_of: str = ""


UNMODIFIED = Models()


@dataclass(frozen=True, eq=False)
class Means:
    """One number an item.

    Attributes
    ----------
    drawn
        By item, as the axis shows it: of a logarithm, what it is the logarithm of. Empty where
        undefined.
    low, high
        The ends of the 95 % interval of each, as the axis shows them; empty where unknown.
    models
        How many were averaged.
    undefined, observations
        How many observations have no value, and how many there are.
    scarce
        Items whose value rests on too few test rows to be named as an extreme.
    """

    drawn: pd.Series
    low: pd.Series
    high: pd.Series
    models: int
    undefined: int
    observations: int
    scarce: frozenset[str] = frozenset()

    @property
    def to_name(self) -> pd.Series:
        """The drawn values of items that may be named, in rising order."""
        named = ~self.drawn.index.isin(self.scarce) & self.drawn.notna()
        return self.drawn[named].sort_values(kind="stable")


_NONE = pd.Series(dtype=float)
NO_MEANS = Means(_NONE, _NONE, _NONE, models=0, undefined=0, observations=0)


def means(tables: Tables, models: Models, quantity: Quantity) -> Means:
    """Return the item means of some models, without any item if there are no such models."""
    table = tables.item_means
    twin = table["twin_of"]
    same_twin = twin == models.twin_of if models.twin_of else twin.isna() | (twin == "")
    # One choice of rows: a figure asks for dozens of means.
    rows = table[_are(table, models) & (table["measure"] == quantity.column) & same_twin]
    shown, low, high = (
        pd.Series(drawn(quantity, numbers(rows[each])), rows["item"].astype(str), dtype=float)
        for each in ("value", "low", "high")
    )
    return Means(
        drawn=shown,
        low=low,
        high=high,
        models=int(rows["models"].iloc[0]) if len(rows) else 0,
        undefined=int(rows["undefined"].sum()),
        observations=int(rows["observations"].sum()),
        # What is not downstream bias rests on no test row.
        scarce=frozenset(rows.loc[rows["scarce"], "item"] if quantity.test_rows else ()),
    )


def correlation(tables: Tables, models: Models, quantity: Quantity) -> float | None:
    """Return the correlation with the unmodified model's bias; None where there is none to state.

    That is so of the unmodified model itself, of twins, and of what the table leaves out.
    """
    if models == UNMODIFIED or models.twin_of:
        return None
    rows = chosen(tables.correlations, models)
    rows = rows[rows["measure"] == quantity.column]
    return float(numbers(rows["pearson"])[0]) if len(rows) else None


def chosen(table: pd.DataFrame, models: Models) -> pd.DataFrame:
    """Return the rows of a table that are of these checkpoints and this training set."""
    return table[_are(table, models)]


def _are(table: pd.DataFrame, models: Models) -> pd.Series:
    return of_checkpoint(table, models) & (table["dataset"] == models.dataset)


def of_checkpoint(table: pd.DataFrame, models: Models) -> pd.Series:
    """Tell which rows of a table are of the models' kind and strength of checkpoint."""
    strength = pd.to_numeric(table["upstream_strength"])
    same = strength.isna() if models.strength is None else strength == models.strength
    return (table["upstream_kind"] == models.kind) & same


def strengths(tables: Tables, kind: str) -> list[float]:
    """Return the strengths of a kind of checkpoint on the original data, ascending."""
    table = tables.item_means
    rows = table[(table["upstream_kind"] == kind) & (table["dataset"] == ORIGINAL)]
    return sorted(float(each) for each in rows["upstream_strength"].dropna().unique())


def numbers(column: pd.Series) -> NDArray[np.float64]:
    """Return a column of a table as numbers; empty cells are not a number."""
    return pd.to_numeric(column).to_numpy(dtype=np.float64)


def every_value(means: Iterable[Means]) -> NDArray[np.float64]:
    """Return the drawn values of several sets together, for one scale that suits all of them."""
    return np.concatenate([np.empty(0), *(each.drawn.to_numpy(dtype=float) for each in means)])


def every_end(means: Iterable[Means]) -> NDArray[np.float64]:
    """Return the drawn ends of the intervals of several sets together."""
    ends = [each.to_numpy(dtype=float) for of in means for each in (of.low, of.high)]
    return np.concatenate([np.empty(0), *ends])
