"""Probabilities at a masked position, many sentences at a time."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from bias_transfer.errors import StudyError
from bias_transfer.models.families import family_of


class MaskScorer:
    """Log probabilities over the vocabulary at one mask of each sentence.

    Parameters
    ----------
    model
        A masked language model in evaluation mode, on its device.
    tokenizer
        Its own.
    batch_size
        Sentences a step.
    fine_tuned
        A classifier that was fine-tuned from it, on the same device: its encoder is scored in place
        of the model's own. The model's head stands on it whole, with the model's own output matrix:
        fine-tuning moved the word embeddings, and a head tied to them would have moved too.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        batch_size: int,
        fine_tuned: PreTrainedModel | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self._model = model
        self._encoder = (model if fine_tuned is None else fine_tuned).base_model.eval()
        self._family = family_of(model.config.to_dict(), "the language model")
        self._batch_size = batch_size

    def log_probabilities(
        self, sentences: Sequence[Sequence[int]], positions: Sequence[int]
    ) -> np.ndarray:
        """Score tokenised sentences.

        Parameters
        ----------
        sentences
            Token ids, special tokens included.
        positions
            The position, in each, at which to look.

        Returns
        -------
        numpy.ndarray
            Natural logarithms of a softmax over the vocabulary; shape (sentences, vocabulary).

        Raises
        ------
        StudyError
            If a probability is not finite.
        """
        scored = [
            self._at(sentences[rows], [[place] for place in positions[rows]])[:, 0]
            for rows in self._batches(len(sentences))
        ]
        return np.concatenate(scored)

    def token_log_probabilities(
        self,
        sentences: Sequence[Sequence[int]],
        positions: Sequence[Sequence[int]],
        tokens: Sequence[Sequence[int]],
    ) -> np.ndarray:
        """Score given tokens at given positions.

        Parameters
        ----------
        sentences
            Token ids, special tokens included.
        positions
            The positions, in each, at which to look.
        tokens
            The token to look for at each of these positions.

        Returns
        -------
        numpy.ndarray
            The sum of the tokens' log probabilities, each at its own position; shape (sentences,).

        Raises
        ------
        StudyError
            If a probability is not finite.
        """
        sums = np.empty(len(sentences))
        # Sentences with as many positions share a batch, so that nothing is padded there.
        counts = np.array([len(each) for each in positions])
        for count in np.unique(counts):
            members = np.flatnonzero(counts == count)
            for rows in self._batches(len(members)):
                chosen = members[rows]
                scored = self._at([sentences[i] for i in chosen], [positions[i] for i in chosen])
                wanted = np.array([tokens[i] for i in chosen])
                sums[chosen] = np.take_along_axis(scored, wanted[..., None], axis=2).sum((1, 2))
        return sums

    def _batches(self, count: int) -> Iterator[slice]:
        return (
            slice(start, start + self._batch_size) for start in range(0, count, self._batch_size)
        )

    @torch.inference_mode()
    def _at(
        self, sentences: Sequence[Sequence[int]], positions: Sequence[Sequence[int]]
    ) -> np.ndarray:
        """Return log probabilities, shape (sentences, positions a sentence, vocabulary)."""
        padded = self.tokenizer.pad(
            {"input_ids": [list(ids) for ids in sentences]}, return_tensors="pt"
        ).to(self._model.device)
        hidden = self._encoder(
            input_ids=padded["input_ids"], attention_mask=padded["attention_mask"]
        ).last_hidden_state
        # The head is applied at the masks only: over a whole sentence it is the costly part.
        at_masks = hidden[torch.arange(len(sentences))[:, None], torch.as_tensor(positions)]
        logits = self._family.logits(self._model, at_masks).to(torch.float64)
        result = np.asarray(logits.log_softmax(-1).cpu().numpy())
        if not np.isfinite(result).all():
            raise StudyError("the language model gives probabilities that are not finite")
        return result
