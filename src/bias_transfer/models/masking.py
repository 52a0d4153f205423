"""The objective of a masked language model: hide some tokens, and predict them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from bias_transfer.models.device import on_device
from bias_transfer.models.encoded import Encoded
from bias_transfer.models.families import FAMILIES
from bias_transfer.models.last_layer import states_at
from bias_transfer.seeding import generator

# Devlin et al. (2019), Section 3.1: of the tokens to predict, 80 % are masked, 10 % replaced by a
# random token and 10 % left as they are.
_MASKED, _REPLACED = 0.8, 0.1
_NOT_PREDICTED = -1


@dataclass(frozen=True)
class MaskedTexts:
    """Texts with hidden tokens, and the tokens to predict.

    Attributes
    ----------
    encoded
        What the model sees.
    hidden
        Of the same shape: the true token where one is to be predicted, -1 elsewhere.
    padding
        The id of the token that fills up.
    """

    encoded: Encoded
    hidden: Encoded
    padding: int

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, shape (texts,)."""
        return self.encoded.lengths

    @cached_property
    def counts(self) -> np.ndarray:
        """Tokens to predict of each text, shape (texts,)."""
        before = np.cumsum(np.concatenate([[0], self.hidden.tokens != _NOT_PREDICTED]))
        return np.diff(before[self.hidden.bounds])

    def count(self, rows: np.ndarray) -> int:
        """Return how many tokens of some texts are to be predicted."""
        return int(self.counts[rows].sum())

    def inputs(self, model: PreTrainedModel, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """Return texts as a model takes them, the `places` to predict and their `tokens`.

        Places are counted through all rows of the padded batch.
        """
        inputs = self.encoded.inputs(rows, self.padding, model.device)
        width = inputs["input_ids"].shape[1]
        wanted = self.hidden.padded(rows, _NOT_PREDICTED, width)["input_ids"].flatten()
        places = torch.nonzero(wanted != _NOT_PREDICTED).squeeze(1)
        return inputs | {
            "places": on_device(places, model.device),
            "tokens": on_device(wanted[places], model.device),
        }

    @staticmethod
    def loss(model: PreTrainedModel, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the sum of −log P(token) over the tokens to predict of some texts.

        The head, whose output matrix is as tall as the vocabulary, is applied there only.
        """
        texts = {name: each for name, each in inputs.items() if name not in ("places", "tokens")}
        states = states_at(model, texts, inputs["places"])
        logits = FAMILIES[model.config.model_type].logits(model, states)
        return torch.nn.functional.cross_entropy(logits, inputs["tokens"], reduction="sum")


def masking(
    encoded: Encoded,
    tokenizer: PreTrainedTokenizerBase,
    share: float,
    seed: int,
    room: np.ndarray | None = None,
) -> Callable[[object], MaskedTexts]:
    """Return a function that hides tokens of all texts, others for each purpose or epoch.

    Parameters
    ----------
    encoded
        The texts.
    tokenizer
        Its special tokens are never predicted.
    share
        The probability of any other token to be predicted.
    seed
        From which, together with the purpose, the tokens are drawn.
    room
        Places of each text, shape (texts,), no fewer than its tokens, which are the first of them;
        None for just as many. What is drawn is drawn a place: with equal room, another wording of
        one text moves the masks of no other.
    """
    ordinary = ~np.isin(encoded.tokens, tokenizer.all_special_ids)
    room = encoded.lengths if room is None else room
    first = np.cumsum(room) - room
    places = np.repeat(first - encoded.bounds[:-1], encoded.lengths) + np.arange(len(ordinary))
    total = int(room.sum())

    def masked(purpose: object) -> MaskedTexts:
        rng = generator(seed, "masks", purpose)
        to_predict = rng.random(total, dtype=np.float32) < share
        fates = rng.random(total, dtype=np.float32)
        replaced = to_predict & (fates >= _MASKED) & (fates < _MASKED + _REPLACED)
        others = np.zeros(total, np.int32)
        others[replaced] = rng.integers(len(tokenizer), size=np.count_nonzero(replaced))
        chosen = ordinary & to_predict[places]
        seen = np.where(chosen & replaced[places], others[places], encoded.tokens)
        seen[chosen & (fates[places] < _MASKED)] = tokenizer.mask_token_id
        hidden = np.where(chosen, encoded.tokens, np.int32(_NOT_PREDICTED))
        return MaskedTexts(
            Encoded(seen, encoded.bounds), Encoded(hidden, encoded.bounds), tokenizer.pad_token_id
        )

    return masked
