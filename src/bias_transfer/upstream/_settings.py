"""What the settings of several methods share: types, trials, the strength of a variant."""

from typing import Annotated

from pydantic import AfterValidator, Field

from bias_transfer.upstream import Variant


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


def strength_of(variant: Variant) -> float:
    """Return the strength of a variant that has one."""
    if variant.strength is None:
        raise ValueError(f"{variant.id} has no strength")
    return variant.strength
