"""The order of the examples, and how a batch is cut into parts that need little padding."""

from collections.abc import Iterator

import numpy as np
from transformers import PreTrainedModel

from bias_transfer.models.shape import fixed_cost
from bias_transfer.seeding import generator


def overhead(model: PreTrainedModel) -> float:
    """Return what it costs to compute a part of a batch by itself, in tokens: see `fixed_cost`.

    A tiny model's batches are hardly cut, a large one's are cut fine.
    """
    encoder = model.base_model
    embeddings = encoder.get_input_embeddings().weight.numel()
    parameters: int = max(1, sum(each.numel() for each in encoder.parameters()) - embeddings)
    layers: int = model.config.num_hidden_layers
    return fixed_cost(model.device.type, layers, parameters)


def random_batches(
    lengths: np.ndarray, size: int, cost: float, seed: int, epoch: int
) -> list[list[np.ndarray]]:
    """Draw the batches of an epoch, and cut each into parts.

    Every batch is drawn at random from all that the epoch has left. Batches of texts of like length
    would need less padding still, but such batches train worse.

    Parameters
    ----------
    lengths
        Tokens of each text, shape (texts,).
    size
        Texts a batch; the last one may have fewer.
    cost
        Of a part, in tokens: see `overhead`.
    seed, epoch
        From which they are drawn.

    Returns
    -------
    list
        The parts of each batch: which texts, from short to long.
    """
    order = generator(seed, "order", epoch).permutation(len(lengths))
    whole = len(order) // size * size
    batches = []
    for rows in (order[:whole].reshape(-1, size), order[whole:].reshape(1, -1)):
        if not rows.size:
            continue
        ascending = np.argsort(lengths[rows], axis=1, kind="stable")
        rows = np.take_along_axis(rows, ascending, axis=1)
        starts = _starts(lengths[rows], cost)
        batches += [np.split(row, cut) for row, cut in zip(rows, starts, strict=True)]
    return batches


def sorted_batches(lengths: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Yield all texts in batches of like length, for whom the order does not matter."""
    order = np.argsort(lengths, kind="stable")
    return (order[start : start + size] for start in range(0, len(order), size))


def _starts(lengths: np.ndarray, cost: float) -> list[list[int]]:
    """Return where the second and later parts of each batch start, at the least total cost.

    A part of k texts costs `cost` and k times its longest text. The best cut of the first n texts
    is one of the best cuts of the first m < n and a part of the texts m + 1 to n.

    Parameters
    ----------
    lengths
        From short to long in each batch, shape (batches, texts).
    cost
        Of a part, in tokens.
    """
    batches, size = lengths.shape
    least = np.zeros((batches, size + 1))
    last = np.zeros((batches, size + 1), dtype=np.int64)
    for end in range(1, size + 1):
        tokens = np.arange(end, 0, -1) * lengths[:, end - 1 : end]
        totals = least[:, :end] + tokens + cost
        last[:, end] = totals.argmin(axis=1)
        least[:, end] = np.take_along_axis(totals, last[:, end : end + 1], axis=1)[:, 0]
    cuts = []
    for row in last.tolist():
        found = [row[size]]
        while found[-1]:
            found.append(row[found[-1]])
        cuts.append(found[-2::-1])
    return cuts
