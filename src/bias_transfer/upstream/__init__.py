"""What is done to a checkpoint before fine-tuning, one method a file.

A method is a module that declares `METHOD = Method(...)`; modules whose name starts with an
underscore hold what several methods share. Grid, config, rules, tables and figures learn of it from
there. A method module is imported to read the config, so it imports torch inside its functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bias_transfer import plugins
from bias_transfer.section import Section
from bias_transfer.vocabularies.entries import Term

if TYPE_CHECKING:
    import pandas as pd
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bias_transfer.models.training_checkpoints import TrainingCheckpoints


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
    terms
        For a method that needs them, the terms of each task that has some; else empty.
    checkpoints
        For a method that needs training: what an interrupted one goes on from; else None.
    """

    variant: Variant
    settings: Any
    seed: int
    texts: Sequence[str] = ()
    terms: Sequence[Sequence[Term]] = ()
    checkpoints: TrainingCheckpoints | None = None


@dataclass(frozen=True)
class Trained:
    """What a method that trains returns: the model, and what is to be kept of its training.

    Attributes
    ----------
    model
        The altered model.
    curve
        The loss of each epoch (see `models.training.train`).
    description
        What the manifest shall tell besides: plain values by name.
    """

    model: PreTrainedModel
    curve: pd.DataFrame
    description: Mapping[str, Any] = field(default_factory=dict)


Apply = Callable[
    ["PreTrainedModel", "PreTrainedTokenizerBase", Request], "PreTrainedModel | Trained"
]


def stream_of_its_own(variant: Variant) -> str:
    """Name a stream of random numbers that no other variant draws from."""
    return variant.id


def suits_every_task(settings: Any, definition: Any) -> None:
    """Refuse no settings, for no task."""


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
    instrument
        Whether it changes what the model associates and leaves the model one of the same kind, so
        that what follows downstream is an effect of the association. Noise and the dial do; a
        projection that moves a measure by more than any text could, does not.
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
    check
        Refuses settings that could not move the bias of a task, from the settings and the task's
        definition; what it raises begins with the key below the method's.
    needs
        "corpus": the pre-training corpus, in `Request.texts`; "terms": those that tasks ask about,
        in `Request.terms`; "training": a GPU if there is one, and `Request.checkpoints`.
    stream
        Names the stream of random numbers that a variant's seed is drawn from. Variants that share
        one differ by their strength and by nothing else.
    words_only
        Whether it changes no weights but the word embeddings, so that a checkpoint shares all
        others with the unmodified one; for the disk that a study takes.
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
    check: Callable[[Any, Any], None] = suits_every_task
    needs: frozenset[str] = frozenset()
    instrument: bool = True
    stream: Callable[[Variant], str] = stream_of_its_own
    words_only: bool = False


def method(name: str) -> Method:
    """Return a method by its name."""
    found: Method = plugins.declared(__name__, name, "METHOD")
    return found


def methods() -> dict[str, Method]:
    """Return every method by its name, in their order."""
    return plugins.in_order({name: method(name) for name in plugins.names(__name__)})
