"""What is predicted, for whom, and what counts as bias there: one kind of task a file.

A kind is a module that declares `KIND = Kind(...)`; modules whose name starts with an underscore
hold what several kinds share. Tasks themselves are declared in the config, any number of each
kind. Code that measures sees a task's *definition*: its labels or terms, groups and templates,
whole, as they were read from the config, a vocabulary or a CSV file. The config's section has
besides it where the text comes from, how to train, and what to analyse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
from pydantic import AfterValidator, Field

from bias_transfer import plugins
from bias_transfer.analysis.description import Contents, Quantity
from bias_transfer.section import Name, Section

# Columns that the tables have besides the item's.
_TAKEN = frozenset(
    (
        *(
            "task",
            "model",
            "upstream",
            "dataset",
            "adaptation",
            "seed",
            "trial",
            "template",
            "covariates_dataset",
            "upstream_kind",
            "upstream_strength",
            "dataset_kind",
        ),
        *("id", "text", "label", "group", "prediction", "score", "undefined"),
        *("neutral_ranking", "tokens_used"),
    )
)


# Of these, rates and covariates tell which items and columns they have.
NO_ROWS = pd.DataFrame(
    {name: pd.Series(dtype=str) for name in ("id", "text", "label", "group", "prediction")}
    | {"score": pd.Series(dtype=float)}
)


def _not_taken(column: str) -> str:
    if column in _TAKEN:
        raise ValueError(f"{column!r} is a column of the tables already; give another name")
    return column


ItemColumn = Annotated[Name, Field(pattern=r"^[a-z][a-z0-9_]*$"), AfterValidator(_not_taken)]


class Definition(Section):
    """What is predicted, for whom: the part of a task's section that measuring depends on."""

    kind: Name
    """The kind of task: `labels_by_group` or `mentions`."""
    item: ItemColumn = "item"
    """Column of what bias is measured on, in every table: `occupation`, `identity_term`."""

    @property
    def item_word(self) -> str:
        """The item's column in words: "identity term"."""
        return self.item.replace("_", " ")


@dataclass(frozen=True)
class Kind:
    """One kind of task, as the rest of the study learns of it.

    Every function takes the task's definition, an instance of `definition`.

    Attributes
    ----------
    definition
        The typed model of a definition.
    section
        The typed model of the config's whole section, `tasks.<name>`: a subclass of `definition`
        and of `tasks._section.TaskSection`.
    rows_from
        From rows as read and the config's section of their source (column names and maps of
        values) to the study's form: columns `id`, `text`, `label`, `group`. For error messages
        it is told the source's name and that section's key. Refuses what cannot be used, with its
        row.
    items
        The items and how each is printed, in their order.
    items_title
        What they are called, plural: "occupations".
    titles
        The labels or terms as template sentences have them, each once whatever the groups.
    scored_class
        Whose probability a prediction's `score` is: the name of one class, or None for the true
        class of each row.
    rates
        From predictions (columns `id`, `label`, `prediction`, `score`, `group`) to downstream bias:
        one row an item, its counts, rates and `undefined`, the reason where bias is undefined.
    covariates
        From a training part to what it says of each item: one row an item.
    outcomes
        Every column of `rates` that a regression may explain, the one that figures and
        correlations use first.
    covariate_quantities
        Every column of `covariates` that a regression may use.
    contents
        Which columns of `covariates` say what the training data hold.
    counted_rows
        Which rows of an item its downstream bias is a rate of: "10 rows *of class non-toxic*".
    """

    definition: type[Definition]
    section: type[Section]
    rows_from: Callable[[pd.DataFrame, Mapping[str, Any], Any, str, str], pd.DataFrame]
    items: Callable[[Any], dict[str, str]]
    items_title: Callable[[Any], str]
    titles: Callable[[Any], list[str]]
    scored_class: Callable[[Any], str | None]
    rates: Callable[[pd.DataFrame, Any], pd.DataFrame]
    covariates: Callable[[pd.DataFrame, Any], pd.DataFrame]
    outcomes: Callable[[Any], dict[str, Quantity]]
    covariate_quantities: Callable[[Any], dict[str, Quantity]]
    contents: Callable[[Any], Contents]
    counted_rows: Callable[[Any], str]


def kind(name: str) -> Kind:
    """Return a kind of task by its name."""
    found: Kind = plugins.declared(__name__, name, "KIND")
    return found


def kinds() -> dict[str, Kind]:
    """Return every kind of task by its name."""
    return {name: kind(name) for name in plugins.names(__name__)}


def definition_of(values: Mapping[str, Any]) -> Any:
    """Return the definition that a job's settings hold."""
    return kind(values["kind"]).definition.model_validate(dict(values))
