"""A real SLURM of one host and two pretended GPUs, for as long as it is needed."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
# Snakemake's plugin drops SLURM_CONF before its inner srun, hence the place where all look.
SETTINGS = Path("/etc/slurm")
MARK = "# Written by tests/slurm of bias-transfer.\n"

# More CPUs and memory than there are, so that only GPUs are scarce.
SLURM_CONF = """\
ClusterName=ci
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=512
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MinJobAge=3600
KillWait=5
SchedulerParameters=sched_interval=1
GresTypes=gpu
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=200000 Gres=gpu:2 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
GRES_CONF = "NodeName={host} Name=gpu Flags=nvidia_gpu_env File={folder}/nvidia[0-1]\n"


def why_not() -> str:
    """Return why no SLURM can be started here, or nothing."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"SLURM is not installed: no {', '.join(missing)}"
    if os.geteuid() != 0:
        return "SLURM's daemons start as root only"
    present = SETTINGS / "slurm.conf"
    if present.exists() and not present.read_text().startswith(MARK):
        return f"{present} is not ours: this machine belongs to a cluster"
    return ""


@dataclass(frozen=True)
class Job:
    """What SLURM knows of a job; the comment names the rule and its wildcards."""

    number: str
    state: str
    comment: str
    start: str
    end: str
    time_limit: str


def jobs() -> list[Job]:
    """Return every job that SLURM remembers, the oldest first."""
    listed = _output(
        "squeue", "--noheader", "--states=all", "--sort=i", "--format=%A|%T|%k|%S|%e|%l"
    )
    return [Job(*line.split("|")) for line in listed.splitlines()]


def cancel(job: Job) -> None:
    """Cancel a job, as somebody else would."""
    subprocess.run(["scancel", job.number], check=True)


def let_time_run_out(job: Job) -> None:
    """Bring the end of a job's time forward to now; SLURM looks twice a minute."""
    subprocess.run(["scontrol", "update", f"JobId={job.number}", "EndTime=now"], check=True)


@contextmanager
def cluster() -> Iterator[None]:
    """Start SLURM, and leave neither a process nor a file behind."""
    host = socket.gethostname().split(".")[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))
        # Munge wants its socket where everybody may look.
        folder.chmod(0o755)
        for name in ("state", "spool"):
            (folder / name).mkdir()
        for number in range(2):
            os.mknod(folder / f"nvidia{number}", 0o20666, os.makedev(1, 3))
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        for name, text in (("slurm.conf", SLURM_CONF), ("gres.conf", GRES_CONF)):
            (SETTINGS / name).write_text(MARK + text.format(host=host, folder=folder))
            stack.callback((SETTINGS / name).unlink)
        daemons = (
            (
                *("munged", "--foreground", "--force", f"--key-file={key}"),
                *(f"--socket={folder}/munge.socket", f"--pid-file={folder}/munged.pid"),
                *(f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed"),
            ),
            ("slurmctld", "-D"),
            ("slurmd", "-D"),
        )
        for command in daemons:
            stack.enter_context(_daemon(command, folder))
        wait_for(lambda: _output("sinfo", "--noheader", "--format=%T").strip() == "idle", "idle")
        stack.callback(_end_all_jobs)
        yield


def wait_for(look: Callable[[], Found], what: str, seconds: float = 300) -> Found:
    """Look four times a second until something is found, and return it."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"after {seconds} s still not: {what}"
        time.sleep(0.25)
    return found


@contextmanager
def _daemon(command: tuple[str, ...], folder: Path) -> Iterator[None]:
    # In a session of its own: Ctrl-C is for the tests, which then stop it in order.
    with (folder / f"{command[0]}.out").open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _end_all_jobs() -> None:
    subprocess.run(["scancel", "--user=root"], check=False)
    wait_for(lambda: not _output("squeue", "--noheader"), "every job has ended")
