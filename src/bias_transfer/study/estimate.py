"""What is known of a study before it runs, from its config, the files at hand and this machine.

What `bias-transfer plan` tells. It opens no model and asks no network, and imports no torch unless
it is told to try some steps.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bias_transfer.adaptations import adaptation
from bias_transfer.alterations import ORIGINAL
from bias_transfer.data.prepare import (
    Prepared,
    alter,
    prepare_task,
    shortcomings,
    with_test_rows,
)
from bias_transfer.models.shape import PUBLISHED, Shape, shape_of
from bias_transfer.runtime.artifacts import MANIFEST
from bias_transfer.runtime.gpu_slots import visible_devices
from bias_transfer.runtime.job_logs import read_log
from bias_transfer.runtime.lineage import settings_of
from bias_transfer.study.config import Study
from bias_transfer.study.grid import altered_by
from bias_transfer.study.made import fine_tuning_log, has_checkpoint, is_scored
from bias_transfer.study.pace import Rate, timed, tried
from bias_transfer.study.plan import (
    NOTHING,
    Range,
    Share,
    Texts,
    datasets,
    divided,
    fine_tuning,
    pre_training,
)
from bias_transfer.study.walk import settings_in_use
from bias_transfer.upstream import PRETRAINED, Variant, method

# Tokens of the texts that are generated here.
_GENERATED_TEXT, _GENERATED_SENTENCE = Range(15, 19), Range(8, 11)


@dataclass(frozen=True)
class Plan:
    """A study, and all that is known of what it takes.

    Attributes
    ----------
    study, results
        The study, and its folder.
    texts
        The unaltered texts of each task; None where nobody knows before they are fetched.
    shortcomings
        What the texts of each task will not do for, in a line each.
    corpus
        Rows and tokens of the corpus; None the same.
    shape, shape_said
        The size of the encoder, and where that is from.
    at_once
        Models that train at the same time.
    rate
        Of each of them.
    """

    study: Study
    results: Path
    texts: dict[str, Texts | None]
    shortcomings: dict[str, list[str]]
    corpus: tuple[int, Range] | None
    shape: Shape | None
    shape_said: str
    at_once: int
    rate: Rate


def known(study: Study, cores: int | None, counts: Mapping[str, int], measure: bool) -> Plan:
    """Return a study with all that is known of what it takes.

    Parameters
    ----------
    study
        Which.
    cores
        Models that train side by side where there is no GPU; None for as many as there are cores.
    counts
        The texts of tasks where they are not to be found.
    measure
        Whether to try some real steps of training, rather than plain products.

    Raises
    ------
    StudyError
        If a table of the user's is not what a task needs.
    """
    results = Path(study.results)
    shape, said = _shape(study, results)
    gpus = len(visible_devices())
    at_once = gpus or cores or _cores()
    tables = {task: _table(study, task) for task in study.tasks}
    texts = {
        task: _texts(study, results, task, counts.get(task), tables[task]) for task in study.tasks
    }
    return Plan(
        study=study,
        results=results,
        texts=texts,
        shortcomings={task: _shortcomings(study, task, table) for task, table in tables.items()},
        corpus=_corpus(study, results),
        shape=shape,
        shape_said=said,
        at_once=at_once,
        rate=tried(study, shape, texts) if measure and shape else timed(shape, at_once, gpus),
    )


def _shortcomings(study: Study, task: str, table: Prepared | None) -> list[str]:
    definition = study.definition(task)
    if table is None:
        return shortcomings(definition)
    return shortcomings(
        definition,
        table.description["items_without_rows"],
        with_test_rows(
            table.tables["test"],
            definition,
            study.tasks[task].outcome,
            study.analysis.fewest_test_rows,
        ),
        table.tables,
    )


def _cores() -> int:
    """Return how many cores this process may use; only Linux tells where these are not all."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _shape(study: Study, results: Path) -> tuple[Shape | None, str]:
    model = study.model
    made = results / "checkpoints" / PRETRAINED.id / "config.json"
    if made.is_file():
        return _read_shape(made), "as the study's checkpoint has it"
    if model.source == "generated":
        asked = model.architecture
        # Two positions more: some families count from behind the padding.
        return (
            Shape(
                asked.layers,
                asked.hidden_size,
                asked.intermediate_size,
                asked.vocabulary_size,
                asked.maximum_length + 2,
            ),
            "as model.architecture asks for",
        )
    name = model.file.path if model.source == "file" else model.hub.id
    for path in (Path(name, "config.json"), _cached(name, study)):
        if path is not None and path.is_file():
            return _read_shape(path), f"as the config.json of {name} has it"
    return PUBLISHED.get(name), f"as published for {name}"


def _read_shape(path: Path) -> Shape | None:
    return shape_of(json.loads(path.read_text(encoding="utf-8")))


def _cached(name: str, study: Study) -> Path | None:
    """Return the config of a checkpoint that the hub's client has fetched before."""
    if study.model.source != "hub" or Path(name).is_dir():
        return None
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, "config.json", revision=study.model.hub.revision or None)
    return Path(found) if isinstance(found, str) else None


def _table(study: Study, task: str) -> Prepared | None:
    """Return a table of the user's as the study will divide it; None of other sources.

    It is prepared and altered as the study does, so that it is refused for what it would be refused
    for then.
    """
    section = study.tasks[task]
    if section.source != "file":
        return None
    settings = {"seed": study.seed, **settings_in_use(section)}
    definition = study.definition(task)
    table = prepare_task(task, definition, settings, {})
    for dataset in datasets(study, task):
        if dataset != ORIGINAL.id:
            name, entry = altered_by(study, task, dataset)
            alter(table.tables["train"], definition, name, entry.model_dump(), study.seed)
    return table


def _texts(
    study: Study, results: Path, task: str, told: int | None, table: Prepared | None
) -> Texts | None:
    """Return a task's texts: as they were counted, or were told, or as the config tells."""
    section = study.tasks[task]
    parts = ("train", "evaluation", "test")
    paths = [results / "tokens" / task / ORIGINAL.id / f"{part}.parquet" for part in parts]
    if all(path.is_file() for path in paths) and _as_asked(study, results, task, table):
        train, evaluation, test = (_rows(path) for path in paths)
        mean = sum(_tokens(path) for path in paths) / max(1, train + evaluation + test)
        return Texts(train, evaluation, test, Range(mean, mean), True)
    limit = section.maximum_length
    if told is None and table is not None:
        train, evaluation, test = (len(table.tables[part]) for part in parts)
        return Texts(train, evaluation, test, divided(0, 0, 0, limit).tokens, False)
    is_generated = section.source == "generated"
    rows = getattr(section, section.source).rows if told is None and is_generated else told
    if rows is None:
        return None
    found = divided(rows, section.test_share, section.evaluation_share, limit)
    if not is_generated:
        return found
    low, high = min(limit, _GENERATED_TEXT.low), min(limit, _GENERATED_TEXT.high)
    return replace(found, tokens=Range(low, high))


def _as_asked(study: Study, results: Path, task: str, table: Prepared | None) -> bool:
    """Tell whether the texts that were tokenised are those that the config now asks for."""
    data, tokens = (results / name / task / ORIGINAL.id for name in ("data", "tokens"))
    if table is not None and any(
        len(rows) != _rows(tokens / f"{part}.parquet") for part, rows in table.tables.items()
    ):
        return False
    section = study.tasks[task]
    # As JSON has them, and as the jobs were told them.
    now = json.loads(
        json.dumps(
            {
                **settings_in_use(section),
                "seed": study.seed,
                "generator": study.generator.model_dump(),
                "definition": study.definition(task).model_dump(),
            }
        )
    )
    return all(_is_part(settings_of(made / MANIFEST), now) for made in (data, tokens))


def _is_part(made: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Tell whether all that a job was told is still so; a part of a section is compared alike."""
    return all(
        _is_part(value, now[key]) if isinstance(value, dict) and value else value == now[key]
        for key, value in made.items()
        if key in now
    )


def _corpus(study: Study, results: Path) -> tuple[int, Range] | None:
    made = results / "data" / "corpus" / "corpus.parquet"
    corpus = study.model.corpus
    limit = study.model.architecture.maximum_length
    tokens = _GENERATED_SENTENCE if corpus.source == "generated" else Range(limit / 4, limit)
    if made.is_file():
        return _rows(made), tokens
    if corpus.source == "hub":
        return (corpus.maximum_rows, tokens) if corpus.maximum_rows else None
    rows = (
        corpus.generated.rows
        if corpus.source == "generated"
        else sum(_rows(Path(path)) for path in corpus.file.paths)
    )
    return min(rows, corpus.maximum_rows or rows), tokens


def _rows(path: Path) -> int:
    """Return the rows of a table or the lines of a text, by its suffix."""
    if path.suffix.lower() == ".parquet":
        from pyarrow.parquet import read_metadata

        return int(read_metadata(path).num_rows)
    if path.suffix.lower() == ".csv":
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            return max(0, sum(1 for row in csv.reader(file) if row) - 1)
    with path.open("rb") as lines:
        return sum(1 for line in lines if line.strip()) - (path.suffix.lower() == ".tsv")


def _tokens(path: Path) -> int:
    """Return the tokens in a table of texts, which its footer tells."""
    from pyarrow.parquet import read_metadata

    footer = read_metadata(path)
    groups = (footer.row_group(number) for number in range(footer.num_row_groups))
    columns = (group.column(place) for group in groups for place in range(group.num_columns))
    return sum(each.num_values for each in columns if each.path_in_schema.startswith("tokens"))


def share_seconds(plan: Plan, task: str, share: Share) -> tuple[Range | None, str]:
    """Return the seconds of one model, None where nobody knows, and how they are known."""
    logs = (
        read_log(fine_tuning_log(plan.results, model))
        for model in share.models
        if is_scored(plan.results, model)
    )
    recorded = [each.took for each in logs if each is not None and each.took is not None]
    if recorded:
        return Range(min(recorded), max(recorded)), f"as {len(recorded)} of them took"
    texts = plan.texts[task]
    return (counted_seconds(plan, texts, share) if texts else None), "as operations are counted"


def counted_seconds(plan: Plan, texts: Texts, share: Share) -> Range | None:
    """Return the seconds of one model, from its operations; None where these are not known."""
    if plan.shape is None:
        return None
    work = fine_tuning(texts, share.training, plan.shape, adaptation(share.adaptation).operations)
    return _seconds(work, plan.rate.operations)


def _seconds(operations: Range, a_second: Range | None) -> Range | None:
    if a_second is None:
        return None
    return Range(operations.low / a_second.high, operations.high / a_second.low)


def checkpoint_seconds(plan: Plan, variant: Variant) -> Range | None:
    """Return what it takes to train a checkpoint; nothing where it is there, or is not trained."""
    if has_checkpoint(plan.results, variant) or not _is_trained(plan.study, variant):
        return NOTHING
    model = plan.study.model
    settings = None if variant == PRETRAINED else plan.study.method_settings(variant.kind)
    training = getattr(settings, "training", model.pretraining)
    length = getattr(settings, "maximum_length", model.architecture.maximum_length)
    if plan.corpus is None or plan.shape is None:
        return None
    rows, tokens = plan.corpus
    kept = Range(min(tokens.low, length), min(tokens.high, length))
    work = pre_training(rows, kept, training, training.masked_share, plan.shape)
    rate = plan.rate.alone if variant == PRETRAINED else plan.rate.operations
    return _seconds(work, rate)


def _is_trained(study: Study, variant: Variant) -> bool:
    if variant == PRETRAINED:
        return study.model.source == "generated"
    return "training" in method(variant.kind).needs
