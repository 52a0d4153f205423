"""Predict with a classifier; apart from training, whose imports take half a second more."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from bias_transfer.errors import StudyError
from bias_transfer.models.families import longest_text


@torch.inference_mode()
def predict(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    maximum_length: int,
    batch_size: int,
) -> np.ndarray:
    """Return the class probabilities of each text, shape (texts, classes).

    Raises
    ------
    StudyError
        If a probability is not finite: the training diverged.
    """
    limit = checked_length(model, maximum_length)
    ids = tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"]
    # Texts of like length share a batch: less padding, and the same numbers.
    order = np.argsort([len(each) for each in ids], kind="stable")
    probabilities = np.empty((len(ids), model.config.num_labels))
    for start in range(0, len(ids), batch_size):
        rows = order[start : start + batch_size]
        batch = tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
        logits = model(**batch.to(model.device)).logits.to(torch.float64)
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
