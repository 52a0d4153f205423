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
