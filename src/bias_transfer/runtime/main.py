"""`bias-transfer COMMAND`: find the command, keep its log, and say in one line what went wrong."""

import argparse
import gc
import importlib
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from bias_transfer.errors import StudyError
from bias_transfer.runtime.faults import explain
from bias_transfer.runtime.gpu_slots import VISIBLE, gpu_slots
from bias_transfer.runtime.job import Command, Job
from bias_transfer.runtime.job_logs import FAILED
from bias_transfer.runtime.lineage import record_outputs
from bias_transfer.runtime.progress import took

# Each command's stage is a module of this package, and the command a function of that module.
# Only the stage asked for is imported: torch and transformers take seconds.
STAGES = {
    "data": (
        "fetch-detox",
        "fetch-sentences",
        "prepare-data",
        "prepare-sentences",
        "prepare-corpus",
        "prepare-sentiment",
        "alter-data",
    ),
    "tokens": ("tokenise",),
    "checkpoints": ("prepare-checkpoint", "alter-checkpoint"),
    "sentiment": ("prepare-sentiment-classifier",),
    "finetune": ("fine-tune",),
    "scoring": ("score-upstream", "score-fine-tuned"),
    "cards": ("describe-checkpoint", "describe-classifier"),
    "observation": ("observe",),
    "analysis": ("analyse",),
    "paper": ("lay-paper-over",),
    "figures": ("draw",),
    "page": ("report",),
    "release": ("release",),
}

logger = logging.getLogger("bias_transfer")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 after one line on standard error."""
    options = _parser().parse_args(arguments)
    if options.command in _FOR_PEOPLE:
        return _run_for_people(options)
    job = Job(
        settings=json.loads(options.settings),
        inputs={name: [Path(path) for path in paths] for name, *paths in options.input},
        outputs={name: Path(path) for name, path in options.output},
        command=options.command,
        stage=next(stage for stage, names in STAGES.items() if options.command in names),
        plugins=tuple(options.plugins),
        checks=json.loads(options.checks),
        checkpoint_seconds=options.checkpoint_seconds,
        gpu_share=options.gpu_share,
        batch_size=options.batch_size,
        tensorboard=options.tensorboard_folder if options.tensorboard else None,
    )
    began = time.monotonic()
    try:
        _start_log(options.log)
        signal.signal(signal.SIGTERM, _stop)
        with gpu_slots(options.gpus, options.gpu_share):
            if VISIBLE in os.environ:
                logger.info("%s=%s", VISIBLE, os.environ[VISIBLE])
            _perform(job)
        logger.info("%s", took(job.command, time.monotonic() - began))
    except KeyboardInterrupt:
        return _fail(f"{job.command} was interrupted; run snakemake again to go on", None)
    except Exception as error:
        logger.debug("where it was noticed", exc_info=True)
        return _fail(explain(error, job) or _in_words(error), options.log)
    return 0


def _perform(job: Job) -> None:
    """Run a command on inputs that are as they were made, and record how its outputs were made."""
    run = job.run
    _load(job.stage, job.command)(job)
    record_outputs(run, job.outputs.values(), job.warnings)


def _run_for_people(options: argparse.Namespace) -> int:
    """Run a command that is for people, which prints and makes nothing."""
    try:
        _FOR_PEOPLE[options.command](options)
    except BrokenPipeError:
        # Whoever reads, such as `head`, has seen enough; Python would complain at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    except (StudyError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


# The commands for people, each a module of its name.
_FOR_PEOPLE: dict[str, Callable[[argparse.Namespace], None]] = {
    "lineage": lambda given: _module("lineage").lineage(given.file, given.json),
    "plan": lambda given: _module("plan").plan(
        given.configfile, given.config, given.cores, given.texts, given.measure
    ),
    "follow": lambda given: _module("follow").follow(given.configfile, given.config, given.watch),
}


def _load(stage: str, command: str) -> Command:
    # Importing transformers makes a million objects that live as long as the process: looking
    # them over for garbage costs a second at the start and one more at the end.
    gc.disable()
    module = _module(stage)
    gc.freeze()
    gc.enable()
    found: Command = getattr(module, command.replace("-", "_"))
    return found


def _module(stage: str) -> Any:
    return importlib.import_module(f"bias_transfer.commands.{stage}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bias-transfer",
        description="What a study will take, how far it is, and how a file was made; the rules of "
        "the workflow call the other commands.",
    )
    chosen = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = chosen.add_parser("lineage", help="tell how a file of the study was made")
    asked.add_argument("file", type=Path)
    asked.add_argument("--json", action="store_true", help="the whole records")
    study = [_study_options()]
    asked = chosen.add_parser(
        "plan", parents=study, help="tell what a study will take: models, hours, disk"
    )
    asked.add_argument("--cores", type=int, help="models that train side by side without a GPU")
    asked.add_argument(
        "--texts",
        **_MANY,
        metavar="TASK=N",
        help="how many texts a task has, where that is not known before they are fetched",
    )
    asked.add_argument(
        "--measure", action="store_true", help="try some steps of training; takes a minute"
    )
    asked = chosen.add_parser("follow", parents=study, help="tell how far a running study is")
    asked.add_argument(
        "--watch",
        type=float,
        nargs="?",
        const=5.0,
        metavar="SECONDS",
        help="look again every so many seconds, until all models are done",
    )
    job = [_job_options()]
    for command in (each for commands in STAGES.values() for each in commands):
        chosen.add_parser(command, parents=job)
    return parser


# One or more values, in one place or in several.
_MANY: dict[str, Any] = {"nargs": "+", "action": "extend", "default": []}


def _study_options() -> argparse.ArgumentParser:
    """Return what a command for people is told of a study, in Snakemake's words."""
    parser = argparse.ArgumentParser(add_help=False)
    add = parser.add_argument
    add("--configfile", type=Path, **_MANY, help="files laid over config.yaml, as for snakemake")
    add("--config", **_MANY, metavar="KEY=VALUE", help="laid over them, as for snakemake")
    return parser


def _job_options() -> argparse.ArgumentParser:
    """Return what a rule tells its command."""
    parser = argparse.ArgumentParser(add_help=False)
    add = parser.add_argument
    add("--settings", default="{}", help="the config's part, as JSON")
    add("--checks", default="{}", help="what is checked and changes no result")
    add("--log", type=Path, help="where progress and tracebacks go")
    add("--input", nargs="+", action="append", default=[], metavar=("NAME", "PATH"))
    add("--output", nargs=2, action="append", default=[], metavar=("NAME", "PATH"))
    add("--plugins", nargs="*", default=[], help="the plug-ins that the command uses, by name")
    checkpoints = "time between two training checkpoints; 0 for none"
    add("--checkpoint-seconds", type=int, default=0, help=checkpoints)
    add("--tensorboard", type=int, default=0, help="1: trainings leave curves for TensorBoard")
    add("--tensorboard-folder", type=Path, help="where, in the folder of the results")
    add("--gpus", type=int, default=0, help="GPUs to use; without, none is seen")
    add("--gpu-share", type=int, default=1, help="jobs that may share a GPU")
    add("--batch-size", type=int, default=256, help="texts scored in one step")
    return parser


class _Log(logging.FileHandler):
    """A log file that may fill its disk: the job goes on, for its result is what counts."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say once that there is no more log."""
        logging.getLogger().removeHandler(self)
        logging.getLogger().addHandler(logging.NullHandler())
        print(f"warning: {self.baseFilename}: the log cannot be written", file=sys.stderr)


def _start_log(path: Path | None) -> None:
    logging.captureWarnings(True)
    logging.basicConfig(
        level=logging.INFO,
        handlers=[_log_handler(path)],
        format="%(asctime)s %(name)s: %(message)s",
    )
    logger.setLevel(logging.DEBUG)
    # It tells of every glyph that goes into a PDF.
    logging.getLogger("fontTools").setLevel(logging.WARNING)


def _log_handler(path: Path | None) -> logging.Handler:
    if path is None:
        return logging.StreamHandler(sys.stderr)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _Log(path, mode="w", encoding="utf-8")
    except OSError:
        # The traceback of this, which belongs into a log, must not go to the terminal either.
        logging.getLogger().addHandler(logging.NullHandler())
        raise


def _in_words(error: Exception) -> str:
    if isinstance(error, StudyError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}"


def _fail(message: str, log: Path | None) -> int:
    line = " ".join(message.split())
    logger.error("%s%s", FAILED, line)
    where = f" (log: {log})" if log is not None else ""
    print(f"error: {line}{where}", file=sys.stderr)
    return 1


def _stop(number: int, frame: FrameType | None) -> None:
    # Unwind, so that temporary files go; a SIGKILL leaves them, and nothing trusts them.
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
