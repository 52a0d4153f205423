"""Fine-tuning of all weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bias_transfer.adaptations import Adaptation
from bias_transfer.section import Section

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Settings(Section):
    """All weights are trained, as the task's `training` says."""


@contextmanager
def adapting(model: PreTrainedModel, settings: Settings) -> Iterator[None]:
    """Leave the classifier as it is: every weight requires a gradient."""
    yield


ADAPTATION = Adaptation(order=10, title="All weights", settings=Settings, adapting=adapting)
