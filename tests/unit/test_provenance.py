"""What a result depends on in the code: the digest of a stage changes with that and no more."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bias_transfer
from bias_transfer.runtime.main import STAGES
from bias_transfer.runtime.provenance import code_digest, modules_of

PACKAGE = Path(bias_transfer.__file__).parent


def run(code, folder):
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def copied(tmp_path):
    """Copy the package; return it with a function that gives the digests of its stages."""
    package = shutil.copytree(
        PACKAGE, tmp_path / "bias_transfer", ignore=shutil.ignore_patterns("__pycache__")
    )
    stages = list(STAGES)
    code = (
        "from bias_transfer.runtime.provenance import code_digest\n"
        f"print(*[code_digest(stage) for stage in {stages}])"
    )

    def digests():
        return dict(zip(stages, run(code, tmp_path).split(), strict=True))

    return package, digests


def changed(before, after):
    return {stage for stage in before if before[stage] != after[stage]}


def test_a_digest_covers_what_is_imported_indirectly():
    # finetune imports models.classification, which imports models.training.
    assert "bias_transfer.models.training" in modules_of("finetune")
    assert "bias_transfer.models.training" not in modules_of("data")
    assert "bias_transfer.seeding" in modules_of("data")
    for stage in STAGES:
        assert f"bias_transfer.commands.{stage}" in modules_of(stage)


def test_figures_are_no_part_of_fine_tuning():
    assert not [name for name in modules_of("finetune") if "figures" in name]
    assert not [name for name in modules_of("finetune") if ".stats" in name]
    assert [
        name for name in modules_of("figures") if name.startswith("bias_transfer.report.figures.")
    ]


def test_how_files_are_written_is_no_part_of_any_stage():
    for stage in STAGES:
        assert not modules_of(stage) & {"bias_transfer.runtime.artifacts", "bias_transfer.errors"}


def imported_by(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("stage", STAGES)
def test_the_modules_of_a_stage_are_closed_under_imports(stage):
    files = {
        "bias_transfer." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
        for path in PACKAGE.rglob("*.py")
    }
    names = ("artifacts", "cli.job", "errors", "lineage", "provenance")
    plumbing = {f"bias_transfer.{name}" for name in names}
    covered = modules_of(stage)
    for name in covered & set(files):
        assert set(imported_by(files[name])) & set(files) - plumbing <= covered


def test_the_digest_is_the_same_in_a_copy_elsewhere(copied):
    assert copied[1]() == {stage: code_digest(stage) for stage in STAGES}


def test_comments_docstrings_and_layout_do_not_count(copied):
    package, digests = copied
    before = digests()
    for path in package.rglob("*.py"):
        longer = path.read_text().replace('"""', '"""More. ', 1)
        path.write_text(f"# A comment.\n\n{longer}\n\n# The end.\n")
    assert digests() == before


def test_code_counts_for_the_stages_that_use_it_only(copied):
    package, digests = copied
    before = digests()
    for name, users in (
        ("figures/figure2.py", {"figures"}),
        ("models/training.py", {"checkpoints", "sentiment", "finetune"}),
        ("artifacts.py", set()),
    ):
        path = package / name
        original = path.read_text()
        path.write_text(f"{original}\nADDED = 1\n")
        assert changed(before, digests()) == users
        path.write_text(original)
    assert digests() == before


def test_the_data_files_of_a_module_count(copied):
    package, digests = copied
    before = digests()
    path = package / "stats/paper/columns.csv"
    path.write_text(path.read_text().replace("133", "134", 1))
    assert changed(before, digests()) == {"analysis"}


@pytest.mark.parametrize("stage", ["data", "extrinsic", "analysis", "figures"])
def test_stages_that_need_no_model_do_not_load_torch(stage):
    code = (
        f"import sys, bias_transfer.commands.{stage}\n"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    assert run(code, PACKAGE.parent).strip() == "[]"
