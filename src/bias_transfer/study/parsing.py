"""From what YAML read to a study that was checked, or one line that says what is wrong."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from bias_transfer.errors import StudyError
from bias_transfer.study.checks import check
from bias_transfer.study.config import Study
from bias_transfer.study.mistakes import told


def parse(config: Mapping[str, Any]) -> Study:
    """Return the study that a config describes.

    Parameters
    ----------
    config
        As YAML reads it, overlays merged; a key that it lacks has its default.

    Raises
    ------
    StudyError
        Naming the key, what stands there and what to do about it.
    """
    try:
        study = Study.model_validate(dict(config))
    except ValidationError as error:
        raise StudyError(told(error, _schema())) from error
    check(study)
    return study


# To make it takes longer than to read a config.
@cache
def _schema() -> Mapping[str, Any]:
    return Study.model_json_schema()
