"""Types of the settings that several methods share."""

from typing import Annotated

from pydantic import AfterValidator, Field


def _not_zero(strength: float) -> float:
    if strength == 0:
        raise ValueError("0 changes nothing and is always there as 'pretrained'; remove it")
    return strength


Strength = Annotated[
    float, AfterValidator(_not_zero), Field(json_schema_extra={"not": {"const": 0}})
]
PositiveStrength = Annotated[Strength, Field(gt=0)]
Trials = Annotated[int, Field(ge=0)]


def trials(count: int) -> range:
    """Return the numbers of so many trials; the first is 1."""
    return range(1, count + 1)
