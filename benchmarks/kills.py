"""Kill a study at random moments until it ends, and compare it with an undisturbed one.

    python -m benchmarks.kills FOLDER --signal KILL --moments 30

Each round makes the study of kills.yaml from nothing. At a random moment a signal goes to the
workflow and all its jobs, to the workflow alone, or to one job; then the study is unlocked if need
be and run again, until it ends. After each signal it is checked that no process of the study is
left, that every manifest is true, and that every file that an undisturbed run makes has that run's
bytes or is not there. After each round the two results folders must be equal, file by file.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from tests.workflow.conftest import new_study

from bias_transfer.runtime.artifacts import MANIFEST, read_json, sha256, verify_files

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "benchmarks/kills.yaml"
TARGETS = ("group", "workflow", "job")
# How long a signalled workflow may take to end, and a killed one's jobs to be gone.
PATIENCE = dict(workflow=120.0, jobs=5.0)


@dataclass
class Record:
    """What was done to a study and what became of it."""

    signals: int = 0
    targets: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    rounds: int = 0
    resumed: set[str] = field(default_factory=set)
    files_compared: int = 0
    slowest_end: float = 0.0
    seconds: float = 0.0


def snakemake(folder: Path, *arguments: str) -> list[str]:
    """Return the command that runs Snakemake on a study."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--resources", "gpu=2"]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    return [*command, *arguments, "--configfile", str(CONFIG)]


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start the study in a process group of its own, and append to its output."""
    with (folder / "output.txt").open("ab") as output:
        return subprocess.Popen(
            snakemake(folder), stdout=output, stderr=output, cwd=folder, start_new_session=True
        )


def processes(folder: Path) -> dict[int, list[str]]:
    """Return the command lines of the processes that work in a study's folder."""
    found = {}
    for process in psutil.process_iter(["pid", "cwd", "cmdline", "status"]):
        if process.info["cwd"] == str(folder) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found[process.info["pid"]] = process.info["cmdline"]
    return found


def jobs(folder: Path) -> dict[int, str]:
    """Return the running commands of a study by process."""
    running = {}
    for process, line in processes(folder).items():
        place = next((i for i, word in enumerate(line) if word.endswith("/bias-transfer")), None)
        if place is not None and line[0] != "bash":
            running[process] = line[place + 1]
    return running


def send(number: signal.Signals, target: str, workflow: int, running: list[int]) -> None:
    """Send a signal to the whole group, the workflow alone, or its first job."""
    if target == "group":
        os.killpg(workflow, number)
    else:
        os.kill(workflow if target == "workflow" else running[0], number)


def made(folder: Path) -> dict[str, str]:
    """Return the checksum of every file of a study's results but its logs."""
    results = folder / "results"
    return {
        path.relative_to(results).as_posix(): sha256(path)
        for path in sorted(results.rglob("*"))
        if path.is_file() and path.relative_to(results).parts[0] != "logs"
    }


def visible(files: dict[str, str]) -> dict[str, str]:
    """Leave out what is hidden, and so no result: temporary files and training checkpoints."""
    return {
        name: digest
        for name, digest in files.items()
        if not any(part.startswith(".") for part in Path(name).parts)
    }


def resumed(folder: Path) -> Iterator[str]:
    """Yield the line of each log that tells of a resumed training."""
    for log in (folder / "results/logs").rglob("*.log"):
        for line in log.read_text(errors="replace").splitlines():
            if "resumed from step" in line:
                yield f"{log.relative_to(folder)} {line}"


def check_between(folder: Path, undisturbed: dict[str, str]) -> None:
    """Check that nothing of the study runs, and that nothing of it is half written."""
    until = time.monotonic() + PATIENCE["jobs"]
    while left := processes(folder):
        assert time.monotonic() < until, f"still running: {left}"
        time.sleep(0.05)
    found = visible(made(folder))
    for manifest in (folder / "results").rglob(MANIFEST):
        if not any(part.startswith(".") for part in manifest.relative_to(folder).parts):
            verify_files(manifest, remedy="")
            # Of a model that is still to be scored; of all others they have gone.
            for name in read_json(manifest).get("passing", []):
                found.pop((manifest.parent / name).relative_to(folder / "results").as_posix(), None)
    for name, digest in found.items():
        assert undisturbed.get(name) == digest, f"{name} is half written or wrong"


def disturb(
    folder: Path,
    number: signal.Signals,
    wait: Callable[[], float],
    choose: Callable[[tuple[str, ...]], str],
    undisturbed: dict[str, str],
    record: Record,
    most: int,
) -> None:
    """Run a study to its end in spite of signals."""
    done = 0
    while True:
        workflow = start(folder)
        record.runs += 1
        try:
            code = workflow.wait(wait() if done < most else None)
        except subprocess.TimeoutExpired:
            running = jobs(folder)
            target = choose(TARGETS if running else TARGETS[:2])
            began = time.monotonic()
            send(number, target, workflow.pid, list(running))
            workflow.wait(PATIENCE["workflow"])
            record.slowest_end = max(record.slowest_end, time.monotonic() - began)
            record.signals += 1
            record.targets[target] += 1
            record.hit.update(running.values() or ["no job"])
            done += 1
        else:
            assert code == 0, (folder / "output.txt").read_text()[-3000:]
        record.resumed.update(resumed(folder))
        check_between(folder, undisturbed)
        if workflow.returncode == 0:
            return
        if any((folder / ".snakemake/locks").glob("*")):
            subprocess.run(
                snakemake(folder, "--unlock"), cwd=folder, check=True, capture_output=True
            )


def run_undisturbed(folder: Path) -> dict[str, str]:
    """Make the study in one go; return the checksums of its files."""
    new_study(folder, ROOT)
    assert start(folder).wait() == 0, (folder / "output.txt").read_text()[-3000:]
    return made(folder)


def main() -> None:
    """Disturb as many rounds as the number of signals takes, and print the record as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--signal", choices=["KILL", "TERM", "INT"], required=True)
    parser.add_argument("--moments", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=30, help="seconds between two signals")
    options = parser.parse_args()
    # In a shell's background SIGINT is ignored, and would be by all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rng = random.Random(f"{options.signal} {options.seed}")
    folder = options.folder.resolve()
    reference = folder / "undisturbed"
    undisturbed = made(reference) if reference.exists() else run_undisturbed(reference)
    record = Record()
    began = time.monotonic()
    while record.signals < options.moments:
        disturbed = folder / f"{options.signal}-{record.rounds}"
        shutil.rmtree(disturbed, ignore_errors=True)
        new_study(disturbed, ROOT)
        disturb(
            disturbed,
            signal.Signals[f"SIG{options.signal}"],
            lambda: rng.uniform(2, options.longest),
            rng.choice,
            undisturbed,
            record,
            most=options.moments - record.signals,
        )
        record.rounds += 1
        assert made(disturbed) == undisturbed
        record.files_compared += len(undisturbed)
        record.seconds = time.monotonic() - began
        shutil.rmtree(disturbed)
        content = vars(record) | {"resumed": len(record.resumed)}
        (folder / f"{options.signal}.json").write_text(json.dumps(content, indent=2) + "\n")
    print((folder / f"{options.signal}.json").read_text())


if __name__ == "__main__":
    main()
