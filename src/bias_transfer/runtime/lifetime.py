"""A command ends with the workflow that started it, however that ended."""

import ctypes
import os
import signal
import sys

# The workflow's process id, which every rule's shell sets before it becomes the command.
WORKFLOW = "BIAS_TRANSFER_WORKFLOW"

_PR_SET_PDEATHSIG = 1


def end_with_workflow() -> None:
    """Have the kernel kill this process as soon as the workflow's process is gone.

    A workflow killed by SIGKILL cannot stop what it started, and a second run must not meet a
    command of the first that is still writing. Outside a workflow, and where the kernel is not
    Linux, nothing happens.
    """
    workflow = os.environ.pop(WORKFLOW, None)
    if workflow is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    # The kernel tells of no death before it was asked.
    if os.getppid() != int(workflow):
        sys.exit("error: the workflow that started this command is gone; run snakemake again")
