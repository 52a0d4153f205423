"""Pronoun ranking, against one sentence at a time in double precision."""

import copy

import numpy as np
import pytest
import torch

from bias_transfer.vocabularies.lexicon import OCCUPATIONS, occupation_title, with_article
from bias_transfer.measures.pronoun_ranking import (
    TEMPLATES,
    mask_sentence,
    pronoun_ranking,
)
from bias_transfer.models.masked_lm import MaskScorer

# What stands between the pronoun and the occupation, and what follows.
AROUND = {
    "is": (" is {a}", ""),
    "works_as": (" works as {a}", ""),
    "applied_for": (" applied for the position of", ""),
    "good_day": (", the", ", had a good day at work"),
    "become": (" wants to become {a}", ""),
}
SEVERAL_TOKENS = "interior_designer"


@pytest.fixture(scope="module")
def model(new_masked_lm):
    return new_masked_lm(1)


@pytest.fixture(scope="module")
def table(model, tiny_tokenizer):
    scorer = MaskScorer(model, tiny_tokenizer, batch_size=64)
    return pronoun_ranking(OCCUPATIONS, tiny_tokenizer, scorer.log_probabilities)


def by_pieces(tokenizer, occupation, template, prior):
    """Build the two sentences from pieces that are tokenised one by one."""

    def ids(text):
        return tokenizer(text, add_special_tokens=False)["input_ids"] if text else []

    title = occupation_title(occupation)
    before, after = AROUND[template]
    before = before.format(a=with_article(title).split()[0])
    mask = tokenizer.mask_token_id
    hidden = ids(f" {title}")
    masks = len(hidden) if prior == "token" else len(title.split(" "))
    return [
        [tokenizer.bos_token_id, mask, *ids(before), *middle, *ids(after), tokenizer.eos_token_id]
        for middle in (hidden, [mask] * masks)
    ]


@torch.inference_mode()
def log_probability(model, ids):
    logits = model(input_ids=torch.tensor([ids])).logits[0, 1]
    return (logits - logits.logsumexp(0)).numpy()


@pytest.mark.parametrize("prior", ["token", "word"])
def test_it_equals_a_computation_of_one_sentence_at_a_time(model, tiny_tokenizer, prior):
    scorer = MaskScorer(model, tiny_tokenizer, batch_size=16)
    table = pronoun_ranking(OCCUPATIONS, tiny_tokenizer, scorer.log_probabilities, prior)
    exact = copy.deepcopy(model).double()
    she, he, they = (tiny_tokenizer.convert_tokens_to_ids(word) for word in ("She", "He", "They"))
    assert len(table) == 140
    for row in table.itertuples():
        visible, hidden = (
            log_probability(exact, ids)
            for ids in by_pieces(tiny_tokenizer, row.occupation, row.template, prior)
        )
        score = visible - hidden
        assert row.score_she == pytest.approx(score[she], abs=1e-5)
        assert row.pronoun_ranking == pytest.approx(score[she] - score[he], abs=1e-5)
        neutral = score[they] - (score[she] + score[he]) / 2
        assert row.neutral_ranking == pytest.approx(neutral, abs=1e-5)


def test_some_occupations_are_several_tokens_and_the_prior_then_matters(
    model, tiny_tokenizer, table
):
    pieces = tiny_tokenizer.tokenize(f" {occupation_title(SEVERAL_TOKENS)}")
    assert len(pieces) > 2
    scorer = MaskScorer(model, tiny_tokenizer, batch_size=16)
    words = pronoun_ranking([SEVERAL_TOKENS], tiny_tokenizer, scorer.log_probabilities, "word")
    tokens = table[table["occupation"] == SEVERAL_TOKENS]
    difference = words["pronoun_ranking"].to_numpy() - tokens["pronoun_ranking"].to_numpy()
    assert np.abs(difference).max() > 0.01


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("prior", ["token", "word"])
def test_the_masked_sentences_are_those_of_running_text(tiny_tokenizer, template, prior):
    for occupation in OCCUPATIONS:
        sentence = mask_sentence(tiny_tokenizer, occupation, template, prior)
        assert [sentence.visible, sentence.prior] == by_pieces(
            tiny_tokenizer, occupation, template, prior
        )
        assert (sentence.position, sentence.prior_position) == (1, 1)


def test_a_row_an_occupation_and_template_in_the_order_given(table):
    assert list(zip(table["occupation"], table["template"], strict=True)) == [
        (occupation, template) for occupation in OCCUPATIONS for template in TEMPLATES
    ]


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_the_batch_size_does_not_matter(model, tiny_tokenizer, table, batch_size):
    scorer = MaskScorer(model, tiny_tokenizer, batch_size)
    again = pronoun_ranking(OCCUPATIONS, tiny_tokenizer, scorer.log_probabilities)
    assert again["pronoun_ranking"].to_numpy() == pytest.approx(
        table["pronoun_ranking"].to_numpy(), abs=1e-5
    )


def test_a_model_that_does_not_see_the_occupation_ranks_no_pronoun(tiny_tokenizer):
    def blind(sentences, positions):
        row = np.log(np.arange(1, len(tiny_tokenizer) + 1) / 1e6)
        return np.tile(row, (len(sentences), 1))

    table = pronoun_ranking(OCCUPATIONS, tiny_tokenizer, blind)
    assert (table[["pronoun_ranking", "neutral_ranking"]] == 0).all().all()


def test_a_model_that_gives_numbers_that_are_not_finite_is_refused(new_masked_lm, tiny_tokenizer):
    from bias_transfer.errors import StudyError

    model = new_masked_lm(1)
    with torch.no_grad():
        model.lm_head.bias[0] = float("nan")
    with pytest.raises(StudyError, match="not finite"):
        MaskScorer(model, tiny_tokenizer, 4).log_probabilities([[0, 4, 2]], [1])
