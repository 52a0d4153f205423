"""What it costs to verify artifacts before they are used: hashing beside what it protects.

    python -m benchmarks.verification > benchmarks/verification.md

It makes a checkpoint of roberta-base's size with random weights, and runs the tests' tiny study on
one core, so that the time of the run is the sum of its jobs' times; both in a temporary folder.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from transformers import RobertaConfig, RobertaForMaskedLM

from bias_transfer.data.generate.biographies import biographies
from bias_transfer.data.generate.truth import Strengths, declare
from bias_transfer.models.checkpoints import load_masked_lm
from bias_transfer.runtime.artifacts import MANIFEST, describe_folder, sha256, verified_folder

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 7


def main() -> None:
    """Measure, and print a page of Markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size, hashing, loading = of_a_checkpoint(folder / "checkpoint")
        commands, whole, verifying = of_a_study(folder / "study")
    print(f"""# What verification costs

Printed by `python -m benchmarks.verification` on {os.cpu_count()} cores ({processor()}),
torch {torch.__version__}, Python {platform.python_version()}, at a load of \
{os.getloadavg()[2]:.0f}. Medians of {REPEATS} turns
with the files in the page cache; of the checkpoint, the two in alternation.

| what | size | verify (s) | use (s) | ratio |
|---|---|---|---|---|
| a checkpoint of roberta-base's size: hash every file, and load it | {size / 1e6:.0f} MB | \
{hashing:.2f} | {loading:.2f} | {hashing / loading:.2f} |
| the tiny study: verify every input of its {commands} commands and hash every output, and run it \
whole | | {verifying:.2f} | {whole:.1f} | {verifying / whole:.4f} |""")


def of_a_checkpoint(folder: Path) -> tuple[int, float, float]:
    """Return the bytes of a checkpoint, and the seconds that hashing and loading it take."""
    config = RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1)
    RobertaForMaskedLM(config).save_pretrained(folder)
    describe_folder(folder, {"kind": "checkpoint"})
    turns = [
        (seconds(lambda: verified_folder(folder / MANIFEST)), seconds(lambda: load(folder)))
        for _ in range(REPEATS)
    ]
    hashing, loading = (statistics.median(times) for times in zip(*turns, strict=True))
    return (folder / "model.safetensors").stat().st_size, hashing, loading


def load(folder: Path) -> None:
    """Load a checkpoint as every command does, all weights in memory and found finite."""
    load_masked_lm(str(folder))


def of_a_study(folder: Path) -> tuple[int, float, float]:
    """Return how many commands the tiny study has, and the seconds of all and of verification."""
    (folder / "data").mkdir(parents=True)
    rows = biographies(700, declare(Strengths(1, 1, 0.5, 1, 0.6, 1, 0.4), 1), 1)
    rows.to_csv(folder / "data/bios.csv", index=False)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--directory", str(folder)]
    command += ["--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", str(ROOT / "tests/workflow/tiny.yaml")]
    whole = seconds(lambda: subprocess.run(command, check=True, capture_output=True))
    os.chdir(folder)
    runs = list(commands_of(folder / "results"))
    times = [seconds(lambda: [verify(*run) for run in runs]) for _ in range(REPEATS)]
    return len(runs), whole, statistics.median(times)


def commands_of(results: Path) -> Iterator[tuple[list[Path], list[Path]]]:
    """Yield the inputs and the outputs of every command that was run, from the records."""
    runs: dict[str, tuple[list[Path], list[Path]]] = {}
    for path in sorted(results.rglob(".lineage/*.json")):
        record = json.loads(path.read_text())
        output = path.parent.parent / path.stem
        folder = output if output.is_dir() else output.parent
        inputs = [Path(os.path.normpath(folder / name)) for name in record["inputs"]]
        key = json.dumps([record["command"], record["settings"], sorted(map(str, inputs))])
        runs.setdefault(key, (inputs, []))[1].append(
            output / MANIFEST if output.is_dir() else output
        )
    yield from runs.values()


def verify(inputs: list[Path], outputs: list[Path]) -> None:
    """Do what a command does to verify its inputs and to record its outputs."""
    for path in inputs + outputs:
        sha256(path)
    for path in inputs:
        if path.name == MANIFEST:
            verified_folder(path)


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def processor() -> str:
    """Return the processor's name where Linux tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
