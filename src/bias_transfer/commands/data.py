"""Commands that prepare and alter data sets."""

from collections.abc import Mapping
from typing import Any

from bias_transfer.data import prepare
from bias_transfer.data.hub import resolve
from bias_transfer.runtime.artifacts import (
    atomic_folder,
    describe_folder,
    read_table,
    verified_folder,
    write_table,
)
from bias_transfer.runtime.job import Job
from bias_transfer.tasks import definition_of


def prepare_data(job: Job) -> None:
    """Load or generate a task's text, put it into the study's form, split it, and write the parts."""
    settings, commit = _at_commit(job.settings)
    files = {
        name: job.input(name) for name in ("comments", "annotations") if job.inputs.get(name)
    }
    definition = definition_of(settings["definition"])
    _publish(job, prepare.prepare_task(settings["task"], definition, settings, files), commit)


def prepare_sentences(job: Job) -> None:
    """Load or generate a task's template sentences, and find the terms in them."""
    settings = job.settings
    path = job.input("file") if job.inputs["file"] else None
    definition = definition_of(settings["definition"])
    made = prepare.prepare_sentences(settings["task"], definition, settings["sentences"], path)
    _publish(job, made)


def prepare_corpus(job: Job) -> None:
    """Load or generate the pre-training corpus and write it, one text a row."""
    settings, commit = _at_commit(job.settings)
    _publish(job, prepare.prepare_corpus(settings), commit)


def prepare_sentiment(job: Job) -> None:
    """Load or generate text with a sentiment label, split, and write the parts."""
    _publish(job, prepare.prepare_sentiment(job.settings))


def alter_data(job: Job) -> None:
    """Alter a training part; the other parts stay with the original."""
    settings = job.settings
    training = read_table(verified_folder(job.input("original")) / "train.parquet")
    definition = definition_of(settings["definition"])
    name, entry = settings["alteration"], settings["entry"]
    _publish(job, prepare.alter(training, definition, name, entry, settings["seed"]))


def fetch_detox(job: Job) -> None:
    """Fetch one file of the Wikipedia Detox toxicity release."""
    settings = job.settings
    prepare.fetch_detox(
        settings["task"], settings["file"], settings["article"], job.output("file")
    )


def fetch_sentences(job: Job) -> None:
    """Fetch a task's template sentences."""
    settings = job.settings
    prepare.fetch_sentences(
        settings["task"], settings["address"], settings["sha256"], job.output("file")
    )


def _at_commit(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings with a hub's revision resolved, and what the manifest tells of it."""
    if settings["source"] != "hub":
        return dict(settings), {}
    hub = settings["hub"]
    commit = resolve(hub["id"], "dataset", hub["revision"])
    return {**settings, "hub": {**hub, "revision": commit}}, {"hub": hub["id"], "commit": commit}


def _publish(
    job: Job, made: prepare.Prepared, commit: Mapping[str, str] | None = None
) -> None:
    with atomic_folder(job.output("manifest").parent) as folder:
        for name, table in made.tables.items():
            write_table(folder / f"{name}.parquet", table)
        describe_folder(folder, {**made.description, **(commit or {})})
