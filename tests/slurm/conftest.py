"""A SLURM for the session, and a small study: on one machine, on the cluster, and finished."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm.cluster import cluster, why_not
from tests.workflow.conftest import Study, new_study

# Laid over the tiny study: as few jobs as every rule can do with.
SMALL = (
    "tasks:\n"
    "  bios: {upstream: [random], alterations: {balance: []}}\n"
    "  wiki: {alterations: {scrub: []}, adaptation: [full]}\n"
)
# All but the figures, which take longest and are drawn from these.
TABLES = ("results/analysis/answer.md", "results/analysis/transfer.csv")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip these tests unless they are asked for and a SLURM can be started."""
    asked = "slurm" in config.option.markexpr
    reason = why_not() if asked else "minutes long, and asked for by name: pytest -m slurm"
    for item in items:
        if item.get_closest_marker("slurm") and reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def slurm() -> Iterator[None]:
    """Run a SLURM as long as the session."""
    with cluster():
        yield


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Study:
    """Return the small study with all its tables, finished without SLURM."""
    made = new_study(tmp_path_factory.mktemp("local"), root)
    result = made.snakemake(*TABLES, "--cores", "2", overlay=SMALL)
    assert result.returncode == 0, result.stdout + result.stderr
    return made


def through_slurm(study: Study) -> Study:
    """Return a study whose jobs go through the profile to SLURM."""
    profile = ("--workflow-profile", str(study.root / "profiles/slurm"))
    # This SLURM keeps no accounts, and its jobs are short.
    site = ("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1")
    return dataclasses.replace(study, options=profile + site)


@pytest.fixture(scope="session")
def remote(tmp_path_factory: pytest.TempPathFactory, root: Path, slurm: None) -> Study:
    """Return the small study, finished by SLURM."""
    made = through_slurm(new_study(tmp_path_factory.mktemp("remote"), root))
    result = made.snakemake(overlay=SMALL)
    assert result.returncode == 0, result.stdout + result.stderr
    return made


@pytest.fixture
def finished(local: Study, slurm: None, tmp_path: Path) -> Study:
    """Return a copy of the finished study, to be gone on with through SLURM."""
    shutil.copytree(local.folder, tmp_path / "study")
    return through_slurm(dataclasses.replace(local, folder=tmp_path / "study"))
