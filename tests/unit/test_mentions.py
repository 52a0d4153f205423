"""A mention is the term at word boundaries, whatever the case."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.data.mentions import mentioned, mentions
from bias_transfer.tasks.mentions import items
from tests.unit.definitions import WIKI

IDENTITY_TERMS = tuple(items(WIKI))


def found(text):
    joined = mentions([text], IDENTITY_TERMS)[0]
    return set(joined.split(";")) if joined else set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gay", {"gay"}),
        ("They are GAY!", {"gay"}),
        ("(gay)", {"gay"}),
        ("gay-friendly", {"gay"}),
        ("gay's", {"gay"}),
        ("gayness", set()),
        ("a gays' bar", set()),
        ("gay_people", set()),
        ("gay2", set()),
        ("gayé", set()),
        ("éold", set()),
        ("«old»", {"old"}),
        # Quotes, dashes and the hyphen of Hebrew are no marks, though some stand among them.
        ("“gay”—‘old’…", {"gay", "old"}),
        ("gay\u05beold", {"gay", "old"}),
        ("old\u00a0man", {"old"}),
        ("bold and golden", set()),
        ("transgender", {"transgender"}),
        ("lgbtq", {"lgbtq"}),
        ("female", {"female"}),
        ("older", {"older"}),
        ("An African American writer", {"african american", "african", "american"}),
        ("African\nAmerican", {"african american", "african", "american"}),
        ("african  american", {"african american", "african", "american"}),
        ("African-American", {"african", "american"}),
        ("an American African", {"african", "american"}),
        ("middle aged", {"middle aged"}),
        ("the middle-aged", set()),
        ("", set()),
    ],
)
def test_what_counts_as_a_mention(text, expected):
    assert found(text) == expected


def test_terms_are_told_in_the_order_given_one_text_a_cell():
    assert mentions(["old and gay", "none", "GAY"], ("gay", "old")) == ["gay;old", "", "gay"]


def test_the_case_of_a_term_does_not_matter_either():
    assert mentions(["an lgbt bar", "LGBT"], ("LGBT",)) == ["LGBT", "LGBT"]
    # The long s is another s in lower case.
    assert mentions(["a Sikh"], ("\u017fikh",)) == ["\u017fikh"]


def test_accents_of_their_own_are_a_part_of_their_letters():
    terms = ("réfugié", "refugie", "cafe", "gay")
    composed, decomposed = "un réfugié au café", normalize("NFD", "un réfugié au café")
    assert decomposed != composed
    assert mentions([composed, decomposed, normalize("NFD", "ségay")], terms) == [
        "réfugié",
        "réfugié",
        "",
    ]
    assert (
        mentions([composed, decomposed], [normalize("NFD", "réfugié")])
        == [normalize("NFD", "réfugié")] * 2
    )


def test_a_vowel_sign_belongs_to_its_word():
    # In Devanagari a vowel is a mark on the letter before it, and no letter itself.
    assert mentions(["हिन्दू लोग", "हिन्द महासागर"], ("हिन्दू", "हिन्द")) == ["हिन्दू", "हिन्द"]


def test_a_term_with_characters_of_regular_expressions_is_taken_literally():
    terms = ("c++", "a.b", "(x)")
    assert mentions(["a c++ fan", "ab axb", "a.b", "f(x)", "see (x)"], terms) == [
        "c++",
        "",
        "a.b",
        "",
        "(x)",
    ]


def test_telling_who_mentions_a_term_does_not_look_inside_words():
    groups = ["african american", "african;african american;american", "", "american"]
    assert mentioned(groups, "american") == [False, True, False, True]
    assert mentioned(groups, "african american") == [True, True, False, False]


def is_mention(text, term):
    """Look at each place by hand: the characters beside the term are not of a word."""
    text = f" {text.lower()} "
    start = text.find(term)
    while start >= 0:
        before, after = text[start - 1], text[start + len(term)]
        if not any(c.isalnum() or c == "_" for c in (before, after)):
            return True
        start = text.find(term, start + 1)
    return False


@given(st.lists(st.sampled_from(["gay", "old", "er", " ", "-", "_", "é", "7", "OLD", "."])))
def test_a_search_by_hand_agrees(pieces):
    text = "".join(pieces)
    expected = {term for term in ("gay", "old", "older") if is_mention(text, term)}
    joined = mentions([text], ("gay", "old", "older"))[0]
    assert set(filter(None, joined.split(";"))) == expected
