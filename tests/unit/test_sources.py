"""Rows from files: every format reads alike, and what is wrong with a file is told in one line."""

from pathlib import Path
from unicodedata import normalize

import pandas as pd
import pytest

from bias_transfer.data.sources import (
    check_texts,
    map_values,
    read_header,
    read_hub,
    read_lines,
    read_rows,
    read_texts,
    require_columns,
)
from bias_transfer.errors import StudyError

TABLE = pd.DataFrame(
    {
        "text": ['Say "hi", she said', "NA", "null", "Zoë\nwrote", "007"],
        "label": ["nurse", "dj", "poet", "model", "pastor"],
    }
)


def write(table, path):
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    elif path.suffix == ".tsv":
        table.to_csv(path, index=False, sep="\t")
    elif path.suffix == ".jsonl":
        table.to_json(path, orient="records", lines=True, force_ascii=False)
    else:
        table.to_parquet(path)
    return path


def refused(call, *arguments):
    with pytest.raises(StudyError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_the_four_formats_read_alike_and_na_survives_as_text(tmp_path, suffix):
    path = write(TABLE.assign(extra=1), tmp_path / f"rows.{suffix}")
    rows = read_rows(path, ["label", "text"])
    assert list(rows.columns) == ["label", "text"]
    assert rows["text"].tolist() == TABLE["text"].tolist()
    assert rows["label"].tolist() == TABLE["label"].tolist()


@pytest.mark.parametrize("name", ["date", "created_at", "modified", "timestamp"])
def test_no_column_is_turned_into_dates_for_its_name(tmp_path, name):
    path = write(pd.DataFrame({name: [20200101, 1500000000]}), tmp_path / "rows.jsonl")
    assert read_rows(path, [name])[name].tolist() == [20200101, 1500000000]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("values", [[0, 1, 1], [0.0, 1.0, 1.0], ["0", "1", "1"]])
def test_a_label_is_the_same_as_text_as_integer_and_as_float(tmp_path, suffix, values):
    path = write(pd.DataFrame({"text": list("abc"), "toxic": values}), tmp_path / f"r.{suffix}")
    column = read_rows(path, ["text", "toxic"])["toxic"]
    # In a delimited file everything is text, so 1.0 stays "1.0" there and needs a map.
    mapping = {"0": "no", "1": "yes", "0.0": "no", "1.0": "yes"}
    assert map_values(column, mapping, "rows", "x").tolist() == ["no", "yes", "yes"]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_a_missing_column_is_named_beside_those_that_exist(tmp_path, suffix):
    path = write(TABLE, tmp_path / f"rows.{suffix}")
    message = refused(read_rows, path, ["text", "gender"])
    assert message == f"{path}: no column 'gender'; it has text, label"


def test_a_first_row_in_place_of_a_header_is_not_quoted(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("She fits pipes and valves,plumber\n")
    assert refused(read_rows, path, ["text"]) == (
        f"{path}: no column 'text'; it has a value of 25 characters, plumber; give the file a "
        "header, if that is a row"
    )


def test_a_column_whose_accents_are_written_otherwise_is_told(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(f"texte,{normalize('NFD', 'métier')}\n", encoding="utf-8")
    assert "written with other characters there" in refused(read_rows, path, ["métier"])


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_a_header_names_the_columns(tmp_path, suffix):
    assert read_header(write(TABLE, tmp_path / f"rows.{suffix}")) == ["text", "label"]


BEHIND_A_HEADER = {
    "csv": b'\xef\xbb\xbftext,label\r\n"never closed',
    "tsv": b"\n\ntext\tlabel\n",
    "jsonl": b'\n{"text": "a",\r "label": 1}\n{"text": ',
}


@pytest.mark.parametrize("suffix", BEHIND_A_HEADER)
def test_nothing_behind_a_header_is_looked_at(tmp_path, suffix):
    path = tmp_path / f"rows.{suffix}"
    # More than is read at once.
    path.write_bytes(BEHIND_A_HEADER[suffix] + b"\n" * 2**20 + b"\xff\0")
    assert read_header(path) == ["text", "label"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.csv", b""),
        ("r.tsv", b"\n\n"),
        ("r.jsonl", b"\n"),
        ("r.jsonl", b'{"text": \n'),
        ("r.jsonl", b"[1]\n"),
        ("r.parquet", b"PAR1 and then nothing"),
        ("r.csv", "café\n".encode("latin-1")),
        ("r.csv", "text,label\n".encode("utf-16-le")),
        ("r.csv", b'"text,label\na,b\n'),
        ("r.xlsx", b""),
        ("r.pkl", b""),
        ("r.csv", None),
        ("r.parquet", None),
    ],
)
def test_a_header_is_refused_in_the_words_in_which_its_table_is(tmp_path, name, content):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert refused(read_header, path) == refused(read_rows, path, ["text"])


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_a_missing_file_is_named(tmp_path, suffix):
    path = tmp_path / f"gone.{suffix}"
    assert refused(read_rows, path, ["text"]) == f"{path}: the file is missing"


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_an_empty_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"empty.{suffix}"
    path.write_bytes(b"")
    assert refused(read_rows, path, ["text"]).startswith(f"{path}: ")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet"])
def test_a_file_without_rows_is_refused(tmp_path, suffix):
    path = write(TABLE.iloc[:0], tmp_path / f"rows.{suffix}")
    assert refused(read_rows, path, ["text"]) == f"{path}: no rows"


def test_a_format_that_is_not_known_is_refused(tmp_path):
    path = tmp_path / "rows.xlsx"
    path.write_text("")
    assert ".csv, .tsv, .jsonl, .parquet" in refused(read_rows, path, ["text"])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("r.csv", b"text,label,text\na,b,c\n", "the column 'text' appears twice"),
        ("r.tsv", b"text\ttext\na\tb\n", "the column 'text' appears twice"),
        ("r.csv", "text\ncafé\n".encode("latin-1"), "not UTF-8"),
        ("r.tsv", "text\ncafé\n".encode("latin-1"), "not UTF-8"),
        ("r.csv", "café\na\n".encode("latin-1"), "not UTF-8"),
        ("r.jsonl", '{"text": "café"}\n'.encode("latin-1"), "not UTF-8"),
        ("r.parquet", b"PAR1 and then nothing", "cannot be read"),
    ],
)
def test_a_broken_file_is_refused_with_one_line_that_names_it(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    message = refused(read_rows, path, ["text"])
    assert message.startswith(f"{path}: ")
    assert said in message


def test_rows_that_are_all_longer_than_the_header_are_not_shifted(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("text,label\nHello, dear,nurse\nGood bye, all,poet\n")
    assert "row 1: 3 fields where the header has 2" in refused(read_rows, path, ["text"])


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv"])
def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbftext\nhello\n")
    assert read_rows(path, ["text"])["text"].tolist() == ["hello"]


@pytest.mark.parametrize("empty", ["", "   ", None, float("nan")])
def test_an_empty_text_names_its_row_and_how_many_there_are(empty):
    texts = pd.Series(["good", empty, "fine", empty], name="comment", dtype=object)
    message = refused(check_texts, texts, "comments.csv")
    assert message.startswith("comments.csv, row 2: ")
    assert "'comment'" in message
    assert "(2 such)" in message


def test_an_empty_cell_of_a_file_is_an_empty_text(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('text,label\nNA,a\n"",b\n')
    rows = read_rows(path, ["text"])
    assert "row 2:" in refused(check_texts, rows["text"], "rows.csv")


def test_texts_that_are_all_there_pass():
    check_texts(pd.Series(["NA", "0", "nan"]), "rows")


def test_an_unknown_label_names_its_row_its_value_and_the_key_of_the_map():
    values = pd.Series(["nurse", "nurs", "poet"], name="profession")
    mapping = {"nurse": "nurse", "poet": "poet"}
    assert refused(map_values, values, mapping, "bios.csv", "tasks.bios.file.labels") == (
        "bios.csv, row 2: 'nurs' in column 'profession' is not one of nurse, poet; correct it or "
        "extend the map in config key tasks.bios.file.labels"
    )


def test_a_missing_label_is_unknown():
    values = pd.Series([1.0, None], name="toxic")
    assert "row 2" in refused(map_values, values, {"1": "toxic"}, "rows", "x")


@pytest.mark.parametrize("value", [True, 1.5, "1.0", "01", " 1"])
def test_what_only_looks_like_one_is_not_the_label_one(value):
    assert "row 1" in refused(
        map_values, pd.Series([value], dtype=object, name="toxic"), {"1": "toxic"}, "rows", "x"
    )


def test_a_map_of_the_users_own_is_followed():
    values = pd.Series(["krankenschwester", "arzt"])
    mapping = {"arzt": "physician", "krankenschwester": "nurse"}
    assert map_values(values, mapping, "rows", "x").tolist() == ["nurse", "physician"]


def test_a_value_and_its_map_may_write_accents_otherwise():
    values = pd.Series([normalize("NFD", "maçon"), "maçon"])
    for written in ("NFC", "NFD"):
        mapping = {normalize(written, "maçon"): "mason"}
        assert map_values(values, mapping, "rows", "x").tolist() == ["mason", "mason"]


def test_only_the_named_columns_are_returned_in_the_order_asked_for():
    table = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
    assert list(require_columns(table, ["c", "a"], "t").columns) == ["c", "a"]


def test_a_plain_file_gives_a_text_a_line(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_bytes("\ufefffirst\r\nsecond, third\n\nNA\n".encode())
    assert read_lines(path) == ["first", "second, third", "", "NA"]


@pytest.mark.parametrize("inside", ["\u2028", "\x0b", "\x0c", "\x85", "\x1c"])
def test_only_a_line_feed_ends_a_line(tmp_path, inside):
    # Tweets hold such characters: counting them as ends would shift the labels beside them.
    path = tmp_path / "lines.txt"
    path.write_text(f"one{inside}still one\ntwo", encoding="utf-8")
    assert read_lines(path) == [f"one{inside}still one", "two"]


def test_a_plain_file_that_is_missing_or_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "lines.txt"
    assert refused(read_lines, path) == f"{path}: the file is missing"
    path.write_bytes("café".encode("latin-1"))
    assert "not UTF-8" in refused(read_lines, path)


def test_texts_come_from_a_column_or_from_lines(tmp_path):
    table = write(TABLE, tmp_path / "rows.jsonl")
    plain = tmp_path / "corpus.txt"
    plain.write_text("a\nb\n")
    assert read_texts(table, "text") == TABLE["text"].tolist()
    assert read_texts(plain, "text") == ["a", "b"]


def test_a_hub_data_set_is_read_split_by_split(tmp_path: Path) -> None:
    # A folder of Parquet files has the form of the hub's common data sets.
    for part, rows in (("train", [0, 1]), ("test", [2])):
        pd.DataFrame({"hard_text": [f"text {row}" for row in rows], "profession": rows}).to_parquet(
            tmp_path / f"{part}-00000-of-00001.parquet"
        )
    table = read_hub(str(tmp_path), "", ["train", "test"], ["hard_text", "profession"])
    assert table["profession"].tolist() == [0, 1, 2]


def test_a_changed_folder_of_the_hubs_form_is_read_anew(tmp_path: Path) -> None:
    for texts in (["a", "b"], ["c", "d", "e"]):
        pd.DataFrame({"text": texts}).to_parquet(tmp_path / "train.parquet")
        assert read_hub(str(tmp_path), "", ["train"], ["text"])["text"].tolist() == texts


def test_a_hub_data_set_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be loaded") as caught:
        read_hub(str(tmp_path / "absent"), "", ["train"], ["text"])
    assert "\n" not in str(caught.value)
