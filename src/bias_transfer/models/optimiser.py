"""AdamW as encoders are trained with it: what decays, how fast it learns, how far it steps."""

import math
from typing import Any

import torch
from transformers import PreTrainedModel

# Liu et al. (2019), Section 3.1: steadier than 0.999 on rare tokens.
_BETAS = (0.9, 0.98)
_LARGEST_NORM = 1.0


class Optimiser:
    """AdamW with a learning rate that rises and falls, and gradients of bounded norm.

    Parameters
    ----------
    model
        Whose parameters it changes.
    steps
        Of the whole training.
    learning_rate
        At its peak.
    warmup_share
        Share of the steps over which it rises from 0; it then falls linearly to 0.
    weight_decay
        Of matrices; biases and the gains of norms do not decay.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        steps: int,
        learning_rate: float,
        warmup_share: float,
        weight_decay: float,
    ) -> None:
        self._parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self._steps = steps
        self._peak = learning_rate
        self._rising = math.ceil(steps * warmup_share)
        decaying = decaying_parameters(model)
        groups: list[dict[str, Any]] = [
            {"params": [p for n, p in self._parameters.items() if n in decaying]},
            {
                "params": [p for n, p in self._parameters.items() if n not in decaying],
                "weight_decay": 0.0,
            },
        ]
        # A recorded step reads it from where it lay; on a GPU it can only be of single precision.
        cuda = model.device.type == "cuda"
        dtype = torch.float32 if cuda else torch.float64
        self._rate = torch.tensor(learning_rate, dtype=dtype, device=model.device)
        self._adam = torch.optim.AdamW(
            groups, lr=self._rate, betas=_BETAS, weight_decay=weight_decay, fused=True
        )

    def set_learning_rate(self, number: int) -> None:
        """Set the learning rate of a step, counted from 0."""
        self._rate.fill_(self.learning_rate(number))

    def step(self) -> None:
        """Change the parameters by their gradients, which are cleared."""
        torch.nn.utils.clip_grad_norm_(self._parameters.values(), _LARGEST_NORM)
        recorded = self._rate.is_cuda and torch.cuda.is_current_stream_capturing()
        for group in self._adam.param_groups:
            # Torch asks for it where a step is recorded, and warns of it elsewhere.
            group["capturable"] = recorded
        self._adam.step()
        self.clear()

    def clear(self) -> None:
        """Forget the gradients."""
        self._adam.zero_grad(set_to_none=True)

    def learning_rate(self, number: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        if number < self._rising:
            return self._peak * number / self._rising
        return self._peak * (self._steps - number) / max(1, self._steps - self._rising)

    def state(self) -> dict[str, torch.Tensor]:
        """Return what it remembers of each parameter that has had a gradient, by name."""
        return {
            f"{key}.{name}": value
            for name, parameter in self._parameters.items()
            for key, value in self._adam.state.get(parameter, {}).items()
        }

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Take up what `state` returned."""
        for key_and_name, value in state.items():
            key, _, name = key_and_name.partition(".")
            parameter = self._parameters[name]
            self._adam.state[parameter][key] = value.to(parameter.device)


def decaying_parameters(model: PreTrainedModel) -> set[str]:
    """Return the names of the parameters that decay: matrices, but those that are biases.

    Some families keep biases of attention in a matrix, one for each distance and head.
    """
    return {
        name
        for name, parameter in model.named_parameters()
        if parameter.dim() > 1 and "bias" not in name
    }
