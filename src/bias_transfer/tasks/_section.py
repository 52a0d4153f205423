"""What every task's section of the config holds, whatever its kind."""

from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from bias_transfer.alterations import alterations
from bias_transfer.section import (
    DISTINCT,
    Column,
    Count,
    HubId,
    InputFile,
    Name,
    OptionalColumn,
    Section,
    Share,
)

_LISTS: dict[str, Any] = {
    name: (
        list[each.settings],  # type: ignore[name-defined]
        Field(default=[], description=(each.settings.__doc__ or "").strip()),
    )
    for name, each in alterations().items()
}
Alterations: Any = create_model(
    "Alterations",
    __base__=Section,
    __doc__="Altered training sets, a list of settings for each alteration.",
    **_LISTS,
)


class Training(Section):
    """How a model is trained."""

    epochs: Count = 2
    """Passes over the training part."""
    batch_size: Count = 32
    """Examples a training step."""
    evaluation_batch_size: Count = 256
    """Examples an evaluation step."""
    learning_rate: float = Field(default=0.002, gt=0)
    """AdamW's, at its peak."""
    warmup_share: float = Field(default=0.1, ge=0, lt=1)
    """Share of the steps over which the learning rate rises; it then falls to zero."""
    weight_decay: float = Field(default=0.01, ge=0)
    """AdamW's."""


class Generated(Section):
    """Text that the bundled generator writes."""

    rows: Count = 3600
    """How many texts."""


class File(Section):
    """A table of your own: CSV, TSV, JSONL or Parquet."""

    path: InputFile = ""
    """Of the file."""
    text: Column = "text"
    """Column of the texts."""
    label: Column = "label"
    """Column of the labels."""
    id: OptionalColumn = ""
    """Column that tells the rows apart; empty: they are numbered."""
    labels: dict[Name, Name] = Field(default={})
    """From your labels to the task's; empty: as they are."""


class Hub(Section):
    """A data set of the Hugging Face hub, or a folder of its form."""

    id: HubId = ""
    """OWNER/NAME, or a folder."""
    revision: str = ""
    """A commit, tag or branch; empty: the newest commit."""
    splits: list[Name] = Field(default=["train"], min_length=1)
    """They are merged, then split again."""
    text: Column = "text"
    """Column of the texts."""
    label: Column = "label"
    """Column of the labels."""
    labels: dict[Name, Name] = Field(default={})
    """From its labels to the task's; empty: as they are."""


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
    upstream: list[Name] = Field(default=[])
    """Methods whose checkpoints to fine-tune besides the unmodified one."""
    alterations: Alterations = Alterations()
    """Altered training sets, for the unmodified checkpoint."""
    crossed: list[Crossing] = Field(default=[])
    """Altered checkpoints that meet altered training sets too."""
    adaptation: Annotated[list[Name], Field(min_length=1), DISTINCT] = Field(default=["full"])
    """Ways of fine-tuning. The first is that of all models, and tables and figures are of it where
    they do not say otherwise; each further one meets the unmodified checkpoint and data, and the
    checkpoints of the methods in `adapted`."""
    adapted: Annotated[list[Name], DISTINCT] = Field(default=[])
    """Methods, of those in `upstream`, whose checkpoints meet the further adaptations too."""
    every_seed: Literal["all"] | list[Name] = "all"
    """Methods whose checkpoints are fine-tuned with every one of the study's seeds, as the
    unmodified one on unaltered data always is; the other models with the first only."""
    maximum_length: int = Field(default=128, ge=8)
    """Tokens of a text that are kept."""
    training: Training = Training()
    """Of the fine-tuning."""
    measures: list[Name] = Field(min_length=1)
    """Of upstream bias; the first is the one that the answer is about."""
    covariates: list[Name] = Field(min_length=1)
    """What the training data say of an item; the first stands for the bias of the data."""
    outcome: Name
    """The downstream bias that the regressions explain."""
