"""What the machine refused a command, in one line that says what to do."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bias_transfer.errors import StudyError
from bias_transfer.runtime.job import Job

_NO_SPACE = {
    errno.ENOSPC: "no space is left on its disk",
    errno.EDQUOT: "the quota of its disk is used up",
}
_REFUSED = {
    errno.EROFS: "its disk can only be read; set config key results to a folder that can be "
    "written, or mount the disk for writing,",
    errno.EACCES: "permission is denied; change the permissions",
    errno.EPERM: "permission is denied; change the permissions",
    errno.EFBIG: "a file may not become so large; raise the limit of file sizes (ulimit -f)",
    errno.EIO: "the disk gives input and output errors; check it",
}
# Rust and pyarrow tell the number in words; torch's writer tells nothing.
_NUMBER = re.compile(r"\((?:os )?error (\d+)\)|\[errno (\d+)\]", re.IGNORECASE)
_TORCH_CANNOT_WRITE = "iostream error"
# How torch says so of an operation, whose name comes first.
_NOT_ALIKE = re.compile(r"^(.+?) does not have a deterministic implementation", re.MULTILINE)
_NO_MEMORY = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")


def explain(error: Exception, job: Job) -> str | None:
    """Tell what the machine refused, or return None where it is not to blame.

    Parameters
    ----------
    error
        What a command ended with. What it was raised from counts too: a library may have taken a
        full disk for a broken file.
    job
        What the command was told, for the path and the config key to name.
    """
    chain = list(_chain(error))
    number = next((each for each in map(_number, chain) if each), 0)
    if number in _NO_SPACE:
        return _no_space(error, number, job)
    if any(_is_no_memory(each) for each in chain):
        return _no_memory(chain, job)
    unlike = next(filter(None, (_NOT_ALIKE.search(str(each)) for each in chain)), None)
    if unlike is not None:
        return _not_alike(unlike.group(1), job)
    if number in _REFUSED and not isinstance(error, StudyError):
        return f"{_place(error, job)}: {_REFUSED[number]} and run snakemake again"
    return None


def _no_space(error: Exception, number: int, job: Job) -> str:
    place = _place(error, job)
    # What was half written is gone by now, so this is not zero.
    free = shutil.disk_usage(_existing(place)).free / 2**20
    return (
        f"{place}: {_NO_SPACE[number]}, and {free:.1f} MiB are too few; free some more and run "
        "snakemake again"
    )


def _no_memory(chain: list[BaseException], job: Job) -> str:
    on_gpu = any("CUDA" in str(each) for each in chain)
    keys = " or ".join(f"{key} ({value})" for key, value in _memory_keys(job))
    more = "take a GPU with more" if on_gpu else "give the job more (on a cluster, mem_mb)"
    return (
        f"{job.command} of {_first_output(job)}: out of {'GPU ' if on_gpu else ''}memory; "
        f"{f'lower config key {keys}, or ' if keys else ''}{more}, and run snakemake again"
    )


def _not_alike(operation: str, job: Job) -> str:
    return (
        f"{job.command} of {_first_output(job)}: on a GPU torch adds up {operation} in another "
        "order each time, so that nobody could make these numbers again; hide the GPUs "
        "(CUDA_VISIBLE_DEVICES=) and run snakemake again"
    )


def _memory_keys(job: Job) -> list[tuple[str, Any]]:
    """Return the config keys that a job's memory depends on, with their values."""
    settings, scoring = job.settings, {"batch_size": job.batch_size}
    sections = {
        "fine-tune": (f"tasks.{settings.get('task')}.training", settings.get("training")),
        "prepare-checkpoint": ("model.pretraining", settings.get("pretraining")),
        "prepare-sentiment-classifier": ("sentiment.training", settings.get("training")),
        "score-upstream": ("scoring", scoring),
        "score-fine-tuned": ("scoring", scoring),
    }
    section, values = sections.get(job.command, ("", None))
    return [(f"{section}.batch_size", values["batch_size"])] if values else []


def _is_no_memory(error: BaseException) -> bool:
    if isinstance(error, StudyError):
        return False  # its text may be the user's
    return (
        isinstance(error, MemoryError)
        or _number(error) == errno.ENOMEM
        or any(sign in str(error) for sign in _NO_MEMORY)
    )


def _number(error: BaseException) -> int:
    """Return the number of the system's error that an exception stands for, 0 for none."""
    if isinstance(error, StudyError):
        return 0
    if isinstance(error, OSError) and error.errno:
        return error.errno
    if _TORCH_CANNOT_WRITE in str(error):
        return errno.ENOSPC
    found = _NUMBER.search(str(error))
    return int(found.group(1) or found.group(2)) if found else 0


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _place(error: Exception, job: Job) -> Path:
    """Return the path that was refused; writing through an open file names none."""
    named = (each.filename for each in _chain(error) if isinstance(each, OSError))
    return next((Path(os.fsdecode(each)) for each in named if each), _first_output(job))


def _first_output(job: Job) -> Path:
    return next(iter(job.outputs.values()), Path())


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.absolute().parents) if each.exists())
