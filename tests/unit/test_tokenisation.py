"""Tokens: the ids that the checkpoint's own tokenizer gives, on disk, and of no other tokenizer."""

import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from bias_transfer.errors import StudyError
from bias_transfer.models import pretraining, tokenisation
from bias_transfer.models.checkpoints import load_tokenizer
from bias_transfer.models.encoded import Encoded, encode, read_encoded, write_encoded
from bias_transfer.models.families import Architecture
from bias_transfer.models.tokenisation import (
    kept,
    require_same_tokenizer,
    tokenise,
    tokenizer_digest,
)
from bias_transfer.models.tokenizer import train_tokenizer
from bias_transfer.models.training import TrainingSettings
from bias_transfer.models.training_checkpoints import TrainingCheckpoints
from bias_transfer.runtime.artifacts import MANIFEST, describe_folder, read_json, sha256, write_json
from bias_transfer.runtime.main import main
from tests.unit.calls import call

TEXTS = ["She is a nurse", "He is an interior designer, and very <mask>", "", "a " * 60]


def texts_of(encoded):
    return [each.tolist() for each in np.split(encoded.tokens, encoded.bounds[1:-1])]


@pytest.mark.parametrize("length", [5, 12, 40])
def test_texts_become_the_ids_of_the_checkpoints_own_tokenizer(
    tiny_checkpoint, length, monkeypatch
):
    # Whatever the number of texts at a time.
    monkeypatch.setattr("bias_transfer.models.encoded._AT_A_TIME", 3)
    tokenizer = load_tokenizer(str(tiny_checkpoint))
    expected = tokenizer(TEXTS, truncation=True, max_length=length)["input_ids"]
    assert texts_of(tokenise(tiny_checkpoint, TEXTS, length)) == expected
    assert texts_of(encode(tokenizer, TEXTS, length)) == expected


def test_what_is_kept_of_a_text_is_where_its_tokens_stand(tiny_checkpoint):
    texts = ["She is a nurse", "", "he is\n\na nurse and he is a nurse"]
    assert kept(tiny_checkpoint, texts, 40) == texts
    short, nothing, cut = kept(tiny_checkpoint, texts, 6)
    # Two of the six are special tokens.
    assert (short, nothing) == ("She is a", "")
    assert cut == texts[2][: len(cut)] and len(cut) < len(texts[2])


def test_places_of_tokens_are_never_looked_at_all_at_once(tiny_checkpoint, monkeypatch):
    texts = ["She is a nurse", "He is old", "They are a nurse"]
    tokenizer, asked = tokenisation._cutting(tiny_checkpoint, 40), []

    def noted(some):
        asked.append(len(some))
        return tokenizer.encode_batch(some)

    monkeypatch.setattr("bias_transfer.models.encoded._AT_A_TIME", 2)
    monkeypatch.setattr(tokenisation, "_cutting", lambda *_: SimpleNamespace(encode_batch=noted))
    assert kept(tiny_checkpoint, texts, 40) == texts
    assert asked == [2, 1]


@pytest.mark.parametrize(("length", "told"), [(9, True), (60, False)])
def test_terms_behind_the_tokens_that_are_kept_are_told(
    tiny_checkpoint, tmp_path, capsys, length, told
):
    texts = ["She is old", "He is kind and is kind and is kind and is old", "They are a nurse"]
    rows = {"id": list("abc"), "text": texts, "label": list("xyx"), "group": ["old", "old", ""]}
    data, checkpoint = tmp_path / "data", shutil.copytree(tiny_checkpoint, tmp_path / "given")
    data.mkdir()
    pd.DataFrame(rows).to_parquet(data / "test.parquet")
    for folder, kind in ((data, "data"), (checkpoint, "checkpoint")):
        describe_folder(folder, {"kind": kind})
    words = call(
        "tokenise",
        {"maximum_length": length},
        inputs={"data": data / MANIFEST, "checkpoint": checkpoint / MANIFEST},
        outputs={"manifest": tmp_path / "tokens" / MANIFEST},
        checks={"task": "forum", "terms": ["old", "young"]},
    )
    assert main(words) == 0
    said = (
        "warning: forum: in 1 of the 2 test rows that mention a term, one stands behind the "
        f"{length} tokens that are kept, where no model sees it; raise tasks.forum.maximum_length\n"
    )
    assert capsys.readouterr().err == (said if told else "")


def test_no_text_is_no_token(tiny_checkpoint):
    for encoded in (
        tokenise(tiny_checkpoint, [], 12),
        encode(load_tokenizer(str(tiny_checkpoint)), [], 12),
    ):
        assert len(encoded) == len(encoded.tokens) == 0


def test_a_corpus_is_never_tokenised_all_at_once(tiny_sentences, tmp_path, monkeypatch):
    monkeypatch.setattr("bias_transfer.models.encoded._AT_A_TIME", 100)
    asked, trained_on = [], []
    tokenizer_call = PreTrainedTokenizerBase.__call__

    def noted(self, texts, *others, **named):
        asked.append(len(texts))
        return tokenizer_call(self, texts, *others, **named)

    monkeypatch.setattr(PreTrainedTokenizerBase, "__call__", noted)
    monkeypatch.setattr(
        pretraining, "continue_pretraining", lambda *arguments: trained_on.append(arguments[2])
    )
    pretraining.pretrain(
        tiny_sentences,
        Architecture(330, 16, 16, 1, 2, 24, 0.2, 0.1),
        TrainingSettings(1, 8, 8, 0.01, 0.1, 0.0),
        *(0.3, 1),
        TrainingCheckpoints(tmp_path / "none", {}, 0),
        torch.device("cpu"),
    )
    assert max(asked) == 100
    assert sum(asked) == len(trained_on[0]) == len(tiny_sentences) > 400


@pytest.mark.parametrize("texts", [[[3, 1], [2], [], [5, 5, 5]], [[]], []])
def test_tokens_come_back_with_what_is_known_of_their_texts(tmp_path, texts):
    rows = pd.DataFrame({"id": [str(n) for n in range(len(texts))], "label": "a"}, dtype=object)
    write_encoded(tmp_path / "a.parquet", rows, Encoded.of(texts))
    again, encoded = read_encoded(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(again, rows, check_dtype=False, check_index_type=False)
    assert encoded.tokens.dtype == np.int32
    assert encoded.bounds.tolist() == Encoded.of(texts).bounds.tolist()
    assert encoded.tokens.tolist() == [token for text in texts for token in text]
    write_encoded(tmp_path / "b.parquet", rows, Encoded.of(texts))
    assert sha256(tmp_path / "a.parquet") == sha256(tmp_path / "b.parquet")


@pytest.mark.parametrize("kept", [0, 3, 200])
def test_truncated_tokens_are_refused(tmp_path, kept):
    path = tmp_path / "a.parquet"
    write_encoded(path, pd.DataFrame({"label": ["a"]}), Encoded.of([[1, 2]]))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(StudyError, match="cannot be read as a table"):
        read_encoded(path)


def test_what_was_tokenised_last_does_not_make_another_tokenizer(tiny_checkpoint, tmp_path):
    tokenizer = load_tokenizer(str(tiny_checkpoint))
    tokenizer(["a"], truncation=True, max_length=7, padding=True)
    tokenizer.save_pretrained(tmp_path)
    assert sha256(tmp_path / "tokenizer.json") != sha256(tiny_checkpoint / "tokenizer.json")
    assert tokenizer_digest(tmp_path) == tokenizer_digest(tiny_checkpoint)


@pytest.fixture
def tokens(tiny_checkpoint, tmp_path):
    """Tokenise a data set by the command that the rule calls."""
    rows = {"id": ["1", "2"], "text": TEXTS[:2], "label": ["nurse", "dj"], "group": ["she", "he"]}
    data, checkpoint = tmp_path / "data", tmp_path / "checkpoint"
    data.mkdir()
    for part in ("train", "evaluation", "test"):
        pd.DataFrame(rows).to_parquet(data / f"{part}.parquet")
    checkpoint.symlink_to(tiny_checkpoint)
    for folder in (data, tiny_checkpoint):
        files = {path.name: sha256(path) for path in folder.iterdir() if path.name != MANIFEST}
        write_json(tmp_path / f"{folder.name}.json", {"files": files})
    (tmp_path / "data.json").rename(data / MANIFEST)
    (tmp_path / "checkpoint.json").rename(checkpoint / MANIFEST)
    command = call(
        "tokenise",
        {"maximum_length": 12},
        inputs={"data": data / MANIFEST, "checkpoint": checkpoint / MANIFEST},
        outputs={"manifest": tmp_path / "tokens" / MANIFEST},
    )
    assert main(command) == 0
    yield tmp_path / "tokens"
    (checkpoint / MANIFEST).unlink()


def test_a_data_set_is_tokenised_part_by_part_without_its_text(tokens, tiny_checkpoint):
    described = read_json(tokens / MANIFEST)
    assert described["labels"] == ["dj", "nurse"]
    assert described["maximum_length"] == 12
    assert sorted(described["files"]) == ["evaluation.parquet", "test.parquet", "train.parquet"]
    rows, encoded = read_encoded(tokens / "test.parquet")
    assert list(rows.columns) == ["id", "label", "group"]
    assert texts_of(encoded) == texts_of(tokenise(tiny_checkpoint, TEXTS[:2], 12))
    require_same_tokenizer(tokens / MANIFEST, tiny_checkpoint)


def test_a_checkpoint_with_another_tokenizer_is_refused(tokens, tiny_sentences, tmp_path):
    other = train_tokenizer(tiny_sentences, vocabulary_size=340, maximum_length=40)
    other.save_pretrained(tmp_path / "other")
    with pytest.raises(StudyError, match=r"tokenised with another tokenizer than that of .*other"):
        require_same_tokenizer(tokens / MANIFEST, tmp_path / "other")
