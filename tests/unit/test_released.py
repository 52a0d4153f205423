"""What machines read of a release: an RO-Crate that is whole, and Croissant that loads."""

import itertools
import json
import subprocess
from pathlib import Path

import mlcroissant
import pandas as pd
import pytest
import yaml

from bias_transfer.report.crate import MAIN_WORKFLOW, crate
from bias_transfer.report.croissant import croissant, record_set
from bias_transfer.report.dictionary import meaning, meanings
from bias_transfer.report.released import File, Software, Table, people, reference
from bias_transfer.runtime.artifacts import sha256
from bias_transfer.runtime.provenance import last_commit

NOTE = "Generated text: a note."
COMMIT = "a" * 40


@pytest.fixture(scope="module")
def software(root: Path) -> Software:
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    return Software(citation, commit=COMMIT, edited=False, date="2026-01-02", language_version="9")


def file(path: str, media_type: str = "text/plain") -> File:
    return File(path, media_type, f"What {path} holds.", size=3, sha256="0" * 64)


FILES = [
    file("README.md", "text/markdown"),
    file("config.yaml"),
    file("intrinsic/bios.csv", "text/csv"),
    file("intrinsic/wiki.csv", "text/csv"),
    file("observations/bios.csv", "text/csv"),
    file(MAIN_WORKFLOW),
    file("workflow/rules/common.smk"),
    File("manifest.json", "application/json", "The others."),
]
TABLES = [each.path for each in FILES if each.media_type == "text/csv"]


# The data dictionary

PAGE = """# Columns

## first/\\<task\\>/

| column | meaning |
|---|---|
| `a`, `b_2` | both, in `nats` |
| `a` | again |

## second/

| `a` | elsewhere |
"""


def test_a_column_means_what_the_first_folder_says_that_has_it():
    page = meanings(PAGE)
    assert page == {
        "first": {"a": "both, in nats", "b_2": "both, in nats"},
        "second": {"a": "elsewhere"},
    }
    assert meaning(page, "a", ("second", "first")) == "elsewhere"
    assert meaning(page, "b_2", ("second", "first")) == "both, in nats"


def test_what_is_measured_again_means_the_same_after_fine_tuning():
    assert meaning(meanings(PAGE), "a_after", ("first",)) == "both, in nats; after fine-tuning"


def test_a_column_of_ones_own_words_is_told_to_be_one():
    said = meaning(meanings(PAGE), "score_xe", ("first",))
    assert said == "score xe; README.md tells how such columns are made"


# RO-Crate


def entities(made):
    found = {each["@id"]: each for each in made["@graph"]}
    assert len(found) == len(made["@graph"])
    return found


def references(value):
    """Yield what a value refers to, however deep."""
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        else:
            yield from itertools.chain.from_iterable(map(references, value.values()))
    elif isinstance(value, list):
        yield from itertools.chain.from_iterable(map(references, value))


def test_every_file_is_a_part_of_the_crate_and_an_entity(software):
    found = entities(crate(FILES, TABLES, software, NOTE))
    parts = set(references(found["./"]["hasPart"]))
    assert parts == {each.path for each in FILES}
    assert parts <= set(found)
    assert found["intrinsic/bios.csv"]["sha256"] == "0" * 64
    assert "sha256" not in found["manifest.json"]


def test_every_reference_within_the_crate_has_its_entity(software):
    made = crate(FILES, TABLES, software, NOTE)
    found = entities(made)
    inner = {each for each in references(made["@graph"]) if not each.startswith("http")}
    assert inner <= set(found)


def test_the_workflow_made_the_tables_from_the_config(software):
    found = entities(crate(FILES, TABLES, software, NOTE))
    workflow, run = found[MAIN_WORKFLOW], found["#run"]
    assert found["./"]["mainEntity"] == run["instrument"] == {"@id": MAIN_WORKFLOW}
    assert set(references(run["object"])) == {"config.yaml"}
    assert set(references(run["result"])) == set(TABLES)
    assert set(references(workflow["input"])) == {"#config"}
    assert set(references(workflow["output"])) == {"#intrinsic", "#observations"}
    assert set(references(found["#intrinsic"]["workExample"])) == {
        "intrinsic/bios.csv",
        "intrinsic/wiki.csv",
    }
    assert found["intrinsic/wiki.csv"]["exampleOfWork"] == {"@id": "#intrinsic"}
    assert set(references(workflow["hasPart"])) == {"workflow/rules/common.smk"}


def test_version_commit_and_authors_are_the_softwares(software):
    found = entities(crate(FILES, TABLES, software, NOTE))
    workflow = found[MAIN_WORKFLOW]
    assert workflow["version"] == str(software.citation["version"])
    assert workflow["identifier"] == f"swh:1:rev:{COMMIT}"
    assert "creativeWorkStatus" not in workflow
    (author,) = references(workflow["creator"])
    assert found[author]["name"] == "The bias-transfer authors"
    assert found["./"]["datePublished"] == "2026-01-02"
    assert NOTE in found["./"]["description"]


def test_a_commit_that_is_unknown_or_edited_is_not_told_as_if_it_were_not(software):
    def workflow(**changes):
        made = crate(FILES, TABLES, Software(**(vars(software) | changes)), NOTE)
        return entities(made)[MAIN_WORKFLOW]

    assert "identifier" not in workflow(commit="")
    assert workflow(edited=True)["creativeWorkStatus"] == "edited since that commit"


def test_the_paper_is_cited(software):
    found = entities(crate(FILES, TABLES, software, NOTE))
    (paper,) = references(found["./"]["citation"])
    assert paper == "https://doi.org/10.18653/v1/2022.acl-long.247"
    assert found[paper]["author"].startswith("Ryan Steed, Swetasudha Panda")


# Croissant


@pytest.fixture
def dataset(tmp_path, software):
    """Write two tables and their metadata; return where."""
    (tmp_path / "intrinsic").mkdir()
    made = []
    for name, table in (
        ("a.csv", pd.DataFrame({"item": ["x", "y"], "n": [1, 2], "rate": [0.5, None]})),
        ("b.parquet", pd.DataFrame({"id": ["i"], "right": [True]})),
    ):
        path = tmp_path / "intrinsic" / name
        if path.suffix == ".csv":
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path, index=False)
        kinds = {"item": "Text", "n": "Integer", "rate": "Float", "id": "Text", "right": "Boolean"}
        kind = "text/csv" if path.suffix == ".csv" else "application/x-parquet"
        made.append(
            Table(
                File(f"intrinsic/{name}", kind, "A table.", path.stat().st_size, sha256(path)),
                {column: kinds[column] for column in table},
                {column: f"What {column} means." for column in table},
            )
        )
    path = tmp_path / "croissant.json"
    path.write_text(json.dumps(croissant(made, software, NOTE)))
    assert [record_set(each) for each in made] == ["intrinsic-a", "intrinsic-b"]
    return path


# What mlcroissant 1.1 asks of rdflib 7.6 and pandas 3.1 will have another name.
of_its_own = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph is deprecated:DeprecationWarning",
    "ignore:The inplace keyword:DeprecationWarning",
)


@of_its_own
def test_croissant_is_valid_and_has_nothing_to_warn_of(dataset):
    issues = mlcroissant.Dataset(str(dataset)).metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())


@of_its_own
def test_records_come_out_of_a_table_as_they_stand_there(dataset):
    loaded = mlcroissant.Dataset(str(dataset))
    first, second = loaded.records("intrinsic-a")
    assert first == {"intrinsic-a/item": b"x", "intrinsic-a/n": 1, "intrinsic-a/rate": 0.5}
    assert second["intrinsic-a/rate"] is None
    (only,) = loaded.records("intrinsic-b")
    assert only == {"intrinsic-b/id": b"i", "intrinsic-b/right": True}


@of_its_own
def test_every_column_has_its_meaning(dataset):
    sets = mlcroissant.Dataset(str(dataset)).metadata.record_sets
    described = {field.name: field.description for each in sets for field in each.fields}
    assert described["rate"] == "What rate means."


@of_its_own
def test_a_table_that_was_edited_is_refused(dataset):
    with (dataset.parent / "intrinsic/a.csv").open("a") as stream:
        stream.write("z,3,1\n")
    with pytest.raises(mlcroissant.GenerationError, match=r"Download\(intrinsic/a.csv\)"):
        list(mlcroissant.Dataset(str(dataset)).records("intrinsic-a"))


# The software


def test_works_are_cited_in_a_line(software):
    assert people(software.paper)[0] == "Ryan Steed"
    paper = reference(software.paper)
    assert "2022. Upstream Mitigation Is Not All You Need" in paper
    assert paper.endswith("ACL 2022. doi:10.18653/v1/2022.acl-long.247")
    assert reference(software.citation).endswith(f"version {software.citation['version']}.")


def git(folder, *words):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


def test_the_commit_is_the_last_that_changed_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "a").write_text("1")
    assert last_commit(inner) is None
    git(tmp_path, "init", "-q")
    # Nothing was committed yet.
    assert last_commit(inner) is None
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    first = last_commit(inner)
    assert len(first.digest) == 40
    assert not first.edited
    (tmp_path / "b").write_text("2")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "elsewhere")
    assert last_commit(inner) == first
    (inner / "a").write_text("3")
    assert last_commit(inner).edited


def test_where_there_is_no_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert last_commit(tmp_path) is None
