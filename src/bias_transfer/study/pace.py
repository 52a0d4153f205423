"""How fast this machine trains a model of a size: by plain products, or by some real steps.

It imports no torch unless some steps are tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bias_transfer.adaptations import Operations
from bias_transfer.errors import counted
from bias_transfer.models.shape import Shape
from bias_transfer.runtime.products import products_a_second
from bias_transfer.study.config import Study
from bias_transfer.study.plan import Range, Texts, divided, fine_tuning

# Training reaches this share of the operations a second that plain products of the same widths do:
# the less, the narrower the model (docs/following.md).
_OF_PRODUCTS = Range(0.35, 1.0)
# As exactly as a trial of some steps foretells thousands.
_OF_TRIAL = Range(0.75, 1.15)
_TRIAL_TOKENS, _TRIAL_SECONDS = 1024, 0.3


@dataclass(frozen=True)
class Rate:
    """Operations a second of a model that trains, and how they are known.

    Attributes
    ----------
    operations, alone
        Of one of several that train at the same time; of one that trains by itself, as the
        pre-training does.
    said
        How they are known.
    """

    operations: Range | None
    alone: Range | None
    said: str


def tried(study: Study, shape: Shape, texts: Mapping[str, Texts | None]) -> Rate:
    """Return the rate of some steps of the first task's training, all weights trained."""
    from bias_transfer.models.trial import seconds_a_step

    task = next(iter(study.tasks))
    section = study.tasks[task]
    size = section.training.batch_size
    known = texts[task] or divided(size, 0, 0, section.maximum_length)
    length = Range(max(2, known.tokens.low), known.tokens.high)
    each, steps, device = seconds_a_step(shape, size, round(length.low), round(length.high))
    mean = (length.low + length.high) / 2
    training = section.training.model_copy(update={"epochs": 1})
    work = fine_tuning(Texts(size, 0, 0, Range(mean, mean), True), training, shape, Operations())
    rate = work.low / each
    return Rate(
        _OF_TRIAL.times(rate),
        _OF_TRIAL.times(rate),
        f"{device} tried {counted(steps, 'step')} of {task}, {size} texts of a model of this size: "
        f"{each:.3g} s a step, {short(rate)} operations a second, and as fast is assumed to "
        f"{100 * (1 - _OF_TRIAL.low):.0f} %; one model alone",
    )


def timed(shape: Shape | None, at_once: int, gpus: int) -> Rate:
    """Return the rate by plain products of the same widths, where the model trains on a CPU.

    Parameters
    ----------
    shape
        The size of the model; None where it is not known.
    at_once
        Models that train at the same time.
    gpus
        Devices of this machine, which products on the CPU say nothing of.
    """
    if shape is None:
        return Rate(None, None, "the size of the model is not known")
    if gpus:
        return Rate(None, None, "a GPU has not been tried; `--measure` takes a minute to do so")
    widths = (_TRIAL_TOKENS, shape.hidden, shape.intermediate)
    alone = products_a_second(*widths, 1, _TRIAL_SECONDS)
    found = products_a_second(*widths, at_once, _TRIAL_SECONDS) if at_once > 1 else alone
    return Rate(
        _OF_PRODUCTS.times(found),
        _OF_PRODUCTS.times(alone),
        f"products of {shape.hidden} × {shape.intermediate} were timed: {short(found)} operations "
        f"a second each, {at_once} at a time, and {short(alone)} alone; training reaches "
        f"{100 * _OF_PRODUCTS.low:.0f} % to {100 * _OF_PRODUCTS.high:.0f} % of that; other work "
        "on this machine at this moment is in it",
    )


def short(number: float) -> str:
    """Return a number in words: "124.6 million"."""
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if number >= size:
            return f"{number / size:.4g} {name}"
    return f"{number:,.0f}"
