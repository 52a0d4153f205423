"""Snakemake and `bias-transfer`, each time in a copy of one process that has imported them.

Half of a dry run is imports. The server is the one of `bias_transfer.runtime.fork_server`, with
other programs to run: a copy has its own environment, folder and streams, as a new process has.
"""

import atexit
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from bias_transfer.runtime.entry import SERVER, fingerprint
from bias_transfer.runtime.fork_server import launch
from bias_transfer.runtime.lifetime import WORKFLOW

# The first word is the program.
_RUN = f"""
import os, sys

def run(words):
    # The server is the tests' own: what the program starts is to find none, or its own.
    os.environ.pop({SERVER!r}, None)
    sys.argv = words
    if words[0] == "snakemake":
        from snakemake.cli import main
        main(words[1:])
    from bias_transfer.runtime.main import main
    return main(words[1:])
"""
_SERVE = f"""{_RUN}
import socket
from bias_transfer.runtime.fork_server import serve
from bias_transfer.runtime.lifetime import end_with_workflow

end_with_workflow()
serve(socket.socket(fileno=int(sys.argv[1])), ["snakemake.cli", "pandas"], run)
"""
_ASK = f"""{_RUN}
from bias_transfer.runtime.entry import run_in_fork

status = run_in_fork(sys.argv[1:])
sys.exit(run(sys.argv[1:]) if status is None else status)
"""


def run(
    program: Sequence[str], environment: Mapping[str, str] = os.environ, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `snakemake …` or `bias-transfer …` as installed; return its status and what it said."""
    told = dict(environment)
    if sys.platform == "linux":
        # Nothing that the tests set is looked at by an import: any of their copies will do.
        told[SERVER] = f"{_address()} {fingerprint(told)}"
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
def _address() -> str:
    """Start this process's server, which ends with it; return where it listens."""
    server, address = launch(["-c", _SERVE], [], os.environ | {WORKFLOW: str(os.getpid())})

    def stop() -> None:
        server.kill()
        server.wait()

    atexit.register(stop)
    return address
