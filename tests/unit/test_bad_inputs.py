"""Input as it comes: the wrong is refused in one line that says where, the rest is read right."""

import json
import shutil

import pytest
import yaml
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError

from bias_transfer.errors import StudyError
from bias_transfer.models.folder import CLASSIFIER, MASKED_LM, conversion
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.main import main
from bias_transfer.study.overlays import read_config
from bias_transfer.study.parsing import parse
from tests.unit.calls import call, prepare_data
from tests.unit.conftest import ROOT
from tests.unit.definitions import BIOS, THREE_GROUPS

# ---- configs: an overlay, and what is said of it ---------------------------------------

BAD_CONFIGS = {
    "an unknown key": (
        "tasks: {wiki: {sorce: file}}",
        "config key tasks.wiki.sorce is unknown; did you mean",
    ),
    "an unknown section": ("measurs: {}", "config key measurs is unknown; did you mean 'measures'"),
    "a number as a key": ("1: 2", "config key 1 is unknown"),
    **{
        f"items in the column {item}": (
            f"tasks: {{{task}: {{item: {item}}}}}",
            f"config key tasks.{task}.item: {item!r} is a column of the tables already; give ano",
        )
        for task, item in (
            *(("bios", "score_she"), ("bios", "pronoun_ranking_word"), ("bios", "tpr_she")),
            *(("bios", "prevalence_she"), ("wiki", "fpr"), ("wiki", "negative_sentiment")),
            *(("wiki", "toxic_length"), ("bios", "scrubbed_fraction"), ("bios", "upstream_kind")),
            *(("bios", "neutral_ranking"), ("wiki", "tokens_used"), ("wiki", "toxic_sentences")),
        )
    },
    "two tasks of one title": (
        "tasks: {wiki: {title: Bios}}",
        "config key tasks.wiki.title: 'Bios' is the title of tasks.bios already; give another",
    ),
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
        "sentdebias, inlp, leace, dropout, counterfactual; did you mean 'sentdebias'?",
    ),
    "dropout of all": (
        "upstream: {dropout: {rates: [0.2, 1]}}",
        "config key upstream.dropout.rates.1: 1 is greater than",
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
        "asks for bios/sentdebias-g1/original/full/seed1 twice",
    ),
    "a seed twice": ("seeds: [1, 1]", "config key seeds: [1, 1] lists a value twice"),
    "no seed": ("seeds: []", "config key seeds: the list is empty; give at least 1 value"),
    "one group": (
        "tasks: {bios: {groups: [{name: male, word: he}]}}",
        "config key tasks.bios.groups: the list has 1 value only; give at least 2 values",
    ),
    "pairs without the groups' words": (
        "upstream: {counterfactual: {pairs: [[elle, il], [fille, fils]]}}",
        "config key upstream.counterfactual.pairs: none of 'she', 'he', the words of the groups, ",
    ),
    "groups without a pair for their words": (
        "tasks: {bios: {groups: {female: elle, male: il}, reference: male, covariates: "
        "[prevalence_elle]}}",
        "that hold them, in the corpus's language, or drop sentdebias from tasks.bios",
    ),
    "a group that YAML reads as a truth value": (
        "tasks: {bios: {groups: {yes: she, male: he}}}",
        "config key tasks.bios.groups: YAML reads True as bool, not as text; put it in quotes",
    ),
    "a word that YAML reads as a truth value": (
        "tasks: {bios: {groups: {female: on, male: he}}}",
        "config key tasks.bios.groups: YAML reads True as bool, not as text; put it in quotes",
    ),
    "a column with an accent": (
        "tasks: {bios: {item: métier}}",
        "config key tasks.bios.item: 'métier' is not of the form ^[a-z][a-z0-9_]*$, which is small",
    ),
    "a name that YAML reads as a number": (
        "tasks: {bios: {labels: [1984, nurse]}}",
        "config key tasks.bios.labels: YAML reads 1984 as int, not as text; put it in quotes",
    ),
    "a word to scrub that YAML reads as a truth value": (
        "tasks: {bios: {scrubbed_words: [elle, on]}}",
        "config key tasks.bios.scrubbed_words.1: True where text is needed; YAML reads it so: put",
    ),
    "no label": ("tasks: {bios: {labels: []}}", "the list is empty; give at least 2 values"),
    "no results folder": ("results: ''", "config key results is empty; give a value"),
    "the root for results": ("results: /", "config key results: / is the folder that Snakemake"),
    "the working directory for results": ("results: .", "give a folder of its own"),
    "a folder above for results": ("results: ..", "give a folder of its own"),
    "a file for results": ("results: a file.csv", "results: a file.csv is a file; give a folder"),
    "somebody's own files for results": (
        "results: a folder",
        "config key results: a folder holds config.json, which no study wrote and one might overw",
    ),
    "results in the folder of a checkpoint": (
        "results: a folder/new\nmodel: {source: file, file: {path: a folder}}",
        "config key results: a folder/new lies in a folder, the folder that config key "
        "model.file.path names; give a folder outside it",
    ),
    "results in the folder of a sentiment classifier": (
        "results: a folder/new\nsentiment: {source: hub, hub: {id: a folder}}",
        "a folder/new lies in a folder, the folder that config key sentiment.hub.id names",
    ),
    "results over what is read": (
        "results: begun\ntasks: {wiki: {source: file, file: {path: begun/mine.csv}}}",
        "config key results: begun holds begun/mine.csv, which config key tasks.wiki.file.path "
        "names; keep what is read out of the folder that is written to",
    ),
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
        "config key tasks.bios.file.path: gone.csv does not exist in ",
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
        "aaa does not exist in ",
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
        "config key tasks.wiki.file.labels.bad: 1 where text is needed; YAML reads it so: put it",
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
        "model: {source: file, file: {path: a folder}}\ntasks: {bios: {maximum_length: 41}}",
        "tasks.bios.maximum_length: 41 tokens, but the checkpoint has 40 positions; lower it",
    ),
    "texts longer than the sentiment classifier": (
        "sentiment: {source: hub, hub: {id: a folder}, maximum_length: 41}",
        "sentiment.maximum_length: 41 tokens, but the checkpoint has 40 positions",
    ),
    "a folder without a checkpoint": (
        "model: {source: file, file: {path: a folder/empty}}",
        "model.file.path: a folder/empty: no config.json in the folder; give one that",
    ),
    "a folder that stands for a hub id, without weights": (
        "model: {source: hub, hub: {id: a folder/without weights}}",
        "model.hub.id: a folder/without weights: no weights (*.safetensors) in the folder",
    ),
    "a sentiment classifier without a tokenizer": (
        "sentiment: {source: hub, hub: {id: a folder/without tokenizer}}",
        "sentiment.hub.id: a folder/without tokenizer: no tokenizer in the folder; save it there",
    ),
    "a tokenizer that only the package sentencepiece reads": (
        "sentiment: {source: hub, hub: {id: a folder/of SentencePiece}}",
        "sentiment.hub.id: a folder/of SentencePiece: no tokenizer.json in the folder, and a Sent",
    ),
    "a checkpoint whose weights are pickled": (
        "model: {source: file, file: {path: a folder/pickled}}",
        f"give the new folder: {conversion(MASKED_LM)}",
    ),
    "a sentiment classifier whose weights are pickled": (
        "sentiment: {source: hub, hub: {id: a folder/pickled}}",
        f"give the new folder: {conversion(CLASSIFIER)}",
    ),
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Run in a folder that holds a file and a folder in a checkpoint's form."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file.csv").write_text("comment,toxic\n")
    described = {"model_type": "roberta", "max_position_embeddings": 42, "pad_token_id": 1}
    whole = {"config.json": json.dumps(described), "model.safetensors": "", "tokenizer.json": "{}"}
    for name, lacks in {
        "a folder": (),
        "a folder/empty": whole,
        "a folder/without weights": ("model.safetensors",),
        "a folder/without tokenizer": ("tokenizer.json",),
        "a folder/of SentencePiece": ("tokenizer.json",),
        "a folder/pickled": ("model.safetensors",),
    }.items():
        (tmp_path / name).mkdir()
        for file, text in whole.items():
            if file not in lacks:
                (tmp_path / name / file).write_text(text)
    for folder in ("begun/.lineage", "interrupted/data/bios"):
        (tmp_path / folder).mkdir(parents=True)
    for name in (
        *("begun/mine.csv", "studies/README.md", "studies/.gitkeep"),
        "interrupted/logs/data/bios/original.log",
        *("studies/first/data/bios/.lineage/original.json", "studies/first/logs/data.log"),
        *("studies/second/release/lineage.json", "studies/second/release/manifest.json"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("comment,toxic\n")
    (tmp_path / "a folder/of SentencePiece/spm.model").touch()
    (tmp_path / "a folder/pickled/pytorch_model.bin").touch()
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


def test_a_task_of_a_name_without_end_is_refused(config):
    config["tasks"]["a" * 300] = config["tasks"].pop("bios")
    with pytest.raises(StudyError) as caught:
        parse(config)
    assert str(caught.value) == (
        f"config key tasks: the name {'a' * 20}… of a task has 300 letters; 60 at most"
    )


GOOD_CONFIGS = {
    "results elsewhere": "results: /tmp/some/where",
    "results of a study that was begun": "results: begun",
    "results beside a file that is read": "results: begun\ntasks: {wiki: {source: file, file: "
    "{path: a file.csv}}}",
    "results of a study that was interrupted in its first job": "results: interrupted",
    "results in a folder that holds those of other studies": "results: studies",
    "results where a release was unpacked": "results: studies/second",
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
        read_config([path])
    assert str(caught.value).startswith(f"{path}, {said}")


def test_shared_parts_of_a_config_are_no_repetition(tmp_path):
    path = tmp_path / "over.yaml"
    path.write_text("a: &a {b: 1}\nc: {<<: *a, d: *a}\ne: &e [*e]\n")
    read_config([path])


@pytest.mark.parametrize("name", ["paper.yaml", "paper-mini.yaml", "sample.yaml"])
def test_the_configs_that_are_shipped_repeat_nothing(name):
    read_config([ROOT / "config" / name])


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


# ---- data ------------------------------------------------------------------------------


def two_occupations(folder):
    """Write a table of 16 people; return its path, and the command that prepares it."""
    kinds = ["poet,F", "poet,M", "dj,F", "dj,M"] * 4
    rows = [f"Somebody works {n},{kind}" for n, kind in enumerate(kinds)]
    path = folder / "people.csv"
    path.write_text("\n".join(["text,label,group", *rows]) + "\n")
    return path, prepare_data("people", BIOS, path, folder / "made", group="group", groups={})


def test_a_bad_row_ends_in_one_line_and_nothing_is_made(tmp_path, capsys, caplog):
    path, made = two_occupations(tmp_path)
    assert main(made) == 0
    shutil.rmtree(tmp_path / "made")
    kept = set(tmp_path.rglob("*"))
    path.write_text(path.read_text().replace("works 9,poet", "works 9,poets"))
    capsys.readouterr()
    assert main(made) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {path}, row 10: 'poets' in column 'label' is not one of ")
    assert set(tmp_path.rglob("*")) == kept
    # Nor does a sentence of the data stand in the log.
    assert "Somebody works" not in caplog.text


def test_what_a_table_will_not_do_for_is_told_while_it_is_prepared(tmp_path, capsys, caplog):
    _, made = two_occupations(tmp_path)
    assert main(made) == 0
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "warning: people: no row of 26 of the 28 occupations: accountant, architect, attorney, "
        "chiropractor, comedian, composer…",
        "warning: people: occupations to compare: 2; with fewer than 6 no error is clustered and "
        "there is no verdict",
        "warning: people: only 0 occupations have 10 test rows (analysis.fewest_test_rows) in each "
        "group that is compared; a verdict needs 6",
    ]
    assert all(line.removeprefix("warning: ") in caplog.messages for line in told)


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
    "a config of more layers": (
        edited("config.json", num_hidden_layers=2),
        " missing weights, am",
    ),
    "a config of an impossible size": (edited("config.json", hidden_size=-1), "cannot be loaded"),
    "another architecture": (
        edited("config.json", model_type="gpt2"),
        "a model of type 'gpt2'; only encoders with a masked-language-model head can be used",
    ),
    "the config of another family": (
        edited("config.json", model_type="bert"),
        "no masked-language-model head",
    ),
    "no weights": (removed("model.safetensors"), "no weights (*.safetensors) in the folder"),
    "weights cut in the header": (cut(100), "the checkpoint cannot be loaded"),
    "weights cut in the numbers": (cut(5000), "the checkpoint cannot be loaded"),
    "weights that are no such file": (written("model.safetensors", b"\xff" * 64), "cannot be load"),
    "a weight that is missing": (
        weights(lambda w: w.pop(QUERY)),
        f"weight, among them {QUERY}",
    ),
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
        "1 unexpected weight, among them",
    ),
    "no language-model head": (weights(without_head), "no masked-language-model head"),
    "no tokenizer": (
        removed("tokenizer.json", "tokenizer_config.json"),
        "no tokenizer in the fold",
    ),
    "a tokenizer that only the package sentencepiece reads": (
        lambda folder: (folder / "tokenizer.json").rename(folder / "spm.model"),
        "no tokenizer.json in the folder, and a SentencePiece model alone is not read; where the",
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
}


@pytest.mark.parametrize(("change", "said"), BAD_CHECKPOINTS.values(), ids=BAD_CHECKPOINTS)
def test_a_bad_checkpoint_is_refused(tiny_checkpoint, tmp_path, capfd, change, said):
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "given")
    change(folder)
    capfd.readouterr()
    assert bring_in(folder, tmp_path) == 1
    assert_refused(folder, said, tmp_path, capfd)


def test_a_tokenizer_that_splits_a_word_to_score_is_refused(
    tiny_checkpoint, tiny_tokenizer, tmp_path, capfd
):
    for name, tokenizer in (("fit", tiny_tokenizer), ("unfit", trained_on("a wolf")(None))):
        shutil.copytree(tiny_checkpoint, tmp_path / name)
        tokenizer.save_pretrained(tmp_path / name)
    task = {"definition": BIOS.model_dump(), "measures": ["pronoun_ranking"]}
    assert bring_in(tmp_path / "fit", tmp_path, bios=task) == 0
    assert "bios" not in (tmp_path / ".lineage/made.json").read_text()
    shutil.rmtree(tmp_path / "made")
    capfd.readouterr()
    assert bring_in(tmp_path / "unfit", tmp_path, bios=task) == 1
    assert_refused(tmp_path / "unfit", "the tokenizer splits 'She' into", tmp_path, capfd)


def test_a_tokenizer_that_was_trained_here_is_refused_with_the_keys_that_make_another():
    from bias_transfer.commands.checkpoints import _check_trained
    from bias_transfer.models.tokenizer import train_tokenizer

    # As in paragraphs: no line begins with the words.
    lines = ["There she is", "There he is", "Then they are"] * 50
    task = {"definition": BIOS.model_dump(), "measures": ["pronoun_ranking"]}
    with pytest.raises(StudyError) as refused:
        _check_trained(train_tokenizer(lines, 400, 64), Job({}, {}, {}, checks={"bios": task}))
    said = str(refused.value)
    assert said.startswith("the tokenizer trained on model.corpus: the tokenizer splits 'She' into")
    assert "lines of model.corpus, a sentence each; else raise model.architecture.voc" in said


def test_no_words_of_templates_are_blamed_where_a_tokenizer_trained_here_knows_no_label(
    tiny_sentences,
):
    from bias_transfer.commands.checkpoints import _check_trained
    from bias_transfer.models.tokenizer import train_tokenizer

    definition = THREE_GROUPS | {"labels": ["ж", "жж"], "groups": {"women": "she", "men": "he"}}
    job = Job({}, {}, {}, checks={"trades": {"definition": definition, "measures": []}})
    with pytest.raises(StudyError) as refused:
        _check_trained(train_tokenizer(tiny_sentences, 512, 64, family="bert"), job)
    said = str(refused.value)
    assert said.startswith("the tokenizer trained on model.corpus: the tokenizer knows 'ж', as all")
    assert said.endswith("use other words or a tokenizer that has seen them")


def test_labels_that_a_tokenizer_does_not_know_are_told_or_refused(tiny_sentences, capfd, caplog):
    from bias_transfer.commands.checkpoints import _check
    from bias_transfer.models.tokenizer import train_tokenizer

    words = train_tokenizer(tiny_sentences, 512, 64, family="bert")
    titles = {"some": ["nurse", "ж", "жж", "poet"], "all": ["ж", "жж"], "none": ["nurse", "poet"]}
    said = {}
    for name, labels in titles.items():
        definition = THREE_GROUPS | {"labels": labels, "groups": {"women": "she", "men": "he"}}
        task = {"definition": definition, "measures": ["pronoun_ranking"]}
        job = Job({}, {}, {}, checks={name: task})
        try:
            _check(words, job, "given")
        except StudyError as error:
            said[name] = str(error)
    assert said == {
        "all": "given: the tokenizer knows 'ж', as all trades, as its unknown token only, so they "
        "have one upstream bias; use other words or a tokenizer that has seen them"
    }
    told = (
        "some: the tokenizer knows 2 of the 4 trades as its unknown token only, so their upstream "
        "bias is one and says nothing of them: ж, жж"
    )
    assert caplog.messages == [told]
    assert f"warning: {told}\n" in capfd.readouterr().err


def assert_refused(folder, said, output, capfd):
    """Check that the last line is about this folder, and that nothing was made."""
    # transformers reports on standard error too; the last line is ours.
    message = capfd.readouterr().err.splitlines()[-1]
    assert message.startswith(f"error: {folder}: ")
    assert said in message
    assert not (output / "made").exists()


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


def bring_in(folder, output, **tasks):
    """Bring a user's checkpoint in as the rule does; return what the command returns."""
    settings = {"seed": 1, "source": "file", "file": {"path": str(folder)}}
    outputs = {"manifest": output / "made/manifest.json"}
    words = call("prepare-checkpoint", settings, inputs={"source": folder}, outputs=outputs)
    return main([*words, "--checks", json.dumps(tasks)])
