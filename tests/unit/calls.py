"""Commands as the rules call them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bias_transfer.runtime.artifacts import MANIFEST
from bias_transfer.tasks import Definition, kind


def call(
    command: str,
    settings: Mapping[str, Any],
    *,
    plugins: Iterable[str] = (),
    inputs: Mapping[str, Path | list[Path]],
    outputs: Mapping[str, Path],
    checks: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return the words of a command."""
    words = [command, "--settings", json.dumps(settings), "--plugins", *plugins]
    words += ["--checks", json.dumps(checks or {})]
    for name, given in inputs.items():
        paths = given if isinstance(given, list) else [given]
        words += ["--input", name, *map(str, paths)]
    for name, path in outputs.items():
        words += ["--output", name, str(path)]
    return words


def randomise(checkpoint: Path, folder: Path) -> list[str]:
    """Call the command that reads a checkpoint and writes a random one of its size."""
    variant = {"kind": "random", "strength": None, "trial": 1, "letter": ""}
    return call(
        "alter-checkpoint",
        {"seed": 1, "variant": variant, "settings": {}},
        plugins=["upstream.random"],
        inputs={"pretrained": checkpoint / MANIFEST, "corpus": []},
        outputs={"manifest": folder / MANIFEST},
    )


def prepare_data(
    task: str, definition: Definition, path: Path, folder: Path, **columns: Any
) -> list[str]:
    """Call the command that puts a table into the study's form.

    Parameters
    ----------
    task, definition
        Of whose texts.
    path
        Of the table.
    folder
        Where its parts go.
    **columns
        The config's section of the table, but for the path.
    """
    file = {"path": str(path), "text": "text", "label": "label", "id": "", "labels": {}} | columns
    shares = {"test_share": 0.3, "evaluation_share": 0.3, "empty": "refuse"}
    outcomes = kind(definition.kind).outcomes(definition)
    return call(
        "prepare-data",
        {
            "seed": 1,
            "task": task,
            "definition": definition.model_dump(),
            "source": "file",
            "file": file,
            **shares,
        },
        plugins=[f"tasks.{definition.kind}"],
        inputs={"file": path, "comments": [], "annotations": []},
        outputs={"manifest": folder / MANIFEST},
        checks={"outcome": next(iter(outcomes)), "fewest_test_rows": 10},
    )
