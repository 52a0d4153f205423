"""Which GPUs a command may use: jobs that run side by side on one machine get different ones.

A job that asks for GPUs locks as many of the devices that it may see, and sees no other. Where
several jobs share a device, each locks one of its slots. The kernel drops the lock when the process
ends, however it ends. Nothing here imports torch: CUDA reads the variable once.
"""

import fcntl
import itertools
import logging
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"

# Of the user and the machine, not of the study: two studies must not meet on a device. Not TMPDIR,
# which differs from run to run.
LOCKS = Path(f"/tmp/bias-transfer-gpus-{os.getuid()}")


@contextmanager
def gpu_slots(count: int, share: int, locks: Path = LOCKS) -> Iterator[None]:
    """Let this process see `count` GPUs that no other job holds, waiting until there are any.

    A job that asks for none sees none. One that asks for some and runs where there are none, or
    fewer, takes what there is. A list of devices that the user or SLURM has set is kept to.

    Parameters
    ----------
    count
        GPUs that the rule asked for.
    share
        Jobs that may use a GPU at the same time, if all of them say so; 1 for this job alone.
    locks
        Folder of the locks, one a device and one a slot.
    """
    devices = visible_devices() if count else []
    if count and not devices:
        yield
        return
    with ExitStack() as held:
        taken = _take(min(count, len(devices)), share, devices, locks, held)
        held.callback(_set_visible, os.environ.get(VISIBLE))
        _set_visible(",".join(taken))
        yield


def visible_devices() -> list[str]:
    """Return the GPUs that this process may use, under names that CUDA knows.

    They are those of CUDA_VISIBLE_DEVICES where it is set, else all that the driver lists.
    """
    if VISIBLE in os.environ:
        return _leading_names(os.environ[VISIBLE])
    if "SLURM_JOB_ID" in os.environ or shutil.which("nvidia-smi") is None:
        # A SLURM job without the variable was given no GPU.
        return []
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return listed_devices(listed.stdout)


def listed_devices(listing: str) -> list[str]:
    """Return the devices in the output of `nvidia-smi -L`.

    They are numbered, as a user would name them; MIG instances have no number, and where there are
    some, each device goes by its UUID, the instances in place of the GPU that they divide.
    """
    names: list[str] = re.findall(r"UUID: ((?:GPU|MIG)-[^)\s]+)", listing)
    if not any(name.startswith("MIG-") for name in names):
        return [str(number) for number in range(len(names))]
    divided = {
        name
        for name, following in itertools.pairwise(names)
        if name.startswith("GPU-") and following.startswith("MIG-")
    }
    return [name for name in names if name not in divided]


def _leading_names(value: str) -> list[str]:
    # As CUDA reads it: up to the first that names no device, such as -1.
    names = []
    for name in (part.strip() for part in value.split(",")):
        if not re.fullmatch(r"\d+|(GPU|MIG)-.+", name):
            break
        names.append(name)
    return names


def _take(
    count: int, share: int, devices: Sequence[str], locks: Path, held: ExitStack
) -> list[str]:
    said = False
    while True:
        with ExitStack() as trying:
            taken: list[str] = []
            # The first slot of every device before the second of any: jobs spread.
            for slot, device in itertools.product(range(share), devices):
                free = len(taken) < count and device not in taken
                if free and _locked(device, slot, share, locks, trying):
                    taken.append(device)
            if len(taken) == count:
                held.enter_context(trying.pop_all())
                return taken
        if not said:
            logger.info("waiting: other jobs hold GPU %s", ", ".join(devices))
            said = True
        time.sleep(0.5)


def _locked(device: str, slot: int, share: int, locks: Path, trying: ExitStack) -> bool:
    """Lock a device for this job alone, or one of its slots, so that nobody is alone there."""
    # SLURM counts devices anew in each of its jobs: equal numbers are not equal devices there.
    name = f"{os.environ.get('SLURM_JOB_ID', 'local')}-{device.replace('/', '_')}"
    locks.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as own:
        if share == 1:
            done = _flock(locks / name, fcntl.LOCK_EX, own)
        else:
            done = _flock(locks / name, fcntl.LOCK_SH, own) and _flock(
                locks / f"{name}.{slot}", fcntl.LOCK_EX, own
            )
        if done:
            trying.enter_context(own.pop_all())
    return done


def _flock(path: Path, kind: int, own: ExitStack) -> bool:
    # To append: whatever somebody may have put there under this name, nothing is overwritten.
    stream = own.enter_context(path.open("a"))
    try:
        fcntl.flock(stream, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _set_visible(value: str | None) -> None:
    if value is None:
        os.environ.pop(VISIBLE, None)
    else:
        os.environ[VISIBLE] = value
