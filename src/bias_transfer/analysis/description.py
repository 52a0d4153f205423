"""What the analysis, the tables, the figures and the answer are told of a study, in plain values.

They know no plug-in: which measures, covariates and interventions there are, what they are called
and what zero means comes to them in these descriptions, as a part of the job's settings.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from bias_transfer.section import Section

# With fewer items, what differs between them is an anecdote: no error is clustered by item.
FEWEST_ITEMS = 6
# Verdicts that leave it open, and those that nothing that matters is there.
OPEN = frozenset({"undecided", "not estimated"})
ABSENT = frozenset({"does not transfer", "does not go with downstream bias"})
# In texts and printed numbers; code and CSV files have the hyphen.
MINUS = "\N{MINUS SIGN}"


class Quantity(Section):
    """A column of the observation table, as tables, figures and the answer speak of it."""

    column: str
    """Its name in the observation table."""
    title: str
    """In words, beginning in lower case: "pronoun ranking"."""
    label: str
    """As the label of a row or an axis, without the unit: "Pronoun ranking (upstream)"."""
    axis: str
    """As the label of an axis, with the unit."""
    unit: str = ""
    """What one unit of it is, after "per": "nat"."""
    neutral: float | None = None
    """The drawn value that means "no bias"; None where no value means that."""
    neutral_text: str = ""
    """What the neutral value means, in words."""
    logarithm: bool = False
    """Whether the column holds the logarithm of what is drawn; the axis is then logarithmic."""
    drawn: str = ""
    """Of a logarithm, what is drawn, in words: "TPR ratio (she / he)"."""
    least: float | None = None
    """The least value that what is drawn can have; None where there is none."""
    greatest: float | None = None
    """The greatest value that what is drawn can have; None where there is none."""
    per_template: bool = True
    """Whether it differs from template to template of one model and item."""
    missing: str = ""
    """Why a value may be missing, for the reason of a row left out; empty: the table says it."""
    variance: str = ""
    """Column of its sampling variance, from the counts; empty: unknown."""
    proportion: bool = False
    """Whether it is a share of its test rows: its 95 % interval is then Wilson's."""
    test_rows: str = ""
    """Column of the test rows that it is a rate of, of the smaller group where two are compared;
    empty: unknown."""
    alternatives: tuple[str, ...] = ()
    """Columns of the same quantity by other choices than the study's, or by the same."""


class Intervention(Section):
    """One kind of intervention, as tables and figures speak of it."""

    side: Literal["upstream", "data"]
    """Whether the checkpoint is altered or the training set."""
    kind: str
    """Value of `upstream_kind` or of `dataset_kind`."""
    title: str
    """In words: "Uniform noise"."""
    group: str
    """The models that a regression is fitted on together: "Noise added"."""
    with_unmodified: bool = False
    """Whether the unmodified model belongs to that group."""
    pretrained: bool = True
    """Whether its checkpoints still hold what the pre-training taught."""
    instrument: bool = True
    """Whether what follows downstream is an effect of the bias that it changes, and of no more."""
    levels: dict[str, str] = Field(default_factory=dict)
    """Columns that say how much, each with its symbol: {"upstream_strength": "γ"}."""


class Contents(Section):
    """What the training data hold of each item, in two groups of rows."""

    total: str
    """Column of the number of rows: "training_rows"."""
    share: str
    """Column of the first group's share among them: "prevalence_she"."""
    counted: str
    """What the rows are, in words: "biographies"."""
    groups: tuple[str, str]
    """The two groups of them, in words: ("she", "he")."""
    none_text: str
    """Said of an item without any row: "never mentioned"."""


class TaskDescription(Section):
    """A task, as tables, figures and the answer speak of it."""

    name: str
    """Its key in the config, the value of `task` in tables and the name of its folders: "bios"."""
    title: str
    """As it is printed: "BIOS"."""
    kind: str
    """Of task: "labels_by_group"."""
    item: str
    """Column of the items: "occupation"."""
    items: str
    """Plural, in words: "occupations"."""
    item_titles: dict[str, str]
    """How each item is printed, in the order of the items: {"yoga_teacher": "yoga teacher"}."""
    templates: tuple[str, ...]
    """Names of the templates, in order; the first is the reference of the dummies."""
    measures: tuple[Quantity, ...]
    """Upstream bias; the first is the one that the answer and the regressions use."""
    outcome: Quantity
    """Downstream bias, as the regressions explain it."""
    outcomes: tuple[Quantity, ...]
    """Every column of downstream bias, the one that figures and correlations use first."""
    covariates: tuple[Quantity, ...]
    """What the training data say of an item; the first stands for the bias of the data."""
    contents: Contents
    """What the training data hold of each item."""
    interventions: tuple[Intervention, ...]
    """In the order of the grid."""
    adaptations: tuple[tuple[str, str], ...]
    """Ways of fine-tuning, each with its title: (("full", "Full fine-tuning"), …). The first is
    that of every model of the grid; what is said of the task is of it, where nothing else is
    said."""

    @property
    def before(self) -> Quantity:
        """The principal measure of upstream bias."""
        return self.measures[0]

    @property
    def principal_adaptation(self) -> str:
        """The way of fine-tuning that every model of the grid has."""
        return self.adaptations[0][0]

    @property
    def after(self) -> Quantity:
        """Downstream bias, as figures and correlations take it."""
        return self.outcomes[0]


def task_description(values: Mapping[str, Any]) -> TaskDescription:
    """Return the description that a job's settings hold."""
    # JSON knows no tuples.
    return TaskDescription.model_validate(dict(values), strict=False)
