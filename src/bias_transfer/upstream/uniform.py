"""Uniform noise on the word embeddings, within their range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from bias_transfer.section import DISTINCT, Section
from bias_transfer.upstream import Method, Request, Variant
from bias_transfer.upstream._noise import add_noise, uniform_noise, noise_variants
from bias_transfer.upstream._settings import PositiveStrength, Trials

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Settings(Section):
    """Uniform noise on the word embeddings: every entry moves by up to c either way."""

    half_widths: Annotated[list[PositiveStrength], DISTINCT] = [0.2]
    """Half-widths c."""
    trials: Trials = 2
    """How many checkpoints for each."""


def variants(settings: Settings) -> tuple[Variant, ...]:
    """Return one variant a strength and trial."""
    return noise_variants("uniform", "c", settings.half_widths, settings.trials)


def apply(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: Request
) -> PreTrainedModel:
    """Add noise from U(−c, c)."""
    shape = model.get_input_embeddings().weight.shape
    noise = uniform_noise(shape, request.variant.strength, request.seed)
    return add_noise(model, tokenizer, noise)


METHOD = Method(
    order=20,
    title="Uniform noise",
    group="Noise added",
    with_unmodified=True,
    pretrained=True,
    symbol="c",
    settings=Settings,
    variants=variants,
    apply=apply,
)
