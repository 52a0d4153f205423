"""The study's data sets, from whichever source to the tables that are written."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bias_transfer.alterations import alteration
from bias_transfer.analysis.description import FEWEST_ITEMS
from bias_transfer.data.detox import NAMES, RECORD, read_detox, white_space
from bias_transfer.data.fetch import Remote, fetch, figshare_files
from bias_transfer.data.generate.biographies import biographies
from bias_transfer.data.generate.comments import comments
from bias_transfer.data.generate.corpus import corpus
from bias_transfer.data.generate.declaration import biographies_truth, comments_truth
from bias_transfer.data.generate.identity_templates import identity_templates
from bias_transfer.data.generate.sentiment import sentiment_sentences
from bias_transfer.data.generate.truth import Strengths, Truth, declare
from bias_transfer.data.generate.vocabulary import require_occupations, require_terms
from bias_transfer.data.hub import resolve
from bias_transfer.data.identity_templates import templates_from
from bias_transfer.data.mentions import whole
from bias_transfer.data.sentiment import sentiment_from
from bias_transfer.data.sources import (
    check_texts,
    read_hub,
    read_rows,
    read_texts,
    texts_or_blanks,
    without_empty,
)
from bias_transfer.data.split import split
from bias_transfer.errors import StudyError, counted, first_few
from bias_transfer.seeding import generator
from bias_transfer.tasks import NO_ROWS, Definition, kind

# The usual column names of a generated table, in the form of the config's source sections.
_GENERATED: dict[str, Any] = {
    "text": "text",
    "label": "label",
    "group": "group",
    "labels": {},
    "groups": {},
}
_GENERATED_SENTENCES: dict[str, Any] = {"text": "text", "label": "label", "kind": "", "labels": {}}
_DETOX: dict[str, Any] = {"text": "comment", "label": "toxic", "id": "rev_id", "labels": {}}


# A few people write the same; more copies than this share of the rows are told.
_TOLD_COPIES = 0.1
# A group's word may stand for somebody else; in more of the rows than this share it is told.
_TOLD_WORDS = 0.01


@dataclass(frozen=True, eq=False)
class Prepared:
    """A data set as it is written.

    Attributes
    ----------
    tables
        By the name of the file without its ending.
    description
        What the manifest tells of it.
    """

    tables: dict[str, pd.DataFrame]
    description: dict[str, Any]


@dataclass(frozen=True, eq=False)
class _Source:
    """Rows as read, the names of their columns, what messages call them, and what is known.

    What is known is told from the test part, whose counts say how exactly rates can be observed.
    """

    rows: pd.DataFrame
    columns: Mapping[str, Any]
    name: str
    truth: Callable[[pd.DataFrame], dict[str, Any]] = lambda test: {}
    commit: str = ""


def prepare_task(
    name: str,
    definition: Definition,
    settings: Mapping[str, Any],
    files: Mapping[str, Path],
) -> Prepared:
    """Load or generate a task's texts, put them into the study's form, and split them.

    Parameters
    ----------
    name
        Of the task.
    definition
        What is predicted, for whom.
    settings
        `seed`, and of the task's section `source`, the section of that source, `empty`,
        `test_share`, `evaluation_share`; `generator`, the strengths, if the source is generated.
    files
        What the job reads: the two files of the Detox release by their keys, `comments` and
        `annotations`, if that is the source. Others are not looked at: the user's own table is
        named by the settings.

    Returns
    -------
    Prepared
        Tables `train`, `evaluation` and `test`.
    """
    source = _SOURCES[settings["source"]](name, definition, settings, files)
    text = source.columns["text"]
    # Also where a file only derives from the release that writes white space as words, and before
    # it is asked which texts are empty.
    rows = source.rows.assign(**{text: white_space(source.rows[text])})
    if settings["empty"] == "drop":
        rows = without_empty(rows, text)
        if rows.empty:
            raise StudyError(f"{source.name}: no row has a text in {text!r}")
    key = f"tasks.{name}.{settings['source']}"
    table = kind(definition.kind).rows_from(rows, source.columns, definition, source.name, key)
    parts = split(
        table,
        settings["test_share"],
        settings["evaluation_share"],
        settings["seed"],
        name,
        copies="text",
        table=source.name,
    )
    return Prepared(
        parts,
        {
            "kind": "data",
            "task": name,
            "source": settings["source"],
            "commit": source.commit,
            "rows": {part: len(rows) for part, rows in parts.items()},
            "empty_rows_dropped": len(source.rows) - len(rows),
            "labels": sorted(set(table["label"])),
            "items_without_rows": _without_rows(table, definition),
            "truth": source.truth(parts["test"]),
        },
    )


def _without_rows(table: pd.DataFrame, definition: Definition) -> list[str]:
    """Return the items of a task that no row of a table says anything of."""
    of = kind(definition.kind)
    # Whether there is a row, one of each label and group tells.
    described = of.covariates(table.drop_duplicates(["label", "group"]), definition)
    contents = of.contents(definition)
    absent = described[contents.total] == 0
    if "group" in described:
        # Of several groups an item is a label and a group: others' rows of the label are none.
        absent |= described[contents.share] == 0
    return [str(item) for item in described.loc[absent, definition.item]]


@dataclass(frozen=True)
class Enough:
    """How many items have the test rows that a verdict takes.

    Attributes
    ----------
    items
        So many; of items that are compared with one reference group, such as those of one label,
        one counts.
    rows
        The test rows that an item must have.
    """

    items: int
    rows: int


def with_test_rows(
    test: pd.DataFrame, definition: Definition, outcome: str, fewest_test_rows: int
) -> Enough | None:
    """Count the items of a test part with enough rows; None where the outcome's are not counted.

    Parameters
    ----------
    test
        Columns `label` and `group`, a row each.
    definition
        What is predicted, for whom.
    outcome
        The column of downstream bias that is explained.
    fewest_test_rows
        That it must rest on.
    """
    of = kind(definition.kind)
    column = of.outcomes(definition)[outcome].test_rows
    if not column:
        return None
    # No counts of rows depend on what is predicted.
    found = of.rates(test.assign(prediction=test["label"], score=0.0), definition)
    kept = found[found[column] >= fewest_test_rows]
    return Enough(_clusters(kept, definition).nunique(), fewest_test_rows)


def _clusters(described: pd.DataFrame, definition: Definition) -> pd.Series:
    """Return what each item shares errors with: its label, where there are several of one."""
    return described["label" if "label" in described else definition.item]


def repeated_texts(parts: Mapping[str, pd.DataFrame]) -> int:
    """Return how many rows of a task's parts have the text of a row before them."""
    return int(pd.concat([part["text"] for part in parts.values()]).duplicated().sum())


def shortcomings(
    definition: Any,
    without: Sequence[str] = (),
    enough: Enough | None = None,
    parts: Mapping[str, pd.DataFrame] | None = None,
) -> list[str]:
    """Say what texts will not do for, though nothing is wrong with them; in a line each.

    Parameters
    ----------
    definition
        What is predicted, for whom.
    without
        The items without a row, as far as they are known.
    enough
        How many items have test rows enough; None where that is not known.
    parts
        The rows, with a column `text`; None where they are not known.
    """
    of = kind(definition.kind)
    items, count = of.items_title(definition), len(of.items(definition))
    found = []
    if without:
        found.append(f"no row of {len(without)} of the {count} {items}: {first_few(without)}")
    every = of.rates(NO_ROWS, definition)
    present = every[~every[definition.item].isin(list(without))]
    left = _clusters(present, definition).nunique()
    clusters = definition.items if "label" in every else items
    if left < FEWEST_ITEMS:
        found.append(
            f"{clusters} to compare: {left}; with fewer than {FEWEST_ITEMS} no error is clustered "
            "and there is no verdict"
        )
    if enough is not None and enough.items < min(FEWEST_ITEMS, left):
        found.append(
            f"only {enough.items} {clusters} have {counted(enough.rows, 'test row')} "
            f"(analysis.fewest_test_rows) {of.counted_rows(definition)}; a verdict needs "
            f"{FEWEST_ITEMS}"
        )
    copies, rows_there = (repeated_texts(parts), sum(map(len, parts.values()))) if parts else (0, 0)
    if copies > _TOLD_COPIES * rows_there:
        found.append(
            f"{copies:,} of the {rows_there:,} rows repeat the text of another, as it is without "
            "scrubbed words; those of the test part count each, though a model answers alike to "
            "equal texts, and may have learnt from one"
        )
    return [*found, *_readable_groups(definition, parts)] if parts else found


def _readable_groups(definition: Any, parts: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Say where texts hold the words of the groups, such as pronouns that were not scrubbed."""
    words = [group.word for group in getattr(definition, "groups", ())]
    texts = [text for part in parts.values() for text in part["text"]]
    pattern = re.compile(whole(*words), re.IGNORECASE) if words else None
    held = [match[0].lower() for text in texts if pattern and (match := pattern.search(text))]
    if len(held) > _TOLD_WORDS * len(texts):
        yield (
            f"{len(held):,} of the {len(texts):,} rows hold the word of a group "
            f"({', '.join(sorted(set(held)))}), so that a classifier can read the group there; to "
            "study what is left without them, list such words in scrubbed_words"
        )


def _generated(
    name: str, definition: Any, settings: Mapping[str, Any], files: Mapping[str, Path]
) -> _Source:
    count, seed = settings["generated"]["rows"], settings["seed"]
    truth = _truth(settings)
    if definition.kind == "labels_by_group":
        require_occupations(definition, name)
        rows = biographies(count, truth, seed)
        return _Source(
            rows,
            _GENERATED,
            "generated biographies",
            lambda test: biographies_truth(truth, test, seed),
        )
    require_terms(definition, f"tasks.{name}.source")
    rows = comments(count, truth, seed)
    return _Source(rows, _GENERATED, "generated comments", lambda test: comments_truth(truth, test))


def _file(
    name: str, definition: Any, settings: Mapping[str, Any], files: Mapping[str, Path]
) -> _Source:
    columns = settings["file"]
    wanted = [*_wanted(columns), *([columns["id"]] if columns["id"] else [])]
    return _Source(read_rows(Path(columns["path"]), wanted), columns, columns["path"])


def _hub(
    name: str, definition: Any, settings: Mapping[str, Any], files: Mapping[str, Path]
) -> _Source:
    columns = settings["hub"]
    commit = resolve(columns["id"], "dataset", columns["revision"])
    rows = read_hub(columns["id"], commit, columns["splits"], _wanted(columns))
    return _Source(rows, columns, f"data set {columns['id']}", commit=commit)


def _detox(
    name: str, definition: Any, settings: Mapping[str, Any], files: Mapping[str, Path]
) -> _Source:
    detox, path = settings["detox"], files["comments"]
    rows = read_detox(path, files["annotations"], detox["splits"], detox["threshold"])
    return _Source(rows, _DETOX | {"path": str(path)}, str(path))


_SOURCES = {"generated": _generated, "file": _file, "hub": _hub, "detox": _detox}


def _wanted(columns: Mapping[str, Any]) -> list[str]:
    """Return the columns that a source section names, but for that of ids."""
    found = [columns.get(key, "") for key in ("text", "label", "group", "name")]
    return [column for column in found if column]


def alter(
    training: pd.DataFrame, definition: Definition, name: str, entry: Mapping[str, Any], seed: int
) -> Prepared:
    """Alter a training part; the other parts stay with the original.

    Parameters
    ----------
    training
        The original training part.
    definition
        What is predicted, for whom.
    name
        Of the alteration.
    entry
        Its settings.
    seed
        The study's seed.

    Returns
    -------
    Prepared
        The table `train`.
    """
    plugin = alteration(name)
    settings = plugin.settings.model_validate(dict(entry))
    variant = plugin.variant(settings, definition)
    rng = generator(seed, "dataset", variant.id)
    altered = plugin.apply(training, settings, definition, rng)
    absent = sorted(set(training["label"]) - set(altered["label"]))
    if absent:
        amounts = [key for key, value in settings if isinstance(value, float)]
        raise StudyError(
            f"{variant.id} leaves no training row of class {absent[0]!r}; lower "
            f"{' or '.join(amounts)} in the task's alterations.{name}"
        )
    dataset = {"kind": variant.kind, "id": variant.id, **settings.model_dump()}
    return Prepared(
        {"train": altered}, {"kind": "altered data", "dataset": dataset, "rows": len(altered)}
    )


def prepare_corpus(settings: Mapping[str, Any]) -> Prepared:
    """Load or generate the pre-training corpus, one text a row of the table `corpus`.

    Parameters
    ----------
    settings
        `seed`, `source`, the section of that source, `maximum_rows`; `generator`, the strengths,
        if the source is generated.
    """
    declared: dict[str, Any] = {}
    commit = ""
    if settings["source"] == "generated":
        truth = _truth(settings)
        texts = corpus(settings["generated"]["rows"], truth, settings["seed"])
        declared = {"corpus_she": truth.corpus_she, "corpus_negative": truth.corpus_negative}
    elif settings["source"] == "file":
        texts = [
            text
            for path in settings["file"]["paths"]
            for text in read_texts(Path(path), settings["file"]["text"])
        ]
    else:
        hub = settings["hub"]
        column = hub["text"]
        commit = resolve(hub["id"], "dataset", hub["revision"])
        rows = read_hub(hub["id"], commit, hub["splits"], [column], hub["configuration"])
        texts = texts_or_blanks(rows[column], f"data set {hub['id']}")
    # Blank lines separate paragraphs in plain text, and are no text.
    texts = [text.strip() for text in texts if text.strip()]
    # One in fifty is held out of the pre-training, and at least one.
    if len(texts) < 2:
        raise StudyError(
            f"config key model.corpus: {counted(len(texts), 'text')} in all, and at least 2 are "
            "needed; give more text"
        )
    limit = settings["maximum_rows"]
    if limit and limit < len(texts):
        chosen = generator(settings["seed"], "corpus rows").permutation(len(texts))[:limit]
        texts = [texts[index] for index in sorted(chosen)]
    return Prepared(
        {"corpus": pd.DataFrame({"text": texts})},
        {
            "kind": "corpus",
            "source": settings["source"],
            "commit": commit,
            "rows": len(texts),
            "truth": declared,
        },
    )


def prepare_sentiment(settings: Mapping[str, Any]) -> Prepared:
    """Load or generate text with a sentiment label, and split it.

    Parameters
    ----------
    settings
        `seed`, `source` and the section of that source.

    Returns
    -------
    Prepared
        Tables `train`, `evaluation` and `test`.
    """
    if settings["source"] == "generated":
        rows = sentiment_sentences(settings["generated"]["rows"], settings["seed"])
    else:
        rows = sentiment_from(settings["file"])
    check_texts(rows["text"], "sentiment")
    of = settings["source"]
    table = settings["file"]["path"] if of == "file" else f"{of} sentences"
    parts = split(rows, 0.2, 0.1, settings["seed"], "sentiment", table=table)
    return Prepared(parts, {"kind": "sentiment", "source": settings["source"]})


def prepare_sentences(
    name: str, definition: Definition, settings: Mapping[str, Any], path: Path | None
) -> Prepared:
    """Load or generate the template sentences of a task of mentions, and find the terms in them.

    Parameters
    ----------
    name
        Of the task.
    definition
        Which terms and classes there are.
    settings
        The section `sentences` of the task.
    path
        Of the file that was given or fetched; None if the sentences are generated.

    Returns
    -------
    Prepared
        The table `templates`.
    """
    key = f"tasks.{name}.sentences"
    if path is None:
        require_terms(definition, f"{key}.source")
        source = "generated templates"
        table = templates_from(identity_templates(), _GENERATED_SENTENCES, definition, source, key)
    else:
        wanted = [settings[key] for key in ("text", "label", "kind") if settings[key]]
        table = templates_from(read_rows(path, wanted), settings, definition, str(path), key)
    return Prepared(
        {"templates": table},
        {"kind": "identity templates", "source": settings["source"], "rows": len(table)},
    )


def fetch_detox(name: str, key: str, article: str, path: Path) -> None:
    """Fetch one file of the Wikipedia Detox toxicity release.

    Parameters
    ----------
    name
        Of the task, for the error message.
    key
        `comments` or `annotations`.
    article
        The address of the record that lists both.
    path
        Where it goes.
    """
    instead = (
        f"without a network, download {NAMES[key]} of {RECORD} elsewhere and give its path as "
        f"config key tasks.{name}.detox.{key}"
    )
    files = figshare_files(article, instead)
    if NAMES[key] not in files:
        raise StudyError(f"{article}: the record has no file {NAMES[key]}; {instead}")
    fetch(files[NAMES[key]], path, instead)


def fetch_sentences(name: str, address: str, sha256: str, path: Path) -> None:
    """Fetch the template sentences of a task.

    Parameters
    ----------
    name
        Of the task, for the error message.
    address, sha256
        Where they are, and the checksum of the file.
    path
        Where it goes.
    """
    instead = (
        "without a network, download it elsewhere and set config keys "
        f"tasks.{name}.sentences.source: file and tasks.{name}.sentences.file.path"
    )
    fetch(Remote(address, "sha256", sha256), path, instead)


def _truth(settings: Mapping[str, Any]) -> Truth:
    return declare(Strengths(**settings["generator"]), settings["seed"])
