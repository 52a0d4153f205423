"""What the log of a job tells, while it runs and afterwards."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from bias_transfer.runtime.progress import Progress, read_progress, read_took

# A training writes a line a minute: see `runtime.progress`. An evaluation may take a little longer.
_SILENT = 180.0
_TAIL = 16384
FAILED = "error: "


@dataclass(frozen=True)
class JobLog:
    """The last words of a job.

    Attributes
    ----------
    progress
        Of its training, if it has told of one.
    took
        Seconds, once the job has ended well.
    error
        What went wrong, if it failed.
    age
        Seconds since it wrote.
    """

    progress: Progress | None
    took: float | None
    error: str
    age: float

    @property
    def running(self) -> bool:
        """Whether the job is at work, as far as a log can tell: it wrote not long ago."""
        return not self._ended and self.age < _SILENT

    @property
    def silent(self) -> bool:
        """Whether the job has not ended, as far as its log tells, and wrote long ago."""
        return not self._ended and self.age >= _SILENT

    @property
    def _ended(self) -> bool:
        return self.took is not None or bool(self.error)

    @property
    def seconds_left(self) -> float | None:
        """Return the seconds that the training has left, less those since the line was written."""
        if self.progress is None:
            return None
        return max(0.0, self.progress.seconds_left - self.age)


def read_errors(folder: Path) -> dict[str, str]:
    """Return what went wrong in jobs of which the last attempt failed.

    A job that begins empties its log, so that the last line is of the last attempt: one that is at
    work, ended well or was killed does not end in an error.

    Parameters
    ----------
    folder
        Of the logs.

    Returns
    -------
    dict
        The errors by the logs' places in the folder, without their ending, in order.
    """
    places = sorted(path.relative_to(folder) for path in folder.rglob("*.log"))
    logs = ((place, read_log(folder / place)) for place in places)
    return {
        place.with_suffix("").as_posix(): log.error
        for place, log in logs
        if log is not None and log.error
    }


def read_log(path: Path) -> JobLog | None:
    """Return what a log tells; None where there is none.

    It may be on another machine's disk, and be written to at the moment.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
            age = max(0.0, time.time() - os.fstat(file.fileno()).st_mtime)
    except OSError:
        return None
    steps = [found for line in lines if (found := read_progress(line))]
    last = lines[-1] if lines else ""
    _, failed, error = last.partition(f": {FAILED}")
    return JobLog(steps[-1] if steps else None, read_took(last), error if failed else "", age)
