"""What a user brings is read and never run: pickles, code beside a model, code beside data."""

import json
import pickle
import re
import shlex
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from bias_transfer.data.sources import read_hub, read_rows
from bias_transfer.errors import StudyError
from bias_transfer.models.checkpoints import (
    load_classifier,
    load_masked_lm,
    load_tokenizer,
    new_classifier,
    save_checkpoint,
)
from bias_transfer.models.sentiment import save_hub_classifier
from bias_transfer.runtime.main import main
from tests.unit.calls import prepare_data
from tests.unit.conftest import Bomb
from tests.unit.definitions import BIOS


@pytest.fixture
def trap(tmp_path):
    """Return the folder that only code which should never run makes."""
    place = tmp_path / "it ran"
    # The trap works: opening the pickle springs it.
    pickle.loads(pickle.dumps(Bomb(place)))
    assert place.is_dir()
    place.rmdir()
    yield place
    assert not place.exists()


@pytest.fixture
def code(trap):
    """Return a module of Python that springs the trap when it is imported."""
    return f"import os\nos.mkdir({str(trap)!r})\n"


# The form that the scraper of Bias in Bios writes.
RECORD = {
    "raw": "Ann Lee is a nurse. She works in a clinic.",
    "bio": "_ works in a clinic.",
    "title": "nurse",
    "gender": "F",
    "start_pos": 20,
    "name": ("Ann", "", "Lee"),
}


@pytest.mark.parametrize("name", ["BIOS.pkl", "BIOS.PICKLE", "bios.csv", "bios.jsonl", "b.parquet"])
def test_a_pickle_in_place_of_a_table_is_refused_unopened(tmp_path, trap, name):
    path = tmp_path / name
    path.write_bytes(pickle.dumps([RECORD | {"more": Bomb(trap)}]))
    with pytest.raises(StudyError, match=re.escape(str(path))):
        read_rows(path, ["bio", "title", "gender"])


def test_the_refusal_of_a_pickle_tells_how_to_convert_it(tmp_path, capsys):
    records = [
        RECORD | {"title": title, "gender": gender, "bio": f"_ is {gender} {number}"}
        for title in ("nurse", "yoga_teacher")
        for gender in "FM"
        for number in range(2)
    ]
    (tmp_path / "rows.pkl").write_bytes(pickle.dumps(records))
    columns = {"text": "bio", "label": "title", "group": "gender", "groups": {}}

    def prepare(name):
        path = tmp_path / name
        return main(prepare_data("bios", BIOS, path, tmp_path / "made", **columns))

    assert prepare("rows.pkl") == 1
    message = capsys.readouterr().err
    assert "a pickle runs whatever it holds when it is opened, so none is read" in message
    command = shlex.split(message[message.index("python -c") :])
    subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, check=True)
    assert prepare("rows.jsonl") == 0
    made = pd.concat(pd.read_parquet(file) for file in (tmp_path / "made").glob("*.parquet"))
    assert sorted(made["text"]) == sorted(record["bio"] for record in records)
    assert set(made["label"]) < {each.name for each in BIOS.labels}
    assert set(made["group"]) == {"female", "male"}


PICKLED = ("pytorch_model.bin", "optimizer.pt", "rng_state.pth", "training_args.bin", "x.pkl")


def test_pickled_weights_are_refused_unopened(tiny_checkpoint, tmp_path, trap):
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "given")
    (folder / "model.safetensors").unlink()
    for name in PICKLED:
        (folder / name).write_bytes(pickle.dumps(Bomb(trap)))
    with pytest.raises(StudyError, match="the weights are pickled"):
        load_masked_lm(str(folder))
    with pytest.raises(StudyError, match="the weights are pickled"):
        save_hub_classifier(str(folder), "LABEL_0", 8, tmp_path / "made")


def converted(refused, folder, monkeypatch):
    """Run the command that a refusal of the folder OLD ends with, and return the folder NEW."""
    with pytest.raises(StudyError) as caught:
        refused(str(folder / "OLD"))
    message = str(caught.value)
    _, flag, program, old, new = shlex.split(message[message.index("python -c") :])
    assert flag == "-c"
    # In this process: another would import torch again.
    monkeypatch.setattr(sys, "argv", ["-c", str(folder / old), str(folder / new)])
    exec(program, {})
    return str(folder / new)


def pickled(folder):
    """Leave of a checkpoint's safetensors a pickle."""
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def test_the_refusal_of_pickled_weights_tells_how_to_convert_them(
    tiny_checkpoint, tmp_path, monkeypatch
):
    pickled(shutil.copytree(tiny_checkpoint, tmp_path / "OLD"))
    made = converted(load_masked_lm, tmp_path, monkeypatch)
    found = load_masked_lm(made).state_dict()
    for name, weight in load_masked_lm(str(tiny_checkpoint)).state_dict().items():
        assert torch.equal(found[name], weight)
    load_tokenizer(made)


def test_a_pickled_classifier_is_converted_with_its_head(
    tiny_checkpoint, tiny_tokenizer, tmp_path, monkeypatch
):
    model = new_classifier(tiny_checkpoint, ("negative", "positive"))
    save_checkpoint(model, tiny_tokenizer, tmp_path / "OLD")
    pickled(tmp_path / "OLD")

    def copied(name):
        save_hub_classifier(name, "negative", 8, tmp_path / "copied")

    copied(converted(copied, tmp_path, monkeypatch))
    found = load_classifier(tmp_path / "copied").state_dict()
    for name, weight in model.state_dict().items():
        assert torch.equal(found[name], weight)


def test_pickles_beside_the_weights_are_not_opened(tiny_checkpoint, tmp_path, trap):
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "given")
    for name in PICKLED:
        (folder / name).write_bytes(pickle.dumps(Bomb(trap)))
    load_masked_lm(str(folder))
    load_tokenizer(str(folder))


def with_code(folder, code, model_type):
    """Put code beside a checkpoint, and point to it as the hub's repositories do."""
    (folder / "modeling_more.py").write_text(code)
    automatic = {
        "AutoConfig": "modeling_more.Config",
        "AutoModelForMaskedLM": "modeling_more.Model",
        "AutoModelForSequenceClassification": "modeling_more.Model",
        "AutoTokenizer": ["modeling_more.Tokenizer", "modeling_more.Tokenizer"],
    }
    changes = {"auto_map": automatic, "model_type": model_type}
    for name, more in (("config.json", changes), ("tokenizer_config.json", changes)):
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | more))
    return folder


def test_code_beside_a_roberta_is_not_run(tiny_checkpoint, tmp_path, code):
    folder = with_code(shutil.copytree(tiny_checkpoint, tmp_path / "given"), code, "roberta")
    load_masked_lm(str(folder))
    load_tokenizer(str(folder))


def test_a_checkpoint_that_needs_its_own_code_is_refused(tiny_checkpoint, tmp_path, code):
    folder = with_code(shutil.copytree(tiny_checkpoint, tmp_path / "given"), code, "more")
    with pytest.raises(StudyError):
        load_masked_lm(str(folder))
    with pytest.raises(StudyError):
        save_hub_classifier(str(folder), "LABEL_0", 8, tmp_path / "made")


def test_a_loading_script_is_refused_unread(tmp_path, code):
    folder = tmp_path / "bios"
    folder.mkdir()
    (folder / "bios.py").write_text(code)
    pd.DataFrame({"text": ["a", "b"]}).to_parquet(folder / "train.parquet")
    with pytest.raises(StudyError, match="scripts are no longer supported"):
        read_hub(str(folder), "", ["train"], ["text"])


def test_code_and_pickles_beside_data_are_left_alone(tmp_path, trap, code):
    folder = tmp_path / "bios"
    folder.mkdir()
    (folder / "setup.py").write_text(code)
    (folder / "train.pkl").write_bytes(pickle.dumps(Bomb(trap)))
    (folder / "README.md").write_text("---\nbuilder_name: pandas\n---\n")
    pd.DataFrame({"text": ["a", "b"]}).to_parquet(folder / "train.parquet")
    assert read_hub(str(folder), "", ["train"], ["text"])["text"].tolist() == ["a", "b"]


def test_a_data_set_of_pickles_is_refused_unopened(tmp_path, trap):
    folder = tmp_path / "bios"
    folder.mkdir()
    (folder / "train.pkl").write_bytes(pickle.dumps(Bomb(trap)))
    described = "---\nconfigs:\n- config_name: default\n  data_files: train.pkl\n---\n"
    (folder / "README.md").write_text(described)
    with pytest.raises(StudyError, match="cannot be loaded"):
        read_hub(str(folder), "", ["train"], ["text"])
