"""Which interventions a study made, as the page's charts and controls name them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from bias_transfer.analysis.description import Intervention, TaskDescription
from bias_transfer.analysis.means import INTERVENTION
from bias_transfer.report.sheet import continued, minus

UNMODIFIED = "Unmodified model"
# What may be altered, in the order in which variants are listed.
_SIDES = ("", "upstream", "data", "both")
_NO_STRENGTH = float("nan")


@dataclass(frozen=True)
class Variant:
    """One intervention at one dose.

    Attributes
    ----------
    key
        Values of the columns that identify it.
    name
        By which the charts know it.
    title
        What was done: "Gaussian noise".
    dose
        How much of it: "σ = 0.3"; empty where there is no more to say.
    side
        "upstream", "data" or "both": what was altered; empty for the unmodified model.
    models
        How many.
    """

    key: tuple[Any, ...]
    name: str
    title: str
    dose: str
    side: str
    models: int

    @property
    def label(self) -> str:
        """Return what was done, and how much of it."""
        return f"{self.title}, {self.dose}" if self.dose else self.title


def variants(task: TaskDescription, observations: pd.DataFrame) -> list[Variant]:
    """List the interventions of some observations: none, on the model, on the data, on both."""
    known = {each.kind: each for each in task.interventions}
    order = {"pretrained": -1, "original": -1} | {kind: i for i, kind in enumerate(known)}
    found: list[tuple[tuple[int, list[int], float], int, Variant]] = []
    for _, rows in observations.groupby(list(INTERVENTION), sort=False, dropna=False):
        first = rows.iloc[0]
        variant = _variant(known, rows)
        kinds = [order.get(first[name], len(order)) for name in ("upstream_kind", "dataset_kind")]
        strength = first["upstream_strength"]
        dose = -float("inf") if pd.isna(strength) else float(strength)
        found.append(((_SIDES.index(variant.side), kinds, dose), len(found), variant))
    ordered = [variant for *_, variant in sorted(found, key=lambda each: each[:2])]
    return [replace(each, name=f"v{number}") for number, each in enumerate(ordered)]


def key_of(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Return what identifies a row's intervention; no strength equals no strength."""
    return tuple("" if pd.isna(row[name]) else row[name] for name in INTERVENTION)


def number(value: float) -> str:
    """Write a dose, with as many digits as it has."""
    return minus(f"{value:g}")


def _variant(known: Mapping[str, Intervention], rows: pd.DataFrame) -> Variant:
    first = rows.iloc[0]
    altered = {
        side: str(first[column])
        for side, column, none in (
            ("upstream", "upstream_kind", "pretrained"),
            ("data", "dataset_kind", "original"),
        )
        if first[column] != none
    }
    titles = [known[kind].title if kind in known else kind for kind in altered.values()]
    doses = [dose for kind in altered.values() for dose in _doses(known.get(kind), first)]
    return Variant(
        key=key_of(first.to_dict()),
        name="",
        title=" and ".join([titles[0], *map(continued, titles[1:])]) if titles else UNMODIFIED,
        dose=", ".join(doses),
        side=next(iter(altered)) if len(altered) == 1 else "both" if altered else "",
        models=int(rows["model"].nunique()),
    )


def _doses(of: Intervention | None, row: pd.Series) -> Iterable[str]:
    """Write how much of an intervention a row has had, as far as it is a number."""
    for column, symbol in (of.levels if of else {"upstream_strength": ""}).items():
        value = row.get(column, _NO_STRENGTH)
        if not pd.isna(value):
            yield f"{symbol or column.replace('_', ' ')} = {number(float(value))}"
