"""How much of the default study's processor time is spent before a command's own work begins.

    python -m benchmarks.startup

The default study is made in a new folder, and what it and all its processes take is counted. What
a command takes to start is measured in turn through a fork server, which has imported what it
needs, and in a process of its own. The fork server's own imports count as start-up, too.
"""

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from bias_transfer.runtime.entry import SERVER, fingerprint
from bias_transfer.runtime.fork_server import launch
from bias_transfer.runtime.main import STAGES

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
# Share of the study's processor seconds.
BOUND = 0.25

IMPORT = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
ASK = "import sys; from bias_transfer.runtime.entry import run_in_fork; sys.exit(run_in_fork([]))"
# Copies that do nothing, of a server that has imported all stages.
SERVE = """
import importlib, socket, sys
from bias_transfer.runtime.fork_server import serve
for name in sys.argv[2:]:
    importlib.import_module(name)
serve(socket.socket(fileno=int(sys.argv[1])), [], lambda words: 0)
"""
MODULES = {stage: f"bias_transfer.commands.{stage}" for stage in STAGES}
# A rule's command has its name, with hyphens.
STAGE_OF = {command: stage for stage, commands in STAGES.items() for command in commands}


def spent(*command: str, **options: object) -> float:
    """Return the processor seconds of a command and of all that it started and waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, **options)  # type: ignore[call-overload]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def of_process(number: int) -> float:
    """Return the processor seconds of a process and of the copies that it waited for."""
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def start_of_each() -> tuple[dict[str, float], float, float]:
    """Return what a process of each stage, a copy, and the server itself take to start."""
    alone: dict[str, list[float]] = {stage: [] for stage in STAGES}
    copies = []
    environment = dict(os.environ)
    server, address = launch(["-c", SERVE], [*MODULES.values()], environment)
    asking = environment | {SERVER: f"{address} {fingerprint(environment)}"}
    # It is served once all is imported.
    spent(sys.executable, "-c", ASK, env=asking)
    imported = of_process(server.pid)
    for _ in range(ROUNDS):
        for stage, module in MODULES.items():
            before = of_process(server.pid)
            client = spent(sys.executable, "-c", ASK, env=asking)
            copies.append(client + of_process(server.pid) - before)
            alone[stage].append(spent(sys.executable, "-c", IMPORT, module))
    server.kill()
    server.wait()
    medians = {stage: statistics.median(each) for stage, each in alone.items()}
    return medians, statistics.median(copies), imported


def study() -> tuple[float, Counter[str]]:
    """Make the default study; return its processor seconds, and its jobs by stage."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "snakemake", "--cores", "4", "--resources", "gpu=1"]
        command += ["--snakefile", str(ROOT / "Snakefile"), "--directory", folder]
        seconds = spent(*command)
        (log,) = (Path(folder) / ".snakemake/log").glob("*.log")
        rules = re.findall(r"^ *(?:local)?rule (\w+):", log.read_text(), re.MULTILINE)
    stages = (STAGE_OF.get(rule.replace("_", "-")) for rule in rules)
    return seconds, Counter(stage for stage in stages if stage is not None)


def main() -> int:
    """Measure, print, and return 1 where the bound is missed."""
    alone, copy, imported = start_of_each()
    total, jobs = study()
    with_server = imported + copy * jobs.total()
    without = sum(alone[stage] * count for stage, count in jobs.items())
    print(f"default study: {jobs.total()} commands, {total:.1f} processor seconds")
    print("a process of its own, by stage:")
    print(*(f"  {stage} {seconds:.2f} s" for stage, seconds in alone.items()), sep="\n")
    print(f"a copy of the fork server: {copy:.3f} s; the server's own imports: {imported:.2f} s")
    print(f"start-up: {with_server:.1f} s; in processes of their own {without:.1f} s")
    print(f"processes of their own / copies: {without / with_server:.1f}")
    print(f"start-up's share of the study: {with_server / total:.3f} (at most {BOUND})")
    return with_server / total > BOUND


if __name__ == "__main__":
    sys.exit(main())
