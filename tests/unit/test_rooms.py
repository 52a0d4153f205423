"""Who may know whom: what the modules of each part of the package may import, and what not."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bias_transfer import plugins
from tests.unit.imports import NAME, imported_by, loaded_with, modules

FILES = modules()
MODELS = ("torch", "transformers", "peft", "safetensors", "tokenizers")
# What opens files, or knows where they lie.
READING = ("pathlib", "os", "io", "csv", "json", "data", "runtime", "vocabularies")


def within(name: str, *packages: str) -> bool:
    """Tell whether a module is one of some packages or lies in one; ours go without their root."""
    name = name.removeprefix(f"{NAME}.")
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def of(*packages: str) -> Iterator[str]:
    """Yield the modules of some packages of ours."""
    return (name for name in FILES if name != NAME and within(name, *packages))


@cache
def imports(name: str) -> frozenset[str]:
    return imported_by(FILES[name])


def reached_from(name: str) -> set[str]:
    """Return all that a module imports, however indirectly."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = imports(waiting.pop()) - found
        found |= new
        waiting += new & FILES.keys()
    return found


def loaded_by(*names: str) -> set[str]:
    """Return all that the import of some modules loads, however indirectly."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        new = set(loaded_with(FILES[waiting.pop()])) - found
        found |= new
        waiting += new & FILES.keys()
    return found


def breaches(
    importers: Iterator[str], forbidden: tuple[str, ...], allowed: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    """Return who imports what it may not, directly."""
    return [
        (importer, name)
        for importer in importers
        for name in sorted(imports(importer))
        if within(name, *forbidden) and not within(name, *allowed)
    ]


ROOMS = (
    *("adaptations", "alterations", "analysis", "commands", "data", "errors", "measures", "models"),
    *("paper", "plugins", "report", "runtime", "section", "seeding", "study", "tasks", "upstream"),
    "vocabularies",
)


def test_these_are_the_rooms():
    assert {name.split(".")[1] for name in FILES if name != NAME} == set(ROOMS)


# The ways in, each of which knows the next.
FRONT_DOORS = ("runtime.entry", "runtime.fork_server", "runtime.main")


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "commands"])
def test_nothing_knows_the_commands(room):
    others = (name for name in of(room) if not within(name, *FRONT_DOORS))
    assert not breaches(others, ("commands", *FRONT_DOORS))


def test_the_ways_in_know_commands_by_name_only():
    assert not breaches(of(*FRONT_DOORS), ("commands",))


def test_a_command_knows_of_the_others_only_what_the_analysis_shares():
    assert not breaches(of("commands"), ("commands", *FRONT_DOORS), ("commands.analysis",))


@pytest.mark.parametrize("room", ["analysis", "report", "paper"])
def test_statistics_and_print_know_no_model(room):
    for name in of(room):
        reached = reached_from(name)
        assert not [each for each in reached if within(each, *MODELS, "models", "upstream")], name


@pytest.mark.parametrize("room", ["analysis", "report"])
def test_statistics_and_print_know_no_plugin_but_figures(room):
    # They are told in descriptions which measures, covariates and interventions there are.
    for name in of(room):
        reached = reached_from(name)
        assert not [
            each for each in reached if within(each, "measures", "alterations", "tasks", "study")
        ], name


def test_measures_know_no_file_and_no_model():
    grammar = ("vocabularies.english",)
    assert not breaches(of("measures"), (*READING, *MODELS, "models"), grammar)


def test_methods_alterations_and_adaptations_know_no_measure():
    for name in of("upstream", "alterations", "adaptations"):
        assert not [each for each in reached_from(name) if within(each, "measures")], name


def test_only_the_commands_know_the_paper():
    others = [room for room in ROOMS if room not in ("commands", "paper")]
    assert not breaches(of(*others), ("paper",))


def test_snakemake_loads_nothing_that_only_its_jobs_need():
    # Its own process imports what the rules import, and every plug-in; it starts for each dry run.
    rules = (Path(__file__).parents[2] / "workflow/rules").glob("*.smk")
    lines = (line for path in rules for line in path.read_text().splitlines())
    imported = [line.split()[1] for line in lines if line.startswith(f"from {NAME}")]
    assert imported
    kinds = ("adaptations", "alterations", "measures", "report.figures", "tasks", "upstream")
    every_plugin = [
        f"{NAME}.{kind}.{name}" for kind in kinds for name in plugins.names(f"{NAME}.{kind}")
    ]
    loaded = loaded_by(*imported, *every_plugin)
    heavy = (*MODELS, "matplotlib", "scipy", "statsmodels", "linearmodels", "datasets")
    assert not [each for each in sorted(loaded) if within(each, *heavy)]


def test_snakemakes_own_object_appears_nowhere():
    for name, path in FILES.items():
        assert not [each for each in imports(name) if within(each, "snakemake")], name
        nodes = ast.walk(ast.parse(path.read_text()))
        assert not [node for node in nodes if isinstance(node, ast.Name) and node.id == "snakemake"]
