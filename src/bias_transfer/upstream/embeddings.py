"""Altered word embeddings: noise, and the removal of a gender subspace (Sent-Debias)."""

import re
from collections.abc import Sequence

import numpy as np
import torch

from bias_transfer.errors import StudyError
from bias_transfer.vocabularies.lexicon import GENDERED_PAIRS

_COUNTERPART = dict(GENDERED_PAIRS) | {male: female for female, male in GENDERED_PAIRS}
_FEMALE_WORDS = frozenset(female for female, _ in GENDERED_PAIRS)
_GENDERED = re.compile(rf"\b(?:{'|'.join(_COUNTERPART)})\b", re.IGNORECASE)


def noisy(embeddings: torch.Tensor, noise: torch.Tensor, padding: int) -> torch.Tensor:
    """Add noise to every entry, clip to the original range, and keep the padding row zero.

    Parameters
    ----------
    embeddings, noise
        Shape (vocabulary, hidden).
    padding
        Index of the padding row.

    Returns
    -------
    torch.Tensor
        E + noise, clipped to [min E, max E]; zero noise changes nothing but the padding row.
    """
    clipped = (embeddings + noise).clamp(embeddings.min().item(), embeddings.max().item())
    clipped[padding] = 0
    return clipped


def uniform_noise(shape: torch.Size, half_width: float, seed: int) -> torch.Tensor:
    """Draw from U(−c, c)."""
    random = torch.Generator().manual_seed(seed)
    return (torch.rand(shape, generator=random) * 2 - 1) * half_width


def gaussian_noise(shape: torch.Size, standard_deviation: float, seed: int) -> torch.Tensor:
    """Draw from N(0, σ²)."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=random) * standard_deviation


def gendered_pairs(texts: Sequence[str], maximum: int) -> list[tuple[str, str]]:
    """Find sentences with a gendered word, and write each one's counterpart.

    Every gendered word of a sentence is swapped, keeping its case; the first one tells which
    member of the pair is female.

    Parameters
    ----------
    texts
        The corpus.
    maximum
        How many pairs to keep, from the corpus's start.

    Returns
    -------
    list of tuple
        (female, male) sentences, as in Liang et al. (2020), Section 2.1.
    """
    pairs: list[tuple[str, str]] = []
    for text in texts:
        first = _GENDERED.search(text)
        if first is None:
            continue
        other = _GENDERED.sub(_swap, text)
        female = first.group().lower() in _FEMALE_WORDS
        pairs.append((text, other) if female else (other, text))
        if len(pairs) == maximum:
            break
    return pairs


def bias_subspace(female: np.ndarray, male: np.ndarray, components: int) -> np.ndarray:
    """Estimate the gender subspace from the embeddings of paired sentences.

    Embeddings are normalised, each pair is centred on its own mean, both members are stacked, and
    the first principal components are taken. Centring on the pair's mean, rather than taking plain
    differences, is what keeps the direction itself: the PCA of differences would centre it away.

    Parameters
    ----------
    female, male
        Shape (pairs, hidden).
    components
        k, the dimension of the subspace.

    Returns
    -------
    numpy.ndarray
        Orthonormal rows, shape (k, hidden).

    Raises
    ------
    StudyError
        If there are fewer pairs than components, or all pairs are equal.
    """
    if len(female) < max(2, components):
        raise StudyError(
            f"the corpus has {len(female)} sentences with a gendered word, too few for "
            "Sent-Debias; give a larger model.corpus"
        )
    female, male = _normalised(female), _normalised(male)
    half_difference = (female - male) / 2
    stacked = np.concatenate([half_difference, -half_difference])
    _, singular, directions = np.linalg.svd(stacked, full_matrices=False)
    if components > len(singular):
        raise StudyError(
            f"config key upstream.sentdebias.components: {components}, but the embeddings have "
            f"{female.shape[1]} dimensions"
        )
    if singular[components - 1] <= 1e-10 * max(1.0, singular[0]):
        raise StudyError(
            "the embeddings of the paired sentences do not differ; Sent-Debias has no direction to "
            "remove"
        )
    return np.asarray(directions[:components])


def remove_component(vectors: torch.Tensor, subspace: np.ndarray, gamma: float) -> torch.Tensor:
    """Take γ times the component in a subspace away from each row: h − γ Σ⟨h, v⟩ v.

    γ = 0 changes nothing, γ = 1 projects onto the complement, a negative γ amplifies.
    """
    directions = torch.as_tensor(subspace, dtype=torch.float64, device=vectors.device)
    exact = vectors.to(torch.float64)
    return (exact - gamma * (exact @ directions.T) @ directions).to(vectors.dtype)


def sentence_embeddings(embeddings: np.ndarray, token_ids: Sequence[Sequence[int]]) -> np.ndarray:
    """Average the word embeddings of each sentence's tokens; shape (sentences, hidden)."""
    means = np.empty((len(token_ids), embeddings.shape[1]))
    for row, ids in enumerate(token_ids):
        means[row] = embeddings[list(ids)].mean(axis=0)
    return means


def _normalised(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _swap(match: re.Match[str]) -> str:
    word = match.group()
    other = _COUNTERPART[word.lower()]
    if word.isupper() and len(word) > 1:
        return other.upper()
    return other.capitalize() if word[0].isupper() else other
