"""An erasure at work on tensors; needs torch, and no transformers."""

import numpy as np
import torch

from bias_transfer.models.erasure import Erasure


class Projection(torch.nn.Module):
    """An erasure as a part of a model: from vectors, shape (…, width), to what is left of them.

    Computed in double precision, returned as the vectors were.

    Parameters
    ----------
    erasure
        What is taken out of each vector.
    """

    reads: torch.Tensor
    removes: torch.Tensor
    centre: torch.Tensor

    def __init__(self, erasure: Erasure) -> None:
        super().__init__()
        self.erasure = erasure
        # Buffers: they go where the model goes, and a recorded step finds them there. They have a
        # file of their own, and no place among the weights.
        for name in ("reads", "removes", "centre"):
            exact = torch.tensor(np.asarray(getattr(erasure, name)), dtype=torch.float64)
            self.register_buffer(name, exact, persistent=False)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return x − Σ⟨x − c, r⟩ a for each vector x."""
        exact = vectors.to(torch.float64)
        return (exact - (exact - self.centre) @ self.reads.T @ self.removes).to(vectors.dtype)
