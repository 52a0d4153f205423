"""Compute an encoder's last layer only where its result is used.

Behind the attention of the last layer each position is computed by itself, and an objective looks
at few of them: a classifier at the first, a masked language model at the masked ones.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel

from bias_transfer.models.families import FAMILIES


def classifier_logits(model: PreTrainedModel, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return a classifier's logits, shape (texts, classes)."""
    with _keeping(model, lambda states: states[:, :1]):
        logits: torch.Tensor = model(**inputs).logits
    return logits


def states_at(
    model: PreTrainedModel, inputs: Mapping[str, torch.Tensor], places: torch.Tensor
) -> torch.Tensor:
    """Return a model's last hidden states at some places, shape (places, hidden).

    Parameters
    ----------
    model
        With any head, or none.
    inputs
        What it is called with.
    places
        Positions, counted through all rows of the padded batch.
    """

    def chosen(states: torch.Tensor) -> torch.Tensor:
        return states.flatten(0, 1).index_select(0, places)

    with _keeping(model, lambda states: chosen(states)[None]) as kept:
        states: torch.Tensor = model.base_model(**inputs).last_hidden_state
    return states[0] if kept else chosen(states)


@contextmanager
def _keeping(
    model: PreTrainedModel, keep: Callable[[torch.Tensor], torch.Tensor]
) -> Iterator[bool]:
    """Go on with a part of the states behind the last attention; tell whether the family can."""
    behind_attention = FAMILIES[model.config.model_type].behind_attention
    if behind_attention is None:
        yield False
        return

    def before(module: torch.nn.Module, states: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(map(keep, states))

    hook = behind_attention(model.base_model).register_forward_pre_hook(before)
    try:
        yield True
    finally:
        hook.remove()
