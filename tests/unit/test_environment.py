"""The lists of packages name the same packages at the same versions."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DEPENDENCIES = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRAS = [
    Requirement(text) for extra in PROJECT["optional-dependencies"].values() for text in extra
]


def pins(lines):
    """Read `name==version` lines; anything else is an error."""
    found = {}
    for line in lines:
        name, version = line.split("==")
        key = canonicalize_name(name)
        assert key not in found, f"{name} is pinned twice"
        found[key] = version
    return found


def constraints():
    lines = (ROOT / "envs" / "constraints.txt").read_text().splitlines()
    return pins(line for line in lines if line and not line.startswith("#"))


def environment():
    content = yaml.safe_load((ROOT / "envs" / "environment.yaml").read_text())
    (by_pip,) = (part["pip"] for part in content["dependencies"] if isinstance(part, dict))
    return content, pins(by_pip)


def test_the_validators_have_an_environment_of_their_own_pinned_whole():
    lines = (ROOT / "envs/validators.txt").read_text().splitlines()
    found = pins(line for line in lines if not line.startswith("#"))
    assert {"roc-validator", "rocrate", "cffconvert"} <= set(found)
    # Otherwise they could come with the tests.
    assert not {"roc-validator", "cffconvert"} & set(constraints())


def test_torch_is_pinned():
    assert constraints()["torch"] == "2.13.0"


@pytest.mark.parametrize("needed", DEPENDENCIES + EXTRAS, ids=lambda r: r.name)
def test_a_dependency_is_pinned_at_a_version_that_it_allows(needed):
    assert needed.specifier.contains(constraints()[canonicalize_name(needed.name)])


def test_the_conda_environment_pins_the_dependencies_and_no_more_at_the_same_versions():
    names = {canonicalize_name(needed.name) for needed in DEPENDENCIES}
    assert environment()[1] == {name: constraints()[name] for name in names}


def test_the_conda_environment_has_an_allowed_python():
    (python,) = (
        part
        for part in environment()[0]["dependencies"]
        if isinstance(part, str) and part.startswith("python=")
    )
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert python == f"python={lowest}"
