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
from bias_transfer.runtime.artifacts import MANIFEST
from bias_transfer.runtime.job_logs import (
    JobLog,
    fine_tuning_log,
    has_checkpoint,
    is_scored,
    read_errors,
    read_log,
)
from bias_transfer.runtime.progress import duration
from bias_transfer.study.config import Study
from bias_transfer.study.grid import Model, models
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
    def running(self) -> bool:
        """Whether it is at work."""
        return not self.done and not self.made and self.log is not None and self.log.running

    @property
    def failed(self) -> str:
        """What went wrong, if it failed."""
        return "" if self.done or self.made or self.log is None else self.log.error

    @property
    def silent(self) -> bool:
        """Whether it began, and has written nothing for a while.

        A log that ended well is of what was made and then removed: that waits to be made again.
        """
        if self.done or self.made or self.log is None:
            return False
        return not (self.log.running or self.log.error) and self.log.took is None


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
        made, grid = _checkpoints(study, results), _models(study, results)
        clear = _CLEAR if watch is not None and sys.stdout.isatty() else ""
        failed = _failed_besides(study, results)
        print(clear + "\n".join(_lines(study, made, grid, failed)), flush=True)
        if watch is None or all(each.done for each in grid):
            return
        time.sleep(watch)


def _models(study: Study, results: Path) -> list[State]:
    return [_model(results, each) for each in models(study)]


def _model(results: Path, model: Model) -> State:
    log = fine_tuning_log(results, model.path)
    return State(
        task=model.task,
        adaptation=model.adaptation,
        name=model.path,
        done=is_scored(results, model.path),
        made=(results / "finetune" / model.path / MANIFEST).is_file(),
        log=read_log(log),
        path=log,
    )


def _checkpoints(study: Study, results: Path) -> list[State]:
    found = []
    for each in (PRETRAINED, *checkpoints(study)):
        log = results / "logs" / "checkpoints" / f"{each.id}.log"
        done = has_checkpoint(results, each.id)
        found.append(State("", "", each.id, done, False, read_log(log), log))
    return found


def _failed_besides(study: Study, results: Path) -> dict[str, str]:
    """Return the errors of jobs that train no model and make no checkpoint, by their logs' places.

    Logs of what only an earlier config asked for are left out.
    """
    grid = models(study)
    known = {
        *("", "corpus", "sentiment"),
        *study.tasks,
        *(each.upstream.id for each in grid),
        *(f"{each.task}/{each.dataset.id}" for each in grid),
        *(each.path for each in grid),
    }
    found = {}
    for log, error in read_errors(results / "logs").items():
        stage, _, place = log.partition("/")
        task, _, name = place.partition("/")
        # Figures, downloads and sentences of a task have names that no axis has.
        other = stage not in _BY_DATA_SET or name == "sentences"
        if place not in known and not (other and task in study.tasks and "/" not in name):
            continue
        if stage not in _SHOWN_AS_STATES:
            found[log] = error
    return found


def seconds_left(grid: Sequence[State], made: Sequence[State]) -> float | None:
    """Return the seconds until the last model is trained, at the pace of those so far.

    A model that waits takes the mean of those of its task and adaptation, else of all, that were
    trained; as many train at a time as do now, checkpoints among them. None where nothing trains,
    or where models wait and none has been trained yet. Checkpoints that train come first.

    Parameters
    ----------
    grid, made
        The models; the checkpoints.
    """
    running = [each for each in grid if each.running]
    making = [each for each in made if each.running]
    before = [left for each in making if (left := _left(each)) is not None]
    waiting = [each for each in grid if not (each.done or each.made or each.running)]
    taken = _taken(grid)
    if (not running and not before) or (waiting and not taken):
        return None
    overall = sum(map(sum, taken.values())) / max(1, sum(map(len, taken.values())))
    means = {key: sum(times) / len(times) for key, times in taken.items()}
    work = sum(means.get((each.task, each.adaptation), overall) for each in waiting)
    work += sum(_left(each) or 0.0 for each in running)
    return max(before, default=0.0) + work / max(1, len(running) + len(making))


def _taken(grid: Sequence[State]) -> dict[tuple[str, str], list[float]]:
    """Return the seconds that models took, by task and adaptation."""
    found: dict[tuple[str, str], list[float]] = {}
    for each in grid:
        if each.log is not None and each.log.took is not None:
            found.setdefault((each.task, each.adaptation), []).append(each.log.took)
    return found


def _left(state: State) -> float | None:
    return state.log.seconds_left if state.log is not None else None


def _lines(
    study: Study, made: Sequence[State], grid: Sequence[State], failed: Mapping[str, str]
) -> Iterator[str]:
    done = sum(each.done for each in grid)
    left = seconds_left(grid, made)
    said = "" if done == len(grid) else f"; {_about(left)}"
    yield f"{study.results}: {done} of {counted(len(grid), 'model')} done{said}"
    there = sum(each.done for each in made)
    yield f"{there} of {counted(len(made), 'checkpoint')} there"
    if not (Path(study.results) / "report.html").is_file():
        yield "tables, figures and report: not there; they are made last"
    yield ""
    rows: list[tuple[str, ...]] = [
        ("task", "adaptation", "done", "to score", "running", "failed", "silent", "waiting")
    ]
    rows += [
        _row(task, name, [each for each in grid if (each.task, each.adaptation) == (task, name)])
        for task, section in study.tasks.items()
        for name in section.adaptation
    ]
    yield from _table(rows)
    running = [each for each in (*made, *grid) if each.running]
    if running:
        yield ""
        width = max(len(each.name) for each in running)
        yield from (f"{each.name.ljust(width)}  {_progress(each)}" for each in running)
    logs = Path(study.results, "logs")
    troubled = [
        *(f"failed: {name}: {error} (log: {logs / name}.log)" for name, error in failed.items()),
        *_troubles((*made, *grid)),
    ]
    if troubled:
        yield ""
        yield from troubled


def _troubles(states: Sequence[State]) -> Iterator[str]:
    for each in states:
        if each.failed:
            yield f"failed: {each.name}: {each.failed} (log: {each.path})"
        if each.silent and each.log is not None:
            yield (
                f"silent: {each.name}: no line for {duration(each.log.age)}; it evaluates, or was "
                f"killed (log: {each.path})"
            )


def _about(left: float | None) -> str:
    return (
        "time left is not known before a model is trained"
        if left is None
        else f"about {duration(left)} until the last one is trained"
    )


def _row(task: str, name: str, mine: Sequence[State]) -> tuple[str, ...]:
    counts = [
        sum(each.done for each in mine),
        sum(each.made and not each.done for each in mine),
        sum(each.running for each in mine),
        sum(bool(each.failed) for each in mine),
        sum(each.silent for each in mine),
    ]
    return task, adaptation(name).title, *map(str, (*counts, len(mine) - sum(counts)))


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
