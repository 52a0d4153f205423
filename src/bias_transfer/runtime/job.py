"""What a rule hands to a command: settings, input paths and output paths."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bias_transfer.runtime.lineage import Run, start_run
from bias_transfer.runtime.notices import warn
from bias_transfer.runtime.provenance import code_digest


@dataclass(frozen=True)
class Job:
    """One call of a command.

    Attributes
    ----------
    settings
        The part of the config that the command needs, and nothing more: a change elsewhere must
        not rerun it.
    inputs, outputs
        Paths by name.
    command, stage
        The command's name, and that of the module that it is a function of.
    plugins
        The plug-ins that the command uses, such as `upstream.uniform`.
    checks
        What is checked and changes no result: neither recorded nor a reason to run again.
    checkpoint_seconds
        Time between two training checkpoints, 0 for none; it changes no result.
    gpu_share
        Jobs that share a GPU; it changes no result.
    batch_size
        Texts that are scored in one step; it changes no result.
    tensorboard
        The folder, in that of the results, below which trainings leave curves for TensorBoard; None
        for none. It changes no result.
    warnings
        What has been warned of so far.
    """

    settings: dict[str, Any]
    inputs: dict[str, list[Path]]
    outputs: dict[str, Path]
    command: str = ""
    stage: str = ""
    plugins: tuple[str, ...] = ()
    checks: dict[str, Any] = field(default_factory=dict)
    checkpoint_seconds: int = 0
    gpu_share: int = 1
    batch_size: int = 256
    tensorboard: Path | None = None
    warnings: list[str] = field(default_factory=list)

    @cached_property
    def run(self) -> Run:
        """What the outputs depend on, each input hashed once: refused if not as it was made."""
        paths = (path for given in self.inputs.values() for path in given)
        code = code_digest(self.stage, self.plugins)
        return start_run(self.command, code, self.settings, paths)

    def warn(self, message: str) -> None:
        """Say what is not wrong but may not be meant: now, and in the record of each output."""
        self.warnings.append(message)
        warn(message)

    def input(self, name: str) -> Path:
        """Return the one path of an input."""
        (path,) = self.inputs[name]
        return path

    def output(self, name: str) -> Path:
        """Return the path of an output."""
        return self.outputs[name]


Command = Callable[[Job], None]
