"""Debiasing of hidden states: an erasure between the encoder and whatever head stands on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from bias_transfer.errors import StudyError, shortened
from bias_transfer.models.erasure import Erasure
from bias_transfer.models.families import longest_text
from bias_transfer.models.projection import Projection

FILE = "hidden_debias.safetensors"


def attach_projection(model: PreTrainedModel, erasure: Erasure) -> None:
    """Let a model's encoder give what an erasure leaves of its states, to the head and the pooler.

    It holds in training too: gradients pass through the projection. No weight of the encoder could
    do the same: its last layer norm scales each dimension alone. `save_checkpoint` saves it.

    Parameters
    ----------
    model
        With any head, or none.
    erasure
        As wide as the hidden states.

    Raises
    ------
    StudyError
        If the model has such a projection already.
    """
    if attached_projection(model) is not None:
        raise StudyError(
            "the checkpoint's hidden states are debiased already; give an unaltered one"
        )
    encoder = model.base_model
    projection = Projection(erasure).to(model.device)

    def project_output(module: torch.nn.Module, inputs: Any, output: Any) -> Any:
        output.last_hidden_state = projection(output.last_hidden_state)
        return output

    def project_input(module: torch.nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return projection(inputs[0]), *inputs[1:]

    encoder.register_forward_hook(project_output)
    # A pooler inside the encoder sees the hidden states before they leave it.
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler.register_forward_pre_hook(project_input)
    encoder.projection = projection


def attached_projection(model: PreTrainedModel) -> Projection | None:
    """Return the projection behind a model's encoder, None where there is none."""
    found: Projection | None = getattr(model.base_model, "projection", None)
    return found


def save_projection(model: PreTrainedModel, folder: Path) -> None:
    """Write a model's projection beside its weights, if it has one."""
    projection = attached_projection(model)
    if projection is None:
        return
    parts = {name: part.cpu().contiguous() for name, part in projection.named_buffers()}
    save_file(parts, folder / FILE)


def attach_stored(model: PreTrainedModel, folder: Path) -> None:
    """Attach the projection that lies beside a model's weights, if there is one.

    Raises
    ------
    StudyError
        If the file is damaged or of another width than the model.
    """
    if not (folder / FILE).is_file():
        return
    try:
        stored = {name: part.numpy() for name, part in load_file(folder / FILE).items()}
        erasure = Erasure(**stored)
    except Exception as error:
        # safetensors has errors of its own.
        raise StudyError(f"{folder / FILE}: cannot be read ({shortened(error)})") from error
    if len(erasure.centre) != model.config.hidden_size:
        raise StudyError(
            f"{folder / FILE}: directions of width {len(erasure.centre)} for a model of width "
            f"{model.config.hidden_size}"
        )
    attach_projection(model, erasure)


@torch.inference_mode()
def hidden_sentence_embeddings(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    batch_size: int,
) -> np.ndarray:
    """Average the last hidden states of each sentence's tokens; shape (sentences, hidden)."""
    limit = longest_text(model.config.to_dict(), "the checkpoint")
    parts = []
    for start in range(0, len(texts), batch_size):
        batch = tokenizer(
            list(texts[start : start + batch_size]),
            truncation=True,
            max_length=limit,
            padding=True,
            return_token_type_ids=False,
            return_tensors="pt",
        ).to(model.device)
        hidden = model.base_model(**batch).last_hidden_state.to(torch.float64)
        weight = batch["attention_mask"].unsqueeze(-1)
        parts.append(((hidden * weight).sum(1) / weight.sum(1)).cpu().numpy())
    return np.concatenate(parts)
