"""What figures write: numbers, counts, titles of items and interventions."""

import textwrap
from collections.abc import Iterable

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import Intervention, Quantity, TaskDescription
from bias_transfer.report.figures import Tables
from bias_transfer.report.figures._look import LABEL, PANEL_TITLE, inches, wrap
from bias_transfer.report.sheet import minus

RHO = "\N{GREEK SMALL LETTER RHO}"
NO_MODEL = "no such model in this study"
# As the report calls it.
UNMODIFIED = "Unmodified model"

# Letters of a line to the left of a row.
_ROW_LABEL = 24


def short_verdict(word: str) -> str:
    """Return a verdict as it is printed where downstream bias is what all is about."""
    return word.replace("downstream bias", "it")


def signed(value: float, digits: int = 2) -> str:
    """Write a number with a true minus sign, and zero without any."""
    # Adding zero takes the sign off a zero.
    return minus(f"{round(value, digits) + 0.0:.{digits}f}")


def level(value: float) -> str:
    """Write a level or a strength, with as many digits as it has."""
    return minus(f"{value:g}")


def levels(names: Iterable[str], values: Iterable[float]) -> str:
    """Write levels, one a line, each with its symbol or name."""
    return "\n".join(f"{name} = {level(value)}" for name, value in zip(names, values, strict=True))


def level_name(column: str, symbol: str) -> str:
    """Return how a level is called where there is little room: by its symbol, if it has one."""
    return symbol or column.replace("_", " ")


def level_axis(column: str, symbol: str) -> str:
    """Return how a level is called beside its axis."""
    return f"{column.replace('_', ' ')} {symbol}".strip()


def undefined(missing: int, observations: int) -> str:
    """Write how many observations have no value."""
    return f"n undefined: {missing:,} of {observations:,}"


def models(number: int) -> str:
    """Write how many models a row averages over; nothing where there is none."""
    if number > 1:
        return f"mean of {number} models"
    return "1 model" if number else ""


def correlation(coefficient: float) -> str:
    """Write Pearson's coefficient, or that there is none."""
    return f"{RHO} = {signed(coefficient)}" if np.isfinite(coefficient) else f"{RHO} undefined"


def and_unnamed(note: str, description: TaskDescription, tables: Tables) -> str:
    """Add to a note how many items have too few test rows to be named."""
    means = tables.item_means
    unnamed = means.loc[means["scarce"], "item"].nunique()
    said = f"Not named, for their few test rows: {unnamed} of the {description.items}."
    return f"{note} {said}".strip() if unnamed else note


def of_groups(correlations: pd.DataFrame) -> str:
    """Write that correlations are of the items inside several groups; nothing if of one."""
    return ", inside each group" if (correlations["groups"] > 1).any() else ""


def of_logarithms(*quantities: Quantity) -> str:
    """Write of which quantities a correlation takes the logarithm; nothing if of none."""
    logarithms = [each.title for each in quantities if each.logarithm]
    return f" (of the {' and the '.join(logarithms)})" if logarithms else ""


def row_label(*parts: str) -> str:
    """Write what stands to the left of a row: each part on its own line or lines."""
    lines = [line for part in parts for line in part.split("\n") if line]
    return "\n".join(textwrap.fill(line, width=_ROW_LABEL) for line in lines)


def axis_label(label: str, room: float) -> str:
    """Break an axis label before its unit where it is longer than its panel, in inches."""
    name, bracket, unit = label.rpartition(" (")
    return f"{name}\n({unit}" if bracket and inches([label], LABEL) > room else label


def panel_title(text: str, room: float) -> str:
    """Break the title of a panel into lines that fit the room, in inches."""
    return wrap(text, room, PANEL_TITLE)


def item_title(description: TaskDescription, item: str) -> str:
    """Return how an item is printed."""
    return description.item_titles.get(item, item)


def checkpoint_title(description: TaskDescription, kind: str, strength: float | None) -> str:
    """Return how a kind of checkpoint is printed, with its strength if it has one."""
    if kind == "pretrained":
        return UNMODIFIED
    found = intervention(description, kind)
    if found is None:
        return kind
    if strength is None:
        return found.title
    return f"{found.title}, {levels([strength_name(found)], [strength])}"


def strength_name(of: Intervention) -> str:
    """Return how the strength of an upstream intervention is called."""
    return "".join(of.levels.values()) or "strength"


def intervention(description: TaskDescription, kind: str) -> Intervention | None:
    """Return the intervention of a kind."""
    return next((each for each in description.interventions if each.kind == kind), None)
