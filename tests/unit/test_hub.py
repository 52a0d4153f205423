"""Models and data sets of the hub: one commit, whole and safe files, or one line on why not."""

import io
import os
import pickle
import subprocess
import sys
from pathlib import Path

import datasets
import huggingface_hub
import pandas as pd
import pytest
import torch

from bias_transfer.data.hub import explained, model_folder, resolve
from bias_transfer.data.sources import read_hub
from bias_transfer.errors import StudyError
from bias_transfer.models.checkpoints import load_masked_lm, load_tokenizer
from bias_transfer.models.folder import CLASSIFIER, MASKED_LM, conversion
from tests.unit.conftest import Bomb
from tests.unit.hub_server import Repository, commit, repository, serving

MODEL, ROWS = "ann/tiny", "ann/rows"


def parquet(**columns):
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


def files_of(folder: Path):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def models(tiny_checkpoint, new_masked_lm, tiny_tokenizer, tmp_path_factory):
    """Two commits of a model; the second has other weights, and files that nobody should take."""
    newer = tmp_path_factory.mktemp("newer")
    new_masked_lm(2).save_pretrained(newer)
    tiny_tokenizer.save_pretrained(newer)
    unwanted = {
        "README.md": b"# A model",
        "modeling_tiny.py": b"raise SystemExit('run')",
        "pytorch_model.bin": b"pickled",
        "model.fp16.safetensors": b"another precision",
        "onnx/model.safetensors": b"another runtime",
    }
    return repository(files_of(tiny_checkpoint), files_of(newer) | unwanted)


@pytest.fixture(scope="module")
def rows():
    """Two commits of a data set of two splits; only the first split differs."""

    def files(*texts):
        train = parquet(text=list(texts), label=list(range(len(texts))))
        return {
            "README.md": b"---\nlicense: mit\n---\n# Rows",
            "data/train-00000-of-00001.parquet": train,
            "data/test-00000-of-00001.parquet": parquet(text=["last"], label=[9]),
            "rows.csv.py": b"raise SystemExit('run')",
        }

    return repository(files("old"), files("new", "newer"))


@pytest.fixture
def use(monkeypatch, tmp_path):
    """Return a function that points the hub's clients to an address, with an empty cache."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache / "hub"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(cache / "datasets"))
    # They wait between attempts.
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def to(address: str, offline: bool = False) -> Path:
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", offline)
        monkeypatch.setattr(datasets.config, "HF_ENDPOINT", address)
        monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", offline)
        return cache

    return to


@pytest.fixture
def hub(models, rows, use):
    repositories = {
        ("models", MODEL): Repository(models.commits, dict(models.references)),
        ("datasets", ROWS): Repository(rows.commits, dict(rows.references)),
        ("models", "ann/gated"): Repository(models.commits, models.references, gated=True),
        ("datasets", "ann/gated"): Repository(rows.commits, rows.references, gated=True),
    }
    with serving(repositories) as running:
        use(running.address)
        yield running


def refused(call, *arguments):
    with pytest.raises(StudyError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def weights(folder):
    return load_masked_lm(folder).get_input_embeddings().weight


# ---- which commit --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "kind"), [(MODEL, "model"), (ROWS, "dataset")])
def test_a_revision_is_resolved_to_its_commit(hub, name, kind):
    hub.repositories[f"{kind}s", name].references["v1"] = commit(0)
    assert resolve(name, kind) == commit(1)
    assert resolve(name, kind, "main") == commit(1)
    assert resolve(name, kind, "v1") == commit(0)
    assert resolve(name, kind, commit(0)[:7]) == commit(0)
    assert resolve(name, kind, commit(0)) == commit(0)


def test_a_local_folder_has_no_commit(hub, tmp_path):
    assert resolve(str(tmp_path), "model") == ""
    assert model_folder(str(tmp_path), "", MASKED_LM) == str(tmp_path)
    assert hub.requests == []


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_an_unknown_repository_is_refused(hub, kind):
    assert "ann/none: the hub has none of this id" in refused(resolve, "ann/none", kind)


@pytest.mark.parametrize(("name", "kind"), [(MODEL, "model"), (ROWS, "dataset")])
def test_an_unknown_revision_is_refused(hub, name, kind):
    message = refused(resolve, name, kind, "v9")
    assert f"{name}: it has no revision 'v9'; give a commit, a branch or a tag" in message


def test_a_commit_that_does_not_exist_is_refused_when_it_is_fetched(hub):
    # Forty digits are taken for what they are without asking.
    nothing = "f" * 40
    assert resolve(MODEL, "model", nothing) == nothing
    assert "it has no revision" in refused(model_folder, MODEL, nothing, MASKED_LM)
    assert "it has no revision" in refused(read_hub, ROWS, nothing, ["train"], ["text"])


# ---- models --------------------------------------------------------------------------------------


def test_a_model_of_the_hub_loads_like_a_folder(hub, tiny_tokenizer, new_masked_lm):
    folder = model_folder(MODEL, resolve(MODEL, "model"), MASKED_LM)
    assert load_tokenizer(folder).get_vocab() == tiny_tokenizer.get_vocab()
    assert torch.equal(weights(folder), new_masked_lm(2).get_input_embeddings().weight)


def test_a_pinned_commit_is_the_one_that_is_loaded(hub, new_masked_lm):
    folder = model_folder(MODEL, resolve(MODEL, "model", commit(0)), MASKED_LM)
    assert torch.equal(weights(folder), new_masked_lm(1).get_input_embeddings().weight)


def test_what_is_resolved_is_loaded_though_the_branch_moves_on(hub, new_masked_lm):
    resolved = resolve(MODEL, "model")
    hub.repositories["models", MODEL].references["main"] = commit(0)
    folder = model_folder(MODEL, resolved, MASKED_LM)
    assert torch.equal(weights(folder), new_masked_lm(2).get_input_embeddings().weight)


def test_nothing_pickled_no_code_and_no_other_weights_are_fetched(hub):
    folder = model_folder(MODEL, resolve(MODEL, "model"), MASKED_LM)
    for name in (".py", ".bin", "fp16", "onnx", "README"):
        assert not hub.asked_for(name)
    assert all(file.suffix in {".json", ".txt", ".safetensors"} for file in Path(folder).iterdir())


@pytest.mark.parametrize("auto_class", [MASKED_LM, CLASSIFIER])
def test_a_repository_of_pickled_weights_is_refused_and_nobody_converts_it(
    hub, models, tmp_path, auto_class
):
    files = dict(models.commits[commit(0)])
    del files["model.safetensors"]
    files["pytorch_model.bin"] = pickle.dumps(Bomb(tmp_path / "exploded"))
    hub.repositories["models", "ann/old"] = repository(files)
    message = refused(model_folder, "ann/old", resolve("ann/old", "model"), auto_class)
    assert f"ann/old: no safetensors at commit {commit(0)}" in message
    assert "refs/pr/NUMBER" in message
    assert message.endswith(f"with ann/old for OLD: {conversion(auto_class)}")
    assert not (tmp_path / "exploded").exists()
    assert not any(request.startswith("POST") for request in hub.requests)
    assert not hub.asked_for("discussions")


def test_a_pull_request_that_adds_safetensors_can_be_named(hub, models):
    files = dict(models.commits[commit(0)])
    del files["model.safetensors"]
    converted = Repository(
        {commit(7): files, commit(8): models.commits[commit(0)]},
        {"main": commit(7), "refs/pr/1": commit(8)},
    )
    hub.repositories["models", "ann/old"] = converted
    resolved = resolve("ann/old", "model", "refs/pr/1")
    assert resolved == commit(8)
    load_masked_lm(model_folder("ann/old", resolved, MASKED_LM))


@pytest.mark.parametrize(
    ("absent", "load", "said"),
    [
        ("config.json", load_masked_lm, "no config.json in the folder"),
        ("tokenizer.json", load_tokenizer, "no tokenizer in the folder"),
    ],
)
def test_a_missing_file_is_told_as_that_of_a_folder(hub, models, absent, load, said):
    files = {name: content for name, content in models.commits[commit(0)].items() if name != absent}
    hub.repositories["models", "ann/partial"] = repository(files)
    folder = model_folder("ann/partial", resolve("ann/partial", "model"), MASKED_LM)
    message = refused(load, folder)
    assert said in message
    assert "ann--partial" in message


def test_a_gated_model_says_whose_terms(hub):
    message = refused(model_folder, "ann/gated", resolve("ann/gated", "model"), MASKED_LM)
    assert message == (
        "model ann/gated: the hub wants its terms accepted; do so on its page, then use `hf auth "
        "login`"
    )


def test_a_connection_that_drops_is_taken_up_where_it_ended(hub, new_masked_lm):
    hub.drops = {"model.safetensors": 2}
    folder = model_folder(MODEL, resolve(MODEL, "model"), MASKED_LM)
    assert hub.drops["model.safetensors"] == 0
    assert torch.equal(weights(folder), new_masked_lm(2).get_input_embeddings().weight)


def test_half_a_file_is_never_trusted(hub, new_masked_lm, tmp_path):
    resolved = resolve(MODEL, "model")
    hub.broken = {"model.safetensors"}
    message = refused(model_folder, MODEL, resolved, MASKED_LM)
    assert "model ann/tiny: cannot be loaded" in message
    assert "check the network and run again" in message
    assert not list((tmp_path / "cache").rglob("*.incomplete"))
    assert not list((tmp_path / "cache").rglob("model.safetensors"))
    hub.broken = set()
    folder = model_folder(MODEL, resolved, MASKED_LM)
    assert torch.equal(weights(folder), new_masked_lm(2).get_input_embeddings().weight)


# ---- data sets -----------------------------------------------------------------------------------


def test_a_data_set_in_parquet_is_read_its_splits_in_order(hub):
    table = read_hub(ROWS, resolve(ROWS, "dataset"), ["test", "train"], ["label", "text"])
    assert table.to_dict("list") == {"label": [9, 0, 1], "text": ["last", "new", "newer"]}
    assert not hub.asked_for("datasets-server")


def test_a_pinned_data_set_is_the_one_that_is_read(hub):
    for number, texts in enumerate([["old"], ["new", "newer"], ["old"]]):
        pinned = resolve(ROWS, "dataset", commit(number % 2))
        assert read_hub(ROWS, pinned, ["train"], ["text"])["text"].tolist() == texts


def test_configurations_of_a_data_set_are_told_apart(hub):
    card = b"""---
configs:
- config_name: short
  data_files: [{split: train, path: short.parquet}]
- config_name: long
  data_files: [{split: train, path: long.parquet}]
---
"""
    files = {"README.md": card, "short.parquet": parquet(text=["a"]), "long.parquet": b""}
    files["long.parquet"] = parquet(text=["aaa"])
    hub.repositories["datasets", "ann/two"] = repository(files)
    resolved = resolve("ann/two", "dataset")
    assert read_hub("ann/two", resolved, ["train"], ["text"], "long")["text"].tolist() == ["aaa"]
    assert "'short', 'long'" in refused(read_hub, "ann/two", resolved, ["train"], ["text"])
    assert "check the split, the configuration" in refused(
        read_hub, "ann/two", resolved, ["train"], ["text"], "medium"
    )


@pytest.mark.parametrize(
    ("splits", "columns", "said"),
    [
        (["dev"], ["text"], 'cannot be loaded (Unknown split "dev"'),
        (["train"], ["txt"], "no column 'txt'; it has text, label"),
    ],
)
def test_what_a_data_set_lacks_is_named(hub, splits, columns, said):
    message = refused(read_hub, ROWS, resolve(ROWS, "dataset"), splits, columns)
    assert message.startswith(f"data set {ROWS}: {said}")


def test_a_data_set_without_data_files_is_refused(hub):
    hub.repositories["datasets", "ann/empty"] = repository({"README.md": b"# Nothing yet"})
    resolved = resolve("ann/empty", "dataset")
    assert "use the source 'file'" in refused(read_hub, "ann/empty", resolved, ["train"], ["text"])


def test_no_cell_is_quoted():
    # What pyarrow says of a value that is no number, and `datasets` of that.
    inner = ValueError("Failed to parse string: 'somebody' as a scalar of type int64")
    outer = datasets.exceptions.DatasetGenerationError("An error occurred while generating")
    with pytest.raises(StudyError) as caught, explained(ROWS, "dataset", ""):
        raise outer from inner
    assert "(An error occurred while generating)" in str(caught.value)
    assert "somebody" not in str(caught.value)


def test_a_gated_data_set_says_so(hub):
    resolved = resolve("ann/gated", "dataset")
    assert "gated" in refused(read_hub, "ann/gated", resolved, ["train"], ["text"])


def test_a_dropped_connection_to_a_data_set_is_taken_up(hub):
    hub.drops = {"train-00000-of-00001.parquet": 2}
    table = read_hub(ROWS, resolve(ROWS, "dataset"), ["train"], ["text"])
    assert table["text"].tolist() == ["new", "newer"]


def test_half_a_data_set_is_never_trusted(hub):
    read_hub(ROWS, commit(0), ["train"], ["text"])
    hub.broken = {"train-00000-of-00001.parquet"}
    message = refused(read_hub, ROWS, commit(1), ["train"], ["text"])
    assert "check the split, the configuration and the network" in message
    hub.broken = set()
    assert len(read_hub(ROWS, commit(1), ["train"], ["text"])) == 2


# ---- without a network ---------------------------------------------------------------------------

# Nothing listens on the discard port.
NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize("kind", ["model", "dataset"])
@pytest.mark.parametrize(
    ("offline", "said"),
    [(False, "Connection refused"), (True, "HF_HUB_OFFLINE forbids to do so now; unset that")],
)
def test_without_a_network_one_line_says_what_to_do(use, kind, offline, said):
    use(NOWHERE, offline)
    message = refused(resolve, "ann/any", kind)
    assert said in message
    assert "download it elsewhere" in message


@pytest.mark.parametrize("offline", [False, True])
def test_what_was_fetched_serves_without_a_network(hub, use, offline):
    resolved = {name: resolve(name, kind) for name, kind in ((MODEL, "model"), (ROWS, "dataset"))}
    model_folder(MODEL, resolved[MODEL], MASKED_LM)
    before = read_hub(ROWS, resolved[ROWS], ["train"], ["text"])
    use(NOWHERE, offline)
    assert resolve(MODEL, "model") == resolved[MODEL]
    load_masked_lm(model_folder(MODEL, resolved[MODEL], MASKED_LM))
    assert resolve(ROWS, "dataset") == resolved[ROWS]
    assert read_hub(ROWS, resolved[ROWS], ["train"], ["text"]).equals(before)
    # The library would take what it has read before, whichever the commit.
    assert "model ann/tiny" in refused(model_folder, MODEL, commit(0), MASKED_LM)
    assert "data set ann/rows" in refused(read_hub, ROWS, commit(0), ["train"], ["text"])


# ---- as a user sets it ---------------------------------------------------------------------------


def test_the_hubs_address_is_taken_from_the_environment(hub, tmp_path):
    program = f"""
from bias_transfer.data.hub import model_folder, resolve
from bias_transfer.data.sources import read_hub
from bias_transfer.models.folder import MASKED_LM
print(model_folder({MODEL!r}, resolve({MODEL!r}, "model"), MASKED_LM))
print(len(read_hub({ROWS!r}, resolve({ROWS!r}, "dataset"), ["train"], ["text"])))
"""
    environment = os.environ | {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "home")}
    for name in ("HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    folder, rows = done.stdout.splitlines()
    # What is in it loads like any folder, as above.
    assert Path(folder).is_relative_to(tmp_path / "home" / "hub" / "models--ann--tiny")
    assert (Path(folder) / "config.json").is_file()
    assert rows == "2"
