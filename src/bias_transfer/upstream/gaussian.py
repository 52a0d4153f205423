"""Gaussian noise on the word embeddings, within their range."""

from typing import Annotated

from pydantic import Field

from bias_transfer.section import DISTINCT, Section
from bias_transfer.upstream import Method, Variant
from bias_transfer.upstream._noise import adding, gaussian_noise, noise_variants
from bias_transfer.upstream._settings import PositiveStrength, Trials


class Settings(Section):
    """Gaussian noise on the word embeddings: every entry moves by a normal draw."""

    standard_deviations: Annotated[list[PositiveStrength], DISTINCT] = Field([0.1])
    """Standard deviations σ."""
    trials: Trials = 1
    """How many checkpoints for each."""


def variants(settings: Settings) -> tuple[Variant, ...]:
    """Return one variant a strength and trial."""
    return noise_variants("gaussian", "s", settings.standard_deviations, settings.trials)


METHOD = Method(
    order=30,
    title="Gaussian noise",
    group="Noise added",
    with_unmodified=True,
    pretrained=True,
    symbol="σ",
    settings=Settings,
    axes=frozenset({"standard_deviations", "trials"}),
    variants=variants,
    apply=adding(gaussian_noise),
    words_only=True,
)
