"""Arbitrary input: it is read as it stands or refused in one line, and nothing else happens."""

import copy
import csv
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bias_transfer.data.detox import read_detox
from bias_transfer.data.sources import read_lines, read_rows, read_texts
from bias_transfer.errors import StudyError
from bias_transfer.study.overlays import read_config
from bias_transfer.study.parsing import parse
from bias_transfer.tasks.mentions import rows_from
from tests.unit.conftest import ROOT
from tests.unit.definitions import WIKI

COLUMNS = {"text": "comment", "label": "toxic", "id": "id", "path": "", "labels": {}}
WANTED = ["comment", "toxic", "id"]

# All of Unicode but what no file can hold, and what stands for a damaged file.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
AWKWARD = st.text("\"',;\t\n\r\\ aé🙂", max_size=12)
ROWS = st.lists(st.tuples(TEXTS | AWKWARD, AWKWARD, TEXTS), min_size=1, max_size=5)


def read_or_refuse(read: Callable[..., Any], *arguments: Any) -> Any:
    """Return what is read, or None after a refusal in one line; any other error passes."""
    try:
        return read(*arguments)
    except StudyError as error:
        assert str(error)
        assert "\n" not in str(error)
        return None


@pytest.fixture(scope="module")
def place():
    """Return a function that writes bytes to a file of a name."""
    with tempfile.TemporaryDirectory() as folder:

        def write(name: str, content: bytes) -> Path:
            path = Path(folder, name)
            path.write_bytes(content)
            return path

        yield write


def delimited(rows: list[tuple[str, ...]], **form: Any) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, **form)
    writer.writerows([WANTED, *rows])
    return stream.getvalue().encode()


# Minimal quoting leaves a return bare where rows end with a line feed: no reader can undo that.
FORMS = [("\r\n", csv.QUOTE_MINIMAL), *((end, csv.QUOTE_ALL) for end in ("\n", "\r\n", "\r"))]


@given(ROWS, st.sampled_from(FORMS), st.sampled_from([("t.csv", ","), ("t.tsv", "\t")]))
def test_a_table_that_the_csv_module_writes_comes_back_exactly(place, rows, form, kind):
    (end, quoting), (name, delimiter) = form, kind
    written = delimited(rows, delimiter=delimiter, lineterminator=end, quoting=quoting)
    path = place(name, written)
    assert list(read_rows(path, WANTED).itertuples(index=False, name=None)) == rows


@given(ROWS)
def test_objects_and_parquet_come_back_exactly(place, rows):
    objects = "\n".join(
        json.dumps(dict(zip(WANTED, row, strict=True)), ensure_ascii=False) for row in rows
    )
    stream = io.BytesIO()
    table = dict(zip(WANTED, map(list, zip(*rows, strict=True)), strict=True))
    pyarrow.parquet.write_table(pyarrow.table(table), stream)
    for name, content in (("t.jsonl", objects.encode()), ("t.parquet", stream.getvalue())):
        path = place(name, content)
        assert list(read_rows(path, WANTED).itertuples(index=False, name=None)) == rows


@given(
    st.lists(TEXTS.filter(lambda text: "\n" not in text and not text.endswith("\r")), min_size=1)
)
def test_lines_come_back_exactly(place, lines):
    for end in ("\n", "\r\n"):
        content = "".join(line + end for line in ["first", *lines])
        assert read_lines(place("t.txt", content.encode())) == ["first", *lines]


# Without quotes, so that the one that is put in is alone.
PLAIN = st.text("ab é.", min_size=1, max_size=6)


@given(st.lists(st.tuples(PLAIN, PLAIN, PLAIN), min_size=1, max_size=5), st.data())
def test_a_stray_quote_swallows_no_row(place, rows, data):
    content = delimited(rows, lineterminator="\n").decode()
    at = data.draw(st.integers(content.index("\n") + 1, len(content)))
    path = place("t.csv", (content[:at] + '"' + content[at:]).encode())
    table = read_or_refuse(read_rows, path, WANTED)
    if table is not None:
        read = [tuple(value.replace('"', "") for value in row) for row in table.to_numpy()]
        assert read == rows


@given(st.lists(st.tuples(PLAIN, PLAIN, PLAIN), min_size=2, max_size=5), st.data())
def test_a_separator_or_line_end_that_is_lost_is_noticed(place, rows, data):
    content = delimited(rows, lineterminator="\n").decode()
    lost = [n for n, character in enumerate(content[:-1]) if character in ",\n"]
    at = data.draw(st.sampled_from([n for n in lost if n >= content.index("\n")]))
    path = place("t.csv", (content[:at] + content[at + 1 :]).encode())
    assert read_or_refuse(read_rows, path, WANTED) is None


NAMES = st.sampled_from(["t.csv", "t.tsv", "t.jsonl", "t.parquet"])


@given(NAMES, st.binary(max_size=200) | TEXTS.map(str.encode) | AWKWARD.map(str.encode))
def test_any_bytes_are_read_or_refused_as_a_table(place, name, content):
    read_or_refuse(read_rows, place(name, content), WANTED)


@given(st.sampled_from(["t.csv", "t.tsv", "t.jsonl"]), st.binary(max_size=60), st.text(max_size=30))
def test_any_rows_behind_a_header_are_read_or_refused(place, name, content, text):
    header = {"t.csv": b"comment,toxic,id\n", "t.tsv": b"comment\ttoxic\tid\n", "t.jsonl": b""}
    for behind in (content, text.encode(errors="surrogatepass")):
        read_or_refuse(read_rows, place(name, header[name] + behind), WANTED)
        read_or_refuse(read_texts, place("t.txt", behind), "comment")


VALID = [
    ("one gay", "1", "a"),
    ('two "2"', "0", "b"),
    ("three\n3", "1", "c"),
    ("four, 4", "0", "d"),
]


def valid(name: str) -> bytes:
    if name == "t.csv":
        return delimited(VALID)
    if name == "t.tsv":
        return delimited(VALID, delimiter="\t")
    table = pd.DataFrame(VALID, columns=WANTED)
    if name == "t.jsonl":
        return table.to_json(orient="records", lines=True).encode()
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pandas(table), stream)
    return stream.getvalue()


@st.composite
def mutated(draw, content: bytes) -> bytes:
    """Change, remove or put in some bytes, or cut the end off."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content)))
        gone = draw(st.sampled_from([0, 1, 1, 2, 10, len(content)]))
        content = content[:at] + draw(st.binary(max_size=3)) + content[at + gone :]
    return content


@settings(max_examples=150)
@given(NAMES, st.data())
def test_a_damaged_table_is_read_or_refused(place, name, data):
    path = place(name, data.draw(mutated(valid(name))))
    table = read_or_refuse(read_rows, path, WANTED)
    if table is not None:
        read_or_refuse(rows_from, table, COLUMNS, WIKI, str(path), "x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(WANTED, JSON)), min_size=1, max_size=4))
def test_objects_of_any_values_become_comments_or_are_refused(place, rows):
    for row in rows:
        if isinstance(row["comment"], str):
            row["comment"] += " gay"
    path = place("t.jsonl", "\n".join(map(json.dumps, rows)).encode())
    table = read_or_refuse(read_rows, path, WANTED)
    if table is not None:
        made = read_or_refuse(rows_from, table, COLUMNS, WIKI, str(path), "x")
        if made is not None:
            assert made["text"].tolist() == [row["comment"] for row in rows]
            assert len(set(made["id"])) == len(rows)


CELL = st.sampled_from(["1", "2.0", "0", "", "x", "train", "test", "1e999", "-1", "nan", "True"])


@given(
    st.lists(st.tuples(CELL, CELL, CELL), max_size=4), st.lists(st.tuples(CELL, CELL), max_size=6)
)
def test_any_detox_release_is_read_or_refused(place, comments, judgements):
    paths = []
    for name, header, rows in (
        ("c.tsv", "rev_id\tcomment\tsplit", comments),
        ("a.tsv", "rev_id\ttoxicity", judgements),
    ):
        lines = [header, *("\t".join(row) for row in rows)]
        paths.append(place(name, "\n".join(lines).encode()))
    read_or_refuse(read_detox, *paths, ["train", "test"], 0.5)


DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())


def keys(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where each value of a config stands, the mappings and lists included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    for name, part in inner:
        here = (*path, name)
        found += keys(part, here) if isinstance(part, dict | list) else [here]
    return found


# Also values that would pass at another place.
SAMPLES = [0, 1, -1, 0.5, 1e300, True, "", "file", "hub", "..", "/", "a b", [1], [0.1, 0.1], {}]
VALUES = JSON | st.sampled_from(SAMPLES) | st.dictionaries(st.integers() | st.booleans(), st.text())


@given(st.lists(st.tuples(st.sampled_from(keys(DEFAULT)), VALUES), min_size=1, max_size=2))
def test_any_config_is_accepted_or_refused(changes):
    config = copy.deepcopy(DEFAULT)
    for path, value in changes:
        part = config
        try:
            for key in path[:-1]:
                part = part[key]
            part[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            # The change before it has put something else there.
            continue
    study = read_or_refuse(parse, config)
    if study is not None:
        # It becomes the settings of jobs.
        json.dumps(study.model_dump(), sort_keys=True, allow_nan=False)


@given(st.binary(max_size=60) | st.text("ab:{}[]&*<-\n\t '\"#?!1", max_size=40).map(str.encode))
def test_any_bytes_are_read_as_a_config_or_refused(place, content):
    read_or_refuse(read_config, [place("c.yaml", content)])


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint, tmp_path_factory):
    return shutil.copytree(tiny_checkpoint, tmp_path_factory.mktemp("fuzz") / "checkpoint")


@settings(max_examples=40)
@given(st.sampled_from(["config.json", "model.safetensors", "tokenizer.json"]), st.data())
def test_a_damaged_checkpoint_is_loaded_or_refused(checkpoint, tiny_checkpoint, name, data):
    from bias_transfer.models.checkpoints import load_masked_lm, load_tokenizer

    original = (tiny_checkpoint / name).read_bytes()
    # The header of the weights is what there is to get wrong.
    reach = 3000 if name == "model.safetensors" else len(original)
    damaged = data.draw(mutated(original[:reach])) + original[reach:]
    (checkpoint / name).write_bytes(damaged)
    try:
        read_or_refuse(load_masked_lm, str(checkpoint))
        read_or_refuse(load_tokenizer, str(checkpoint))
    finally:
        (checkpoint / name).write_bytes(original)
