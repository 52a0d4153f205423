"""A killed study leaves no process behind, goes on where it was, and ends with the same bytes."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.kills import jobs, made, processes, snakemake

from bias_transfer.runtime.artifacts import MANIFEST
from tests.workflow import copies
from tests.workflow.conftest import Study

TARGET = f"results/checkpoints/pretrained/{MANIFEST}"
LOG = "results/logs/checkpoints/pretrained.log"


@pytest.fixture
def copied(study: Study, tmp_path: Path) -> Callable[[str], Path]:
    """Copy the tiny study, which lacks nothing but the longer pre-training of kills.yaml."""

    def copy(name: str) -> Path:
        return shutil.copytree(study.folder, tmp_path / name)

    return copy


def start(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "output.txt").open("wb") as output:
        return subprocess.Popen(
            snakemake(folder, TARGET),
            cwd=folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def in_a_copy(folder: Path, *arguments: str) -> None:
    """Run Snakemake to its end, undisturbed."""
    # After `python -m`.
    result = copies.run(snakemake(folder, *arguments)[2:], folder=folder)
    assert result.returncode == 0, result.stdout + result.stderr


def wait_for_line(folder: Path, text: str, workflow: subprocess.Popen[bytes]) -> None:
    log = folder / LOG
    while not (jobs(folder) and log.exists() and text in log.read_text()):
        assert workflow.poll() is None, (folder / "output.txt").read_text()
        time.sleep(0.01)


def test_a_killed_pre_training_goes_on_and_ends_with_the_same_bytes(
    copied: Callable[[str], Path],
) -> None:
    undisturbed, killed = copied("undisturbed"), copied("killed")
    # Of the tiny study.
    (killed / LOG).unlink()
    in_a_copy(undisturbed, TARGET)
    with start(killed) as workflow:
        wait_for_line(killed, ": training checkpoint", workflow)
        workflow.send_signal(signal.SIGKILL)
    while processes(killed):
        time.sleep(0.01)
    in_a_copy(killed, "--unlock")
    with start(killed) as workflow:
        wait_for_line(killed, "resumed from step ", workflow)
        os.killpg(workflow.pid, signal.SIGTERM)
    while processes(killed):
        time.sleep(0.01)
    in_a_copy(killed, TARGET)
    assert "resumed from step " in (killed / LOG).read_text()
    assert made(killed) == made(undisturbed)
