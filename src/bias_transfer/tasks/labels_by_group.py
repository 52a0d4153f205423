"""Tasks of labels by group: how often a label is recognised, for each group against a reference."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field, field_validator, model_validator

from bias_transfer import vocabularies
from bias_transfer.analysis.description import MINUS, Contents, Quantity
from bias_transfer.data.scrubbing import scrubbed, without_name
from bias_transfer.data.sources import check_texts, map_values, row_ids, texts_or_blanks
from bias_transfer.errors import StudyError, first_few
from bias_transfer.section import Column, Name, OptionalColumn
from bias_transfer.tasks import Definition, Kind, _section
from bias_transfer.tasks._cells import (
    first_reason,
    log_of_positive,
    log_ratio_variance,
    rate_variance,
    ratio,
    ratio_variance,
)
from bias_transfer.tasks._vocabulary import Templates, check_templates, read_by, refuse_repetition
from bias_transfer.vocabularies.entries import Group, Label


class LabelsByGroup(Definition):
    """A label to predict, and the groups of people that it is predicted for."""

    kind: Literal["labels_by_group"]
    """Labels, and how often each is recognised in each group."""
    items: Name = "items"
    """What the items are called, plural, in words."""
    labels: Annotated[
        list[Label],
        Field(min_length=2),
        read_by(vocabularies.labels, str | list[Name] | list[Label]),
    ]
    """The labels: a vocabulary, a CSV file (name[,title]), or a list of names."""
    groups: Annotated[
        list[Group],
        Field(min_length=2),
        read_by(vocabularies.groups, str | dict[Name, Name] | list[Group]),
    ]
    """The groups: a vocabulary, a CSV file (name,word[,aliases]), or a mapping name: word."""
    reference: Name
    """The group that each other one is compared with."""
    control: str = ""
    """A neutral word that is scored too; empty: none."""
    templates: Templates = Field(default={})
    """Sentences with {word} and {label} or {a_label}: a vocabulary, a CSV file, or a mapping."""
    scrubbed_words: Annotated[list[Name], read_by(vocabularies.words, str | list[Name])] = Field(
        default=[]
    )
    """Words that become _ in every text: a vocabulary, a CSV file, or a list."""
    cell_correction: float = Field(default=0.0, ge=0, le=1)
    """Added, under the logarithm of the ratio, to the rows recognised and to those not, in each
    group: 0.5 gives a label that is never recognised in a group a value."""

    @property
    def reference_group(self) -> Group:
        """The group that each other one is compared with."""
        return next(group for group in self.groups if group.name == self.reference)

    @property
    def comparisons(self) -> tuple[Group, ...]:
        """The groups that are compared with the reference, in their order."""
        return tuple(group for group in self.groups if group.name != self.reference)

    @property
    def item_columns(self) -> tuple[str, ...]:
        """The columns that tell items apart: with two groups one, with more also their parts."""
        return (self.item,) if len(self.groups) == 2 else (self.item, "label", "group")

    @field_validator("templates")
    @classmethod
    def _placeholders(cls, templates: dict[str, str]) -> dict[str, str]:
        check_templates(templates, (("word",), ("label", "a_label")))
        return templates

    @model_validator(mode="after")
    def _told_apart(self) -> "LabelsByGroup":
        refuse_repetition((label.name for label in self.labels), "label")
        refuse_repetition((group.name for group in self.groups), "group")
        words = [group.word for group in self.groups]
        refuse_repetition([*words, self.control] if self.control else words, "word")
        spaced = [word for word in (*words, self.control) if word != "".join(word.split())]
        if spaced:
            raise ValueError(f"the word {spaced[0]!r} holds a space; give a single word")
        names = [group.name for group in self.groups]
        if self.reference not in names:
            raise ValueError(f"the reference {self.reference!r} is no group; {_one_of(names)}")
        owner: dict[str, str] = {}
        for group in self.groups:
            for name in {group.name, *group.aliases}:
                if owner.setdefault(name, group.name) != group.name:
                    raise ValueError(
                        f"{name!r} stands for the groups {owner[name]!r} and {group.name!r}; "
                        "remove one"
                    )
        return self


class File(_section.File):
    """A table of your own: CSV, TSV, JSONL or Parquet."""

    group: Column = "group"
    """Column of the groups."""
    name: OptionalColumn = ""
    """Column of the person's name, each part of which becomes _ in the text; empty: none."""
    groups: dict[Name, Name] = Field(default={})
    """From your values to the names of groups; empty: names and aliases."""


class Hub(_section.Hub):
    """A data set of the Hugging Face hub, or a folder of its form."""

    group: Column = "group"
    """Column of the groups."""
    name: OptionalColumn = ""
    """Column of the person's name, each part of which becomes _ in the text; empty: none."""
    groups: dict[Name, Name] = Field(default={})
    """From its values to the names of groups; empty: names and aliases."""


class LabelsByGroupSection(LabelsByGroup, _section.TaskSection):
    """A task of labels by group."""

    # A job that asks no language model goes without.
    templates: Annotated[Templates, Field(min_length=1)]
    """Sentences with {word} and {label} or {a_label}: a vocabulary, a CSV file, or a mapping."""

    source: Literal["generated", "file", "hub"] = "file"
    """Where the texts come from."""
    generated: _section.Generated = _section.Generated()
    """Text that the bundled generator writes: biographies of the 28 occupations."""
    file: File = File()
    """A table of your own."""
    hub: Hub = Hub()
    """A data set of the hub."""


def rows_from(
    rows: pd.DataFrame, columns: Mapping[str, Any], task: LabelsByGroup, name: str, key: str
) -> pd.DataFrame:
    """Turn rows as read into the study's form.

    Parameters
    ----------
    rows
        As read from a file or the hub; the index counts them from 0.
    columns
        The config's section of that source: column names and maps of values.
    task
        Which labels and groups there are.
    name
        What error messages call the source.
    key
        The config's key of its section.

    Returns
    -------
    pandas.DataFrame
        Columns `id`, `text` (scrubbed), `label`, `group`.

    Raises
    ------
    StudyError
        If a text is empty, a label or group unknown, or there is nothing to compare.
    """
    text, label, group = (rows[columns[key]] for key in ("text", "label", "group"))
    check_texts(text, name)
    labels = dict(columns["labels"]) or _usual_labels(task)
    _check_targets(labels, [each.name for each in task.labels], f"{key}.labels")
    groups = dict(columns["groups"]) or _usual_groups(task)
    _check_targets(groups, [each.name for each in task.groups], f"{key}.groups")
    texts = [str(each) for each in text]
    if columns.get("name"):
        people = texts_or_blanks(rows[columns["name"]], name)
        texts = [without_name(each, person) for each, person in zip(texts, people, strict=True)]
    table = pd.DataFrame(
        {
            "id": row_ids(rows, columns, name),
            "text": scrubbed(texts, task.scrubbed_words),
            "label": map_values(label, labels, name, f"{key}.labels"),
            "group": map_values(group, groups, name, f"{key}.groups"),
        }
    )
    _check_comparable(table, task, name)
    return table.reset_index(drop=True)


def _usual_labels(task: LabelsByGroup) -> dict[str, str]:
    """Return the labels by name and, where these are in order, by their number from 0.

    What turns names into numbers puts the names in order first. In a list of another order
    a number might mean its place or not, as it might where a name is a number itself.
    """
    by_name = {label.name: label.name for label in task.labels}
    by_number = {str(number): name for number, name in enumerate(by_name)}
    plain = list(by_name) == sorted(by_name) and not by_name.keys() & by_number.keys()
    return by_name | by_number if plain else by_name


def _usual_groups(task: LabelsByGroup) -> dict[str, str]:
    return {name: group.name for group in task.groups for name in (*group.aliases, group.name)}


def _check_targets(mapping: Mapping[str, str], known: Sequence[str], key: str) -> None:
    wrong = sorted(set(mapping.values()) - set(known))
    if wrong:
        raise StudyError(f"config key {key} leads to {wrong[0]!r}; {_one_of(known)}")


def _one_of(names: Sequence[str]) -> str:
    return f"use one of {first_few(names)}"


def _check_comparable(table: pd.DataFrame, task: LabelsByGroup, name: str) -> None:
    found = sorted(set(table["group"]))
    if len(found) == 1:
        raise StudyError(
            f"{name}: every row is of group {found[0]}; groups are compared, so a second is needed"
        )
    if task.reference not in found:
        raise StudyError(
            f"{name}: no row is of group {task.reference}, with which the others are compared; add "
            "such rows or choose another reference"
        )


def items(task: LabelsByGroup) -> dict[str, str]:
    """Return each label, or each label and group but the reference, and how it is printed."""
    if len(task.groups) == 2:
        return {label.name: label.title for label in task.labels}
    return {
        _item(label, group, task): f"{label.title} ({group.name})"
        for label in task.labels
        for group in task.comparisons
    }


def rates(predictions: pd.DataFrame, task: LabelsByGroup) -> pd.DataFrame:
    """Compare each group's true positive rates with the reference group's.

    TPR(y, g) = P(ŷ = y | G = g, Y = y). `tpr_ratio` is TPR(y, g) / TPR(y, reference): one means
    equal, less than one that the label is recognised less often in the group. `tpr_gap` is the
    difference, zero when equal. `log_tpr_ratio` is of (h + a) / (n + 2a) for the h of n rows that
    are recognised, a the task's `cell_correction` (zero: the rates themselves).

    Parameters
    ----------
    predictions
        Columns `label`, `prediction` and `group`, a test row each.
    task
        Which labels and groups there are.

    Returns
    -------
    pandas.DataFrame
        One row an item, in their order: counts and rates of every group, `tpr_ratio`,
        `log_tpr_ratio`, `tpr_gap`, the sampling variance of these three as `<name>_variance` (by
        the delta method, of the rows as two independent draws), `smaller_group_rows`, the test rows
        of the smaller of the two groups compared, and `undefined`, the reason where the logarithm
        does not exist (else empty).

    Notes
    -----
    Steed et al. (2022), Equation 2; De-Arteaga et al. (2019), Equation 1 for the gap.
    """
    of_label, of_group = predictions["label"].to_numpy(), predictions["group"].to_numpy()
    recognised = predictions["prediction"].to_numpy() == of_label
    reference = task.reference_group
    rows = []
    for label in task.labels:
        counts: dict[str, Any] = {}
        for group in task.groups:
            members = (of_label == label.name) & (of_group == group.name)
            rows_there, hits = int(members.sum()), int((members & recognised).sum())
            counts[f"test_{group.word}"] = rows_there
            counts[f"true_positives_{group.word}"] = hits
            counts[f"tpr_{group.word}"] = ratio(hits, rows_there)
        for group in task.comparisons:
            rate, other = counts[f"tpr_{group.word}"], counts[f"tpr_{reference.word}"]
            quotient = ratio(rate, other)
            compared = {
                "tpr_ratio": quotient,
                "log_tpr_ratio": _log_ratio(counts, group, task),
                "tpr_gap": rate - other,
                **_variances(counts, group, task),
                "smaller_group_rows": min(
                    counts[f"test_{each.word}"] for each in (group, reference)
                ),
                "undefined": _why_undefined(counts, group, task),
            }
            rows.append(_identity(label, group, task) | counts | compared)
    return pd.DataFrame(rows)


def _log_ratio(counts: Mapping[str, Any], group: Group, task: LabelsByGroup) -> float:
    (hits, rows), (other_hits, other_rows) = _cells_under_log(counts, group, task)
    return log_of_positive(ratio(ratio(hits, rows), ratio(other_hits, other_rows)))


def _cells_under_log(
    counts: Mapping[str, Any], group: Group, task: LabelsByGroup
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return recognised and all rows of a group and of the reference, corrected where any is."""
    added = task.cell_correction
    of_both = (
        (counts[f"true_positives_{each.word}"], counts[f"test_{each.word}"])
        for each in (group, task.reference_group)
    )
    one, other = ((hits + added, rows + 2 * added) if rows else (0, 0) for hits, rows in of_both)
    return one, other


def _variances(counts: Mapping[str, Any], group: Group, task: LabelsByGroup) -> dict[str, float]:
    """Return the sampling variances of the comparison of a group with the reference."""
    words = (group.word, task.reference_group.word)
    (hits, rows), (other_hits, other_rows) = (
        (counts[f"true_positives_{word}"], counts[f"test_{word}"]) for word in words
    )
    under_log, other_under_log = _cells_under_log(counts, group, task)
    return {
        "tpr_ratio_variance": ratio_variance(hits, rows, other_hits, other_rows),
        "log_tpr_ratio_variance": log_ratio_variance(*under_log, *other_under_log),
        "tpr_gap_variance": rate_variance(hits, rows) + rate_variance(other_hits, other_rows),
    }


def _why_undefined(counts: Mapping[str, Any], group: Group, task: LabelsByGroup) -> str:
    """Return why the logarithm of the ratio does not exist, or the empty string."""
    reference = task.reference_group
    (hits, rows), (other_hits, other_rows) = _cells_under_log(counts, group, task)
    reasons = {
        f"no row of the {task.item_word} in the test part": not any(
            counts[f"test_{each.word}"] for each in task.groups
        ),
        f"no row of group {group.name} in the test part": not rows,
        f"no row of group {reference.name} in the test part": not other_rows,
        f"no row of group {group.name} or {reference.name} recognised": not hits and not other_hits,
        f"no row of group {reference.name} recognised": not other_hits,
        f"no row of group {group.name} recognised": not hits,
    }
    return first_reason(reasons)


def covariates(training: pd.DataFrame, task: LabelsByGroup) -> pd.DataFrame:
    """Describe the training rows of each item.

    Returns
    -------
    pandas.DataFrame
        One row an item: `training_rows` of its label, `prevalence_<word>`, the share of each group
        but the reference among them (missing without any), and with more than two groups
        `group_share`, that of the item's own.
    """
    of_label, of_group = training["label"].to_numpy(), training["group"].to_numpy()
    rows = []
    for label in task.labels:
        inside = of_label == label.name
        total = int(inside.sum())
        shares = {
            group.word: ratio(int((inside & (of_group == group.name)).sum()), total)
            for group in task.comparisons
        }
        described: dict[str, Any] = {"training_rows": total}
        described |= {f"prevalence_{word}": share for word, share in shares.items()}
        for group in task.comparisons:
            own = {} if len(task.groups) == 2 else {"group_share": shares[group.word]}
            rows.append(_identity(label, group, task) | described | own)
    return pd.DataFrame(rows)


def _identity(label: Label, group: Group, task: LabelsByGroup) -> dict[str, Any]:
    return dict(
        zip(task.item_columns, (_item(label, group, task), label.name, group.name), strict=False)
    )


def _item(label: Label, group: Group, task: LabelsByGroup) -> str:
    return label.name if len(task.groups) == 2 else f"{label.name}/{group.name}"


def outcomes(task: LabelsByGroup) -> dict[str, Quantity]:
    """Return what the rates say of bias: the ratio, its logarithm, and the difference."""
    word, reference = _compared_word(task), task.reference_group.word
    equal = f"{word} and {reference} are recognised equally often"
    return {
        "log_tpr_ratio": Quantity(
            column="log_tpr_ratio",
            title=f"log TPR ratio ({word} / {reference})",
            drawn=f"TPR ratio ({word} / {reference})",
            label="Log TPR ratio (downstream bias)",
            axis=f"TPR ratio, {word} / {reference} (ratio, log scale)",
            neutral=1.0,
            neutral_text=f"TPR ratio of 1: {equal}",
            logarithm=True,
            per_template=False,
            variance="log_tpr_ratio_variance",
            test_rows="smaller_group_rows",
        ),
        "tpr_ratio": Quantity(
            column="tpr_ratio",
            title=f"TPR ratio ({word} / {reference})",
            label="TPR ratio (downstream bias)",
            axis=f"TPR ratio, {word} / {reference} (ratio)",
            neutral=1.0,
            neutral_text=f"TPR ratio of 1: {equal}",
            least=0.0,
            per_template=False,
            variance="tpr_ratio_variance",
            test_rows="smaller_group_rows",
        ),
        "tpr_gap": Quantity(
            column="tpr_gap",
            title=f"TPR gap ({word} {MINUS} {reference})",
            label="TPR gap (downstream bias)",
            axis=f"TPR gap, {word} {MINUS} {reference} (difference of rates)",
            neutral=0.0,
            neutral_text=f"TPR gap of 0: {equal}",
            least=-1.0,
            greatest=1.0,
            per_template=False,
            variance="tpr_gap_variance",
            test_rows="smaller_group_rows",
        ),
    }


def _compared_word(task: LabelsByGroup) -> str:
    """Return the word of the one group that is compared, or a name for each of several."""
    return task.comparisons[0].word if len(task.comparisons) == 1 else "the group"


def covariate_quantities(task: LabelsByGroup) -> dict[str, Quantity]:
    """Return what the training rows say of an item: the share of the group that it compares."""
    if len(task.groups) > 2:
        return {"group_share": _share("group_share", "the group", task)}
    word = task.comparisons[0].word
    return {f"prevalence_{word}": _share(f"prevalence_{word}", word, task)}


def _share(column: str, word: str, task: LabelsByGroup) -> Quantity:
    return Quantity(
        column=column,
        title=f"share of {word} in the training data",
        label=f"Prevalence of {word}",
        axis=f"share of {word} among the training rows",
        unit="unit share",
        per_template=False,
        missing=f"the {task.item_word} is not in the training part",
    )


def contents(task: LabelsByGroup) -> Contents:
    """Return which covariates say how many rows there are, and whose they are."""
    if len(task.groups) == 2:
        word = task.comparisons[0].word
        share, groups = f"prevalence_{word}", (word, task.reference_group.word)
    else:
        share, groups = "group_share", ("the group", "all other groups")
    return Contents(
        total="training_rows",
        share=share,
        counted="rows",
        groups=groups,
        none_text="no row",
    )


KIND = Kind(
    definition=LabelsByGroup,
    section=LabelsByGroupSection,
    rows_from=rows_from,
    items=items,
    items_title=lambda task: task.items if len(task.groups) == 2 else f"{task.items} × groups",
    titles=lambda task: [label.title for label in task.labels],
    scored_class=lambda task: None,
    rates=rates,
    covariates=covariates,
    outcomes=outcomes,
    covariate_quantities=covariate_quantities,
    contents=contents,
    counted_rows=lambda task: "in each group that is compared",
)
