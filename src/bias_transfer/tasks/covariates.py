"""What the training data say about each occupation and each identity term."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bias_transfer.tasks.cells import ratio


def occupation_covariates(
    labels: np.ndarray, groups: np.ndarray, *, occupations: Sequence[str]
) -> pd.DataFrame:
    """Return the share of women among each occupation's biographies: `prevalence_she`."""
    rows = [
        (
            occupation,
            int((labels == occupation).sum()),
            ratio(
                int(((labels == occupation) & (groups == "female")).sum()),
                int((labels == occupation).sum()),
            ),
        )
        for occupation in occupations
    ]
    return pd.DataFrame(rows, columns=["occupation", "training_rows", "prevalence_she"])


def term_covariates(
    toxic: np.ndarray, length: np.ndarray, mentioned: np.ndarray, *, terms: Sequence[str]
) -> pd.DataFrame:
    """Describe the comments that mention each term.

    Parameters
    ----------
    toxic
        Booleans, one a training comment.
    length
        Characters of each comment.
    mentioned
        Shape (comments, terms).
    terms
        The columns of `mentioned`.

    Returns
    -------
    pandas.DataFrame
        One row a term: `training_mentions`, `prevalence` (share of all comments), `toxic_share`
        (of the mentions; missing without mentions) and `toxic_length` (mean characters of the
        toxic mentions; missing without any).
    """
    rows = []
    for column, term in enumerate(terms):
        inside = mentioned[:, column]
        both = inside & toxic
        rows.append(
            (
                term,
                int(inside.sum()),
                ratio(int(inside.sum()), len(toxic)),
                ratio(int(both.sum()), int(inside.sum())),
                ratio(float(length[both].sum()), int(both.sum())),
            )
        )
    return pd.DataFrame(
        rows,
        columns=["identity_term", "training_mentions", "prevalence", "toxic_share", "toxic_length"],
    )
