"""Which training checkpoints a job may use, and how long they live."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bias_transfer.runtime import job as command_job
from bias_transfer.runtime import lineage, resuming
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.resuming import training_checkpoints

CPU = torch.device("cpu")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("upstream", "training"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(name)
    return Job(
        settings={"seed": 1, "training": {"epochs": 2}},
        inputs={name: [tmp_path / name / "manifest.json"] for name in ("upstream", "training")},
        outputs={"manifest": tmp_path / "seed1/manifest.json"},
        command="fine-tune",
        stage="finetune",
        plugins=("upstream.random",),
        checkpoint_seconds=600,
    )


def made_from(job: Job) -> dict[str, str]:
    with training_checkpoints(job, CPU) as checkpoints:
        return dict(checkpoints.made_from)


def test_they_lie_hidden_beside_the_result_and_go_when_it_is_there(job: Job) -> None:
    with training_checkpoints(job, CPU) as checkpoints:
        assert checkpoints.folder == job.output("manifest").parents[1] / (
            ".seed1.training-checkpoints"
        )
        assert checkpoints.interval == 600
        checkpoints.folder.mkdir(parents=True)
    assert not checkpoints.folder.exists()


def test_curves_lie_in_a_folder_of_their_own_in_the_order_of_the_results(job: Job) -> None:
    with training_checkpoints(job, CPU) as checkpoints:
        assert checkpoints.curves is None
    results = job.output("manifest").parents[1]
    noting = replace(job, tensorboard=results / "tensorboard")
    with training_checkpoints(noting, CPU) as checkpoints:
        assert checkpoints.curves == results / "tensorboard/seed1"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_they_outlive_a_job_that_fails(job: Job, error: type[BaseException]) -> None:
    with pytest.raises(error), training_checkpoints(job, CPU) as checkpoints:
        checkpoints.folder.mkdir(parents=True)
        raise error
    assert checkpoints.folder.exists()


def with_other_settings(job: Job) -> Job:
    return replace(job, settings=job.settings | {"seed": 2})


def with_another_input(job: Job) -> Job:
    job.input("upstream").write_text("another")
    # An input is hashed once a job.
    return replace(job)


def with_another_interval(job: Job) -> Job:
    return replace(job, checkpoint_seconds=1)


def with_curves(job: Job) -> Job:
    return replace(job, tensorboard=job.output("manifest").parents[1] / "tensorboard")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (with_other_settings, {"settings"}),
        (with_another_input, {"inputs"}),
        (with_another_interval, set()),
        (with_curves, set()),
    ],
)
def test_what_decides_the_numbers_decides_whether_they_may_be_used(
    job: Job, change: Callable[[Job], Job], parts: set[str]
) -> None:
    before = made_from(job)
    after = made_from(change(job))
    assert {name for name, _ in before.items() ^ after.items()} == parts


def test_code_libraries_and_device_count(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made_from(job)
    monkeypatch.setattr(lineage, "library_versions", lambda: {"torch": "0"})
    monkeypatch.setattr(resuming, "kind_of", lambda device: f"another {device}")
    monkeypatch.setattr(command_job, "code_digest", lambda *named: f"another {named}")
    after = made_from(replace(job))
    assert {name for name, _ in before.items() ^ after.items()} == {"code", "libraries", "device"}
    # That of the job's own plug-ins too.
    assert after["code"] == "another ('finetune', ('upstream.random',))"
