"""A command in a copy of the fork server is as one in a process of its own, and ends with it."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bias_transfer.runtime import fork_server
from bias_transfer.runtime.entry import SERVER, fingerprint
from bias_transfer.runtime.fork_server import launch, start_fork_server
from tests.unit.test_lifetime import is_running, on_linux

# A server whose commands are Python: the first word is run, and gives the exit status.
SERVE = """
import socket, sys
from bias_transfer.runtime.fork_server import serve

def run(words):
    found = {}
    exec(words[0], found)
    return found.get("status", 0)

serve(socket.socket(fileno=int(sys.argv[1])), [], run)
"""
ASK = """
import sys
from bias_transfer.runtime.entry import run_in_fork
status = run_in_fork(sys.argv[1:])
print("not served", file=sys.stderr) if status is None else sys.exit(status)
"""


class Server:
    """A running server, and commands that ask it."""

    def __init__(self, *modules_in: Path) -> None:
        # With a language, as Python would set one of its own.
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join((*sys.path, *map(str, modules_in))),
            "LC_ALL": "C.UTF-8",
        }
        self.process, address = launch(["-c", SERVE], [], self.environment)
        self.variable = {SERVER: f"{address} {fingerprint(self.environment)}"}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def ask(self, code: str, **options) -> subprocess.Popen:
        environment = self.environment | self.variable | options.pop("environment", {})
        return subprocess.Popen(
            [sys.executable, "-c", ASK, code],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def answer(self, code: str, given: str = "", **options) -> tuple[int, str, str]:
        asking = self.ask(code, **options)
        printed, complained = asking.communicate(given, timeout=60)
        return asking.returncode, printed, complained


@pytest.fixture(scope="module")
def server():
    if sys.platform != "linux":
        pytest.skip("the fork server is Linux's")
    running = Server()
    yield running
    running.kill()


def wait_until_gone(process: int) -> None:
    while is_running(process):
        time.sleep(0.01)


def test_a_command_has_the_streams_folder_and_variables_of_who_asked(server, tmp_path):
    code = (
        "import os, sys; print(sys.stdin.read(), os.getcwd(), os.environ['TMPDIR']);"
        "print('worse', file=sys.stderr)"
    )
    answer = server.answer(code, "in", cwd=tmp_path, environment={"TMPDIR": "here"})
    assert answer == (0, f"in {tmp_path} here\n", "worse\n")


@pytest.mark.parametrize("status", [0, 1, 7])
def test_its_exit_status_is_told(server, status):
    assert server.answer(f"status = {status}") == (status, "", "")


def test_a_usage_error_is_two_as_argparse_has_it(server):
    code = "import argparse; argparse.ArgumentParser(prog='x').parse_args(['--no'])"
    status, _, complained = server.answer(code)
    assert (status, "unrecognized arguments: --no" in complained) == (2, True)


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [("", 0, ""), ("None", 0, ""), ("3", 3, ""), ("'error: no'", 1, "error: no\n")],
)
def test_leaving_by_sys_exit_is_told_as_python_tells_it(server, code, status, told):
    assert server.answer(f"import sys; sys.exit({code})") == (status, "", told)


def test_a_command_ends_also_where_its_end_fails(server):
    code = "import atexit; atexit.register(lambda: 1 / 0); status = 7"
    status, _, complained = server.answer(code)
    assert (status, "ZeroDivisionError" in complained) == (7, True)


@on_linux
def test_output_that_could_not_be_written_is_a_failure_as_python_has_it(server):
    # Written at the end only, when nothing that the command does can tell any more.
    code = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); print('lost')"
    status, _, complained = server.answer(code)
    assert (status, "No space left on device" in complained) == (120, True)
    alone = [sys.executable, "-c", code]
    assert (
        subprocess.run(alone, env=server.environment, stderr=subprocess.DEVNULL).returncode == 120
    )


def test_an_error_nobody_caught_is_told_with_its_traceback(server):
    status, _, complained = server.answer("1 / 0")
    assert (status, "ZeroDivisionError" in complained) == (1, True)


def test_a_command_killed_by_a_signal_is_told_as_a_shell_tells_it(server):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert server.answer(code)[0] == 128 + signal.SIGKILL


def test_what_runs_at_a_programs_end_runs(server):
    assert server.answer("import atexit; atexit.register(print, 'end')")[1] == "end\n"


def test_commands_do_not_see_what_another_changed(server):
    server.answer("import os, sys; os.environ['SEEN'] = sys.seen = 'yes'; os.chdir('/')")
    code = "import os, sys; print(hasattr(sys, 'seen'), 'SEEN' in os.environ)"
    assert server.answer(code)[1] == "False False\n"


def test_commands_run_side_by_side(server, tmp_path):
    # Each waits for the other's file.
    code = (
        "import pathlib, sys, time\nmine, other = map(pathlib.Path, sys.stdin.read().split())\n"
        "mine.touch()\nwhile not other.exists(): time.sleep(0.01)"
    )
    with server.ask(code, cwd=tmp_path) as first, server.ask(code, cwd=tmp_path) as second:
        for asking, given in ((first, "a b"), (second, "b a")):
            asking.stdin.write(given)
            asking.stdin.close()
    assert (first.returncode, second.returncode) == (0, 0)


def test_what_one_command_imported_the_next_finds_imported(server):
    probe = "import sys; print('colorsys' in sys.modules)"
    assert server.answer(probe)[1] == "False\n"
    server.answer("import colorsys")
    deadline = time.monotonic() + 60
    while server.answer(probe)[1] != "True\n":
        assert time.monotonic() < deadline


def test_it_is_one_thread_and_each_copy_collects_its_garbage(server):
    code = "import gc, os; print(len(os.listdir('/proc/self/task')), gc.isenabled())"
    assert server.answer(code)[1] == "1 True\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_goes_on_to_the_command(server, number):
    code = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(9))\nprint('ready', flush=True)\n"
        "time.sleep(60)"
    )
    with server.ask(code) as asking:
        assert asking.stdout.readline() == "ready\n"
        asking.send_signal(number)
    assert asking.returncode == 9


SLEEP = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"


def test_a_command_dies_with_the_process_that_asked(server):
    with server.ask(SLEEP) as asking:
        running = int(asking.stdout.readline())
        asking.kill()
    wait_until_gone(running)


@on_linux
def test_a_command_dies_with_the_server_and_whoever_asked_is_told():
    own = Server()
    asking = own.ask(SLEEP)
    running = int(asking.stdout.readline())
    own.kill()
    wait_until_gone(running)
    _, complained = asking.communicate(timeout=60)
    assert asking.returncode == 1
    assert complained == "error: the command's process was lost; run snakemake again\n"


@on_linux
def test_a_server_that_is_gone_serves_nobody():
    own = Server()
    own.kill()
    assert own.answer("")[2] == "not served\n"


def test_another_environment_is_not_served(server):
    # What was imported with other variables, such as OMP_NUM_THREADS, is not what would be.
    assert server.answer("", environment={"OMP_NUM_THREADS": "2"})[2] == "not served\n"


@pytest.mark.parametrize("sent", [b"", b"{"], ids=["nothing", "a part"])
def test_a_process_that_stops_while_it_asks_holds_nobody_up_for_long(server, sent):
    address, _, _ = server.variable[SERVER].partition(" ")
    with socket.socket(socket.AF_UNIX) as stopped:
        stopped.connect(f"\0{address}")
        stopped.sendall(sent)
        assert server.answer("status = 7") == (7, "", "")
        # It was given up.
        assert stopped.recv(1) == b""


@on_linux
def test_where_no_process_is_to_be_had_one_command_is_lost_and_no_other(monkeypatch, capsys):
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr("os.fork", refuse)
    monkeypatch.setattr("gc.freeze", lambda: None)
    address = f"\0bias-transfer-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as asking:
        listener.bind(address)
        listener.listen(1)
        asking.connect(address)
        with open(os.devnull) as nothing:
            socket.send_fds(asking, [b"{}\n"], [nothing.fileno()])
        assert fork_server._accept(listener, lambda words: 0) == []
        # Which the command's own process takes for its loss.
        assert asking.recv(16) == b""
    assert "a command found no process to run in: [Errno 11]" in capsys.readouterr().err


# A process that was stopped after it had connected, for longer than the server waits.
RESUMED = """
import socket, time
connect = socket.socket.connect

def and_stop(connection, address):
    connect(connection, address)
    time.sleep(7)

socket.socket.connect = and_stop
"""


def test_a_process_that_goes_on_after_it_was_given_up_is_told(server):
    environment = server.environment | server.variable
    resumed = subprocess.run(
        [sys.executable, "-c", RESUMED + ASK, ""], env=environment, capture_output=True, text=True
    )
    assert resumed.returncode == 1
    assert resumed.stderr == "error: the command's process was lost; run snakemake again\n"


def test_a_module_that_leaves_while_it_is_imported_ends_no_server(tmp_path):
    tried = tmp_path / "tried"
    module = f"import pathlib\npathlib.Path({str(tried)!r}).touch()\nraise SystemExit(3)\n"
    (tmp_path / "leaving.py").write_text(module)
    own = Server(tmp_path)
    try:
        assert own.answer("import sys; sys.modules['leaving'] = sys") == (0, "", "")
        deadline = time.monotonic() + 60
        while not tried.exists():
            assert time.monotonic() < deadline
        assert own.answer("status = 7") == (7, "", "")
    finally:
        own.kill()


def test_without_a_server_a_command_runs_by_itself():
    environment = {key: value for key, value in os.environ.items() if key != SERVER}
    asked = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True
    )
    assert asked.stderr == "not served\n"


@on_linux
def test_a_kernel_that_cannot_wait_for_copies_has_no_server(monkeypatch):
    def refused(process):
        raise OSError(38, "Function not implemented")

    monkeypatch.delenv(SERVER, raising=False)
    monkeypatch.setattr(os, "pidfd_open", refused)
    start_fork_server(["draw"])
    assert SERVER not in os.environ


# What the workflow's process does.
WORKFLOW = """
import os, subprocess, sys
from bias_transfer.runtime.fork_server import launch, start_fork_server
start_fork_server(["draw"])
command = 'exec "$0" -c "$1" lineage missing'
# Were it not served, its status would be none, which is success.
entry = '''
import sys
from bias_transfer.runtime.entry import run_in_fork
sys.exit(run_in_fork(sys.argv[1:]))
'''
one_thread = {name: '1' for name in sys.argv[1].split()}
result = subprocess.run(['bash', '-c', command, sys.executable, entry], env=os.environ | one_thread)
children = open(f'/proc/self/task/{os.getpid()}/children').read().split()
print(result.returncode, *children, flush=True)
"""
THREADS = (
    "OMP_NUM_THREADS GOTO_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS "
    "VECLIB_MAXIMUM_THREADS NUMEXPR_NUM_THREADS"
)


@on_linux
def test_the_workflows_own_server_runs_its_commands_and_ends_with_it(tmp_path: Path):
    ran = subprocess.run(
        [sys.executable, "-c", WORKFLOW, THREADS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    status, server = map(int, ran.stdout.split())
    assert status == 1
    assert ran.stderr == "error: missing: the file is missing; run snakemake, which makes it\n"
    assert not is_running(server)
