"""Taking a component out of vectors; needs torch, and no transformers."""

import numpy as np
import torch


def remove_component(
    vectors: torch.Tensor, subspace: np.ndarray | torch.Tensor, gamma: float
) -> torch.Tensor:
    """Take γ times the component in a subspace away from each row: h − γ Σ⟨h, v⟩ v.

    γ = 0 changes nothing, γ = 1 projects onto the complement, a negative γ amplifies.

    Parameters
    ----------
    vectors
        Shape (…, width).
    subspace
        Orthonormal rows, shape (directions, width).
    gamma
        How much of the component to take away.
    """
    directions = torch.as_tensor(subspace, dtype=torch.float64, device=vectors.device)
    exact = vectors.to(torch.float64)
    return (exact - gamma * (exact @ directions.T) @ directions).to(vectors.dtype)
