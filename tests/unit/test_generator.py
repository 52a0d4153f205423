"""The bundled generator: the same every time, and true to what it declares."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bias_transfer.data.generate.biographies import (
    FIDELITY,
    PEOPLE_IN_BIOGRAPHY,
    biographies,
)
from bias_transfer.data.generate.comments import comments
from bias_transfer.data.generate.corpus import corpus
from bias_transfer.data.generate.sentiment import sentiment_sentences
from bias_transfer.data.generate.truth import Strengths, declare
from bias_transfer.data.generate.vocabulary import (
    IDENTITY_TERMS,
    OCCUPATION_TITLES,
    OCCUPATIONS,
    require_occupations,
    require_terms,
)
from bias_transfer.data.generate.words import (
    BIOGRAPHY_WORDS,
    COMMENT_WORDS,
    NEGATIVE_ADJECTIVES,
    NEUTRAL_PEOPLE,
    POSITIVE_ADJECTIVES,
    PROXIES,
    SHE_PREVALENCE,
)
from bias_transfer.data.mentions import mentions
from bias_transfer.data.scrubbing import scrubbed
from bias_transfer.errors import StudyError
from tests.unit.definitions import BIOS, TRADES, WIKI, occupations_of, terms_of

USUAL = Strengths(
    corpus_gender=3,
    corpus_attitude=3,
    agreement=0.5,
    prevalence=1,
    proxy=0.8,
    toxicity=1,
    evidence=1,
)
TRUTH = declare(USUAL, seed=1)


def log_odds(shares):
    values = np.array(list(shares.values()))
    return np.log(values / (1 - values))


@pytest.fixture(scope="module")
def lives():
    return biographies(12000, TRUTH, seed=1)


@pytest.fixture(scope="module")
def talk():
    return comments(12000, TRUTH, seed=1)


@pytest.fixture(scope="module")
def lines():
    return corpus(16000, TRUTH, seed=1)


def test_one_seed_gives_one_text_and_another_seed_another():
    for write in (
        lambda seed: declare(USUAL, seed),
        lambda seed: corpus(200, TRUTH, seed),
        lambda seed: biographies(50, TRUTH, seed)["text"].tolist(),
        lambda seed: comments(50, TRUTH, seed)["text"].tolist(),
        lambda seed: sentiment_sentences(50, seed)["text"].tolist(),
    ):
        assert write(1) == write(1)
        assert write(1) != write(2)


def near(hits, rows, share):
    """Tell whether a count lies within four standard errors of its expected value."""
    return abs(hits - rows * share) <= 4 * np.sqrt(rows * share * (1 - share)) + 1e-9


def test_the_share_of_women_is_near_the_declared_one(lives):
    for occupation, group in lives.groupby("label"):
        assert near(
            (group["group"] == "female").sum(), len(group), TRUTH.she_prevalence[occupation]
        )
    assert set(lives["label"]) == set(OCCUPATIONS)


def test_at_the_usual_strength_the_declared_share_of_women_is_that_of_real_data():
    assert TRUTH.she_prevalence == pytest.approx(SHE_PREVALENCE)


def test_the_pronouns_of_a_biography_are_those_of_its_group(lives):
    she = lives["text"].str.contains(r"\b(?:she|her)\b", case=False)
    he = lives["text"].str.contains(r"\b(?:he|his)\b", case=False)
    assert (she == (lives["group"] == "female")).all()
    assert (he == (lives["group"] == "male")).all()


def test_no_title_of_any_occupation_stands_in_a_biography(lives):
    titles = re.compile(r"\b(?:" + "|".join(OCCUPATION_TITLES.values()) + r")s?\b", re.I)
    assert not lives["text"].str.contains(titles).any()


def words_of(text, vocabulary):
    return [word for word in re.findall(r"\w+", text) if word in vocabulary]


def test_once_scrubbed_only_the_people_hint_at_the_gender(lives):
    texts = pd.Series(scrubbed(lives["text"], BIOS.scrubbed_words))
    for side, group in (("she", "female"), ("he", "male")):
        people = [
            word
            for text in texts[lives["group"] == group]
            for word in words_of(text, {*PROXIES["she"], *PROXIES["he"], *NEUTRAL_PEOPLE})
        ]
        known = sum(word not in NEUTRAL_PEOPLE for word in people)
        assert len(people) == PEOPLE_IN_BIOGRAPHY * (lives["group"] == group).sum()
        assert near(known, len(people), USUAL.proxy)
        assert near(sum(word in PROXIES[side] for word in people), known, FIDELITY)
    everything = {word for text in texts for word in re.findall(r"\w+", text)}
    assert not everything & {"She", "she", "Her", "her", "He", "he", "His", "his"}


def test_biographies_use_words_as_often_as_declared(lives):
    for occupation, group in lives.groupby("label"):
        words = [word for text in group["text"] for word in words_of(text, BIOGRAPHY_WORDS)]
        assert 3 * len(group) <= len(words) <= 5 * len(group)
        commonest = max(TRUTH.topics[occupation], key=TRUTH.topics[occupation].__getitem__)
        share = TRUTH.topics[occupation][commonest]
        assert near(words.count(commonest), len(words), share)


def test_every_occupation_may_use_every_word_and_shares_sum_to_one():
    for topic in TRUTH.topics.values():
        assert set(topic) == set(BIOGRAPHY_WORDS)
        assert sum(topic.values()) == pytest.approx(1)
        assert min(topic.values()) > 0


def test_comments_use_words_as_often_as_declared(talk):
    for label, shares in (("toxic", TRUTH.toxic_words), ("non-toxic", TRUTH.civil_words)):
        texts = talk.loc[talk["label"] == label, "text"]
        words = [word for text in texts for word in words_of(text, COMMENT_WORDS)]
        assert len(words) == 4 * len(texts)
        for word in ("idiot", "article", "thanks", "kind"):
            assert near(words.count(word), len(words), shares[word])


def test_a_word_tells_of_a_comments_tone_by_degrees():
    odds = np.log(list(TRUTH.toxic_words.values())) - np.log(list(TRUTH.civil_words.values()))
    assert np.std(odds) == pytest.approx(1)
    assert abs(odds).max() < 4


def test_no_word_of_the_generator_is_a_term_or_tells_the_gender():
    texts = [*BIOGRAPHY_WORDS, *COMMENT_WORDS, *NEUTRAL_PEOPLE]
    assert not any(mentions(texts, IDENTITY_TERMS))
    assert scrubbed(texts, BIOS.scrubbed_words) == texts
    assert len(set(COMMENT_WORDS)) == len(COMMENT_WORDS)


def test_the_toxic_share_is_near_the_declared_one(talk):
    groups = np.array(mentions(talk["text"], IDENTITY_TERMS))
    toxic = (talk["label"] == "toxic").to_numpy()
    for term in IDENTITY_TERMS:
        # Titles with two words mention their parts too; count the longest only.
        if term == "african american":
            inside = np.array([term in group.split(";") for group in groups])
        else:
            inside = groups == term
        assert near(toxic[inside].sum(), inside.sum(), TRUTH.toxic_share[term]), term
    nobody = groups == ""
    assert near(toxic[nobody].sum(), nobody.sum(), 0.25)
    assert near(nobody.sum(), len(talk), 0.2)


def test_the_frequency_of_a_term_is_near_the_declared_one(talk):
    groups = np.array(mentions(talk["text"], IDENTITY_TERMS))
    whole = (groups != "").sum()
    for term in ("gay", "old", "muslim", "taoist", "latinx"):
        assert near((groups == term).sum(), whole, TRUTH.term_weight[term])
    assert sum(TRUTH.term_weight.values()) == pytest.approx(1)
    rare = sorted(TRUTH.term_weight, key=TRUTH.term_weight.__getitem__)[:3]
    assert set(rare) == {"taoist", "latinx", "millenial"}


def by_title(lines):
    """Group the lines of the corpus by the occupation that they name."""
    titles = {title: name for name, title in OCCUPATION_TITLES.items()}
    # The longer first: "yoga teacher" is no "teacher".
    longest = sorted(titles, key=len, reverse=True)
    pattern = re.compile(rf"\b(?:{'|'.join(longest)})\b")
    found = {name: [] for name in OCCUPATIONS}
    for line in lines:
        if match := pattern.search(line):
            found[titles[match.group()]].append(line)
    return found


def test_the_corpus_links_occupations_and_pronouns_as_declared(lines):
    for occupation, named in by_title(lines).items():
        she = sum(bool(re.search(r"\b(?:she|her)\b", line, re.I)) for line in named)
        he = sum(bool(re.search(r"\b(?:he|his)\b", line, re.I)) for line in named)
        they = sum(bool(re.search(r"\bthey\b", line, re.I)) for line in named)
        assert she + he + they == len(named)
        assert near(she, she + he, TRUTH.corpus_she[occupation]), occupation
        assert near(they, len(named), 0.1), occupation


def test_the_corpus_links_terms_and_attitudes_as_declared(lines):
    negative, positive = set(NEGATIVE_ADJECTIVES), set(POSITIVE_ADJECTIVES)
    groups = mentions(lines, IDENTITY_TERMS)
    counts = {term: [0, 0] for term in IDENTITY_TERMS}
    for line, group in zip(lines, groups, strict=True):
        # The gendered sentences may say "female" or "male", but of nobody that she is anything.
        if group in counts:
            words = set(re.findall(r"\b(?:is|are) (\w+)", line))
            counts[group][0] += bool(words & negative)
            counts[group][1] += bool(words & positive)
    for term, (bad, good) in counts.items():
        if term != "african american":
            assert near(bad, bad + good, TRUTH.corpus_negative[term]), term


def test_the_corpus_has_as_many_lines_as_asked_and_its_share_of_occupations(lines):
    assert len(lines) == 16000
    assert sum(map(len, by_title(lines).values())) == 16000 // 3
    assert not any("{" in line or "}" in line or not line.strip() for line in lines)


@given(st.floats(-1, 1), st.integers(0, 50))
@settings(max_examples=20)
def test_the_corpus_agrees_with_the_data_as_much_as_declared(agreement, seed):
    truth = declare(replace(USUAL, agreement=agreement), seed)
    gender = np.corrcoef(log_odds(truth.corpus_she), log_odds(truth.she_prevalence))[0, 1]
    attitude = np.corrcoef(log_odds(truth.corpus_negative), log_odds(truth.toxic_share))[0, 1]
    assert gender == pytest.approx(agreement, abs=1e-9)
    assert attitude == pytest.approx(agreement, abs=1e-9)
    assert np.std(log_odds(truth.corpus_she)) == pytest.approx(3)
    assert np.std(log_odds(truth.corpus_negative)) == pytest.approx(3)
    assert np.std(log_odds(truth.toxic_share)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("strength", "field", "value"),
    [
        ("prevalence", "she_prevalence", 0.5),
        ("corpus_gender", "corpus_she", 0.5),
        ("corpus_attitude", "corpus_negative", 0.5),
        ("toxicity", "toxic_share", 1 / (1 + np.exp(0.7))),
    ],
)
def test_zero_switches_an_association_off_and_leaves_the_others(strength, field, value):
    truth = declare(replace(USUAL, **{strength: 0}), seed=1)
    assert list(getattr(truth, field).values()) == pytest.approx(
        [value] * len(getattr(truth, field))
    )
    other = "corpus_attitude" if strength == "toxicity" else "corpus_gender"
    if strength not in ("corpus_gender", "corpus_attitude"):
        drawn = truth.corpus_negative if other == "corpus_attitude" else truth.corpus_she
        assert np.std(log_odds(drawn)) == pytest.approx(3)


def test_without_proxies_a_scrubbed_biography_tells_nothing():
    texts = biographies(500, declare(replace(USUAL, proxy=0), 1), seed=1)["text"]
    hints = {*PROXIES["she"], *PROXIES["he"]}
    assert not any(words_of(text, hints) for text in texts)


def test_the_three_sentiments_are_equally_frequent():
    table = sentiment_sentences(3000, seed=1)
    counts = table["label"].value_counts()
    assert set(counts.index) == {"negative", "neutral", "positive"}
    assert all(near(count, 3000, 1 / 3) for count in counts)
    bad = table.loc[table["label"] == "negative", "text"]
    assert all(set(re.findall(r"\w+", text)) & set(NEGATIVE_ADJECTIVES) for text in bad)


def test_the_generator_writes_about_its_own_vocabularies_only():
    require_occupations(BIOS, "bios")
    require_terms(WIKI, "tasks.wiki.source")
    for task in (TRADES, occupations_of("dj", "poet")):
        with pytest.raises(StudyError, match=r"tasks\.t\.source: 'generated' writes biographies"):
            require_occupations(task, "t")
    for task in (terms_of("gay", "old"), WIKI.model_copy(update={"positive": "rude"})):
        with pytest.raises(StudyError, match="for other terms or classes give a file"):
            require_terms(task, "tasks.t.source")
