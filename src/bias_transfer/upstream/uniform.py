"""Uniform noise on the word embeddings, within their range."""

from typing import Annotated

from pydantic import Field

from bias_transfer.section import DISTINCT, Section
from bias_transfer.upstream import Method, Variant
from bias_transfer.upstream._noise import adding, noise_variants, uniform_noise
from bias_transfer.upstream._settings import PositiveStrength, Trials


class Settings(Section):
    """Uniform noise on the word embeddings: every entry moves by up to c either way."""

    half_widths: Annotated[list[PositiveStrength], DISTINCT] = Field([0.2])
    """Half-widths c."""
    trials: Trials = 1
    """How many checkpoints for each."""


def variants(settings: Settings) -> tuple[Variant, ...]:
    """Return one variant a strength and trial."""
    return noise_variants("uniform", "c", settings.half_widths, settings.trials)


METHOD = Method(
    order=20,
    title="Uniform noise",
    group="Noise added",
    with_unmodified=True,
    pretrained=True,
    symbol="c",
    settings=Settings,
    axes=frozenset({"half_widths", "trials"}),
    variants=variants,
    apply=adding(uniform_noise),
    words_only=True,
)
