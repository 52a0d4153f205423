"""Where a command's training goes on from after it was interrupted."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from bias_transfer.models.device import kind_of
from bias_transfer.models.training_checkpoints import TrainingCheckpoints
from bias_transfer.runtime.job import Job


@contextmanager
def training_checkpoints(job: Job, device: torch.device) -> Iterator[TrainingCheckpoints]:
    """Yield a job's training checkpoints, and remove them once the block has published the result.

    They lie hidden beside the folder that the job makes, and outlive the job if it fails.

    Parameters
    ----------
    job
        Its settings and inputs decide, with the code, the libraries and the device, whether a
        checkpoint may be used.
    device
        On which it trains.
    """
    result = job.output("manifest").parent
    run = job.run
    inputs = {name: [run.inputs[path] for path in paths] for name, paths in job.inputs.items()}
    checkpoints = TrainingCheckpoints(
        folder=result.with_name(f".{result.name}.training-checkpoints"),
        made_from={
            "settings": json.dumps(run.settings, sort_keys=True),
            "inputs": json.dumps(inputs, sort_keys=True),
            "code": run.code,
            "libraries": json.dumps(run.libraries, sort_keys=True),
            "device": kind_of(device),
        },
        interval=job.checkpoint_seconds,
        curves=job.tensorboard and job.tensorboard / result.relative_to(job.tensorboard.parent),
    )
    yield checkpoints
    checkpoints.remove()
