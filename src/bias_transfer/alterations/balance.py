"""Re-balancing: the gap between the groups of each label is narrowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from pydantic import model_validator

from bias_transfer.alterations import Alteration, Kind, Variant, rows_of
from bias_transfer.errors import StudyError
from bias_transfer.section import Fraction, Section

if TYPE_CHECKING:
    from bias_transfer.tasks.labels_by_group import LabelsByGroup

_KIND = "balance"


class Balance(Section):
    """Shares of the gap between the groups to close, inside each label."""

    oversample: Fraction
    """Share α of the gap that repeated rows of the smaller groups close."""
    undersample: Fraction
    """Share β of what is left that dropped rows of the larger groups close."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.oversample and not self.undersample:
            raise ValueError("0 and 0 change nothing and are always there as 'original'; remove it")
        return self


def variant(entry: Balance, task: LabelsByGroup) -> Variant:
    """Name the training set that an entry makes."""
    return Variant(
        kind=_KIND,
        id=f"{_KIND}-a{entry.oversample:g}-b{entry.undersample:g}",
        alteration=_KIND,
        levels={"oversample": float(entry.oversample), "undersample": float(entry.undersample)},
    )


def apply(
    training: pd.DataFrame, entry: Balance, task: LabelsByGroup, rng: np.random.Generator
) -> pd.DataFrame:
    """Narrow the gap between the groups inside each label.

    With n₁ rows of the most frequent group and n₂ of another, over-sampling repeats
    ⌊α (n₁ − n₂) + ½⌋ rows of the latter, drawn with replacement; a group without any row is left so
    by that step. With m rows then in the least frequent group, under-sampling drops ⌊β (n − m) + ½⌋
    of each one's n.

    Parameters
    ----------
    training
        Columns `label` and `group`.
    entry
        α and β; zero changes nothing.
    task
        Which groups there are.
    rng
        Which rows are repeated and dropped.

    Returns
    -------
    pandas.DataFrame
        The altered rows; a repeated row keeps its id.

    Raises
    ------
    StudyError
        If under-sampling would drop every row of a label, since it has none of some group.

    Notes
    -----
    Steed et al. (2022), Section 3.3, name the two operations, for two groups, and not their order.
    """
    chosen: list[np.ndarray] = []
    labels, groups = training["label"].to_numpy(), training["group"].to_numpy()
    for label in sorted(set(labels)):
        sides = {
            group.name: np.flatnonzero((labels == label) & (groups == group.name))
            for group in task.groups
        }
        *others, largest = sorted(sides.values(), key=len)
        sizes = _sizes([len(side) for side in (*others, largest)], entry)
        if not any(sizes):
            absent = next(name for name, side in sides.items() if not len(side))
            raise StudyError(
                f"{variant(entry, task).id}: undersample {entry.undersample:g} would drop every "
                f"training row of {label!r}, which has none of group {absent}; lower undersample "
                "or leave the label out"
            )
        # Drawn even where none is dropped, so that one label's rows are another setting's too.
        chosen.append(rng.permutation(largest)[: sizes[-1]])
        for side, size in zip(reversed(others), reversed(sizes[:-1]), strict=True):
            chosen.append(_resized(side, size, rng))
    return training.iloc[np.sort(np.concatenate(chosen))].reset_index(drop=True)


def _sizes(counts: list[int], entry: Balance) -> list[int]:
    """Return how many rows each group gets."""
    most = max(counts)
    raised = [count + rows_of(entry.oversample, most - count) if count else 0 for count in counts]
    least = min(raised)
    return [count - rows_of(entry.undersample, count - least) for count in raised]


def _resized(rows: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    if size < len(rows):
        return rng.permutation(rows)[:size]
    if size > len(rows):
        return np.concatenate([rows, rng.choice(rows, size=size - len(rows))])
    return rows


ALTERATION = Alteration(
    order=10,
    group="Balanced",
    task_kinds=frozenset({"labels_by_group"}),
    levels=("oversample", "undersample"),
    settings=Balance,
    variant=variant,
    kinds=lambda task: {
        _KIND: Kind(title="Dataset re-balancing", levels={"oversample": "α", "undersample": "β"})
    },
    apply=apply,
)
