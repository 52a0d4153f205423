"""A config as the plan reads it: as Snakemake would give it, or one line that says why not."""

import copy
from pathlib import Path
from typing import Any

import pytest
from snakemake.cli import parse_config
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from bias_transfer.errors import StudyError
from bias_transfer.study.overlays import laid_over, read_config, with_default

BELOW = {"seeds": [1, 2], "tasks": {"bios": {"title": "B", "rows": {"a": 1}}, "wiki": {"x": 1}}}
ABOVE: list[dict[str, Any]] = [
    {"seeds": [3]},
    {"tasks": {"bios": {"rows": {"b": 2}}, "wiki": None}},
    {"tasks": {"bios": 3}},
    {"seeds": {"a": 1}, "new": {"deep": {}}},
]
VALUES = [
    *("seed=3", "x_1=1e-3", "flag=True", "flag=true", "empty=", "text=a b", "quoted='1'"),
    *("seeds=[1, 2]", "nothing=[]", "tasks={bios: {test_share: 0.2}, wiki: null}", "bad={a: [}"),
    "sum=a=b",
]


@pytest.mark.parametrize("above", ABOVE)
def test_files_are_laid_over_one_another_as_snakemake_does(above):
    expected = copy.deepcopy(BELOW)
    update_config(expected, copy.deepcopy(above))
    assert laid_over(BELOW, above) == expected


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_read_as_snakemake_reads_it(value):
    assert read_config([], [value]) == parse_config([value])


def test_later_files_win_and_assignments_over_all(tmp_path):
    for name, text in (("a", "xx: 1\nyy: {p: 1, q: 1}"), ("b", "yy: {q: 2}\nzz: 2")):
        (tmp_path / f"{name}.yaml").write_text(text)
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    assert read_config(files, ["z2=3", "yy={p: 4}"]) == {
        "xx": 1,
        "yy": {"p": "4", "q": 2},
        "zz": 2,
        "z2": 3,
    }


def test_a_task_that_is_left_out_must_be_there(tmp_path):
    for name, text in (
        ("default", "tasks: {bios: {title: B}}"),
        ("own", "tasks: {bios: null, wiki: null, jobs: {title: J}, job: {title: K}}"),
        ("without", "tasks: {jobs: null}"),
        ("misspelt", "tasks: {bois: null}"),
        ("other", "tasks: {zzz: null}"),
    ):
        (tmp_path / f"{name}.yaml").write_text(text)
    default, own, without, misspelt, other = (
        tmp_path / f"{name}.yaml" for name in ("default", "own", "without", "misspelt", "other")
    )
    read_config([default, own, without])
    for files, said in (
        ((default, misspelt), "tasks.bois: no such task to leave out; did you mean 'bios'?"),
        ((without, own), "tasks.jobs: no such task to leave out; remove the line"),
        ((own, other), "tasks.zzz: no such task to leave out; remove the line"),
    ):
        with pytest.raises(StudyError) as caught:
            read_config(files)
        assert str(caught.value) == f"config key {said}"


def test_a_file_of_json_is_read_as_snakemake_reads_it(tmp_path):
    # No YAML, for its tabs, and a number that is text in YAML.
    path, above = tmp_path / "below.json", tmp_path / "above.yaml"
    path.write_text('{\n\t"tasks": {"jobs": {"share": 1e-5}}\n}')
    assert read_config([path]) == load_configfile(path) == {"tasks": {"jobs": {"share": 1e-5}}}
    (tmp_path / "control.json").write_text('{"results": "a\x7f"}')
    assert read_config([tmp_path / "control.json"]) == {"results": "a\x7f"}
    above.write_text("tasks: {jobs: null}")
    assert read_config([path, above]) == {"tasks": {"jobs": None}}


def test_a_key_that_stands_twice_in_json_is_refused(tmp_path):
    path = tmp_path / "twice.json"
    path.write_text('{\n\t"seed": 1,\n\t"model": {\n\t\t"source": "hub",\n\t\t"source": "file"}}')
    with pytest.raises(StudyError, match=r"twice\.json, line 5: the key 'source' stands here for"):
        read_config([path])


def test_the_default_config_lies_below_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = [Path("own.yaml")]
    assert with_default(given) == given
    Path("config.yaml").write_text("seed: 1")
    assert with_default(given) == [Path("config.yaml"), *given]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2", "the key 'a' stands here for the second time"),
        ("- a", "no mapping of config keys to values"),
        ("a: 1\nb: [1, 2\nc: 3", r"c\.yaml, line 3, column 2: no YAML: expected ',' or ']'"),
        ("a: 1\n\tb: 2", r"c\.yaml, line 2, column 1: no YAML: found character '\\t'"),
        ("a: \x00", r"c\.yaml: no YAML \(unacceptable character"),
    ],
)
def test_a_file_that_is_no_config_is_refused(tmp_path, text, said):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(StudyError, match=said):
        read_config([tmp_path / "c.yaml"])


def test_a_missing_file_and_a_word_without_a_value_are_refused(tmp_path):
    with pytest.raises(StudyError, match="give a config file that is there"):
        read_config([tmp_path / "none.yaml"])
    with pytest.raises(StudyError, match="write it as key=value"):
        read_config([], ["seed"])
