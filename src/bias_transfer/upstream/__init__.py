"""What is done to a checkpoint before fine-tuning, one method a file.

A method is a module that declares `METHOD = Method(...)`; modules whose name starts with an
underscore hold what several methods share. Grid, config, rules, tables and figures learn of it from
there. A method module is imported to read the config, so it imports torch inside its functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bias_transfer import plugins
from bias_transfer.section import Section

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Variant:
    """One altered checkpoint.

    Attributes
    ----------
    kind
        The method's name; `pretrained` is the unmodified checkpoint.
    strength
        Such as the half-width c of uniform noise; None where the method has none.
    trial
        Counts from 1 for the randomised methods; None for the others.
    letter
        Stands before the strength in the id.
    """

    kind: str
    strength: float | None = None
    trial: int | None = None
    letter: str = ""

    @property
    def id(self) -> str:
        """The name of its folder, such as `uniform-c0.5-t1` or `sentdebias-g-50`."""
        parts = [self.kind]
        if self.strength is not None:
            # "1e+06" would bring in a sign that is not for folders.
            parts.append(f"{self.letter}{self.strength:g}".replace("+", ""))
        if self.trial is not None:
            parts.append(f"t{self.trial}")
        return "-".join(parts)


PRETRAINED = Variant("pretrained")


@dataclass(frozen=True)
class Request:
    """What a method is asked to do to a checkpoint.

    Attributes
    ----------
    variant
        Which of its variants.
    settings
        The method's section of the config.
    seed
        Of its random numbers; torch has been seeded with it too.
    texts
        The corpus, for a method that needs it; else empty.
    """

    variant: Variant
    settings: Any
    seed: int
    texts: Sequence[str] = ()


Apply = Callable[["PreTrainedModel", "PreTrainedTokenizerBase", Request], "PreTrainedModel"]


@dataclass(frozen=True)
class Method:
    """One way of altering a checkpoint, as the rest of the study learns of it.

    Attributes
    ----------
    order
        Its place in the grid, in tables and in legends; equal ones go by name.
    title
        In words, as tables and figures print it: "Uniform noise".
    group
        The models that a regression is fitted on together: "Noise added".
    with_unmodified
        Whether the unmodified model belongs to that group.
    pretrained
        Whether its checkpoints still hold what the pre-training taught.
    symbol
        Of the strength, as it is printed: "c"; empty without one.
    settings
        Its section of the config, `upstream.<name>`; has a default for every key.
    axes
        Keys of the settings that only say which variants there are: a job for one of them does not
        depend on the others.
    variants
        From the settings to the variants, in their order.
    apply
        From a loaded masked language model in evaluation mode and its tokenizer to the altered
        model, which may be the same object, changed in place.
    needs
        "corpus": the pre-training corpus, in `Request.texts`.
    """

    order: int
    title: str
    group: str
    with_unmodified: bool
    pretrained: bool
    symbol: str
    settings: type[Section]
    axes: frozenset[str]
    variants: Callable[[Any], tuple[Variant, ...]]
    apply: Apply
    needs: frozenset[str] = frozenset()


def method(name: str) -> Method:
    """Return a method by its name."""
    found: Method = plugins.declared(__name__, name, "METHOD")
    return found


def methods() -> dict[str, Method]:
    """Return every method by its name, in their order."""
    found = {name: method(name) for name in plugins.names(__name__)}
    return dict(sorted(found.items(), key=lambda each: (each[1].order, each[0])))
