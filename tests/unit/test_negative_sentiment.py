"""Negative sentiment: the sentences, the likeliest tokens, and the average over those kept."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.measures import Resources, measure
from bias_transfer.measures._masking import MaskedWord, fill
from bias_transfer.measures.negative_sentiment import (
    Settings,
    highest,
    masked_sentences,
    mean_negative_probability,
    score,
    top_words,
)
from bias_transfer.models.masked_lm import MaskScorer
from bias_transfer.models.tokenizer import train_tokenizer

NEGATIVE = {"bad": 0.9, "good": 0.1, "so": 0.5, "blacks": 0.3}
TERMS = {"gay", "old", "black", "straight"}


def negative_probability(texts):
    return np.array([NEGATIVE[text] for text in texts])


def by_length(texts):
    return np.array([len(text) / 20 for text in texts])


class Fixed:
    """Gives the same scores whatever it is asked; the tokens 0, 2 and 9 are special."""

    def __init__(self, scores, tokens):
        self.scores, self.looked = np.array(scores), []
        self.tokenizer = Tokens(tokens)

    def log_probabilities(self, sentences, positions):
        self.looked = list(zip(sentences, positions, strict=True))
        return self.scores


class Tokens:
    all_special_ids = (0, 9, 2)

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count


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
def test_the_sentences_are_english(identity_terms, term, template, expected):
    (title,) = (each.title for each in identity_terms.terms if each.name == term)
    sentence = fill(identity_terms.templates[template], {"term": title, "mask": "[M]"})
    assert sentence.text == expected


def test_there_are_350_sentences_all_different(identity_terms, tiny_tokenizer):
    sentences = masked_sentences(
        tiny_tokenizer,
        [
            (template, term.title)
            for term in identity_terms.terms
            for template in identity_terms.templates.values()
        ],
    )
    assert len({tuple(sentence.ids) for sentence in sentences}) == 50 * 7


@pytest.mark.parametrize("family", ["roberta", "bert", "modernbert"])
def test_the_mask_stands_for_a_word_with_the_space_before_it(family, tiny_sentences):
    tokenizer = train_tokenizer(tiny_sentences, 330, 40, family)
    (masked,) = masked_sentences(tokenizer, [("My {term} friend is {mask}.", "old")])
    before, after = (tokenizer(text)["input_ids"] for text in ("My old friend is", "."))
    assert masked == MaskedWord(
        [*before[:-1], tokenizer.mask_token_id, *after[1:]], position=len(before) - 1
    )


def test_the_average_over_the_tokens():
    means, used = mean_negative_probability(
        [[" bad", " good"], ["good", "good", " so"]], negative_probability, TERMS
    )
    assert means == pytest.approx([0.5, 0.7 / 3])
    assert used == [2, 3]


def test_tokens_that_are_terms_are_dropped_and_not_refilled():
    means, used = mean_negative_probability(
        [[" black", " bad", "BLACK", "Straight", " blacks", " good"]], negative_probability, TERMS
    )
    assert means == pytest.approx([(0.9 + 0.3 + 0.1) / 3])
    assert used == [3]


def test_where_every_token_is_dropped_the_cell_is_missing():
    means, used = mean_negative_probability(
        [[" gay", " old"], [" bad"]], negative_probability, TERMS
    )
    assert math.isnan(means[0])
    assert means[1] == 0.9
    assert used == [0, 1]


def test_each_distinct_token_is_scored_once():
    asked = []

    def count(texts):
        asked.extend(texts)
        return negative_probability(texts)

    mean_negative_probability([[" bad", "bad", " so"], ["so", " bad"]], count, TERMS)
    assert sorted(asked) == ["bad", "so"]


def test_the_likeliest_tokens_come_first_and_ties_go_to_the_lower_id():
    model = Fixed(
        [
            [0.1, 0.2, 0.3, 0.7, 0.2, 0.7, 0.0, 0.0, 0.0, 0.0],
            [0.5, 0.1, 0.1, 0.1, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0],
        ],
        tokens=10,
    )
    sentences = [MaskedWord([0, 9, 2], 1), MaskedWord([9, 0, 2], 0)]
    assert top_words(model, sentences, 3).tolist() == [[3, 5, 1], [4, 1, 3]]
    assert model.looked == [([0, 9, 2], 1), ([9, 0, 2], 0)]


def test_special_tokens_are_no_words_and_are_left_out_before_the_top_is_taken():
    # The mask is the likeliest, <s> the second.
    model = Fixed([[0.8, 0.1, 0.7, 0.2, 0.3, 0.0, 0.0, 0.0, 0.0, 0.9]], tokens=10)
    assert top_words(model, [MaskedWord([0, 9, 2], 1)], 3).tolist() == [[4, 3, 1]]


def test_rows_of_the_output_matrix_without_a_token_are_no_words():
    model = Fixed([[0.0, 0.1, 0.0, 0.2, 0.3, 0.0, 0.0, 0.9, 0.9, 0.9]], tokens=7)
    assert top_words(model, [MaskedWord([0, 9, 2], 1)], 2).tolist() == [[4, 3]]


@given(st.integers(1, 12), st.integers(0, 1000))
def test_the_highest_are_those_of_a_stable_sort(count, seed):
    # Of few different numbers, so that there are ties at every place.
    scores = np.random.default_rng(seed).integers(0, 4, size=(6, 9)) / 3
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    assert np.array_equal(highest(scores, count), expected)


def test_the_likeliest_tokens_of_a_model(new_masked_lm, tiny_tokenizer, identity_terms):
    model = new_masked_lm(2)
    # So that special tokens would be among the likeliest everywhere.
    with torch.no_grad():
        model.lm_head.bias[tiny_tokenizer.all_special_ids] += 20
    table = score(
        MaskScorer(model, tiny_tokenizer, batch_size=2),
        identity_terms,
        Settings(top_tokens=5),
        Resources(negative_probability=by_length),
    )
    keys = list(itertools.product(identity_terms.terms, identity_terms.templates))
    assert table["identity_term"].tolist() == [term.name for term, _ in keys]
    assert table["template"].tolist() == [template for _, template in keys]
    special = set(tiny_tokenizer.all_special_ids)
    names = {term.name for term in identity_terms.terms}
    for row, (term, template) in list(zip(table.itertuples(), keys, strict=True))[::50]:
        text = fill(identity_terms.templates[template], {"term": term.title, "mask": "<mask>"}).text
        ids = tiny_tokenizer(text.replace(" <mask>", "<mask>"))["input_ids"]
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([ids])).logits[0, ids.index(4)]
        assert logits.argmax().item() in special
        order = [
            token for token in logits.argsort(descending=True).tolist() if token not in special
        ]
        words = [tiny_tokenizer.decode([token]).strip() for token in order[:5]]
        kept = [word for word in words if word.lower() not in names]
        assert row.tokens_used == len(kept)
        assert row.negative_sentiment == pytest.approx(np.mean([len(word) / 20 for word in kept]))


def test_what_it_declares(identity_terms):
    declared = measure("negative_sentiment")
    assert declared.needs == {"sentiment"}
    assert declared.kept_after(identity_terms) == ("negative_sentiment",)
    assert declared.settings().top_tokens == 20
    assert declared.quantity(identity_terms).column == "negative_sentiment"
    with pytest.raises(ValueError, match="needs a sentiment classifier"):
        score(Fixed([[0.0]], 1), identity_terms, Settings(), Resources())
