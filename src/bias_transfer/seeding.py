"""Independent streams of random numbers from the study's one seed."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def derived_seed(seed: int, *names: object) -> int:
    """Return a 32-bit seed for the purpose that `names` spell out.

    Streams of different names are independent, so adding a model or a trial to the grid changes
    no other model's numbers.
    """
    text = "/".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def generator(seed: int, *names: object) -> np.random.Generator:
    """Return numpy's generator, seeded for the purpose that `names` spell out."""
    return np.random.default_rng(derived_seed(seed, *names))


def pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    """Return one of the choices, each as likely as the next; much faster than `rng.choice`."""
    return choices[int(rng.integers(len(choices)))]
