"""What a study says of a source of bias: transfers, does not transfer, or undecided.

Where no intervention moved the source, it goes with downstream bias or does not: that is no effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from bias_transfer.analysis.cells import Source
from bias_transfer.analysis.slopes import UNMOVED, Effects

Word = Literal[
    "transfers",
    "transfers, but less than matters",
    "is inverted",
    "does not transfer",
    "goes with downstream bias",
    "goes with downstream bias, but less than matters",
    "goes against downstream bias",
    "does not go with downstream bias",
    "undecided",
    "not estimated",
]
# Of each question: above zero, above zero but too little, below zero, too little.
_WORDS: Mapping[Effects, tuple[Word, Word, Word, Word]] = {
    "within": (
        "transfers",
        "transfers, but less than matters",
        "is inverted",
        "does not transfer",
    ),
    "between": (
        "goes with downstream bias",
        "goes with downstream bias, but less than matters",
        "goes against downstream bias",
        "does not go with downstream bias",
    ),
}

# Of a measure, so unreliable that its slopes say nothing.
LEAST_RELIABILITY = 0.5

VERDICT_COLUMNS = (
    *("task", "adaptation", "source", "verdict", "effects", "standardised", "low", "high"),
    *("smallest_effect", "smallest_detectable", "reason"),
)


@dataclass(frozen=True)
class Verdict:
    """What is said of one source of bias.

    Attributes
    ----------
    source
        The model or the data.
    word
        The verdict, which says of which question it is.
    effects
        The question. "within": interventions moved the source, and the slope says what that did;
        "between": none did, and the slope says which items go together.
    standardised, low, high
        The slope and its 95 % interval, in standard deviations of downstream bias a standard
        deviation of the source over items.
    smallest_detectable
        The slope that this study would have found with a power of 80 %.
    reason
        Why it is undecided although the interval would decide, or not estimated; else empty.
    """

    source: Source
    word: Word
    effects: Effects
    standardised: float
    low: float
    high: float
    smallest_detectable: float
    reason: str


def word(low: float, high: float, smallest_effect: float, effects: Effects) -> Word:
    """Return what an interval says.

    Parameters
    ----------
    low, high
        Of the standardised slope.
    smallest_effect
        Smaller slopes, either way, do not matter.
    effects
        Within items an intervention moved the source, and its bias transfers or does not; between
        them the two go together or do not.
    """
    above, little_above, below, little = _WORDS[effects]
    inside = -smallest_effect <= low and high <= smallest_effect
    if low > 0:
        return little_above if inside else above
    if high < 0 and not inside:
        return below
    return little if inside else "undecided"


def verdict(
    slopes: pd.DataFrame, source: Source, reliabilities: Mapping[str, float], smallest_effect: float
) -> Verdict:
    """Judge one source of one task and adaptation.

    Where interventions moved the source, the slope within items counts; else the one between items
    serves, which is no effect but an association.

    Parameters
    ----------
    slopes
        What `slopes.slopes` found.
    source
        Which.
    reliabilities
        Of upstream bias over templates, by "within" and "between", and of downstream bias,
        "downstream"; NaN where unknown. Under one half there is no verdict but "undecided".
    smallest_effect
        The smallest slope that matters, in standard deviations.
    """
    rows = slopes[slopes["source"] == source].set_index("effects").to_dict("index")
    effects: Effects = "between" if rows["within"]["reason"] == UNMOVED else "within"
    row = rows[effects]
    if row["reason"]:
        nan = float("nan")
        return Verdict(source, "not estimated", effects, nan, nan, nan, nan, str(row["reason"]))
    reason = _unreliable(source, effects, reliabilities)
    low, high = float(row["low"]), float(row["high"])
    return Verdict(
        source=source,
        word="undecided" if reason else word(low, high, smallest_effect, effects),
        effects=effects,
        standardised=float(row["standardised"]),
        low=low,
        high=high,
        smallest_detectable=float(row["smallest_detectable"]),
        reason=reason,
    )


def _unreliable(source: Source, effects: Effects, reliabilities: Mapping[str, float]) -> str:
    """Say which measure is too unreliable for a verdict; empty where none is known to be."""
    asked = {"downstream bias": reliabilities["downstream"]}
    if source == "model":
        asked["upstream bias"] = reliabilities[effects]
    return "; ".join(
        f"the reliability of {what} is {value:.2f}, and {LEAST_RELIABILITY} is needed"
        for what, value in asked.items()
        if value < LEAST_RELIABILITY
    )
