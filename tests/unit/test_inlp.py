"""INLP: the classifier, the directions that it finds one after the other, and what is left."""

import itertools
import logging

import numpy as np
import pytest
import scipy.optimize
import statsmodels.api as sm
import torch

from bias_transfer.errors import StudyError
from bias_transfer.models.checkpoints import load_classifier, load_masked_lm, new_classifier
from bias_transfer.models.checkpoints import save_checkpoint as save
from bias_transfer.models.hidden_debias import attached_projection, hidden_sentence_embeddings
from bias_transfer.upstream import Request, Variant, inlp
from bias_transfer.upstream._erasing import sentence_embeddings
from bias_transfer.upstream._gendered import GENDERED_PAIRS, gendered_pairs
from bias_transfer.upstream.inlp import logistic_regression, telling_directions

# ---- the classifier ------------------------------------------------------------------------------


def sentences(pairs=60, width=6, seed=0):
    """Return female and male rows that overlap, of unequal spread, far from 0."""
    rng = np.random.default_rng(seed)
    spread = np.geomspace(0.1, 5, width)
    context = rng.normal(size=(pairs, width)) * spread
    female, male = (
        context + shift * spread / 3 + rng.normal(size=(pairs, width)) * spread / 2
        for shift in (1, -1)
    )
    return female + 2, male + 2


@pytest.mark.parametrize("scale", [0.1, 1, 30])
def test_the_classifier_is_that_of_statsmodels_likelihood_with_a_penalty(scale):
    female, male = sentences()
    rows, is_female = np.concatenate([female, male]) * scale, np.arange(120) < 60
    model = sm.Logit(is_female.astype(float), np.column_stack([rows, np.ones(len(rows))]))
    # C = 1: as much weight as the sum over rows. The intercept, last, has no penalty.
    penalty = np.append(np.ones(6), 0)
    expected = scipy.optimize.root(
        lambda parameters: model.score(parameters) - penalty * parameters,
        np.zeros(7),
        jac=lambda parameters: model.hessian(parameters) - np.diag(penalty),
        tol=1e-12,
    )
    weights, intercept = logistic_regression(rows, is_female)
    np.testing.assert_allclose([*weights, intercept], expected.x, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("scale", [0.1, 1, 30])
def test_the_classifier_meets_the_conditions_of_the_minimum(scale):
    # The derivatives by hand: each weight is the sum of the rows, signed, by how wrong each is; and
    # those who are wrong about either class weigh alike, since the intercept is free.
    female, male = sentences()
    rows, sign = np.concatenate([female, male]) * scale, np.repeat([1, -1], 60)
    weights, intercept = logistic_regression(rows, sign > 0)
    wrong = sign / (1 + np.exp(sign * (rows @ weights + intercept)))
    np.testing.assert_allclose(weights, rows.T @ wrong, atol=1e-5)
    assert wrong.sum() == pytest.approx(0, abs=1e-5)


def test_classes_that_are_wholly_apart_have_finite_weights():
    weights, intercept = logistic_regression(np.array([[3.0], [-1.0]]), np.array([True, False]))
    # By symmetry about 1; w solves w = 2 * 2 / (1 + exp(2 w)).
    assert intercept == pytest.approx(-weights[0])
    assert weights[0] == pytest.approx(4 / (1 + np.exp(2 * weights[0])))


# ---- the directions ------------------------------------------------------------------------------


def ravfogel(female, male, iterations):
    """Work the projection out as Algorithm 1 does: from the nullspaces' intersection, each time."""
    rows, is_female = np.concatenate([female, male]), np.arange(len(female) * 2) < len(female)
    classifiers, projection = [], np.eye(rows.shape[1])
    for _ in range(iterations):
        classifiers.append(logistic_regression(rows @ projection, is_female)[0])
        weights = np.array(classifiers)
        projection = np.eye(rows.shape[1]) - np.linalg.pinv(weights) @ weights
    return np.array(classifiers), projection


def test_the_directions_span_the_weights_of_all_classifiers():
    female, male = sentences()
    found = telling_directions(female, male, 4)
    classifiers, projection = ravfogel(female, male, 4)
    np.testing.assert_allclose(found @ found.T, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(np.eye(6) - found.T @ found, projection, atol=1e-6)
    # What is left of a sentence says nothing to any of them.
    left = female - female @ found.T @ found
    np.testing.assert_allclose(left @ classifiers.T, 0, atol=1e-5)


def planted():
    """Return rows that differ in two of five dimensions, each combination of the others once.

    The two are spread unequally, so that one classifier does not find both; the other three are the
    same for women and men and every sign of them is there, so that no classifier looks at them.
    """
    own = itertools.product((-1.5, -0.5, 0.5, 1.5), (-2.4, -0.8, 0.8, 2.4))
    others = list(itertools.product((-1.0, 1.0), repeat=3))
    context = np.array([[*one, *rest] for one in own for rest in others])
    shift = np.array([1.0, 1.0, 0, 0, 0])
    return context + shift, context - shift


def test_planted_directions_are_found_and_then_nothing_is_left(caplog):
    with caplog.at_level(logging.INFO):
        found = telling_directions(*planted(), 4)
    # Four were asked for.
    assert len(found) == 2
    np.testing.assert_allclose(found.T @ found, np.diag([1, 1, 0, 0, 0]), atol=1e-6)
    said = [record.getMessage() for record in caplog.records]
    assert [line.split(" removed")[0] for line in said] == [
        "0 directions",
        "1 direction",
        "2 directions",
    ]
    shares = [float(line.split("gender of ")[1].split(" %")[0]) for line in said]
    assert shares[0] > shares[1] > 50
    assert shares[2] == 50


def test_one_iteration_leaves_the_second_direction():
    female, male = planted()
    (first,) = telling_directions(female, male, 1)
    assert abs(first[0]) > abs(first[1]) > 0.01
    left = (female - male).mean(0) - (female - male).mean(0) @ first * first
    assert np.linalg.norm(left) > 0.5


def test_more_iterations_go_on_from_fewer():
    female, male = sentences()
    np.testing.assert_array_equal(
        telling_directions(female, male, 2), telling_directions(female, male, 5)[:2]
    )


def test_the_order_of_the_sentences_does_not_matter():
    female, male = sentences()
    order = np.random.default_rng(1).permutation(len(female))
    found, again = (
        directions.T @ directions
        for directions in (
            telling_directions(female, male, 3),
            telling_directions(female[order], male[order[::-1]], 3),
        )
    )
    np.testing.assert_allclose(found, again, atol=1e-6)


def test_it_draws_nothing():
    female, male = sentences()
    np.testing.assert_array_equal(
        telling_directions(female, male, 3), telling_directions(female, male, 3)
    )


@pytest.mark.parametrize("iterations", [6, 7])
def test_as_many_iterations_as_dimensions_are_refused(iterations):
    with pytest.raises(StudyError, match=r"upstream\.inlp\.iterations: .* give at most 5"):
        telling_directions(*sentences(), iterations)


def test_sentences_that_do_not_differ_are_refused():
    female, _ = sentences()
    with pytest.raises(StudyError, match="do not differ; INLP has no direction"):
        telling_directions(female, female[::-1], 2)


# ---- as a method ---------------------------------------------------------------------------------


def test_a_variant_is_named_after_its_iterations():
    variants = inlp.variants(inlp.Settings(iterations=[8, 80]))
    assert [each.id for each in variants] == ["inlp-n8", "inlp-n80"]


def debiased(model, tokenizer, texts, iterations=3, **settings):
    variant = Variant("inlp", iterations, letter="n")
    return inlp.apply(model, tokenizer, Request(variant, inlp.Settings(**settings), 1, texts))


def embedded(model, tokenizer, texts):
    """Return the word level's sentences, female and male."""
    words = model.get_input_embeddings().weight.detach().double().numpy()
    return [
        sentence_embeddings(words, tokenizer(list(side), add_special_tokens=False)["input_ids"])
        for side in zip(*gendered_pairs(texts, GENDERED_PAIRS, 2000), strict=True)
    ]


def test_the_word_level_projects_every_row_of_the_word_embeddings(
    tiny_checkpoint, tiny_tokenizer, tiny_sentences
):
    model = load_masked_lm(str(tiny_checkpoint))
    words = model.get_input_embeddings().weight
    before = words.detach().double().numpy().copy()
    _, projection = ravfogel(*embedded(model, tiny_tokenizer, tiny_sentences), 3)
    assert debiased(model, tiny_tokenizer, tiny_sentences) is model
    after = words.detach().double().numpy()
    np.testing.assert_allclose(after, before @ projection, atol=1e-5)
    # The output matrix is the same tensor still, so that she and he are scored more alike.
    assert model.get_output_embeddings().weight.data_ptr() == words.data_ptr()
    she, he = (
        tiny_tokenizer(word, add_special_tokens=False)["input_ids"] for word in ("She", "He")
    )
    gap, was = (np.linalg.norm(rows[she[0]] - rows[he[0]]) for rows in (after, before))
    assert len(she) == len(he) == 1
    assert gap < was / 4


def test_what_a_classifier_could_tell_before_and_after_is_logged(
    tiny_checkpoint, tiny_tokenizer, tiny_sentences, caplog
):
    model = load_masked_lm(str(tiny_checkpoint))
    with caplog.at_level(logging.INFO):
        debiased(model, tiny_tokenizer, tiny_sentences, iterations=8)
    told = [line.getMessage() for line in caplog.records if "linear classifier" in line.message]
    assert "of the sentences that it was fitted on" in told[0]
    first, last = (
        float(line.split("gender of ")[1].split(" %")[0]) for line in (told[0], told[-1])
    )
    assert first > 95
    assert last < 60


def test_the_hidden_level_changes_no_weight_and_stays_with_the_checkpoint(
    tiny_checkpoint, tiny_tokenizer, tiny_sentences, tmp_path
):
    plain, model = (load_masked_lm(str(tiny_checkpoint)) for _ in range(2))
    pairs = gendered_pairs(tiny_sentences, GENDERED_PAIRS, 2000)
    female, male = (
        hidden_sentence_embeddings(plain, tiny_tokenizer, side, 64)
        for side in zip(*pairs, strict=True)
    )
    _, projection = ravfogel(female, male, 3)
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
    for again in (load_masked_lm(str(tmp_path / "made")), load_classifier(tmp_path / "tuned")):
        assert attached_projection(again).reads.shape == (3, 16)
        found = hidden_sentence_embeddings(again, tiny_tokenizer, [one for one, _ in pairs], 64)
        np.testing.assert_allclose(found, female @ projection, atol=1e-4)


@pytest.mark.parametrize("level", ["word", "hidden"])
def test_a_checkpoint_with_nothing_left_or_no_sentences_is_refused_in_one_line(
    tiny_checkpoint, tiny_tokenizer, tiny_sentences, level
):
    model = load_masked_lm(str(tiny_checkpoint))
    for texts, iterations, said in (
        (tiny_sentences, 16, r"upstream\.inlp\.iterations: 16, but the embeddings have 16 dim"),
        (["She is a nurse"], 2, r"too few for upstream\.inlp; .* in upstream\.inlp\.pairs"),
    ):
        with pytest.raises(StudyError, match=said) as caught:
            debiased(model, tiny_tokenizer, texts, iterations, level=level)
        assert "\n" not in str(caught.value)
