"""GPU slots: jobs side by side see different devices, and a dead job's device is free again."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from bias_transfer.models.device import prepare_device
from bias_transfer.runtime.gpu_slots import VISIBLE, gpu_slots, listed_devices, visible_devices

# A job that says what it sees, and ends when its standard input does.
JOB = (
    "import os, sys; from pathlib import Path\n"
    "from bias_transfer.runtime.gpu_slots import gpu_slots\n"
    "with gpu_slots(int(sys.argv[1]), int(sys.argv[3]), Path(sys.argv[2])):\n"
    "    print(os.environ.get('CUDA_VISIBLE_DEVICES', 'unset'), flush=True)\n"
    "    sys.stdin.read()\n"
)


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VISIBLE, "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an `nvidia-smi` on the path, that lists what is written to the returned file."""
    listing = tmp_path / "listing"
    listing.touch()
    program = tmp_path / "bin/nvidia-smi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1" = -L ] && cat {listing}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return listing


@contextmanager
def job(
    locks: Path, count: int = 1, share: int = 1, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", JOB, str(count), str(locks), str(share)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
        text=True,
    ) as process:
        yield process


def sees(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_concurrent_jobs_see_different_devices(tmp_path: Path) -> None:
    with ExitStack() as running:
        jobs = [
            running.enter_context(job(tmp_path, CUDA_VISIBLE_DEVICES="0,2,5")) for _ in range(3)
        ]
        assert sorted(sees(each) for each in jobs) == ["0", "2", "5"]


@pytest.mark.parametrize("end", ["killed", "ended"])
def test_a_device_is_free_again_when_its_job_is_gone(tmp_path: Path, end: str) -> None:
    with job(tmp_path, CUDA_VISIBLE_DEVICES="3") as first:
        assert sees(first) == "3"
        with job(tmp_path, CUDA_VISIBLE_DEVICES="3") as second:
            seen: list[str] = []
            waiting = threading.Thread(target=lambda: seen.append(sees(second)))
            waiting.start()
            waiting.join(timeout=1)
            assert not seen
            if end == "killed":
                first.kill()
            else:
                assert first.stdin is not None
                first.stdin.close()
            waiting.join()
            assert seen == ["3"]


def test_a_waiting_job_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setenv(VISIBLE, "7")
    with job(tmp_path) as first:
        assert sees(first) == "7"
        monkeypatch.setattr("time.sleep", lambda seconds: first.communicate())
        with gpu_slots(1, 1, tmp_path):
            assert os.environ[VISIBLE] == "7"
    assert caplog.messages == ["waiting: other jobs hold GPU 7"]


def test_a_job_may_hold_several_devices(tmp_path: Path) -> None:
    with job(tmp_path, 2, CUDA_VISIBLE_DEVICES="0,1,2") as first:
        assert sees(first) == "0,1"
        with job(tmp_path, CUDA_VISIBLE_DEVICES="0,1,2") as second:
            assert sees(second) == "2"


def test_a_job_that_asks_for_more_than_there_are_takes_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VISIBLE, "4,5")
    with gpu_slots(3, 1, tmp_path):
        assert os.environ[VISIBLE] == "4,5"


def test_a_job_that_asks_for_none_sees_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VISIBLE, "0,1")
    with gpu_slots(0, 1, tmp_path / "locks"):
        assert os.environ[VISIBLE] == ""
    assert not (tmp_path / "locks").exists()


def test_jobs_that_share_spread_over_the_devices_and_fill_every_slot(tmp_path: Path) -> None:
    with ExitStack() as running:

        def seen() -> str:
            return sees(running.enter_context(job(tmp_path, 1, 2, CUDA_VISIBLE_DEVICES="0,1")))

        assert [seen() for _ in range(4)] == ["0", "1", "0", "1"]
        fifth = running.enter_context(job(tmp_path, 1, 2, CUDA_VISIBLE_DEVICES="0,1"))
        waiting = threading.Thread(target=lambda: sees(fifth))
        waiting.start()
        waiting.join(timeout=1)
        assert waiting.is_alive()
        fifth.kill()
        waiting.join()


def test_a_job_that_wants_two_devices_shares_each_of_them(tmp_path: Path) -> None:
    with job(tmp_path, 2, 2, CUDA_VISIBLE_DEVICES="0,1") as first:
        assert sees(first) == "0,1"
        with job(tmp_path, 2, 2, CUDA_VISIBLE_DEVICES="0,1") as second:
            assert sees(second) == "0,1"


@pytest.mark.parametrize(("first_share", "second_share"), [(1, 2), (2, 1)])
def test_a_job_that_does_not_share_meets_nobody_on_its_device(
    tmp_path: Path, first_share: int, second_share: int
) -> None:
    with job(tmp_path, 1, first_share, CUDA_VISIBLE_DEVICES="0,1") as first:
        assert sees(first) == "0"
        with job(tmp_path, 1, second_share, CUDA_VISIBLE_DEVICES="0,1") as second:
            assert sees(second) == "1"


def test_slurms_devices_are_kept_and_its_jobs_never_wait_for_each_other(tmp_path: Path) -> None:
    # With cgroups both are called 0, and are two.
    with (
        job(tmp_path, SLURM_JOB_ID="11", CUDA_VISIBLE_DEVICES="0") as first,
        job(tmp_path, SLURM_JOB_ID="12", CUDA_VISIBLE_DEVICES="0") as second,
    ):
        assert sees(first) == sees(second) == "0"


def test_jobs_inside_one_allocation_share_its_devices(tmp_path: Path) -> None:
    allocation = dict(SLURM_JOB_ID="11", CUDA_VISIBLE_DEVICES="2,3")
    with job(tmp_path, **allocation) as first, job(tmp_path, **allocation) as second:
        assert {sees(first), sees(second)} == {"2", "3"}


def test_a_slurm_job_without_a_gpu_takes_none(
    driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.write_text("GPU 0: NVIDIA A100 (UUID: GPU-5d5ba0d6)\n")
    monkeypatch.setenv("SLURM_JOB_ID", "11")
    with gpu_slots(1, 1, tmp_path / "locks"):
        assert VISIBLE not in os.environ
    assert not (tmp_path / "locks").exists()


def test_without_a_gpu_nothing_happens(driver: Path, tmp_path: Path) -> None:
    with gpu_slots(1, 1, tmp_path / "locks"):
        assert VISIBLE not in os.environ
    assert not (tmp_path / "locks").exists()


def test_without_a_driver_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with gpu_slots(1, 1, tmp_path / "locks"):
        assert VISIBLE not in os.environ


def test_the_drivers_devices_are_shared_out(driver: Path, tmp_path: Path) -> None:
    driver.write_text(
        "GPU 0: NVIDIA A100 (UUID: GPU-5d5ba0d6)\nGPU 1: NVIDIA A100 (UUID: GPU-ea6ee2a1)\n"
    )
    with job(tmp_path) as first, job(tmp_path) as second:
        assert {sees(first), sees(second)} == {"0", "1"}


@pytest.mark.parametrize(
    ("value", "devices"),
    [
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0, 2", ["0", "2"]),
        ("1,-1,2", ["1"]),
        ("GPU-5d5ba0d6,MIG-c7384736/1/0", ["GPU-5d5ba0d6", "MIG-c7384736/1/0"]),
    ],
)
def test_the_variable_is_read_as_cuda_reads_it(
    monkeypatch: pytest.MonkeyPatch, value: str, devices: list[str]
) -> None:
    monkeypatch.setenv(VISIBLE, value)
    assert visible_devices() == devices


def test_mig_instances_stand_for_the_gpu_that_they_divide() -> None:
    listing = (
        "GPU 0: NVIDIA A100 (UUID: GPU-5d5ba0d6)\n"
        "  MIG 3g.20gb     Device  0: (UUID: MIG-c6d4f1ef)\n"
        "  MIG 3g.20gb     Device  1: (UUID: MIG-cba663e8)\n"
        "GPU 1: NVIDIA A100 (UUID: GPU-ea6ee2a1)\n"
    )
    assert listed_devices(listing) == ["MIG-c6d4f1ef", "MIG-cba663e8", "GPU-ea6ee2a1"]


@pytest.mark.parametrize(("share", "capped"), [(1, []), (4, [0.25])])
def test_a_process_may_allocate_its_share_of_the_memory(
    monkeypatch: pytest.MonkeyPatch, share: int, capped: list[float]
) -> None:
    found: list[float] = []
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "a GPU")
    # It takes a device by its number only, and without one the current device.
    monkeypatch.setattr("torch.cuda.set_per_process_memory_fraction", found.append)
    assert prepare_device(1, share).type == "cuda"
    assert found == capped
