"""LEACE: nothing linear is left to read of gender, and no less change does it."""

import logging

import numpy as np
import pytest
import scipy.linalg
import statsmodels.api as sm
import torch
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.errors import StudyError
from bias_transfer.models.checkpoints import load_classifier, load_masked_lm, new_classifier
from bias_transfer.models.checkpoints import save_checkpoint as save
from bias_transfer.models.hidden_debias import hidden_sentence_embeddings
from bias_transfer.models.projection import Projection
from bias_transfer.upstream import Request, Variant, leace
from bias_transfer.upstream._erasing import sentence_embeddings
from bias_transfer.upstream._gendered import GENDERED_PAIRS, gendered_pairs
from bias_transfer.upstream.leace import least_squares_erasure


def sentences(pairs=50, width=6, seed=0):
    """Return female and male rows of correlated dimensions and unequal spread, far from 0."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(width, width)) * np.geomspace(0.1, 5, width)
    female, male = rng.normal(size=(2, pairs, width))
    return (female + 0.5) @ mixing + 7, male @ mixing + 7


def erased(erasure, rows):
    return Projection(erasure)(torch.from_numpy(rows)).numpy()


def covariance(rows, with_what):
    return (rows - rows.mean(0)).T @ (with_what - with_what.mean(0)) / len(rows)


def gender(pairs):
    return np.repeat([1.0, 0.0], pairs)


# ---- the erasure ---------------------------------------------------------------------------------


def test_four_sentences_worked_by_hand():
    # Deviations from (10, 20): the covariance is [[5, 1], [1, 1]], the means differ by (4, 0). The
    # inverse times that is (1, -1), and their product 4. So x1 loses what x1 - x2 deviates by, and
    # deviates as x2 does.
    female = np.array([[10 + 3, 20 + 1], [10 + 1, 20 - 1.0]])
    male = np.array([[10 - 3, 20 - 1], [10 - 1, 20 + 1.0]])
    found = least_squares_erasure(female, male)
    np.testing.assert_allclose(found.centre, [10, 20])
    np.testing.assert_allclose(found.removes.T @ found.reads, [[1, -1], [0, 0]], atol=1e-12)
    np.testing.assert_allclose(erased(found, female), [[11, 21], [9, 19]])
    np.testing.assert_allclose(erased(found, male), [[9, 19], [11, 21]])


def test_it_is_the_closed_form_of_the_paper():
    # Belrose et al. (2023), Theorem 4.3: r(x) = x - W^+ P W (x - E[x]), by matrix functions.
    female, male = sentences()
    rows = np.concatenate([female, male])
    spread, with_gender = covariance(rows, rows), covariance(rows, gender(50)[:, None])
    whitening = scipy.linalg.pinvh(scipy.linalg.sqrtm(spread).real)
    seen = whitening @ with_gender
    projection = seen @ scipy.linalg.pinv(seen)
    taken = scipy.linalg.pinv(whitening) @ projection @ whitening
    expected = rows - (rows - rows.mean(0)) @ taken.T
    np.testing.assert_allclose(erased(least_squares_erasure(female, male), rows), expected)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_linear_is_left_to_read(seed):
    female, male = sentences(seed=seed)
    after = erased(least_squares_erasure(female, male), np.concatenate([female, male]))
    np.testing.assert_allclose(covariance(after, gender(50)[:, None]), 0, atol=1e-12)
    # A classifier without a penalty, by another library, does what the constant does.
    design = sm.add_constant((after - after.mean(0))[:, :5])
    fitted = sm.Logit(gender(50), design).fit(disp=0)
    np.testing.assert_allclose(fitted.params, 0, atol=1e-8)
    assert fitted.llf == pytest.approx(100 * np.log(0.5))
    # Before, it did better.
    before = sm.Logit(gender(50), sm.add_constant(np.concatenate([female, male])[:, :5]))
    assert before.fit(disp=0).llf > fitted.llf + 1


def change(before, after):
    return ((after - before) ** 2).sum(1).mean()


def other_erasures(female, male, seed, size):
    """Yield affine maps that leave one mean as well: any at all, and one that is nearly LEACE."""
    rows, rng = np.concatenate([female, male]), np.random.default_rng(seed)
    away = (female.mean(0) - male.mean(0))[None]
    onto_rest = np.eye(rows.shape[1]) - away.T @ away / (away @ away.T)
    centred = rows - rows.mean(0)
    # The orthogonal projection, as INLP and Sent-Debias take it.
    yield rows.mean(0) + centred @ onto_rest
    # Whatever else a map does, it must not see the difference: then it is of this form.
    any_map, shift = rng.normal(size=onto_rest.shape), rng.normal(size=len(onto_rest))
    yield centred @ onto_rest @ any_map * size + shift
    least = erased(least_squares_erasure(female, male), rows)
    yield least + size * centred @ onto_rest @ any_map
    yield least + size * shift


@given(
    st.integers(0, 10**6),
    st.sampled_from([1e-4, 0.01, 1.0]),
    st.integers(2, 40),
)
def test_no_other_erasure_changes_less(seed, size, pairs):
    female, male = sentences(pairs, 4, seed)
    rows = np.concatenate([female, male])
    least = change(rows, erased(least_squares_erasure(female, male), rows))
    for other in other_erasures(female, male, seed, size):
        np.testing.assert_allclose(other[:pairs].mean(0), other[pairs:].mean(0), atol=1e-9)
        assert change(rows, other) >= least * (1 - 1e-9)


def test_twice_is_once_and_the_mean_stays():
    female, male = sentences()
    erasure, rows = least_squares_erasure(female, male), np.concatenate([female, male])
    once = erased(erasure, rows)
    np.testing.assert_allclose(erased(erasure, once), once)
    np.testing.assert_allclose(once.mean(0), rows.mean(0))
    assert np.linalg.matrix_rank(rows - once) == 1


def test_a_dimension_that_never_varies_is_left_alone():
    female, male = (np.insert(rows, 2, 3.0, axis=1) for rows in sentences())
    found, without = least_squares_erasure(female, male), least_squares_erasure(*sentences())
    np.testing.assert_allclose([found.reads[0, 2], found.removes[0, 2]], 0, atol=1e-9)
    np.testing.assert_allclose(np.delete(found.reads, 2, 1), without.reads)


def test_a_dimension_that_varies_by_rounding_only_is_not_read():
    # As the last hidden states sum to one number behind a layer norm: to single precision.
    female, male = sentences()
    rng = np.random.default_rng(1)
    female, male = (
        np.column_stack([rows, 1 + 1e-7 * rng.normal(size=len(rows))]) for rows in (female, male)
    )
    found = least_squares_erasure(female, male)
    assert abs(found.reads[0, 6]) < 1e-6
    after = erased(found, np.concatenate([female, male]))
    np.testing.assert_allclose(after[:50].mean(0), after[50:].mean(0), atol=1e-12)


def test_fewer_sentences_than_dimensions_are_enough():
    female, male = sentences(pairs=3, width=20)
    rows = np.concatenate([female, male])
    after = erased(least_squares_erasure(female, male), rows)
    np.testing.assert_allclose(after[:3].mean(0), after[3:].mean(0), atol=1e-12)
    # They are told apart perfectly before, and each by as much.
    read = (rows - rows.mean(0)) @ least_squares_erasure(female, male).reads[0]
    np.testing.assert_allclose(read, [0.5] * 3 + [-0.5] * 3, atol=1e-6)


@pytest.mark.parametrize("other", ["the same", "of the same mean", "a single point"])
def test_sentences_that_do_not_differ_are_refused(other):
    female, _ = sentences()
    if other == "a single point":
        female = np.ones_like(female)
    male = 2 * female.mean(0) - female if other == "of the same mean" else female
    with pytest.raises(StudyError, match="do not differ; LEACE has nothing to erase"):
        least_squares_erasure(female, male)


def test_how_much_was_readable_and_how_much_it_moves_is_logged(caplog):
    female, male = sentences()
    rows = np.concatenate([female, male])
    with caplog.at_level(logging.INFO):
        after = erased(least_squares_erasure(female, male), rows)
    # A regression of gender on the embeddings, and the sums of squares.
    readable = sm.OLS(gender(50), sm.add_constant(rows)).fit().rsquared
    moved = change(rows, after) / change(rows, rows.mean(0))
    assert f"{100 * readable:.1f} % of gender's variance" in caplog.text
    assert f"moves them by {100 * moved:.2f} % of theirs" in caplog.text


# ---- as a method ---------------------------------------------------------------------------------


def test_there_is_one_variant():
    assert [each.id for each in leace.variants(leace.Settings())] == ["leace"]


def debiased(model, tokenizer, texts, **settings):
    request = Request(Variant("leace"), leace.Settings(**settings), 1, texts)
    return leace.apply(model, tokenizer, request)


def means_by_gender(model, tokenizer, texts):
    """Return the mean over the female and the male sentences of their mean word embeddings."""
    words = model.get_input_embeddings().weight.detach().double().numpy()
    return [
        sentence_embeddings(
            words, tokenizer(list(side), add_special_tokens=False)["input_ids"]
        ).mean(0)
        for side in zip(*gendered_pairs(texts, GENDERED_PAIRS, 2000), strict=True)
    ]


def test_the_word_level_brings_the_sentences_to_one_mean(
    tiny_checkpoint, tiny_tokenizer, tiny_sentences
):
    model = load_masked_lm(str(tiny_checkpoint))
    words = model.get_input_embeddings().weight
    before, weights = words.detach().clone(), {k: v.clone() for k, v in model.state_dict().items()}
    female, male = means_by_gender(model, tiny_tokenizer, tiny_sentences)
    assert np.linalg.norm(female - male) > 0.1
    assert debiased(model, tiny_tokenizer, tiny_sentences) is model
    np.testing.assert_allclose(*means_by_gender(model, tiny_tokenizer, tiny_sentences), atol=1e-6)
    # Words move along the difference only, and nothing else does.
    moved = (words.detach() - before).double().numpy()
    along = (female - male) / np.linalg.norm(female - male)
    np.testing.assert_allclose(moved, np.outer(moved @ along, along), atol=1e-5)
    changed = {k for k, v in model.state_dict().items() if not v.equal(weights[k])}
    assert changed == {k for k, v in weights.items() if v.equal(before)}
    # The output matrix is the same tensor still, so that she and he are scored more alike.
    assert model.get_output_embeddings().weight.data_ptr() == words.data_ptr()
    she, he = (
        tiny_tokenizer(word, add_special_tokens=False)["input_ids"] for word in ("She", "He")
    )
    gap, was = (float((rows[she[0]] - rows[he[0]]).norm()) for rows in (words.detach(), before))
    assert len(she) == len(he) == 1
    assert gap < was / 2


def test_the_hidden_level_changes_no_weight_and_stays_with_the_checkpoint(
    tiny_checkpoint, tiny_tokenizer, tiny_sentences, tmp_path
):
    plain, model = (load_masked_lm(str(tiny_checkpoint)) for _ in range(2))
    pairs = gendered_pairs(tiny_sentences, GENDERED_PAIRS, 2000)

    def means(of):
        return [
            hidden_sentence_embeddings(of, tiny_tokenizer, side, 64).mean(0)
            for side in zip(*pairs, strict=True)
        ]

    debiased(model, tiny_tokenizer, tiny_sentences, level="hidden")
    weights = plain.state_dict()
    assert all(weight.equal(weights[name]) for name, weight in model.state_dict().items())
    save(model, tiny_tokenizer, tmp_path / "made")
    torch.manual_seed(0)
    classifier = new_classifier(tmp_path / "made", ("no", "yes"))
    batch = tiny_tokenizer(tiny_sentences[:2], padding=True, return_tensors="pt")
    classifier(**batch, labels=torch.tensor([0, 1])).loss.backward()
    assert classifier.get_input_embeddings().weight.grad.abs().sum() > 0
    save(classifier, tiny_tokenizer, tmp_path / "tuned")
    female, male = means(plain)
    assert np.linalg.norm(female - male) > 0.05
    for again in (load_masked_lm(str(tmp_path / "made")), load_classifier(tmp_path / "tuned")):
        found = means(again)
        np.testing.assert_allclose(*found, atol=1e-5)
        # The mean over all stays where it was.
        np.testing.assert_allclose(np.mean(found, axis=0), (female + male) / 2, atol=1e-5)


@pytest.mark.parametrize("level", ["word", "hidden"])
def test_a_corpus_without_enough_gendered_sentences_is_refused_in_one_line(
    tiny_checkpoint, tiny_tokenizer, level
):
    model = load_masked_lm(str(tiny_checkpoint))
    said = r"too few for upstream\.leace; .* in upstream\.leace\.pairs"
    with pytest.raises(StudyError, match=said) as caught:
        debiased(model, tiny_tokenizer, ["She is a nurse"], level=level)
    assert "\n" not in str(caught.value)
