"""Sent-Debias: pairs of sentences, the gender direction, and that nothing else is removed."""

import logging
from unicodedata import normalize

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.errors import StudyError
from bias_transfer.models.checkpoints import load_masked_lm
from bias_transfer.models.erasure import Erasure
from bias_transfer.models.projection import Projection
from bias_transfer.upstream import Request, Variant, sentdebias
from bias_transfer.upstream._erasing import sentence_embeddings
from bias_transfer.upstream._gendered import GENDERED_PAIRS, gendered_pairs
from bias_transfer.upstream._subspace import bias_subspace

SHAPE = torch.Size((200, 50))


def matrix(seed=0):
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("She is here", ("She is here", "He is here")),
        ("the father left", ("the mother left", "the father left")),
        ("HE saw HER son", ("SHE saw HIS daughter", "HE saw HER son")),
        ("Mary and john", ("Mary and john", "John and mary")),
        ("MARY", ("MARY", "JOHN")),
        ("he hurt himself", ("she hurt herself", "he hurt himself")),
        ("a guy, a gal", ("a gal, a guy", "a guy, a gal")),
        ("his-and-hers", ("her-and-hers", "his-and-hers")),
        ("\u017fhe left", ("\u017fhe left", "he left")),
    ],
)
def test_each_gendered_word_is_swapped_and_keeps_its_case(text, pair):
    assert gendered_pairs([text], GENDERED_PAIRS, 10) == [pair]


def test_words_that_only_hold_a_gendered_word_do_not_count():
    texts = ["The theory", "a human shell", "sonata", ""]
    assert gendered_pairs(texts, GENDERED_PAIRS, 10) == []


def test_pairs_come_in_the_order_of_the_corpus_up_to_the_maximum():
    texts = ["nobody", "she a", "nobody", "he b", "she c"]
    assert gendered_pairs(texts, GENDERED_PAIRS, 2) == [("she a", "he a"), ("she b", "he b")]
    assert len(gendered_pairs(texts, GENDERED_PAIRS, 99)) == 3


def test_words_of_another_language_are_a_setting():
    # With the English pairs, "son" would become "daughter", and nothing else.
    pairs = [["elle", "il"], ["sa mère", "son père"]]
    texts = ["Elle appelle sa mère", "Son fils", "Ici, il lit"]
    assert gendered_pairs(texts, pairs, 10) == [
        ("Elle appelle sa mère", "Il appelle son père"),
        ("Ici, elle lit", "Ici, il lit"),
    ]
    apart = normalize("NFD", "Sa mère")
    assert gendered_pairs([apart], pairs, 1) == [(apart, "Son père")]


def planted(direction, pairs=200, spread=0.05, seed=0):
    """Sentences that differ in one direction, whichever their own place is."""
    rng = np.random.default_rng(seed)
    context = rng.normal(size=(pairs, len(direction)))
    context /= np.linalg.norm(context, axis=1, keepdims=True)
    noise = spread * rng.normal(size=(2, pairs, len(direction))) / np.sqrt(len(direction))
    return context + 0.5 * direction + noise[0], context - 0.5 * direction + noise[1]


def unit(size=30, seed=3):
    vector = np.random.default_rng(seed).normal(size=size)
    return vector / np.linalg.norm(vector)


def test_the_planted_direction_is_recovered():
    direction = unit(300)
    female, male = planted(direction)
    (found,) = bias_subspace(female, male, 1)
    assert np.linalg.norm(found) == pytest.approx(1)
    assert abs(found @ direction) >= 0.99


def test_the_pca_of_plain_differences_would_miss_it():
    # Why each pair is centred on its own mean: centring the differences takes the direction away.
    direction = unit(300)
    female, male = planted(direction)
    differences = female - male
    centred = differences - differences.mean(axis=0)
    wrong = np.linalg.svd(centred, full_matrices=False)[2][0]
    assert abs(wrong @ direction) < 0.5


def test_the_subspace_is_that_of_a_covariance_matrix():
    rng = np.random.default_rng(0)
    female, male = rng.normal(size=(40, 6)) + 1, rng.normal(size=(40, 6))
    covariance = np.zeros((6, 6))
    for woman, man in zip(female, male, strict=True):
        woman, man = woman / np.sqrt(woman @ woman), man / np.sqrt(man @ man)
        middle = (woman + man) / 2
        for each in (woman - middle, man - middle):
            covariance += np.outer(each, each)
    expected = np.linalg.eigh(covariance)[1][:, ::-1][:, :3].T
    found = bias_subspace(female, male, 3)
    assert np.abs(np.sum(found * expected, axis=1)) == pytest.approx([1, 1, 1])
    assert found @ found.T == pytest.approx(np.eye(3), abs=1e-12)


@pytest.mark.parametrize(
    ("female", "male", "components", "said"),
    [
        (np.eye(4)[:3], np.eye(4)[:3], 1, "do not differ"),
        (np.eye(9, 4) + 1, np.eye(9, 4)[::-1] + 2, 5, "components: 5"),
    ],
)
def test_what_has_no_gender_direction_is_refused(female, male, components, said):
    with pytest.raises(StudyError, match=said):
        bias_subspace(female, male, components)


def remove_component(rows, directions, gamma):
    return Projection(Erasure.of_subspace(directions, gamma))(rows)


def test_gamma_zero_is_the_identity_bit_for_bit():
    rows = matrix()
    assert torch.equal(remove_component(rows, unit(50)[None], 0), rows)


def test_gamma_one_leaves_nothing_in_the_subspace_and_the_rest_alone():
    rows, direction = matrix(), unit(50)
    after = remove_component(rows, direction[None], 1).double().numpy()
    assert after @ direction == pytest.approx(0, abs=1e-5)
    other = np.random.default_rng(0).normal(size=50)
    other -= (other @ direction) * direction
    assert after @ other == pytest.approx(rows.double().numpy() @ other, abs=1e-4)


def test_gamma_one_twice_is_gamma_one_once():
    once = remove_component(matrix(), unit(50)[None], 1)
    torch.testing.assert_close(remove_component(once, unit(50)[None], 1), once, atol=1e-6, rtol=0)


@given(st.sampled_from([-50, -10, -1, 0.5, 2, 10, 50]))
def test_the_component_is_multiplied_by_one_less_gamma(gamma):
    # So a negative gamma amplifies, and two turns the sign.
    rows, direction = matrix().double(), unit(50)
    before = rows.numpy() @ direction
    after = remove_component(rows, direction[None], gamma).numpy() @ direction
    assert after == pytest.approx((1 - gamma) * before)


def test_a_row_worked_out_by_hand():
    # <h, v> = 0.6 + 2 * 0.8 = 2.2; h - 0.5 * 2.2 * v.
    after = remove_component(torch.tensor([[1.0, 2.0]]), np.array([[0.6, 0.8]]), 0.5)
    assert after[0].tolist() == pytest.approx([1 - 0.66, 2 - 0.88])


def test_two_directions_are_both_removed():
    directions = np.linalg.qr(np.random.default_rng(0).normal(size=(50, 2)))[0].T
    after = remove_component(matrix(), directions, 1).double().numpy()
    assert after @ directions.T == pytest.approx(0, abs=1e-5)


def test_a_sentence_is_the_mean_of_its_tokens():
    table = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 6.0]])
    assert sentence_embeddings(table, [[1, 2], [2], [0, 1, 1, 2]]).tolist() == [
        [2.0, 4.0],
        [3.0, 6.0],
        [1.25, 2.5],
    ]


# ---- as a method ---------------------------------------------------------------------------------

PAIRS = [("She is a nurse", "He is a nurse"), ("She works as a dj", "He works as a dj")]


def debiased(model, tokenizer, texts, gamma=1.0, **settings):
    request = Request(
        Variant("sentdebias", gamma, letter="g"), sentdebias.Settings(**settings), 1, texts
    )
    return sentdebias.apply(model, tokenizer, request)


def gender_direction(embeddings, tokenizer, texts):
    """Work the first direction out again: pairs normalised, halved differences, an eigenvector."""
    rows = {
        text: embeddings[tokenizer(text, add_special_tokens=False)["input_ids"]].mean(0)
        for pair in texts
        for text in pair
    }
    rows = {text: row / np.linalg.norm(row) for text, row in rows.items()}
    differences = np.array([(rows[woman] - rows[man]) / 2 for woman, man in texts])
    return np.linalg.eigh(differences.T @ differences)[1][:, -1]


@pytest.mark.parametrize("gamma", [1.0, -10.0, 50.0])
def test_the_word_level_changes_the_word_embeddings_and_nothing_else(
    tiny_checkpoint, tiny_tokenizer, gamma
):
    model = load_masked_lm(str(tiny_checkpoint))
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    words = model.get_input_embeddings().weight
    texts = [woman for woman, _ in PAIRS]
    direction = gender_direction(words.detach().double().numpy(), tiny_tokenizer, PAIRS)
    assert debiased(model, tiny_tokenizer, texts, gamma) is model
    changed = {name for name, each in model.state_dict().items() if not each.equal(before[name])}
    inside = next(name for name, each in model.named_parameters() if each is words)
    tied = {name for name, each in before.items() if each.equal(before[inside])}
    assert changed == tied
    # The output matrix is the same tensor still.
    assert model.get_output_embeddings().weight.data_ptr() == words.data_ptr()
    along = before[inside].double().numpy() @ direction
    after = words.detach().double().numpy() @ direction
    np.testing.assert_allclose(after, (1 - gamma) * along, atol=1e-5 * abs(gamma))


@pytest.mark.parametrize("level", ["word", "hidden"])
def test_a_corpus_without_enough_gendered_sentences_is_refused_in_one_line(
    tiny_checkpoint, tiny_tokenizer, level
):
    model = load_masked_lm(str(tiny_checkpoint))
    for texts in ([], ["Nobody is here"], ["She is a nurse", "They left"]):
        with pytest.raises(StudyError, match=r"too few for upstream\.sentdebias; give") as caught:
            debiased(model, tiny_tokenizer, texts, level=level)
        assert "\n" not in str(caught.value)
        assert "nurse" not in str(caught.value)


def test_more_components_than_pairs_are_refused(tiny_checkpoint, tiny_tokenizer):
    model = load_masked_lm(str(tiny_checkpoint))
    with pytest.raises(StudyError, match="has 2 sentences with a gendered word, too few"):
        debiased(model, tiny_tokenizer, ["She left", "He left"], components=3)


def test_no_more_pairs_are_used_than_the_settings_say(
    tiny_checkpoint, tiny_tokenizer, tiny_sentences, caplog
):
    with caplog.at_level(logging.INFO):
        debiased(
            load_masked_lm(str(tiny_checkpoint)), tiny_tokenizer, tiny_sentences, maximum_pairs=7
        )
    assert "7 pairs of sentences" in caplog.text


@pytest.fixture
def both(tiny_checkpoint, tiny_tokenizer, tiny_sentences):
    """Return an unaltered model and the same one with its hidden states debiased."""
    plain, altered = (load_masked_lm(str(tiny_checkpoint)) for _ in range(2))
    debiased(altered, tiny_tokenizer, tiny_sentences, level="hidden")
    return plain, altered


def test_the_hidden_level_changes_no_weight(both):
    plain, altered = (model.state_dict() for model in both)
    assert all(torch.equal(weight, altered[name]) for name, weight in plain.items())


def test_the_hidden_level_brings_the_pairs_together(both, tiny_tokenizer):
    gaps = []
    for model in both:
        batch = tiny_tokenizer(
            [text for pair in PAIRS for text in pair], padding=True, return_tensors="pt"
        )
        with torch.inference_mode():
            hidden = model.base_model(**batch).last_hidden_state
        weight = batch["attention_mask"].unsqueeze(-1)
        means = (hidden * weight).sum(1) / weight.sum(1)
        gaps.append(float((means[::2] - means[1::2]).norm(dim=1).mean()))
    assert gaps[1] < gaps[0]
