"""A section of the config: typed, frozen, every key described, no key unknown."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class Section(BaseModel):
    """A part of the config, or of what a job is told: unknown keys and other types are refused.

    Strict: 2.0 is no whole number, "1" is no number, and a truth value is neither. Defaults are
    validated as if they were written, so that leaving a key out is the same as writing its default.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        use_attribute_docstrings=True,
    )


class _Distinct:
    """Refuses a list that holds a value twice."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"uniqueItems": True}

    @staticmethod
    def _checked(values: list[Any]) -> list[Any]:
        if any(value in values[:place] for place, value in enumerate(values)):
            raise PydanticCustomError("repeated", "lists a value twice; remove one")
        return values


@dataclass(frozen=True)
class Mark:
    """What a key of the config names, outside the config.

    Attributes
    ----------
    what
        A file or a folder of the user's, an id of the hub or a folder in its place, or a column of
        a table.
    optional
        Whether it may be empty.
    """

    what: Literal["file", "folder", "hub", "column"]
    optional: bool = False


# Stands behind the type of a list: Annotated[list[int], DISTINCT].
DISTINCT = _Distinct()

Name = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]

InputFile = Annotated[str, Mark("file")]
OptionalInputFile = Annotated[str, Mark("file", optional=True)]
InputFiles = Annotated[list[str], Mark("file")]
InputFolder = Annotated[str, Mark("folder")]
HubId = Annotated[str, Mark("hub")]
Column = Annotated[Name, Mark("column")]
OptionalColumn = Annotated[str, Mark("column", optional=True)]
