"""Commands that prepare and alter data sets."""

import logging

from bias_transfer.data import prepare
from bias_transfer.data.prepare import Prepared
from bias_transfer.errors import counted
from bias_transfer.runtime.artifacts import (
    atomic_folder,
    describe_folder,
    read_table,
    verified_folder,
    write_table,
)
from bias_transfer.runtime.job import Job
from bias_transfer.tasks import definition_of

logger = logging.getLogger(__name__)


def prepare_data(job: Job) -> None:
    """Load or generate a task's texts, put them into the study's form, split, write the parts."""
    settings = job.settings
    files = {name: paths[0] for name, paths in job.inputs.items() if paths}
    definition = definition_of(settings["definition"])
    prepared = prepare.prepare_task(settings["task"], definition, settings, files)
    told = job.checks
    enough = prepare.with_test_rows(
        prepared.tables["test"], definition, told["outcome"], told["fewest_test_rows"]
    )
    without = prepared.description["items_without_rows"]
    for each in prepare.shortcomings(definition, without, enough, prepared.tables):
        job.warn(f"{settings['task']}: {each}")
    dropped = prepared.description["empty_rows_dropped"]
    if dropped:
        logger.info("%s: %s without a text dropped", settings["task"], counted(dropped, "row"))
    _write(job, prepared)


def prepare_sentences(job: Job) -> None:
    """Load or generate a task's template sentences, and find the terms in them."""
    settings = job.settings
    path = job.input("file") if job.inputs["file"] else None
    definition = definition_of(settings["definition"])
    made = prepare.prepare_sentences(settings["task"], definition, settings["sentences"], path)
    _write(job, made)


def prepare_corpus(job: Job) -> None:
    """Load or generate the pre-training corpus and write it, one text a row."""
    _write(job, prepare.prepare_corpus(job.settings))


def prepare_sentiment(job: Job) -> None:
    """Load or generate text with a sentiment label, split, and write the parts."""
    _write(job, prepare.prepare_sentiment(job.settings))


def alter_data(job: Job) -> None:
    """Alter a training part; the other parts stay with the original."""
    settings = job.settings
    training = read_table(verified_folder(job.input("original")) / "train.parquet")
    definition = definition_of(settings["definition"])
    _write(
        job,
        prepare.alter(
            training, definition, settings["alteration"], settings["entry"], settings["seed"]
        ),
    )


def fetch_detox(job: Job) -> None:
    """Fetch one file of the Wikipedia Detox toxicity release."""
    settings = job.settings
    prepare.fetch_detox(settings["task"], settings["file"], settings["article"], job.output("file"))


def fetch_sentences(job: Job) -> None:
    """Fetch the template sentences of a task."""
    settings = job.settings
    prepare.fetch_sentences(
        settings["task"], settings["address"], settings["sha256"], job.output("file")
    )


def _write(job: Job, prepared: Prepared) -> None:
    with atomic_folder(job.output("manifest").parent) as folder:
        for name, table in prepared.tables.items():
            write_table(folder / f"{name}.parquet", table)
        describe_folder(folder, prepared.description)
