"""How good a classifier is at all, beside the majority class."""

import numpy as np


def performance(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """Return accuracy, the majority class's accuracy, and macro-averaged F1.

    F1 of a class is 2 TP / (2 TP + FP + FN); a class that is never predicted counts as zero.

    Parameters
    ----------
    labels, predictions
        True and predicted classes, at least one row.
    """
    classes, counts = np.unique(labels, return_counts=True)
    scores = []
    for each in classes:
        hits = int(((labels == each) & (predictions == each)).sum())
        scores.append(2 * hits / int((labels == each).sum() + (predictions == each).sum()))
    return {
        "accuracy": float((labels == predictions).mean()),
        "majority_accuracy": float(counts.max() / counts.sum()),
        "macro_f1": float(np.mean(scores)),
    }
