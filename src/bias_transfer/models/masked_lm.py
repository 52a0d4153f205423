"""Probabilities at a masked position, many sentences at a time."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase, RobertaForMaskedLM

from bias_transfer.errors import StudyError


class MaskScorer:
    """Log probabilities over the vocabulary at one mask of each sentence.

    Parameters
    ----------
    model
        In evaluation mode, on its device.
    tokenizer
        Its own.
    batch_size
        Sentences a step.
    """

    def __init__(
        self, model: RobertaForMaskedLM, tokenizer: PreTrainedTokenizerBase, batch_size: int
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
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
            self._batch(
                sentences[start : start + self._batch_size],
                positions[start : start + self._batch_size],
            )
            for start in range(0, len(sentences), self._batch_size)
        ]
        result = np.concatenate(scored)
        if not np.isfinite(result).all():
            raise StudyError("the language model gives probabilities that are not finite")
        return result

    @torch.inference_mode()
    def _batch(self, sentences: Sequence[Sequence[int]], positions: Sequence[int]) -> np.ndarray:
        padded = self._tokenizer.pad(
            {"input_ids": [list(ids) for ids in sentences]}, return_tensors="pt"
        ).to(self._model.device)
        hidden = self._model.roberta(
            input_ids=padded["input_ids"], attention_mask=padded["attention_mask"]
        ).last_hidden_state
        # The head is applied at the mask only: over a whole sentence it is the costly part.
        at_mask = hidden[torch.arange(len(sentences)), torch.as_tensor(positions)]
        logits = self._model.lm_head(at_mask).to(torch.float64)
        return np.asarray(logits.log_softmax(-1).cpu().numpy())
