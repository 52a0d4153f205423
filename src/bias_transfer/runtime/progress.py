"""How far a training is: the line that it writes into its log, and that line read back."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

# A line is due at each of so many equal parts of a training, and when the last is so old.
_PARTS = 10
_SECONDS = 60.0

_LINE = re.compile(
    r"epoch (?P<epoch>\d+) of (?P<epochs>\d+), step (?P<step>\d+) of (?P<steps>\d+), "
    r"loss (?P<loss>\S+), (?P<left>.+) left$"
)
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_TOOK = re.compile(r"(?P<command>[a-z-]+) took (?P<seconds>\d+\.\d) s$")


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes
    ----------
    epoch, epochs
        The pass over the data that it is in, from 1, and how many there are.
    step, steps
        Steps done, and those of all epochs.
    loss
        The mean over the epoch's steps so far.
    seconds_left
        Until the last step, at the pace since this process began.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    seconds_left: float

    def line(self) -> str:
        """Return it in words."""
        return (
            f"epoch {self.epoch} of {self.epochs}, step {self.step} of {self.steps}, "
            f"loss {self.loss:.4g}, {duration(self.seconds_left)} left"
        )


def read_progress(line: str) -> Progress | None:
    """Return what a line of a log says of a training, the time rounded as it stands there."""
    found = _LINE.search(line)
    if found is None:
        return None
    epoch, epochs, step, steps = (int(found[name]) for name in ("epoch", "epochs", "step", "steps"))
    return Progress(epoch, epochs, step, steps, float(found["loss"]), seconds(found["left"]))


def took(command: str, lasted: float) -> str:
    """Return the line that a command ends its log with."""
    return f"{command} took {lasted:.1f} s"


def read_took(line: str) -> float | None:
    """Return the seconds that a command took, if a line of its log says so."""
    found = _TOOK.search(line)
    return float(found["seconds"]) if found else None


class Pace:
    """When the next line is due, and how much time is left, at the pace so far.

    Parameters
    ----------
    done, steps
        Steps done before this process, and of the whole training.
    clock
        Returns seconds; `time.monotonic`, but for tests.
    """

    def __init__(self, done: int, steps: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._from, self._steps, self._clock = done, steps, clock
        self._part = max(1, steps // _PARTS)
        self._began = self._told = clock()

    def due(self, done: int) -> bool:
        """Tell whether a line is due; asks the clock and nothing else."""
        return done % self._part == 0 or self._clock() - self._told >= _SECONDS

    def left(self, done: int) -> float:
        """Return the seconds left, of a line that is written now."""
        self._told = self._clock()
        new = done - self._from
        return (self._told - self._began) * (self._steps - done) / new if new else 0.0


def duration(lasting: float) -> str:
    """Return seconds in words, to two units at most: "12 s", "3 min 20 s", "4 h 10 min", "2 d"."""
    whole = max(0, round(lasting))
    if whole >= 3600:
        # Nobody waits for the seconds of an hour.
        whole = round(whole / 60) * 60
    if whole >= 86400:
        whole = round(whole / 3600) * 3600
    words = []
    for unit, size in sorted(_UNITS.items(), key=lambda each: -each[1]):
        count, whole = divmod(whole, size)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words) or "0 s"


def seconds(words: str) -> float:
    """Return the seconds that `duration` wrote.

    Raises
    ------
    KeyError, ValueError
        If these are no words of a duration.
    """
    parts = words.split()
    return float(
        sum(
            int(number) * _UNITS[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True)
        )
    )
