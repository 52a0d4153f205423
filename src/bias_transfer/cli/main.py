"""`bias-transfer COMMAND`: find the command, keep its log, and say in one line what went wrong."""

import argparse
import errno
import gc
import importlib
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from bias_transfer.cli.gpu_slots import VISIBLE, gpu_slots
from bias_transfer.cli.job import Command, Job
from bias_transfer.cli.lifetime import end_with_workflow
from bias_transfer.errors import StudyError

# Each command's stage is a module of this package, and the command a function of that module.
# Only the stage asked for is imported: torch and transformers take seconds.
STAGES = {
    "data": (
        "fetch-detox",
        "fetch-identity-templates",
        "prepare-bios",
        "prepare-wiki",
        "prepare-identity-templates",
        "prepare-corpus",
        "prepare-sentiment",
        "alter-data",
    ),
    "checkpoints": (
        "prepare-checkpoint",
        "randomise-checkpoint",
        "add-noise",
        "debias-word-embeddings",
        "debias-hidden-states",
    ),
    "sentiment": ("prepare-sentiment-classifier",),
    "finetune": ("fine-tune",),
    "scoring": ("score-upstream", "score-fine-tuned"),
    "extrinsic": ("observe-bios", "observe-wiki"),
    "analysis": ("correlate", "regress"),
    "figures": ("draw",),
    "release": ("release",),
}

logger = logging.getLogger("bias_transfer")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 after one line on standard error."""
    end_with_workflow()
    options = _parser().parse_args(arguments)
    _start_log(options.log)
    signal.signal(signal.SIGTERM, _stop)
    job = Job(
        settings=json.loads(options.settings),
        inputs={name: [Path(path) for path in paths] for name, *paths in options.input},
        outputs={name: Path(path) for name, path in options.output},
        checkpoint_seconds=options.checkpoint_seconds,
    )
    try:
        with gpu_slots(options.gpus):
            if VISIBLE in os.environ:
                logger.info("%s=%s", VISIBLE, os.environ[VISIBLE])
            _load(options.command)(job)
    except StudyError as error:
        logger.debug("where it was noticed", exc_info=True)
        return _fail(str(error), options.log)
    except KeyboardInterrupt:
        return _fail(f"{options.command} was interrupted; run snakemake again to go on", None)
    except OSError as error:
        logger.exception("unexpected")
        if error.errno == errno.ENOSPC:
            return _fail("the disk is full; free some space and run snakemake again", options.log)
        return _fail(f"{type(error).__name__}: {error}", options.log)
    except Exception as error:
        logger.exception("unexpected")
        return _fail(f"unexpected {type(error).__name__}: {error}", options.log)
    return 0


def _load(command: str) -> Command:
    stage = next(stage for stage, commands in STAGES.items() if command in commands)
    # Importing transformers makes a million objects that live as long as the process: looking
    # them over for garbage costs a second at the start and one more at the end.
    gc.disable()
    module = importlib.import_module(f"bias_transfer.cli.{stage}")
    gc.freeze()
    gc.enable()
    found: Command = getattr(module, command.replace("-", "_"))
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bias-transfer",
        description="The commands that the rules of the workflow call; see the README.",
    )
    parser.add_argument("command", choices=[c for commands in STAGES.values() for c in commands])
    parser.add_argument("--settings", default="{}", help="the config's part, as JSON")
    parser.add_argument("--log", type=Path, help="where progress and tracebacks go")
    parser.add_argument("--input", nargs="+", action="append", default=[], metavar=("NAME", "PATH"))
    parser.add_argument("--output", nargs=2, action="append", default=[], metavar=("NAME", "PATH"))
    parser.add_argument(
        "--checkpoint-seconds",
        type=int,
        default=0,
        help="time between two training checkpoints; 0 for none",
    )
    parser.add_argument("--gpus", type=int, default=0, help="GPUs to use; without, none is seen")
    return parser


def _start_log(path: Path | None) -> None:
    logging.captureWarnings(True)
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    logging.basicConfig(
        level=logging.INFO, handlers=[handler], format="%(asctime)s %(name)s: %(message)s"
    )
    logger.setLevel(logging.DEBUG)
    # It tells of every glyph that goes into a PDF.
    logging.getLogger("fontTools").setLevel(logging.WARNING)


def _fail(message: str, log: Path | None) -> int:
    line = " ".join(message.split())
    logger.error("%s", line)
    where = f" (log: {log})" if log is not None else ""
    print(f"error: {line}{where}", file=sys.stderr)
    return 1


def _stop(number: int, frame: FrameType | None) -> None:
    # Unwind, so that temporary files go; a SIGKILL leaves them, and nothing trusts them.
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
