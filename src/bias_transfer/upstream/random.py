"""Every weight drawn anew: a model of the same form that has learnt nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bias_transfer.section import Section
from bias_transfer.upstream import Method, Request, Variant
from bias_transfer.upstream._settings import Trials, trials

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Settings(Section):
    """Every weight drawn anew from the checkpoint's config."""

    trials: Trials = 1
    """How many such checkpoints."""


def variants(settings: Settings) -> tuple[Variant, ...]:
    """Return one variant a trial."""
    return tuple(Variant("random", trial=trial) for trial in trials(settings.trials))


def apply(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: Request
) -> PreTrainedModel:
    """Return a new model of the same class and config."""
    import torch

    # Seeded again: loading may have used the random numbers.
    torch.manual_seed(request.seed)
    return type(model)(model.config).eval()


METHOD = Method(
    order=10,
    title="Not pre-trained",
    group="Random",
    with_unmodified=False,
    pretrained=False,
    symbol="",
    settings=Settings,
    axes=frozenset({"trials"}),
    variants=variants,
    apply=apply,
)
