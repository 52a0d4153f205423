"""What a finished study hands to other tools: models with cards, a release for machines."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch
from huggingface_hub import ModelCard
from transformers import AutoModelForSequenceClassification, pipeline

from bias_transfer.runtime.artifacts import read_json, sha256
from tests.workflow.conftest import Study

CHECKPOINTS = ("pretrained", "random-t1", "sentdebias-g1")
WIKI = {f"wiki/pretrained/original/{adaptation}/seed1" for adaptation in ("full", "lora", "head")}
CLASSIFIERS = {
    *(f"bios/{upstream}/original/full/seed1" for upstream in CHECKPOINTS),
    "bios/pretrained/balance-a1-b0/full/seed1",
    "wiki/pretrained/scrub-toxic-1/full/seed1",
    *WIKI,
}


def checkpoint(study: Study, name: str) -> Path:
    return study.folder / "results/checkpoints" / name


def classifier(study: Study, name: str) -> Path:
    return study.folder / "results/finetune" / name


def copy_of(study: Study, folder: Path) -> Study:
    return Study(shutil.copytree(study.folder, folder / "study"), study.root)


def metrics(card: ModelCard) -> dict[str, float]:
    return {each.metric_type: each.metric_value for each in card.data.eval_results or ()}


# Model cards


def test_every_checkpoint_that_is_kept_has_a_card(study: Study) -> None:
    results = study.folder / "results"
    found = {
        path.parent.relative_to(results).as_posix()
        for stage in ("checkpoints", "finetune")
        for path in (results / stage).rglob("README.md")
    }
    expected = {f"checkpoints/{name}" for name in CHECKPOINTS}
    assert found == expected | {f"finetune/{name}" for name in CLASSIFIERS}


def test_the_card_of_a_checkpoint_has_its_scores_before_fine_tuning(study: Study) -> None:
    card = ModelCard.load(checkpoint(study, "sentdebias-g1") / "README.md")
    scores = pd.read_csv(study.folder / "results/intrinsic/bios.csv").query(
        "upstream == 'sentdebias-g1'"
    )
    assert metrics(card)["pronoun_ranking"] == pytest.approx(scores["pronoun_ranking"].mean(), 1e-4)
    assert "Sent-Debias (γ = 1)" in card.text
    # WIKI fine-tunes nothing from it.
    assert {each.dataset_type for each in card.data.eval_results or ()} == {"bios"}


def test_the_card_of_a_classifier_has_its_performance_and_rates(study: Study) -> None:
    name = "wiki/pretrained/original/lora/seed1"
    card = ModelCard.load(classifier(study, name) / "README.md")
    folder = study.folder / "results/extrinsic/wiki"
    model = name.partition("/")[2]
    quality = pd.read_csv(folder / "performance.csv").set_index("model").loc[model]
    rates = pd.read_csv(folder / "rates.csv").query("model == @model")
    assert metrics(card)["accuracy"] == pytest.approx(quality["accuracy"], 1e-4)
    assert metrics(card)["fpr"] == pytest.approx(rates["fpr"].mean(), 1e-4)
    assert "Low-rank adapters" in card.text
    assert "rank 8" in card.text


def test_an_altered_checkpoint_fills_masks(study: Study) -> None:
    folder = checkpoint(study, "sentdebias-g1")
    fill = pipeline("fill-mask", model=str(folder), device="cpu")
    found = fill(f"This is a {fill.tokenizer.mask_token}.")
    assert len(found) == 5
    assert all(0 < each["score"] < 1 for each in found)


@pytest.mark.parametrize("name", sorted(WIKI))
def test_a_classifier_loads_whole_however_it_was_trained(study: Study, name: str) -> None:
    folder = classifier(study, name)
    _, info = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    classify = pipeline("text-classification", model=str(folder), device="cpu")
    (found,) = classify(["a comment"], top_k=None)
    assert {each["label"] for each in found} == {"toxic", "non-toxic"}


def test_a_classifier_gives_the_study_s_own_predictions(study: Study) -> None:
    name = "bios/pretrained/original/full/seed1"
    classify = pipeline("text-classification", model=str(classifier(study, name)), device="cpu")
    texts = pd.read_parquet(study.folder / "results/data/bios/original/test.parquet").head(20)
    predicted = pd.read_parquet(study.folder / f"results/scores/{name}/predictions.parquet")
    with torch.inference_mode():
        found = classify(texts["text"].tolist(), truncation=True, max_length=24)
    assert [each["label"] for each in found] == predicted["prediction"].head(20).tolist()


def test_a_card_is_no_part_of_its_folder(study: Study, tmp_path: Path) -> None:
    copied = copy_of(study, tmp_path)
    folder = checkpoint(copied, "random-t1")
    assert "README.md" not in read_json(folder / "manifest.json")["files"]
    with (folder / "README.md").open("a") as stream:
        stream.write("A note of the user's.\n")
    assert copied.planned("results/intrinsic/bios.csv") == {}
    predictions = copied.folder / "results/scores/bios/random-t1/original/full/seed1"
    (predictions / "predictions.parquet").unlink()
    # What reads the folder finds it as it was made.
    result = copied.snakemake(
        str((predictions / "predictions.parquet").relative_to(copied.folder)), "--cores", "1"
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_checkpoint_that_was_deleted_stays_so_and_has_its_card_when_it_is_made_again(
    study: Study, tmp_path: Path
) -> None:
    copied = copy_of(study, tmp_path)
    folder = checkpoint(copied, "random-t1")
    before = (folder / "README.md").read_bytes()
    shutil.rmtree(folder)
    shutil.rmtree(classifier(copied, "bios/random-t1"))
    assert copied.planned() == {}
    manifest = "results/checkpoints/random-t1/manifest.json"
    result = copied.snakemake(manifest, "--cores", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert copied.planned() == {"describe_checkpoint": 1}
    result = copied.snakemake("--cores", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (folder / "README.md").read_bytes() == before


# The release


@pytest.fixture(scope="module")
def release(study: Study) -> Path:
    return study.folder / "results/release"


def test_a_release_that_is_made_again_is_the_same_bytes(study: Study, tmp_path: Path) -> None:
    copied = copy_of(study, tmp_path)
    shutil.rmtree(copied.folder / "results/release")
    result = copied.snakemake("results/release/manifest.json", "--cores", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    before, after = (
        {
            path.relative_to(each.folder).as_posix(): path.read_bytes()
            for path in (each.folder / "results/release").rglob("*")
            if path.is_file()
        }
        for each in (study, copied)
    )
    assert set(after) == set(before)
    assert [name for name in after if after[name] != before[name]] == []


def files_of(crate: dict[str, object]) -> Iterator[dict[str, str]]:
    graph = crate["@graph"]
    assert isinstance(graph, list)
    for each in graph:
        if "File" in each["@type"]:
            yield each


def test_the_crate_lists_every_file_of_the_release_with_its_digest(release: Path) -> None:
    crate = json.loads((release / "ro-crate-metadata.json").read_text())
    listed = {each["@id"]: each for each in files_of(crate)}
    there = {p.relative_to(release).as_posix() for p in release.rglob("*") if p.is_file()}
    assert set(listed) == there - {"ro-crate-metadata.json"}
    for name in there - {"ro-crate-metadata.json", "manifest.json"}:
        assert listed[name]["sha256"] == sha256(release / name)
    assert {path.name for path in (release / "workflow").iterdir()} == {"Snakefile", "rules"}
    assert (release / "workflow/rules/release.smk").is_file()


# What mlcroissant 1.1 asks of rdflib 7.6 and pandas 3.1 will have another name.
of_its_own = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph is deprecated:DeprecationWarning",
    "ignore:The inplace keyword:DeprecationWarning",
)


@of_its_own
def test_croissant_loads_every_table_of_the_release(release: Path) -> None:
    # A second of imports, for these tests only.
    from mlcroissant import Dataset

    dataset = Dataset(str(release / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())
    tables = {p.relative_to(release).as_posix() for p in release.rglob("*.csv")}
    tables |= {p.relative_to(release).as_posix() for p in release.rglob("*.parquet")}
    assert {each.id for each in dataset.metadata.distribution} == tables
    for each in dataset.metadata.record_sets:
        records = list(dataset.records(each.id))
        path = release / each.fields[0].source.file_object
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
        assert len(records) == len(table), each.id
        assert set(records[0]) == {f"{each.id}/{column}" for column in table}


@of_its_own
def test_the_data_dictionary_tells_what_every_column_of_the_release_means(release: Path) -> None:
    from mlcroissant import Dataset

    dataset = Dataset(str(release / "croissant.json"))
    untold = {
        field.id
        for each in dataset.metadata.record_sets
        for field in each.fields
        if "README.md tells" in field.description
    }
    assert sorted(untold) == []
