"""Damaged artifacts: whatever happened to a file, one line refuses it and says what to do."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bias_transfer.errors import StudyError
from bias_transfer.runtime.artifacts import (
    MANIFEST,
    describe_folder,
    read_json,
    read_table,
    verified_folder,
    write_json,
    write_table,
)
from bias_transfer.runtime.main import main
from tests.unit.calls import randomise

FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
PLACES = {"start": 0.0, "header": 0.01, "middle": 0.5, "end": 1.0}


def flipped(place: float) -> Callable[[bytes], bytes]:
    def flip(content: bytes) -> bytes:
        at = int(place * (len(content) - 1))
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return flip


def kept(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(share * len(content))]


DAMAGES = (
    {f"one bit at the {name}": flipped(place) for name, place in PLACES.items()}
    | {f"{share} kept": kept(share) for share in (0, 0.001, 0.5, 0.999)}
    | {
        "all but the last byte": lambda content: content[:-1],
        "one byte more": lambda content: content + b"\0",
        "zeros": lambda content: bytes(len(content)),
    }
)


@pytest.fixture
def checkpoint(tmp_path: Path, tiny_checkpoint: Path) -> Path:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "checkpoint")
    describe_folder(folder, {"kind": "checkpoint"})
    return folder


def refused(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Run the command on a damaged folder, and return its one line."""
    assert main(randomise(checkpoint, checkpoint.parent / "random-t1")) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert "Traceback" not in line
    assert not (checkpoint.parent / "random-t1").exists()
    return line


def test_the_files_of_a_checkpoint_are_those_damaged_here(checkpoint):
    assert {path.name for path in checkpoint.iterdir()} == {*FILES, MANIFEST}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_of_a_checkpoint_is_refused(checkpoint, capsys, name, damage):
    path = checkpoint / name
    content = path.read_bytes()
    path.write_bytes(damage(content))
    assert path.read_bytes() != content
    line = refused(checkpoint, capsys)
    manifest = checkpoint / MANIFEST
    assert line.startswith(f"error: {path}: the content does not match {manifest}; ")
    assert line.endswith(f"delete {manifest} and run snakemake again")


@pytest.mark.parametrize("name", FILES)
def test_a_deleted_file_of_a_checkpoint_is_refused(checkpoint, capsys, name):
    (checkpoint / name).unlink()
    assert f"{checkpoint / name}: the file is missing; delete" in refused(checkpoint, capsys)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "hidden_debias.safetensors", "new/a.json"])
def test_a_file_that_came_later_is_refused(checkpoint, capsys, name):
    (checkpoint / name).parent.mkdir(exist_ok=True)
    (checkpoint / name).write_bytes(b"weights of somebody else")
    line = refused(checkpoint, capsys)
    assert f"{checkpoint / name}: not listed in {checkpoint / MANIFEST}; remove it, or" in line
    (checkpoint / name).unlink()
    assert verified_folder(checkpoint / MANIFEST) == checkpoint


def test_a_hidden_file_is_nobodys_business(checkpoint):
    (checkpoint / ".DS_Store").write_bytes(b"")
    assert verified_folder(checkpoint / MANIFEST) == checkpoint


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_flipped_bit_of_the_weights_goes_unnoticed(checkpoint, data):
    path = checkpoint / "model.safetensors"
    content = path.read_bytes()
    at = data.draw(st.integers(0, 8 * len(content) - 1))
    damaged = bytearray(content)
    damaged[at // 8] ^= 1 << at % 8
    path.write_bytes(damaged)
    try:
        with pytest.raises(StudyError, match="the content does not match"):
            verified_folder(checkpoint / MANIFEST)
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not valid JSON"),
        (b'{"files": {', "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"[]", "a JSON object was expected"),
        (b"{}", "no list of files"),
        (b'{"files": null}', "no list of files"),
        (b'{"files": []}', "no list of files"),
        (b'{"files": {}}', "not listed in"),
    ],
)
def test_a_damaged_manifest_is_refused(checkpoint, capsys, content, said):
    (checkpoint / MANIFEST).write_bytes(content)
    line = refused(checkpoint, capsys)
    assert said in line
    assert "delete" in line


@pytest.mark.parametrize("value", ["0" * 64, "", 1, None, ["a"]])
def test_a_manifest_with_a_wrong_hash_is_refused(checkpoint, capsys, value):
    manifest = read_json(checkpoint / MANIFEST)
    manifest["files"]["config.json"] = value
    write_json(checkpoint / MANIFEST, manifest)
    assert "config.json: the content does not match" in refused(checkpoint, capsys)


@pytest.mark.parametrize(
    "name", ["../outside.txt", "../../x", "sub/../../outside.txt", "/etc/hosts"]
)
def test_a_manifest_that_vouches_for_a_file_elsewhere_is_refused(checkpoint, capsys, name):
    (checkpoint.parent / "outside.txt").write_text("theirs")
    manifest = read_json(checkpoint / MANIFEST)
    manifest["files"][name] = "0" * 64
    write_json(checkpoint / MANIFEST, manifest)
    line = refused(checkpoint, capsys)
    assert f"lists {name!r}, outside its folder" in line


def test_a_deleted_manifest_is_named(checkpoint, capsys):
    (checkpoint / MANIFEST).unlink()
    manifest = checkpoint / MANIFEST
    assert f"{manifest}: the file is missing; run snakemake" in refused(checkpoint, capsys)


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "t.parquet"
    numbers = np.random.default_rng(1).random(200)
    write_table(path, pd.DataFrame({"id": [f"row {i}" for i in range(200)], "score": numbers}))
    return path


@settings(max_examples=300)
@given(data=st.data())
def test_a_parquet_file_with_a_flipped_bit_is_a_table_or_an_error_of_the_study(parquet, data):
    # Without its record, that is: with it, no flipped bit is a table.
    content = parquet.read_bytes()
    at = data.draw(st.integers(0, 8 * len(content) - 1))
    damaged = bytearray(content)
    damaged[at // 8] ^= 1 << at % 8
    path = parquet.with_name("damaged.parquet")
    path.write_bytes(damaged)
    try:
        read_table(path)
    except StudyError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
