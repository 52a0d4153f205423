"""Gaussian noise on the word embeddings, within their range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from bias_transfer.section import DISTINCT, Section
from bias_transfer.upstream import Method, Request, Variant
from bias_transfer.upstream._noise import add_noise, gaussian_noise, noise_variants
from bias_transfer.upstream._settings import PositiveStrength, Trials

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Settings(Section):
    """Gaussian noise on the word embeddings: every entry moves by a normal draw."""

    standard_deviations: Annotated[list[PositiveStrength], DISTINCT] = [0.1]
    """Standard deviations σ."""
    trials: Trials = 2
    """How many checkpoints for each."""


def variants(settings: Settings) -> tuple[Variant, ...]:
    """Return one variant a strength and trial."""
    return noise_variants("gaussian", "s", settings.standard_deviations, settings.trials)


def apply(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: Request
) -> PreTrainedModel:
    """Add noise from N(0, σ²)."""
    shape = model.get_input_embeddings().weight.shape
    noise = gaussian_noise(shape, request.variant.strength, request.seed)
    return add_noise(model, tokenizer, noise)


METHOD = Method(
    order=30,
    title="Gaussian noise",
    group="Noise added",
    with_unmodified=True,
    pretrained=True,
    symbol="σ",
    settings=Settings,
    variants=variants,
    apply=apply,
)
