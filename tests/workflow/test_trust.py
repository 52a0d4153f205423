"""Results are the same in any order of work, and damaged ones are refused until they are remade."""

import os
import re
import shutil
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benchmarks.kills import made

from bias_transfer.runtime.artifacts import describe_folder
from tests.workflow.conftest import Study, new_study

SCORES = "results/scores/bios/random-t1/original/full/seed1"
RANDOM = "results/checkpoints/random-t1"
WEIGHTS = f"{RANDOM}/model-00002-of-00002.safetensors"


def test_cores_and_order_change_no_byte(study: Study, tmp_path: Path, root: Path) -> None:
    other = new_study(tmp_path / "other", root)
    # The other way round than by the priorities: all of WIKI before anything of BIOS.
    wiki = other.snakemake("results/observations/wiki.csv", "--cores", "1")
    assert wiki.returncode == 0, wiki.stdout + wiki.stderr
    assert not (other.folder / "results/data/bios").exists()
    # Figures are drawn from these tables, and compared where a release is analysed.
    for targets in ((f"{SCORES}/intrinsic.csv",), ("all", "--omit-from", "draw")):
        result = other.snakemake(*targets, "--cores", "1")
        assert result.returncode == 0, result.stdout + result.stderr
    before, after = made(study.folder), made(other.folder)
    assert len(after) > 150
    assert after == {name: before[name] for name in after}
    assert all(name.startswith("figures/") for name in before.keys() - after.keys())


@pytest.fixture(scope="module")
def copied(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """Return a copy of the finished study, for tests that break it and must mend it."""
    folder = tmp_path_factory.mktemp("copied") / "study"
    shutil.copytree(study.folder, folder)
    yield Study(folder, study.root)


def test_results_that_snakemake_does_not_remember_are_told(study: Study, tmp_path: Path) -> None:
    # Copied without the hidden folder beside them: whatever the config says, nothing is made again.
    other = new_study(tmp_path / "other", study.root)
    shutil.copytree(study.folder / "results", other.folder / "results")
    told = other.snakemake("-n", "--config", "seed=7")
    assert "warning: results: Snakemake does not know here what it was made with" in told.stderr, (
        told.stderr
    )
    shutil.copytree(study.folder / ".snakemake", other.folder / ".snakemake", dirs_exist_ok=True)
    told = other.snakemake("-n", "--config", "seed=7")
    assert "warning: results" not in told.stderr
    assert "prepare_data" in told.stdout


def test_results_are_not_called_forgotten_that_snakemake_remembers_otherwise(
    tmp_path: Path, root: Path
) -> None:
    study = new_study(tmp_path / "study", root)
    manifest = "results/data/bios/original/manifest.json"
    (study.folder / manifest).parent.mkdir(parents=True)
    describe_folder((study.folder / manifest).parent, {"kind": "data"})
    (study.folder / "results/.lineage").mkdir()

    def told(*options: str) -> bool:
        result = study.snakemake("-n", manifest, *options)
        assert result.returncode == 0, result.stdout + result.stderr
        return "warning: results: Snakemake does not know" in result.stderr

    assert told()
    # It is not looked into a database.
    assert not told("--persistence-backend", "db")
    # The first run was killed between a job's last file and the record of it.
    name = urlsafe_b64encode(manifest.encode()).decode()
    (study.folder / ".snakemake/incomplete" / name).write_text("{}")
    assert not told("--rerun-incomplete")


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace_by_an_empty_object(path: Path) -> None:
    path.write_text("{}")


def do_what_it_says(study: Study, line: str) -> None:
    """Delete what a message says, which says to run snakemake again."""
    named = re.search(r"delete (\S+)", line)
    assert named, line
    path = line.split(":")[1].strip() if named[1] == "it" else named[1]
    (study.folder / path).unlink()
    assert "and run snakemake again" in line


@pytest.mark.parametrize(
    ("damage", "damaged", "missing", "told"),
    [
        pytest.param(
            flip_a_bit,
            WEIGHTS,
            f"{SCORES}/predictions.parquet",
            f"{WEIGHTS}: the content does not match {RANDOM}/manifest.json; ",
            id="weights",
        ),
        pytest.param(
            replace_by_an_empty_object,
            "results/data/wiki/original/manifest.json",
            "results/data/wiki/scrub-toxic-1/manifest.json",
            "results/data/wiki/original/manifest.json: changed since it was made; delete it",
            id="manifest",
        ),
        pytest.param(
            truncate,
            f"{SCORES}/predictions.parquet",
            "results/observations/bios.csv",
            f"{SCORES}/predictions.parquet: changed since it was made; delete it",
            id="parquet",
        ),
        pytest.param(
            flip_a_bit,
            "results/observations/bios.csv",
            "results/paper/table3.csv",
            "results/observations/bios.csv: changed since it was made; delete it",
            id="csv",
        ),
        pytest.param(
            empty,
            "results/observations/.lineage/bios.csv.json",
            "results/paper/table3.csv",
            "results/observations/.lineage/bios.csv.json: the record of how ",
            id="record",
        ),
    ],
)
def test_a_damaged_result_is_refused_and_comes_back_as_its_message_says(
    study: Study,
    copied: Study,
    damage: Callable[[Path], None],
    damaged: str,
    missing: str,
    told: str,
) -> None:
    damage(copied.folder / damaged)
    (copied.folder / missing).unlink()
    refused = copied.snakemake(missing, "--cores", "2")
    assert refused.returncode != 0
    (line,) = [each for each in refused.stderr.splitlines() if each.startswith("error: ")]
    assert line.startswith(f"error: {told}")
    assert "Traceback" not in refused.stderr
    assert not (copied.folder / missing).exists()

    do_what_it_says(copied, line)
    repaired = copied.snakemake(missing, "--cores", "2")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    for name in (damaged, missing):
        assert (copied.folder / name).read_bytes() == (study.folder / name).read_bytes()


def test_every_repair_left_the_study_as_it_was(study: Study, copied: Study) -> None:
    result = copied.snakemake("--cores", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    assert made(copied.folder) == made(study.folder)


# What the system does to the one that asks for too much memory, at the worst moment.
KILLED = """#!{python}
import os, signal, sys
import bias_transfer.runtime.artifacts
bias_transfer.runtime.artifacts.describe_folder = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from bias_transfer.runtime.main import main
sys.exit(main())
"""


def test_a_job_that_the_system_killed_is_reported_and_made_again(
    study: Study, copied: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "results/data/wiki/sentences/manifest.json"
    (copied.folder / name).unlink()
    command = tmp_path / "bias-transfer"
    command.write_text(KILLED.format(python=sys.executable))
    command.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        killed = copied.snakemake(name, "--cores", "1")
    assert killed.returncode != 0
    assert "SIGKILL" in killed.stderr
    assert not (copied.folder / name).exists()
    again = copied.snakemake(name, "--cores", "1")
    assert again.returncode == 0, again.stdout + again.stderr
    assert (copied.folder / name).read_bytes() == (study.folder / name).read_bytes()


def test_a_results_folder_that_cannot_be_written_is_refused_before_the_first_job(
    study: Study,
) -> None:
    # The kernel's own folder takes no file, whoever asks.
    nowhere = "results: /proc/study"
    result = study.snakemake("--cores", "1", overlay=nowhere)
    assert result.returncode != 0
    assert "error: config key results: /proc/study cannot be written" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Error in rule" not in result.stderr
    assert study.planned(overlay=nowhere)["fine_tune"] == 8
