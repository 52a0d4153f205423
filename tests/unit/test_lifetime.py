"""A command ends with its workflow, also with one that died before the kernel was asked."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")

# What a rule's shell does, with a command that says who it is and would then run for a minute.
COMMAND = (
    "from bias_transfer.runtime.lifetime import end_with_workflow; import os, time;"
    "end_with_workflow(); print(os.getpid(), flush=True); time.sleep(60)"
)


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@on_linux
def test_a_command_dies_with_a_killed_workflow() -> None:
    shell = 'BIAS_TRANSFER_WORKFLOW=$PPID exec "$0" -c "$1"'
    parent = "import subprocess, sys; subprocess.run(['bash', '-c', *sys.argv[1:]])"
    workflow = subprocess.Popen(
        [sys.executable, "-c", parent, shell, sys.executable, COMMAND],
        stdout=subprocess.PIPE,
        text=True,
    )
    with workflow:
        assert workflow.stdout is not None
        command = int(workflow.stdout.readline())
        assert is_running(command)
        workflow.kill()
    while is_running(command):
        time.sleep(0.01)


@on_linux
def test_a_command_whose_workflow_died_before_it_asked_ends_at_once() -> None:
    result = subprocess.run(
        [sys.executable, "-c", COMMAND],
        env={**os.environ, "BIAS_TRANSFER_WORKFLOW": "-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == (
        "error: the workflow that started this command is gone; run snakemake again\n"
    )


def test_a_command_started_by_hand_needs_no_workflow() -> None:
    result = subprocess.run(
        [sys.executable, "-c", COMMAND.replace("time.sleep(60)", "0")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(result.stdout) > 0
