"""Data sets from every source to their tables: what is split, told, altered and refused."""

import pandas as pd
import pytest

from bias_transfer.data.prepare import (
    Enough,
    alter,
    prepare_sentences,
    prepare_task,
    repeated_texts,
    shortcomings,
    with_test_rows,
)
from bias_transfer.errors import StudyError
from tests.unit.definitions import BIOS, TRADES, WIKI, occupations_of, terms_of

SETTINGS = {"seed": 1, "empty": "refuse", "test_share": 0.3, "evaluation_share": 0.2}


@pytest.fixture
def generated(config):
    """Return the settings of generated text, as the default study has them."""
    return SETTINGS | {
        "source": "generated",
        "generated": {"rows": 900},
        "generator": config["generator"],
    }


@pytest.mark.parametrize(("name", "task"), [("bios", BIOS), ("wiki", WIKI)])
def test_generated_text_is_split_and_its_truth_declared(generated, name, task):
    made = prepare_task(name, task, generated, {})
    assert set(made.tables) == {"train", "evaluation", "test"}
    for part, rows in made.tables.items():
        assert list(rows.columns) == ["id", "text", "label", "group"]
        assert made.description["rows"][part] == len(rows)
    assert sum(made.description["rows"].values()) == 900
    assert made.description["truth"]
    assert (made.description["task"], made.description["source"]) == (name, "generated")


@pytest.mark.parametrize(("name", "task"), [("bios", BIOS), ("wiki", WIKI)])
def test_no_text_of_the_test_part_is_in_another(generated, name, task):
    tables = prepare_task(name, task, generated | {"generated": {"rows": 3000}}, {}).tables
    assert not set(tables["test"]["text"]) & set(tables["train"]["text"])
    assert not set(tables["evaluation"]["text"]) & set(tables["train"]["text"])


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (TRADES, "config key tasks.t.source: 'generated' writes biographies of the 28 occupations"),
        (terms_of("gay"), "config key tasks.t.source: 'generated' writes toxic and non-toxic text"),
    ],
)
def test_other_tasks_are_not_generated(generated, task, said):
    with pytest.raises(StudyError) as caught:
        prepare_task("t", task, generated, {})
    assert said in str(caught.value)
    assert "give a file" in str(caught.value)


def test_sentences_about_other_terms_are_not_generated():
    settings = {"source": "generated"}
    assert len(prepare_sentences("t", WIKI, settings, None).tables["templates"]) == 1400
    with pytest.raises(StudyError, match=r"config key tasks\.t\.sentences\.source: 'generated'"):
        prepare_sentences("t", terms_of("gay"), settings, None)


def test_a_folder_of_the_hubs_form_has_no_commit(tmp_path):
    rows = {"text": [f"text {n}" for n in range(12)], "label": ["welder", "roof_tiler"] * 6}
    rows["group"] = ["women", "men", "men", "women"] * 3
    pd.DataFrame(rows).to_parquet(tmp_path / "train.parquet")
    hub = {"id": str(tmp_path), "revision": "", "splits": ["train"], "labels": {}, "groups": {}}
    hub |= {"text": "text", "label": "label", "group": "group", "name": ""}
    made = prepare_task("t", TRADES, SETTINGS | {"source": "hub", "hub": hub}, {})
    assert made.description["commit"] == ""
    assert sum(made.description["rows"].values()) == 12


def prepared_from(tmp_path, task, **columns):
    path = tmp_path / "rows.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    file = {"path": str(path), "id": "", "name": "", "labels": {}, "groups": {}}
    file |= {name: name for name in columns}
    return prepare_task("t", task, SETTINGS | {"source": "file", "file": file}, {}).description


def test_items_without_a_row_are_described(tmp_path):
    texts = [f"A gay person {n}" for n in range(8)]
    labels = {"text": texts, "label": ["poet", "dj"] * 4, "group": ["F", "F", "M", "M"] * 2}
    task = occupations_of("dj", "nurse", "poet", "pastor")
    assert prepared_from(tmp_path, task, **labels)["items_without_rows"] == ["nurse", "pastor"]
    labels["label"] = ["nurse", "poet", "dj", "pastor"] * 3
    labels |= {"text": [f"Text {n}" for n in range(12)], "group": ["F", "M", "M"] * 4}
    assert prepared_from(tmp_path, task, **labels)["items_without_rows"] == []
    mentioned = {"text": texts, "label": [0, 1] * 4}
    task = terms_of("lesbian", "gay")
    assert prepared_from(tmp_path, task, **mentioned)["items_without_rows"] == ["lesbian"]


def test_of_several_groups_an_item_without_a_row_is_a_label_and_a_group(tmp_path):
    rows = {"text": [f"Text {n}" for n in range(12)], "label": ["welder", "roof_tiler"] * 6}
    rows["group"] = ["women", "women", "men", "men"] * 3
    none = prepared_from(tmp_path, TRADES, **rows)["items_without_rows"]
    assert none == ["welder/nonbinary", "roof_tiler/nonbinary"]
    rows["group"] = ["women", "nonbinary", "men", "men"] * 3
    none = prepared_from(tmp_path, TRADES, **rows)["items_without_rows"]
    assert none == ["welder/nonbinary", "roof_tiler/women"]


def test_items_without_a_row_are_counted_and_the_first_are_named():
    assert shortcomings(BIOS) == []
    assert shortcomings(BIOS, ["dj"]) == ["no row of 1 of the 28 occupations: dj"]
    names = [label.name for label in BIOS.labels]
    assert shortcomings(BIOS, names[:7]) == [
        f"no row of 7 of the 28 occupations: {', '.join(names[:6])}…"
    ]
    # A name that holds a comma is one name.
    assert shortcomings(BIOS, ["judge, senior", "dj"]) == [
        "no row of 2 of the 28 occupations: 'judge, senior', 'dj'"
    ]


def test_fewer_items_than_an_error_can_be_clustered_by_are_told():
    assert shortcomings(terms_of(*"abcdef")) == []
    told = "with fewer than 6 no error is clustered and there is no verdict"
    assert shortcomings(terms_of(*"abcde")) == [f"identity terms to compare: 5; {told}"]
    assert shortcomings(terms_of(*"abcdef"), ["a"]) == [
        "no row of 1 of the 6 identity terms: a",
        f"identity terms to compare: 5; {told}",
    ]
    # Two labels, though there are four items: two groups are compared with the third.
    assert shortcomings(TRADES) == [f"trades to compare: 2; {told}"]
    assert shortcomings(TRADES, ["welder/women"]) == [
        "no row of 1 of the 4 trades × groups: welder/women",
        f"trades to compare: 2; {told}",
    ]
    assert shortcomings(TRADES, ["welder/women", "welder/nonbinary"])[1] == (
        f"trades to compare: 1; {told}"
    )


def test_many_rows_of_one_text_are_told():
    def parts(*texts):
        return {"train": pd.DataFrame({"text": ["a", "b"]}), "test": pd.DataFrame({"text": texts})}

    few = [*map(str, range(8)), "1"]
    assert repeated_texts(parts(*few)) == 1
    assert shortcomings(BIOS, parts=parts(*few)) == []
    (told,) = shortcomings(BIOS, parts=parts(*few, "2", "2"))
    assert told == (
        "3 of the 13 rows repeat the text of another, as it is without scrubbed words; those of "
        "the test part count each, though a model answers alike to equal texts, and may have "
        "learnt from one"
    )


def test_texts_from_which_the_group_can_be_read_are_told():
    def parts(*texts):
        return {"test": pd.DataFrame({"text": [*texts, *(f"text {row}" for row in range(98))]})}

    assert shortcomings(BIOS, parts=parts("His words, not hers or theirs.", "Where she was.")) == []
    told = (
        "2 of the 100 rows hold the word of a group (he, she), so that a classifier can read the "
        "group there; to study what is left without them, list such words in scrubbed_words"
    )
    assert shortcomings(BIOS, parts=parts("He, who sings.", "Where SHE was.")) == [told]
    # Terms have no group, and are to be read.
    assert shortcomings(WIKI, parts=parts("He, who sings.", "Where SHE was.")) == []


def test_items_with_test_rows_enough_are_counted_in_each_group_that_is_compared():
    rows = [("dj", "female")] * 3 + [("dj", "male")] * 2 + [("poet", "female")] * 5
    test = pd.DataFrame(rows, columns=["label", "group"])
    found = [with_test_rows(test, BIOS, "tpr_gap", fewest) for fewest in (1, 2, 3)]
    assert found == [Enough(1, 1), Enough(1, 2), Enough(0, 3)]
    # Of several groups, a label counts once, whichever of them has rows enough.
    of = [("welder", group) for group in ("men", "women", "nonbinary")] + [("roof_tiler", "women")]
    test = pd.DataFrame(of * 2, columns=["label", "group"])
    assert with_test_rows(test, TRADES, "tpr_gap", 2) == Enough(1, 2)
    # Of mentions, the harmless ones.
    of = [("non-toxic", "gay")] * 2 + [("toxic", "gay"), ("toxic", "lesbian"), ("toxic", "trans")]
    test = pd.DataFrame(of, columns=["label", "group"])
    assert with_test_rows(test, WIKI, "fpr", 2) == Enough(1, 2)
    assert with_test_rows(test, WIKI, "fpr", 3) == Enough(0, 3)


def test_too_few_items_with_test_rows_enough_are_told():
    assert shortcomings(BIOS, (), Enough(6, 10)) == []
    assert shortcomings(BIOS, (), Enough(5, 10)) == [
        "only 5 occupations have 10 test rows (analysis.fewest_test_rows) in each group that is "
        "compared; a verdict needs 6"
    ]
    assert shortcomings(WIKI, (), Enough(0, 1)) == [
        "only 0 identity terms have 1 test row (analysis.fewest_test_rows) of class non-toxic; a "
        "verdict needs 6"
    ]
    # Told already, where no more are there.
    assert len(shortcomings(terms_of("a", "b"), (), Enough(2, 10))) == 1


TRAINING = pd.DataFrame(
    {
        "id": [str(n) for n in range(8)],
        "text": [f"text {n}" for n in range(8)],
        "label": ["toxic"] * 4 + ["non-toxic"] * 4,
        "group": ["gay"] * 6 + [""] * 2,
    }
)


def test_an_altered_training_set_is_described_by_its_settings():
    made = alter(TRAINING, WIKI, "scrub", {"mentions": "toxic", "fraction": 0.5}, 1)
    assert len(made.tables["train"]) == made.description["rows"] == 6
    assert made.description["dataset"] == {
        "kind": "scrub-toxic",
        "id": "scrub-toxic-0.5",
        "mentions": "toxic",
        "fraction": 0.5,
    }


def test_an_alteration_that_leaves_nothing_of_a_class_is_refused_by_its_key():
    with pytest.raises(StudyError) as caught:
        alter(TRAINING, WIKI, "scrub", {"mentions": "all", "fraction": 1}, 1)
    assert str(caught.value) == (
        "scrub-all-1 leaves no training row of class 'toxic'; lower fraction in the task's "
        "alterations.scrub"
    )


def test_under_sampling_a_class_away_is_refused_by_its_key():
    rows = TRAINING.assign(label="welder", group="men")
    with pytest.raises(StudyError, match="balance-a0-b1: undersample 1 would drop every training"):
        alter(rows, TRADES, "balance", {"oversample": 0, "undersample": 1}, 1)
