"""Whole studies, run one after the other and kept, for benchmarks of what they find."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bias_transfer.study.config import Study
from bias_transfer.study.overlays import read_config
from bias_transfer.study.parsing import parse

ROOT = Path(__file__).resolve().parents[1]


def run(
    folder: Path,
    *,
    configuration: Mapping[str, Any],
    overlays: Sequence[str] = (),
    targets: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> float:
    """Run a study in a folder of its own; return the seconds it took, zero if it was there.

    Parameters
    ----------
    folder
        Made if it is not there; a study that ended before goes on from its files.
    configuration
        Keys that are laid over the default study and the overlays.
    overlays
        Further config files, by their paths in the checkout.
    targets
        Files below the folder to make; empty: the whole study.
    environment
        Variables besides those of this process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "configuration.json"
    file.write_text(json.dumps({"results": "results", **configuration}), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--resources", "gpu=2"]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += [*targets, "--configfile", *(str(ROOT / each) for each in overlays), str(file)]
    started = time.monotonic()
    with (folder / "output.txt").open("w") as output:
        ended = subprocess.run(
            command, stdout=output, stderr=output, env={**os.environ, **(environment or {})}
        )
    if ended.returncode:
        sys.exit(f"error: the study in {folder} failed; see {folder / 'output.txt'}")
    return time.monotonic() - started


def configured(overlays: Sequence[str] = ()) -> Study:
    """Return the default study's config with overlays, files of the checkout, laid over it."""
    return parse(read_config(ROOT / name for name in ("config.yaml", *overlays)))


def table(folder: Path, name: str) -> pd.DataFrame:
    """Read a table of a study's results; what is empty text stays so."""
    found = pd.read_csv(folder / "results" / name)
    return found.fillna({"reason": ""}) if "reason" in found else found


def truth(folder: Path, task: str) -> dict[str, Any]:
    """Return what a generated task's manifest declares to be true."""
    manifest = folder / "results" / "data" / task / "original" / "manifest.json"
    found: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))["truth"]
    return found
