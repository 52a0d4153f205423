"""What an erasure takes out of vectors: one form for all, in arrays; needs numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Erasure:
    """The map x ↦ x − Σ⟨x − c, r⟩ a, over pairs of a row r that is read and a row a taken away.

    Attributes
    ----------
    reads
        Rows r: what is read off a vector, shape (directions, width).
    removes
        Rows a: what is taken away for each, shape (directions, width).
    centre
        c: the vector that stays where it is, shape (width,).
    """

    reads: np.ndarray
    removes: np.ndarray
    centre: np.ndarray

    def __post_init__(self) -> None:
        if self.reads.ndim != 2 or not (
            self.reads.shape == self.removes.shape and self.centre.shape == self.reads.shape[1:]
        ):
            shapes = [each.shape for each in (self.reads, self.removes, self.centre)]
            raise ValueError(f"reads, removes and centre of shapes that do not fit: {shapes}")

    @classmethod
    def of_subspace(cls, directions: np.ndarray, gamma: float = 1.0) -> Erasure:
        """Return h − γ Σ⟨h, v⟩ v.

        γ = 0 changes nothing, γ = 1 projects onto the complement, a negative γ amplifies.

        Parameters
        ----------
        directions
            Orthonormal rows v, shape (directions, width).
        gamma
            How much of the component to take away.
        """
        return cls(directions, gamma * directions, np.zeros(directions.shape[1]))
