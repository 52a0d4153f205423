"""The command that tells what a study will take, before it takes it: models, texts, hours, disk.

It opens no model and asks no network, and imports no torch unless it is told to try some steps.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bias_transfer.adaptations import Operations, adaptation
from bias_transfer.alterations import ORIGINAL
from bias_transfer.errors import StudyError
from bias_transfer.models.shape import PUBLISHED, Shape, shape_of
from bias_transfer.runtime.gpu_slots import visible_devices
from bias_transfer.runtime.job_logs import fine_tuning_log, is_scored, read_log
from bias_transfer.runtime.products import products_a_second
from bias_transfer.runtime.progress import duration
from bias_transfer.study.config import Study
from bias_transfer.study.grid import models
from bias_transfer.study.overlays import read_config, with_default
from bias_transfer.study.parsing import parse
from bias_transfer.study.plan import (
    NOTHING,
    Range,
    Share,
    Texts,
    checkpoints,
    datasets,
    disk,
    divided,
    fine_tuning,
    operations_of,
    pre_training,
    shares,
    steps_of,
    total,
)
from bias_transfer.study.sources import needs_corpus, needs_sentiment
from bias_transfer.upstream import PRETRAINED, Variant, method

# Training reaches this share of the operations a second that plain products of the same widths do:
# the less, the narrower the model (docs/following.md).
_OF_PRODUCTS = Range(0.35, 1.0)
# As exactly as a trial of some steps foretells thousands.
_OF_TRIAL = Range(0.75, 1.15)
_TRIAL_TOKENS, _TRIAL_SECONDS = 1024, 0.3
# Of a job that trains nothing, beside its texts: scores, tables, figures.
_JOB_SECONDS = Range(0.3, 1.5)
# Jobs of a study that are not those of a model, a checkpoint or a data set: figures among them.
_OTHER_JOBS = 40
# Tokens of the texts that are generated here.
_GENERATED_TEXT, _GENERATED_SENTENCE = Range(15, 19), Range(8, 11)
_OTHER_TABLES = 50e6  # bytes
# What is planned for where nobody knows how many texts there will be.
_SOME_TEXTS = 100_000


@dataclass(frozen=True)
class Rate:
    """Operations a second of a model that trains, and how they are known.

    Attributes
    ----------
    operations, alone
        Of one of several that train at the same time; of one that trains by itself, as the
        pre-training does.
    said
        How they are known.
    """

    operations: Range | None
    alone: Range | None
    said: str


@dataclass(frozen=True)
class Plan:
    """A study, and all that is known of what it takes.

    Attributes
    ----------
    study, results
        The study, and its folder.
    texts
        The unaltered texts of each task; None where nobody knows before they are fetched.
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
    corpus: tuple[int, Range] | None
    shape: Shape | None
    shape_said: str
    at_once: int
    rate: Rate


def plan(
    files: Sequence[Path],
    assignments: Sequence[str],
    cores: int | None,
    told: Sequence[str],
    measure: bool,
) -> None:
    """Print what a study will take.

    Parameters
    ----------
    files, assignments
        As for Snakemake's --configfile and --config.
    cores
        Models that train side by side where there is no GPU; None for as many as there are cores.
    told
        `TASK=N`: the texts of a task, where they are not to be found.
    measure
        Whether to try some real steps of training, rather than plain products.

    Raises
    ------
    StudyError
        If the config is wrong.
    """
    files = with_default(files)
    study = parse(read_config(files, assignments))
    if study.release:
        raise StudyError("config key release: a study that starts from a release trains nothing")
    print("\n".join(_lines(_known(study, cores, _counts(told, study), measure), files)))


def _counts(told: Sequence[str], study: Study) -> dict[str, int]:
    found = {}
    for each in told:
        task, _, count = each.partition("=")
        if task not in study.tasks or not count.isdecimal():
            raise StudyError(f"--texts {each}: write TASK=N, with {' or '.join(study.tasks)}")
        found[task] = int(count)
    return found


# ---- what is known ----------------------------------------------------------------------


def _known(study: Study, cores: int | None, counts: dict[str, int], measure: bool) -> Plan:
    results = Path(study.results)
    shape, said = _shape(study, results)
    gpus = len(visible_devices())
    at_once = gpus or cores or len(os.sched_getaffinity(0))
    texts = {task: _texts(study, results, task, counts.get(task)) for task in study.tasks}
    return Plan(
        study=study,
        results=results,
        texts=texts,
        corpus=_corpus(study, results),
        shape=shape,
        shape_said=said,
        at_once=at_once,
        rate=_tried(study, shape, texts) if measure and shape else _rate(shape, at_once, gpus),
    )


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


def _texts(study: Study, results: Path, task: str, told: int | None) -> Texts | None:
    """Return a task's texts: as they were counted, or were told, or as the config tells."""
    section = study.tasks[task]
    parts = ("train", "evaluation", "test")
    paths = [results / "tokens" / task / ORIGINAL.id / f"{part}.parquet" for part in parts]
    if all(path.is_file() for path in paths):
        train, evaluation, test = (_rows(path) for path in paths)
        mean = sum(_tokens(path) for path in paths) / max(1, train + evaluation + test)
        return Texts(train, evaluation, test, Range(mean, mean), True)
    rows_known = told if told is not None else _source_rows(section)
    if rows_known is None:
        return None
    found = divided(
        rows_known, section.test_share, section.evaluation_share, section.maximum_length
    )
    if section.source != "generated":
        return found
    limit = section.maximum_length
    low, high = min(limit, _GENERATED_TEXT.low), min(limit, _GENERATED_TEXT.high)
    return Texts(found.train, found.evaluation, found.test, Range(low, high), False)


def _source_rows(section: object) -> int | None:
    """Return the rows of a source: of the generator, or of the user's file."""
    source = getattr(section, "source", "")
    if source == "generated":
        return int(section.generated.rows)  # type: ignore[attr-defined]
    if source == "file":
        return _rows(Path(section.file.path))  # type: ignore[attr-defined]
    return None


def _corpus(study: Study, results: Path) -> tuple[int, Range] | None:
    made = results / "data" / "corpus" / "corpus.parquet"
    corpus = study.model.corpus
    limit = study.model.architecture.maximum_length
    tokens = _GENERATED_SENTENCE if corpus.source == "generated" else Range(limit / 4, limit)
    if made.is_file():
        return _rows(made), tokens
    if corpus.source == "generated":
        return corpus.generated.rows, tokens
    if corpus.source == "file":
        rows = sum(_rows(Path(path)) for path in corpus.file.paths)
        return min(rows, corpus.maximum_rows or rows), tokens
    return (corpus.maximum_rows, tokens) if corpus.maximum_rows else None


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


def _tried(study: Study, shape: Shape, texts: Mapping[str, Texts | None]) -> Rate:
    """Return the rate of some steps of the first task's training, all weights trained."""
    from bias_transfer.models.trial import seconds_a_step

    task = next(iter(study.tasks))
    section = study.tasks[task]
    size = section.training.batch_size
    known = texts[task] or divided(size, 0, 0, section.maximum_length)
    length = Range(max(2, known.tokens.low), known.tokens.high)
    each, steps, device = seconds_a_step(shape, size, round(length.low), round(length.high))
    mean = (length.low + length.high) / 2
    training = section.training.model_copy(update={"epochs": 1})
    work = fine_tuning(Texts(size, 0, 0, Range(mean, mean), True), training, shape, Operations())
    rate = work.low / each
    return Rate(
        _OF_TRIAL.times(rate),
        _OF_TRIAL.times(rate),
        f"{steps} steps of {task}, {size} texts of a model of this size, were tried on {device}: "
        f"{each:.3g} s a step, {_short(rate)} operations a second, and as fast is assumed to "
        f"{1 - _OF_TRIAL.low:.0%}; one model alone",
    )


def _rate(shape: Shape | None, at_once: int, gpus: int) -> Rate:
    if shape is None:
        return Rate(None, None, "the size of the model is not known")
    if gpus:
        return Rate(None, None, "a GPU has not been tried; `--measure` takes a minute to do so")
    widths = (_TRIAL_TOKENS, shape.hidden, shape.intermediate)
    alone = products_a_second(*widths, 1, _TRIAL_SECONDS)
    found = products_a_second(*widths, at_once, _TRIAL_SECONDS) if at_once > 1 else alone
    return Rate(
        _OF_PRODUCTS.times(found),
        _OF_PRODUCTS.times(alone),
        f"products of {shape.hidden} × {shape.intermediate} were timed: {_short(found)} operations "
        f"a second each, {at_once} at a time, and {_short(alone)} alone; training reaches "
        f"{_OF_PRODUCTS.low:.0%} to {_OF_PRODUCTS.high:.0%} of that; other work on this machine at "
        "this moment is in it",
    )


# ---- what it takes ----------------------------------------------------------------------


def _share_seconds(plan: Plan, task: str, share: Share) -> tuple[Range | None, str]:
    """Return the seconds of one model, and how they are known."""
    logs = (
        read_log(fine_tuning_log(plan.results, model.path))
        for model in share.models
        if is_scored(plan.results, model.path)
    )
    recorded = [each.took for each in logs if each is not None and each.took is not None]
    if recorded:
        return Range(min(recorded), max(recorded)), f"as {len(recorded)} of them took"
    texts = plan.texts[task]
    return (_counted_seconds(plan, texts, share) if texts else None), "as operations are counted"


def _counted_seconds(plan: Plan, texts: Texts, share: Share) -> Range | None:
    """Return the seconds of one model, from its operations."""
    if plan.shape is None:
        return None
    work = fine_tuning(texts, share.training, plan.shape, operations_of(share.adaptation))
    return _seconds(work, plan.rate.operations)


def _seconds(operations: Range, a_second: Range | None) -> Range | None:
    if a_second is None:
        return None
    return Range(operations.low / a_second.high, operations.high / a_second.low)


def _checkpoint_seconds(plan: Plan, variant: Variant) -> Range | None:
    """Return what it takes to train a checkpoint; nothing where it is there, or is not trained."""
    made = plan.results / "checkpoints" / variant.id / "manifest.json"
    if made.is_file() or not _is_trained(plan.study, variant):
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


# ---- how it is told ---------------------------------------------------------------------


def _lines(plan: Plan, files: Sequence[Path]) -> Iterator[str]:
    study = plan.study
    laid = " + ".join(map(str, files)) or "the defaults"
    yield f"Plan of {laid}; results in {study.results}"
    yield f"Model: {_model(plan)}"
    spent: list[Range | None] = []
    for task in study.tasks:
        yield ""
        yield from _task_lines(plan, task, spent)
    yield ""
    variants = (PRETRAINED, *checkpoints(study))
    kinds: dict[str, int] = {}
    for each in variants:
        kinds[each.kind] = kinds.get(each.kind, 0) + 1
    made = sum(
        (plan.results / "checkpoints" / each.id / "manifest.json").is_file() for each in variants
    )
    listed = ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in kinds.items())
    first, *altered = (_checkpoint_seconds(plan, each) for each in variants)
    yield f"Checkpoints: {len(variants)}, {made} of them there ({listed})"
    if first != NOTHING:
        yield f"  pre-training: {_time(first)}"
    if any(each != NOTHING for each in altered):
        trained = [each for each in altered if each != NOTHING]
        yield f"  continued pre-training: {len(trained)} × {_time(trained[0])}"
    yield ""
    yield from _sum_lines(plan, first, total([*altered, *spent]))
    yield ""
    yield from _disk_lines(plan)
    yield ""
    yield from _explanations(plan)


def _model(plan: Plan) -> str:
    if plan.shape is None:
        return "size not known before it is fetched"
    size = plan.shape
    return (
        f"{_short(size.parameters)} parameters, {_short(size.in_layers)} of them in "
        f"{size.layers} layers of width {size.hidden}, {plan.shape_said}"
    )


def _task_lines(plan: Plan, task: str, spent: list[Range | None]) -> Iterator[str]:
    mine = [model for model in models(plan.study) if model.task == task]
    done = sum(is_scored(plan.results, model.path) for model in mine)
    yield f"{task}: {len(mine)} models to fine-tune, {done} of them done"
    texts = plan.texts[task]
    sets = datasets(plan.study, task)
    if texts is None:
        yield (
            f"  texts: not known before they are fetched ({_source(plan.study, task)}); "
            f"`--texts {task}=N` plans for N"
        )
    else:
        tokens = _span(texts.tokens, "tokens a text", "{:,.0f}")
        said = "counted" if texts.counted else "not counted yet"
        yield (
            f"  texts: {texts.train:,} to train, {texts.evaluation:,} to evaluate, "
            f"{texts.test:,} to test; {tokens} ({said}); data sets: {len(sets)}"
        )
    for share in shares(plan.study, task):
        yield from _share_lines(plan, task, share, spent)


def _share_lines(plan: Plan, task: str, share: Share, spent: list[Range | None]) -> Iterator[str]:
    left = sum(not is_scored(plan.results, model.path) for model in share.models)
    each, known = _share_seconds(plan, task, share)
    spent.append(each.times(left) if each is not None else None if left else NOTHING)
    axes: dict[str, set[object]] = {
        "checkpoint": {model.upstream.id for model in share.models},
        "data set": {model.dataset.id for model in share.models},
        "seed": {model.seed for model in share.models},
    }
    over = ", ".join(_counted(len(found), name) for name, found in axes.items())
    texts = plan.texts[task]
    count = _counted(len(share.models), "model")
    head = f"  {adaptation(share.adaptation).title}: {count} over {over}; {left} left"
    epochs = _counted(share.training.epochs, "epoch")
    if texts is None:
        some = divided(_SOME_TEXTS, 0, 0, plan.study.tasks[task].maximum_length)
        yield f"{head}; {epochs}: {_time(_counted_seconds(plan, some, share))} a model " + (
            f"for {_SOME_TEXTS:,} texts to train"
        )
    else:
        steps = steps_of(texts.train, share.training)
        said = f"{_time(each)} a model, {known}" if each is not None else "time not known"
        yield f"{head}; {epochs}, {steps:,} steps: {said}"


def _counted(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def _source(study: Study, task: str) -> str:
    section = study.tasks[task]
    found = getattr(section, section.source, None)
    return str(getattr(found, "id", "") or section.source)


def _sum_lines(plan: Plan, first: Range | None, others: Range | None) -> Iterator[str]:
    grid = models(plan.study)
    waiting = sum(not is_scored(plan.results, model.path) for model in grid)
    jobs = 2 * waiting + (_OTHER_JOBS if waiting else 0)
    small = _JOB_SECONDS.times(jobs)
    if not jobs and total([first, others]) == NOTHING:
        yield "Time left: none; every model is done"
        return
    work = total([first, others, small])
    if work is None or first is None or others is None:
        yield f"Time left: not known, {plan.at_once} at a time; see above what is missing"
        return
    rest = (others + small).times(1 / plan.at_once)
    yield (
        f"Time left: {_time(first + rest)}, {plan.at_once} at a time; in all "
        f"{_time(work)} of computing"
    )


def _disk_lines(plan: Plan) -> Iterator[str]:
    if plan.shape is None:
        yield "Disk: not known"
        return
    share = plan.study.gpu_share if visible_devices() else 1
    peak = disk(plan.study, plan.shape, plan.texts, plan.at_once * share)
    known = peak.checkpoints + peak.training + peak.models
    tables = (peak.tables or 0) + _OTHER_TABLES
    without = "" if peak.tables is not None else ", and the texts, which are not known"
    parts = [
        f"checkpoints {_bytes(peak.checkpoints)}",
        f"{plan.at_once * share} in training {_bytes(peak.training)}",
        *([f"fine-tuned models {_bytes(peak.models)}"] if peak.models else []),
        f"tables {_bytes(tables)}{without}",
    ]
    yield f"Disk at its peak, at most: {_bytes(known + tables)} ({'; '.join(parts)})"


def _explanations(plan: Plan) -> Iterator[str]:
    yield "How it was estimated:"
    yield f"- {plan.rate.said}."
    yield (
        "- A pass forwards and backwards costs 6 operations for each token and parameter of the "
        "layers (adapters 4, the head alone 2, once); 20 % more for padding."
    )
    yield (
        "- What is done, and how long it took, is told by the results folder; whether a change "
        "makes it again, `snakemake -n` tells."
    )
    if any(len(datasets(plan.study, task)) > 1 for task in plan.study.tasks):
        yield (
            "- Altered training sets count like the unaltered one: over-sampling makes them "
            "larger, scrubbing smaller."
        )
    uncounted = []
    if needs_corpus(plan.study) and plan.corpus is None:
        uncounted.append("the corpus before it is fetched")
    if needs_sentiment(plan.study):
        uncounted.append("the sentiment classifier")
    uncounted.append("downloads and the hub's own cache")
    yield f"- Not counted: {', '.join(uncounted)}."


def _time(lasting: Range | None) -> str:
    if lasting is None:
        return "time not known"
    low, high = duration(lasting.low), duration(lasting.high)
    return low if low == high else f"{low} to {high}"


def _span(values: Range, what: str, form: str) -> str:
    low, high = form.format(values.low), form.format(values.high)
    return f"{low} {what}" if low == high else f"{low} to {high} {what}"


def _short(number: float) -> str:
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if number >= size:
            return f"{number / size:.4g} {name}"
    return f"{number:,.0f}"


def _bytes(number: float) -> str:
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{max(1, round(number / 1e6))} MB"
