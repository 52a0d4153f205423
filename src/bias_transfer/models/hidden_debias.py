"""Sent-Debias on hidden states: a projection between the encoder and whatever head stands on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase, RobertaForMaskedLM

from bias_transfer.errors import StudyError
from bias_transfer.upstream.embeddings import remove_component

FILE = "hidden_debias.safetensors"


def save_debias(folder: Path, subspace: np.ndarray, gamma: float) -> None:
    """Write a projection beside a checkpoint; whoever loads the checkpoint with `attach` has it.

    No weight of the encoder could do the same: its last layer norm scales each dimension alone.
    """
    directions = torch.as_tensor(subspace, dtype=torch.float64).contiguous()
    gammas = torch.tensor([gamma], dtype=torch.float64)
    save_file({"directions": directions, "gamma": gammas}, folder / FILE)


def attach(model: PreTrainedModel, folder: Path) -> None:
    """Let a model's encoder give h − γ Σ⟨h, v⟩ v in place of h, if its folder says so.

    It holds in training too: gradients pass through the projection.

    Raises
    ------
    StudyError
        If the file is damaged or of another width than the model.
    """
    if not (folder / FILE).is_file():
        return
    try:
        stored = load_file(folder / FILE)
        directions, gamma = stored["directions"].numpy(), float(stored["gamma"])
    except Exception as error:
        # safetensors has errors of its own.
        raise StudyError(f"{folder / FILE}: cannot be read ({error})") from error
    if directions.shape[1] != model.config.hidden_size:
        raise StudyError(
            f"{folder / FILE}: directions of width {directions.shape[1]} for a model of width "
            f"{model.config.hidden_size}"
        )

    def project(module: torch.nn.Module, inputs: Any, output: Any) -> Any:
        output.last_hidden_state = remove_component(output.last_hidden_state, directions, gamma)
        return output

    model.roberta.encoder.register_forward_hook(project)


@torch.inference_mode()
def hidden_sentence_embeddings(
    model: RobertaForMaskedLM,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    batch_size: int,
) -> np.ndarray:
    """Average the last hidden states of each sentence's tokens; shape (sentences, hidden)."""
    limit = int(model.config.max_position_embeddings) - int(model.config.pad_token_id) - 1
    parts = []
    for start in range(0, len(texts), batch_size):
        batch = tokenizer(
            list(texts[start : start + batch_size]),
            truncation=True,
            max_length=limit,
            padding=True,
            return_tensors="pt",
        ).to(model.device)
        hidden = model.roberta(**batch).last_hidden_state.to(torch.float64)
        weight = batch["attention_mask"].unsqueeze(-1)
        parts.append(((hidden * weight).sum(1) / weight.sum(1)).cpu().numpy())
    return np.concatenate(parts)
