"""Low-rank adapters on attention (Hu et al. 2022), merged into the weights after training."""

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
    """Low-rank adapters on attention's queries and values, and the head, are trained."""

    epochs: Count = 4
    """Passes over the training part, in place of the task's."""
    learning_rate: float = Field(default=0.01, gt=0)
    """AdamW's, at its peak, in place of the task's."""
    rank: Count = 8
    """Rank r of the change that an adapter makes to a weight."""
    alpha: float = Field(default=16, gt=0)
    """The change is scaled by α / r."""
    dropout: float = Field(default=0, ge=0, lt=1)
    """Of what goes into the adapters."""


@contextmanager
def adapting(model: PreTrainedModel, settings: Settings) -> Iterator[None]:
    """Put adapters W + (α / r) B A into every layer; B starts at zero, so that none changes yet."""
    from peft import LoraConfig
    from peft.tuners.lora import LoraModel

    from bias_transfer.models.families import FAMILIES
    from bias_transfer.models.frozen import freeze_encoder

    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=list(FAMILIES[model.config.model_type].queries_and_values),
    )
    freeze_encoder(model)
    head = [each for each in model.parameters() if each.requires_grad]
    # In place; all that is not an adapter is frozen.
    adapters = LoraModel(model, config, "default")
    for each in head:
        each.requires_grad_(True)
    yield
    adapters.merge_and_unload()


ADAPTATION = Adaptation(
    order=20,
    title="Low-rank adapters",
    settings=Settings,
    adapting=adapting,
    # No gradient of the layers' own weights.
    operations=Operations(epoch=4),
)
