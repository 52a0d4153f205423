"""Noise on the word embeddings, whichever its distribution."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bias_transfer.upstream import Apply, Request, Variant
from bias_transfer.upstream._settings import strength_of, trials

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    Draw = Callable[[torch.Size, float, int], torch.Tensor]


def noise_variants(
    kind: str, letter: str, strengths: Iterable[float], count: int
) -> tuple[Variant, ...]:
    """Return every strength with each of its trials."""
    return tuple(
        Variant(kind, strength, trial, letter)
        for strength, trial in itertools.product(strengths, trials(count))
    )


def adding(draw: Draw) -> Apply:
    """Return what adds noise from a distribution to a model's word embeddings, in place.

    Parameters
    ----------
    draw
        From the noise's shape, the variant's strength and a seed to the noise.
    """

    def apply(
        model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: Request
    ) -> PreTrainedModel:
        import torch

        embeddings = model.get_input_embeddings().weight
        noise = draw(embeddings.shape, strength_of(request.variant), request.seed)
        with torch.no_grad():
            # In place: where the output matrix is tied, it is the same tensor and must follow.
            embeddings.copy_(noisy(embeddings, noise.to(embeddings.device), tokenizer.pad_token_id))
        return model

    return apply


def noisy(embeddings: torch.Tensor, noise: torch.Tensor, padding: int | None) -> torch.Tensor:
    """Add noise to every entry, and clip to the original range.

    The padding row is no word: it stays as it was, and does not count for the range.

    Parameters
    ----------
    embeddings, noise
        Shape (vocabulary, width).
    padding
        Index of the padding row; None where there is none.

    Returns
    -------
    torch.Tensor
        E + noise, clipped to [min E, max E]; zero noise changes nothing.
    """
    import torch

    words = torch.ones(len(embeddings), dtype=torch.bool, device=embeddings.device)
    if padding is not None:
        words[padding] = False
    before = embeddings[words]
    altered = embeddings.clone()
    altered[words] = (before + noise[words]).clamp(before.min(), before.max())
    return altered


def uniform_noise(shape: torch.Size, half_width: float, seed: int) -> torch.Tensor:
    """Draw from U(−c, c)."""
    import torch

    random = torch.Generator().manual_seed(seed)
    return (torch.rand(shape, generator=random) * 2 - 1) * half_width


def gaussian_noise(shape: torch.Size, standard_deviation: float, seed: int) -> torch.Tensor:
    """Draw from N(0, σ²)."""
    import torch

    random = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=random) * standard_deviation
