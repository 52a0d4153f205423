"""The pages of the documentation: their examples run, and what they name is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from docs.excerpts import EXCERPTS, PAGES, filled

from tests.pages import Fence, fences, files
from tests.workflow.conftest import Study, plan_of

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
CHECKOUT = ("Snakefile", "config.yaml", "config", "docs", "profiles", "workflow")
TRACKED = ("benchmarks", "config", "docs", "envs", "profiles", "src", "tests", "workflow")


def bash(lines: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run commands as a reader would who has activated the environment."""
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / ".cache")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
        timeout=600,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder that holds what a checkout does, to run a page's commands in."""
    for name in CHECKOUT:
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def test_own_data_runs_as_the_page_stands(checkout: Path) -> None:
    page = ROOT / "docs/own-data.md"
    for name, text in files(page).items():
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(text)
    results = [bash(each.text, checkout) for each in fences(page) if each.run]
    for result in results:
        assert result.returncode == 0, result.stdout + result.stderr
    _, study, one_more = results
    assert "**Jobs.** Full fine-tuning: whether the pre-trained model's bias" in study.stdout
    assert study.stdout.count("undecided") == 3, "the page says that both are"
    planned = plan_of(one_more)
    assert (planned["alter_checkpoint"], planned["fine_tune"]) == (1, 1)


def test_every_page_with_commands_to_run_is_run_here() -> None:
    assert [page.name for page in DOCS if any(each.run for each in fences(page))] == ["own-data.md"]


def test_the_blocks_of_numbers_can_be_made_from_a_study(study: Study) -> None:
    """Every excerpt is some page's, is not empty, and stays as it is when it is made again."""
    results = study.folder / "results"
    used = set()
    for name in PAGES:
        page = (ROOT / name).read_text()
        used |= set(re.findall(r"begin: docs/excerpts\.py ([\w-]+)", page))
        once = filled(page, results)
        assert once != page
        assert filled(once, results) == once
    assert used == set(EXCERPTS)
    for name, excerpt in EXCERPTS.items():
        assert len(excerpt(results).splitlines()) >= 2, name


def test_the_main_commands_of_the_readme_are_those_that_are_checked() -> None:
    commands = [each.text.strip() for each in fences(ROOT / "README.md") if each.language == "sh"]
    checked = (ROOT / ".ci/run").read_text()
    for command in commands[:3]:
        first, _, second = command.partition(" && ")
        assert first.removeprefix("pip install") in checked
        assert second in checked


@pytest.mark.parametrize("page", [ROOT / "README.md", *DOCS], ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    """Relative links of the README, which the site's build does not see; paths in code spans."""
    text = page.read_text()
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    spans = re.findall(r"`([\w./-]+)`", text)
    own = {*files(page), "profiles/mine"}
    named = [span for span in spans if span.split("/")[0] in TRACKED and "/" in span]
    assert [name for name in named if name not in own and not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", [ROOT / "README.md", *DOCS], ids=lambda page: page.name)
def test_code_is_code(page: Path) -> None:
    """Python compiles; commands of the shell are words that it can read."""
    for each in fences(page):
        if each.language == "python":
            compile(each.text, each.file or page.name, "exec")
        elif each.language == "sh":
            assert said_by_bash(each) == ""


def said_by_bash(fence: Fence) -> str:
    """Return what bash says when it only reads the lines."""
    return subprocess.run(
        ["bash", "-n"], input=fence.text, capture_output=True, text=True, check=False
    ).stderr


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= 8 * 1024
