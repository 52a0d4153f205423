"""Input as it comes: the wrong is refused in one line that says where, the rest is read right."""

import gzip
import io
import json
import logging
import os
import re
import shutil
import subprocess
import sys

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
import yaml
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError

from bias_transfer.data.identity_templates import templates_from
from bias_transfer.data.mentions import mentions
from bias_transfer.errors import StudyError
from bias_transfer.runtime.main import main
from bias_transfer.study.config import parse
from bias_transfer.study.mistakes import refuse_repeated_keys
from tests.unit.conftest import ROOT

# ---- configs: an overlay, and what is said of it ---------------------------------------

BAD_CONFIGS = {
    "an unknown key": (
        "tasks: {wiki: {sorce: file}}",
        "config key tasks.wiki.sorce is unknown; did you mean",
    ),
    "an unknown section": ("measurs: {}", "config key measurs is unknown; did you mean 'measures'"),
    "a number as a key": ("1: 2", "config key 1 is unknown"),
    "a list where a mapping is meant": (
        "tasks: {bios: [1]}",
        "bios: [1] where a mapping (key: value) is",
    ),
    "nothing where a mapping is meant": ("model:", "config key model: None where a mapping"),
    "text where a list is meant": ("seeds: all", "config key seeds: 'all' where a list ([…]) is"),
    "a number where a list is meant": ("seeds: 3", "config key seeds: 3 where a list"),
    "text where a number is meant": (
        "seed: many",
        "config key seed: 'many' where a whole number is needed",
    ),
    "a number that YAML reads as text": (
        "tasks: {wiki: {training: {learning_rate: 1e-3}}}",
        "'1e-3' where a number is needed; YAML reads it as text: write it out in digits",
    ),
    "a fraction of an epoch": (
        "tasks: {wiki: {training: {epochs: 2.0}}}",
        "tasks.wiki.training.epochs: 2.0 where a whole number is needed",
    ),
    "yes for a number": ("seed: yes", "config key seed: True where a whole number is needed"),
    "a negative number": (
        "tasks: {wiki: {training: {learning_rate: -0.1}}}",
        "tasks.wiki.training.learning_rate: -0.1 is less than or equal to the minimum of 0",
    ),
    "a negative seed": ("seeds: [-1]", "config key seeds.0: -1 is less than the minimum of 0"),
    "not a number": (
        "tasks: {wiki: {test_share: .nan}}",
        "config key tasks.wiki.test_share: nan is no finite number",
    ),
    "infinity": (
        "upstream: {gaussian: {standard_deviations: [.inf]}}",
        "config key upstream.gaussian.standard_deviations.0: inf is no finite number",
    ),
    "a share of nothing": (
        "tasks: {wiki: {test_share: 0}}",
        "config key tasks.wiki.test_share: 0 is less than",
    ),
    "a share of all": (
        "tasks: {bios: {test_share: 1}}",
        "config key tasks.bios.test_share: 1 is greater than",
    ),
    "a share of more than all": (
        "tasks: {bios: {test_share: 1.5}}",
        "tasks.bios.test_share: 1.5 is greater than",
    ),
    "an unknown intervention": (
        "tasks: {bios: {upstream: [sentdebiass]}}",
        "config key tasks.bios.upstream.0: 'sentdebiass' is not one of random, uniform, gaussian, "
        "sentdebias; did you mean 'sentdebias'?",
    ),
    "over-sampling out of range": (
        "tasks: {bios: {alterations: {balance: [{oversample: 1.5, undersample: 0}]}}}",
        "tasks.bios.alterations.balance.0.oversample: 1.5 is greater than the maximum of 1",
    ),
    "under-sampling out of range": (
        "tasks: {bios: {alterations: {balance: [{oversample: 0, undersample: -1}]}}}",
        "config key tasks.bios.alterations.balance.0.undersample: -1 is less than the minimum of 0",
    ),
    "a gamma twice": (
        "upstream: {sentdebias: {gammas: [1, 1.0]}}",
        "config key upstream.sentdebias.gammas: [1, 1.0] lists a value twice",
    ),
    "gammas of one name": (
        "upstream: {sentdebias: {gammas: [1, 1.00000001]}}",
        "asks for bios/sentdebias-g1/original/seed1 twice",
    ),
    "a seed twice": ("seeds: [1, 1]", "config key seeds: [1, 1] lists a value twice"),
    "no seed": ("seeds: []", "config key seeds: the list is empty; give at least 1 value"),
    "no results folder": ("results: ''", "config key results is empty; give a value"),
    "the root for results": ("results: /", "config key results: / is the folder that Snakemake"),
    "the working directory for results": ("results: .", "give a folder of its own"),
    "a folder above for results": ("results: ..", "give a folder of its own"),
    "a file for results": ("results: a file.csv", "results: a file.csv is a file; give a folder"),
    "a wildcard in a path": ("results: 'out{n}'", "holds '{', which Snakemake cannot take"),
    "a line end in a path": ('results: "a\\nb"', "config key results: the path 'a\\nb' holds"),
    "a dash before a path": ("results: -rf", "'-rf' starts with '-'"),
    "a home folder in short": ("results: ~/out", "'~/out' starts with '~'"),
    "no path for a file": (
        "tasks: {bios: {source: file}}",
        "config key tasks.bios.file.path is empty; give the path, since the source is 'file'",
    ),
    "a file that is not there": (
        "tasks: {bios: {source: file, file: {path: gone.csv}}}",
        "config key tasks.bios.file.path: gone.csv does not exist; correct the path",
    ),
    "a wildcard in the path of a file": (
        "tasks: {bios: {source: file, file: {path: '{gone}.csv'}}}",
        "config key tasks.bios.file.path: the path '{gone}.csv' holds '{'",
    ),
    "a folder for a file": (
        "tasks: {wiki: {source: file, file: {path: a folder}}}",
        "config key tasks.wiki.file.path: a folder is a folder; give a file",
    ),
    "a file for a checkpoint": (
        "model: {source: file, file: {path: a file.csv}}",
        "config key model.file.path: a file.csv is a file; give a folder",
    ),
    "no hub id": (
        "tasks: {wiki: {source: hub}}",
        "config key tasks.wiki.hub.id is empty; give the id",
    ),
    "a hub id with a space": (
        "model: {source: hub, hub: {id: roberta base}}",
        "config key model.hub.id: 'roberta base' is no folder that exists, nor an id of the form",
    ),
    "a hub id that is a path": (
        "model: {source: hub, hub: {id: /no/such/model}}",
        "config key model.hub.id: '/no/such/model' is no folder that exists",
    ),
    "a hub id that climbs": (
        "tasks: {bios: {source: hub, hub: {id: a..b/c}}}",
        "config key tasks.bios.hub.id: 'a..b/c' is no folder that exists",
    ),
    "a hub id that is the folder above": (
        "tasks: {bios: {source: hub, hub: {id: ..}}}",
        "config key tasks.bios.hub.id: .. is the folder that Snakemake runs in, or holds it",
    ),
    "a hub id that is a command": (
        "sentiment: {source: hub, hub: {id: $(touch pwned)}}",
        "config key sentiment.hub.id: '$(touch pwned)' is no folder that exists",
    ),
    "a hub id without end": (
        f"model: {{source: hub, hub: {{id: {'a' * 5000}}}}}",
        "is no folder that exists, nor an id of the form OWNER/NAME",
    ),
    "a path without end": (
        f"tasks: {{bios: {{source: file, file: {{path: {'a' * 5000}}}}}}}",
        "aaa does not exist; correct the path",
    ),
    "a hub id that is an address": (
        "model: {source: hub, hub: {id: 'https://example.org/a/b'}}",
        "config key model.hub.id: 'https://example.org/a/b' is no folder",
    ),
    "a label that YAML makes a truth value": (
        "tasks: {wiki: {file: {labels: {no: non-toxic}}}}",
        "tasks.wiki.file.labels: YAML reads the key False as bool, not as text; put it in",
    ),
    "a label that YAML makes a number": (
        "tasks: {wiki: {file: {labels: {010: toxic}}}}",
        "config key tasks.wiki.file.labels: YAML reads the key 8 as int",
    ),
    "a label that leads to a number": (
        "tasks: {wiki: {file: {labels: {bad: 1}}}}",
        "config key tasks.wiki.file.labels.bad: 1 where text is needed",
    ),
    "a column for two purposes": (
        "tasks: {wiki: {file: {label: comment}}}",
        "tasks.wiki.file.label: the column 'comment' is that of tasks.wiki.file.text already",
    ),
    "an address of no table": (
        "tasks: {wiki: {sentences: {url: {address: 'https://example.org/a.csv?b={c}'}}}}",
        "tasks.wiki.sentences.url.address: 'https://example.org/a.csv?b={c}' does not end in one",
    ),
    "texts longer than the model that is made": (
        "tasks: {bios: {maximum_length: 65}}",
        "tasks.bios.maximum_length: 65 tokens, but the checkpoint has 64 positions; lower it",
    ),
    "texts longer than the model that is given": (
        "model: {source: file, file: {path: a folder}}",
        "tasks.bios.maximum_length: 48 tokens, but the checkpoint has 40 positions; lower it",
    ),
    "texts longer than the sentiment classifier": (
        "sentiment: {source: hub, hub: {id: a folder}, maximum_length: 41}",
        "sentiment.maximum_length: 41 tokens, but the checkpoint has 40 positions",
    ),
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Run in a folder that holds a file and a folder in a checkpoint's form."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file.csv").write_text("comment,toxic\n")
    (tmp_path / "a folder").mkdir()
    described = {"model_type": "roberta", "max_position_embeddings": 42, "pad_token_id": 1}
    (tmp_path / "a folder/config.json").write_text(json.dumps(described))
    return tmp_path


def laid_over(config, overlay):
    """Merge mappings key by key and replace the rest, as --configfile does."""
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(config.get(key), dict):
            laid_over(config[key], value)
        else:
            config[key] = value
    return config


@pytest.mark.parametrize(("overlay", "said"), BAD_CONFIGS.values(), ids=BAD_CONFIGS)
def test_a_bad_config_is_refused(here, config, overlay, said):
    with pytest.raises(StudyError) as caught:
        parse(laid_over(config, yaml.safe_load(overlay)))
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    assert not (here / "pwned").exists()


GOOD_CONFIGS = {
    "results elsewhere": "results: /tmp/some/where",
    "results of an awkward name": """results: "it's $(touch pwned) `x`; & 'é' \\"" """,
    "a folder as a hub id": "model: {source: hub, hub: {id: ./a folder}}\nsentiment: &a "
    "{maximum_length: 40}\ntasks: {bios: *a, wiki: *a}",
    "an old hub id": "model: {source: hub, hub: {id: roberta-base}}",
    "labels in quotes": "tasks: {wiki: {file: {labels: {'1': toxic, 'no': non-toxic}}}}",
    "a whole number for a share of noise": "upstream: {uniform: {half_widths: [1]}}",
}


@pytest.mark.parametrize("overlay", GOOD_CONFIGS.values(), ids=GOOD_CONFIGS)
def test_an_unusual_config_is_read_right(here, config, overlay):
    parse(laid_over(config, yaml.safe_load(overlay)))


# What no parser says, and what Snakemake says for us.
REPEATED_KEYS = {
    "a section twice": ("bios: {}\nwiki: {}\nbios: {}\n", "line 3: the key 'bios' stands here for"),
    "a key twice": (
        "wiki:\n  test_share: 0.2\n  test_share: 0.3\n",
        "line 3: the key 'test_share'",
    ),
    "a key twice in a list": ("seeds: [{a: 1, a: 2}]", "line 1: the key 'a'"),
}


@pytest.mark.parametrize(("content", "said"), REPEATED_KEYS.values(), ids=REPEATED_KEYS)
def test_a_repeated_key_is_refused(tmp_path, content, said):
    path = tmp_path / "over.yaml"
    path.write_text(content)
    with pytest.raises(StudyError) as caught:
        refuse_repeated_keys(path)
    assert str(caught.value).startswith(f"{path}, {said}")


def test_shared_parts_of_a_config_are_no_repetition(tmp_path):
    path = tmp_path / "over.yaml"
    path.write_text("a: &a {b: 1}\nc: {<<: *a, d: *a}\ne: &e [*e]\n")
    refuse_repeated_keys(path)


@pytest.mark.parametrize("name", ["paper.yaml", "paper-mini.yaml", "sample.yaml"])
def test_the_configs_that_are_shipped_repeat_nothing(name):
    refuse_repeated_keys(ROOT / "config" / name)


NO_CONFIGS = {
    "broken YAML": "bios: [1\n",
    "a tab": "bios:\n\tsource: file\n",
    "an object of Python": "seed: !!python/object/apply:os.system ['touch pwned']\n",
    "an empty file": "",
    "a list": "[1, 2]\n",
    "plain text": "seed\n",
}


@pytest.mark.parametrize("content", NO_CONFIGS.values(), ids=NO_CONFIGS)
def test_a_file_that_is_no_config_is_refused_by_snakemake(here, content):
    (here / "over.yaml").write_text(content)
    with pytest.raises(WorkflowError, match="JSON or YAML"):
        load_configfile("over.yaml")
    assert not (here / "pwned").exists()


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
    "fewer fields": ("c.csv", GOOD + "x,1\nHello\ny,1\n", "row 8: 1 fields where the header has 2"),
    "fewer fields after a long text": (
        "c.csv",
        GOOD + '"two\nlines",1\nHello\n',
        "row 8: 1 fields where the header has 2",
    ),
    "more fields in every row": ("c.csv", "comment,toxic\n" + "a,b,1\n" * 6, "row 1: 3 fields"),
    "another separator": (
        "c.csv",
        GOOD.replace(",", ";"),
        "no column 'comment'; it has comment;to",
    ),
    "commas in a TSV": ("c.tsv", GOOD, "no column 'comment'"),
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
    "no text": ("c.csv", GOOD + ",1\n \t ,0\n", "row 7: the text in column 'comment' is empty; "),
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
}
COLUMNS = {"text": "comment", "label": "toxic", "id": "", "labels": {}}


def arguments(command, settings, output, **inputs):
    """Write a command as its rule does."""
    words = [command, "--settings", json.dumps(settings)]
    for name, path in inputs.items():
        words += ["--input", name, str(path)]
    return [*words, "--output", "manifest", str(output / "made/manifest.json")]


def run(command, settings, output, **inputs):
    """Run a command; return what the process would return."""
    return main(arguments(command, settings, output, **inputs))


def comments(path, **columns):
    """Return the settings of a table of comments."""
    return SETTINGS | {"file": COLUMNS | {"path": str(path)} | columns}


def prepare(path, output, **columns):
    """Prepare a table of comments."""
    return run("prepare-wiki", comments(path, **columns), output)


@pytest.fixture
def refusal(capsys, caplog, tmp_path):
    """Return a function that gives a refused command's one line, when nothing else came of it."""
    caplog.set_level(logging.DEBUG)

    def line():
        said = capsys.readouterr()
        assert said.out == ""
        assert re.fullmatch(r"error: [^\n]+\n", said.err), said.err
        assert "unexpected" not in said.err
        # Tracebacks go to the log, texts nowhere.
        assert "Traceback" in caplog.text
        assert SECRET[:20] not in said.err + caplog.text
        assert not (tmp_path / "made").exists()
        return said.err

    return line


@pytest.mark.parametrize(("name", "content", "said"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_a_bad_table_is_refused(tmp_path, refusal, name, content, said):
    path = tmp_path / name
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert prepare(path, tmp_path) == 1
    message = refusal()
    assert said in message or re.search(said, message)
    # The splitting names the data set, everything else the file.
    assert str(path) in message or "error: wiki: " in message


BAD_IDS = {
    "an id twice": ("a,x,1\nb,y,0\na,z,1\n", "row 9: the id 'a' appears twice"),
    "no id": ("a,x,1\n,y,0\n", "row 8: the id in column 'id' is empty"),
    "a text for an id": (f"{SECRET},x,1\n" * 2, "row 8: the id a value of 59 characters appears"),
}


@pytest.mark.parametrize(("rows", "said"), BAD_IDS.values(), ids=BAD_IDS)
def test_a_bad_id_is_refused(tmp_path, refusal, rows, said):
    path = tmp_path / "c.csv"
    numbered = [f"{n},{line}" for n, line in enumerate(GOOD.splitlines()[1:])]
    path.write_text("\n".join(["id,comment,toxic", *numbered]) + "\n" + rows)
    assert prepare(path, tmp_path, id="id") == 1
    assert said in refusal()


def test_a_file_without_permission_is_refused(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(GOOD)
    log = tmp_path / "c.log"
    command = [sys.executable, "-m", "bias_transfer.runtime.main"]
    command += [*arguments("prepare-wiki", comments(path), tmp_path), "--log", str(log)]
    if os.geteuid() == 0:
        # Root may read everything, unless it gives up what lifts permissions.
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    path.chmod(0)
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr == f"error: {path}: cannot be read (Permission denied) (log: {log})\n"
    assert "Traceback" in log.read_text()
    assert SECRET[:20] not in log.read_text()
    assert not (tmp_path / "made").exists()
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
def test_an_unusual_table_is_read_right(tmp_path, capsys, name, content, more):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert prepare(path, tmp_path) == 0
    assert capsys.readouterr().err == ""
    parts = [pd.read_parquet(file) for file in sorted((tmp_path / "made").glob("*.parquet"))]
    rows = pd.concat(parts)
    by_row = dict(zip(rows["id"].astype(int), rows["text"], strict=True))
    assert [by_row[row] for row in sorted(by_row)] == TEXTS + more
    labels = dict(zip(rows["text"], rows["label"], strict=True))
    assert [labels[text] for text in TEXTS] == ["non-toxic"] * 3 + ["toxic"] * 3


# ---- the other data sets ---------------------------------------------------------------


def test_biographies_of_one_gender_are_refused(tmp_path, refusal):
    path = tmp_path / "b.csv"
    path.write_text("text,job,sex\n" + "A life,nurse,F\nA life,poet,F\n" * 3)
    columns = {"path": str(path), "text": "text", "label": "job", "group": "sex", "id": ""}
    settings = SETTINGS | {"file": columns | {"labels": {}, "groups": {}}}
    assert run("prepare-bios", settings, tmp_path) == 1
    message = refusal()
    assert f"{path}: every row is female; women and men are compared, so both are needed" in message


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
def test_a_bad_detox_release_is_refused(tmp_path, refusal, comments, judgements, said):
    (tmp_path / "comments.tsv").write_text(comments)
    (tmp_path / "annotations.tsv").write_text(judgements)
    detox = {"splits": ["train", "dev"], "threshold": 0.5}
    settings = SETTINGS | {"source": "detox", "detox": detox}
    inputs = {name: tmp_path / f"{name}.tsv" for name in ("comments", "annotations")}
    assert run("prepare-wiki", settings, tmp_path, **inputs) == 1
    assert said in refusal()


LABELLED = "so bad\nso so\nso good\n" * 3
BAD_SENTIMENTS = {
    "fewer labels than lines": (LABELLED, "0\n1\n2\n", "3 labels for the 9 lines of"),
    "more labels than lines": ("a\n", "0\n1\n", "2 labels for the 1 lines of"),
    "an unknown label": (LABELLED, "0\n1\n3\n" * 3, "labels.txt, row 3: '3' in column 'label'"),
    "a label left out": (LABELLED, "0\n\n2\n" * 3, "labels.txt, row 2: column 'label' is empty"),
    "a line left out": ("a\n\nb\n" * 3, "0\n1\n2\n" * 3, "texts.txt, row 2: the text in column"),
    "nothing negative": (LABELLED, "1\n1\n2\n" * 3, "labels.txt: no text is labelled negative"),
    "nothing at all": ("", "", "texts.txt: the file is empty"),
    "a class of two": ("a\n" * 8, "0\n0\n0\n2\n2\n0\n0\n0\n", "class 'positive' has 2 rows"),
    "Latin-1": ("café\n".encode("latin-1"), "0\n", "texts.txt: not UTF-8 text"),
}


@pytest.mark.parametrize(("texts", "labels", "said"), BAD_SENTIMENTS.values(), ids=BAD_SENTIMENTS)
def test_bad_sentiment_is_refused(tmp_path, refusal, texts, labels, said):
    for name, content in (("texts", texts), ("labels", labels)):
        content = content.encode() if isinstance(content, str) else content
        (tmp_path / f"{name}.txt").write_bytes(content)
    columns = {"path": str(tmp_path / "texts.txt"), "labels_path": str(tmp_path / "labels.txt")}
    columns |= {"text": "text", "label": "label", "labels": {}}
    settings = {"seed": 1, "source": "file", "file": columns}
    assert run("prepare-sentiment", settings, tmp_path) == 1
    assert said in refusal()


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
        "row 4: the sentence holds a token of the model's own, such as <mask>",
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
def test_bad_template_sentences_are_refused_by_their_row_in_the_file(tmp_path, refusal, row, said):
    path = tmp_path / "t.csv"
    path.write_text(FORMS + row)
    settings = {"source": "file", "text": "Text", "label": "Label", "kind": "Template"}
    settings |= {"kinds": ["being_adj"], "labels": {}}
    assert run("prepare-identity-templates", settings, tmp_path, file=path) == 1
    assert said in refusal()


def corpus(path, output):
    settings = {"seed": 1, "source": "file", "file": {"paths": [str(path)], "text": "text"}}
    return run("prepare-corpus", settings | {"maximum_rows": 0}, output)


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
    assert corpus(path, tmp_path) == 0
    made = pd.read_parquet(tmp_path / "made/corpus.parquet")
    assert made["text"].tolist() == ["one", "NA"]


BAD_CORPORA = {
    "no text": ("c.txt", b"\n \n", "config key model.corpus: 0 texts in all, and at least 2"),
    "one text": ("c.txt", b"She\n", "config key model.corpus: 1 texts in all"),
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
def test_a_bad_corpus_is_refused(tmp_path, refusal, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    assert corpus(path, tmp_path) == 1
    assert said in refusal()


@pytest.mark.parametrize("term", ["c++", "a.b", "(x)", "a|b", "[ab]", "^", "\\d"])
def test_a_term_is_taken_as_it_stands(term):
    texts = [f"some {term} here", "some ab here", "some 1 c here", "x"]
    assert mentions(texts, [term]) == [term, "", "", ""]


@pytest.mark.parametrize("term", ["c++", "a.b", "(x)"])
def test_a_term_in_a_template_sentence_is_taken_as_it_stands(term):
    rows = pd.DataFrame({"Text": [f"Being {term} is x", f"Being {term} is y"], "Label": ["1", "0"]})
    columns = {"text": "Text", "label": "Label", "kind": "", "kinds": [], "labels": {}}
    assert set(templates_from(rows, columns, "rows", [term])["identity_term"]) == {term}
    other = rows.assign(Text=["Being acb is x", "Being acb is y"])
    with pytest.raises(StudyError, match="row 1: the sentence is not of the form"):
        templates_from(other, columns, "rows", [term])


# ---- checkpoints -----------------------------------------------------------------------


def edited(name, **changes):
    def change(folder):
        content = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(content | changes))

    return change


def removed(*names):
    def change(folder):
        for name in names:
            (folder / name).unlink()

    return change


def written(name, content):
    def change(folder):
        (folder / name).write_bytes(content)

    return change


def cut(kept):
    def change(folder):
        file = folder / "model.safetensors"
        file.write_bytes(file.read_bytes()[:kept])

    return change


def weights(change_them):
    def change(folder):
        from safetensors.torch import load_file, save_file

        tensors = load_file(folder / "model.safetensors")
        change_them(tensors)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    return change


def without_head(tensors):
    for name in [name for name in tensors if name.startswith("lm_head.")]:
        del tensors[name]


def retokenised(change_it):
    def change(folder):
        from bias_transfer.models.checkpoints import load_tokenizer

        tokenizer = load_tokenizer(str(folder))
        change_it(tokenizer).save_pretrained(folder)

    return change


def with_a_word_more(tokenizer):
    tokenizer.add_tokens(["zyxwvu"])
    return tokenizer


def with_other_padding(tokenizer):
    tokenizer.pad_token = "</s>"
    return tokenizer


def without_mask(folder):
    from transformers import PreTrainedTokenizerFast

    bare = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), pad_token="<pad>")
    bare.save_pretrained(folder)


def trained_on(*lines):
    def make(_):
        from bias_transfer.models.tokenizer import train_tokenizer

        return train_tokenizer(lines * 9, vocabulary_size=280, maximum_length=40)

    return make


QUERY = "roberta.encoder.layer.0.attention.self.query.weight"
BAD_CHECKPOINTS = {
    "an empty folder": (
        lambda folder: [file.unlink() for file in folder.iterdir()],
        "no tokenizer",
    ),
    "no config": (removed("config.json"), "no config.json in the folder"),
    "a config that is no JSON": (written("config.json", b"{"), "is not a valid JSON file"),
    "a config that is a list": (written("config.json", b"[]"), "must be a mapping, not list"),
    "a config of another size": (edited("config.json", hidden_size=32), "is of shape (16,"),
    "a config of more layers": (edited("config.json", num_hidden_layers=2), "weights are missing"),
    "a config of an impossible size": (edited("config.json", hidden_size=-1), "cannot be loaded"),
    "another architecture": (edited("config.json", model_type="bert"), "only RoBERTa checkpoints"),
    "no weights": (removed("model.safetensors"), "no weights (*.safetensors) in the folder"),
    "weights cut in the header": (cut(100), "the checkpoint cannot be loaded"),
    "weights cut in the numbers": (cut(5000), "the checkpoint cannot be loaded"),
    "weights that are no such file": (written("model.safetensors", b"\xff" * 64), "cannot be load"),
    "a weight that is missing": (weights(lambda w: w.pop(QUERY)), f"missing, among them {QUERY}"),
    "a weight of another shape": (
        weights(lambda w: w.update({QUERY: w[QUERY][:, :8].contiguous()})),
        f"the weight {QUERY} is of shape (16, 8) where config.json means (16, 16)",
    ),
    "a weight that is not a number": (
        weights(lambda w: w[QUERY].view(-1)[3:4].fill_(float("nan"))),
        f"the weight {QUERY} holds NaN or infinite numbers",
    ),
    "a weight too many": (
        weights(lambda w: w.update({"roberta.more": w[QUERY].clone()})),
        "1 unexpected weights, among them",
    ),
    "no language-model head": (weights(without_head), "no masked-language-model head"),
    "no tokenizer": (
        removed("tokenizer.json", "tokenizer_config.json"),
        "no tokenizer in the fold",
    ),
    "a tokenizer that is no JSON": (written("tokenizer.json", b"x"), "no tokenizer can be loaded"),
    "a tokenizer that is empty": (written("tokenizer.json", b"{}"), "no tokenizer can be loaded"),
    "a tokenizer without a mask": (without_mask, "a fast tokenizer with a mask token is needed"),
    "a tokenizer with more tokens than embeddings": (
        retokenised(with_a_word_more),
        "380 embeddings; give the tokenizer that the model was trained with",
    ),
    "a tokenizer with other padding": (
        retokenised(with_other_padding),
        "the padding token is 2 for the tokenizer and 1 for the model",
    ),
    "a tokenizer that splits She": (
        retokenised(trained_on("a wolf")),
        "the tokenizer splits 'She' into",
    ),
}


@pytest.mark.parametrize(("change", "said"), BAD_CHECKPOINTS.values(), ids=BAD_CHECKPOINTS)
def test_a_bad_checkpoint_is_refused(tiny_checkpoint, tmp_path, capfd, change, said):
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "given")
    change(folder)
    capfd.readouterr()
    assert bring_in(folder, tmp_path) == 1
    # transformers reports on standard error too; the last line is ours.
    message = capfd.readouterr().err.splitlines()[-1]
    assert message.startswith(f"error: {folder}: ")
    assert said in message
    assert not (tmp_path / "made").exists()


def test_a_tokenizer_in_two_files_is_read_right(tiny_checkpoint, tiny_tokenizer, tmp_path):
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "given")
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = ["#version: 0.2", *(" ".join(pair) for pair in model["merges"])]
    (folder / "merges.txt").write_text("\n".join(merges) + "\n")
    (folder / "tokenizer.json").unlink()
    assert bring_in(folder, tmp_path) == 0
    made = json.loads((tmp_path / "made/tokenizer.json").read_text())["model"]
    assert made["vocab"] == model["vocab"]


def bring_in(folder, output):
    """Bring a user's checkpoint in as the rule does; return what the command returns."""
    settings = {"seed": 1, "source": "file", "file": {"path": str(folder)}}
    return run("prepare-checkpoint", settings, output)
