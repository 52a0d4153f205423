"""Bias inside a language model, before and after fine-tuning: one measure a file.

A measure is a module that declares `MEASURE = Measure(...)`; modules whose name starts with an
underscore hold what several measures share. A measure sees words, token ids and scoring functions,
and no file. A measure module is imported to read the config, so it imports neither torch nor
transformers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from bias_transfer import plugins
from bias_transfer.analysis.description import Quantity
from bias_transfer.section import Section

NegativeProbability = Callable[[Sequence[str]], np.ndarray]


class LanguageModel(Protocol):
    """A masked language model as a measure sees it (see `models.masked_lm.MaskScorer`).

    Attributes
    ----------
    tokenizer
        A fast tokenizer: ids with character offsets, a mask token, `all_special_ids`, `decode`, and
        a length, the number of its tokens.
    """

    tokenizer: Any

    def log_probabilities(
        self, sentences: Sequence[Sequence[int]], positions: Sequence[int]
    ) -> np.ndarray:
        """Return log probabilities at one position of each; shape (sentences, vocabulary)."""

    def token_log_probabilities(
        self,
        sentences: Sequence[Sequence[int]],
        positions: Sequence[Sequence[int]],
        tokens: Sequence[Sequence[int]],
    ) -> np.ndarray:
        """Return the log probability of each token at its position, sentence by sentence; flat."""


@dataclass(frozen=True)
class Resources:
    """What a measure may need besides the language model.

    Attributes
    ----------
    negative_probability
        P(negative) of each text, for a measure that needs "sentiment".
    sentences
        Template sentences with identity terms, for a measure that needs "sentences"; columns
        `text`, `label`, `identity_term`, `term_start`, `term_end`, `attribute_start`,
        `attribute_end`.
    """

    negative_probability: NegativeProbability | None = None
    sentences: pd.DataFrame | None = None


@dataclass(frozen=True)
class Measure:
    """One measure of bias inside a language model, as the rest of the study learns of it.

    Attributes
    ----------
    task_kinds
        The kinds of task whose items it can score.
    settings
        Its section of the config, `measures.<name>`; has a default for every key.
    score
        From a language model, the task (a `tasks.Task`), the settings and the resources to a table
        with the task's item column, `template` where there is one, and its numbers.
    quantity
        From the task to what its principal column is called. That column has the measure's name.
    kept_after
        From the task to the columns that are also kept of the scores after fine-tuning, where they
        are called `<column>_after`.
    needs
        Of "sentiment" and "sentences", what it takes from `Resources`.
    derived
        From the joined observation table, scores before and after in it, and the task, to columns
        to add to it.
    check
        From a tokenizer, the task and the name of the tokenizer's source: raises a StudyError if
        the measure cannot be taken with that tokenizer. Asked before hours are spent on a
        checkpoint.
    """

    task_kinds: frozenset[str]
    settings: type[Section]
    score: Callable[[LanguageModel, Any, Any, Resources], pd.DataFrame]
    quantity: Callable[[Any], Quantity]
    kept_after: Callable[[Any], tuple[str, ...]]
    needs: frozenset[str] = frozenset()
    derived: Callable[[pd.DataFrame, Any], pd.DataFrame] | None = None
    check: Callable[[Any, Any, str], None] | None = None


def measure(name: str) -> Measure:
    """Return a measure by its name."""
    found: Measure = plugins.declared(__name__, name, "MEASURE")
    return found


def measures() -> dict[str, Measure]:
    """Return every measure by its name."""
    return {name: measure(name) for name in plugins.names(__name__)}
