"""Prepare and tokenise data sets as large as the paper's: seconds and peak memory of each job.

    python -m benchmarks.preparation FOLDER

Generated biographies and comments, six in one so that they are as long as real ones (about 430
characters), are written as CSV once, and a tokenizer is trained on them. Then the commands run as
the rules call them, each in a process of its own, BIOS and WIKI in turn, twice. The last line is
the highest peak over the bound, 4 GiB.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from tests.unit.calls import call
from transformers import RobertaConfig, RobertaForMaskedLM

from bias_transfer.data.generate.biographies import biographies
from bias_transfer.data.generate.comments import comments
from bias_transfer.data.generate.truth import Strengths, declare
from bias_transfer.models.checkpoints import save_masked_lm
from bias_transfer.models.tokenizer import train_tokenizer
from bias_transfer.runtime.artifacts import MANIFEST, atomic_file, describe_folder
from bias_transfer.study.config import Study

ROWS = {"bios": 400_000, "wiki": 160_000}
# Generated texts to one as long as a real one.
JOINED = 6
LABELLED = {"text": "text", "label": "label", "id": "", "labels": {}}
COLUMNS = {"bios": LABELLED | {"group": "group", "groups": {}, "name": ""}, "wiki": LABELLED}
# What the paper's studies keep of a text.
MAXIMUM_LENGTH = 128
TURNS = 2
BOUND = 4.0  # GiB


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds by the clock and of computing, and memory at its peak in GiB."""

    name: str
    seconds: float
    computing: float
    memory: float


def texts(folder: Path) -> None:
    """Write the two tables that are not there."""
    truth = declare(Strengths(3, 3, 0.5, 1, 0.9, 1.5, 0.7), 1)
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, Callable[[], pd.DataFrame]] = {
        "bios": lambda: biographies(ROWS["bios"], truth, 1),
        "wiki": lambda: comments(ROWS["wiki"], truth, 1),
    }
    for name, make in made.items():
        if not (folder / f"{name}.csv").is_file():
            table = make()
            short = table["text"].tolist()
            table["text"] = [
                " ".join(short[(row + 7919 * more) % len(short)] for more in range(JOINED))
                for row in range(len(short))
            ]
            with atomic_file(folder / f"{name}.csv") as temporary:
                table.to_csv(temporary, index=False)


def checkpoint(folder: Path) -> None:
    """Make a checkpoint with a byte-level tokenizer; its model is never used, and small."""
    lines = [
        line
        for name in ROWS
        for line in pd.read_csv(folder / f"{name}.csv", nrows=20_000)["text"].tolist()
    ]
    tokenizer = train_tokenizer(lines, vocabulary_size=50_265, maximum_length=512)
    model = RobertaForMaskedLM(
        RobertaConfig(
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2
        )
    )
    save_masked_lm(model, tokenizer, folder / "checkpoint")
    describe_folder(folder / "checkpoint", {"kind": "checkpoint"})


def commands(folder: Path, task: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the commands of a task, as the rules call them."""
    data, tokens = (folder / f"{stage}-{task}" for stage in ("data", "tokens"))
    definition = Study().definition(task)
    path = folder / f"{task}.csv"
    yield (
        "prepare-data",
        call(
            "prepare-data",
            {
                "seed": 1,
                "task": task,
                "definition": definition.model_dump(),
                "source": "file",
                "file": {"path": str(path), **COLUMNS[task]},
                # The paper's shares.
                "test_share": 0.2,
                "evaluation_share": 0.1,
                "empty": "refuse",
            },
            plugins=[f"tasks.{definition.kind}"],
            inputs={"file": path, "comments": [], "annotations": []},
            outputs={"manifest": data / MANIFEST},
        ),
    )
    yield (
        "tokenise",
        call(
            "tokenise",
            {"maximum_length": MAXIMUM_LENGTH},
            inputs={"data": data / MANIFEST, "checkpoint": folder / "checkpoint" / MANIFEST},
            outputs={"manifest": tokens / MANIFEST},
        ),
    )


def cost(name: str, words: list[str]) -> Cost:
    """Run a command to its end."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "bias_transfer.runtime.main", *words])
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{name} failed")
    seconds = time.monotonic() - began
    # Linux counts kilobytes.
    return Cost(name, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20)


def main() -> None:
    """Run every command, print a table of their costs, and fail where one took too much memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    texts(folder)
    checkpoint(folder)
    costs = [
        cost(f"{name} of {ROWS[task]:,} texts ({task})", words)
        for _ in range(TURNS)
        for task in ROWS
        for name, words in commands(folder, task)
    ]
    print("| what | seconds | CPU seconds | peak memory (GiB) |\n|---|---|---|---|")
    for name in dict.fromkeys(each.name for each in costs):
        turns = [each for each in costs if each.name == name]
        seconds, computing = (
            " and ".join(f"{getattr(each, key):.1f}" for each in turns)
            for key in ("seconds", "computing")
        )
        peak = max(each.memory for each in turns)
        print(f"| {name} | {seconds} | {computing} | {peak:.2f} |")
    highest = max(each.memory for each in costs)
    print(f"peak memory / {BOUND:g} GiB: {highest / BOUND:.2f}")
    if highest > BOUND:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
