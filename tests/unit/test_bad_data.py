"""Data as they come: the wrong is refused in one line that says where, the rest is read right."""

import gzip
import io
import json
import os
import re
import subprocess
import sys
import traceback

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from bias_transfer.data.identity_templates import templates_from
from bias_transfer.data.mentions import mentions
from bias_transfer.data.prepare import (
    prepare_corpus,
    prepare_sentences,
    prepare_sentiment,
    prepare_task,
)
from bias_transfer.errors import StudyError
from tests.unit.definitions import BIOS, WIKI, terms_of

# ---- tables of comments: six good rows, and what comes behind them ---------------------

TEXTS = [f"A gay person is {word}" for word in ("kind", "odd", "tall", "vile", "bad", "mean")]
GOOD = "comment,toxic\n" + "".join(f"{text},{n // 3}\n" for n, text in enumerate(TEXTS))
SECRET = "Somebody wrote this and nobody else should read it in a log"


def tabs(content):
    return content.replace(",", "\t")


def objects(*more, texts=TEXTS):
    rows = [json.dumps({"comment": text, "toxic": n // 3}) for n, text in enumerate(texts)]
    return "\n".join([*rows, *more]) + "\n"


def parquet(**more):
    table = {"comment": TEXTS, "toxic": [0, 0, 0, 1, 1, 1]} | more
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(table), stream)
    return stream.getvalue()


BAD_TABLES = {
    "Latin-1": ("c.csv", (GOOD + "café,1\n").encode("latin-1"), "not UTF-8 text .* in line 8"),
    "UTF-16 with a mark": ("c.csv", GOOD.encode("utf-16"), "not UTF-8 text"),
    "UTF-16 without": (
        "c.csv",
        GOOD.encode("utf-16-le"),
        "a NUL character in line 1, as in UTF-16",
    ),
    "Latin-1 with tabs": ("c.tsv", (GOOD + "café\t1\n").encode("latin-1"), "not UTF-8 text"),
    "Latin-1 objects": (
        "c.jsonl",
        objects('{"comment": "café", "toxic": 1}').encode("latin-1"),
        "not UTF-8 text .* in line 7",
    ),
    "a NUL": ("c.csv", GOOD + "a\0b,1\n", "a NUL character in line 8"),
    "a quote that is never closed": (
        "c.csv",
        GOOD + f'"{SECRET},1\nx,0\ny,1\n',
        "row 7: the quote that opens here is never closed; double each quote",
    ),
    "a quote closed by another": ("c.csv", GOOD + '"x,1\ny,0\n"z",1\n', "row 7: a stray quote"),
    "a quote in a quoted field": ("c.csv", GOOD + '"she said "no" twice",1\n', "row 7: a stray qu"),
    "text behind a quoted field": ("c.csv", GOOD + '"no" she said,1\n', "row 7: a stray quote"),
    "a quote that is never closed, with tabs": (
        "c.tsv",
        tabs(GOOD) + '"x\t1\ny\t1\n',
        "row 7: the quote that opens here is never closed",
    ),
    "a quote that is never closed in the header": ("c.csv", '"comment,toxic\na,1\n', ", header: "),
    "more fields": ("c.csv", GOOD + "Hello, you,1\n", "row 7: 3 fields where the header has 2"),
    "fewer fields": ("c.csv", GOOD + "x,1\nHello\ny,1\n", "row 8: 1 field where the header has 2"),
    "fewer fields after a long text": (
        "c.csv",
        GOOD + '"two\nlines",1\nHello\n',
        "row 8: 1 field where the header has 2",
    ),
    "more fields in every row": ("c.csv", "comment,toxic\n" + "a,b,1\n" * 6, "row 1: 3 fields"),
    "another separator": (
        "c.csv",
        GOOD.replace(",", ";"),
        "no column 'comment'; it has comment;toxic; the separator looks like ';', and is a comma",
    ),
    "another separator, and quotes": (
        "c.csv",
        '"comment";"toxic"\n"a";"1"\n',
        "a stray quote; .*; the separator looks like ';', and is a comma in .csv and a tab in .tsv",
    ),
    "commas in a TSV": ("c.tsv", GOOD, "no column 'comment'; .*; the separator looks like ','"),
    "a column twice": (
        "c.csv",
        "comment,toxic,comment\na,1,b\n",
        "the column 'comment' appears tw",
    ),
    "no header": ("c.csv", f"{SECRET},1\n" * 6, "no column 'comment'; it has a value of 59 char"),
    "an empty file": ("c.csv", "", "the file is empty"),
    "an empty TSV": ("c.tsv", "", "the file is empty"),
    "an empty JSONL": ("c.jsonl", "\n\n", "the file is empty"),
    "an empty Parquet": ("c.parquet", b"", "cannot be read as Parquet"),
    "a mark and nothing else": ("c.csv", b"\xef\xbb\xbf", "the file is empty"),
    "a header only": ("c.csv", "comment,toxic\n", "no rows"),
    "no text": (
        "c.csv",
        GOOD + ",1\n \t ,0\n",
        "row 7: the text in column 'comment' is empty; remove the row (2 such), or, of a task's "
        "texts, set `empty: drop`",
    ),
    "no label": ("c.csv", GOOD + "x,\n", "row 7: column 'toxic' is empty; fill it or remove the"),
    "no label in an object": (
        "c.jsonl",
        objects('{"comment": "x", "toxic": null}'),
        "row 7: column 'toxic' is empty",
    ),
    "not a number for a label": (
        "c.jsonl",
        objects('{"comment": "x", "toxic": NaN}'),
        "row 7: column 'toxic' is empty",
    ),
    "half a label": ("c.csv", GOOD + "x,0.5\n", "row 7: '0.5' in column 'toxic' is not one of 1, "),
    "half a label in Parquet": (
        "c.parquet",
        parquet(toxic=[0, 0, 0.5, 1, 1, 1]),
        "row 3: 0.5 in column 'toxic' is not one of",
    ),
    "an unknown label": ("c.csv", GOOD + "x,bad\n", "row 7: 'bad' in column 'toxic' is not one of"),
    "an object for a label": (
        "c.jsonl",
        objects('{"comment": "x", "toxic": {}}'),
        "row 7: {} in column 'toxic' is not one of",
    ),
    "a text for a label": (
        "c.csv",
        GOOD + f"1,{SECRET}\n",
        "row 7: a value of 59 characters in column 'toxic' is not one of",
    ),
    "a number for a text": (
        "c.jsonl",
        objects('{"comment": 7, "toxic": 1}'),
        "row 7: column 'comment' holds a value of type int where a text is needed",
    ),
    "a list for a text": (
        "c.jsonl",
        objects('{"comment": ["a", "b"], "toxic": 1}'),
        "row 7: column 'comment' holds a value of type list",
    ),
    "a nested column": (
        "c.parquet",
        parquet(comment=[{"text": text} for text in TEXTS]),
        "row 1: column 'comment' holds a value of type dict",
    ),
    "half a character": (
        "c.jsonl",
        objects('{"comment": "\\ud83d", "toxic": 1}'),
        "row 7: half a surrogate pair",
    ),
    "a broken line": (
        "c.jsonl",
        objects(f'{{"comment": "{SECRET}", "tox'),
        "row 7: not valid JSON (Unterminated string",
    ),
    "two objects a line": ("c.jsonl", objects("{} {}"), "row 7: not valid JSON (Extra data)"),
    "an object over two lines": ("c.jsonl", objects("{", "}"), "row 7: not valid JSON"),
    "a list a line": ("c.jsonl", objects('["x", 1]'), "row 7: not a JSON object; write one object"),
    "one long list": (
        "c.jsonl",
        "[" + objects().replace("\n", ",")[:-1] + "]",
        "row 1: not a JSON",
    ),
    "an object without the label": (
        "c.jsonl",
        objects('{"comment": "x"}'),
        "row 7: the key 'toxic' is missing; add it",
    ),
    "a key twice in an object": (
        "c.jsonl",
        objects('{"comment": "x", "toxic": 1, "toxic": 0}'),
        "row 7: not valid JSON (a key appears twice)",
    ),
    "brackets without end": ("c.jsonl", objects("[" * 100_000), "row 7: not valid JSON"),
    "half a Parquet file": ("c.parquet", parquet()[:-50], "cannot be read as Parquet"),
    "a CSV file called Parquet": ("c.parquet", GOOD, "cannot be read as Parquet"),
    "a Parquet file called CSV": ("c.csv", parquet(), "(NUL character|not UTF-8)"),
    "a packed file": (
        "c.csv.gz",
        gzip.compress(GOOD.encode()),
        "expected a file that ends in .csv",
    ),
    "a packed file called CSV": ("c.csv", gzip.compress(GOOD.encode()), "not UTF-8 text"),
    "no ending": ("comments", GOOD, "expected a file that ends in .csv, .tsv, .jsonl, .parquet"),
    "a workbook": ("c.xlsx", b"PK", "expected a file that ends in .csv"),
    "a folder in place of a file": ("c.csv", None, "a folder where a file is needed"),
    "a folder in place of Parquet": ("c.parquet", None, "a folder where a file is needed"),
    "one class only": (
        "c.csv",
        "comment,toxic\n" + "a gay man,1\n" * 9,
        "every row is 'toxic'; two",
    ),
    "a class of two": (
        "c.csv",
        GOOD.replace("mean,1", "mean,0"),
        "class 'toxic' has 2 rows, too few to split in 3",
    ),
    "no identity term": ("c.csv", GOOD.replace("gay", "good"), "no comment mentions one of the 50"),
}

SETTINGS = {
    "seed": 1,
    "test_share": 0.34,
    "evaluation_share": 0.5,
    "source": "file",
    "empty": "refuse",
}
COLUMNS = {"text": "comment", "label": "toxic", "id": "", "labels": {}}


def prepare(path, empty="refuse", **columns):
    """Prepare a table of comments."""
    file = COLUMNS | {"path": str(path)} | columns
    return prepare_task("wiki", WIKI, SETTINGS | {"file": file, "empty": empty}, {})


def refused(make, *arguments, **columns):
    """Return the one line that a refusal says; a text stands neither there nor in the log."""
    with pytest.raises(StudyError) as caught:
        make(*arguments, **columns)
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET[:20] not in "".join(traceback.format_exception(caught.value))
    return message


@pytest.mark.parametrize(("name", "content", "said"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_a_bad_table_is_refused(tmp_path, name, content, said):
    path = tmp_path / name
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    message = refused(prepare, path)
    assert said in message or re.search(said, message)
    assert str(path) in message


BAD_IDS = {
    "an id twice": ("a,x,1\nb,y,0\na,z,1\n", "row 9: the id 'a' appears twice"),
    "no id": ("a,x,1\n,y,0\n", "row 8: the id in column 'id' is empty"),
    "a text for an id": (f"{SECRET},x,1\n" * 2, "row 8: the id a value of 59 characters appears"),
}


@pytest.mark.parametrize(("rows", "said"), BAD_IDS.values(), ids=BAD_IDS)
def test_a_bad_id_is_refused(tmp_path, rows, said):
    path = tmp_path / "c.csv"
    numbered = [f"{n},{line}" for n, line in enumerate(GOOD.splitlines()[1:])]
    path.write_text("\n".join(["id,comment,toxic", *numbered]) + "\n" + rows)
    assert said in refused(prepare, path, id="id")


def test_a_file_without_permission_is_refused(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(GOOD)
    reading = (
        "import sys; from pathlib import Path; from bias_transfer.data.sources import read_rows; "
        "read_rows(Path(sys.argv[1]), ['comment'])"
    )
    command = [sys.executable, "-c", reading, str(path)]
    if os.geteuid() == 0:
        # Root may read everything, unless it gives up what lifts permissions.
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    path.chmod(0)
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].endswith(
        f"StudyError: {path}: cannot be read (Permission denied)"
    )
    path.chmod(0o400)
    subprocess.run(command, capture_output=True, check=True)


LONG = "gay " * 50_000
READ_RIGHT = {
    "a byte-order mark": ("c.csv", "\ufeff" + GOOD, []),
    "a byte-order mark with tabs": ("c.tsv", "\ufeff" + tabs(GOOD), []),
    "a byte-order mark before objects": ("c.jsonl", "\ufeff" + objects(), []),
    "ends of Windows": ("c.csv", GOOD.replace("\n", "\r\n"), []),
    "ends of Windows with tabs": ("c.tsv", tabs(GOOD).replace("\n", "\r\n"), []),
    "ends of Windows between objects": ("c.jsonl", objects().replace("\n", "\r\n"), []),
    "no end behind the last row": ("c.csv", GOOD + "x,1", ["x"]),
    "blank lines at the end": ("c.csv", GOOD + "\n\n", []),
    "a blank line between rows": ("c.csv", GOOD + "x,1\n\ny,0\n", ["x", "y"]),
    "a blank line between objects": (
        "c.jsonl",
        objects("", '{"comment": "x", "toxic": 1}'),
        ["x"],
    ),
    "a line end in a text": (
        "c.csv",
        GOOD + '"two\nlines",1\n"and\r\nthree",0\n',
        ["two\nlines", "and\r\nthree"],
    ),
    "separators in a text": ("c.csv", GOOD + '"a, b; c\td",1\n', ["a, b; c\td"]),
    "quotes that are doubled": ("c.csv", GOOD + '"say ""no""",1\n"""",0\n', ['say "no"', '"']),
    "quotes inside a bare field": ("c.csv", GOOD + 'say "no",1\n', ['say "no"']),
    "an apostrophe": ("c.csv", GOOD + "it's 'so',1\n", ["it's 'so'"]),
    "a backslash": ("c.csv", GOOD + "a\\nb\\,1\n", ["a\\nb\\"]),
    "a hash": ("c.csv", GOOD + "#x,1\n", ["#x"]),
    "words for missing": (
        "c.csv",
        GOOD + "NA,1\nnull,0\nnan,1\nNone,0\n",
        ["NA", "null", "nan", "None"],
    ),
    "numbers for texts": ("c.csv", GOOD + "007,1\n1e5,0\n", ["007", "1e5"]),
    "characters of every plane": (
        "c.csv",
        GOOD + "é 漢 🙂 \u202e \u2028,1\n",
        ["é 漢 🙂 \u202e \u2028"],
    ),
    "characters by number": (
        "c.jsonl",
        objects('{"comment": "\\ud83d\\ude42", "toxic": 1}'),
        ["🙂"],
    ),
    "a formula": ("c.csv", GOOD + "=1+2,1\n", ["=1+2"]),
    "a field of 200 kB": ("c.csv", GOOD + f"{LONG},1\n", [LONG]),
    "a field of 200 kB with tabs": ("c.tsv", tabs(GOOD) + f"{LONG}\t1\n", [LONG]),
    "another column with line ends": ("c.csv", GOOD.replace(",", ',"x\ny",'), []),
    "columns of equal names that are not used": (
        "c.csv",
        "comment,a,a,toxic\n" + GOOD.split("\n", 1)[1].replace(",", ",1,2,"),
        [],
    ),
    "capitals in the ending": ("c.CSV", GOOD, []),
    "keys in another order": (
        "c.jsonl",
        objects('{"toxic": 1, "more": [], "comment": "x"}'),
        ["x"],
    ),
    "words for labels": ("c.csv", GOOD + "x,toxic\ny,True\nz,false\n", ["x", "y", "z"]),
    "truth values for labels": ("c.jsonl", objects('{"comment": "x", "toxic": true}'), ["x"]),
    "Parquet": ("c.parquet", parquet(), []),
    "Parquet with labels as fractions": (
        "c.parquet",
        parquet(toxic=[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]),
        [],
    ),
    "Parquet with categories": (
        "c.parquet",
        parquet(toxic=pyarrow.array(list("000111")).dictionary_encode()),
        [],
    ),
    "Parquet with another nested column": ("c.parquet", parquet(more=[{"a": [1]}] * 6), []),
    "Parquet with an index of pandas": (
        "c.parquet",
        pd.DataFrame({"comment": TEXTS, "toxic": [0, 0, 0, 1, 1, 1]})
        .set_index("comment")
        .to_parquet(),
        [],
    ),
}


@pytest.mark.parametrize(("name", "content", "more"), READ_RIGHT.values(), ids=READ_RIGHT)
def test_an_unusual_table_is_read_right(tmp_path, name, content, more):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows = pd.concat(prepare(path).tables.values())
    by_row = dict(zip(rows["id"].astype(int), rows["text"], strict=True))
    assert [by_row[row] for row in sorted(by_row)] == TEXTS + more
    labels = dict(zip(rows["text"], rows["label"], strict=True))
    assert [labels[text] for text in TEXTS] == ["non-toxic"] * 3 + ["toxic"] * 3


# ---- the other data sets ---------------------------------------------------------------


def test_biographies_of_one_group_are_refused(tmp_path):
    path = tmp_path / "b.csv"
    path.write_text("text,job,sex\n" + "A life,nurse,F\nA life,poet,F\n" * 3)
    columns = {"path": str(path), "text": "text", "label": "job", "group": "sex", "id": ""}
    settings = SETTINGS | {"file": columns | {"labels": {}, "groups": {}}}
    message = refused(prepare_task, "bios", BIOS, settings, {})
    assert message.startswith(f"{path}: every row is of group female; groups are compared, so a")


EMPTY = {
    "CSV": ("c.csv", GOOD + ',1\n" \t ",0\nNA,1\n'),
    "objects": (
        "c.jsonl",
        objects(
            '{"comment": null, "toxic": 1}',
            '{"comment": "", "toxic": 0}',
            '{"comment": "NA", "toxic": 1}',
        ),
    ),
}


@pytest.mark.parametrize(("name", "content"), EMPTY.values(), ids=EMPTY)
def test_empty_texts_are_dropped_and_counted_where_that_is_asked_for(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    assert "row 7: the text in column 'comment' is empty" in refused(prepare, path)
    made = prepare(path, empty="drop")
    assert made.description["empty_rows_dropped"] == 2
    rows = pd.concat(made.tables.values())
    # A row keeps the number that it has in the file.
    assert dict(zip(rows["id"], rows["text"], strict=True))["9"] == "NA"
    assert len(rows) == sum(made.description["rows"].values()) == 7


def test_the_words_for_white_space_are_white_space_again_and_bound_a_mention(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(GOOD.replace("gay", "NEWLINE_TOKENgayTAB_TOKEN"))
    rows = pd.concat(prepare(path).tables.values())
    assert not rows["text"].str.contains("_TOKEN").any()
    assert (rows.loc[rows["text"].str.contains("gay"), "group"] == "gay").all()
    assert (rows["group"] == "gay").any()


def test_a_text_of_nothing_but_the_words_for_white_space_is_empty(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(GOOD + "NEWLINE_TOKENNEWLINE_TOKEN TAB_TOKEN,1\n")
    assert "row 7: the text in column 'comment' is empty" in refused(prepare, path)
    assert prepare(path, empty="drop").description["empty_rows_dropped"] == 1


def test_a_mistake_behind_a_dropped_row_is_told_by_its_row_in_the_file(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(GOOD + ",1\nx,bad\n")
    assert "row 8: 'bad' in column 'toxic'" in refused(prepare, path, empty="drop")


def test_a_file_of_empty_texts_is_refused_even_where_they_may_be_dropped(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("comment,toxic\n,1\n,0\n")
    assert "no row has a text in 'comment'" in refused(prepare, path, empty="drop")


def test_without_an_empty_text_none_is_dropped(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(GOOD)
    assert prepare(path).description["empty_rows_dropped"] == 0
    assert prepare(path, empty="drop").description["empty_rows_dropped"] == 0


COMMENTS = "rev_id\tcomment\tsplit\n1\ta gay man\ttrain\n2\tb\tdev\n"
JUDGEMENTS = "rev_id\ttoxicity\n1.0\t1\n2.0\t0\n"
BAD_RELEASES = {
    "no column of ids": (COMMENTS.replace("rev_id", "id"), JUDGEMENTS, "no column 'rev_id'"),
    "no column of judgements": (COMMENTS, JUDGEMENTS.replace("toxi", "aggre"), "no column 'toxic"),
    "a judgement that is a word": (
        COMMENTS,
        JUDGEMENTS + "1\tvery\n",
        "row 3: the toxicity 'very' is neither 0 nor 1",
    ),
    "a judgement that is a fraction": (
        COMMENTS,
        JUDGEMENTS + "1\t0.5\n",
        "row 3: the toxicity '0.5' is neither 0 nor 1",
    ),
    "no judgement": (COMMENTS, JUDGEMENTS + "1\t\n", "row 3: the toxicity '' is neither 0 nor 1"),
    "an id that is a word": (
        COMMENTS + "x\tc\ttrain\n",
        JUDGEMENTS,
        "row 3: the rev_id 'x' is not a whole number",
    ),
    "an id without end": (
        COMMENTS,
        JUDGEMENTS + "1e999\t1\n",
        "row 3: the rev_id '1e999' is not a whole number",
    ),
    "an id twice": (COMMENTS + "2\tc\ttest\n", JUDGEMENTS, "row 3: the rev_id 2 appears twice"),
    "a split of another name": (
        COMMENTS.replace("dev", "valid"),
        JUDGEMENTS,
        "row 2: the split 'valid' is not train, dev or test",
    ),
    "a comment without judgement": (
        COMMENTS + "3\tc\ttrain\n",
        JUDGEMENTS,
        "row 3: the comment 3 has no judgement",
    ),
    "a judgement without comment": (
        COMMENTS,
        JUDGEMENTS + "3\t1\n",
        "row 3: the comment 3 is not in ",
    ),
    "comments cut off inside a row": (COMMENTS[:-5], JUDGEMENTS, "row 2: 2 fields where the head"),
    "comments cut off between rows": (
        COMMENTS[: COMMENTS.index("2\t")],
        JUDGEMENTS,
        "row 2: the comment 2 is not in ",
    ),
    "a quote that is never closed": (
        COMMENTS + f'3\t"{SECRET}\ttrain\n4\td\ttest\n',
        JUDGEMENTS,
        "row 3: the quote that opens here is never closed",
    ),
}


@pytest.mark.parametrize(
    ("comments", "judgements", "said"), BAD_RELEASES.values(), ids=BAD_RELEASES
)
def test_a_bad_detox_release_is_refused(tmp_path, comments, judgements, said):
    (tmp_path / "comments.tsv").write_text(comments)
    (tmp_path / "annotations.tsv").write_text(judgements)
    detox = {"splits": ["train", "dev"], "threshold": 0.5}
    settings = SETTINGS | {"source": "detox", "detox": detox}
    inputs = {name: tmp_path / f"{name}.tsv" for name in ("comments", "annotations")}
    assert said in refused(prepare_task, "wiki", WIKI, settings, inputs)


LABELLED = "so bad\nso so\nso good\n" * 3
BAD_SENTIMENTS = {
    "fewer labels than lines": (LABELLED, "0\n1\n2\n", "3 labels for 9 lines of"),
    "more labels than lines": ("a\n", "0\n1\n", "2 labels for 1 line of"),
    "an unknown label": (LABELLED, "0\n1\n3\n" * 3, "labels.txt, row 3: '3' in column 'label'"),
    "a label left out": (LABELLED, "0\n\n2\n" * 3, "labels.txt, row 2: column 'label' is empty"),
    "a line left out": ("a\n\nb\n" * 3, "0\n1\n2\n" * 3, "texts.txt, row 2: the text in column"),
    "nothing negative": (LABELLED, "1\n1\n2\n" * 3, "labels.txt: no text is labelled negative"),
    "nothing at all": ("", "", "texts.txt: the file is empty"),
    "a class of two": ("a\n" * 8, "0\n0\n0\n2\n2\n0\n0\n0\n", "class 'positive' has 2 rows"),
    "Latin-1": ("café\n".encode("latin-1"), "0\n", "texts.txt: not UTF-8 text"),
}


@pytest.mark.parametrize(("texts", "labels", "said"), BAD_SENTIMENTS.values(), ids=BAD_SENTIMENTS)
def test_bad_sentiment_is_refused(tmp_path, texts, labels, said):
    for name, content in (("texts", texts), ("labels", labels)):
        content = content.encode() if isinstance(content, str) else content
        (tmp_path / f"{name}.txt").write_bytes(content)
    columns = {"path": str(tmp_path / "texts.txt"), "labels_path": str(tmp_path / "labels.txt")}
    columns |= {"text": "text", "label": "label", "labels": {}}
    settings = {"seed": 1, "source": "file", "file": columns}
    assert said in refused(prepare_sentiment, settings)


FORMS = (
    "Text,Label,Template\nhug me,BAD,verb\n"
    "Being gay is odd,BAD,being_adj\nBeing gay is fine,NOT_BAD,being_adj\n"
)
BAD_TEMPLATES = {
    "without an identity": (
        "Being x is odd,BAD,being_adj\n",
        "row 4: the sentence is not of the f",
    ),
    "with a mask": ("Being gay is <mask>,BAD,being_adj\n", "row 4: the sentence holds a token of"),
    "with two masks": (
        "Being gay is <mask> <mask>,BAD,being_adj\n",
        "row 4: the sentence holds a token of the model's own, such as a mask",
    ),
    "without an attribute": ("Being gay,BAD,being_adj\n", "row 4: the sentence is not of the form"),
    "an empty sentence": (",BAD,being_adj\n", "row 4: the text in column 'Text' is empty"),
    "an unknown label": ("Being gay is x,WORSE,being_adj\n", "row 4: 'WORSE' in column 'Label'"),
    "no label": ("Being gay is x,,being_adj\n", "row 4: column 'Label' is empty"),
    "one label only": (
        "Being old is x,BAD,being_adj\n",
        "the sentences of 'old' are all of one la",
    ),
}


@pytest.mark.parametrize(("row", "said"), BAD_TEMPLATES.values(), ids=BAD_TEMPLATES)
def test_bad_template_sentences_are_refused_by_their_row_in_the_file(tmp_path, row, said):
    path = tmp_path / "t.csv"
    path.write_text(FORMS + row)
    settings = {"source": "file", "text": "Text", "label": "Label", "kind": "Template"}
    settings |= {"kinds": ["being_adj"], "labels": {}}
    assert said in refused(prepare_sentences, "wiki", WIKI, settings, path)


def corpus(path):
    settings = {"seed": 1, "source": "file", "file": {"paths": [str(path)], "text": "text"}}
    return prepare_corpus(settings | {"maximum_rows": 0})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.txt", "one\r\n\r\n  \nNA\n"),
        ("c.csv", 'text,n\none,1\n"",2\n"  ",3\nNA,4\n'),
        ("c.jsonl", '{"text": "one"}\n{"text": null}\n{"text": ""}\n{"text": "NA"}\n'),
    ],
)
def test_a_corpus_leaves_out_what_holds_no_text_and_nothing_else(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content, newline="")
    assert corpus(path).tables["corpus"]["text"].tolist() == ["one", "NA"]


BAD_CORPORA = {
    "no text": ("c.txt", b"\n \n", "config key model.corpus: 0 texts in all, and at least 2"),
    "one text": ("c.txt", b"She\n", "config key model.corpus: 1 text in all"),
    "Latin-1": ("c.txt", "a\ncafé\n".encode("latin-1"), "c.txt: not UTF-8 text"),
    "a picture": ("c.png", b"\x89PNG\r\n\x1a\n\0\0", "c.png: not UTF-8 text"),
    "a NUL": ("c.txt", b"a\nb\0\n", "c.txt: a NUL character in line 2"),
    "numbers": (
        "c.jsonl",
        b'{"text": "a"}\n{"text": 1}\n',
        "row 2: column 'text' holds a value of",
    ),
    "a pickle": ("c.pkl", b"\x80\x04.", "a pickle runs whatever it holds"),
}


@pytest.mark.parametrize(("name", "content", "said"), BAD_CORPORA.values(), ids=BAD_CORPORA)
def test_a_bad_corpus_is_refused(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    assert said in refused(corpus, path)


@pytest.mark.parametrize("term", ["c++", "a.b", "(x)", "a|b", "[ab]", "^", "\\d"])
def test_a_term_is_taken_as_it_stands(term):
    texts = [f"some {term} here", "some ab here", "some 1 c here", "x"]
    assert mentions(texts, [term]) == [term, "", "", ""]


@pytest.mark.parametrize("term", ["c++", "a.b", "(x)"])
def test_a_term_in_a_template_sentence_is_taken_as_it_stands(term):
    rows = pd.DataFrame({"Text": [f"Being {term} is x", f"Being {term} is y"], "Label": ["1", "0"]})
    columns = {"text": "Text", "label": "Label", "kind": "", "kinds": [], "labels": {}}
    assert set(templates_from(rows, columns, terms_of(term), "rows", "x")["identity_term"]) == {
        term
    }
    other = rows.assign(Text=["Being acb is x", "Being acb is y"])
    with pytest.raises(StudyError, match="row 1: the sentence is not of the form"):
        templates_from(other, columns, terms_of(term), "rows", "x")
