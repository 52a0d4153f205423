"""Rows of a task of mentions: classes from every usual form, white space put back, terms found."""

import pandas as pd
import pytest

from bias_transfer.errors import StudyError
from bias_transfer.tasks.mentions import (
    Mentions,
    contents,
    covariate_quantities,
    covariates,
    outcomes,
    rates,
    rows_from,
)
from tests.unit.definitions import COMMENTS, WIKI

COLUMNS = {"path": "x.csv", "text": "comment", "label": "toxic", "id": "", "labels": {}}


# The other class, and other names of its columns.
RUDE = Mentions.model_validate(
    COMMENTS | {"positive": "rude", "negative": "not rude", "terms": ["cat", "dog"]}
)


def read(table, columns=COLUMNS, task=WIKI):
    return rows_from(table, columns, task, "x", "tasks.x.file")


def rows(texts=("Gay people",), labels=("0",)):
    return pd.DataFrame({"comment": list(texts), "toxic": list(labels)})


def test_rows_of_a_file():
    table = read(rows(["Gay people are nice", "An African American poet", "NA"], ["1", "0", "0"]))
    assert table.to_dict("list") == {
        "id": ["1", "2", "3"],
        "text": ["Gay people are nice", "An African American poet", "NA"],
        "label": ["toxic", "non-toxic", "non-toxic"],
        "group": ["gay", "african;african american;american", ""],
    }


@pytest.mark.parametrize("value", [1, 1.0, True, "1", "true", "True", "toxic"])
def test_the_usual_forms_of_toxic(value):
    labels = pd.Series([value], dtype=object)
    assert read(rows(labels=labels))["label"].tolist() == ["toxic"]


@pytest.mark.parametrize("value", [0, 0.0, False, "0", "false", "False", "non-toxic"])
def test_the_usual_forms_of_non_toxic(value):
    labels = pd.Series([value], dtype=object)
    assert read(rows(labels=labels))["label"].tolist() == ["non-toxic"]


@pytest.mark.parametrize("labels", [[1, 0], [1.0, 0.0], [True, False]])
def test_columns_of_numbers_and_of_truth_values(labels):
    table = read(rows(["gay", "b"], labels))
    assert table["label"].tolist() == ["toxic", "non-toxic"]


def test_pronouns_are_left_alone():
    assert read(rows(["She is gay"]))["text"].tolist() == ["She is gay"]


@pytest.mark.parametrize(
    ("change", "given", "said"),
    [
        ({"labels": {"bad": "Toxic"}}, {"labels": ["bad"]}, "leads to 'Toxic'"),
        ({}, {"labels": ["2"]}, "x, row 1: '2' in column 'toxic'"),
        ({}, {"labels": [0.5]}, "x, row 1: "),
        ({}, {"texts": [""]}, "x, row 1: the text in column 'comment' is empty"),
        ({}, {"texts": ["good"]}, "x: no comment mentions one of the 50 identity terms, on which"),
    ],
)
def test_a_mistake_names_what_is_wrong(change, given, said):
    with pytest.raises(StudyError) as caught:
        read(rows(**given), COLUMNS | change)
    assert said in str(caught.value)


def test_a_map_of_the_users_own():
    columns = COLUMNS | {"labels": {"bad": "toxic", "ok": "non-toxic"}}
    table = read(rows(["gay", "b"], ["bad", "ok"]), columns)
    assert table["label"].tolist() == ["toxic", "non-toxic"]


def test_classes_and_terms_of_the_users_own():
    table = read(rows(["A cat", "DOGS and dog", "hm"], ["rude", "0", "not rude"]), task=RUDE)
    assert table["label"].tolist() == ["rude", "not rude", "not rude"]
    assert table["group"].tolist() == ["cat", "dog", ""]
    described = covariates(table, RUDE).set_index("identity_term")
    assert described["rude_share"].tolist() == [1, 0]
    assert described.loc["cat", "rude_length"] == 5
    counted = rates(table.assign(prediction="rude", score=1.0), RUDE).set_index("identity_term")
    assert counted["test_rude"].tolist() == [1, 0]
    assert counted["test_notrude"].tolist() == [0, 1]
    assert counted["fpr"].tolist()[1] == 1
    assert counted.loc["cat", "undefined"] == "no not rude test comment mentions the term"


@pytest.mark.parametrize("task", [WIKI, RUDE])
def test_every_quantity_is_a_column_of_its_table(task):
    predictions = pd.DataFrame(columns=["label", "prediction", "score", "group"])
    assert set(outcomes(task)) <= set(rates(predictions, task))
    described = covariates(pd.DataFrame({"label": [""], "text": [""], "group": [""]}), task)
    assert set(covariate_quantities(task)) <= set(described)
    assert {contents(task).total, contents(task).share} <= set(described)
    for quantities in (outcomes(task), covariate_quantities(task)):
        assert all(name == quantity.column for name, quantity in quantities.items())
