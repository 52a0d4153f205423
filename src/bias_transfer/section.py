"""A section of the config: typed, frozen, every key described, no key unknown."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A part of the config, or of what a job is told: unknown keys and other types are refused.

    Strict: 2.0 is no whole number, "1" is no number, and a truth value is neither.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


Name = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError(f"{values} lists a value twice; remove one")
    return values


# Stands behind the type of a list: Annotated[list[int], DISTINCT].
DISTINCT = AfterValidator(_distinct)
