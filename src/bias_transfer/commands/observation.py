"""The command that measures every model's predictions and joins that with what came before."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from bias_transfer.analysis.observations import observations
from bias_transfer.measures import measure
from bias_transfer.runtime.artifacts import read_table, verified_folder, write_table
from bias_transfer.runtime.job import Job
from bias_transfer.tasks import definition_of, kind
from bias_transfer.tasks._performance import performance


def observe(job: Job) -> None:
    """Write the observation table of a task, and what it is joined from."""
    settings = job.settings
    definition = definition_of(settings["definition"])
    plugin = kind(definition.kind)
    measures = [measure(name) for name in settings["measures"]]
    models = pd.DataFrame(settings["models"])
    predictions = [read_table(path) for path in job.inputs["predictions"]]
    training = [_training(path) for path in job.inputs["training"]]
    rates = _stack(models["model"], predictions, lambda rows: plugin.rates(rows, definition))
    quality = _stack(models["model"], predictions, _performance)
    covariates = _stack(
        settings["datasets"], training, lambda rows: plugin.covariates(rows, definition), "dataset"
    )
    scored = read_table(job.input("before"), [definition.item])
    table = observations(
        models,
        [
            scored[scored["upstream"] == upstream].drop(columns="upstream")
            for upstream in models["upstream"]
        ],
        [read_table(path, [definition.item]) for path in job.inputs["after"]],
        rates,
        covariates,
        item=definition.item,
        kept_after=[column for each in measures for column in each.kept_after(definition)],
        derived=[_of(each.derived, definition) for each in measures if each.derived is not None],
    )
    for name, content in (
        ("rates", rates),
        ("performance", quality),
        ("covariates", covariates),
        ("observations", table),
    ):
        write_table(job.output(name), content)


def _of(
    derived: Callable[[pd.DataFrame, Any], pd.DataFrame], definition: Any
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: derived(table, definition)


def _training(manifest: Path) -> pd.DataFrame:
    return read_table(verified_folder(manifest) / "train.parquet")


def _stack(
    keys: Iterable[str],
    tables: Iterable[pd.DataFrame],
    measured: Callable[[pd.DataFrame], pd.DataFrame],
    column: str = "model",
) -> pd.DataFrame:
    """Measure each table, and put what its key is into the first column."""
    parts = [
        measured(table).assign(**{column: key}) for key, table in zip(keys, tables, strict=True)
    ]
    stacked = pd.concat(parts, ignore_index=True)
    return stacked[[column, *stacked.columns.drop(column)]]


def _performance(predictions: pd.DataFrame) -> pd.DataFrame:
    quality = performance(predictions["label"].to_numpy(), predictions["prediction"].to_numpy())
    return pd.DataFrame([{"test_rows": len(predictions), **quality}])
