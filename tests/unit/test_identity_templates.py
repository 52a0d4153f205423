"""The sentences of identity ranking: read, generated, and taken apart."""

import pandas as pd
import pytest

from bias_transfer.data.generate.identity_templates import identity_templates
from bias_transfer.data.identity_templates import templates_from
from bias_transfer.errors import StudyError
from tests.unit.definitions import WIKI

# The public file's columns and kinds; the sentences are ours.
ROWS = pd.DataFrame(
    {
        "Text": [
            "Being african american is odd.",
            "Being african american is fine.",
            "being AMERICAN is bleak",
            "Being american is very, very bright!",
            "hug american",
        ],
        "Label": ["BAD", "NOT_BAD", "BAD", "NOT_BAD", "NOT_BAD"],
        "Template": ["being_adj"] * 4 + ["verb_adj"],
    }
)
COLUMNS = {
    "text": "Text",
    "label": "Label",
    "kind": "Template",
    "kinds": ["being_adj"],
    "labels": {},
}


def parts(table):
    """Return the term and the attribute of each sentence, cut out by their places."""
    return [
        (row.text[row.term_start : row.term_end], row.text[row.attribute_start : row.attribute_end])
        for row in table.itertuples()
    ]


def test_terms_and_attributes_are_found_and_other_kinds_left_out():
    table = templates_from(ROWS, COLUMNS, WIKI, "rows", "tasks.wiki.sentences")
    assert table["label"].tolist() == ["toxic", "non-toxic"] * 2
    # The longest term: not "african", not "american" alone.
    assert table["identity_term"].tolist() == ["african american"] * 2 + ["american"] * 2
    assert parts(table) == [
        ("african american", "odd"),
        ("african american", "fine"),
        ("AMERICAN", "bleak"),
        ("american", "very, very bright"),
    ]


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        pytest.param(ROWS, COLUMNS | {"kinds": ["x"]}, "no row of column 'Template'", id="no kind"),
        pytest.param(
            ROWS, COLUMNS | {"kind": ""}, "row 5: the sentence is not of the form", id="other form"
        ),
        pytest.param(
            ROWS.assign(Text="Being tall is odd."), COLUMNS, "row 1: the sentence", id="no term"
        ),
        pytest.param(ROWS.assign(Text=""), COLUMNS, "row 1: the text", id="empty"),
        pytest.param(ROWS.assign(Label="WORSE"), COLUMNS, "row 1: 'WORSE'", id="unknown label"),
        pytest.param(
            ROWS.assign(Label="BAD"), COLUMNS, "'african american' are all of one label", id="sided"
        ),
        pytest.param(
            ROWS, COLUMNS | {"labels": {"BAD": "bad"}}, "leads to 'bad'", id="a map elsewhere"
        ),
    ],
)
def test_what_is_wrong_is_told_in_one_line(rows, columns, said):
    with pytest.raises(StudyError) as caught:
        templates_from(rows, columns, WIKI, "rows", "tasks.wiki.sentences")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_generated_sentences_are_of_the_form_and_equal_for_all_terms():
    columns = {"text": "text", "label": "label", "kind": "", "labels": {}}
    table = templates_from(identity_templates(), columns, WIKI, "generated", "tasks.wiki.sentences")
    assert set(table["identity_term"]) == {term.name for term in WIKI.terms}
    attributes = [
        {
            (label, attribute)
            for label, (_, attribute) in zip(rows["label"], parts(rows), strict=True)
        }
        for _, rows in table.groupby("identity_term")
    ]
    assert all(each == attributes[0] for each in attributes)
    assert {label for label, _ in attributes[0]} == {"toxic", "non-toxic"}
