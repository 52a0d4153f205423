"""A printed table, whatever it is printed with: heads, rows of cells, notes."""

import math
from dataclasses import dataclass
from typing import Literal

from bias_transfer.analysis.description import MINUS

STAR_LEVELS = (0.1, 0.05, 0.01)
MISSING = "\N{EN DASH}"

_DECIMALS = 3
_MOST_DECIMALS = 6


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes
    ----------
    text
        Plain text; a printer escapes it.
    stars
        How many levels of `STAR_LEVELS` the number is below.
    after
        What follows the stars.
    marks
        Numbers of the sheet's `footnotes`.
    """

    text: str = ""
    stars: int = 0
    after: str = ""
    marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Head:
    """A head over one or more neighbouring columns."""

    text: str
    columns: int = 1


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes
    ----------
    label, cells
        Its first cell, and one a column.
    style
        "own": what this study found; "below": what belongs to the row above, such as a standard
        error; "paper": what the paper prints; "group": a head, without cells.
    """

    label: Cell
    cells: tuple[Cell, ...]
    style: Literal["own", "below", "paper", "group"] = "own"


@dataclass(frozen=True)
class Sheet:
    """A table to print.

    Attributes
    ----------
    name
        By which files and anchors refer to it.
    title
        Its caption.
    columns
        How many there are beside the labels.
    heads
        Rows of heads; the columns of each sum to `columns`.
    blocks
        Rows, with a rule between the blocks.
    footnotes
        What the cells' marks refer to, counted from 1.
    notes
        What is said of the whole.
    number
        The one that it has in print; None for a table that is called by its name.
    """

    name: str
    title: str
    columns: int
    heads: tuple[tuple[Head, ...], ...]
    blocks: tuple[tuple[Row, ...], ...]
    footnotes: tuple[str, ...]
    notes: tuple[str, ...]
    number: int | None = None


class Footnotes:
    """Footnotes as they are first referred to; the same text has one number."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def mark(self, text: str) -> int:
        """Return the number of a footnote."""
        if text not in self._texts:
            self._texts.append(text)
        return self._texts.index(text) + 1

    @property
    def texts(self) -> tuple[str, ...]:
        """The footnotes in the order of their numbers."""
        return tuple(self._texts)


def decimal(value: float) -> str:
    """Print a number with three decimals, or as many as show its first digit."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "\N{INFINITY}" if value > 0 else f"{MINUS}\N{INFINITY}"
    decimals = _DECIMALS
    while decimals < _MOST_DECIMALS and value and not float(f"{value:.{decimals}f}"):
        decimals += 1
    fixed = f"{value:.{decimals}f}"
    return minus(fixed if float(fixed) or not value else f"{value:.0e}")


def probability(value: float) -> str:
    """Print a p value with three decimals, a smaller one as less than 0.001."""
    return "<0.001" if value < 10**-_DECIMALS else decimal(value)


def count(value: int) -> str:
    """Print a count, its thousands apart."""
    return f"{value:,}"


def begun(text: str) -> str:
    """Write a name with a capital first letter, its other letters as they are: "TPR ratio"."""
    return text[:1].upper() + text[1:]


def continued(title: str) -> str:
    """Write a title as a sentence goes on with it: "Head only" small, "LoRA" as it is."""
    first, _, _ = title.partition(" ")
    has_own_capitals = first[1:] != first[1:].lower()
    return title if has_own_capitals else title[:1].lower() + title[1:]


def rounded(value: float, digits: int = 2) -> str:
    """Print a number with so many decimals, a zero without a sign."""
    # Adding zero takes the sign off.
    return minus(f"{round(value, digits) + 0.0:.{digits}f}")


def minus(number: str) -> str:
    """Return a number's text with a minus sign for its hyphen."""
    return number.replace("-", MINUS)


def stars(p_value: float) -> int:
    """Return how many levels a p value is below; none where it does not exist."""
    return sum(p_value < level for level in STAR_LEVELS)


def significance_note() -> str:
    """Say what the stars mean."""
    return "; ".join(f"{'*' * n}p<{level:g}" for n, level in enumerate(STAR_LEVELS, start=1))
