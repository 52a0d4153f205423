"""The size of an encoder, from its config alone: parameters, and what it costs to compute."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What each size is called in the config of one family or another.
_NAMES = {
    "layers": ("num_hidden_layers", "n_layers"),
    "hidden": ("hidden_size", "dim"),
    "intermediate": ("intermediate_size", "hidden_dim"),
    "vocabulary": ("vocab_size",),
    "positions": ("max_position_embeddings",),
}

# What a part of a batch costs besides its tokens: see `fixed_cost`. Measured on a CPU. On a GPU
# batches of usual sizes shall remain whole: a base-size model's kernels take some microseconds each
# however few the tokens, and there would be as many for each part.
_TRAFFIC = {"cpu": 90.0, "cuda": 0.0}
_CALLS = {"cpu": 4.5e6, "cuda": 3e10}


def fixed_cost(device: str, layers: int, parameters: int) -> float:
    """Return what a part of a batch costs besides its tokens, in tokens, in training.

    A token costs about one multiplication for each parameter of the encoder's layers, which is the
    unit here. A part costs besides: to read each parameter and to add to its gradient, as much as
    a fixed number of tokens; and to call the operations of each layer, which is a fixed time a
    layer. Both are constants (benchmarks/training.md): nothing is timed here, and a batch is always
    cut alike.

    Parameters
    ----------
    device
        "cpu" or "cuda".
    layers, parameters
        Of the encoder; parameters without the word embeddings.
    """
    return _TRAFFIC[device] + _CALLS[device] * layers / parameters


@dataclass(frozen=True)
class Shape:
    """The size of an encoder.

    Attributes
    ----------
    layers, hidden, intermediate
        Depth, width and feed-forward width.
    vocabulary, positions
        Tokens, and places that a text may have.
    shared
        Layers that hold the same weights, as ALBERT's do; 1 where each has its own.
    """

    layers: int
    hidden: int
    intermediate: int
    vocabulary: int
    positions: int
    shared: int = 1

    @property
    def in_layers(self) -> int:
        """The parameters that a token meets in the layers, each as often as it meets it.

        A layer has four maps of attention, h × h, and two of the feed-forward part, h × i, with
        their biases, and two norms.
        """
        h, i = self.hidden, self.intermediate
        return self.layers * (4 * (h * h + h) + 2 * h * i + h + i + 4 * h)

    @property
    def word_embeddings(self) -> int:
        """The parameters of the word embeddings, to which the output is tied."""
        return self.vocabulary * self.hidden

    @property
    def parameters(self) -> int:
        """All parameters of a classifier, about; a language model has a bias for each word besides.

        The layers, the embeddings of words and positions, and a head of h × h.
        """
        head = self.hidden * self.hidden + 4 * self.hidden
        positions = (self.positions + 1) * self.hidden
        return self.in_layers // self.shared + self.word_embeddings + positions + head


# Of checkpoints that studies often start from, as their authors published them: Liu et al. (2019),
# Devlin et al. (2019), Sanh et al. (2019).
PUBLISHED = {
    **dict.fromkeys(("FacebookAI/roberta-base", "roberta-base"), Shape(12, 768, 3072, 50265, 514)),
    **dict.fromkeys(
        ("FacebookAI/roberta-large", "roberta-large"), Shape(24, 1024, 4096, 50265, 514)
    ),
    **dict.fromkeys(
        ("google-bert/bert-base-uncased", "bert-base-uncased"), Shape(12, 768, 3072, 30522, 512)
    ),
    **dict.fromkeys(
        ("distilbert/distilroberta-base", "distilroberta-base"), Shape(6, 768, 3072, 50265, 514)
    ),
}


def shape_of(config: Mapping[str, Any]) -> Shape | None:
    """Return the size that a checkpoint's config.json tells; None if it does not tell all."""
    found: dict[str, int] = {}
    for size, names in _NAMES.items():
        for name in names:
            if isinstance(config.get(name), int):
                found[size] = config[name]
    if found.keys() != _NAMES.keys():
        return None
    groups = config.get("num_hidden_groups")
    shared = found["layers"] // groups if isinstance(groups, int) and groups else 1
    return Shape(**found, shared=max(1, shared))
