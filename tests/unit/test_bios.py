"""Biographies: pronouns scrubbed, occupations and genders mapped from every usual form."""

import pandas as pd
import pytest

from bias_transfer.data.bios import biographies_from, scrub_pronouns
from bias_transfer.errors import StudyError
from bias_transfer.vocabularies.lexicon import OCCUPATIONS

FILE = {
    "path": "x.csv",
    "text": "hard_text",
    "label": "profession",
    "group": "gender",
    "id": "",
    "labels": {},
    "groups": {},
}
HUB = {key: value for key, value in FILE.items() if key != "path"} | {"id": "LabHC/bias_in_bios"}


def rows(texts=("She paints.",), labels=("painter",), groups=("F",), **more):
    return pd.DataFrame(
        {"hard_text": list(texts), "profession": list(labels), "gender": list(groups), **more}
    )


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("She said HE met Her, his, him and hers.", "_ said _ met _, _, _ and _."),
        ("herself HIMSELF", "_ _"),
        ("Mr. Smith, Mrs. Jones and Ms Lee", "_. Smith, _. Jones and _ Lee"),
        ("She's sure that he'll come", "_'s sure that _'ll come"),
        ("The theory of this shepherd: heroes, history, thermal", None),
        ("They love their work", None),
        ("", None),
    ],
)
def test_pronouns_and_titles_become_an_underscore_and_nothing_else_does(text, scrubbed):
    assert scrub_pronouns(text) == (text if scrubbed is None else scrubbed)


def test_rows_of_a_file():
    table = biographies_from(
        rows(["She paints.", "He bakes NA."], ["painter", "dj"], ["F", "Male"]), FILE, "x.csv"
    )
    assert table.to_dict("list") == {
        "id": ["1", "2"],
        "text": ["_ paints.", "_ bakes NA."],
        "label": ["painter", "dj"],
        "group": ["female", "male"],
    }


@pytest.mark.parametrize("kind", [int, float, str])
def test_the_hub_form_numbers_the_occupations_from_0_to_27_and_women_as_1(kind):
    numbers = [kind(number) for number in range(28)]
    genders = [kind(1), kind(0)] * 14
    table = biographies_from(rows(["x"] * 28, numbers, genders), HUB, "hub")
    if kind is not str:
        assert table["label"].tolist() == sorted(OCCUPATIONS)
    assert table["label"].iloc[21] == "professor"
    assert table["group"].tolist() == ["female", "male"] * 14


@pytest.mark.parametrize(
    ("value", "group"),
    [("Female", "female"), ("female", "female"), ("f", "female"), ("M", "male"), ("0", "male")],
)
def test_the_usual_words_for_gender(value, group):
    assert biographies_from(rows(groups=[value]), FILE, "x")["group"].tolist() == [group]


def test_maps_of_the_users_own_replace_the_usual_ones():
    columns = FILE | {"labels": {"RN": "nurse"}, "groups": {"w": "female"}}
    table = biographies_from(rows(labels=["RN"], groups=["w"]), columns, "x")
    assert (table["label"][0], table["group"][0]) == ("nurse", "female")
    with pytest.raises(StudyError, match="row 1: 'painter'"):
        biographies_from(rows(groups=["w"]), columns, "x")


@pytest.mark.parametrize(
    ("change", "given", "said"),
    [
        ({"labels": {"RN": "nurs"}}, {"labels": ["RN"]}, "leads to 'nurs'"),
        ({"groups": {"w": "woman"}}, {"groups": ["w"]}, "leads to 'woman'; use female or male"),
        ({}, {"labels": ["astronaut"]}, "x, row 1: 'astronaut' in column 'profession'"),
        ({}, {"labels": [28]}, "x, row 1: "),
        ({}, {"groups": ["?"]}, "x, row 1: '?' in column 'gender'"),
        ({}, {"texts": [" "]}, "x, row 1: the text in column 'hard_text' is empty"),
    ],
)
def test_a_mistake_names_what_is_wrong(change, given, said):
    with pytest.raises(StudyError) as caught:
        biographies_from(rows(**given), FILE | change, "x")
    assert said in str(caught.value)


def test_ids_of_the_users_own_are_kept_as_text_and_must_differ():
    columns = FILE | {"id": "key"}
    two = rows(["a", "b"], ["dj", "dj"], ["F", "M"], key=["007", "7"])
    assert biographies_from(two, columns, "x")["id"].tolist() == ["007", "7"]
    with pytest.raises(StudyError, match="x, row 2: the id '007' appears twice"):
        biographies_from(two.assign(key="007"), columns, "x")


def test_the_hub_id_of_a_data_set_is_not_a_column():
    assert biographies_from(rows(labels=[18], groups=[1]), HUB, "hub")["id"].tolist() == ["1"]
