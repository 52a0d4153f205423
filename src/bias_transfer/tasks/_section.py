"""What every task's section of the config holds, whatever its kind."""

from typing import Any, Literal

from pydantic import Field, create_model

from bias_transfer.alterations import alterations
from bias_transfer.section import Count, Name, Section, Share

Alterations: Any = create_model(
    "Alterations",
    __base__=Section,
    __doc__="Altered training sets, a list of settings for each alteration.",
    **{
        name: (list[each.settings], Field([], description=(each.settings.__doc__ or "").strip()))  # type: ignore[name-defined]
        for name, each in alterations().items()
    },
)


class Training(Section):
    """How a model is trained."""

    epochs: Count = 2
    """Passes over the training part."""
    batch_size: Count = 32
    """Examples a training step."""
    evaluation_batch_size: Count = 256
    """Examples an evaluation step."""
    learning_rate: float = Field(0.002, gt=0)
    """AdamW's, at its peak."""
    warmup_share: float = Field(0.1, ge=0, lt=1)
    """Share of the steps over which the learning rate rises; it then falls to zero."""
    weight_decay: float = Field(0.01, ge=0)
    """AdamW's."""


class Crossing(Section):
    """Altered checkpoints that meet altered training sets."""

    upstream: Name
    """The method whose checkpoints they are."""
    trials: Count = 1
    """How many of them, from the first."""
    alterations: Alterations = Alterations()
    """The training sets that each of them meets."""


class TaskSection(Section):
    """What every task's section holds, beside its definition and its sources."""

    title: Name
    """As tables and figures print it."""
    empty: Literal["refuse", "drop"] = "refuse"
    """What to do with rows without a text: stop and name the first, or drop and count them."""
    test_share: Share = 0.2
    """Share of the rows kept for testing."""
    evaluation_share: Share = 0.1
    """Share of the rest kept for evaluation during training."""
    upstream: list[Name] = []
    """Methods whose checkpoints to fine-tune besides the unmodified one."""
    alterations: Alterations = Alterations()
    """Altered training sets, for the unmodified checkpoint."""
    crossed: list[Crossing] = []
    """Altered checkpoints that meet altered training sets too."""
    maximum_length: int = Field(128, ge=8)
    """Tokens of a text that are kept."""
    training: Training = Training()
    """Of the fine-tuning."""
    measures: list[Name] = Field(min_length=1)
    """Of upstream bias; the first is the one that the answer is about."""
    covariates: list[Name] = Field(min_length=1)
    """What the training data say of an item; the first stands for the bias of the data."""
    outcome: Name
    """The downstream bias that the regressions explain."""
