"""The fork server: a process that has imported everything, and runs each command in a copy of it.

A copy costs milliseconds where a new process imports torch and transformers for seconds. It starts
with nothing done and no CUDA, and computes what a new process would. It is one thread: beside the
server's own runs at most one in the background of a memory allocator, which a copy does without.
The server ends with the workflow, each copy with the server, with its command's own process (see
`entry`), or with its work.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, NoReturn

from bias_transfer.runtime.entry import SERVER, fingerprint, is_ours
from bias_transfer.runtime.lifetime import WORKFLOW, end_with_workflow
from bias_transfer.runtime.main import STAGES, main
from bias_transfer.runtime.provenance import PACKAGE, remember

Run = Callable[[Sequence[str]], int]

# What Snakemake sets in the shell of a rule of one thread, and numerical libraries read once.
_ONE_THREAD = dict.fromkeys(
    (
        *("OMP_NUM_THREADS", "GOTO_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
        *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
    ),
    "1",
)


# Seconds that a command may pause while it asks, which takes milliseconds. All others wait for it,
# as nobody is served meanwhile.
_PATIENCE = 5.0


def start_fork_server(commands: Collection[str]) -> None:
    """Start a fork server for the commands that this process will start.

    Only Linux, since 5.3, kills it with this process, however that ends, and lets it wait for its
    copies; elsewhere there is none.

    Parameters
    ----------
    commands
        Such as `fine-tune`: it imports what they use.
    """
    if not _kernel_can():
        return
    environment = {**os.environ, **_ONE_THREAD, WORKFLOW: str(os.getpid())}
    # -P: a module in the user's folder is none of ours.
    program = ["-P", "-m", __name__]
    server, address = launch(program, [*_modules(commands)], environment)
    os.environ[SERVER] = f"{address} {fingerprint(environment)}"
    atexit.register(_stop, server)


def launch(
    program: Sequence[str], arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], str]:
    """Start a Python program that serves, in a session of its own.

    Parameters
    ----------
    program
        Python's words for it. It calls `serve` on the listener, of whose file descriptor its first
        argument is the number.
    arguments
        What comes after that number.
    environment
        Its variables.

    Returns
    -------
    tuple
        The process, and the address at which it listens.
    """
    address = f"bias-transfer-{os.getpid()}-{os.urandom(8).hex()}"
    # It listens from now on: a command that is quicker than the server waits for it.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{address}")
        listener.listen(128)
        server = subprocess.Popen(
            [sys.executable, *program, str(listener.fileno()), *arguments],
            env=environment,
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            # Ctrl-C is for Snakemake and its commands, who pass it on.
            start_new_session=True,
        )
    return server, address


def _kernel_can() -> bool:
    if sys.platform != "linux":
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def _modules(commands: Collection[str]) -> Iterator[str]:
    for stage, members in STAGES.items():
        if not set(members).isdisjoint(commands):
            yield f"bias_transfer.commands.{stage}"


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.kill()
    server.wait()


@dataclass(frozen=True)
class _Copy:
    """A running command.

    Attributes
    ----------
    number
        Its process id.
    process
        A file descriptor of the process, which can be read when it has ended.
    client
        To the process that asked: signals come in, the exit status goes out.
    learned
        A file in memory to which the copy writes the names of the modules that it imported.
    """

    number: int
    process: int
    client: socket.socket
    learned: int


def serve(listener: socket.socket, modules: Iterable[str], run: Run) -> NoReturn:
    """Run a command in a copy for each that asks; while nobody asks, import.

    Parameters
    ----------
    listener
        Where commands ask.
    modules
        What to import, one after the other; then all that a copy had to import itself.
    run
        Given the words of a command, runs it and returns its exit status.
    """
    to_import = deque(modules)
    copies: list[_Copy] = []
    # What is imported is no garbage, and collecting it would write to memory that copies share.
    gc.disable()
    while True:
        watched = [listener, *(each for copy in copies for each in (copy.client, copy.process))]
        ready = wait(watched, timeout=0 if to_import else None)
        if listener in ready:
            copies += _accept(listener, run)
        for copy in list(copies):
            if copy.process in ready:
                copies.remove(copy)
                to_import.extend(_end(copy))
            elif copy.client in ready:
                _pass_on_signals(copy)
        if not ready and to_import:
            _import(to_import.popleft())


def _accept(listener: socket.socket, run: Run) -> list[_Copy]:
    client, _ = listener.accept()
    streams: list[int] = []
    try:
        request = _received(client, streams) if is_ours(client) else b""
        if not request.endswith(b"\n"):
            # Another user's, or a command that was killed, or stopped, while it asked.
            client.close()
            return []
        learned = os.memfd_create("modules")
        gc.freeze()
        try:
            number = os.fork()
        except OSError as error:
            # One process more is one too many, or there is no memory: this command is lost alone.
            print(f"a command found no process to run in: {error}", file=sys.stderr)
            os.close(learned)
            client.close()
            return []
        if not number:
            _become(request, streams, learned, run)
        return [_Copy(number, os.pidfd_open(number), client, learned)]
    finally:
        for stream in streams:
            os.close(stream)


def _received(client: socket.socket, streams: list[int]) -> bytes:
    """Return a request, as far as it came in time; put the client's open streams into a list."""
    request = b""
    client.settimeout(_PATIENCE)
    with contextlib.suppress(TimeoutError):
        request, files, _, _ = socket.recv_fds(client, 1, 3)
        streams += files
        while part := client.recv(65536):
            request += part
            if part.endswith(b"\n"):
                break
    client.settimeout(None)
    return request


def _become(asked: bytes, streams: Sequence[int], learned: int, run: Run) -> NoReturn:
    """Be the command, in a copy, as if the process that asked had run it."""
    known = set(sys.modules)
    status = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        request: dict[str, Any] = json.loads(asked)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.environ[WORKFLOW] = str(os.getppid())
        end_with_workflow()
        os.chdir(request["folder"])
        gc.enable()
        status = run(request["arguments"])
    except SystemExit as stop:
        status = _status_of(stop)
    except BaseException:
        # Nobody is above a copy to catch it: it is told, and ends the command, as Python does.
        traceback.print_exc()
    finally:
        os.write(learned, "\n".join(set(sys.modules) - known).encode())
        _leave(status)


def _status_of(stop: SystemExit) -> int:
    """Return an exit status, and tell the message that may stand in its place, as Python does."""
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or 0
    print(stop.code, file=sys.stderr)
    return 1


def _leave(status: int) -> NoReturn:
    """End as Python ends, but for taking apart, in half a second, what was imported."""
    try:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        # Python's own status where what was printed could not be written.
        status = 120
        traceback.print_exc()
    finally:
        # Whatever happened: a copy that went on would be a second server.
        os._exit(status)


def _pass_on_signals(copy: _Copy) -> None:
    try:
        numbers = copy.client.recv(16)
    except ConnectionResetError:
        numbers = b""
    # Without a number, the process that asked is gone, by a SIGKILL or with its workflow.
    for number in numbers or [signal.SIGKILL]:
        signal.pidfd_send_signal(copy.process, number)


def _end(copy: _Copy) -> list[str]:
    """Tell the process that asked how its command ended; return the modules it imported."""
    _, status = os.waitpid(copy.number, 0)
    os.close(copy.process)
    with copy.client, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        copy.client.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    with open(copy.learned, encoding="utf-8") as names:
        names.seek(0)
        return names.read().split()


def _import(name: str) -> None:
    # What cannot be imported here (a part of a package that needs another first) the copies
    # import themselves, as they did before. Some leave instead of failing.
    with contextlib.suppress(Exception, SystemExit):
        importlib.import_module(name)
        if name.startswith(f"{PACKAGE}."):
            remember(name)


if __name__ == "__main__":
    end_with_workflow()
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:], main)
