"""Model cards: what they say, and that the hub's own parser reads it back."""

import json
import math

import pandas as pd
import pytest
from huggingface_hub import ModelCard

from bias_transfer.alterations import ORIGINAL
from bias_transfer.commands.cards import describe_checkpoint, describe_classifier
from bias_transfer.errors import StudyError
from bias_transfer.models.hidden_debias import FILE
from bias_transfer.report.cards import (
    PROJECTION,
    Facts,
    checkpoint_card,
    classifier_card,
    summarise,
)
from bias_transfer.runtime.artifacts import describe_folder, verified_folder
from bias_transfer.runtime.job import Job
from bias_transfer.study.description import checkpoint_in_words, dataset_in_words
from bias_transfer.study.grid import models
from bias_transfer.study.parsing import parse
from bias_transfer.upstream import PRETRAINED
from tests.unit import paper_grid

TITLES = {"dj": "DJ", "nurse": "nurse", "poet": "poet"}
BIOS = paper_grid.BIOS.model_copy(update={"item_titles": TITLES})
NOTE = "Generated text: a note | with a bar."
FACTS = Facts(
    name="gaussian-s0.1-t1",
    hub="someone/some-model",
    made=[("Base model", "someone/some-model"), ("Checkpoint altered by", "Gaussian | noise")],
    tags=["gaussian", "generated-text"],
    note=NOTE,
)
LOCAL = Facts(name="random-t1", hub="", made=[], tags=[], note=NOTE)
PERFORMANCE = {"test_rows": 1200.0, "accuracy": 0.8, "majority_accuracy": 0.5, "macro_f1": 0.75}
NAN = float("nan")


def scores(**columns):
    """Return one row an occupation × template."""
    return pd.DataFrame({"occupation": ["dj", "dj", "nurse", "nurse"], **columns})


def rates(**columns):
    return pd.DataFrame({"occupation": ["dj", "nurse", "poet"], **columns})


def read(text, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(text)
    return ModelCard.load(path)


def metrics(card):
    return {each.metric_type: each.metric_value for each in card.data.eval_results or ()}


def test_a_score_is_summarised_over_items_each_a_mean_over_templates():
    (found,) = summarise(scores(pronoun_ranking=[1.0, 3.0, -2.0, 0.0]), BIOS, BIOS.measures)
    assert (found.mean, found.deviation) == pytest.approx((0.5, math.sqrt(4.5)))
    assert (found.lowest, found.highest) == ("nurse −1.000", "DJ 2.000")
    assert (found.items, found.undefined) == (2, 0)


def test_undefined_items_are_counted_and_left_out():
    (found,) = summarise(scores(pronoun_ranking=[1.0, 3.0, NAN, NAN]), BIOS, BIOS.measures)
    assert (found.mean, found.items, found.undefined) == (2.0, 1, 1)
    assert math.isnan(found.deviation)
    (found,) = summarise(scores(pronoun_ranking=[NAN] * 4), BIOS, BIOS.measures)
    assert (found.lowest, found.highest, found.items, found.undefined) == ("", "", 0, 2)


def test_an_end_says_how_many_share_it_and_how_many_test_rows_one_rests_on():
    few = rates(log_tpr_ratio=[1.0, -2.0, 1.0], smaller_group_rows=[40, 1, 3])
    rated = BIOS.outcome.model_copy(update={"test_rows": "smaller_group_rows"})
    (found,) = summarise(few, BIOS, [rated])
    assert (found.lowest, found.highest) == ("nurse −2.000 (1 test row)", "DJ 1.000 and 1 more")


def test_a_column_that_the_table_lacks_is_no_score():
    assert summarise(scores(), BIOS, BIOS.measures) == []


def test_the_hubs_parser_reads_the_metadata_of_a_checkpoint(tmp_path):
    (summary,) = summarise(scores(pronoun_ranking=[1.0, 3.0, -2.0, 0.0]), BIOS, BIOS.measures)
    card = read(checkpoint_card(FACTS, [(BIOS, summary)]), tmp_path)
    assert card.data.model_name == "gaussian-s0.1-t1"
    assert card.data.base_model == "someone/some-model"
    assert (card.data.library_name, card.data.pipeline_tag) == ("transformers", "fill-mask")
    assert {"bias", "gaussian", "generated-text"} <= set(card.data.tags)
    assert metrics(card) == {"pronoun_ranking": 0.5, "pronoun_ranking_sd": 2.12132}
    assert {each.dataset_name for each in card.data.eval_results} == {"BIOS templates"}
    # The terms are those of whoever made the base model.
    assert card.data.license is None


def test_the_hubs_parser_reads_the_metadata_of_a_classifier(tmp_path):
    table = rates(log_tpr_ratio=[0.5, NAN, -1.5], tpr_gap=[0.1, 0.2, 0.3])
    card = read(classifier_card(FACTS, BIOS, PERFORMANCE, table, ""), tmp_path)
    assert card.data.pipeline_tag == "text-classification"
    found = metrics(card)
    assert (found["accuracy"], found["macro_f1"]) == (0.8, 0.75)
    assert (found["log_tpr_ratio"], found["tpr_gap"]) == (-0.5, 0.2)
    assert "majority_accuracy" not in found
    assert "On 1,200 test rows." in card.text
    assert "| nurse | – | 0.200 |" in card.text


def test_a_number_that_does_not_exist_is_not_told_as_one(tmp_path):
    (summary,) = summarise(scores(pronoun_ranking=[NAN] * 4), BIOS, BIOS.measures)
    card = read(checkpoint_card(FACTS, [(BIOS, summary)]), tmp_path)
    assert metrics(card) == {}
    assert "nan" not in card.content.lower().split()


def test_a_checkpoint_that_nothing_scored_says_so(tmp_path):
    card = read(checkpoint_card(LOCAL, []), tmp_path)
    assert "Not scored in this study." in card.text


def test_a_base_model_that_is_not_of_the_hub_is_no_metadata(tmp_path):
    assert read(checkpoint_card(LOCAL, []), tmp_path).data.base_model is None


def test_generated_text_is_told_above_everything_else(tmp_path):
    text = read(checkpoint_card(FACTS, []), tmp_path).text.strip()
    assert text.startswith(f"# gaussian-s0.1-t1\n\n> {NOTE}\n")


def test_a_bar_in_a_cell_starts_no_column():
    assert r"| Checkpoint altered by | Gaussian \| noise |" in checkpoint_card(FACTS, [])


def test_the_words_to_replace_are_told():
    said = "The texts that it learned from have `_` in place of these words."
    assert said in classifier_card(FACTS, BIOS, PERFORMANCE, rates(), said)


def test_a_projection_that_from_pretrained_leaves_out_is_told():
    projected = Facts(name="s", hub="", made=[], tags=[], note=NOTE, projected=True)
    assert PROJECTION == FILE
    assert PROJECTION not in checkpoint_card(LOCAL, [])
    assert "checkpoints.load_masked_lm`" in checkpoint_card(projected, [])
    card = classifier_card(projected, BIOS, PERFORMANCE, rates(), "")
    assert "checkpoints.load_classifier`" in card


# The commands


def job(folder, pretrained, files=(), **settings):
    """Return a job on a checkpoint's folder, the unmodified one beside it."""
    described = {
        "own": {"seed": 7, "files": dict.fromkeys(files, ""), "libraries": {"torch": "2"}},
        "pretrained": pretrained,
    }
    for name, manifest in described.items():
        (folder / name).mkdir()
        (folder / name / "manifest.json").write_text(json.dumps(manifest))
    scores(upstream="s-1", pronoun_ranking=[1.0, 3.0, -2.0, 0.0]).to_csv(
        folder / "intrinsic.csv", index=False
    )
    rates(model="m", log_tpr_ratio=[0.5, NAN, -1.5]).to_csv(folder / "rates.csv", index=False)
    pd.DataFrame([{"model": "m"} | PERFORMANCE, {"model": "n"}]).to_csv(
        folder / "performance.csv", index=False
    )
    common = {"base": "hub", "altered": "Sent-Debias (γ = 1)", "settings": {"level": "word"}}
    common |= {"note": NOTE, "tags": ["sentdebias"]}
    inputs = {"folder": "own/manifest.json", "pretrained": "pretrained/manifest.json"}
    inputs |= {"intrinsic_bios": "intrinsic.csv", "rates": "rates.csv"}
    inputs |= {"performance": "performance.csv"}
    return Job(
        settings=common | settings,
        inputs={name: [folder / path] for name, path in inputs.items()},
        outputs={"card": folder / "own/README.md"},
    )


def checkpoint_of(folder, pretrained, files=(), **settings):
    """Return the card that the command writes of an altered checkpoint."""
    told = {"upstream": "s-1", "corpus": "", "tasks": [BIOS.model_dump(mode="json")]}
    describe_checkpoint(job(folder, pretrained, files, **(told | settings)))
    return ModelCard.load(folder / "own/README.md")


def test_a_checkpoint_of_the_hub_is_named_with_its_commit(tmp_path):
    card = checkpoint_of(tmp_path, {"hub": "someone/some-model", "commit": "c0ffee"})
    assert card.data.base_model == "someone/some-model"
    assert "| Base model | someone/some-model, commit c0ffee |" in card.text
    assert metrics(card)["pronoun_ranking"] == 0.5


@pytest.mark.parametrize(
    ("base", "pretrained", "said"),
    [
        ("hub", {"hub": "/home/someone/model", "commit": ""}, "a checkpoint of the user's"),
        ("file", {}, "a checkpoint of the user's"),
        ("generated", {}, "none: pre-trained from nothing in the study"),
    ],
)
def test_a_path_of_the_users_stands_on_no_card(tmp_path, base, pretrained, said):
    card = checkpoint_of(tmp_path, pretrained, base=base)
    assert card.data.base_model is None
    assert f"| Base model | {said} |" in card.text
    assert "/home" not in card.content


def test_settings_are_told_in_words(tmp_path):
    nested = {"pairs": [["she", "he"], ["her", "his"]], "training": {"batch_size": 32}}
    card = checkpoint_of(tmp_path, {}, base="file", settings=nested)
    assert "| With | pairs she/he, her/his, training (batch size 32) |" in card.text


def test_a_folder_with_a_projection_is_known_by_its_manifest(tmp_path):
    card = checkpoint_of(tmp_path, {}, files=[PROJECTION], base="file")
    assert "load_masked_lm" in card.text


def test_a_classifier_has_its_own_scores_and_no_others(tmp_path):
    settings = {"model": "m", "dataset": "nothing", "adaptation": "Low-rank adapters"}
    settings |= {"training": {"rank": 8}, "seed": 1, "scrubbed": ["she"]}
    settings |= {"description": BIOS.model_dump(mode="json")}
    describe_classifier(job(tmp_path, {}, base="file", **settings))
    card = ModelCard.load(tmp_path / "own/README.md")
    assert metrics(card)["accuracy"] == 0.8
    assert metrics(card)["log_tpr_ratio"] == -0.5
    assert "| Fine-tuning | Low-rank adapters |" in card.text
    assert "give it such: `she`." in card.text


# What it is a card of


def test_interventions_are_told_in_words(config):
    study = parse(config)
    made = models(study)
    checkpoints = {each.upstream.id: checkpoint_in_words(each.upstream) for each in made}
    assert checkpoints[PRETRAINED.id] == "nothing"
    assert checkpoints["gaussian-s0.1-t1"] == "Gaussian noise (σ = 0.1), trial 1"
    assert checkpoints["random-t1"] == "Not pre-trained, trial 1"
    assert checkpoints["sentdebias-g-10"] == "Sent-Debias (γ = -10)"
    data = {
        each.dataset.id: dataset_in_words(each.dataset, study.definition(each.task))
        for each in made
    }
    assert data[ORIGINAL.id] == "nothing"
    assert data["balance-a0-b0.5"] == "Dataset re-balancing (α = 0, β = 0.5)"
    assert data["scrub-toxic-0.5"] == "Scrubbing toxic mentions (scrubbed fraction = 0.5)"


def test_a_folder_may_have_a_card_that_its_manifest_does_not_list(tmp_path):
    (tmp_path / "weights").write_text("1")
    describe_folder(tmp_path, {"kind": "checkpoint"})
    (tmp_path / "README.md").write_text("# Mine")
    assert verified_folder(tmp_path / "manifest.json") == tmp_path
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/README.md").write_text("# Another's")
    with pytest.raises(StudyError, match=r"inner/README.md: not listed in"):
        verified_folder(tmp_path / "manifest.json")
