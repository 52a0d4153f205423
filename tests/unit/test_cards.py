"""Model cards: what they say, and that the hub's own parser reads it back."""

import math

import pandas as pd
import pytest
from huggingface_hub import ModelCard

from bias_transfer.models.hidden_debias import FILE
from bias_transfer.report.cards import (
    PROJECTION,
    Facts,
    checkpoint_card,
    classifier_card,
    summarise,
)
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
