"""Probabilities at a masked position, many sentences at a time."""

from collections.abc import Iterator, Sequence
from itertools import chain
from textwrap import shorten

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from bias_transfer.errors import StudyError
from bias_transfer.models.encoded import Encoded
from bias_transfer.models.families import family_of, longest_text
from bias_transfer.models.sequences import batches, distinct


class MaskScorer:
    """Log probabilities over the vocabulary at masks of sentences.

    Sentences that are the same go through the encoder once, and the head sees what is asked for.

    Parameters
    ----------
    model
        A masked language model in evaluation mode, on its device.
    tokenizer
        Its own.
    batch_size
        Distinct sentences a step.
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
        self._longest = longest_text(model.config.to_dict(), "the language model")
        self._batch_size = batch_size

    def log_probabilities(
        self, sentences: Sequence[Sequence[int]], positions: Sequence[int]
    ) -> np.ndarray:
        """Score every token at one position of each sentence.

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
            If a probability is not finite, or a sentence has more tokens than the model takes.
        """
        asked = np.arange(len(sentences))
        result = np.empty((len(sentences), self._model.config.vocab_size))
        for questions, rows, scores in self._scored(sentences, asked, np.array(positions)):
            result[questions] = scores[rows].cpu().numpy()
        return result

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
            The positions, in each, at which to look: one a token.
        tokens
            The tokens to look for, in each.

        Returns
        -------
        numpy.ndarray
            The log probability of each token at its own position, those of the first sentence
            first; shape (tokens of all sentences,).

        Raises
        ------
        StudyError
            If a probability is not finite, or a sentence has more tokens than the model takes.
        """
        asked = np.repeat(np.arange(len(sentences)), [len(each) for each in tokens])
        places, wanted = (np.array(list(chain.from_iterable(each))) for each in (positions, tokens))
        result = np.empty(len(asked))
        for questions, rows, scores in self._scored(sentences, asked, places):
            result[questions] = scores[rows, wanted[questions]].cpu().numpy()
        return result

    def _scored(
        self, sentences: Sequence[Sequence[int]], asked: np.ndarray, positions: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, torch.Tensor]]:
        """Score places in sentences: each distinct sentence once, and each place in it once.

        Parameters
        ----------
        sentences
            Token ids.
        asked, positions
            The sentence and the position in it of each question; shape (questions,).

        Yields
        ------
        tuple
            Some of the questions, the row that answers each, and the rows: log probabilities, shape
            (places, vocabulary).
        """
        lengths = np.array([len(each) for each in sentences])
        if lengths.max(initial=0) > self._longest:
            text = self.tokenizer.decode(sentences[int(lengths.argmax())], skip_special_tokens=True)
            raise StudyError(
                f"a sentence of a template has {lengths.max()} tokens, and the language model "
                f"takes {self._longest}; shorten it: {shorten(text, 60, placeholder='…')!r}"
            )
        firsts, numbers = distinct(map(tuple, sentences), lengths)
        texts = Encoded.of([sentences[first] for first in firsts])
        # A place is one number, text × width + position. Of texts of at most 10 tokens, position 3
        # of text 2 is place 23. Where questions 0 and 2 ask for it and question 1 for place 15,
        # the places are 15 and 23, and the questions' answers are the second, first and second.
        width = int(texts.lengths.max(initial=1))
        places, answers = np.unique(numbers[asked] * width + positions, return_inverse=True)
        # Questions in the order of their places: 1, 0, 2.
        by_place = np.argsort(answers, kind="stable")
        for rows in batches(texts.lengths, self._batch_size):
            # The batch's texts are neighbours, so its places are, and the questions about these.
            first, last = np.searchsorted(places, [rows[0] * width, (rows[-1] + 1) * width])
            text_of_place, position_of_place = np.divmod(places[first:last], width)
            scores = self._at(texts, rows, text_of_place, position_of_place)
            start, stop = np.searchsorted(answers, [first, last], sorter=by_place)
            questions = by_place[start:stop]
            yield questions, answers[questions] - first, scores

    @torch.inference_mode()
    def _at(
        self, texts: Encoded, rows: np.ndarray, owners: np.ndarray, positions: np.ndarray
    ) -> torch.Tensor:
        """Return log probabilities at positions of neighbouring texts; (places, vocabulary)."""
        batch = texts.padded(rows, self.tokenizer.pad_token_id)
        device = self._model.device
        hidden = self._encoder(
            **{name: each.to(device) for name, each in batch.items()}
        ).last_hidden_state
        # The head is applied at the masks only: over a whole sentence it is the costly part.
        logits = self._family.logits(self._model, hidden[owners - rows[0], positions])
        # A sum has no finite value where one of its terms has none.
        if not logits.sum(-1).isfinite().all():
            raise StudyError("the language model gives probabilities that are not finite")
        return logits.to(torch.float64).log_softmax(-1)
