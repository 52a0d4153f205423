"""The Bayes-optimal classifiers: worked by hand, and counted on generated text."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from bias_transfer.data.generate.bayes import (
    Biographies,
    false_positive_rates,
    hints,
    recognition,
    reliability,
)
from bias_transfer.data.generate.biographies import FIDELITY, biographies
from bias_transfer.data.generate.comments import UNMENTIONED_TOXIC_SHARE, comments
from bias_transfer.data.generate.declaration import biographies_truth, comments_truth, world_of
from bias_transfer.data.generate.truth import Strengths, declare
from bias_transfer.data.generate.vocabulary import IDENTITY_TERMS, OCCUPATIONS, TERM_TITLES
from bias_transfer.data.generate.words import BIOGRAPHY_WORDS, COMMENT_WORDS, PROXIES
from bias_transfer.data.mentions import mentions

USUAL = Strengths(
    corpus_gender=3,
    corpus_attitude=3,
    agreement=0.5,
    prevalence=1,
    proxy=0.8,
    toxicity=1.5,
    evidence=1,
)

# Two occupations with the same words: only the hints tell them apart, one person each.
TWINS = Biographies(
    frequency=np.array([0.5, 0.5]),
    women=np.array([0.8, 0.2]),
    topics=np.full((2, 3), 1 / 3),
    lengths=(1, 2),
    people=1,
    proxy=0.5,
    fidelity=0.9,
)


def generated_rng():
    return np.random.default_rng(1)


def test_the_hints_of_one_person():
    found = hints(1, 0.5, 0.9)
    assert found[0] == pytest.approx((0.5, 0.5))
    assert found[1] == pytest.approx((0.45, 0.05))
    assert found[-1] == pytest.approx((0.05, 0.45))


@pytest.mark.parametrize("people", [0, 1, 2, 3])
def test_the_chances_of_all_hints_sum_to_one(people):
    for side in zip(*hints(people, 0.7, 0.8).values(), strict=True):
        assert sum(side) == pytest.approx(1)


def test_without_gender_told_no_hint_is_given():
    assert hints(2, 0, 0.9)[0] == (1, 1)


def test_twins_are_told_apart_by_hints_alone():
    # A woman hinted at: P(0.8 …) is larger for the first, so it is predicted; a man: the second.
    # No hint: a tie, which goes to the first. So of the first 0.5 + 0.45 of the women are
    # recognised and 0.5 + 0.05 of the men; of the second 0.05 and 0.45.
    rates = recognition(TWINS, 10, generated_rng())
    assert rates.women == pytest.approx([0.95, 0.05])
    assert rates.men == pytest.approx([0.55, 0.45])
    assert rates.log_ratio == pytest.approx(np.log([0.95 / 0.55, 0.05 / 0.45]))
    assert rates.log_ratio_error == pytest.approx([0, 0], abs=1e-12)


def test_words_that_only_one_occupation_uses_tell_it_for_certain():
    apart = replace(TWINS, topics=np.array([[1.0, 0, 0], [0, 0.5, 0.5]]))
    rates = recognition(apart, 50, generated_rng())
    assert (rates.women == 1).all()
    assert (rates.log_ratio == 0).all()


@pytest.mark.parametrize("change", [{"women": np.array([0.5, 0.5])}, {"proxy": 0.0}])
def test_no_ratio_where_gender_says_nothing_or_is_not_told(change):
    topics = np.array([[0.6, 0.3, 0.1], [0.1, 0.3, 0.6]])
    rates = recognition(replace(TWINS, topics=topics, **change), 200, generated_rng())
    assert rates.log_ratio == pytest.approx([0, 0], abs=1e-12)


def test_the_false_positive_rate_of_two_words_by_hand():
    # Log odds of a word: ± log 3. Of two words of a harmless comment, with chance 1/16 both are
    # harsh (log odds 2 log 3), with 6/16 one is (0), and with 9/16 none (−2 log 3).
    toxic, civil = np.array([0.75, 0.25]), np.array([0.25, 0.75])
    rates = false_positive_rates(toxic, civil, 2, np.array([0.01, 0.2, 0.6, 0.95]))
    assert rates == pytest.approx([0, 1 / 16, 7 / 16, 1])


def test_words_without_evidence_leave_the_share_to_decide():
    same = np.full(3, 1 / 3)
    assert false_positive_rates(same, same, 4, np.array([0.4, 0.6])) == pytest.approx([0, 1])


def test_an_odd_number_of_words_is_refused():
    with pytest.raises(ValueError, match="even number"):
        false_positive_rates(np.ones(1), np.ones(1), 3, np.array([0.5]))


def test_reliability_is_the_share_of_true_variance():
    assert reliability(np.array([0.0, 2.0]), np.array([0.5, 1.5])) == pytest.approx(0.5)
    assert reliability(np.array([0.0, 2.0]), np.zeros(2)) == 1
    assert reliability(np.ones(3), np.ones(3)) == 0
    assert reliability(np.array([]), np.array([])) == 0


def test_reliability_is_the_correlation_of_two_samples():
    rng = generated_rng()
    true = rng.normal(size=20000)
    first, second = (true + rng.normal(scale=0.5, size=20000) for _ in range(2))
    expected = reliability(true, np.full(20000, 0.25))
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(expected, abs=0.01)


def near(found, rate, rows):
    """Tell whether an observed share lies within four standard errors of a rate, and a hundredth.

    The hundredth is for the Monte Carlo error of the rate.
    """
    return abs(found - rate) <= 4 * np.sqrt(rate * (1 - rate) / rows) + 0.01


def test_the_recognition_rates_are_those_counted_on_generated_biographies():
    truth = declare(USUAL, seed=1)
    rows = biographies(20000, truth, seed=1)
    world = world_of(truth)
    numbers = {word: number for number, word in enumerate(BIOGRAPHY_WORDS)}
    # One text at a time, by Bayes' rule as it is written: not how the rates were computed.
    side = dict.fromkeys(PROXIES["she"], FIDELITY) | dict.fromkeys(PROXIES["he"], 1 - FIDELITY)
    right = []
    for text, label in zip(rows["text"], rows["label"], strict=True):
        found = re.findall(r"\w+", text)
        score = world.frequency * np.prod(
            [world.topics[:, numbers[word]] for word in found if word in numbers], axis=0
        )
        woman = np.prod([side[word] for word in found if word in side])
        man = np.prod([1 - side[word] for word in found if word in side])
        score = score * (world.women * woman + (1 - world.women) * man)
        right.append(OCCUPATIONS[score.argmax()] == label)
    rows["right"] = right
    told = biographies_truth(truth, rows, 1)["bayes"]
    for (name, group), cell in rows.groupby(["label", "group"]):
        rate = told["tpr_women" if group == "female" else "tpr_men"][name]
        assert near(cell["right"].mean(), rate, len(cell)), (name, group)
    assert max(told["monte_carlo_error"].values()) < 0.05
    assert 0.5 < told["reliability"] < 1


def test_the_false_positive_rates_are_those_counted_on_generated_comments():
    truth = declare(USUAL, seed=1)
    rows = comments(20000, truth, seed=1)
    rows["group"] = mentions(rows["text"], IDENTITY_TERMS)
    odds = {w: np.log(truth.toxic_words[w] / truth.civil_words[w]) for w in COMMENT_WORDS}
    # The longest first: a comment about African Americans is of their own toxic share.
    titles = sorted(TERM_TITLES, key=len, reverse=True)
    said = []
    for text, group in zip(rows["text"], rows["group"], strict=True):
        term = next((name for name in titles if name in group.split(";")), None)
        share = UNMENTIONED_TOXIC_SHARE if term is None else truth.toxic_share[term]
        said.append(logit(share) + sum(odds.get(w, 0) for w in re.findall(r"\w+", text)) > 0)
    rows["said"] = said
    told = comments_truth(truth, rows)["bayes"]
    harmless = rows[rows["label"] == "non-toxic"]
    for term in IDENTITY_TERMS:
        cell = harmless[[term in group.split(";") for group in harmless["group"]]]
        assert near(cell["said"].mean() if len(cell) else 0, told["fpr"][term], max(1, len(cell)))
    ratio = told["fpr"]["gay"] / harmless["said"].mean()
    assert told["fpr_ratio"]["gay"] == pytest.approx(ratio, rel=0.1)
    assert 0.5 < told["reliability"] < 1


def test_a_world_of_nothing_has_no_bias_to_find():
    truth = declare(replace(USUAL, prevalence=0, proxy=0, toxicity=0), seed=1)
    empty = pd.DataFrame({"label": ["poet"], "group": ["female"]})
    assert set(biographies_truth(truth, empty, 1)["bayes"]["log_tpr_ratio"].values()) == {0}
    rates = comments_truth(truth, empty)["bayes"]["fpr"].values()
    assert max(rates) == pytest.approx(min(rates))
