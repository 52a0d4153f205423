"""How far a study is, from results and logs alone: states, time left, and what is printed."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bias_transfer.commands.follow import State, seconds_left
from bias_transfer.runtime.job_logs import JobLog, read_log
from bias_transfer.runtime.main import main
from bias_transfer.runtime.progress import Progress, took
from bias_transfer.study.grid import models
from bias_transfer.study.parsing import parse

STEPS = Progress(2, 3, 150, 416, 0.83, 12.0)


def written(path: Path, *lines: str, age: float = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"2026-11-26 03:17:32,000 bias_transfer: {each}\n" for each in lines))
    os.utime(path, times=(time.time() - age,) * 2)
    return path


# ---- a log ------------------------------------------------------------------------------


def test_a_log_that_is_being_written_tells_the_last_step(tmp_path):
    earlier = Progress(1, 3, 10, 416, 0.9, 30.0).line()
    found = read_log(written(tmp_path / "a.log", earlier, STEPS.line(), "training checkpoint"))
    assert found is not None
    assert found.progress == STEPS
    assert found.running
    # Less the time since the line was written.
    assert found.seconds_left == pytest.approx(12, abs=1)


def test_a_silent_log_is_of_no_running_job(tmp_path):
    found = read_log(written(tmp_path / "a.log", STEPS.line(), age=600))
    assert found is not None
    assert not found.running
    assert found.seconds_left == 0


def test_a_log_tells_how_a_job_ended(tmp_path):
    well = read_log(written(tmp_path / "a.log", STEPS.line(), took("fine-tune", 12.3)))
    badly = read_log(written(tmp_path / "b.log", STEPS.line(), "error: out of memory: lower it"))
    assert well is not None and badly is not None
    assert (well.took, well.error, well.running) == (12.3, "", False)
    assert (badly.took, badly.error, badly.running) == (None, "out of memory: lower it", False)


def test_no_log_an_empty_one_and_one_cut_in_a_letter(tmp_path):
    assert read_log(tmp_path / "none.log") is None
    empty = read_log(written(tmp_path / "a.log"))
    assert empty is not None and empty.running and empty.progress is None
    (tmp_path / "b.log").write_bytes("…".encode() * 10000 + f"\n{STEPS.line()}\n".encode())
    cut = read_log(tmp_path / "b.log")
    assert cut is not None and cut.progress == STEPS


# ---- the time left ----------------------------------------------------------------------


def state(log: JobLog | None = None, *, done: bool = False, adaptation: str = "full") -> State:
    return State("bios", adaptation, "m", done, False, log, Path("m.log"))


def ended(lasted: float, adaptation: str = "full") -> State:
    return state(JobLog(None, lasted, "", 1000), done=True, adaptation=adaptation)


def at_work(left: float) -> State:
    return state(JobLog(Progress(1, 1, 1, 2, 1.0, left), None, "", 0))


def test_models_that_wait_take_as_long_as_those_of_their_kind():
    grid = [ended(10), ended(20), ended(100, "lora"), at_work(5), at_work(7), state(), state()]
    # Two that wait at 15 s each and 12 s of those that run, two at a time.
    assert seconds_left(grid, []) == (2 * 15 + 5 + 7) / 2
    # Nobody has been adapted so: as long as all on average.
    assert seconds_left([ended(10), ended(20), at_work(5), state(adaptation="head")], []) == 20


def test_checkpoints_come_first():
    assert seconds_left([ended(10), state()], [at_work(100)]) == 110
    # Models will then take their places.
    assert seconds_left([ended(10), state(), state()], [at_work(100), at_work(50)]) == 110


def test_where_nothing_is_known_nothing_is_said():
    assert seconds_left([at_work(5), state()], []) is None
    assert seconds_left([ended(10), state()], []) is None
    assert seconds_left([at_work(5)], []) == 5


# ---- what is printed --------------------------------------------------------------------


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path
) -> Callable[..., str]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/.lineage").mkdir(parents=True)

    def run(*words: str) -> str:
        assert main(["follow", "--configfile", str(root / "config.yaml"), *words]) == 0
        return capsys.readouterr().out

    return run


def test_a_study_under_way(told, config: dict[str, Any], tmp_path):
    results, logs = tmp_path / "results", tmp_path / "results/logs/finetune"
    done, scored_next, running, silent, failed, *_ = models(parse(config))
    for name in ("predictions.parquet", "intrinsic.csv"):
        written(results / "scores" / done.path / name)
    for each in (done, scored_next):
        written(results / "finetune" / each.path / "manifest.json")
        written(logs / f"{each.path}.log", took("fine-tune", 20))
    written(logs / f"{running.path}.log", STEPS.line())
    written(logs / f"{silent.path}.log", STEPS.line(), age=600)
    written(logs / f"{failed.path}.log", "error: out of memory")
    written(results / "checkpoints/pretrained/manifest.json")
    lines = told().splitlines()
    # 41 are to be trained, of which each takes 20 s, one at a time.
    assert lines[0].startswith("results: 1 of 44 models done; about 13 min 5")
    assert lines[0].endswith(" until the last one is trained")
    assert lines[1] == "1 of 9 checkpoints there"
    assert lines[2] == "tables, figures and report: not there; they are made last"
    rows = {
        tuple(line.split("  ")[:2]): line.split()[-6:] for line in lines if "fine-tuning" in line
    }
    assert rows["bios", "Full fine-tuning"] == ["1", "1", "1", "1", "1", "7"]
    assert f"{running.path}  {STEPS.line()}" in lines
    troubles = [line.partition(" (log: ")[0] for line in lines if " (log: " in line]
    assert troubles == [
        f"silent: {silent.path}: no line for 10 min; it evaluates, or was killed",
        f"failed: {failed.path}: out of memory",
    ]


def test_between_two_trainings_the_time_is_not_called_unknown_before_the_first(
    told, config: dict[str, Any], tmp_path
):
    results, grid = tmp_path / "results", models(parse(config))
    for each in grid[:2]:
        written(results / "finetune" / each.path / "manifest.json")
        written(results / "logs/finetune" / f"{each.path}.log", took("fine-tune", 20))
    first = told().splitlines()[0]
    assert first.endswith("0 of 44 models done; time left is not known while nothing trains")
    for each in grid:
        written(results / "finetune" / each.path / "manifest.json")
    assert told().splitlines()[0].endswith("0 of 44 models done; all are trained")


def failures(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if line.startswith("failed: ")]


@pytest.mark.parametrize(
    "log",
    [
        *("downloads/wiki/comments", "downloads/wiki/sentences.csv", "data/corpus"),
        *("data/sentiment", "data/bios/original", "data/wiki/sentences", "sentiment"),
        *("tokens/bios/original", "intrinsic/bios", "extrinsic/wiki", "cards/pretrained"),
        *("scores/bios/pretrained/original/full/seed1", "figures/bios/transfer"),
        *("analysis", "paper", "report", "release"),
    ],
)
def test_a_failure_of_any_job_is_told_with_its_log(told, tmp_path, log):
    written(tmp_path / f"results/logs/{log}.log", "error: no row is of group male")
    written(tmp_path / "results/logs/data/wiki/original.log", took("prepare-data", 2))
    assert failures(told()) == [
        f"failed: {log}: no row is of group male (log: results/logs/{log}.log)"
    ]


def test_of_a_failure_before_and_of_a_model_each_is_told_once(
    told, config: dict[str, Any], tmp_path
):
    logs = tmp_path / "results/logs"
    first, *_ = models(parse(config))
    for log in ("data/wiki/original", "checkpoints/pretrained", f"finetune/{first.path}"):
        written(logs / f"{log}.log", "error: no")
    assert [line.split(": ")[1] for line in failures(told())] == [
        "data/wiki/original",
        "pretrained",
        first.path,
    ]


def test_a_job_that_was_begun_again_has_not_failed(told, tmp_path):
    log = tmp_path / "results/logs/data/wiki/original.log"
    written(log, "error: no row is of group male")
    assert failures(told())
    # As a command does when it begins, when it is at work, and when it ends well.
    for lines in ((), ("error: no", "where it was noticed"), (took("prepare-data", 2),)):
        written(log, *lines)
        assert not failures(told())


@pytest.mark.parametrize(
    "log",
    [
        *("data/trades/original", "data/wiki/scrub-all-0.77", "tokens/wiki/scrub-all-0.77"),
        *("intrinsic/trades", "figures/trades/transfer", "cards/random-t99"),
        *("scores/bios/pretrained/original/full/seed99", "finetune/trades/pretrained/seed1"),
    ],
)
def test_what_only_an_earlier_config_asked_for_is_not_told(told, tmp_path, log):
    written(tmp_path / f"results/logs/{log}.log", "error: no")
    assert not failures(told())


def test_it_is_watched_until_all_is_done(told, config: dict[str, Any], tmp_path, monkeypatch):
    grid = models(parse(config))

    def finish(seconds: float) -> None:
        assert seconds == 3
        for model in grid:
            for name in ("predictions.parquet", "intrinsic.csv"):
                written(tmp_path / "results/scores" / model.path / name)

    monkeypatch.setattr(time, "sleep", finish)
    printed = told("--watch", "3")
    assert (
        "results: 0 of 44 models done; time left is not known before a model is trained" in printed
    )
    assert "results: 44 of 44 models done\n" in printed
    # The models are not the end of it.
    assert "report: not there" in printed.split("44 of 44")[1]


def test_what_is_made_last_is_told_until_it_is_there(told, tmp_path):
    written(tmp_path / "results/report.html")
    assert "report" not in told()


def test_a_study_that_has_not_begun(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["follow", "--configfile", str(root / "config.yaml")]) == 1
    assert capsys.readouterr().err == (
        "error: config key results: results is not there; nothing has begun\n"
    )
