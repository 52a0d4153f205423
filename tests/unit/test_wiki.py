"""Comments: toxic or not from every usual form, white space put back, mentions found."""

import pandas as pd
import pytest

from bias_transfer.data.wiki import comments_from
from bias_transfer.errors import StudyError

COLUMNS = {"path": "x.csv", "text": "comment", "label": "toxic", "id": "", "labels": {}}


def rows(texts=("Hello",), labels=("0",)):
    return pd.DataFrame({"comment": list(texts), "toxic": list(labels)})


def test_rows_of_a_file():
    table = comments_from(
        rows(["Gay people are nice", "An African American poet", "NA"], ["1", "0", "0"]),
        COLUMNS,
        "x",
    )
    assert table.to_dict("list") == {
        "id": ["1", "2", "3"],
        "text": ["Gay people are nice", "An African American poet", "NA"],
        "label": ["toxic", "non-toxic", "non-toxic"],
        "group": ["gay", "african;african american;american", ""],
    }


@pytest.mark.parametrize("value", [1, 1.0, True, "1", "true", "True", "toxic"])
def test_the_usual_forms_of_toxic(value):
    labels = pd.Series([value], dtype=object)
    assert comments_from(rows(labels=labels), COLUMNS, "x")["label"].tolist() == ["toxic"]


@pytest.mark.parametrize("value", [0, 0.0, False, "0", "false", "False", "non-toxic"])
def test_the_usual_forms_of_non_toxic(value):
    labels = pd.Series([value], dtype=object)
    assert comments_from(rows(labels=labels), COLUMNS, "x")["label"].tolist() == ["non-toxic"]


@pytest.mark.parametrize("labels", [[1, 0], [1.0, 0.0], [True, False]])
def test_columns_of_numbers_and_of_truth_values(labels):
    table = comments_from(rows(["a", "b"], labels), COLUMNS, "x")
    assert table["label"].tolist() == ["toxic", "non-toxic"]


def test_the_words_for_white_space_are_white_space_again_and_bound_a_mention():
    table = comments_from(rows(["NEWLINE_TOKENgayTAB_TOKENpeople"]), COLUMNS, "x")
    assert table["text"].tolist() == [" gay people"]
    assert table["group"].tolist() == ["gay"]


def test_pronouns_are_left_alone():
    assert comments_from(rows(["She said so"]), COLUMNS, "x")["text"].tolist() == ["She said so"]


@pytest.mark.parametrize(
    ("change", "given", "said"),
    [
        ({"labels": {"bad": "Toxic"}}, {"labels": ["bad"]}, "leads to 'Toxic'"),
        ({}, {"labels": ["2"]}, "x, row 1: '2' in column 'toxic'"),
        ({}, {"labels": [0.5]}, "x, row 1: "),
        ({}, {"texts": [""]}, "x, row 1: the text in column 'comment' is empty"),
    ],
)
def test_a_mistake_names_what_is_wrong(change, given, said):
    with pytest.raises(StudyError) as caught:
        comments_from(rows(**given), COLUMNS | change, "x")
    assert said in str(caught.value)


def test_a_map_of_the_users_own():
    table = comments_from(
        rows(["a", "b"], ["bad", "ok"]),
        COLUMNS | {"labels": {"bad": "toxic", "ok": "non-toxic"}},
        "x",
    )
    assert table["label"].tolist() == ["toxic", "non-toxic"]
