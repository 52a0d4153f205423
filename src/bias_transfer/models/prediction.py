"""Predict with a classifier; apart from training, whose imports take half a second more."""

import itertools

import numpy as np
import torch
from transformers import PreTrainedModel

from bias_transfer.errors import StudyError
from bias_transfer.models.encoded import Encoded
from bias_transfer.models.families import longest_text
from bias_transfer.models.sequences import batches, distinct


@torch.inference_mode()
def predict(model: PreTrainedModel, encoded: Encoded, padding: int, batch_size: int) -> np.ndarray:
    """Return the class probabilities of each text, shape (texts, classes).

    Parameters
    ----------
    model
        A classifier in evaluation mode, on its device.
    encoded
        The texts, no longer than the model has positions for.
    padding
        The id of the token that fills up.
    batch_size
        Distinct texts a step.

    Raises
    ------
    StudyError
        If a probability is not finite: the training diverged.
    """
    ids = (encoded.tokens[first:end].tobytes() for first, end in itertools.pairwise(encoded.bounds))
    firsts, numbers = distinct(ids, encoded.lengths)
    probabilities = np.empty((len(firsts), model.config.num_labels))
    for rows in batches(encoded.lengths[firsts], batch_size):
        batch = encoded.padded(firsts[rows], padding)
        logits = model(**{name: each.to(model.device) for name, each in batch.items()}).logits
        probabilities[rows] = logits.to(torch.float64).softmax(-1).cpu().numpy()
    if not np.isfinite(probabilities).all():
        raise StudyError(
            "the classifier predicts numbers that are not finite: its training diverged; lower "
            "training.learning_rate"
        )
    return np.asarray(probabilities[numbers])


def require_positions(model: PreTrainedModel, maximum_length: int) -> None:
    """Refuse to keep more tokens of a text than the model has positions for."""
    positions = longest_text(model.config.to_dict(), "the classifier")
    if maximum_length > positions:
        raise StudyError(
            f"config key maximum_length: {maximum_length} tokens, but the checkpoint has "
            f"{positions} positions"
        )
