"""The workflow as a module of somebody else's."""

import os
import subprocess
from pathlib import Path

import yaml

from tests.workflow import copies
from tests.workflow.conftest import plan_of

SNAKEFILE = """
configfile: "theirs.yaml"

module bias_transfer:
    snakefile: {snakefile!r}
    config: config["bias_transfer"]

use rule * from bias_transfer as bias_transfer_*

rule theirs:
    default_target: True
    input: rules.bias_transfer_prepare_corpus.output
    output: "theirs.txt"
    shell: "echo {{input}} > {{output}}; echo and a second command"
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["snakemake", "--directory", str(folder)]
    command += ["--snakefile", str(folder / "Snakefile"), *arguments]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / ".cache")}
    return copies.run(command, environment)


def test_another_workflow_uses_it_as_a_module(tmp_path: Path, root: Path) -> None:
    config = {"results": "bias", "model": {"corpus": {"generated": {"rows": 50}}}}
    (tmp_path / "theirs.yaml").write_text(yaml.safe_dump({"bias_transfer": config}))
    snakefile = SNAKEFILE.format(snakefile=str(root / "workflow/Snakefile"))
    (tmp_path / "Snakefile").write_text(snakefile)
    whole = plan_of(run(tmp_path, "-n", "bias/analysis/answer.md"))
    assert whole["bias_transfer_fine_tune"] == 22 + 22
    result = run(tmp_path, "--cores", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (tmp_path / "theirs.txt").read_text() == "bias/data/corpus/manifest.json\n"
    # Their own commands are run as they wrote them.
    assert "and a second command" in result.stdout + result.stderr


def example(root: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the example of examples/module in a folder."""
    command = ["snakemake", *arguments, "--directory", str(folder)]
    command += ["--snakefile", str(root / "examples/module/Snakefile")]
    return copies.run(command, os.environ | {"XDG_CACHE_HOME": str(folder / ".cache")})


def test_the_example_plans_the_whole_study_and_makes_a_file_of_its_own(
    tmp_path: Path, root: Path
) -> None:
    plan = plan_of(example(root, tmp_path, "-n"))
    assert (plan["verdicts"], plan["bias_transfer_fine_tune"]) == (1, 22 + 22)
    result = example(root, tmp_path, "groups.csv", "--cores", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    lines = (tmp_path / "groups.csv").read_text().splitlines()
    assert lines[0] == "label,group,count"
    assert {line.split(",")[1] for line in lines[1:]} == {"female", "male"}
    # The study's own files are where its config says, and nowhere else.
    made = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert made == {"bias", "groups.csv"}
