"""Commands that measure the bias of every model's predictions and join it with what came before."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from bias_transfer.runtime.artifacts import read_table, verified_folder, write_table
from bias_transfer.runtime.job import Job
from bias_transfer.data.mentions import mentioned
from bias_transfer.vocabularies.lexicon import IDENTITY_TERMS, OCCUPATIONS, TOXIC
from bias_transfer.tasks.covariates import occupation_covariates, term_covariates
from bias_transfer.tasks.false_positive_rates import false_positive_rates
from bias_transfer.tasks.performance import performance
from bias_transfer.tasks.true_positive_rates import true_positive_rates
from bias_transfer.analysis.observations import observations

Measure = Callable[[pd.DataFrame], pd.DataFrame]


def observe_bios(job: Job) -> None:
    """Write the observation table of BIOS, and what it is joined from."""
    _observe("bios", job, _bios_rates, _bios_covariates)


def observe_wiki(job: Job) -> None:
    """Write the observation table of WIKI, and what it is joined from."""
    _observe("wiki", job, _wiki_rates, _wiki_covariates)


def _observe(task: str, job: Job, measure_rates: Measure, measure_covariates: Measure) -> None:
    models = pd.DataFrame(job.settings["models"])
    predictions = [read_table(path) for path in job.inputs["predictions"]]
    rates = _stack(models["model"], map(measure_rates, predictions), "model")
    quality = _stack(models["model"], map(_performance, predictions), "model")
    training = [_training(path) for path in job.inputs["training"]]
    covariates = _stack(job.settings["datasets"], map(measure_covariates, training), "dataset")
    scored = read_table(job.input("before"))
    before = [
        scored[scored["upstream"] == upstream].drop(columns="upstream")
        for upstream in models["upstream"]
    ]
    after = [read_table(path) for path in job.inputs["after"]]
    table = observations(task, models, before, after, rates, covariates)
    for name, content in (
        ("rates", rates),
        ("performance", quality),
        ("covariates", covariates),
        ("observations", table),
    ):
        write_table(job.output(name), content)


def _training(manifest: Path) -> pd.DataFrame:
    return read_table(verified_folder(manifest) / "train.parquet")


def _stack(keys: Iterable[str], parts: Iterable[pd.DataFrame], column: str) -> pd.DataFrame:
    return pd.concat(
        [part.assign(**{column: key}) for key, part in zip(keys, parts, strict=True)],
        ignore_index=True,
    ).pipe(lambda table: table[[column, *table.columns.drop(column)]])


def _performance(predictions: pd.DataFrame) -> pd.DataFrame:
    quality = performance(predictions["label"].to_numpy(), predictions["prediction"].to_numpy())
    return pd.DataFrame([{"test_rows": len(predictions), **quality}])


def _bios_rates(predictions: pd.DataFrame) -> pd.DataFrame:
    return true_positive_rates(
        predictions["label"].to_numpy(),
        predictions["prediction"].to_numpy(),
        predictions["group"].to_numpy(),
        occupations=OCCUPATIONS,
    )


def _bios_covariates(training: pd.DataFrame) -> pd.DataFrame:
    return occupation_covariates(
        training["label"].to_numpy(), training["group"].to_numpy(), occupations=OCCUPATIONS
    )


def _wiki_rates(predictions: pd.DataFrame) -> pd.DataFrame:
    return false_positive_rates(
        (predictions["label"] == TOXIC).to_numpy(),
        (predictions["prediction"] == TOXIC).to_numpy(),
        predictions["score"].to_numpy(),
        _mention_matrix(predictions),
        terms=IDENTITY_TERMS,
    )


def _wiki_covariates(training: pd.DataFrame) -> pd.DataFrame:
    return term_covariates(
        (training["label"] == TOXIC).to_numpy(),
        training["text"].str.len().to_numpy(),
        _mention_matrix(training),
        terms=IDENTITY_TERMS,
    )


def _mention_matrix(table: pd.DataFrame) -> np.ndarray:
    groups = table["group"].tolist()
    return np.array([mentioned(groups, term) for term in IDENTITY_TERMS]).T
