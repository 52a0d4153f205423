"""INLP (Ravfogel et al. 2020): directions that tell gender, taken away one after the other."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bias_transfer.errors import StudyError, counted
from bias_transfer.models.erasure import Erasure
from bias_transfer.section import DISTINCT, Count, Section
from bias_transfer.upstream import Method, Request, Variant
from bias_transfer.upstream._erasing import Level, embedded_pairs, erase
from bias_transfer.upstream._gendered import GENDERED_PAIRS, Pairs, check_pairs
from bias_transfer.upstream._settings import strength_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

logger = logging.getLogger(__name__)

# Log odds that differ by less over the sentences tell nothing: they are what the optimiser leaves.
_NOTHING = 1e-6


class Settings(Section):
    """Iterative nullspace projection: what tells gender linearly is projected out, n times."""

    iterations: Annotated[list[Count], DISTINCT] = Field([8])
    """Numbers n of classifiers, each fitted on what the ones before it leave; fewer than the
    embeddings have dimensions."""
    level: Level = "word"
    """What is projected: the word embeddings, or the encoder's last hidden states."""
    pairs: Pairs = Field(GENDERED_PAIRS)
    """Gendered words, each swapped for its counterpart, the female one first: a list of pairs, a
    vocabulary, or a CSV file (word,counterpart)."""
    maximum_pairs: int = Field(2000, ge=2)
    """Sentences of the corpus with a gendered word to use, each with its counterpart."""


def variants(settings: Settings) -> tuple[Variant, ...]:
    """Return one variant a number of iterations."""
    return tuple(Variant("inlp", strength=count, letter="n") for count in settings.iterations)


def apply(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, request: Request
) -> PreTrainedModel:
    """Project word embeddings in place, or what the encoder gives, onto the nullspace."""
    settings: Settings = request.settings
    female, male = embedded_pairs(model, tokenizer, request)
    directions = telling_directions(female, male, int(strength_of(request.variant)))
    erase(model, Erasure.of_subspace(directions), settings.level)
    return model


def telling_directions(female: np.ndarray, male: np.ndarray, iterations: int) -> np.ndarray:
    """Find the directions by which linear classifiers tell female from male sentences.

    Each classifier is fitted on the sentences less the directions of those before it. Where one
    finds nothing to tell them by, there is nothing for the next either, and no more are fitted.

    Parameters
    ----------
    female, male
        Embeddings, shape (pairs, width), as the model has them.
    iterations
        n, the number of classifiers.

    Returns
    -------
    numpy.ndarray
        An orthonormal basis of the classifiers' weights, shape (at most n, width).

    Raises
    ------
    StudyError
        If nothing would be left, or all pairs are equal.
    """
    width = female.shape[1]
    if iterations >= width:
        raise StudyError(
            f"config key upstream.inlp.iterations: {iterations}, but the embeddings have {width} "
            f"dimensions, of which nothing would be left; give at most {width - 1}"
        )
    sentences = np.concatenate([female, male])
    is_female = np.arange(len(sentences)) < len(female)
    directions = np.empty((0, width))
    # Once more than directions are asked for: what the last classifier tells is logged only.
    for removed in range(iterations + 1):
        left = _without(sentences, directions)
        weights, intercept = logistic_regression(left, is_female)
        log_odds = left @ weights + intercept
        logger.info(
            "%s removed, a linear classifier tells the gender of %.1f %% of the sentences that it "
            "was fitted on",
            counted(removed, "direction"),
            100 * np.mean((log_odds > 0) == is_female),
        )
        if removed == iterations or np.ptp(log_odds) < _NOTHING:
            break
        # Twice: rounding leaves some of the others, the more the smaller the new one is.
        weights = _without(_without(weights, directions), directions)
        directions = np.vstack([directions, weights / np.linalg.norm(weights)])
    if not len(directions):
        raise StudyError(
            "the embeddings of the paired sentences do not differ; INLP has no direction to remove"
        )
    return directions


def logistic_regression(rows: np.ndarray, is_true: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit a logistic regression with a penalty on its weights.

    It minimises ½ ‖w‖² + Σ log(1 + exp(−s (⟨w, x⟩ + b))), where s is 1 or −1: scikit-learn's
    default, of C = 1. There is one such minimum.

    Parameters
    ----------
    rows
        Vectors x, shape (rows, width).
    is_true
        What is predicted, shape (rows,).

    Returns
    -------
    tuple
        The weights w and the intercept b.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    design = np.column_stack([rows, np.ones(len(rows))])
    sign = np.where(is_true, 1.0, -1.0)
    # The intercept is not penalised.
    penalty = np.append(np.ones(rows.shape[1]), 0.0)

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (design @ parameters)
        value = (penalty * parameters) @ parameters / 2 + np.logaddexp(0, -margin).sum()
        return float(value), penalty * parameters - design.T @ (sign * expit(-margin))

    def curvature(parameters: np.ndarray) -> np.ndarray:
        chance = expit(design @ parameters)
        return np.asarray(np.diag(penalty) + (design.T * (chance * (1 - chance))) @ design)

    # Newton's steps: embeddings are too unevenly spread for a method without the curvature.
    found = minimize(
        objective,
        np.zeros(design.shape[1]),
        jac=True,
        hess=curvature,
        method="trust-exact",
        options={"gtol": 1e-8},
    )
    return found.x[:-1], float(found.x[-1])


def _without(vectors: np.ndarray, directions: np.ndarray) -> np.ndarray:
    return np.asarray(vectors - (vectors @ directions.T) @ directions)


METHOD = Method(
    order=42,
    title="INLP",
    group="Mitigated",
    with_unmodified=True,
    pretrained=True,
    symbol="n",
    settings=Settings,
    axes=frozenset({"iterations"}),
    variants=variants,
    apply=apply,
    check=check_pairs,
    needs=frozenset({"corpus"}),
    instrument=False,
    words_only=True,
)
