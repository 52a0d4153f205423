"""Artifacts: written whole or not at all, equal for equal content, refused when damaged."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from bias_transfer.errors import StudyError
from bias_transfer.runtime.artifacts import (
    MANIFEST,
    atomic_file,
    atomic_folder,
    describe_folder,
    library_versions,
    passed_files,
    read_json,
    read_table,
    sha256,
    verified_folder,
    verify_files,
    write_json,
    write_table,
)

TABLE = pd.DataFrame({"id": ["007", "NA", "None"], "value": [1 / 3, np.nan, 2.0]})


class Interrupted(Exception):
    """Stands for whatever may end a job."""


def refusal(call, path):
    with pytest.raises(StudyError) as caught:
        call(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path.parent) in message
    return message


def test_a_file_takes_its_place_when_the_block_succeeds(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with atomic_file(path) as temporary:
        temporary.write_text("hello")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.suffix == ".txt"
    assert path.read_text() == "hello"
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("mask", "of_a_file", "of_a_folder"), [(0o22, 0o644, 0o755), (0o07, 0o660, 0o770)]
)
def test_who_may_read_and_write_is_what_the_user_lets(tmp_path, mask, of_a_file, of_a_folder):
    before = os.umask(mask)
    try:
        with atomic_file(tmp_path / "a.txt") as temporary:
            temporary.write_text("hello")
        with atomic_folder(tmp_path / "b"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == of_a_file
    assert (tmp_path / "b").stat().st_mode & 0o777 == of_a_folder


@pytest.mark.parametrize("error", [Interrupted, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), atomic_file(path) as temporary:
        temporary.write_text("half of the n")
        raise error
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.parquet"
    write_table(path, TABLE)
    before = path.read_bytes()
    with pytest.raises(Exception, match=r"."):
        write_table(path, pd.DataFrame({"mixed": [1, "a", object()]}))
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_replaces_the_old_one_whole(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / "stale.txt").write_text("old")
    with atomic_folder(path) as temporary:
        (temporary / "fresh.txt").write_text("new")
        assert (path / "stale.txt").exists()
    assert [file.name for file in path.iterdir()] == ["fresh.txt"]
    assert [each.name for each in tmp_path.iterdir()] == ["model"]


def test_an_interrupted_folder_leaves_the_old_one_and_nothing_else(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / "kept.txt").write_text("old")
    with pytest.raises(Interrupted), atomic_folder(path) as temporary:
        (temporary / "fresh.txt").write_text("half")
        raise Interrupted
    assert [file.name for file in path.iterdir()] == ["kept.txt"]
    assert [each.name for each in tmp_path.iterdir()] == ["model"]


def test_an_interrupted_first_folder_leaves_nothing(tmp_path):
    with pytest.raises(Interrupted), atomic_folder(tmp_path / "model"):
        raise Interrupted
    assert list(tmp_path.iterdir()) == []


def test_equal_content_is_equal_bytes(tmp_path):
    write_json(tmp_path / "1.json", {"b": 1, "a": [1, 2]})
    write_json(tmp_path / "2.json", {"a": [1, 2], "b": 1})
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    for suffix in ("csv", "parquet"):
        write_table(tmp_path / f"1.{suffix}", TABLE)
        write_table(tmp_path / f"2.{suffix}", TABLE.copy())
        assert sha256(tmp_path / f"1.{suffix}") == sha256(tmp_path / f"2.{suffix}")


def test_a_table_as_csv_has_ten_digits_and_empty_cells(tmp_path):
    write_table(tmp_path / "t.csv", TABLE)
    assert (tmp_path / "t.csv").read_bytes() == (b"id,value\n007,0.3333333333\nNA,\nNone,2\n")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_comes_back(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    write_table(path, TABLE)
    again = read_table(path)
    assert again["id"].tolist() == TABLE["id"].tolist()
    assert again["value"].to_numpy() == pytest.approx(TABLE["value"].to_numpy(), nan_ok=True)


# Each would be read as numbers, truth values or missing cells.
NAMES = {
    "digits": ["291141", "472111"],
    "leading zeros": ["007", "010"],
    "truth values": ["True", "False"],
    "missing cells": ["NA", "null"],
    "not a number": ["nan", "1e5"],
    "none": ["None", "-"],
}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_names_stay_text_whatever_they_look_like(tmp_path, names, suffix):
    path = tmp_path / f"t.{suffix}"
    columns = ["model", "template", "label", "trade"]
    table = pd.DataFrame(dict.fromkeys(columns, names) | {"value": [0.5, np.nan]})
    write_table(path, table)
    again = read_table(path, ["trade", "not_there"])
    assert again[columns].to_dict("list") == dict.fromkeys(columns, names)
    assert again["value"].tolist() == pytest.approx([0.5, np.nan], nan_ok=True)


def test_the_empty_cell_of_a_column_of_names_is_missing(tmp_path):
    write_table(tmp_path / "t.csv", pd.DataFrame({"item": ["007", None], "value": [1, 2]}))
    assert read_table(tmp_path / "t.csv")["item"].isna().tolist() == [False, True]


def test_a_table_of_another_format_is_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="xlsx"):
        write_table(tmp_path / "t.xlsx", TABLE)


@pytest.mark.parametrize("kept", [0, 3, 200])
def test_a_truncated_parquet_file_is_refused(tmp_path, kept):
    path = tmp_path / "t.parquet"
    write_table(path, TABLE)
    path.write_bytes(path.read_bytes()[:kept])
    message = refusal(read_table, path)
    assert "delete it and rerun" in message


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n3,4,5\n", 'a\n"x'])
def test_a_broken_csv_file_is_refused(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_text(content)
    refusal(read_table, path)


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "not valid JSON"), ('{"a": 1', "not valid JSON"), ("[1]", "a JSON object was expected")],
)
def test_broken_json_is_refused(tmp_path, content, said):
    path = tmp_path / "a.json"
    path.write_text(content)
    assert said in refusal(read_json, path)


@pytest.mark.parametrize("read", [read_json, read_table])
def test_a_missing_file_says_how_to_make_it(tmp_path, read):
    path = tmp_path / "gone.json"
    assert f"{path}: the file is missing; run snakemake, which makes it" in refusal(read, path)


@pytest.fixture
def described(tmp_path):
    folder = tmp_path / "f"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "sub" / "b.txt").write_text("b")
    describe_folder(folder, {"kind": "test"})
    return folder


def test_a_manifest_lists_the_hash_of_each_file_and_no_path_or_time(described):
    content = json.loads((described / MANIFEST).read_text())
    assert content == {
        "kind": "test",
        "files": {
            # echo -n a | sha256sum
            "a.txt": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
            "sub/b.txt": "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d",
        },
        "libraries": library_versions(),
    }
    assert content["libraries"]["torch"] != "absent"


def test_describing_twice_gives_the_same_bytes(described):
    before = (described / MANIFEST).read_bytes()
    describe_folder(described, {"kind": "test"})
    assert (described / MANIFEST).read_bytes() == before


def test_a_folder_that_matches_its_manifest_is_accepted(described):
    assert verified_folder(described / MANIFEST) == described


def test_a_changed_file_is_refused(described):
    (described / "sub" / "b.txt").write_text("c")
    message = refusal(verified_folder, described / MANIFEST)
    assert "b.txt: the content does not match" in message


def test_a_missing_file_of_a_manifest_is_refused(described):
    (described / "a.txt").unlink()
    assert "a.txt: the file is missing" in refusal(verified_folder, described / MANIFEST)


@pytest.fixture
def passing(described):
    describe_folder(described, {"kind": "test", "passing": ["a.txt"]})
    return described


def test_a_file_that_passes_may_be_gone_for_whoever_does_not_read_it(passing):
    assert passed_files(passing / MANIFEST) == []
    (passing / "a.txt").unlink()
    assert passed_files(passing / MANIFEST) == ["a.txt"]
    assert verify_files(passing / MANIFEST, "").keys() == {"a.txt", "sub/b.txt"}
    message = refusal(verified_folder, passing / MANIFEST)
    assert "a.txt: went once it had been used; delete" in message


def test_a_file_that_passes_is_checked_as_long_as_it_is_there(passing):
    (passing / "a.txt").write_text("b")
    with pytest.raises(StudyError, match=r"a\.txt: the content does not match"):
        verify_files(passing / MANIFEST, "")


def test_another_file_than_those_that_pass_may_not_be_gone(passing):
    (passing / "sub" / "b.txt").unlink()
    with pytest.raises(StudyError, match=r"b\.txt: the file is missing"):
        verify_files(passing / MANIFEST, "")


def test_a_folder_without_a_manifest_is_refused(described):
    (described / MANIFEST).unlink()
    assert "the file is missing" in refusal(verified_folder, described / MANIFEST)


@pytest.mark.parametrize("name", ["a.csv", "gaussian-s0.1"])
def test_what_a_killed_job_left_goes_when_the_same_artifact_is_made(tmp_path, name):
    neighbours = [".a.csv.5.abcdefgh.csv", ".gaussian-s0.1.5.abcdefgh", ".a.csv.kept", "a.csv.txt"]
    for neighbour in neighbours:
        (tmp_path / neighbour).touch()
    (tmp_path / f".{name}.abc_1234").mkdir()
    (tmp_path / f".{name}.abc_1234" / "half").touch()
    (tmp_path / f".{name}.efgh5678{(tmp_path / name).suffix}").touch()
    with atomic_file(tmp_path / name) as temporary:
        temporary.write_text("whole")
    assert {path.name for path in tmp_path.iterdir()} == {name, *neighbours}


def test_what_a_killed_job_left_of_a_folder_goes_too(tmp_path):
    (tmp_path / ".made.abcd1234").mkdir()
    (tmp_path / ".made.training-checkpoints").mkdir()
    with atomic_folder(tmp_path / "made") as folder:
        (folder / "whole").touch()
    assert {path.name for path in tmp_path.iterdir()} == {"made", ".made.training-checkpoints"}
