"""Training checkpoints: an interrupted training ends with the bytes of an undisturbed one."""

import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from bias_transfer.adaptations import adaptation
from bias_transfer.models import training
from bias_transfer.models.checkpoints import load_tokenizer, new_classifier
from bias_transfer.models.classification import LabelledTokens, fine_tune
from bias_transfer.models.device import prepare_device
from bias_transfer.models.encoded import encode
from bias_transfer.models.families import Architecture
from bias_transfer.models.pretraining import pretrain
from bias_transfer.models.training import TrainingSettings
from bias_transfer.models.training_checkpoints import TrainingCheckpoints, read
from bias_transfer.runtime.artifacts import describe_folder, read_json, write_table
from bias_transfer.runtime.progress import read_progress
from tests.unit.conftest import Bomb

SETTINGS = TrainingSettings(
    epochs=2,
    batch_size=16,
    evaluation_batch_size=8,
    learning_rate=0.01,
    warmup_share=0.1,
    weight_decay=0.01,
)
STATE = "state.safetensors"
STEPS_PER_EPOCH = 3
STEPS = 2 * STEPS_PER_EPOCH
# Between any two steps.
ALWAYS = 1e-9

Train = Callable[[TrainingCheckpoints], dict[str, bytes]]


class Killed(BaseException):
    """Stands in for a signal."""


# Of the config, under which a classifier is fine-tuned.
DROPOUT = {"full": True, "lora": True, "head": True, "head without dropout": False}


@pytest.fixture(params=[*DROPOUT, "pre-training", "pre-training without dropout"])
def train(
    request: pytest.FixtureRequest,
    tiny_checkpoint: Path,
    tiny_sentences: list[str],
    tmp_path: Path,
) -> Train:
    """Return a training from its seeds on; it returns the bytes of what it makes."""
    texts = tiny_sentences[: 16 * STEPS_PER_EPOCH - 6]
    architecture = Architecture(
        vocabulary_size=340,
        hidden_size=16,
        intermediate_size=16,
        layers=1,
        heads=2,
        maximum_length=24,
        initializer_range=0.2,
        dropout=0.0 if "without" in request.param else 0.1,
    )

    def run(checkpoints: TrainingCheckpoints) -> dict[str, bytes]:
        device = prepare_device(1)
        if request.param in DROPOUT:
            plugin = adaptation(request.param.partition(" ")[0])
            model = new_classifier(tiny_checkpoint, ("odd", "even")).to(device)
            assert model.config.hidden_dropout_prob == 0.1
            for each in model.modules():
                if isinstance(each, torch.nn.Dropout):
                    each.p = 0.1 * DROPOUT[request.param]
            encoded = encode(load_tokenizer(str(tiny_checkpoint)), texts, 24)
            data = LabelledTokens(encoded, np.array([len(text) % 2 for text in texts]))
            with plugin.adapting(model, plugin.settings()):
                curve = fine_tune(model, data, data, SETTINGS, 1, checkpoints)
        else:
            model, _, curve = pretrain(texts, architecture, SETTINGS, 0.3, 1, checkpoints, device)
        folder = tmp_path / "made"
        model.save_pretrained(folder)
        write_table(folder / "loss_curve.csv", curve)
        return {
            name: (folder / name).read_bytes() for name in ("model.safetensors", "loss_curve.csv")
        }

    return run


@pytest.fixture
def checkpoints(tmp_path: Path) -> TrainingCheckpoints:
    return TrainingCheckpoints(
        tmp_path / ".model.training-checkpoints", {"settings": "a", "code": "b"}, ALWAYS
    )


@pytest.fixture
def killed_after(
    monkeypatch: pytest.MonkeyPatch, checkpoints: TrainingCheckpoints
) -> Callable[[Train, int], None]:
    """Return a function that runs a training until it has done some steps in all."""
    undisturbed = training._Run.step

    def run(train: Train, steps: int) -> None:
        def step(run: training._Run, *arguments: Any) -> None:
            if run.done == steps:
                raise Killed
            undisturbed(run, *arguments)

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(training._Run, "step", step)
            train(checkpoints)

    return run


@pytest.fixture(autouse=True)
def _log_is_kept(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO):
        yield


# What is killed after any other step is tested below.
@pytest.mark.parametrize("steps", [STEPS_PER_EPOCH])
def test_a_training_killed_once_ends_with_the_same_bytes(
    train: Train,
    checkpoints: TrainingCheckpoints,
    killed_after: Callable[[Train, int], None],
    caplog: pytest.LogCaptureFixture,
    steps: int,
) -> None:
    undisturbed = train(replace(checkpoints, interval=0))
    assert not list(checkpoints.folder.glob("step-*"))
    killed_after(train, steps)
    (kept,) = checkpoints.folder.iterdir()
    # Nothing in it is a pickle.
    assert {each.name for each in kept.iterdir()} == {"manifest.json", STATE}
    caplog.clear()
    assert train(checkpoints) == undisturbed
    assert f"resumed from step {steps} of {STEPS} (training checkpoint {kept})" in caplog.text


@pytest.mark.parametrize("train", ["full", "pre-training"], indirect=True)
def test_the_lines_of_a_resumed_training_go_on_counting(
    train: Train,
    checkpoints: TrainingCheckpoints,
    killed_after: Callable[[Train, int], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def told() -> list[tuple[int, ...]]:
        lines = [read_progress(record.getMessage()) for record in caplog.records]
        return [(each.epoch, each.epochs, each.step, each.steps) for each in lines if each]

    train(replace(checkpoints, interval=0))
    whole = told()
    assert whole == [(1 + (n - 1) // STEPS_PER_EPOCH, 2, n, STEPS) for n in range(1, STEPS + 1)]
    caplog.clear()
    killed_after(train, STEPS_PER_EPOCH + 1)
    train(checkpoints)
    assert told() == whole


@pytest.mark.parametrize("train", ["full", "pre-training"], indirect=True)
def test_curves_change_no_number_and_hold_no_step_twice(
    train: Train,
    checkpoints: TrainingCheckpoints,
    killed_after: Callable[[Train, int], None],
    tmp_path: Path,
) -> None:
    undisturbed = train(replace(checkpoints, interval=0))
    noting = replace(checkpoints, curves=tmp_path / "curves")
    assert train(replace(noting, interval=0)) == undisturbed
    whole = read_curves(tmp_path / "curves")
    steps = list(range(1, STEPS + 1))
    assert {name: [step for step, _ in points] for name, points in whole.items()} == {
        "loss/training": steps,
        "learning rate": steps,
        "loss/evaluation": [STEPS_PER_EPOCH, STEPS],
    }
    # From its first step: what another training has left there goes.
    killed_after(lambda _: train(noting), STEPS_PER_EPOCH - 1)
    # It does steps again that it had done and noted before it was killed.
    (kept,) = checkpoints.folder.iterdir()
    shutil.copytree(kept, tmp_path / "kept")
    killed_after(lambda _: train(noting), STEPS_PER_EPOCH + 1)
    shutil.rmtree(checkpoints.folder)
    shutil.copytree(tmp_path / "kept", kept)
    assert train(noting) == undisturbed
    assert read_curves(tmp_path / "curves") == whole


def read_curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return step and value of every point that TensorBoard shows."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {
        name: [(each.step, each.value) for each in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def test_a_training_killed_at_every_step_ends_with_the_same_bytes(
    train: Train, checkpoints: TrainingCheckpoints, killed_after: Callable[[Train, int], None]
) -> None:
    undisturbed = train(replace(checkpoints, interval=0))
    for steps in range(1, STEPS):
        killed_after(train, steps)
    assert train(checkpoints) == undisturbed


@pytest.mark.parametrize("train", ["full"], indirect=True)
def test_a_damaged_checkpoint_is_reported_and_training_starts_over(
    train: Train,
    checkpoints: TrainingCheckpoints,
    killed_after: Callable[[Train, int], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    undisturbed = train(replace(checkpoints, interval=0))
    killed_after(train, STEPS_PER_EPOCH + 1)
    (kept,) = checkpoints.folder.iterdir()
    (kept / STATE).write_bytes((kept / STATE).read_bytes()[:-1])
    caplog.clear()
    assert train(checkpoints) == undisturbed
    assert (
        f"training checkpoint {kept} is removed and not used: {STATE} does not match its manifest"
    ) in caplog.text
    assert "resumed" not in caplog.text


@pytest.mark.parametrize("train", ["full"], indirect=True)
def test_a_pickle_planted_in_a_checkpoint_is_not_run(
    train: Train,
    checkpoints: TrainingCheckpoints,
    killed_after: Callable[[Train, int], None],
    tmp_path: Path,
) -> None:
    killed_after(train, STEPS_PER_EPOCH + 1)
    (kept,) = checkpoints.folder.iterdir()
    # Whoever can write there can make the manifest fit.
    torch.save(Bomb(tmp_path / "it ran"), kept / STATE)
    description = {
        key: value for key, value in read_json(kept / "manifest.json").items() if key != "files"
    }
    describe_folder(kept, description)
    with pytest.raises(SafetensorError):
        train(checkpoints)
    assert not (tmp_path / "it ran").exists()


def publish(checkpoints: TrainingCheckpoints, step: int) -> Path:
    checkpoints.write(step, {"number": torch.tensor(step)})
    return checkpoints.folder / f"step-{step:09d}"


def test_the_newest_whole_checkpoint_is_kept_and_found(checkpoints: TrainingCheckpoints) -> None:
    for step in (9, 10, 100):
        published = publish(checkpoints, step)
        assert list(checkpoints.folder.glob("step-*")) == [published]
        assert checkpoints.newest() == published
    assert read(published) == {"number": 100}


def test_nothing_is_found_where_nothing_was_written(checkpoints: TrainingCheckpoints) -> None:
    assert checkpoints.newest() is None
    assert not checkpoints.folder.exists()


def test_what_a_kill_left_half_written_is_removed(checkpoints: TrainingCheckpoints) -> None:
    published = publish(checkpoints, 3)
    # `atomic_folder` moves its temporary folder at the end.
    shutil.copytree(published, checkpoints.folder / ".step-000000004.abcdefgh")
    assert checkpoints.newest() == published
    assert list(checkpoints.folder.iterdir()) == [published]


def test_a_kill_between_publishing_and_removing_leaves_the_newer(
    checkpoints: TrainingCheckpoints,
) -> None:
    older = publish(checkpoints, 3)
    shutil.copytree(older, checkpoints.folder / "kept")
    newer = publish(checkpoints, 4)
    (checkpoints.folder / "kept").rename(older)
    assert checkpoints.newest() == newer
    assert list(checkpoints.folder.iterdir()) == [newer]


def change_a_byte(checkpoint: Path) -> None:
    content = bytearray((checkpoint / STATE).read_bytes())
    content[-1] ^= 1
    (checkpoint / STATE).write_bytes(content)


def truncate(checkpoint: Path) -> None:
    (checkpoint / STATE).write_text("")


def lose_a_file(checkpoint: Path) -> None:
    (checkpoint / STATE).unlink()


def add_a_file(checkpoint: Path) -> None:
    (checkpoint / "scaler.safetensors").touch()


def lose_the_manifest(checkpoint: Path) -> None:
    (checkpoint / "manifest.json").unlink()


def truncate_the_manifest(checkpoint: Path) -> None:
    manifest = checkpoint / "manifest.json"
    manifest.write_text(manifest.read_text()[:-9])


def empty_the_manifest(checkpoint: Path) -> None:
    (checkpoint / "manifest.json").write_text("{}")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (change_a_byte, f"{STATE} does not match its manifest"),
        (truncate, f"{STATE} does not match its manifest"),
        (lose_a_file, f"{STATE} does not match its manifest"),
        (add_a_file, "scaler.safetensors does not match its manifest"),
        (lose_the_manifest, "manifest.json: the file is missing"),
        (truncate_the_manifest, "manifest.json: not valid JSON"),
        (empty_the_manifest, "does not match its manifest"),
    ],
)
def test_a_damaged_checkpoint_is_removed_and_an_older_whole_one_used(
    checkpoints: TrainingCheckpoints,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], None],
    reason: str,
) -> None:
    older = publish(checkpoints, 3)
    shutil.copytree(older, checkpoints.folder / "kept")
    newer = publish(checkpoints, 5)
    (checkpoints.folder / "kept").rename(older)
    damage(newer)
    assert checkpoints.newest() == older
    assert not newer.exists()
    assert f"training checkpoint {newer} is removed and not used: " in caplog.text
    assert reason in caplog.text


@pytest.mark.parametrize(
    ("made_from", "reason"),
    [
        ({"settings": "a", "code": "c"}, "it was made with other code"),
        ({"settings": "b", "code": "c"}, "it was made with other code, settings"),
        ({"settings": "a", "code": "b", "device": "cuda"}, "it was made with other device"),
    ],
)
def test_a_checkpoint_made_from_something_else_is_not_used(
    checkpoints: TrainingCheckpoints,
    caplog: pytest.LogCaptureFixture,
    made_from: dict[str, str],
    reason: str,
) -> None:
    published = publish(checkpoints, 3)
    assert replace(checkpoints, made_from=made_from).newest() is None
    assert f"training checkpoint {published} is removed and not used: {reason}" in caplog.text
    assert not published.exists()


def test_nothing_is_left_after_the_training_has_ended(checkpoints: TrainingCheckpoints) -> None:
    publish(checkpoints, 3)
    checkpoints.remove()
    assert not checkpoints.folder.exists()
