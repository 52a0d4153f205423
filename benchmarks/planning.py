"""What Snakemake itself costs: a dry run of the paper's grid, of a larger one, and a whole run.

    python -m benchmarks.planning

The grid of config/paper.yaml, and the same with twenty seeds a model, are planned in turn. Then
config/paper-mini.yaml is run with commands that touch their outputs and sleep for a second, which
is less than a real one takes: as the study runs it, and with Snakemake's own scheduler and limit of
jobs a second. Processor seconds are those of Snakemake's own process, without what it starts.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3
SEEDS = 20
# Bounds: seconds of a dry run, and a job's share of the larger one's against the smaller one's.
DRY_RUN = 5.0
GROWTH = 1.2
# Share of a core that Snakemake may take while paper-mini runs.
SHARE = 0.05

# Stands in for `bias-transfer`: each output is there, and nothing else.
COMMAND = """#!/bin/bash
command=$1
while [ $# -gt 0 ]; do
    if [ "$1" = --output ]; then
        mkdir -p "$(dirname "$3")"; : > "$3"
        if [ "$command" = fine-tune ]; then : > "$(dirname "$3")/model.safetensors"; fi
        shift 2
    fi
    shift
done
sleep 1
"""


def snakemake(folder: Path, *arguments: str) -> tuple[float, str]:
    """Run Snakemake in a folder; return its own processor seconds, and what it printed."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    with (folder / "output.txt").open("w+") as output:
        process = psutil.Popen(
            [*command, "--directory", str(folder), *arguments],
            env=environment,
            stdout=output,
            stderr=output,
        )
        spent = 0.0
        while process.poll() is None:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                break
            spent = max(spent, times.user + times.system)
            time.sleep(0.02)
        output.seek(0)
        printed = output.read()
    assert process.wait() == 0, printed[-3000:]
    return spent, printed


def dry_run(folder: Path, *configs: Path) -> tuple[float, int]:
    """Return the processor seconds of a dry run, and its jobs."""
    spent, printed = snakemake(folder, "-n", "-q", "rules", "--configfile", *map(str, configs))
    (total,) = {line.split()[1] for line in printed.splitlines() if line.startswith("total ")}
    return spent, int(total)


def run_of_stubs(folder: Path, *options: str) -> tuple[float, float]:
    """Run paper-mini's grid with commands that sleep; return processor seconds and seconds."""
    shutil.rmtree(folder / "results", ignore_errors=True)
    shutil.rmtree(folder / ".snakemake", ignore_errors=True)
    config = str(ROOT / "config/paper-mini.yaml")
    began = time.monotonic()
    arguments = ("--cores", "4", "--resources", "gpu=1", *options, "--configfile", config)
    return snakemake(folder, *arguments)[0], time.monotonic() - began


def main() -> int:
    """Measure, print, and return 1 where a bound is missed."""
    missed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bias-transfer").write_text(COMMAND)
        (folder / "bias-transfer").chmod(0o755)
        more = folder / "seeds.yaml"
        more.write_text(yaml.safe_dump({"seeds": list(range(1, SEEDS + 1))}))
        paper = ROOT / "config/paper.yaml"
        small, large = [], []
        for _ in range(ROUNDS):
            small.append(dry_run(folder, paper))
            large.append(dry_run(folder, paper, more))
        (few,), (many,) = ({jobs for _, jobs in runs} for runs in (small, large))
        seconds, more_seconds = (
            statistics.median(each for each, _ in runs) for runs in (small, large)
        )
        # What it takes to start is no job's.
        start = min(snakemake(folder, "--version")[0] for _ in range(ROUNDS))
        ours = run_of_stubs(folder, "--scheduler", "greedy")
        stock = run_of_stubs(folder, "--scheduler", "ilp", "--no-hooks")
    growth = ((more_seconds - start) / many) / ((seconds - start) / few)
    share, stock_share = (spent / lasted for spent, lasted in (ours, stock))
    print(f"dry run of the paper's grid: {seconds:.2f} s for {few} jobs (at most {DRY_RUN:g})")
    print(f"with {SEEDS} seeds: {more_seconds:.2f} s for {many} jobs")
    print(f"run of paper-mini's grid: {ours[0]:.1f} s in {ours[1]:.0f} s")
    print(f"as Snakemake does by itself: {stock[0]:.1f} s in {stock[1]:.0f} s, {stock_share:.3f}")
    missed += ["dry run"] * (seconds > DRY_RUN)
    missed += ["growth a job"] * (growth > GROWTH)
    missed += ["share of a core"] * (share > SHARE)
    for each in missed:
        print(f"missed: {each}")
    print(f"growth a job: {growth:.2f} (at most {GROWTH:g})")
    print(f"share of a core while paper-mini runs: {share:.3f} (at most {SHARE:g})")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
