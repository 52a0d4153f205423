"""Lineage: every output leads back to its sources, and what is no longer as it was is told."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bias_transfer.errors import StudyError
from bias_transfer.runtime.artifacts import MANIFEST, atomic_folder, describe_folder, sha256
from bias_transfer.runtime.lineage import (
    BUNDLE,
    as_record,
    bundle,
    record_outputs,
    record_path,
    start_run,
    trace,
    warned_of,
)
from bias_transfer.runtime.main import main

SOURCE, DATA, TABLE = Path("mine/text.csv"), Path("results/data/bios"), Path("results/table.csv")

NO_MAPPINGS = {"command": "c", "code": "c", "settings": [], "libraries": [], "inputs": []}


def run(command, inputs, output, seed=1, warnings=()):
    """Do what the command line does around a command that has just made an output."""
    begun = start_run(command, "c0de", {"seed": seed}, inputs)
    record_outputs(begun, [output], warnings)
    return begun


def folder_of(text):
    with atomic_folder(DATA) as folder:
        (folder / "train.csv").write_text(text)
        describe_folder(folder, {"kind": "data"})


def release(target):
    """Make a release of the table in the way that the command does."""
    own = as_record(start_run("release", "c0de", {}, [TABLE]), target)
    with atomic_folder(target) as folder:
        shutil.copyfile(TABLE, folder / "copy.csv")
        (folder / BUNDLE).write_text(json.dumps(bundle(own, target)))
        describe_folder(folder, {"kind": "results release"})
    run("release", [TABLE], target / MANIFEST)


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Make a source, a folder from it and a table from the folder, with their records."""
    monkeypatch.chdir(tmp_path)
    SOURCE.parent.mkdir()
    SOURCE.write_text("text\nhello\n")
    folder_of("hello")
    run("prepare", [SOURCE], DATA / MANIFEST)
    TABLE.write_text("n\n5\n")
    run("count", [DATA / MANIFEST], TABLE)
    return tmp_path


def states(path=TABLE):
    return {step.name: step.state for step in trace(path)}


def test_a_table_leads_to_its_source_step_by_step(study):
    steps = trace(TABLE)
    assert [step.name for step in steps] == [str(SOURCE), str(DATA / MANIFEST), str(TABLE)]
    assert [step.record and step.record.command for step in steps] == [None, "prepare", "count"]
    assert [step.inputs for step in steps] == [(), (str(SOURCE),), (str(DATA / MANIFEST),)]
    assert steps[0].sha256 == sha256(SOURCE)
    assert steps[2].record.settings == {"seed": 1}
    assert steps[2].record.code == "c0de"
    assert "torch" in steps[2].record.libraries
    assert not any(step.changed for step in steps)


def test_a_file_inside_a_folder_leads_there_by_the_manifest(study):
    assert [step.name for step in trace(DATA / "train.csv")] == [
        str(SOURCE),
        str(DATA / MANIFEST),
        str(DATA / "train.csv"),
    ]


def test_a_step_that_two_files_share_is_told_once(study):
    other = Path("results/other.csv")
    other.write_text("n\n6\n")
    run("count", [DATA / MANIFEST, TABLE], other)
    assert len(trace(other)) == len(set(states(other))) == 4


def test_what_was_warned_of_on_the_way_is_told_once_and_in_order(study):
    assert warned_of([TABLE]) == ()
    run("prepare", [SOURCE], DATA / MANIFEST, warnings=["wiki: copies", "bios: no row of a label"])
    run("count", [DATA / MANIFEST], TABLE, warnings=["wiki: copies"])
    assert warned_of([TABLE, SOURCE]) == ("bios: no row of a label", "wiki: copies")


def test_equal_runs_give_equal_records(study):
    before = record_path(TABLE).read_bytes()
    run("count", [DATA / MANIFEST], TABLE)
    assert record_path(TABLE).read_bytes() == before
    run("count", [DATA / MANIFEST], TABLE, seed=2)
    assert record_path(TABLE).read_bytes() != before


def test_a_record_names_no_folder_of_this_machine(study):
    for record in study.rglob(".lineage/*.json"):
        assert str(study) not in record.read_text()


def test_a_study_may_move_and_be_asked_from_elsewhere(study, monkeypatch):
    moved = study.rename(study.with_name("moved"))
    monkeypatch.chdir(moved.parent)
    steps = trace(Path("moved") / TABLE)
    assert [step.name for step in steps] == [
        str("moved" / path) for path in (SOURCE, DATA / MANIFEST, TABLE)
    ]
    assert not any(step.changed for step in steps)


def test_a_source_outside_the_study_keeps_its_whole_path(study, monkeypatch):
    (study / "elsewhere").mkdir()
    monkeypatch.chdir(study / "elsewhere")
    output = Path("a.csv")
    output.write_text("a")
    run("prepare", [study / SOURCE], output)
    assert list(json.loads(record_path(output).read_text())["inputs"]) == [str(study / SOURCE)]


@pytest.mark.parametrize("content", ["", "[]", '{"files": {"text.csv": "0"}}'])
def test_somebody_elses_manifest_above_a_source_is_none_of_ours(study, content):
    (SOURCE.parent / MANIFEST).write_text(content)
    assert states()[str(SOURCE)] == "as it was used; no record of how it was made"
    assert warned_of([TABLE]) == ()


def test_a_folder_among_the_sources_counts_file_by_file(study):
    (SOURCE.parent / "deeper").mkdir()
    (SOURCE.parent / "deeper/more.txt").write_text("more")
    begun = run("prepare", [SOURCE.parent], DATA / MANIFEST)
    assert set(begun.inputs) == {SOURCE, SOURCE.parent / "deeper/more.txt"}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (TABLE, "changed since it was made"),
        (SOURCE, "changed since it was used"),
        (DATA / MANIFEST, "changed since it was made"),
        (DATA / "train.csv", f"changed since it was made ({DATA}/train.csv: the content does"),
    ],
    ids=str,
)
def test_a_changed_file_is_told_and_is_no_success(study, capsys, path, told):
    path.write_bytes(path.read_bytes() + b" ")
    name = str(DATA / MANIFEST) if path.name == "train.csv" else str(path)
    assert main(["lineage", str(TABLE)]) == 1
    captured = capsys.readouterr()
    assert f"{name}: {told}" in captured.out
    assert captured.err.startswith(f"error: {name}: changed since")
    assert captured.err.count("\n") == 1
    assert captured.out.count("changed since") == 1


def test_an_input_made_again_with_another_content_is_told(study):
    folder_of("hello again")
    run("prepare", [SOURCE], DATA / MANIFEST)
    assert states()[str(DATA / MANIFEST)] == "changed since it was used"


def test_a_deleted_folder_leaves_its_record(study):
    shutil.rmtree(DATA)
    assert states() == {
        str(SOURCE): "as it was used; no record of how it was made",
        str(DATA / MANIFEST): "deleted since",
        str(TABLE): "as it was made",
    }
    assert not any(step.changed for step in trace(TABLE))


def test_a_file_that_has_passed_is_told_and_is_no_change(study, capsys):
    with atomic_folder(DATA) as folder:
        (folder / "weights").write_text("1")
        describe_folder(folder, {"kind": "data", "passing": ["weights"]})
    run("prepare", [SOURCE], DATA / MANIFEST)
    run("count", [DATA / MANIFEST], TABLE)
    (DATA / "weights").unlink()
    assert states()[str(DATA / MANIFEST)] == "as it was made, less weights, which went once used"
    assert main(["lineage", str(TABLE)]) == 0
    (DATA / "weights").write_text("2")
    assert main(["lineage", str(TABLE)]) == 1
    assert "weights: the content does not match" in capsys.readouterr().out


def test_a_release_brings_the_chain_along(study, tmp_path_factory, monkeypatch):
    release(Path("results/release"))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree("results/release", elsewhere / "given")
    monkeypatch.chdir(elsewhere)
    steps = trace(Path("given/copy.csv"))
    assert [step.record and step.record.command for step in steps] == [
        None,
        "prepare",
        "count",
        "release",
        None,
    ]
    assert [step.name for step in steps][-2:] == ["given/manifest.json", "given/copy.csv"]
    assert steps[0].name == f"(given) ../../{SOURCE}"
    assert steps[0].sha256 == sha256(study / SOURCE)
    Path("given/copy.csv").write_text("n\n7\n")
    changed = [step.name for step in trace(Path("given/copy.csv")) if step.changed]
    assert changed == ["given/manifest.json", "given/copy.csv"]


def test_a_release_brings_along_what_was_warned_of(study, tmp_path_factory, monkeypatch):
    run("prepare", [SOURCE], DATA / MANIFEST, warnings=["wiki: copies"])
    release(Path("results/release"))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.move("results/release", elsewhere / "given")
    monkeypatch.chdir(elsewhere)
    assert warned_of([Path("given/copy.csv")]) == ("wiki: copies",)


@pytest.mark.parametrize("content", ["", "[]", '{"manifest.json": {}}', '{"manifest.json": 1}'])
def test_damaged_records_of_a_release_are_refused(study, content):
    release(Path("results/release"))
    shutil.copytree("results/release", "given")
    Path("given", BUNDLE).write_text(content)
    with pytest.raises(StudyError, match="the records are damaged; take the release from where"):
        trace(Path("given/copy.csv"))


def test_records_that_lead_in_a_circle_are_refused(study):
    run("count", [TABLE], TABLE)
    with pytest.raises(StudyError, match=f"^{TABLE}: its records lead in a circle"):
        trace(TABLE)


@pytest.mark.parametrize(
    ("path", "said"),
    [("results/gone.csv", "the file is missing"), (str(SOURCE), "no record of how it was made")],
)
def test_a_file_without_a_chain_is_refused(study, capsys, path, said):
    assert main(["lineage", path]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {path}: {said}")
    assert captured.err.count("\n") == 1


def test_the_chain_is_told_in_numbered_steps(study, capsys):
    assert main(["lineage", str(TABLE)]) == 0
    told = capsys.readouterr().out
    assert f"1. {SOURCE}: as it was used" in told
    assert f"sha256 {sha256(SOURCE)}" in told
    assert "prepare, code c0de, from 1\n" in told
    assert "count, code c0de, from 2\n" in told
    assert "settings seed 1\n" in told
    assert told.count("   libraries ") == 1


def test_the_chain_is_told_as_json(study, capsys):
    assert main(["lineage", "--json", str(TABLE)]) == 0
    steps = json.loads(capsys.readouterr().out)
    assert [step["name"] for step in steps] == [str(SOURCE), str(DATA / MANIFEST), str(TABLE)]
    assert steps[2]["record"]["settings"] == {"seed": 1}


def test_a_reader_who_has_seen_enough_is_no_error(study):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "bias_transfer.runtime.main", "lineage", str(TABLE)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_command_refuses_an_input_that_is_not_as_it_was_made(study):
    TABLE.write_text("n\n6\n")
    with pytest.raises(StudyError, match=f"^{TABLE}: changed since it was made; delete it and run"):
        start_run("count", "c0de", {}, [TABLE])


def test_a_command_takes_an_input_without_a_record(study):
    assert start_run("count", "c0de", {}, [SOURCE]).inputs == {SOURCE: sha256(SOURCE)}


def test_a_missing_input_is_named(study):
    with pytest.raises(StudyError, match=r"gone\.csv: the file is missing"):
        start_run("count", "c0de", {}, [Path("gone.csv")])


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"command": 1}', '{"x": 1}', "\xff", json.dumps(NO_MAPPINGS)],
)
def test_a_damaged_record_is_refused_with_what_to_do(study, content):
    record_path(TABLE).write_text(content, encoding="latin-1")
    for call in (lambda: trace(TABLE), lambda: start_run("count", "c0de", {}, [TABLE])):
        with pytest.raises(StudyError) as caught:
            call()
        assert f"delete {TABLE} and run snakemake again" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_of_a_folder_a_file_is_to_be_named(tmp_path):
    with pytest.raises(StudyError) as caught:
        trace(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: a folder; name a file in it, such as its manifest.json"
    )
