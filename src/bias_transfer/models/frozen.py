"""A classifier on a frozen encoder: what its head is given is computed once for each text.

The encoder stays as the checkpoint has it, and so it has no dropout. The head has its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedModel

from bias_transfer.models.batches import sorted_batches
from bias_transfer.models.device import half_precision, on_device
from bias_transfer.models.encoded import Encoded
from bias_transfer.models.families import FAMILIES, Family
from bias_transfer.models.last_layer import classifier_logits


@dataclass(frozen=True)
class HeadInputs:
    """What a classifier's head is given of some texts, and the numbers of their labels.

    Attributes
    ----------
    given
        On the model's device, before the head's dropout; shape (texts, hidden), or
        (texts, 1, hidden) for a head that looks the first position up itself. 280,000 texts of
        roberta-base take 0.9 GB.
    labels
        The number of each one's label; int64, shape (texts,).
    """

    given: torch.Tensor
    labels: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Shape (texts,), of ones: all cost the same, and nothing is padded."""
        return np.ones(len(self.labels), dtype=np.int64)

    def count(self, rows: np.ndarray) -> int:
        """Return how many labels some texts have: one each."""
        return len(rows)

    def inputs(self, model: PreTrainedModel, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """Return what the head is `given` of some texts, and their `labels`."""
        given = self.given[on_device(torch.from_numpy(rows), self.given.device)]
        labels = on_device(torch.from_numpy(self.labels[rows]), self.given.device)
        return {"given": given, "labels": labels}

    @staticmethod
    def loss(model: PreTrainedModel, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the sum of −log P(label) over some texts, from the head alone."""
        logits = _family(model).class_logits(model, inputs["given"])
        return torch.nn.functional.cross_entropy(logits, inputs["labels"], reduction="sum")


def freeze_encoder(model: PreTrainedModel) -> None:
    """Let only those parameters of a new classifier require a gradient that were drawn anew."""
    family = _family(model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(family.is_fresh(name))


def head_alone_is_trained(model: PreTrainedModel) -> bool:
    """Tell whether nothing before the head is trained: what it is given of a text never changes."""
    trained = (name for name, each in model.named_parameters() if each.requires_grad)
    return all(map(_family(model).is_fresh, trained))


@torch.no_grad()
def head_inputs(
    model: PreTrainedModel, encoded: Encoded, labels: np.ndarray, batch_size: int
) -> HeadInputs:
    """Compute what a classifier's head is given of each text.

    Parameters
    ----------
    model
        A classifier on its device; it is left in evaluation mode.
    encoded, labels
        The texts, and the number of each one's label.
    batch_size
        Texts a step.
    """
    caught: list[torch.Tensor] = []

    def catch(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        # A head that is given all positions looks at the first.
        caught.append(inputs[0][:, :1] if inputs[0].dim() == 3 else inputs[0])

    model.eval()
    given = torch.empty(0)
    first = model.get_submodule(_family(model).fresh[0])
    # Before a projection that stands at the head's door: it is passed again on the way in.
    hook = first.register_forward_pre_hook(catch, prepend=True)
    try:
        for rows in sorted_batches(encoded.lengths, batch_size):
            with half_precision(model.device):
                classifier_logits(
                    model, encoded.inputs(rows, model.config.pad_token_id, model.device)
                )
            # Copied: it is a view of the states of all positions, which may go.
            states = caught.pop()
            if not len(given):
                given = states.new_empty(len(encoded), *states.shape[1:])
            given[torch.from_numpy(rows).to(given.device)] = states
    finally:
        hook.remove()
    return HeadInputs(given, labels)


def _family(model: PreTrainedModel) -> Family:
    return FAMILIES[model.config.model_type]
