"""The subspace of a bias, from the embeddings of paired sentences."""

import numpy as np

from bias_transfer.errors import StudyError


def bias_subspace(female: np.ndarray, male: np.ndarray, components: int) -> np.ndarray:
    """Estimate the gender subspace from the embeddings of paired sentences.

    Embeddings are normalised, each pair is centred on its own mean, both members are stacked, and
    the first principal components are taken. Centring on the pair's mean, rather than taking plain
    differences, is what keeps the direction itself: the PCA of differences would centre it away.

    Parameters
    ----------
    female, male
        Shape (pairs, width), at least as many pairs as components.
    components
        k, the dimension of the subspace.

    Returns
    -------
    numpy.ndarray
        Orthonormal rows, shape (k, width).

    Raises
    ------
    StudyError
        If there are more components than dimensions, or all pairs are equal.
    """
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


def _normalised(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))
