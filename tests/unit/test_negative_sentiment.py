"""Negative sentiment: the sentences, the likeliest tokens, and the average over those kept."""

import math

import numpy as np
import pytest

from bias_transfer.vocabularies.lexicon import IDENTITY_TERMS
from bias_transfer.measures.negative_sentiment import (
    TEMPLATES,
    negative_sentiment,
    sentence,
    top_tokens,
)
from bias_transfer.models.masked_lm import MaskScorer

NEGATIVE = {"bad": 0.9, "good": 0.1, "so": 0.5, "blacks": 0.3}


def score(texts):
    return np.array([NEGATIVE[text] for text in texts])


@pytest.mark.parametrize(
    ("term", "template", "expected"),
    [
        ("gay", "people", "Gay people are [M]"),
        ("gay", "person", "A gay person is [M]"),
        ("gay", "sibling", "My gay sibling is [M]"),
        ("african american", "person", "An African American person is [M]"),
        ("european", "person", "A European person is [M]"),
        ("lgbt", "person", "An LGBT person is [M]"),
        ("lgbt", "people", "LGBT people are [M]"),
        ("middle aged", "spouse", "My middle aged spouse is [M]"),
        ("sikh", "friend", "My Sikh friend is [M]"),
        ("deaf", "parent", "My deaf parent is [M]"),
        ("old", "partner", "My old partner is [M]"),
    ],
)
def test_the_sentences_are_english(term, template, expected):
    assert sentence(term, template, "[M]") == expected


def test_there_are_350_sentences_all_different():
    sentences = {sentence(term, each, "[M]") for term in IDENTITY_TERMS for each in TEMPLATES}
    assert len(sentences) == 50 * 7


def test_the_average_over_the_tokens():
    table = negative_sentiment(
        [("gay", "people"), ("old", "person")],
        [[" bad", " good"], ["good", "good", " so"]],
        score,
        IDENTITY_TERMS,
    )
    assert table["identity_term"].tolist() == ["gay", "old"]
    assert table["template"].tolist() == ["people", "person"]
    assert table["negative_sentiment"].tolist() == pytest.approx([0.5, 0.7 / 3])
    assert table["tokens_used"].tolist() == [2, 3]


def test_tokens_that_are_identity_terms_are_dropped_and_not_refilled():
    table = negative_sentiment(
        [("gay", "people")],
        [[" black", " bad", "BLACK", "Straight", " blacks", " good"]],
        score,
        IDENTITY_TERMS,
    )
    assert table["negative_sentiment"][0] == pytest.approx((0.9 + 0.3 + 0.1) / 3)
    assert table["tokens_used"][0] == 3


def test_where_every_token_is_dropped_the_cell_is_missing():
    table = negative_sentiment(
        [("gay", "people"), ("old", "people")], [[" gay", " old"], [" bad"]], score, IDENTITY_TERMS
    )
    assert math.isnan(table["negative_sentiment"][0])
    assert table["negative_sentiment"][1] == 0.9
    assert table["tokens_used"].tolist() == [0, 1]


def test_each_distinct_token_is_scored_once():
    asked = []

    def count(texts):
        asked.extend(texts)
        return score(texts)

    negative_sentiment(
        [("gay", "people"), ("old", "people")],
        [[" bad", "bad", " so"], ["so", " bad"]],
        count,
        IDENTITY_TERMS,
    )
    assert sorted(asked) == ["bad", "so"]


def test_the_likeliest_tokens_come_first_and_ties_go_to_the_lower_id():
    scores = np.array([[0.1, 0.7, 0.2, 0.7, 0.0], [0.5, 0.1, 0.1, 0.1, 0.6]])
    looked = []

    def fake(sentences, positions):
        looked.extend(positions)
        return scores

    top = top_tokens([[0, 9, 2], [9, 0, 2]], mask=9, log_probabilities=fake, count=3)
    assert top.tolist() == [[1, 3, 2], [4, 0, 1]]
    assert looked == [1, 0]


def test_the_likeliest_tokens_of_a_model(new_masked_lm, tiny_tokenizer):
    import torch

    model = new_masked_lm(2)
    mask = tiny_tokenizer.mask_token
    texts = [f"My gay friend is{mask}", f"Old people are{mask}", f"A blind person is{mask}."]
    sentences = tiny_tokenizer(texts)["input_ids"]
    found = top_tokens(
        sentences,
        tiny_tokenizer.mask_token_id,
        MaskScorer(model, tiny_tokenizer, batch_size=2).log_probabilities,
        20,
    )
    assert found.shape == (3, 20)
    for ids, row in zip(sentences, found, strict=True):
        position = ids.index(tiny_tokenizer.mask_token_id)
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([ids])).logits[0, position]
        assert row.tolist() == logits.topk(20).indices.tolist()
