"""Commands that prepare and alter data sets."""

from pathlib import Path
from typing import Any

import pandas as pd

from bias_transfer.runtime.artifacts import (
    atomic_folder,
    describe_folder,
    read_table,
    verified_folder,
    write_table,
)
from bias_transfer.runtime.job import Job
from bias_transfer.data.bios import biographies_from, require_both_groups
from bias_transfer.data.detox import NAMES, read_detox
from bias_transfer.data.fetch import Remote, fetch, figshare_files
from bias_transfer.data.generate.biographies import biographies
from bias_transfer.data.generate.comments import comments
from bias_transfer.data.generate.corpus import corpus
from bias_transfer.data.generate.identity_templates import identity_templates
from bias_transfer.data.generate.sentiment import sentiment_sentences
from bias_transfer.data.generate.truth import Strengths, Truth, declare
from bias_transfer.data.identity_templates import templates_from
from bias_transfer.data.sentiment import sentiment_from
from bias_transfer.data.sources import (
    check_texts,
    read_hub,
    read_rows,
    read_texts,
    texts_or_blanks,
)
from bias_transfer.data.split import split
from bias_transfer.data.wiki import comments_from, require_mentions
from bias_transfer.errors import StudyError
from bias_transfer.alterations.rows import rebalance, scrub
from bias_transfer.vocabularies.lexicon import IDENTITY_TERMS
from bias_transfer.seeding import generator

# The usual column names of a generated table, in the form of the config's source sections.
_GENERATED: dict[str, Any] = {
    "text": "text",
    "label": "label",
    "group": "group",
    "labels": {},
    "groups": {},
}
_GENERATED_TEMPLATES: dict[str, Any] = {
    "text": "text",
    "label": "label",
    "kind": "",
    "labels": {},
}
_DETOX: dict[str, Any] = {"text": "comment", "label": "toxic", "id": "rev_id", "labels": {}}


def prepare_bios(job: Job) -> None:
    """Load or generate biographies, scrub pronouns, split, and write the parts."""
    settings = job.settings
    declared: dict[str, Any] = {}
    if settings["source"] == "generated":
        truth = _truth(settings)
        rows = biographies(
            settings["generated"]["rows"], truth, settings["generator"]["proxy"], settings["seed"]
        )
        declared = {"she_prevalence": truth.she_prevalence, "difficulty": truth.difficulty}
        name = "generated biographies"
        table = biographies_from(rows, _GENERATED, name)
    else:
        rows, columns, name = _user_rows(settings, ("text", "label", "group"))
        table = biographies_from(rows, columns, name)
    require_both_groups(table, name)
    _write_parts(job, "bios", table, declared)


def prepare_wiki(job: Job) -> None:
    """Load or generate comments, find the terms they mention, split, and write the parts."""
    settings = job.settings
    declared: dict[str, Any] = {}
    if settings["source"] == "generated":
        truth = _truth(settings)
        rows = comments(settings["generated"]["rows"], truth, settings["seed"])
        declared = {"toxic_share": truth.toxic_share, "term_weight": truth.term_weight}
        name = "generated comments"
        table = comments_from(rows, _GENERATED, name)
    elif settings["source"] == "detox":
        detox = settings["detox"]
        path = job.input("comments")
        rows = read_detox(path, job.input("annotations"), detox["splits"], detox["threshold"])
        name = str(path)
        table = comments_from(rows, _DETOX | {"path": name}, name)
    else:
        rows, columns, name = _user_rows(settings, ("text", "label"))
        table = comments_from(rows, columns, name)
    require_mentions(table, name)
    _write_parts(job, "wiki", table, declared)


def prepare_corpus(job: Job) -> None:
    """Load or generate the pre-training corpus and write it, one text a row."""
    settings = job.settings
    declared: dict[str, Any] = {}
    if settings["source"] == "generated":
        truth = _truth(settings)
        texts = corpus(
            settings["generated"]["rows"], truth, settings["generator"]["proxy"], settings["seed"]
        )
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
        rows = read_hub(hub["id"], hub["revision"], hub["splits"], [column], hub["configuration"])
        texts = texts_or_blanks(rows[column], f"data set {hub['id']}")
    # Blank lines separate paragraphs in plain text, and are no text.
    texts = [text.strip() for text in texts if text.strip()]
    # One in fifty is held out of the pre-training, and at least one.
    if len(texts) < 2:
        raise StudyError(
            f"config key model.corpus: {len(texts)} texts in all, and at least 2 are needed; give "
            "more text"
        )
    limit = settings["maximum_rows"]
    if limit and limit < len(texts):
        chosen = generator(settings["seed"], "corpus rows").permutation(len(texts))[:limit]
        texts = [texts[index] for index in sorted(chosen)]
    description = {"kind": "corpus", "source": settings["source"], "rows": len(texts)}
    with atomic_folder(job.output("manifest").parent) as folder:
        write_table(folder / "corpus.parquet", pd.DataFrame({"text": texts}))
        describe_folder(folder, description | {"truth": declared})


def prepare_sentiment(job: Job) -> None:
    """Load or generate text with a sentiment label, split, and write the parts."""
    settings = job.settings
    if settings["source"] == "generated":
        rows = sentiment_sentences(settings["generated"]["rows"], settings["seed"])
    else:
        rows = sentiment_from(settings["file"])
    check_texts(rows["text"], "sentiment")
    parts = split(rows, 0.2, 0.1, settings["seed"], "sentiment")
    with atomic_folder(job.output("manifest").parent) as folder:
        for part, table in parts.items():
            write_table(folder / f"{part}.parquet", table)
        describe_folder(folder, {"kind": "sentiment", "source": settings["source"]})


def prepare_identity_templates(job: Job) -> None:
    """Load or generate the sentences of identity ranking, and find the terms in them."""
    settings = job.settings
    if settings["source"] == "generated":
        rows, columns, name = identity_templates(), _GENERATED_TEMPLATES, "generated templates"
    else:
        path, columns = job.input("file"), settings
        wanted = [columns[key] for key in ("text", "label", "kind") if columns[key]]
        rows, name = read_rows(path, wanted), str(path)
    table = templates_from(rows, columns, name, IDENTITY_TERMS)
    with atomic_folder(job.output("manifest").parent) as folder:
        write_table(folder / "templates.parquet", table)
        describe_folder(
            folder,
            {"kind": "identity templates", "source": settings["source"], "rows": len(table)},
        )


def fetch_detox(job: Job) -> None:
    """Fetch one file of the Wikipedia Detox toxicity release."""
    key, article = job.settings["file"], job.settings["article"]
    name = NAMES[key]
    instead = (
        f"without a network, download {name} of figshare's 'Wikipedia Talk Labels: Toxicity' "
        f"(4563973) elsewhere and give its path as config key wiki.detox.{key}"
    )
    files = figshare_files(article, instead)
    if name not in files:
        raise StudyError(f"{article}: the record has no file {name}; {instead}")
    fetch(files[name], job.output("file"), instead)


def fetch_identity_templates(job: Job) -> None:
    """Fetch the template sentences."""
    remote = Remote(job.settings["address"], "sha256", job.settings["sha256"])
    instead = (
        "without a network, download it elsewhere and set config keys identity_templates.source: "
        "file and identity_templates.file.path"
    )
    fetch(remote, job.output("file"), instead)


def alter_data(job: Job) -> None:
    """Re-balance or scrub a training part; the other parts stay with the original."""
    original = verified_folder(job.input("original"))
    training = read_table(original / "train.parquet")
    dataset = job.settings["dataset"]
    rng = generator(job.settings["seed"], "dataset", dataset["id"])
    if dataset["kind"] == "balance":
        altered = rebalance(training, dataset["oversample"], dataset["undersample"], rng)
    else:
        altered = scrub(training, dataset["kind"] == "scrub-toxic", dataset["fraction"], rng)
    absent = sorted(set(training["label"]) - set(altered["label"]))
    if absent:
        raise StudyError(
            f"{dataset['id']} leaves no training row of class {absent[0]!r}; lower the fraction"
        )
    with atomic_folder(job.output("manifest").parent) as folder:
        write_table(folder / "train.parquet", altered)
        description = {"kind": "altered data", "dataset": dataset, "rows": len(altered)}
        describe_folder(folder, description)


def _truth(settings: dict[str, Any]) -> Truth:
    return declare(Strengths(**settings["generator"]), settings["seed"])


def _user_rows(
    settings: dict[str, Any], keys: tuple[str, ...]
) -> tuple[pd.DataFrame, dict[str, Any], str]:
    columns = settings[settings["source"]]
    wanted = [columns[key] for key in keys]
    if settings["source"] == "file":
        if columns["id"]:
            wanted.append(columns["id"])
        return read_rows(Path(columns["path"]), wanted), columns, columns["path"]
    rows = read_hub(columns["id"], columns["revision"], columns["splits"], wanted)
    return rows, columns, f"data set {columns['id']}"


def _write_parts(job: Job, task: str, table: pd.DataFrame, declared: dict[str, Any]) -> None:
    settings = job.settings
    parts = split(
        table, settings["test_share"], settings["evaluation_share"], settings["seed"], task
    )
    with atomic_folder(job.output("manifest").parent) as folder:
        for part, rows in parts.items():
            write_table(folder / f"{part}.parquet", rows)
        describe_folder(
            folder,
            {
                "kind": "data",
                "task": task,
                "source": settings["source"],
                "rows": {part: len(rows) for part, rows in parts.items()},
                "labels": sorted(set(table["label"])),
                "truth": declared,
            },
        )
