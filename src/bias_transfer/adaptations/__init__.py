"""How hard fine-tuning may overwrite a checkpoint: what of it is trained, one way a file.

An adaptation is a module that declares `ADAPTATION = Adaptation(...)`. Grid, config, rules and
tables learn of it from there. Its module is imported to read the config, so it imports torch inside
its functions.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bias_transfer import plugins
from bias_transfer.section import Section

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Operations:
    """What training costs, in operations for each token and parameter of the encoder's layers.

    A pass forwards is a multiplication and an addition; a pass backwards as much for the gradient
    of what a layer is given, and as much again for that of its weights.

    Attributes
    ----------
    once, epoch
        Before the first epoch, and in each.
    """

    once: float = 0
    epoch: float = 6


@dataclass(frozen=True)
class Adaptation:
    """One way of fine-tuning, as the rest of the study learns of it.

    Attributes
    ----------
    order
        Its place in the grid, in tables and in legends, from what may overwrite most; equal ones
        go by name.
    title
        In words, as tables and figures print it: "Full fine-tuning".
    settings
        Its section of the config, `adaptations.<name>`; has a default for every key. A key that the
        training of a task has too, such as `learning_rate`, holds in the task's place.
    adapting
        From a new classifier, on its device, and the settings to a block. Within it the parameters
        that require a gradient are those to train, modules that the adaptation adds among them;
        behind it the same object is an ordinary classifier, with what was trained. Torch has been
        seeded for what is drawn.
    operations
        What it costs, for the plan of a study; all weights trained, unless it says otherwise.
    """

    order: int
    title: str
    settings: type[Section]
    adapting: Callable[[PreTrainedModel, Any], AbstractContextManager[None]]
    operations: Operations = Operations()


def adaptation(name: str) -> Adaptation:
    """Return an adaptation by its name."""
    found: Adaptation = plugins.declared(__name__, name, "ADAPTATION")
    return found


def adaptations() -> dict[str, Adaptation]:
    """Return every adaptation by its name, in their order."""
    return plugins.in_order({name: adaptation(name) for name in plugins.names(__name__)})
