"""Words and names that texts shall not tell: what becomes an underscore, and what does not."""

import itertools
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.data.scrubbing import scrubbed, without_name


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Mary Lee paints, and Lee sings", "Mary Lee", "_ _ paints, and _ sings"),
        ("MARY, mary and Mary's", "Mary Lee", "_, _ and _'s"),
        ("Maryland and rosemary", "Mary", "Maryland and rosemary"),
        # Parts of two letters may be words.
        ("An Li is an artist; AN LI; li", "An Li", "_ _ is an artist; _ _; li"),
        ("Ed edits with ed", "Ed Moe", "_ edits with ed"),
        # Initials are letters with a full stop.
        ("J. R. Moe, J.R. Moe and a plan B", "J. R. Moe", "_. _. _, _._. _ and a plan B"),
        ("A. Moe met a man. A man!", "A. Moe", "_. _ met a man. A man!"),
        # Hyphens part a name, apostrophes do not.
        ("Ann-Kay O'Neil, O’NEIL, Kay", "Ann-Kay O'Neil", "_-_ _, _, _"),
        ("Neil and O", "O'Neil", "Neil and O"),
        # Characters of regular expressions, and names that hold no letter.
        ("(Moe) [x] a.b", "(Moe) [x] a.b .* +", "(_) [x] a.b"),
        ("One. Two", ". - 7 ( _", "One. Two"),
        ("Annie, or Anna", "Anna 'Annie' ‘Ann’", "_, or _"),
        ("Nothing", "", "Nothing"),
        ("Nothing", " \t", "Nothing"),
        # Unicode: accents apart or joined, letters whose capital is two, other scripts.
        ("Zoe\u0308, ZOË and Zoë", "Zoë", "_, _ and _"),
        ("Zoe\u0308, ZOË and Zoë", "Zoe\u0308", "_, _ and _"),
        ("Strauß and STRAUSS", "Strauß", "_ and _"),
        ("Анна и АННА, Иоанна", "Анна", "_ и _, Иоанна"),
        ("李明在 李明", "李明", "李明在 _"),
        ("Moe_2 Moe2 Moe", "Moe", "Moe_2 Moe2 _"),
    ],
)
def test_each_part_of_a_name_is_scrubbed_as_a_whole_word(text, name, expected):
    assert without_name(text, name) == expected


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_name_and_any_text_are_taken(text, name):
    without_name(text, name)


@given(st.from_regex(r"[A-Z][a-z]{2,6}", fullmatch=True))
def test_a_name_that_stands_alone_is_gone(name):
    assert without_name(f"{name} and {name.lower()}", name) in ("_ and _", "_ _ _")


def test_words_are_scrubbed_whole_and_the_longer_first():
    words = ["he", "he or she", "mr."]
    assert scrubbed(["He or  she, HE; the Mr. X", "them"], words) == ["_, _; the _ X", "them"]


def test_without_words_nothing_is_scrubbed():
    assert scrubbed(["he", ""], []) == ["he", ""]


def test_a_word_is_scrubbed_however_its_accent_is_written():
    text = "L'épouse"
    for form, of_text in itertools.product(("NFC", "NFD"), repeat=2):
        assert scrubbed([normalize(of_text, text)], [normalize(form, "épouse")]) == ["L'_"]
