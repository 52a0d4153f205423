"""Predict with a classifier; apart from training, whose imports take half a second more."""

import numpy as np
import torch
from transformers import PreTrainedModel

from bias_transfer.errors import StudyError
from bias_transfer.models.encoded import Encoded
from bias_transfer.models.families import longest_text


@torch.inference_mode()
def predict(model: PreTrainedModel, encoded: Encoded, padding: int, batch_size: int) -> np.ndarray:
    """Return the class probabilities of each text, shape (texts, classes).

    Parameters
    ----------
    model
        A classifier in evaluation mode, on its device.
    encoded
        The texts.
    padding
        The id of the token that fills a batch up.
    batch_size
        Texts a step.

    Raises
    ------
    StudyError
        If a probability is not finite: the training diverged.
    """
    # Texts of like length share a batch: less padding, and the same numbers.
    order = np.argsort(encoded.lengths, kind="stable")
    probabilities = np.empty((len(encoded), model.config.num_labels))
    for start in range(0, len(encoded), batch_size):
        rows = order[start : start + batch_size]
        batch = {
            name: values.to(model.device) for name, values in encoded.padded(rows, padding).items()
        }
        logits = model(**batch).logits.to(torch.float64)
        probabilities[rows] = logits.softmax(-1).cpu().numpy()
    if not np.isfinite(probabilities).all():
        raise StudyError(
            "the classifier predicts numbers that are not finite: its training diverged; lower "
            "training.learning_rate"
        )
    return probabilities


def checked_length(model: PreTrainedModel, maximum_length: int) -> int:
    """Return the tokens to keep of a text, refusing more than the model has positions for."""
    positions = longest_text(model.config.to_dict(), "the classifier")
    if maximum_length > positions:
        raise StudyError(
            f"config key maximum_length: {maximum_length} tokens, but the checkpoint has "
            f"{positions} positions"
        )
    return maximum_length
