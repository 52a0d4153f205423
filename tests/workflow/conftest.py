"""A tiny study, run once to its end, that the workflow's tests look at."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from bias_transfer.data.generate.biographies import biographies
from bias_transfer.data.generate.truth import Strengths, declare
from tests.workflow import copies


@dataclass(frozen=True)
class Study:
    """A folder with a study's data, and Snakemake to run on it."""

    folder: Path
    root: Path
    options: tuple[str, ...] = ("--resources", "gpu=1")

    @property
    def home(self) -> Path:
        """The home folder of whoever runs the study."""
        return self.folder.with_name(f"{self.folder.name}-home")

    @property
    def scratch(self) -> Path:
        """Where the study's temporary files go."""
        return self.folder.with_name(f"{self.folder.name}-scratch")

    def snakemake(
        self,
        *arguments: str,
        overlay: str = "",
        source: Path | None = None,
        on_its_own: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake in the folder, on the sources in `source` or the installed ones."""
        tiny = self.root / "tests/workflow/tiny.yaml"
        command = ["snakemake", *arguments]
        command += ["--snakefile", str(self.root / "Snakefile"), "--directory", str(self.folder)]
        command += self.options
        if overlay:
            # A file, as on the command line Snakemake reads nested numbers as text.
            over = self.folder / "overlay.yaml"
            over.write_text(overlay)
            command += ["--configfile", str(tiny), str(over)]
        else:
            command += ["--configfile", str(tiny)]
        for folder in (self.home, self.scratch):
            folder.mkdir(exist_ok=True)
        environment = dict(os.environ)
        environment |= {"HOME": str(self.home), "TMPDIR": str(self.scratch)}
        environment["XDG_CACHE_HOME"] = str(self.home / ".cache")
        return copies.run(command, environment, source=source, on_its_own=on_its_own)

    def lineage(self, name: str) -> subprocess.CompletedProcess[str]:
        """Ask for the chain of a file, as JSON."""
        return copies.run(["bias-transfer", "lineage", "--json", name], folder=self.folder)

    def planned(
        self, *arguments: str, overlay: str = "", source: Path | None = None
    ) -> dict[str, int]:
        """Return how often each rule would run; empty when there is nothing to do."""
        return plan_of(self.snakemake("-n", *arguments, overlay=overlay, source=source))


def plan_of(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return how often each rule would run, after a dry run."""
    text = result.stdout + result.stderr
    assert result.returncode == 0, text
    table = re.search(r"^job +count\n-+ +-+\n(.*?)^total", text, re.MULTILINE | re.DOTALL)
    if table is None:
        assert "Nothing to be done" in text
        return {}
    counts = (line.split() for line in table.group(1).splitlines())
    return {rule: int(count) for rule, count in counts if rule not in ("all", "study")}


def new_study(folder: Path, root: Path) -> Study:
    """Write the study's own biographies into a folder."""
    strengths = Strengths(1, 1, 0.5, 1, 0.6, 1, 0.4)
    rows = biographies(700, declare(strengths, 1), 1)
    (folder / "data").mkdir(parents=True)
    rows.to_csv(folder / "data/bios.csv", index=False)
    return Study(folder, root)


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Study:
    """Return the tiny study, finished with two cores: made once, and copied for each process."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made = Study(shared / "finished/study", root)
    with FileLock(shared / "finished.lock"):
        if not made.folder.exists():
            finish(new_study(made.folder, root))
    copied = Study(tmp_path_factory.mktemp("studies") / "study", root)
    for folder, copy in (
        (made.folder, copied.folder),
        (made.home, copied.home),
        (made.scratch, copied.scratch),
    ):
        shutil.copytree(folder, copy)
    return copied


def finish(study: Study) -> None:
    """Run a study to its end, as its users do."""
    result = study.snakemake("--cores", "2", on_its_own=True)
    assert result.returncode == 0, result.stdout + result.stderr
