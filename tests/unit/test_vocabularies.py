"""The closed vocabularies: how many words, in which order, and how sentences write them."""

import pytest

from bias_transfer.vocabularies.lexicon import (
    GENDERED_PAIRS,
    IDENTITY_TERMS,
    OCCUPATIONS,
    PRONOUNS,
    capitalised,
    identity_title,
    occupation_title,
    with_article,
)


def test_there_are_28_occupations_in_alphabetical_order():
    assert len(OCCUPATIONS) == 28
    assert list(OCCUPATIONS) == sorted(set(OCCUPATIONS))


def test_there_are_50_identity_terms_all_in_lower_case():
    assert len(IDENTITY_TERMS) == len(set(IDENTITY_TERMS)) == 50
    assert all(term == term.lower().strip() for term in IDENTITY_TERMS)


def test_the_pronouns_are_she_he_and_they():
    assert [(p.word, p.group) for p in PRONOUNS] == [
        ("she", "female"),
        ("he", "male"),
        ("they", "neutral"),
    ]


def test_the_ten_sent_debias_pairs_put_the_female_word_first():
    assert {female: male for female, male in GENDERED_PAIRS} == {
        "she": "he",
        "her": "his",
        "herself": "himself",
        "woman": "man",
        "girl": "boy",
        "mother": "father",
        "daughter": "son",
        "female": "male",
        "gal": "guy",
        "mary": "john",
    }


@pytest.mark.parametrize(
    ("occupation", "title"),
    [("dj", "DJ"), ("yoga_teacher", "yoga teacher"), ("nurse", "nurse")],
)
def test_an_occupation_is_written_as_in_a_sentence(occupation, title):
    assert occupation_title(occupation) == title


@pytest.mark.parametrize(
    ("term", "title"),
    [
        ("african american", "African American"),
        ("lgbtq", "LGBTQ"),
        ("gay", "gay"),
        ("middle eastern", "Middle Eastern"),
        ("middle aged", "middle aged"),
        ("sikh", "Sikh"),
        ("latinx", "Latinx"),
    ],
)
def test_an_identity_term_is_written_as_in_a_sentence(term, title):
    assert identity_title(term) == title


@pytest.mark.parametrize(
    "expected",
    [
        "an African American",
        "a European",
        "an LGBT",
        "an LGBTQ",
        "an Indian",
        "an old",
        "an elderly",
        "an Asian",
        "a heterosexual",
        "a homosexual",
        "a young",
        "a DJ",
        "an accountant",
        "an interior designer",
        "a yoga teacher",
        "a model",
    ],
)
def test_the_article_follows_the_sound(expected):
    assert with_article(expected.split(" ", 1)[1]) == expected


def test_every_phrase_gets_the_article_of_its_first_letter_but_for_the_known_exceptions():
    phrases = [*map(occupation_title, OCCUPATIONS), *map(identity_title, IDENTITY_TERMS)]
    by_letter = {
        phrase: f"{'an' if phrase[0].lower() in 'aeiou' else 'a'} {phrase}" for phrase in phrases
    }
    different = {phrase for phrase in phrases if with_article(phrase) != by_letter[phrase]}
    assert different == {"European", "LGBT", "LGBTQ"}


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [("a DJ", "A DJ"), ("gay", "Gay"), ("an African American", "An African American"), ("", "")],
)
def test_only_the_first_letter_is_raised(phrase, expected):
    assert capitalised(phrase) == expected
