"""Faults of the machine: a full or read-only disk, too little memory, each told in one line."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from bias_transfer.errors import StudyError
from bias_transfer.runtime import main as command_line
from bias_transfer.runtime.artifacts import MANIFEST, describe_folder, require_writable, write_table
from bias_transfer.runtime.faults import explain
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.lineage import FOLDER
from bias_transfer.runtime.main import main
from tests.unit.calls import call, randomise
from tests.unit.definitions import WIKI
from tests.unit.figure_data import BIOS, balanced_bios, tables

SIZE = 1024  # KiB


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a small disk with the options given."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting a small disk takes the rights of root")
        return disk

    yield mount
    subprocess.run(["umount", "-l", str(disk)], capture_output=True, check=False)


def only_line(capsys: pytest.CaptureFixture[str]) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return line


def visible(folder: Path) -> dict[str, bytes]:
    """Return what lies in a folder but for logs; nothing temporary may be among it."""
    files = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    for name in files:
        assert not [part for part in name.parts if part.startswith(".") and part != FOLDER], name
    return {str(name): path.read_bytes() for name, path in files.items() if path.suffix != ".log"}


def fill(disk: Path, left: int) -> Path:
    """Fill a disk but for some KiB; return the file that does it."""
    filler = disk / "filler.log"
    with filler.open("wb") as file:
        file.write(bytes(shutil.disk_usage(disk).free - left * 1024))
    return filler


def sentences(disk: Path) -> list[str]:
    """Call the command that writes template sentences: a table, a manifest and a record."""
    return call(
        "prepare-sentences",
        {"task": "wiki", "definition": WIKI.model_dump(), "sentences": {"source": "generated"}},
        plugins=["tasks.mentions"],
        inputs={"file": []},
        outputs={"manifest": disk / "study/sentences" / MANIFEST},
    )


def fills_up_anywhere(
    disk: Path, arguments: list[str], steps: Iterable[int], capsys: pytest.CaptureFixture[str]
) -> int:
    """Run a command with ever more space; return how often it failed.

    It must fail in one line and leave no half of anything, until it succeeds.
    """
    study = disk / "study"
    assert main(arguments) == 0
    whole = visible(study)
    failures = 0
    for left in steps:
        shutil.rmtree(study)
        study.mkdir()
        filler = fill(disk, left)
        capsys.readouterr()
        code = main(arguments)
        filler.unlink()
        if code == 0:
            assert visible(study) == whole
            continue
        failures += 1
        line = only_line(capsys)
        assert line.startswith(f"error: {disk}/")
        assert "no space is left on its disk" in line
        assert line.endswith("run snakemake again")
        # What is there is whole: the command may have failed at the record of a finished output.
        assert visible(study).items() <= whole.items()
        capsys.readouterr()
        assert main(arguments) == 0
        assert visible(study) == whole
    assert code == 0
    return failures


def test_wherever_the_disk_fills_up_nothing_half_is_left(mounted, capsys):
    disk = mounted(f"size={SIZE}k")
    assert fills_up_anywhere(disk, sentences(disk), range(0, 48, 4), capsys) > 5


def test_a_checkpoint_on_a_full_disk_is_made_whole_or_not_at_all(
    mounted, capsys, tiny_checkpoint, tmp_path
):
    disk = mounted(f"size={SIZE}k")
    source = shutil.copytree(tiny_checkpoint, tmp_path / "pretrained")
    describe_folder(source, {"kind": "checkpoint"})
    arguments = randomise(source, disk / "study/random-t1")
    assert fills_up_anywhere(disk, arguments, range(4, 140, 8), capsys) > 5


def test_a_figure_on_a_full_disk_is_drawn_whole_or_not_at_all(mounted, capsys, tmp_path):
    paths = {}
    observed = balanced_bios().assign(adaptation="full")
    for name, table in vars(tables(observed, BIOS)).items():
        paths[name] = tmp_path / f"{name}.csv"
        write_table(paths[name], table)
    disk = mounted(f"size={SIZE}k")
    arguments = call(
        "draw",
        {
            "figure": "data_before_after",
            "task": BIOS.model_dump(),
            "note": "n",
            "fewest_test_rows": 10,
        },
        plugins=["report.figures.data_before_after"],
        inputs=paths,
        outputs={suffix: disk / f"study/figure.{suffix}" for suffix in ("pdf", "png")},
    )
    assert fills_up_anywhere(disk, arguments, (0, 40, 800), capsys) == 2


def test_a_read_only_disk_is_told(mounted, capsys):
    disk = mounted("ro")
    assert main(sentences(disk)) == 1
    line = only_line(capsys)
    assert f"{disk}/study: its disk can only be read; set config key results to" in line


def test_a_results_folder_that_cannot_be_written_is_refused(mounted):
    results = mounted("ro") / "results"
    with pytest.raises(StudyError) as caught:
        require_writable(results, "results")
    assert str(caught.value) == (
        f"config key results: {results} cannot be written (Read-only file system); set another "
        "folder, or make this one writable"
    )


def test_a_full_disk_is_refused_as_results_folder(mounted):
    disk = mounted("size=64k")
    fill(disk, 0)
    with pytest.raises(StudyError, match="No space left on device"):
        require_writable(disk / "results", "results")


def test_a_writable_folder_is_left_as_it_was(tmp_path):
    require_writable(tmp_path / "new/results", "results")
    assert list((tmp_path / "new/results").iterdir()) == []


JOB = Job(
    settings={"task": "bios", "training": {"batch_size": 16}, "batch_size": 256},
    inputs={},
    outputs={"manifest": Path("results/finetune/x/manifest.json")},
    command="fine-tune",
)


class SafetensorError(Exception):
    """As safetensors raises it, and only in words."""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left"), "results/finetune/x/manifest.json: no space is"),
        (OSError(errno.ENOSPC, "No space left", "there/a.csv"), "there/a.csv: no space is left"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "manifest.json: the quota of its disk is"),
        (
            SafetensorError("Error while serializing: No space left on device (os error 28)"),
            "no space is left on its disk",
        ),
        (OSError("Error writing bytes. Detail: [errno 28] No space left"), "no space is left on"),
        (RuntimeError("basic_ios::clear: iostream error"), "no space is left on its disk"),
        (OSError(errno.EROFS, "Read-only file system", "there"), "there: its disk can only be"),
        (
            PermissionError(errno.EACCES, "Permission denied", "there"),
            "there: permission is denied",
        ),
        (OSError(errno.EIO, "Input/output error", "there"), "there: the disk gives input and out"),
        (OSError(errno.EFBIG, "File too large", "there"), "there: a file may not become so large"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory"),
    ],
)
def test_a_refusal_of_the_machine_is_told(error, said):
    line = explain(error, JOB)
    assert said in line
    assert "\n" not in line
    assert line.endswith("and run snakemake again")


def test_what_a_library_mistook_for_something_else_is_told():
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "cache/part")
        except OSError as error:
            raise StudyError("data set x: cannot be loaded; check the id") from error
    except StudyError as error:
        assert "cache/part: no space is left" in explain(error, JOB)


@pytest.mark.parametrize(
    "error",
    [
        StudyError("row 7: 'we ran out of memory (os error 28)' is not one of toxic"),
        FileNotFoundError(errno.ENOENT, "No such file", "x"),
        RuntimeError("shape mismatch"),
    ],
)
def test_other_errors_are_not_blamed_on_the_machine(error):
    assert explain(error, JOB) is None


# More than any address space holds, whatever the machine promises.
GREEDY = {
    "torch": lambda: torch.empty(2**46),
    "numpy": lambda: np.empty(2**46),
    "pandas": lambda: pd.DataFrame({"a": np.broadcast_to(0.0, 2**46)}).copy(),
}


@pytest.mark.parametrize("allocate", GREEDY.values(), ids=GREEDY)
@pytest.mark.parametrize(
    ("command", "settings", "key"),
    [
        (
            "fine-tune",
            '{"task": "wiki", "training": {"batch_size": 64}}',
            "config key tasks.wiki.training.batch_size (64)",
        ),
        ("prepare-checkpoint", '{"pretraining": {"batch_size": 64}}', "model.pretraining.batch_s"),
        ("prepare-sentiment-classifier", '{"training": {"batch_size": 64}}', "sentiment.training"),
        ("score-fine-tuned", "{}", "scoring.batch_size (256)"),
        ("score-upstream", "{}", "scoring.batch_size (256)"),
        ("analyse", "{}", "give the job more (on a cluster, mem_mb)"),
    ],
)
def test_too_little_memory_names_the_job_and_the_key(
    monkeypatch, capsys, tmp_path, allocate, command, settings, key
):
    monkeypatch.setattr(command_line, "_load", lambda stage, name: lambda job: allocate())
    output = tmp_path / "made" / MANIFEST
    assert main([command, "--settings", settings, "--output", "manifest", str(output)]) == 1
    line = only_line(capsys)
    assert line.startswith(f"error: {command} of {output}: out of memory; ")
    assert key in line
    assert "mem_mb" in line


def test_too_little_gpu_memory_is_not_the_machines_memory():
    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    line = explain(error, JOB)
    assert "of GPU memory; lower config key tasks.bios.training.batch_size (16), or take a" in line
    assert "mem_mb" not in line


@pytest.mark.parametrize(
    "operation", ["scatter_reduce_two_cuda", "median CUDA with indices output"]
)
def test_what_a_gpu_cannot_do_twice_alike_goes_to_the_processor(operation):
    error = RuntimeError(
        f"{operation} does not have a deterministic implementation, but you set "
        "'torch.use_deterministic_algorithms(True)'. You can turn off determinism just for this"
    )
    line = explain(error, JOB)
    assert f"on a GPU torch adds up {operation} in another order each time" in line
    assert line.endswith("hide the GPUs (CUDA_VISIBLE_DEVICES=) and run snakemake again")


def run_alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in its own process, whose log is its own."""
    command = [sys.executable, "-m", "bias_transfer.runtime.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_log_that_cannot_be_opened_stops_the_command_at_once(tmp_path):
    (tmp_path / "logs").write_text("a file where the folder should be")
    done = run_alone(*sentences(tmp_path), "--log", str(tmp_path / "logs/x.log"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(tmp_path / "logs") in done.stderr
    assert not (tmp_path / "study").exists()


def test_a_log_that_fills_its_disk_stops_nothing(mounted, tmp_path):
    disk = mounted("size=64k")
    log = disk / "x.log"
    log.touch()
    fill(disk, 0)
    done = run_alone("analyse", "--input", "observations", "nowhere.csv", "--log", str(log))
    assert done.returncode == 1
    warning, error = done.stderr.splitlines()
    assert warning == f"warning: {log}: the log cannot be written"
    assert error.startswith("error: nowhere.csv: the file is missing")
