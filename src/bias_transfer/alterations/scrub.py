"""Scrubbing: a fraction of the comments that mention a term is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import Field

from bias_transfer.alterations import Alteration, Kind, Variant, rows_of
from bias_transfer.errors import StudyError
from bias_transfer.section import Name, Section

if TYPE_CHECKING:
    from bias_transfer.tasks.mentions import Mentions

_ALL = "all"
_LEVELS = {"scrubbed_fraction": ""}


class Scrub(Section):
    """Which comments to drop, and how many of them."""

    mentions: Name
    """Of the comments that mention a term, those of this class; or "all" of them."""
    fraction: float = Field(gt=0, le=1)
    """Share of them to drop."""


def variant(entry: Scrub, task: Mentions) -> Variant:
    """Name the training set that an entry makes."""
    if entry.mentions not in (task.positive, _ALL):
        raise StudyError(f"mentions: {entry.mentions!r} is not one of {task.positive}, {_ALL}")
    kind = _kind(entry.mentions, task)
    return Variant(
        kind=kind,
        id=f"{kind}-{entry.fraction:g}",
        alteration="scrub",
        levels={"scrubbed_fraction": float(entry.fraction)},
    )


def kinds(task: Mentions) -> dict[str, Kind]:
    """Return the two kinds: the positive mentions are scrubbed, or all."""
    return {
        _kind(mentions, task): Kind(title=f"Scrubbing {mentions} mentions", levels=_LEVELS)
        for mentions in (task.positive, _ALL)
    }


def apply(
    training: pd.DataFrame, entry: Scrub, task: Mentions, rng: np.random.Generator
) -> pd.DataFrame:
    """Drop a fraction of the comments that mention a term.

    Parameters
    ----------
    training
        Columns `label` and `group` (the terms mentioned, joined by semicolons).
    entry
        Which mentions are candidates, and the share of them to drop.
    task
        Which class is the positive one.
    rng
        Which are dropped.
    """
    candidate = training["group"].to_numpy() != ""
    if entry.mentions != _ALL:
        candidate &= training["label"].to_numpy() == entry.mentions
    rows = rng.permutation(np.flatnonzero(candidate))
    dropped = rows[: rows_of(entry.fraction, len(rows))]
    kept = np.setdiff1d(np.arange(len(training)), dropped)
    return training.iloc[kept].reset_index(drop=True)


def _kind(mentions: str, task: Mentions) -> str:
    return f"scrub-{_ALL if mentions == _ALL else task.positive_column}"


ALTERATION = Alteration(
    order=20,
    group="Scrubbed",
    task_kinds=frozenset({"mentions"}),
    levels=("scrubbed_fraction",),
    settings=Scrub,
    variant=variant,
    kinds=kinds,
    apply=apply,
)
