"""Vocabularies: those of the package, and a user's own file read strictly."""

import re
from datetime import date

import pytest

from bias_transfer import vocabularies
from bias_transfer.errors import StudyError
from bias_transfer.vocabularies.english import capitalised, with_article

OCCUPATIONS = vocabularies.read("occupations", ["name", "title"])
IDENTITY_TERMS = vocabularies.read("identity_terms", ["name", "title"])
TITLES = {row["name"]: row["title"] for row in [*OCCUPATIONS, *IDENTITY_TERMS]}


def test_every_vocabulary_tells_its_title_and_its_source():
    assert vocabularies.names() == (
        "gendered_pairs",
        "identity_templates",
        "identity_terms",
        "occupation_templates",
        "occupations",
        "pronouns",
        "pronouns_and_titles",
    )
    for name in vocabularies.names():
        content = (vocabularies.FOLDER / f"{name}.csv").read_text(encoding="utf-8")
        assert re.match(r"# title: .+\n# source: .+\n[a-z]", content), name


def test_there_are_28_occupations_in_alphabetical_order():
    names = [row["name"] for row in OCCUPATIONS]
    assert len(names) == 28
    assert names == sorted(set(names))


def test_there_are_50_identity_terms_all_in_lower_case():
    names = [row["name"] for row in IDENTITY_TERMS]
    assert len(names) == len(set(names)) == 50
    assert all(name == name.lower().strip() for name in names)


def test_the_ten_sent_debias_pairs_put_the_female_word_first():
    assert dict(vocabularies.pairs("gendered_pairs")) == {
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


def test_the_pronouns_are_she_and_he_with_the_usual_ways_to_write_the_groups():
    assert vocabularies.groups("pronouns") == [
        {"name": "female", "word": "she", "aliases": ["Female", "F", "f", "1"]},
        {"name": "male", "word": "he", "aliases": ["Male", "M", "m", "0"]},
    ]


def test_the_templates_are_five_and_seven_and_their_order_is_that_of_the_dummies():
    assert list(vocabularies.templates("occupation_templates")) == [
        "is",
        "works_as",
        "applied_for",
        "good_day",
        "become",
    ]
    assert len(vocabularies.templates("identity_templates")) == 7


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("dj", "DJ"),
        ("yoga_teacher", "yoga teacher"),
        ("nurse", "nurse"),
        ("african american", "African American"),
        ("lgbtq", "LGBTQ"),
        ("gay", "gay"),
        ("middle eastern", "Middle Eastern"),
        ("middle aged", "middle aged"),
        ("sikh", "Sikh"),
        ("latinx", "Latinx"),
    ],
)
def test_a_title_is_written_as_in_a_sentence(name, title):
    assert TITLES[name] == title


# ---- what a config gives ---------------------------------------------------------------


def test_a_list_of_names_gets_titles():
    assert vocabularies.labels(["roof_tiler"]) == [{"name": "roof_tiler", "title": "roof tiler"}]
    assert vocabularies.terms(["snake_case"]) == [{"name": "snake_case", "title": "snake_case"}]


def test_a_mapping_of_groups_leads_to_their_words():
    assert vocabularies.groups({"women": "she", "men": "he"}) == [
        {"name": "women", "word": "she"},
        {"name": "men", "word": "he"},
    ]


@pytest.mark.parametrize(
    ("read", "source"),
    [
        (vocabularies.labels, "occupations"),
        (vocabularies.terms, "identity_terms"),
        (vocabularies.groups, "pronouns"),
        (vocabularies.templates, "occupation_templates"),
        (vocabularies.words, "pronouns_and_titles"),
    ],
)
def test_what_was_read_reads_the_same_again(read, source):
    assert read(read(source)) == read(source)


@pytest.mark.parametrize("value", [None, 3, [None], [[1]], {"a": 1}, True])
def test_what_is_no_list_of_words_is_left_to_whoever_checks_types(value):
    for read in (vocabularies.labels, vocabularies.terms, vocabularies.words):
        assert read(value) == value


@pytest.mark.parametrize("value", [1, 1.5, True, date(2020, 1, 1)])
def test_a_name_of_which_yaml_made_something_else_is_refused(value):
    for read in (vocabularies.labels, vocabularies.terms):
        with pytest.raises(StudyError, match="not as text; put it in quotes"):
            read(["nurse", value])


# ---- a file of the user's own ----------------------------------------------------------


def own(tmp_path, content):
    path = tmp_path / "own.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def test_a_file_of_ones_own_needs_no_remarks_and_no_titles(tmp_path):
    path = own(tmp_path, "name\nwelder\nroof_tiler\n")
    assert [label["title"] for label in vocabularies.labels(path)] == ["welder", "roof tiler"]


def test_an_empty_title_is_the_usual_one_and_spaces_around_a_cell_are_none(tmp_path):
    path = own(tmp_path, "# title: x\n#\ntitle,name\n,dj\nMC , mc\n")
    assert vocabularies.labels(path) == [
        {"name": "dj", "title": "dj"},
        {"name": "mc", "title": "MC"},
    ]


def test_a_hash_behind_the_header_is_a_word(tmp_path):
    path = own(tmp_path, "\ufeffname\n#metoo\n")
    assert [term["name"] for term in vocabularies.terms(path)] == ["#metoo"]


def test_aliases_may_be_left_out(tmp_path):
    path = own(tmp_path, "name,word\nwomen,she\n")
    assert vocabularies.groups(path) == [{"name": "women", "word": "she", "aliases": []}]
    path = own(tmp_path, "name,word,aliases\nwomen,she,W; ;w\nmen,he,\n")
    assert [group["aliases"] for group in vocabularies.groups(path)] == [["W", "w"], []]


BAD_FILES = {
    "no column of names": ("label\nwelder\n", "no column 'name'; it has label"),
    "an unknown column": ("name,titel\na,b\n", "the column 'titel' is unknown; known are name, ti"),
    "a column twice": ("name,title,title\na,b,c\n", "the column 'title' appears twice"),
    "a name twice": ("name\na\nb\na\n", "row 3: the name 'a' stands there for the second time"),
    "no name": (
        "name,title\na,b\n,c\n",
        "row 2: column 'name' is empty; fill it or remove",
    ),
    "a field too many": ("name\na,b\n", "row 1: 2 fields where the header has 1"),
    "a quote that is never closed": ('name\n"a\n', "row 1: the quote that opens here"),
    "a header only": ("name\n", "no rows"),
    "remarks only": ("# title: x\n", "the file is empty"),
    "nothing": ("", "the file is empty"),
    "Latin-1": ("name\ncaf\u00e9\n".encode("latin-1"), "not UTF-8 text"),
}


@pytest.mark.parametrize(("content", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_refused_with_its_row(tmp_path, content, said):
    path = own(tmp_path, content)
    with pytest.raises(StudyError) as caught:
        vocabularies.labels(path)
    message = str(caught.value)
    assert message.startswith(path)
    assert said in message
    assert "\n" not in message


def test_a_file_that_is_missing_and_a_vocabulary_that_is_none_are_refused(tmp_path):
    with pytest.raises(StudyError, match=r"gone.csv: the file is missing"):
        vocabularies.words(str(tmp_path / "gone.csv"))
    with pytest.raises(StudyError, match="'ocupations' is neither a vocabulary"):
        vocabularies.labels("ocupations")


# ---- English ---------------------------------------------------------------------------


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
        # What sounds as "you", "one" or a letter's name.
        *("a university teacher", "an uninsured person", "an unimportant", "an undertaker"),
        *("a Ukrainian", "a Ugandan", "an Uzbek", "a utility worker", "an usher", "a urologist"),
        *(
            "a one-armed man",
            "an onerous task",
            "a euphoric",
            "an MP",
            "an NGO worker",
            "a UN envoy",
        ),
        *(
            "a NASA engineer",
            "an x-ray technician",
            "an HIV-positive",
            "an hourly paid",
            "a Muslim",
        ),
    ],
)
def test_the_article_follows_the_sound(expected):
    assert with_article(expected.split(" ", 1)[1]) == expected


def test_every_phrase_gets_the_article_of_its_first_letter_but_for_the_known_exceptions():
    by_letter = {
        phrase: f"{'an' if phrase[0].lower() in 'aeiou' else 'a'} {phrase}"
        for phrase in TITLES.values()
    }
    different = {phrase for phrase, usual in by_letter.items() if with_article(phrase) != usual}
    assert different == {"European", "LGBT", "LGBTQ"}


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [("a DJ", "A DJ"), ("gay", "Gay"), ("an African American", "An African American"), ("", "")],
)
def test_only_the_first_letter_is_raised(phrase, expected):
    assert capitalised(phrase) == expected
