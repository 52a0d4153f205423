"""The command that tells how far a running study is, from its results and its logs alone.

It asks no scheduler and no process, so that it works from any machine that sees the folder, also
while SLURM runs the jobs elsewhere.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bias_transfer.adaptations import adaptation
from bias_transfer.errors import StudyError, counted
from bias_transfer.runtime.job_logs import JobLog, read_errors, read_log
from bias_transfer.runtime.progress import duration
from bias_transfer.study.config import Study
from bias_transfer.study.grid import models
from bias_transfer.study.made import (
    checkpoint_log,
    fine_tuning_log,
    has_checkpoint,
    is_scored,
    is_trained,
)
from bias_transfer.study.overlays import read_config, with_default
from bias_transfer.study.parsing import parse
from bias_transfer.study.plan import checkpoints
from bias_transfer.upstream import PRETRAINED

_CLEAR = "\033[H\033[2J"
# Stages of the logs: whose models and checkpoints have a state, and that have data sets.
_SHOWN_AS_STATES = ("finetune", "checkpoints")
_BY_DATA_SET = ("data", "tokens")


@dataclass(frozen=True)
class State:
    """How far one model or checkpoint is.

    Attributes
    ----------
    task, adaptation
        Of a model; empty for a checkpoint.
    name
        Its place below the stage's folder.
    done
        Whether all that is wanted of it is there.
    made
        Whether a model is trained, and not scored yet.
    log
        What its log tells; None where there is none.
    path
        Of the log.
    """

    task: str
    adaptation: str
    name: str
    done: bool
    made: bool
    log: JobLog | None
    path: Path

    @property
    def _unfinished(self) -> JobLog | None:
        """Its log, as long as it is not made."""
        return None if self.done or self.made else self.log

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        return self._unfinished is not None and self._unfinished.running

    @property
    def failed(self) -> str:
        """What went wrong, if it failed."""
        return "" if self._unfinished is None else self._unfinished.error

    @property
    def silent(self) -> bool:
        """Whether it began, and has written nothing for a while.

        A log that ended well is of what was made and then removed: that waits to be made again.
        """
        return self._unfinished is not None and self._unfinished.silent


def follow(files: Sequence[Path], assignments: Sequence[str], watch: float | None) -> None:
    """Print how far a study is, once, or again and again until all models are done.

    Parameters
    ----------
    files, assignments
        As for Snakemake's --configfile and --config.
    watch
        Seconds from one look to the next; None for a single one.

    Raises
    ------
    StudyError
        If the config is wrong, or the study has no results yet.
    """
    study = parse(read_config(with_default(files), assignments))
    results = Path(study.results)
    if not results.is_dir():
        raise StudyError(f"config key results: {results} is not there; nothing has begun")
    while True:
        upstream, grid = _checkpoints(study, results), _models(study, results)
        clear = _CLEAR if watch is not None and sys.stdout.isatty() else ""
        failed = _failed_besides(study, results)
        print(clear + "\n".join(_lines(study, upstream, grid, failed)), flush=True)
        if watch is None or all(model.done for model in grid):
            return
        time.sleep(watch)


def _models(study: Study, results: Path) -> list[State]:
    return [
        State(
            task=model.task,
            adaptation=model.adaptation,
            name=model.path,
            done=is_scored(results, model),
            made=is_trained(results, model),
            log=read_log(log := fine_tuning_log(results, model)),
            path=log,
        )
        for model in models(study)
    ]


def _checkpoints(study: Study, results: Path) -> list[State]:
    return [
        State(
            task="",
            adaptation="",
            name=variant.id,
            done=has_checkpoint(results, variant),
            made=False,
            log=read_log(log := checkpoint_log(results, variant)),
            path=log,
        )
        for variant in (PRETRAINED, *checkpoints(study))
    ]


def _failed_besides(study: Study, results: Path) -> dict[str, str]:
    """Return the errors of jobs that train no model and make no checkpoint, by their logs' places.

    Logs of what only an earlier config asked for are left out.
    """
    grid = models(study)
    places_of_the_config = {
        *("", "corpus", "sentiment"),
        *study.tasks,
        *(model.upstream.id for model in grid),
        *(f"{model.task}/{model.dataset.id}" for model in grid),
        *(model.path for model in grid),
    }
    errors = {}
    for log, error in read_errors(results / "logs").items():
        stage, _, place = log.partition("/")
        task, _, name = place.partition("/")
        # Figures, downloads and sentences of a task have names that no axis has.
        freely_named = stage not in _BY_DATA_SET or name == "sentences"
        of_a_task = freely_named and task in study.tasks and "/" not in name
        if stage not in _SHOWN_AS_STATES and (place in places_of_the_config or of_a_task):
            errors[log] = error
    return errors


def seconds_left(grid: Sequence[State], upstream: Sequence[State]) -> float | None:
    """Return the seconds until the last model is trained, at the pace of those so far.

    A model that waits takes the mean of those of its task and adaptation, else of all, that were
    trained; as many train at a time as do now, checkpoints among them. None where nothing trains,
    or where models wait and none has been trained yet. Checkpoints that train come first.

    Parameters
    ----------
    grid, upstream
        The models; the checkpoints.
    """
    running = [model for model in grid if model.running]
    upstream_running = [checkpoint for checkpoint in upstream if checkpoint.running]
    upstream_seconds = [
        seconds for each in upstream_running if (seconds := _seconds_left(each)) is not None
    ]
    waiting = [model for model in grid if not (model.done or model.made or model.running)]
    taken = _seconds_taken(grid)
    if (not running and not upstream_seconds) or (waiting and not taken):
        return None
    overall = sum(map(sum, taken.values())) / max(1, sum(map(len, taken.values())))
    means = {key: sum(times) / len(times) for key, times in taken.items()}
    work = sum(means.get((model.task, model.adaptation), overall) for model in waiting)
    work += sum(_seconds_left(model) or 0.0 for model in running)
    at_once = max(1, len(running) + len(upstream_running))
    return max(upstream_seconds, default=0.0) + work / at_once


def _seconds_taken(grid: Sequence[State]) -> dict[tuple[str, str], list[float]]:
    """Return the seconds that models took, by task and adaptation."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for model in grid:
        if model.log is not None and model.log.took is not None:
            seconds.setdefault((model.task, model.adaptation), []).append(model.log.took)
    return seconds


def _seconds_left(state: State) -> float | None:
    return state.log.seconds_left if state.log is not None else None


def _lines(
    study: Study, upstream: Sequence[State], grid: Sequence[State], failed: Mapping[str, str]
) -> Iterator[str]:
    done = sum(model.done for model in grid)
    time_left = "" if done == len(grid) else f"; {_time_left(grid, upstream)}"
    yield f"{study.results}: {done} of {counted(len(grid), 'model')} done{time_left}"
    there = sum(checkpoint.done for checkpoint in upstream)
    yield f"{there} of {counted(len(upstream), 'checkpoint')} there"
    if not (Path(study.results) / "report.html").is_file():
        yield "tables, figures and report: not there; they are made last"
    yield ""
    rows: list[tuple[str, ...]] = [
        ("task", "adaptation", "done", "to score", "running", "failed", "silent", "waiting")
    ]
    rows += [
        _row(
            task, name, [model for model in grid if (model.task, model.adaptation) == (task, name)]
        )
        for task, section in study.tasks.items()
        for name in section.adaptation
    ]
    yield from _table(rows)
    running = [state for state in (*upstream, *grid) if state.running]
    if running:
        yield ""
        width = max(len(state.name) for state in running)
        yield from (f"{state.name.ljust(width)}  {_progress(state)}" for state in running)
    logs = Path(study.results, "logs")
    troubled = [
        *(_failure(place, error, logs / f"{place}.log") for place, error in failed.items()),
        *_troubles((*upstream, *grid)),
    ]
    if troubled:
        yield ""
        yield from troubled


def _failure(name: str, error: str, log: Path) -> str:
    return f"failed: {name}: {error} (log: {log})"


def _troubles(states: Sequence[State]) -> Iterator[str]:
    for state in states:
        if state.failed:
            yield _failure(state.name, state.failed, state.path)
        if state.silent and state.log is not None:
            yield (
                f"silent: {state.name}: no line for {duration(state.log.age)}; it evaluates, or "
                f"was killed (log: {state.path})"
            )


def _time_left(grid: Sequence[State], upstream: Sequence[State]) -> str:
    seconds = seconds_left(grid, upstream)
    if seconds is not None:
        return f"about {duration(seconds)} until the last one is trained"
    if all(model.done or model.made for model in grid):
        return "all are trained"
    if _seconds_taken(grid):
        return "time left is not known while nothing trains"
    return "time left is not known before a model is trained"


def _row(task: str, name: str, grid: Sequence[State]) -> tuple[str, ...]:
    """Count the models of a task and an adaptation by how far they are."""
    counts = [
        sum(model.done for model in grid),
        sum(model.made and not model.done for model in grid),
        sum(model.running for model in grid),
        sum(bool(model.failed) for model in grid),
        sum(model.silent for model in grid),
    ]
    return task, adaptation(name).title, *map(str, (*counts, len(grid) - sum(counts)))


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Lay rows out: words to the left, numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = (
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def _progress(state: State) -> str:
    if state.log is None or state.log.progress is None:
        return "has begun"
    return state.log.progress.line()
