"""Dropout (Webster et al. 2020): further training in which more of the model is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bias_transfer.section import DISTINCT, Section
from bias_transfer.upstream import Method, Request, Trained, Variant
from bias_transfer.upstream._continued import ContinuedTraining, kept_length, train_further
from bias_transfer.upstream._settings import strength_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Rate = Annotated[float, Field(ge=0, lt=1)]


class Settings(Section):
    """Continued pre-training on the corpus as it is, with more dropout."""

    rates: Annotated[list[Rate], DISTINCT] = Field([0, 0.2])
    """Rates p of dropout of hidden states and attention weights while it is trained further; its
    own, 0 for the small model and mostly 0.1 on the hub, is the control for the training itself."""
    maximum_length: int = Field(128, ge=8)
    """Tokens of a text that are kept, at most as many as the model has positions."""
    training: ContinuedTraining = ContinuedTraining()
    """How the checkpoint is trained further, the same for every rate."""


def variants(settings: Settings) -> tuple[Variant, ...]:
    """Return one variant a rate."""
    return tuple(Variant("dropout", rate, letter="p") for rate in settings.rates)


def apply(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: Request) -> Trained:
    """Train a copy of the model further that drops more, and give the model the copy's weights.

    The model's own rates are never touched, so that fine-tuning drops as much as it does from any
    other checkpoint.
    """
    from bias_transfer.models.dropout import own_rates, with_rate
    from bias_transfer.models.encoded import encode

    settings: Settings = request.settings
    rate = strength_of(request.variant)
    encoded = encode(tokenizer, request.texts, kept_length(model, settings.maximum_length))
    trained = with_rate(model, rate)
    curve = train_further(trained, tokenizer, encoded, settings.training, request)
    model.load_state_dict(trained.state_dict())
    return Trained(model, curve, {"dropout": {"rate": rate, "own": own_rates(model)}})


METHOD = Method(
    order=48,
    title="Dropout",
    group="Mitigated",
    with_unmodified=True,
    pretrained=True,
    symbol="p",
    settings=Settings,
    axes=frozenset({"rates"}),
    variants=variants,
    apply=apply,
    needs=frozenset({"corpus", "training"}),
    # What is dropped is not chosen by what it associates: all that is learnt changes with it.
    instrument=False,
    # One stream for all: the rate is the only thing that moves.
    stream=lambda variant: variant.kind,
)
