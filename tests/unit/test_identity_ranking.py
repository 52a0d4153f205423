"""Identity ranking, against one sentence at a time in double precision."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch

from bias_transfer.data.identity_templates import templates_from
from bias_transfer.vocabularies.lexicon import IDENTITY_TERMS
from bias_transfer.measures.identity_ranking import identity_ranking, mask_term
from bias_transfer.models.masked_lm import MaskScorer

TERMS = ("gay", "old", "middle eastern", "african american")
ATTRIBUTES = {"toxic": ("odd", "not a good day"), "non-toxic": ("kind", "a friend", "busy")}


@pytest.fixture(scope="module")
def sentences():
    rows = pd.DataFrame(
        [
            (f"Being {term} is {attribute}.", label)
            for term in TERMS
            for label, attributes in ATTRIBUTES.items()
            for attribute in attributes
        ],
        columns=["text", "label"],
    )
    columns = {"text": "text", "label": "label", "kind": "", "labels": {}}
    return templates_from(rows, columns, "rows", IDENTITY_TERMS)


def by_hand(model, tokenizer, term, attribute):
    """Score one sentence, put together from pieces that are tokenised one by one."""

    def ids(text):
        return tokenizer(text, add_special_tokens=False)["input_ids"]

    def score(middle):
        mask = tokenizer.mask_token_id
        start = [tokenizer.bos_token_id, *ids("Being")]
        sentence = [*start, *[mask] * len(wanted), *ids(" is"), *middle, *ids("."), 2]
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([sentence])).logits[0].log_softmax(-1)
        return sum(logits[len(start) + i, token].item() for i, token in enumerate(wanted))

    wanted, visible = ids(f" {term}"), ids(f" {attribute}")
    return score(visible) - score([tokenizer.mask_token_id] * len(visible))


@pytest.mark.parametrize("batch_size", [1, 5, 100])
def test_it_equals_a_computation_of_one_sentence_at_a_time(
    new_masked_lm, tiny_tokenizer, sentences, batch_size
):
    model = new_masked_lm(1)
    exact = copy.deepcopy(model).double()
    scorer = MaskScorer(model, tiny_tokenizer, batch_size)
    table = identity_ranking(sentences, tiny_tokenizer, scorer.token_log_probabilities)
    assert table["identity_term"].tolist() == list(TERMS)
    assert any(len(tiny_tokenizer.tokenize(f" {term}")) > 2 for term in TERMS)
    for row in table.itertuples():
        mean = {
            label: np.mean([by_hand(exact, tiny_tokenizer, row.identity_term, a) for a in each])
            for label, each in ATTRIBUTES.items()
        }
        assert row.score_toxic == pytest.approx(mean["toxic"], abs=1e-5)
        assert row.score_non_toxic == pytest.approx(mean["non-toxic"], abs=1e-5)
        assert row.identity_ranking == pytest.approx(mean["toxic"] - mean["non-toxic"], abs=1e-5)
        assert (row.toxic_sentences, row.non_toxic_sentences) == (2, 3)


def test_the_term_and_in_the_prior_the_attribute_are_masked_and_nothing_else(tiny_tokenizer):
    text, mask = "Being old is odd.", tiny_tokenizer.mask_token_id
    masked = mask_term(tiny_tokenizer, text, (6, 9), (13, 16))
    ids = tiny_tokenizer(text)["input_ids"]
    assert [ids[i] for i in masked.positions] == masked.tokens
    restored = list(masked.visible)
    for position, token in zip(masked.positions, masked.tokens, strict=True):
        assert restored[position] == mask
        restored[position] = token
    assert restored == ids
    assert tiny_tokenizer.decode(masked.tokens).strip() == "old"
    hidden = [
        i for i, (v, p) in enumerate(zip(masked.visible, masked.prior, strict=True)) if v != p
    ]
    assert tiny_tokenizer.decode([ids[i] for i in hidden]).strip() == "odd"
    assert all(masked.prior[i] == mask for i in hidden)


def test_a_model_that_does_not_see_the_attribute_ranks_no_term(tiny_tokenizer, sentences):
    def blind(ids, positions, tokens):
        return np.array([float(sum(each)) for each in tokens])

    table = identity_ranking(sentences, tiny_tokenizer, blind)
    assert (table[["identity_ranking", "score_toxic", "score_non_toxic"]] == 0).all().all()
