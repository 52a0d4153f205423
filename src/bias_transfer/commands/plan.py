"""The command that tells what a study will take, before it takes it: models, texts, hours, disk.

What it tells is known to `study.estimate`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bias_transfer.adaptations import adaptation
from bias_transfer.errors import StudyError, counted
from bias_transfer.runtime.gpu_slots import visible_devices
from bias_transfer.runtime.progress import duration
from bias_transfer.study.config import Study
from bias_transfer.study.estimate import (
    Plan,
    checkpoint_seconds,
    counted_seconds,
    known,
    share_seconds,
)
from bias_transfer.study.grid import Model, models, models_of
from bias_transfer.study.made import has_checkpoint, is_scored
from bias_transfer.study.overlays import read_config, with_default
from bias_transfer.study.pace import short
from bias_transfer.study.parsing import parse
from bias_transfer.study.plan import (
    NOTHING,
    Range,
    Share,
    checkpoints,
    datasets,
    disk,
    divided,
    shares,
    steps_of,
    total,
)
from bias_transfer.study.sources import needs_corpus, needs_sentiment, note_of
from bias_transfer.upstream import PRETRAINED

# Of a job that trains nothing, beside its texts: scores, tables, figures.
_JOB_SECONDS = Range(0.3, 1.5)
# Jobs of a study that are not those of a model, a checkpoint or a data set: figures among them.
_OTHER_JOBS = 40
_OTHER_TABLES = 50e6  # bytes
# What is planned for where nobody knows how many texts there will be.
_SOME_TEXTS = 100_000


def plan(
    files: Sequence[Path],
    assignments: Sequence[str],
    cores: int | None,
    texts: Sequence[str],
    measure: bool,
) -> None:
    """Print what a study will take.

    Parameters
    ----------
    files, assignments
        As for Snakemake's --configfile and --config.
    cores
        Models that train side by side where there is no GPU; None for as many as there are cores.
    texts
        `TASK=N`: the texts of a task, where they are not to be found.
    measure
        Whether to try some real steps of training, rather than plain products.

    Raises
    ------
    StudyError
        If the config is wrong, or a table of the user's is not what a task needs.
    """
    files = with_default(files)
    study = parse(read_config(files, assignments))
    if study.release:
        raise StudyError("config key release: a study that starts from a release trains nothing")
    print("\n".join(_lines(known(study, cores, _counts(texts, study), measure), files)))


def _counts(assignments: Sequence[str], study: Study) -> dict[str, int]:
    """Return the number of texts of each task for which it is given as `TASK=N`."""
    counts = {}
    for assignment in assignments:
        task, _, count = assignment.partition("=")
        if task not in study.tasks or not count.isdecimal():
            raise StudyError(f"--texts {assignment}: write TASK=N, with {' or '.join(study.tasks)}")
        counts[task] = int(count)
    return counts


def _lines(plan: Plan, files: Sequence[Path]) -> Iterator[str]:
    study = plan.study
    configs = " + ".join(map(str, files)) or "the defaults"
    yield f"Plan of {configs}; results in {study.results}"
    yield note_of(study)
    yield f"Model: {_model(plan)}"
    for task in study.tasks:
        yield ""
        yield from _task_lines(plan, task)
    yield ""
    variants = (PRETRAINED, *checkpoints(study))
    kinds = Counter(variant.kind for variant in variants)
    there = sum(has_checkpoint(plan.results, variant) for variant in variants)
    listed = ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in kinds.items())
    pre_training, *altering = (checkpoint_seconds(plan, variant) for variant in variants)
    yield f"Checkpoints: {len(variants)}, {there} of them there ({listed})"
    if pre_training != NOTHING:
        yield f"  pre-training: {_time(pre_training)}"
    continued = [seconds for seconds in altering if seconds != NOTHING]
    if continued:
        yield f"  continued pre-training: {len(continued)} × {_time(continued[0])}"
    yield ""
    fine_tuning = (
        _seconds(plan, task, share) for task in study.tasks for share in shares(study, task)
    )
    yield from _sum_lines(plan, pre_training, total([*altering, *fine_tuning]))
    yield ""
    yield from _disk_lines(plan)
    yield ""
    yield from _explanations(plan)


def _model(plan: Plan) -> str:
    if plan.shape is None:
        return "size not known before it is fetched"
    size = plan.shape
    return (
        f"{short(size.parameters)} parameters, {short(size.in_layers)} of them in "
        f"{counted(size.layers, 'layer')} of width {size.hidden}, {plan.shape_said}"
    )


def _task_lines(plan: Plan, task: str) -> Iterator[str]:
    grid = models_of(plan.study, task)
    done = sum(is_scored(plan.results, model) for model in grid)
    yield f"{task}: {counted(len(grid), 'model')} to fine-tune, {done} of them done"
    texts = plan.texts[task]
    sets = datasets(plan.study, task)
    if texts is None:
        yield (
            f"  texts: not known before they are fetched ({_source(plan.study, task)}); "
            f"`--texts {task}=N` plans for N"
        )
    else:
        tokens = _span(texts.tokens, "tokens a text", "{:,.0f}")
        how_known = "counted" if texts.counted else "not counted yet"
        yield (
            f"  texts: {texts.train:,} to train, {texts.evaluation:,} to evaluate, "
            f"{texts.test:,} to test; {tokens} ({how_known}); data sets: {len(sets)}"
        )
    yield from (f"  warning: {shortcoming}" for shortcoming in plan.shortcomings[task])
    yield from (_share_line(plan, task, share) for share in shares(plan.study, task))


def _seconds(plan: Plan, task: str, share: Share) -> Range | None:
    """Return what it takes to train those of a share that are not done; None where not known."""
    to_train = _to_train(plan, share.models)
    if not to_train:
        return NOTHING
    of_a_model, _ = share_seconds(plan, task, share)
    return of_a_model.times(to_train) if of_a_model else None


def _to_train(plan: Plan, grid: Iterable[Model]) -> int:
    return sum(not is_scored(plan.results, model) for model in grid)


def _share_line(plan: Plan, task: str, share: Share) -> str:
    """Tell of models that are trained alike."""
    axes: dict[str, set[object]] = {
        "checkpoint": {model.upstream.id for model in share.models},
        "data set": {model.dataset.id for model in share.models},
        "seed": {model.seed for model in share.models},
    }
    over = ", ".join(counted(len(values), name) for name, values in axes.items())
    texts = plan.texts[task]
    count = counted(len(share.models), "model")
    head = (
        f"  {adaptation(share.adaptation).title}: {count} over {over}; "
        f"{_to_train(plan, share.models)} left; {counted(share.training.epochs, 'epoch')}"
    )
    if texts is None:
        supposed = divided(_SOME_TEXTS, 0, 0, plan.study.tasks[task].maximum_length)
        lasting = _time(counted_seconds(plan, supposed, share))
        return f"{head}: {lasting} a model for {_SOME_TEXTS:,} texts to train"
    of_a_model, how_known = share_seconds(plan, task, share)
    said = f"{_time(of_a_model)} a model, {how_known}" if of_a_model else "time not known"
    return f"{head}, {counted(steps_of(texts.train, share.training), 'step')}: {said}"


def _source(study: Study, task: str) -> str:
    section = study.tasks[task]
    of_source = getattr(section, section.source, None)
    return str(getattr(of_source, "id", "") or section.source)


def _sum_lines(plan: Plan, pre_training: Range | None, others: Range | None) -> Iterator[str]:
    """Add up: nothing runs beside the pre-training, and all else side by side."""
    waiting = _to_train(plan, models(plan.study))
    jobs = 2 * waiting + (_OTHER_JOBS if waiting else 0)
    of_small_jobs = _JOB_SECONDS.times(jobs)
    if not jobs and total([pre_training, others]) == NOTHING:
        yield "Time left: none; every model is done"
        return
    work = total([pre_training, others, of_small_jobs])
    if work is None or pre_training is None or others is None:
        yield f"Time left: not known, {plan.at_once} at a time; see above what is missing"
        return
    side_by_side = (others + of_small_jobs).times(1 / plan.at_once)
    yield (
        f"Time left: {_time(pre_training + side_by_side)}, {plan.at_once} at a time; in all "
        f"{_time(work)} of computing"
    )


def _disk_lines(plan: Plan) -> Iterator[str]:
    if plan.shape is None:
        yield "Disk: not known"
        return
    share = plan.study.gpu_share if visible_devices() else 1
    peak = disk(plan.study, plan.shape, plan.texts, plan.at_once * share)
    weights = peak.checkpoints + peak.training + peak.models
    tables = (peak.tables or 0) + _OTHER_TABLES
    not_counted = "" if peak.tables is not None else ", and the texts, which are not known"
    parts = [
        f"checkpoints {_bytes(peak.checkpoints)}",
        f"{plan.at_once * share} in training {_bytes(peak.training)}",
        *([f"fine-tuned models {_bytes(peak.models)}"] if peak.models else []),
        f"tables {_bytes(tables)}{not_counted}",
    ]
    yield f"Disk at its peak, at most: {_bytes(weights + tables)} ({'; '.join(parts)})"


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


def _bytes(number: float) -> str:
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{max(1, round(number / 1e6))} MB"
