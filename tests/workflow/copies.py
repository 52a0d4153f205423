"""Snakemake, `bias-transfer` and the jobs, each time in a copy of a process that has imported them.

Half of a dry run is imports, and nearly all of a small job. The servers are those of
`bias_transfer.runtime.fork_server`: a copy has its own environment, folder and streams, as a new
process has. One has other programs to run; the other is what Snakemake itself starts where there
are many jobs, and serves all of a process's tests, where there are few as well.
"""

import atexit
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from bias_transfer.runtime import fork_server
from bias_transfer.runtime.entry import SERVER, fingerprint
from bias_transfer.runtime.fork_server import launch
from bias_transfer.runtime.lifetime import WORKFLOW
from bias_transfer.runtime.main import STAGES

# Where a program's own sources lie, and where its jobs may ask for a copy.
_SOURCE, _JOBS = "TESTED_SOURCE", "SERVER_OF_JOBS"

# The first word is the program.
_RUN = f"""
import os, sys

def run(words):
    # The server is the tests' own: what the program starts is to find that of the jobs, or none.
    os.environ.pop({SERVER!r}, None)
    source, jobs = (os.environ.pop(name, None) for name in ({_SOURCE!r}, {_JOBS!r}))
    if source:
        os.environ["PYTHONPATH"] = source
        sys.path.insert(0, source)
        for name in [name for name in sys.modules if name.split(".")[0] == "bias_transfer"]:
            del sys.modules[name]
    if jobs:
        from bias_transfer.runtime import fork_server
        from bias_transfer.runtime.entry import fingerprint
        # As if this process had started it.
        variables = os.environ | fork_server._ONE_THREAD
        os.environ[{SERVER!r}] = f"{{jobs}} {{fingerprint(variables)}}"
        fork_server.start_fork_server = lambda commands: None
    sys.argv = words
    if words[0] == "snakemake":
        from snakemake.cli import main
        main(words[1:])
    from bias_transfer.runtime.main import main
    return main(words[1:])
"""
# What `run` is, comes before. Who asks first waits for the imports, or would do them all as well.
_SERVE = """
import socket, sys
from bias_transfer.runtime.fork_server import _import, serve
from bias_transfer.runtime.lifetime import end_with_workflow

end_with_workflow()
for module in sys.argv[2:]:
    _import(module)
serve(socket.socket(fileno=int(sys.argv[1])), [], run)
"""
_ASK = f"""{_RUN}
from bias_transfer.runtime.entry import run_in_fork

status = run_in_fork(sys.argv[1:])
sys.exit(run(sys.argv[1:]) if status is None else status)
"""


def run(
    program: Sequence[str],
    environment: Mapping[str, str] = os.environ,
    folder: Path | None = None,
    source: Path | None = None,
    on_its_own: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run `snakemake …` or `bias-transfer …`; return its status and what it said.

    Parameters
    ----------
    program
        Its words.
    environment
        Its variables.
    folder
        Where it runs; else here.
    source
        The folder of the package that it and its jobs are to use; else the installed one.
    on_its_own
        Whether its jobs know no server but the one that it may start.
    """
    told = dict(environment)
    if source:
        told[_SOURCE] = str(source)
    if sys.platform == "linux":
        if "--cores" in program and not (source or on_its_own):
            told[_JOBS] = _jobs()
        # Nothing that the tests set is looked at by an import: any of their copies will do.
        told[SERVER] = f"{_programs()} {fingerprint(told)}"
    return subprocess.run(
        [sys.executable, "-c", _ASK, *program],
        capture_output=True,
        text=True,
        check=False,
        env=told,
        cwd=folder,
        timeout=600,
    )


@cache
def _programs() -> str:
    """Start the server of Snakemake and `bias-transfer`; return where it listens."""
    modules = ["snakemake.cli", "pandas", "tests.workflow.plans"]
    return _server(_RUN + _SERVE, modules, {})


@cache
def _jobs() -> str:
    """Start a server of the commands, as Snakemake has; return where it listens."""
    modules = [f"bias_transfer.commands.{stage}" for stage in STAGES]
    command = "from bias_transfer.runtime.main import main as run"
    return _server(command + _SERVE, modules, fork_server._ONE_THREAD)


def _server(program: str, modules: Sequence[str], variables: Mapping[str, str]) -> str:
    """Start a server that ends with this process."""
    environment = os.environ | variables | {WORKFLOW: str(os.getpid())}
    server, address = launch(["-c", program], modules, environment)

    def stop() -> None:
        server.kill()
        server.wait()

    atexit.register(stop)
    return address
