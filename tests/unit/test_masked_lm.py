"""Scoring at masks: what reaches the encoder, what reaches the head, and what comes out."""

import copy

import numpy as np
import pytest
import torch

from bias_transfer.errors import StudyError
from bias_transfer.measures import Resources, measure
from bias_transfer.models.families import longest_text
from bias_transfer.models.masked_lm import MaskScorer

SENTENCES = [
    [0, 20, 4, 30, 2],
    [0, 21, 22, 4, 4, 23, 24, 25, 2],
    [0, 20, 4, 30, 2],
    [0, 4, 2],
    [0, 21, 22, 4, 4, 23, 24, 25, 2],
]
POSITIONS = [[2, 2], [3, 4], [2], [1], [4]]
TOKENS = [[40, 41], [42, 43], [41], [44], [45]]


@pytest.fixture(scope="module")
def model(new_masked_lm):
    return new_masked_lm(3)


@pytest.fixture
def watched(model):
    """Return the model, the sequences that reach its encoder, and the rows that reach its head."""
    sequences, rows = [], []

    def note_sequences(encoder, _, batch):
        lengths = batch["attention_mask"].sum(1).tolist()
        for ids, length in zip(batch["input_ids"].tolist(), lengths, strict=True):
            sequences.append(tuple(ids[:length]))

    def note_rows(head, given):
        rows.extend(given[0].flatten(0, -2).tolist())

    hooks = [
        model.base_model.register_forward_pre_hook(note_sequences, with_kwargs=True),
        model.lm_head.register_forward_pre_hook(note_rows),
    ]
    yield model, sequences, rows
    for hook in hooks:
        hook.remove()


def one_at_a_time(model, ids, position):
    exact = copy.deepcopy(model).double()
    with torch.inference_mode():
        logits = exact(input_ids=torch.tensor([ids])).logits[0, position]
    return logits.log_softmax(-1).numpy()


@pytest.mark.parametrize("batch_size", [1, 2, 256])
def test_each_token_is_scored_as_its_sentence_alone_would_be(model, tiny_tokenizer, batch_size):
    scorer = MaskScorer(model, tiny_tokenizer, batch_size)
    found = scorer.token_log_probabilities(SENTENCES, POSITIONS, TOKENS)
    expected = [
        one_at_a_time(model, ids, position)[token]
        for ids, positions, tokens in zip(SENTENCES, POSITIONS, TOKENS, strict=True)
        for position, token in zip(positions, tokens, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2, 256])
def test_a_whole_vocabulary_is_scored_in_the_order_of_the_sentences(
    model, tiny_tokenizer, batch_size
):
    first = [positions[0] for positions in POSITIONS]
    found = MaskScorer(model, tiny_tokenizer, batch_size).log_probabilities(SENTENCES, first)
    expected = [one_at_a_time(model, *asked) for asked in zip(SENTENCES, first, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, atol=1e-12)
    assert np.array_equal(found[0], found[2])


@pytest.mark.parametrize("batch_size", [1, 2, 256])
def test_a_sentence_goes_through_the_encoder_once_and_a_place_through_the_head(
    watched, tiny_tokenizer, batch_size
):
    model, sequences, rows = watched
    scorer = MaskScorer(model, tiny_tokenizer, batch_size)
    scorer.token_log_probabilities(SENTENCES, POSITIONS, TOKENS)
    assert sorted(sequences) == sorted(set(map(tuple, SENTENCES)))
    # One of the first sentence, two of the second, one of the third.
    assert len(rows) == 4


def test_a_sentence_that_is_longer_than_the_model_takes_is_refused(model, tiny_tokenizer):
    scorer = MaskScorer(model, tiny_tokenizer, 8)
    takes = longest_text(model.config.to_dict(), "the model")
    mask = tiny_tokenizer.mask_token_id
    assert len(scorer.log_probabilities([[mask] * takes], [0])) == 1
    longer = [mask, *tiny_tokenizer("she works", add_special_tokens=False).input_ids]
    longer += [mask] * (takes + 1 - len(longer))
    said = f"a sentence of a template has {takes + 1} tokens, and the language model takes {takes}"
    with pytest.raises(StudyError, match=f"{said}; shorten it: 'she works'$"):
        scorer.log_probabilities([[mask], longer], [0, 0])


def test_nothing_is_asked_and_nothing_said(model, tiny_tokenizer):
    scorer = MaskScorer(model, tiny_tokenizer, 8)
    assert scorer.token_log_probabilities([], [], []).shape == (0,)
    assert scorer.log_probabilities([], []).shape == (0, len(tiny_tokenizer))


def test_pronoun_ranking_sends_no_sentence_twice_and_shows_the_head_one_mask_of_each(
    watched, tiny_tokenizer, occupations
):
    model, sequences, rows = watched
    declared = measure("pronoun_ranking")
    scorer = MaskScorer(model, tiny_tokenizer, 64)
    declared.score(scorer, occupations, declared.settings(), Resources())
    labels, templates = len(occupations.labels), len(occupations.templates)
    assert len(sequences) == len(set(sequences)) == len(rows)
    # Every label's own sentences, and priors that labels of as many tokens have in common.
    visible = [ids for ids in sequences if ids.count(tiny_tokenizer.mask_token_id) == 1]
    assert labels * templates <= len(visible) <= len(sequences) < 2 * labels * templates
