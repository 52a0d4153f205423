"""Definitions of tasks: from vocabularies, files and lists, and refused where they are none."""

import json

import pytest
from pydantic import ValidationError

from bias_transfer.tasks import definition_of, kinds
from bias_transfer.tasks.labels_by_group import LabelsByGroup
from tests.unit.definitions import BIOGRAPHIES, BIOS, COMMENTS, THREE_GROUPS, TRADES, WIKI


@pytest.mark.parametrize("definition", [BIOS, WIKI, TRADES])
def test_a_definition_that_a_job_is_told_is_the_same_again(definition):
    told = json.loads(json.dumps(definition.model_dump()))
    assert definition_of(told) == definition


def test_the_two_kinds():
    assert list(kinds()) == ["labels_by_group", "mentions"]


def test_groups_are_compared_with_the_reference():
    assert BIOS.reference_group.word == "he"
    assert [group.word for group in BIOS.comparisons] == ["she"]
    assert [group.word for group in TRADES.comparisons] == ["she", "they"]


def test_files_give_labels_groups_and_templates(tmp_path):
    for name, content in (
        ("labels", "name,title\ndj,DJ\npoet,\n"),
        ("groups", "name,word,aliases\nw,she,F\nm,he,M\n"),
        ("templates", 'name,template\nday,"{word}, the {label}, had a good day"\n'),
        ("words", "word\nshe\nhe\n"),
    ):
        (tmp_path / f"{name}.csv").write_text(content)
    task = LabelsByGroup(
        kind="labels_by_group",
        labels=str(tmp_path / "labels.csv"),
        groups=str(tmp_path / "groups.csv"),
        reference="m",
        templates=str(tmp_path / "templates.csv"),
        scrubbed_words=str(tmp_path / "words.csv"),
    )
    assert [label.title for label in task.labels] == ["DJ", "poet"]
    assert [group.aliases for group in task.groups] == [["F"], ["M"]]
    assert task.templates == {"day": "{word}, the {label}, had a good day"}
    assert task.scrubbed_words == ["she", "he"]


BAD_LABELS = {
    "a reference that is no group": ({"reference": "man"}, "the reference 'man' is no group; use"),
    "one label": ({"labels": ["welder"]}, "at least 2 items"),
    "one group": ({"groups": {"men": "he"}}, "at least 2 items"),
    "a label twice": ({"labels": ["dj", "DJ"]}, "the label 'DJ' stands there for the second time"),
    "a group twice": (
        {"groups": [{"name": "men", "word": "he"}, {"name": "men", "word": "she"}]},
        "the group 'men' stands there for the second time",
    ),
    "a word twice": ({"groups": {"women": "he", "men": "He"}}, "the word 'He' stands there for"),
    "a control that is a group's word": ({"control": "he"}, "the word 'he' stands there for"),
    "a word of two": ({"groups": {"women": "s he", "men": "he"}}, "the word 's he' holds a space"),
    "an alias of two groups": (
        {
            "groups": [
                {"name": "men", "word": "he", "aliases": ["x"]},
                {"name": "women", "word": "she", "aliases": ["x"]},
            ]
        },
        "'x' stands for the groups 'men' and 'women'; remove one",
    ),
    "a template without the word": ({"templates": {"a": "A {label}"}}, "must hold {word} exactly"),
    "a template without the label": (
        {"templates": {"a": "{word} works"}},
        "template 'a' must hold {label} or {a_label} exactly once",
    ),
    "a template with the label twice": (
        {"templates": {"a": "{word}, {a_label}, is a {label}"}},
        "template 'a' must hold {label} or {a_label} exactly once",
    ),
    "a template with another placeholder": (
        {"templates": {"a": "{word} is {an_occupation}"}},
        "template 'a': the placeholder {an_occupation} is unknown; known are {word}, {label}, {a_l",
    ),
    "a template with a stray brace": ({"templates": {"a": "{word is"}}, "correct the braces"),
    "a template with a form": ({"templates": {"a": "{word!r} {label}"}}, "and nothing else"),
    "a vocabulary that is none": ({"labels": "trades"}, "'trades' is neither a vocabulary"),
    "labels that are no list": ({"labels": 3}, "valid list"),
    "an item of another table's name": ({"item": "label"}, "'label' is a column of the tables"),
    "an item that is no name of a column": ({"item": "My trade"}, "pattern"),
    "an unknown key": ({"refrence": "men"}, "Extra inputs"),
}


@pytest.mark.parametrize(("change", "said"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels_and_groups_are_refused(change, said):
    with pytest.raises(ValidationError) as caught:
        definition_of(THREE_GROUPS | change)
    assert said in str(caught.value)


BAD_TERMS = {
    "a term twice": ({"terms": ["Red  hair", "red hair"]}, "the term 'red hair' stands there for"),
    "two terms in one": ({"terms": ["a;b"]}, "the term 'a;b' holds ';'"),
    "no term": ({"terms": []}, "at least 1 item"),
    "equal classes": ({"negative": "Toxic"}, "the classes 'toxic' and 'Toxic' have one name"),
    "a class of no letters": ({"positive": "+"}, "the class '+' has no name for a column"),
    "a class called all": ({"positive": "all"}, "the class 'all' has no name for a column"),
    "a template without a gap": ({"templates": {"a": "{term} people"}}, "must hold {mask} exactly"),
    "a template without the term": (
        {"templates": {"a": "People are {mask}"}},
        "template 'a' must hold {term} or {a_term} exactly once",
    ),
}


@pytest.mark.parametrize(("change", "said"), BAD_TERMS.values(), ids=BAD_TERMS)
def test_bad_terms_are_refused(change, said):
    with pytest.raises(ValidationError) as caught:
        definition_of(COMMENTS | change)
    assert said in str(caught.value)


SECTIONS = {
    name: definition | {"title": "T", "measures": ["m"], "covariates": ["c"], "outcome": "o"}
    for name, definition in (("labels_by_group", BIOGRAPHIES), ("mentions", COMMENTS))
}
every_kind = pytest.mark.parametrize("name", kinds())


@every_kind
def test_only_a_job_may_go_without_templates(name):
    without = {key: value for key, value in SECTIONS[name].items() if key != "templates"}
    definition = kinds()[name].definition
    told = {key: value for key, value in without.items() if key in definition.model_fields}
    assert definition_of(told).templates == {}
    with pytest.raises(ValidationError, match="Field required"):
        kinds()[name].section.model_validate(without)
    with pytest.raises(ValidationError, match="at least 1 item"):
        kinds()[name].section.model_validate(without | {"templates": {}})


@every_kind
def test_a_section_of_the_config_adds_sources_to_a_definition(name):
    section = kinds()[name].section.model_validate(SECTIONS[name])
    assert isinstance(section, kinds()[name].definition)
    assert (section.source, section.empty, section.file.text) == ("file", "refuse", "text")
    assert type(section).model_validate(section.model_dump()) == section
    schema = type(section).model_json_schema()["properties"]
    assert "string" in json.dumps(schema["templates"])
