"""Tasks of mentions: how often harmless comments that mention a term are called toxic."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field, field_validator, model_validator

from bias_transfer import vocabularies
from bias_transfer.analysis.description import MINUS, Contents, Quantity
from bias_transfer.data.mentions import SEPARATOR, mentioned, mentions
from bias_transfer.data.sources import TABLE_SUFFIXES, check_texts, map_values, row_ids
from bias_transfer.errors import StudyError
from bias_transfer.section import (
    DISTINCT,
    Column,
    InputFile,
    Name,
    OptionalColumn,
    OptionalInputFile,
    Section,
)
from bias_transfer.tasks import Definition, Kind, _section
from bias_transfer.tasks._cells import first_reason, log_of_positive, rate_variance, ratio
from bias_transfer.tasks._vocabulary import (
    Templates,
    check_templates,
    identifier,
    read_by,
    refuse_repetition,
)
from bias_transfer.vocabularies.entries import Term


class Mentions(Definition):
    """A class to tell from its opposite, and the terms whose mention should not matter."""

    kind: Literal["mentions"]
    """Terms, and how often a harmless comment that mentions one is called what it is not."""
    items: Name = "items"
    """What the items are called, plural, in words."""
    terms: Annotated[
        list[Term],
        Field(min_length=1),
        read_by(vocabularies.terms, str | list[Name] | list[Term]),
    ]
    """The terms: a vocabulary, a CSV file (name[,title]), or a list of names."""
    positive: Name = "toxic"
    """The class that a harmless comment should not be given."""
    negative: Name = "non-toxic"
    """The other class, that of harmless comments."""
    templates: Templates = Field(default={})
    """Sentences with {term} or {a_term} and {mask}: a vocabulary, a CSV file, or a mapping."""

    @property
    def positive_column(self) -> str:
        """The positive class in names of columns and folders."""
        return identifier(self.positive)

    @property
    def negative_column(self) -> str:
        """The negative class in names of columns."""
        return identifier(self.negative)

    @field_validator("templates")
    @classmethod
    def _placeholders(cls, templates: dict[str, str]) -> dict[str, str]:
        check_templates(templates, (("term", "a_term"), ("mask",)))
        return templates

    @model_validator(mode="after")
    def _told_apart(self) -> "Mentions":
        refuse_repetition((" ".join(term.name.split()) for term in self.terms), "term")
        joined = [term.name for term in self.terms if SEPARATOR in term.name]
        if joined:
            raise ValueError(f"the term {joined[0]!r} holds {SEPARATOR!r}; give two terms")
        for name, column in (
            (self.positive, self.positive_column),
            (self.negative, self.negative_column),
        ):
            if column in ("", "all"):
                raise ValueError(
                    f"the class {name!r} has no name for a column; use letters from a to z, and "
                    "another word than 'all'"
                )
        if self.positive_column == self.negative_column:
            raise ValueError(
                f"the classes {self.positive!r} and {self.negative!r} have one name; change one"
            )
        return self


class Detox(Section):
    """The two files of the Wikipedia Detox toxicity release."""

    comments: OptionalInputFile = ""
    """toxicity_annotated_comments.tsv; empty: fetched, its checksum verified."""
    annotations: OptionalInputFile = ""
    """toxicity_annotations.tsv; the same."""
    article: Name = "https://api.figshare.com/v2/articles/4563973"
    """Lists both with their checksums."""
    splits: Annotated[list[Literal["train", "dev", "test"]], DISTINCT] = Field(
        default=["train", "dev"], min_length=1
    )
    """They are merged, then split again."""
    threshold: float = Field(default=0.5, ge=0, lt=1)
    """Toxic: more than this share of the annotators say so."""


class SentencesFile(Section):
    """A table of your own: CSV, TSV, JSONL or Parquet."""

    path: InputFile = ""
    """Of the file."""


def _of_a_table(address: str) -> str:
    # The file that is fetched is named after it.
    if PurePosixPath(address).suffix not in TABLE_SUFFIXES:
        raise ValueError(
            f"{address!r} does not end in one of {', '.join(TABLE_SUFFIXES)}; give the address of "
            "such a file"
        )
    return address


class SentencesAddress(Section):
    """A public file, fetched once."""

    address: Annotated[Name, AfterValidator(_of_a_table)] = (
        "https://raw.githubusercontent.com/conversationai/unintended-ml-bias-analysis/"
        "ff0f436f0c3bf336702f80644b935b9bcc296cb4/unintended_ml_bias/eval_datasets/"
        "bias_madlibs_77k.csv"
    )
    """Where it is."""
    sha256: str = Field(
        default="aac542254cf158415ec74623d54fa76176f26a7e7d8ef20788e1748a05ba5b4c",
        pattern="^[0-9a-f]{64}$",
    )
    """The checksum that it must have."""


class Sentences(Section):
    """Sentences "[term] is [attribute]" of both classes, for identity ranking."""

    source: Literal["none", "generated", "file", "url"] = "none"
    """Where they come from; none: identity ranking is not measured."""
    file: SentencesFile = SentencesFile()
    """A table of your own."""
    url: SentencesAddress = SentencesAddress()
    """A public file."""
    text: Column = "Text"
    """Column of the sentences."""
    label: Column = "Label"
    """Column of the labels."""
    kind: OptionalColumn = "Template"
    """Column of the kinds of sentence; empty: every row is of the form."""
    kinds: list[Name] = Field(default=["being_adj"], min_length=1)
    """Of these kinds only."""
    labels: dict[Name, Name] = Field(default={})
    """From your labels to the two classes; empty: BAD/NOT_BAD, 1/0, and the classes' names."""


class MentionsSection(Mentions, _section.TaskSection):
    """A task of mentions."""

    # A job that asks no language model goes without.
    templates: Annotated[Templates, Field(min_length=1)]
    """Sentences with {term} or {a_term} and {mask}: a vocabulary, a CSV file, or a mapping."""

    source: Literal["generated", "file", "hub", "detox"] = "file"
    """Where the texts come from."""
    generated: _section.Generated = _section.Generated()
    """Text that the bundled generator writes: comments that mention the 50 identity terms."""
    file: _section.File = _section.File()
    """A table of your own."""
    hub: _section.Hub = _section.Hub()
    """A data set of the hub."""
    detox: Detox = Detox()
    """The Wikipedia Detox toxicity release."""
    sentences: Sentences = Sentences()
    """Template sentences for identity ranking."""


def rows_from(
    rows: pd.DataFrame, columns: Mapping[str, Any], task: Mentions, name: str, key: str
) -> pd.DataFrame:
    """Turn rows as read into the study's form.

    Parameters
    ----------
    rows
        As read from a file or the hub; the index counts them from 0.
    columns
        The config's section of that source: column names and the map of labels.
    task
        Which classes and terms there are.
    name
        What error messages call the source.
    key
        The config's key of its section.

    Returns
    -------
    pandas.DataFrame
        Columns `id`, `text`, `label` and `group` (the terms that the comment mentions, joined by
        semicolons; empty for none).

    Raises
    ------
    StudyError
        If a text is empty, a label unknown, or no comment mentions a term.
    """
    text, label = rows[columns["text"]], rows[columns["label"]]
    check_texts(text, name)
    labels = dict(columns["labels"]) or _usual_labels(task)
    wrong = sorted(set(labels.values()) - {task.positive, task.negative})
    if wrong:
        raise StudyError(
            f"config key {key}.labels leads to {wrong[0]!r}; use {task.positive} or {task.negative}"
        )
    texts = text.astype(str)
    table = pd.DataFrame(
        {
            "id": row_ids(rows, columns, name),
            "text": texts,
            "label": map_values(label, labels, name, f"{key}.labels"),
            "group": mentions(texts, [term.name for term in task.terms]),
        }
    )
    if not (table["group"] != "").any():
        raise StudyError(
            f"{name}: no comment mentions one of the {len(task.terms)} {task.items}, on which the "
            "rates are measured; give comments that do"
        )
    return table.reset_index(drop=True)


def _usual_labels(task: Mentions) -> dict[str, str]:
    return {
        **dict.fromkeys(("1", "True", "true", task.positive), task.positive),
        **dict.fromkeys(("0", "False", "false", task.negative), task.negative),
    }


def items(task: Mentions) -> dict[str, str]:
    """Return each term and how it is printed."""
    return {term.name: term.title for term in task.terms}


def rates(predictions: pd.DataFrame, task: Mentions) -> pd.DataFrame:
    """Compare each term's false positive rate with the overall one.

    `fpr` is P(positive predicted | negative, mentions the term), `fpr_ratio` that rate over the
    rate of all negative comments (one: no more than others), `fpr_gap` their difference (zero: no
    more). The three areas under the ROC curve are Dixon's and Borkan's: `subgroup_auc` within the
    mentions; `bpsn_auc` of the other positive comments against the negative mentions (low: mentions
    score too high); `bnsp_auc` of the positive mentions against the other negative comments (low:
    mentions score too low). One is perfect, one half is chance.

    Parameters
    ----------
    predictions
        Columns `label`, `prediction`, `score` (the predicted probability of the positive class) and
        `group` (the terms mentioned, joined by semicolons), a test row each.
    task
        Which classes and terms there are.

    Returns
    -------
    pandas.DataFrame
        One row a term: counts, rates, areas, the sampling variance of `fpr`, `fpr_ratio`,
        `log_fpr_ratio` and `fpr_gap` as `<name>_variance`, and `undefined`, the reason where `fpr`
        does not exist (else empty).

    Notes
    -----
    Steed et al. (2022), Equation 3 read as its prose has it; Dixon et al. (2018), Section 4;
    Borkan et al. (2019), Section 3.
    """
    positive = (predictions["label"] == task.positive).to_numpy()
    predicted = (predictions["prediction"] == task.positive).to_numpy()
    score = predictions["score"].to_numpy()
    all_alarms, all_rows = int((predicted & ~positive).sum()), int((~positive).sum())
    overall = ratio(all_alarms, all_rows)
    rows = []
    for term, inside in _mentions_of(predictions, task):
        harmless = inside & ~positive
        alarms, rows_there = int((harmless & predicted).sum()), int(harmless.sum())
        rate = ratio(alarms, rows_there)
        quotient = ratio(rate, overall)
        rows.append(
            {
                task.item: term,
                f"test_{task.positive_column}": int((inside & positive).sum()),
                f"test_{task.negative_column}": rows_there,
                "false_positives": alarms,
                "fpr": rate,
                "overall_fpr": overall,
                "subgroup_auc": roc_auc(score[inside & positive], score[harmless]),
                "bpsn_auc": roc_auc(score[~inside & positive], score[harmless]),
                "bnsp_auc": roc_auc(score[inside & positive], score[~inside & ~positive]),
                "fpr_ratio": quotient,
                "log_fpr_ratio": log_of_positive(quotient),
                "fpr_gap": rate - overall,
                "fpr_variance": rate_variance(alarms, rows_there),
                **_variances(alarms, rows_there, all_alarms - alarms, all_rows - rows_there),
                "undefined": first_reason(
                    {
                        "no test comment mentions the term": not inside.any(),
                        f"no {task.negative} test comment mentions the term": not harmless.any(),
                    }
                ),
            }
        )
    return pd.DataFrame(rows)


def _variances(hits: int, rows: int, other_hits: int, other_rows: int) -> dict[str, float]:
    """Return the sampling variances of a term's rate against that of all comments.

    By the delta method, the comments with the term and the others being independent draws: with
    h and k false positives of n and m comments, the ratio is (h / n) (n + m) / (h + k), and the gap
    h / n - (h + k) / (n + m). Missing where the number itself is.
    """
    # Variances of the counts; of the others' none where every comment has the term.
    own = rows**2 * rate_variance(hits, rows)
    other = other_rows**2 * rate_variance(other_hits, other_rows) if other_rows else 0.0
    all_hits, all_rows = hits + other_hits, rows + other_rows
    of_ratio = ratio(
        (ratio(all_rows, rows) ** 2) * (other_hits**2 * own + hits**2 * other), all_hits**4
    )
    quotient = ratio(ratio(hits, rows), ratio(all_hits, all_rows))
    return {
        "fpr_ratio_variance": of_ratio,
        "log_fpr_ratio_variance": ratio(of_ratio, quotient**2),
        "fpr_gap_variance": (ratio(1, rows) - ratio(1, all_rows)) ** 2 * own
        + ratio(other, all_rows**2),
    }


def roc_auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Return P(score of a positive > score of a negative) + half of P(equal).

    Missing where either side is empty.
    """
    if not len(positive) or not len(negative):
        return float("nan")
    # Takes a second to import, which reading a config should not.
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)].sum()
    wins = ranks - len(positive) * (len(positive) + 1) / 2
    return float(wins / (len(positive) * len(negative)))


def covariates(training: pd.DataFrame, task: Mentions) -> pd.DataFrame:
    """Describe the training comments that mention each term.

    Returns
    -------
    pandas.DataFrame
        One row a term: `training_mentions`, `prevalence` (share of all comments), and with "toxic"
        for the positive class `toxic_share` (of the mentions; missing without mentions) and
        `toxic_length` (mean characters of the toxic mentions; missing without any).
    """
    positive = (training["label"] == task.positive).to_numpy()
    length = training["text"].str.len().to_numpy()
    rows = []
    for term, inside in _mentions_of(training, task):
        both = inside & positive
        rows.append(
            {
                task.item: term,
                "training_mentions": int(inside.sum()),
                "prevalence": ratio(int(inside.sum()), len(training)),
                f"{task.positive_column}_share": ratio(int(both.sum()), int(inside.sum())),
                f"{task.positive_column}_length": ratio(float(length[both].sum()), int(both.sum())),
            }
        )
    return pd.DataFrame(rows)


def _mentions_of(table: pd.DataFrame, task: Mentions) -> list[tuple[str, np.ndarray]]:
    """Return each term with the booleans that say which row mentions it."""
    groups: Sequence[str] = table["group"].tolist()
    return [(term.name, np.array(mentioned(groups, term.name), dtype=bool)) for term in task.terms]


def outcomes(task: Mentions) -> dict[str, Quantity]:
    """Return what the rates say of bias: the rate itself, the ratio, its logarithm, the difference.

    Figures and correlations take the ratio.
    """
    equal = "flagged by mistake as often as any comment"
    rows = f"test_{task.negative_column}"
    return {
        "fpr_ratio": Quantity(
            column="fpr_ratio",
            title="FPR ratio",
            label="FPR ratio (downstream bias)",
            axis="FPR ratio, term / all comments (ratio)",
            neutral=1.0,
            neutral_text=f"FPR ratio of 1: {equal}",
            least=0.0,
            per_template=False,
            variance="fpr_ratio_variance",
            test_rows=rows,
        ),
        "fpr": Quantity(
            column="fpr",
            title="false positive rate",
            label="FPR (downstream bias)",
            axis="false positive rate",
            least=0.0,
            greatest=1.0,
            per_template=False,
            variance="fpr_variance",
            proportion=True,
            test_rows=rows,
        ),
        "log_fpr_ratio": Quantity(
            column="log_fpr_ratio",
            title="log FPR ratio",
            drawn="FPR ratio",
            label="Log FPR ratio (downstream bias)",
            axis="FPR ratio, term / all comments (ratio, log scale)",
            neutral=1.0,
            neutral_text=f"FPR ratio of 1: {equal}",
            logarithm=True,
            per_template=False,
            variance="log_fpr_ratio_variance",
            test_rows=rows,
        ),
        "fpr_gap": Quantity(
            column="fpr_gap",
            title="FPR gap",
            label="FPR gap (downstream bias)",
            axis=f"FPR gap, term {MINUS} all comments (difference of rates)",
            neutral=0.0,
            neutral_text=f"FPR gap of 0: {equal}",
            least=-1.0,
            greatest=1.0,
            per_template=False,
            variance="fpr_gap_variance",
            test_rows=rows,
        ),
    }


def covariate_quantities(task: Mentions) -> dict[str, Quantity]:
    """Return what the training comments that mention a term say of it."""
    share, length = f"{task.positive_column}_share", f"{task.positive_column}_length"
    return {
        share: Quantity(
            column=share,
            title=f"{task.positive} share of mentions in the training data",
            label=f"{task.positive.capitalize()} share of mentions",
            axis=f"share of {task.positive} among a term's comments",
            unit="unit share",
            per_template=False,
            missing="no training comment mentions the term",
        ),
        "prevalence": Quantity(
            column="prevalence",
            title="share of all training comments that mention the term",
            label=f"Prevalence of {task.item_word}",
            axis="share of all training comments that mention the term",
            unit="unit share",
            per_template=False,
        ),
        length: Quantity(
            column=length,
            title=f"mean length of {task.positive} mentions in the training data",
            label=f"Length of {task.positive} mentions",
            axis=f"mean length of {task.positive} mentions (characters)",
            unit="character",
            per_template=False,
            missing=f"no {task.positive} training comment mentions the term",
        ),
    }


def contents(task: Mentions) -> Contents:
    """Return which covariates say how many comments mention a term, and of which class they are."""
    return Contents(
        total="training_mentions",
        share=f"{task.positive_column}_share",
        counted="comments",
        groups=(task.positive, task.negative),
        none_text="never mentioned",
    )


KIND = Kind(
    definition=Mentions,
    section=MentionsSection,
    rows_from=rows_from,
    items=items,
    items_title=lambda task: task.items,
    titles=lambda task: [term.title for term in task.terms],
    scored_class=lambda task: task.positive,
    rates=rates,
    covariates=covariates,
    outcomes=outcomes,
    covariate_quantities=covariate_quantities,
    contents=contents,
    counted_rows=lambda task: f"of class {task.negative}",
)
