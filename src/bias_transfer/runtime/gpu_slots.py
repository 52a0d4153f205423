"""Which GPUs a command may use: jobs that run side by side on one machine get different ones.

A job that asks for GPUs locks as many of the devices that it may see, and sees no other. The kernel
drops the lock when the process ends, however it ends. Nothing here imports torch: CUDA reads the
variable once.
"""

import fcntl
import logging
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

logger = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"

# Of the user and the machine, not of the study: two studies must not meet on a device. Not TMPDIR,
# which differs from run to run.
LOCKS = Path(f"/tmp/bias-transfer-gpus-{os.getuid()}")


@contextmanager
def gpu_slots(count: int, locks: Path = LOCKS) -> Iterator[None]:
    """Let this process see `count` GPUs that no other job holds, waiting until there are any.

    A job that asks for none sees none. One that asks for some and runs where there are none, or
    fewer, takes what there is. A list of devices that the user or SLURM has set is kept to.

    Parameters
    ----------
    count
        GPUs that the rule asked for.
    locks
        Folder of the locks, one a device.
    """
    devices = visible_devices() if count else []
    if count and not devices:
        yield
        return
    with ExitStack() as held:
        taken = _take(min(count, len(devices)), devices, locks, held)
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
        for name, following in pairwise(names)
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


def _take(count: int, devices: Sequence[str], locks: Path, held: ExitStack) -> list[str]:
    said = False
    while True:
        with ExitStack() as trying:
            taken: list[str] = []
            for device in devices:
                if len(taken) < count and _locked(device, locks, trying):
                    taken.append(device)
            if len(taken) == count:
                held.enter_context(trying.pop_all())
                return taken
        if not said:
            logger.info("waiting for a GPU: other jobs hold %s", ", ".join(devices))
            said = True
        time.sleep(0.5)


def _locked(device: str, locks: Path, trying: ExitStack) -> bool:
    # SLURM counts devices anew in each of its jobs: equal numbers are not equal devices there.
    name = f"{os.environ.get('SLURM_JOB_ID', 'local')}-{device.replace('/', '_')}"
    locks.mkdir(mode=0o700, parents=True, exist_ok=True)
    # To append: whatever somebody may have put there under this name, nothing is overwritten.
    stream = (locks / name).open("a")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        return False
    trying.enter_context(stream)
    return True


def _set_visible(value: str | None) -> None:
    if value is None:
        os.environ.pop(VISIBLE, None)
    else:
        os.environ[VISIBLE] = value
