"""The container's recipe, as far as it can be judged without building it."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def instructions() -> list[tuple[str, str]]:
    """Return the name and the words of each instruction, lines that go on joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [(name, words) for name, _, words in (line.partition(" ") for line in lines)]


def told(name: str) -> list[str]:
    return [words for each, words in instructions() if each == name]


def copied() -> list[str]:
    """Return what the image copies out of the project."""
    return [path for words in told("COPY") for path in words.split()[:-1]]


def test_python_is_the_one_of_the_conda_environment() -> None:
    (image,) = told("FROM")
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert image == f"python:{lowest}-slim"
    conda = yaml.safe_load((ROOT / "envs/environment.yaml").read_text())["dependencies"]
    assert f"python={lowest}" in conda


def test_every_library_has_the_version_of_the_constraints() -> None:
    installs = [words for words in told("RUN") if "pip install" in words]
    assert len(installs) == 2
    for words in installs:
        assert "-c envs/constraints.txt" in words
        # The constraints tell the versions, and nothing else does.
        assert "==" not in words


def test_the_label_is_that_of_the_package() -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', told("LABEL")[0]))
    assert labels == {
        "title": PROJECT["name"],
        "version": PROJECT["version"],
        "licenses": PROJECT["license"],
    }


def test_what_it_copies_is_there_and_goes_to_the_builder() -> None:
    let_in = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert set(copied()) == let_in
    for path in copied():
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("name", ["docs/data-dictionary.md", "CITATION.cff", "workflow/Snakefile"])
def test_it_has_what_the_rules_read_of_the_project(name: str) -> None:
    assert name.partition("/")[0] in copied()


def test_it_runs_as_nobody_who_may_do_everything() -> None:
    names = [name for name, _ in instructions()]
    assert told("USER") == ["study"]
    # Nothing is installed afterwards, and the study's folder is theirs.
    assert "RUN" not in names[names.index("USER") :]
    assert any("chown study /study" in words for words in told("RUN"))
    assert told("WORKDIR")[-1] == "/study"


def test_it_runs_the_command_of_the_readme() -> None:
    program, option, snakefile, *rest = json.loads(told("CMD")[0])
    assert (program, option, snakefile) == (
        "snakemake",
        "--snakefile",
        "/opt/bias-transfer/Snakefile",
    )
    assert f"snakemake {' '.join(rest)}" in (ROOT / "README.md").read_text()
