"""The front door, `bias-transfer COMMAND`: through a copy of the fork server, or on its own.

It imports next to nothing. A workflow calls hundreds of commands, and most of what a small one
costs is importing torch and transformers, which the fork server has done already.
"""

import hashlib
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bias_transfer.runtime.lifetime import WORKFLOW, end_with_workflow

# The fork server's address and what it was started with, which the workflow's process sets.
SERVER = "BIAS_TRANSFER_FORK_SERVER"

# What differs from shell to shell, and that no import looks at.
_OF_A_SHELL = frozenset(
    (SERVER, WORKFLOW, "_", "SHLVL", "PWD", "OLDPWD", "PS1", "TMPDIR", "TMP", "TEMPDIR", "TEMP")
)
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the command of the command line; return its exit status."""
    end_with_workflow()
    arguments = sys.argv[1:]
    status = run_in_fork(arguments)
    if status is not None:
        return status
    from bias_transfer.runtime.main import main as run

    return run(arguments)


def run_in_fork(arguments: Sequence[str]) -> int | None:
    """Have the fork server run a command in a copy of itself, and stay until it has ended.

    The copy gets this process's streams, folder, environment and signals, and is killed when this
    process is.

    Returns
    -------
    int or None
        The command's exit status, 128 + n if signal n ended it, as a shell says. None where there
        is no server, or its Python or its environment is another than this process's: what was
        imported there might then not be what would be imported here.
    """
    address, _, started_with = os.environ.get(SERVER, "").partition(" ")
    if not address or fingerprint(os.environ) != started_with:
        return None
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(f"\0{address}")
        except ConnectionRefusedError:
            return None
        if not is_ours(connection):
            return None
        request = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
        words = json.dumps(request).encode() + b"\n"
        # A signal that comes meanwhile follows the request.
        signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
        for number in _FORWARDED:
            signal.signal(number, lambda number, _: connection.sendall(bytes([number])))
        try:
            socket.send_fds(connection, [words[:1]], [0, 1, 2])
            connection.sendall(words[1:])
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
            answer = connection.recv(16)
        except (BrokenPipeError, ConnectionResetError):
            # The server waits a while for a request, not for ever.
            answer = b""
    if not answer:
        print("error: the command's process was lost; run snakemake again", file=sys.stderr)
        return 1
    status = int(answer)
    return status if status >= 0 else 128 - status


def fingerprint(environment: Mapping[str, str]) -> str:
    """Return a digest of all that an import here depends on: Python, this package, variables."""
    kept = sorted(item for item in environment.items() if item[0] not in _OF_A_SHELL)
    package = str(Path(__file__).resolve().parents[1])
    return hashlib.sha256(json.dumps([sys.prefix, package, kept]).encode()).hexdigest()


def is_ours(connection: socket.socket) -> bool:
    """Tell whether the process at the other end is the same user's."""
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", peer)
    return bool(user == os.getuid())
