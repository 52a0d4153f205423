"""Identity ranking, against one sentence at a time in double precision."""

import copy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from bias_transfer.measures import Resources, measure
from bias_transfer.measures.identity_ranking import Settings, masked_terms, score
from bias_transfer.models.masked_lm import MaskScorer

TERMS = ("gay", "old", "middle eastern", "african american")
ATTRIBUTES = {"toxic": ("odd", "not a good day"), "non-toxic": ("kind", "a friend", "busy")}


def sentence(term, attribute, label):
    text = f"Being {term} is {attribute}."
    term_start, attribute_start = len("Being "), len(f"Being {term} is ")
    return {
        "text": text,
        "label": label,
        "identity_term": term,
        "term_start": term_start,
        "term_end": term_start + len(term),
        "attribute_start": attribute_start,
        "attribute_end": attribute_start + len(attribute),
    }


@pytest.fixture(scope="module")
def sentences():
    return pd.DataFrame(
        [
            sentence(term, attribute, label)
            for term in TERMS
            for label, attributes in ATTRIBUTES.items()
            for attribute in attributes
        ]
    )


def ranked(language_model, task, sentences):
    return score(language_model, task, Settings(), Resources(sentences=sentences))


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
    new_masked_lm, tiny_tokenizer, identity_terms, sentences, batch_size
):
    model = new_masked_lm(1)
    exact = copy.deepcopy(model).double()
    scorer = MaskScorer(model, tiny_tokenizer, batch_size)
    table = ranked(scorer, identity_terms, sentences)
    assert list(table) == [
        "identity_term",
        "score_toxic",
        "score_non_toxic",
        "identity_ranking",
        "toxic_sentences",
        "non_toxic_sentences",
    ]
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
    rows, mask = pd.DataFrame([sentence("old", "odd", "toxic")]), tiny_tokenizer.mask_token_id
    (masked,) = masked_terms(tiny_tokenizer, rows)
    ids = tiny_tokenizer(rows["text"][0])["input_ids"]
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


def test_a_model_that_does_not_see_the_attribute_ranks_no_term(
    tiny_tokenizer, identity_terms, sentences
):
    def blind(ids, positions, tokens):
        return np.array([float(token) for each in tokens for token in each])

    language_model = SimpleNamespace(tokenizer=tiny_tokenizer, token_log_probabilities=blind)
    table = ranked(language_model, identity_terms, sentences)
    assert (table[["identity_ranking", "score_toxic", "score_non_toxic"]] == 0).all().all()


def test_the_classes_have_the_names_of_the_task(new_masked_lm, tiny_tokenizer, sentences):
    task = SimpleNamespace(item="place", positive="spam", negative="no-spam")
    renamed = sentences.assign(
        label=sentences["label"].map({"toxic": "spam", "non-toxic": "no-spam"})
    )
    table = ranked(MaskScorer(new_masked_lm(1), tiny_tokenizer, 8), task, renamed)
    assert list(table) == [
        "place",
        "score_spam",
        "score_no_spam",
        "identity_ranking",
        "spam_sentences",
        "no_spam_sentences",
    ]


def test_what_it_declares(identity_terms):
    declared = measure("identity_ranking")
    assert declared.needs == {"sentences"}
    assert declared.kept_after(identity_terms) == ("identity_ranking",)
    assert "toxic − non-toxic" in declared.quantity(identity_terms).axis
    with pytest.raises(ValueError, match="needs template sentences"):
        score(SimpleNamespace(), identity_terms, Settings(), Resources())
