"""The line that says how far a training is: when it is due, what it says, reading it back."""

import pytest

from bias_transfer.runtime.progress import (
    Pace,
    Progress,
    duration,
    read_progress,
    read_took,
    seconds,
    took,
)


class Clock:
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def due_at(steps: int, seconds_a_step: float, done: int = 0) -> list[int]:
    """Return after which steps of a training a line is due."""
    clock = Clock()
    pace = Pace(done, steps, clock)
    found = []
    for step in range(done + 1, steps + 1):
        clock.now += seconds_a_step
        if pace.due(step):
            found.append(step)
            pace.left(step)
    return found


def test_a_line_reads_as_a_sentence_and_reads_back():
    progress = Progress(2, 3, 150, 416, 0.83, 12.0)
    assert progress.line() == "epoch 2 of 3, step 150 of 416, loss 0.83, 12 s left"
    assert read_progress(f"2026-11-26 03:17:32 models.training: {progress.line()}") == progress
    assert read_progress("epoch 2 of 3 ended: loss 0.8, evaluation loss 0.9") is None


@pytest.mark.parametrize("loss", [float("nan"), 1e-7, 123456.0])
def test_any_loss_reads_back(loss):
    read = read_progress(Progress(1, 1, 1, 1, loss, 0).line())
    assert read is not None
    assert read.loss == pytest.approx(loss, rel=1e-3, nan_ok=True)


def test_a_short_training_has_ten_lines():
    assert due_at(100, 0.01) == list(range(10, 101, 10))


def test_a_training_of_few_steps_has_a_line_a_step():
    assert due_at(3, 0.01) == [1, 2, 3]


def test_a_long_training_has_a_line_a_minute_besides():
    assert due_at(1000, 7)[:12] == [9, 18, 27, 36, 45, 54, 63, 72, 81, 90, 99, 100]


def test_the_time_left_is_that_of_the_steps_of_this_process():
    clock = Clock()
    pace = Pace(60, 100, clock)
    clock.now += 10
    # 10 steps took 10 s, so the other 30 take 30 s, whatever the 60 before took.
    assert pace.left(70) == 30
    assert due_at(100, 0.01, 60) == [70, 80, 90, 100]


@pytest.mark.parametrize(
    ("lasting", "words"),
    [
        (0.2, "0 s"),
        (12.4, "12 s"),
        (200, "3 min 20 s"),
        (3599.6, "1 h"),
        (15000, "4 h 10 min"),
        (86400 * 2, "2 d"),
        (86400 * 2.5, "2 d 12 h"),
        (-1, "0 s"),
    ],
)
def test_a_duration_has_two_units_at_most(lasting, words):
    assert duration(lasting) == words
    # Not finer than it is written.
    assert duration(seconds(words)) == words


def test_what_a_command_took_reads_back():
    assert read_took(f"x bias_transfer: {took('fine-tune', 12.34)}") == 12.3
    assert read_took("fine-tune took its time") is None
