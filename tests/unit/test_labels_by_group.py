"""Rows of a task of labels by group: words scrubbed, labels and groups from every usual form."""

import numpy as np
import pandas as pd
import pytest

from bias_transfer.data.scrubbing import scrubbed
from bias_transfer.errors import StudyError
from bias_transfer.tasks.labels_by_group import (
    contents,
    covariate_quantities,
    covariates,
    items,
    outcomes,
    rates,
    rows_from,
)
from tests.unit.definitions import BIOS, TRADES, occupations_of

FILE = {
    "path": "x.csv",
    "text": "hard_text",
    "label": "profession",
    "group": "gender",
    "id": "",
    "name": "",
    "labels": {},
    "groups": {},
}
HUB = {key: value for key, value in FILE.items() if key != "path"} | {"id": "OWNER/NAME"}


def rows(texts=("She paints.", "His life"), labels=("painter", "poet"), groups=("F", "M"), **more):
    return pd.DataFrame(
        {"hard_text": list(texts), "profession": list(labels), "gender": list(groups), **more}
    )


def read(table, columns=FILE, task=BIOS):
    return rows_from(table, columns, task, "x", "tasks.x.file")


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_pronouns_and_titles_become_an_underscore_and_nothing_else_does(text, expected):
    assert scrubbed([text], BIOS.scrubbed_words) == [text if expected is None else expected]


def test_rows_of_a_file():
    table = read(rows(["She paints.", "He bakes NA."], ["painter", "dj"], ["F", "Male"]))
    assert table.to_dict("list") == {
        "id": ["1", "2"],
        "text": ["_ paints.", "_ bakes NA."],
        "label": ["painter", "dj"],
        "group": ["female", "male"],
    }


@pytest.mark.parametrize("kind", [int, float, str])
def test_labels_are_numbered_from_0_and_the_vocabulary_of_pronouns_knows_0_and_1(kind):
    numbers = [kind(number) for number in range(28)]
    table = read(rows(["x"] * 28, numbers, [kind(1), kind(0)] * 14), HUB)
    assert table["label"].tolist() == sorted(items(BIOS))
    assert table["label"].iloc[21] == "professor"
    assert table["group"].tolist() == ["female", "male"] * 14


def test_numbers_say_nothing_of_labels_in_an_order_of_ones_own():
    task = occupations_of("cook", "waiter", "cleaner")
    with pytest.raises(StudyError, match="row 1: '0' in column 'profession' is not one of cook"):
        read(rows(labels=["0", "1"]), FILE, task)


def test_labels_that_are_numbers_themselves_are_not_numbered_anew():
    task = occupations_of("1", "2")
    assert read(rows(labels=["1", "2"]), FILE, task)["label"].tolist() == ["1", "2"]
    with pytest.raises(StudyError, match="row 1: '0' in column 'profession'"):
        read(rows(labels=["0", "1"]), FILE, task)


@pytest.mark.parametrize(
    ("value", "group"),
    [("Female", "female"), ("female", "female"), ("f", "female"), ("M", "male"), ("0", "male")],
)
def test_names_and_aliases_of_a_group(value, group):
    other = "male" if group == "female" else "female"
    assert read(rows(groups=[value, other]))["group"].tolist() == [group, other]


def test_maps_of_the_users_own_replace_the_usual_ones():
    columns = FILE | {"labels": {"RN": "nurse"}, "groups": {"w": "female", "m": "male"}}
    table = read(rows(labels=["RN", "RN"], groups=["w", "m"]), columns)
    assert (table["label"][0], table["group"][0]) == ("nurse", "female")
    with pytest.raises(StudyError, match="row 1: 'painter'"):
        read(rows(groups=["w", "m"]), columns)


@pytest.mark.parametrize(
    ("change", "given", "said"),
    [
        (
            {"labels": {"RN": "nurs"}},
            {},
            "key tasks.x.file.labels leads to 'nurs'; use one of acc",
        ),
        (
            {"groups": {"w": "woman"}},
            {},
            "tasks.x.file.groups leads to 'woman'; use one of fem",
        ),
        ({}, {"labels": ["painter", "astronaut"]}, "x, row 2: 'astronaut' in column 'profession'"),
        ({}, {"labels": [28, 1]}, "x, row 1: "),
        ({}, {"groups": ["M", "?"]}, "x, row 2: '?' in column 'gender'"),
        ({}, {"groups": ["M", "?"]}, "extend the map in config key tasks.x.file.groups"),
        ({}, {"labels": ["painter", "?"]}, "extend the map in config key tasks.x.file.labels"),
        ({}, {"texts": ["a", " "]}, "x, row 2: the text in column 'hard_text' is empty"),
        ({}, {"groups": ["F", "1"]}, "x: every row is of group female; groups are compared, so a"),
    ],
)
def test_a_mistake_names_what_is_wrong(change, given, said):
    with pytest.raises(StudyError) as caught:
        read(rows(**given), FILE | change)
    assert said in str(caught.value)


def test_without_the_reference_nothing_can_be_compared():
    table = rows(labels=["welder", "welder"], groups=["women", "nonbinary"])
    with pytest.raises(StudyError, match="x: no row is of group men, with which the others are"):
        read(table, FILE, TRADES)


def test_ids_of_the_users_own_are_kept_as_text_and_must_differ():
    columns = FILE | {"id": "key"}
    two = rows(key=["007", "7"])
    assert read(two, columns)["id"].tolist() == ["007", "7"]
    with pytest.raises(StudyError, match="x, row 2: the id '007' appears twice"):
        read(two.assign(key="007"), columns)


def test_the_hub_id_of_a_data_set_is_not_a_column():
    assert read(rows(), HUB)["id"].tolist() == ["1", "2"]


def test_the_persons_name_is_scrubbed_where_a_column_gives_it():
    table = rows(["Mary Lee paints; Mary's art", "Of NOBODY"], person=["Mary Lee", None])
    assert read(table, FILE | {"name": "person"})["text"].tolist() == [
        "_ _ paints; _'s art",
        "Of NOBODY",
    ]
    with pytest.raises(StudyError, match="x, row 1: column 'person' holds a value of type int"):
        read(table.assign(person=[7, "x"]), FILE | {"name": "person"})


def test_with_two_groups_an_item_is_a_label():
    task = occupations_of("dj", "yoga_teacher")
    assert items(task) == {"dj": "dj", "yoga_teacher": "yoga teacher"}
    assert items(BIOS)["dj"] == "DJ"
    assert task.item_columns == ("occupation",)


def test_with_three_groups_an_item_is_a_label_and_a_group_but_the_reference():
    assert items(TRADES) == {
        "welder/women": "welder (women)",
        "welder/nonbinary": "welder (nonbinary)",
        "roof_tiler/women": "roof tiler (women)",
        "roof_tiler/nonbinary": "roof tiler (nonbinary)",
    }
    assert TRADES.item_columns == ("trade", "label", "group")


def test_rates_of_three_groups_compare_each_with_the_reference():
    counts = [
        ("welder", "welder", "women", 1),
        ("welder", "roof_tiler", "women", 3),
        ("welder", "welder", "men", 2),
        ("welder", "roof_tiler", "men", 2),
        ("welder", "welder", "nonbinary", 1),
        ("roof_tiler", "welder", "nonbinary", 1),
    ]
    predictions = pd.DataFrame(
        [row[:3] for row in counts for _ in range(row[3])],
        columns=["label", "prediction", "group"],
    )
    table = rates(predictions, TRADES).set_index("trade")
    assert table[["label", "group"]].to_numpy().tolist() == [
        ["welder", "women"],
        ["welder", "nonbinary"],
        ["roof_tiler", "women"],
        ["roof_tiler", "nonbinary"],
    ]
    women, nonbinary = table.loc["welder/women"], table.loc["welder/nonbinary"]
    assert (women["tpr_she"], women["tpr_he"], women["tpr_they"]) == (0.25, 0.5, 1)
    assert (nonbinary["tpr_she"], nonbinary["tpr_they"]) == (0.25, 1)
    assert (women["tpr_ratio"], women["tpr_gap"]) == (0.5, -0.25)
    assert (nonbinary["tpr_ratio"], nonbinary["tpr_gap"]) == (2, 0.5)
    assert (women["smaller_group_rows"], nonbinary["smaller_group_rows"]) == (4, 1)
    assert table["undefined"].tolist() == [
        "",
        "",
        "no row of group women in the test part",
        "no row of group men in the test part",
    ]


def test_covariates_of_three_groups_hold_the_share_of_each_and_of_the_rows_own():
    training = pd.DataFrame(
        {"label": ["welder"] * 4, "group": ["women", "men", "nonbinary", "nonbinary"]}
    )
    table = covariates(training, TRADES).set_index("trade")
    assert list(table.columns) == [
        "label",
        "group",
        "training_rows",
        "prevalence_she",
        "prevalence_they",
        "group_share",
    ]
    assert table.loc["welder/women", "group_share"] == 0.25
    assert table.loc["welder/nonbinary", "group_share"] == 0.5
    assert table["prevalence_she"].tolist()[:2] == [0.25, 0.25]
    assert table.loc["roof_tiler/women"].isna()[["prevalence_she", "group_share"]].all()


@pytest.mark.parametrize("task", [BIOS, TRADES])
def test_every_quantity_is_a_column_of_its_table(task):
    predictions = pd.DataFrame(columns=["label", "prediction", "group"])
    assert set(outcomes(task)) <= set(rates(predictions, task))
    described = covariates(predictions, task)
    assert set(covariate_quantities(task)) <= set(described)
    assert {contents(task).total, contents(task).share} <= set(described)
    for quantities in (outcomes(task), covariate_quantities(task)):
        assert all(name == quantity.column for name, quantity in quantities.items())


def test_quantities_name_the_words_of_two_groups_and_no_word_of_three():
    assert outcomes(BIOS)["tpr_ratio"].title == "TPR ratio (she / he)"
    assert outcomes(TRADES)["tpr_ratio"].title == "TPR ratio (the group / he)"
    assert contents(BIOS).groups == ("she", "he")


def corrected(counts, added):
    """Return what one label's hits and rows by group, {"F": (1, 4)}, give."""
    label = BIOS.labels[0].name
    table = pd.DataFrame(
        [
            {"label": label, "prediction": label if row < hits else "other", "group": group}
            for group, (hits, of) in counts.items()
            for row in range(of)
        ]
    )
    task = BIOS.model_copy(update={"cell_correction": added})
    return rates(table, task).iloc[0]


def test_a_correction_gives_a_cell_of_zero_a_logarithm_and_changes_no_rate():
    counts = {"female": (0, 4), "male": (3, 4)}
    plain, with_half = (corrected(counts, added) for added in (0.0, 0.5))
    assert np.isnan(plain["log_tpr_ratio"])
    assert plain["undefined"] != ""
    # (0 + 0.5) / (4 + 1) by (3 + 0.5) / (4 + 1), and 1 / 0.5 - 1 / 5 + 1 / 3.5 - 1 / 5.
    assert with_half["log_tpr_ratio"] == pytest.approx(np.log(0.5 / 3.5))
    assert with_half["log_tpr_ratio_variance"] == pytest.approx(2 - 0.2 + 1 / 3.5 - 0.2)
    assert with_half["undefined"] == ""
    same = ["tpr_she", "tpr_he", "tpr_ratio", "tpr_gap", "tpr_gap_variance"]
    assert plain[same].to_list() == with_half[same].to_list()


def test_a_correction_makes_up_no_row():
    row = corrected({"male": (3, 4)}, 0.5)
    assert np.isnan(row["log_tpr_ratio"])
    assert row["undefined"] == "no row of group female in the test part"
