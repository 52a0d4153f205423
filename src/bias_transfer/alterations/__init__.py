"""What is done to the rows of a training set, one alteration a file.

An alteration is a module that declares `ALTERATION = Alteration(...)`; modules whose name starts
with an underscore hold what several share.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pandas as pd

from bias_transfer import plugins
from bias_transfer.section import Section


@dataclass(frozen=True)
class Variant:
    """One altered training set.

    Attributes
    ----------
    kind
        What was done, as the observation table names it: `balance`, `scrub-toxic`; `original` is
        the unaltered one.
    id
        The name of its folder, such as `balance-a0.5-b0`.
    alteration
        The plug-in that makes it; empty for the original.
    levels
        How much was done, by column of the observation table.
    """

    kind: str
    id: str
    alteration: str = ""
    levels: dict[str, float] = field(default_factory=dict)


ORIGINAL = Variant("original", "original")


@dataclass(frozen=True)
class Kind:
    """One of the kinds of data set that an alteration makes.

    Attributes
    ----------
    title
        In words: "Scrubbing toxic mentions".
    levels
        Columns of the observation table that say how much, with the symbol of each: {"oversample":
        "α"}.
    """

    title: str
    levels: dict[str, str]


@dataclass(frozen=True)
class Alteration:
    """One way of altering a training set, as the rest of the study learns of it.

    Attributes
    ----------
    order
        Its place in the grid, in tables and in legends; equal ones go by name.
    group
        The models that a regression is fitted on together: "Balanced".
    task_kinds
        The kinds of task whose data it can alter.
    levels
        Columns of the observation table that say how much; those of its kinds.
    settings
        One entry of `tasks.<task>.alterations.<name>`.
    variant
        From an entry and the definition of its task to the variant. May raise a StudyError about
        the entry.
    kinds
        From a definition to the kinds of data set that it may make, by the variant's `kind`.
    apply
        From the training part, an entry, the definition and a random generator to the altered rows.
        Columns are `id`, `text`, `label`, `group`.
    """

    order: int
    group: str
    task_kinds: frozenset[str]
    levels: tuple[str, ...]
    settings: type[Section]
    variant: Callable[[Any, Any], Variant]
    kinds: Callable[[Any], dict[str, Kind]]
    apply: Callable[[pd.DataFrame, Any, Any, np.random.Generator], pd.DataFrame]


def alteration(name: str) -> Alteration:
    """Return an alteration by its name."""
    found: Alteration = plugins.declared(__name__, name, "ALTERATION")
    return found


def alterations() -> dict[str, Alteration]:
    """Return every alteration by its name, in their order."""
    return plugins.in_order({name: alteration(name) for name in plugins.names(__name__)})


def rows_of(share: float, count: int) -> int:
    """Return a share of some rows as a number of rows; a half is rounded up.

    The share is the one that the config writes: 0.7 of 45 rows are 31.5, and so 32, where the
    nearest binary number is a little less.
    """
    return floor(Fraction(str(share)) * count + Fraction(1, 2))
