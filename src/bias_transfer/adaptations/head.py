"""Training of the classification head alone, on a frozen encoder: a probe of what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import Field

from bias_transfer.adaptations import Adaptation, Operations
from bias_transfer.section import Count, Section

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Settings(Section):
    """Only the head is trained; the encoder stays as the checkpoint has it, without dropout."""

    epochs: Count = 12
    """Passes over the training part, in place of the task's: a head that starts from nothing needs
    more, and they cost little."""
    learning_rate: float = Field(default=0.01, gt=0)
    """AdamW's, at its peak, in place of the task's."""


@contextmanager
def adapting(model: PreTrainedModel, settings: Settings) -> Iterator[None]:
    """Freeze all but the head: what a masked language model lacks, poolers included.

    Dropout acts within the head alone (`models.frozen`).
    """
    from bias_transfer.models.frozen import freeze_encoder

    freeze_encoder(model)
    yield


ADAPTATION = Adaptation(
    order=30,
    title="Head only",
    settings=Settings,
    adapting=adapting,
    # Forwards, once a text; the head itself costs next to nothing.
    operations=Operations(once=2, epoch=0),
)
