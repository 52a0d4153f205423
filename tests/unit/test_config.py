"""The config and its model: they agree, and every mistake is told in one line with its key."""

import itertools
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from bias_transfer.errors import StudyError
from bias_transfer.study.config import Study
from bias_transfer.study.overlays import laid_over
from bias_transfer.study.parsing import parse
from bias_transfer.study.reference import FILES
from bias_transfer.study.sources import is_generated, source_paths, tables, text_note
from bias_transfer.study.walk import settings_in_use

ROOT = Path(__file__).parents[2]
SCHEMA_PATH = ROOT / "workflow" / "schemas" / "config.schema.yaml"
SCHEMA = yaml.safe_load(SCHEMA_PATH.read_text())


def described_keys():
    """Yield each key of each section of the schema."""
    for name, section in {"": SCHEMA, **SCHEMA["$defs"]}.items():
        for key, part in section.get("properties", {}).items():
            referred = SCHEMA["$defs"].get(part.get("$ref", "").rpartition("/")[2], {})
            yield f"{name}.{key}", referred | part, key in section.get("required", [])


@pytest.mark.parametrize("name", FILES)
def test_what_is_made_from_the_model_is_up_to_date(name):
    # If not: python -m bias_transfer.study.reference
    assert (ROOT / name).read_text() == FILES[name]()


def test_the_config_that_is_shipped_is_the_default(config):
    assert parse(config) == parse({})


def test_the_config_that_is_shipped_suits_the_schema(config):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(config, SCHEMA)


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_overlays_that_are_shipped_suit_the_schema_and_the_model(config, path, monkeypatch):
    # Paths are as seen from where Snakemake runs.
    monkeypatch.chdir(ROOT)
    config = laid_over(config, yaml.safe_load(path.read_text()))
    if path.stem == "sample":
        # Its files are the user's.
        config["tasks"]["bios"]["source"] = config["tasks"]["wiki"]["source"] = "generated"
        config["model"]["corpus"]["source"] = "generated"
    jsonschema.validate(config, SCHEMA)
    parse(config)


def test_every_key_is_described_and_has_a_default_or_must_be_given():
    keys = list(described_keys())
    assert len(keys) > 120
    assert [key for key, part, _ in keys if not part.get("description", "").strip()] == []
    assert [key for key, part, required in keys if required == ("default" in part)] == []


def test_every_key_of_the_config_that_is_shipped_is_commented():
    lines = (ROOT / "config.yaml").read_text().splitlines()
    bare = [
        line
        for above, line in itertools.pairwise(lines)
        if line.strip() and "#" not in line and not above.lstrip().startswith("#")
    ]
    # The two tasks are named, and entries of lists are described by the page.
    assert [line.strip() for line in bare if not line.lstrip().startswith("- ")] == [
        "bios:",
        "wiki:",
    ]


def test_what_is_parsed_is_parsed_to_the_same_again(config):
    study = parse(config)
    assert Study.model_validate(study.model_dump()) == study


def test_reading_a_config_starts_no_large_library():
    program = (
        "import sys; from bias_transfer.study.parsing import parse; parse({});"
        "print(*{'torch', 'transformers', 'datasets', 'snakemake', 'scipy.stats'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_a_key_that_is_left_out_has_its_default(config):
    del config["measures"]["pronoun_ranking"]["prior_mask"]
    del config["scoring"]
    assert parse(config) == parse({})


def test_a_task_that_is_null_is_left_out(config):
    config["tasks"]["wiki"] = None
    assert list(parse(config).tasks) == ["bios"]


def test_a_task_of_ones_own_needs_few_keys(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("text,label,group\n")
    task = {
        "kind": "labels_by_group",
        "title": "Trades",
        "labels": ["welder", "baker"],
        "groups": {"women": "she", "men": "he", "others": "they"},
        "reference": "men",
        "templates": {"is": "{word} is {a_label}"},
        "file": {"path": str(table)},
        "maximum_length": 64,
        "measures": ["pronoun_ranking"],
        "covariates": ["group_share"],
        "outcome": "tpr_gap",
    }
    study = parse({"tasks": {"trades": task}})
    definition = study.definition("trades")
    assert [label.name for label in definition.labels] == ["welder", "baker"]
    assert [group.word for group in definition.comparisons] == ["she", "they"]
    assert definition.templates == {"is": "{word} is {a_label}"}
    # The women's share says nothing of the others.
    wrong = {"tasks": {"trades": task | {"covariates": ["prevalence_she"]}}}
    with pytest.raises(StudyError, match=r"covariates\.0: 'prevalence_she'.*group_share"):
        parse(wrong)
    # What measuring does not depend on is no part of the definition.
    assert not hasattr(definition, "training")
    assert list(source_paths(study)) == ["tasks.trades.file.path"]


def test_settings_in_use_hold_no_other_source(config):
    study = parse(config)
    assert set(settings_in_use(study.model)) == {"source", "corpus", "architecture", "pretraining"}
    assert set(settings_in_use(study.model)["corpus"]) == {"source", "generated", "maximum_rows"}


def put(*keys_and_value):
    """Return a function that writes a value into a config."""
    *keys, last, value = keys_and_value

    def change(config):
        for key in keys:
            config = config[key]
        config[last] = value

    return change


def remove(*keys):
    *keys, last = keys

    def change(config):
        for key in keys:
            config = config[key]
        del config[last]

    return change


def both(*changes):
    def change(config):
        for each in changes:
            each(config)

    return change


MISTAKES = {
    "a mistyped key": (
        put("tasks", "bios", "test_shar", 0.2),
        ["config key tasks.bios.test_shar is unknown", "did you mean 'test_share'?"],
    ),
    "a key unlike any other": (
        put("scoring", "zzz", 1),
        ["config key scoring.zzz is unknown", "known keys: batch_size, gpus"],
    ),
    "a mistyped section": (put("modl", {}), ["config key modl", "did you mean 'model'?"]),
    "a missing key": (
        remove("tasks", "bios", "title"),
        ["config key tasks.bios: the key 'title' is missing", "docs/config.md"],
    ),
    "a missing kind": (
        remove("tasks", "bios", "kind"),
        ["config key tasks.bios: the key 'kind' is missing"],
    ),
    "an unknown kind": (
        put("tasks", "bios", "kind", "label_by_group"),
        ["config key tasks.bios.kind: 'label_by_group'", "did you mean 'labels_by_group'?"],
    ),
    "no task": (put("tasks", {}), ["config key tasks: the mapping is empty"]),
    "every task left out": (
        both(put("tasks", "bios", None), put("tasks", "wiki", None)),
        ["config key tasks: the mapping is empty"],
    ),
    "a task of an awkward name": (
        put("tasks", "my task", {}),
        ["config key tasks: 'my task' is no name for a task", "letters, digits"],
    ),
    "a task that is named like a folder": (
        put("tasks", "corpus", {}),
        ["config key tasks: 'corpus' is the name of a folder"],
    ),
    "an unknown measure": (
        put("tasks", "bios", "measures", ["pronoun_rankin"]),
        ["config key tasks.bios.measures.0: 'pronoun_rankin'", "did you mean 'pronoun_ranking'?"],
    ),
    "a measure of another kind of task": (
        put("tasks", "bios", "measures", ["negative_sentiment"]),
        ["config key tasks.bios.measures.0: 'negative_sentiment' is not one of", "pronoun_ranking"],
    ),
    "a measure twice": (
        put("tasks", "bios", "measures", ["pronoun_ranking", "pronoun_ranking"]),
        ["config key tasks.bios.measures", "lists a value twice"],
    ),
    "a method twice": (
        put("tasks", "bios", "upstream", ["random", "random"]),
        ["config key tasks.bios.upstream", "lists a value twice"],
    ),
    "an unknown covariate": (
        put("tasks", "bios", "covariates", ["prevalence_he"]),
        ["config key tasks.bios.covariates.0: 'prevalence_he'", "did you mean 'prevalence_she'?"],
    ),
    "an outcome of another kind of task": (
        put("tasks", "wiki", "outcome", "tpr_ratio"),
        ["config key tasks.wiki.outcome: 'tpr_ratio' is not one of fpr"],
    ),
    "an unknown alteration": (
        put("tasks", "bios", "alterations", {"balanse": []}),
        ["config key tasks.bios.alterations.balanse is unknown; did you mean 'balance'?"],
    ),
    "an alteration of another kind of task": (
        put("tasks", "bios", "alterations", {"scrub": [{"mentions": "all", "fraction": 1}]}),
        ["config key tasks.bios.alterations.scrub: it alters tasks of kind mentions"],
    ),
    "an unknown adaptation": (
        put("tasks", "bios", "adaptation", ["full", "heat"]),
        ["config key tasks.bios.adaptation.1: 'heat'", "did you mean 'head'?"],
    ),
    "an adaptation twice": (
        put("tasks", "bios", "adaptation", ["full", "full"]),
        ["config key tasks.bios.adaptation", "lists a value twice"],
    ),
    "no adaptation": (
        put("tasks", "bios", "adaptation", []),
        ["config key tasks.bios.adaptation", "the list is empty"],
    ),
    "an adaptation outside a list": (
        put("tasks", "bios", "adaptation", "full"),
        ["config key tasks.bios.adaptation", "'full'", "list"],
    ),
    "a method to adapt that the task does not use": (
        put("tasks", "wiki", "adapted", ["sentdebias"]),
        ["config key tasks.wiki.adapted.0: 'sentdebias' is not among tasks.wiki.upstream"],
    ),
    "every seed of a method that is not there": (
        put("tasks", "wiki", "every_seed", ["gaussian", "sentdebias"]),
        ["config key tasks.wiki.every_seed.1: 'sentdebias' is not among tasks.wiki.upstream"],
    ),
    "a rank of zero": (
        put("adaptations", "lora", "rank", 0),
        ["config key adaptations.lora.rank"],
    ),
    "an alteration twice": (
        put("tasks", "wiki", "alterations", {"scrub": 2 * [{"mentions": "all", "fraction": 1}]}),
        ["wiki/pretrained/scrub-all-1/full/seed1 twice", "remove one"],
    ),
    "an unknown method to cross": (
        put("tasks", "wiki", "crossed", [{"upstream": "rando"}]),
        ["config key tasks.wiki.crossed.0.upstream: 'rando'", "did you mean 'random'?"],
    ),
    "sentences that nobody gives": (
        put("tasks", "wiki", "sentences", "source", "none"),
        ["config key tasks.wiki.sentences.source: 'none'", "identity_ranking"],
    ),
    "a reference that is no group": (
        put("tasks", "bios", "reference", "mal"),
        ["config key tasks.bios", "'mal'", "male"],
    ),
    "a vocabulary that does not exist": (
        put("tasks", "bios", "labels", "ocupations"),
        ["config key tasks.bios.labels", "ocupations"],
    ),
    "a template without a label": (
        put("tasks", "bios", "templates", {"is": "{word} is tall"}),
        ["config key tasks.bios.templates", "'is'", "{label}"],
    ),
    "an unknown intervention": (
        put("tasks", "bios", "upstream", ["random", "sentdebiass"]),
        ["config key tasks.bios.upstream.1", "'sentdebiass'", "did you mean 'sentdebias'?"],
    ),
    "an unknown source": (
        put("tasks", "wiki", "source", "fil"),
        ["config key tasks.wiki.source", "'fil' is not one of", "did you mean 'file'?"],
    ),
    "an unknown kind of mention": (
        put("tasks", "wiki", "alterations", "scrub", [{"mentions": "some", "fraction": 1}]),
        ["config key tasks.wiki.alterations.scrub.0.mentions", "toxic, all"],
    ),
    "a negative standard deviation": (
        put("upstream", "gaussian", "standard_deviations", [-0.3]),
        ["config key upstream.gaussian.standard_deviations.0", "-0.3"],
    ),
    "gamma zero": (
        put("upstream", "sentdebias", "gammas", [1, 0]),
        ["config key upstream.sentdebias.gammas.1", "pretrained", "remove it"],
    ),
    "a gamma twice": (
        put("upstream", "sentdebias", "gammas", [1, 10, 1.0]),
        ["config key upstream.sentdebias.gammas", "lists a value twice"],
    ),
    "two gammas of one name": (
        put("upstream", "sentdebias", "gammas", [1.0000001, 1.0000002]),
        ["bios/sentdebias-g1/original/full/seed1 twice", "remove one"],
    ),
    "no gamma": (
        put("upstream", "sentdebias", "gammas", []),
        ["upstream.sentdebias.gammas is empty", "bios.upstream", "drop sentdebias there"],
    ),
    "no standard deviation": (
        put("upstream", "gaussian", "standard_deviations", []),
        ["upstream.gaussian.standard_deviations is empty", "at least one value"],
    ),
    "no trial": (
        put("upstream", "random", "trials", 0),
        ["upstream.random.trials is 0", "set at least 1"],
    ),
    "no seed": (put("seeds", []), ["config key seeds", "empty", "at least 1"]),
    "text for a number": (
        put("tasks", "bios", "training", "learning_rate", "5e-6"),
        ["config key tasks.bios.training.learning_rate", "'5e-6'", "number"],
    ),
    "a number for text": (put("results", 3), ["config key results", "where text is needed"]),
    "half an epoch": (
        put("tasks", "wiki", "training", "epochs", 0.5),
        ["config key tasks.wiki.training.epochs", "a whole number"],
    ),
    "truth for a number": (put("seed", True), ["config key seed", "a whole number"]),
    "a share of one": (put("tasks", "bios", "test_share", 1), ["config key tasks.bios.test_share"]),
    "agreement above one": (
        put("generator", "agreement", 1.5),
        ["config key generator.agreement", "maximum"],
    ),
    "no path of a file": (
        put("tasks", "bios", "source", "file"),
        ["config key tasks.bios.file.path is empty", "give the path"],
    ),
    "a path that does not exist": (
        both(
            put("tasks", "wiki", "source", "file"),
            put("tasks", "wiki", "file", "path", "no/such.csv"),
        ),
        [
            "config key tasks.wiki.file.path",
            # Not in the folder of the config, as some would have it.
            f"no/such.csv does not exist in {Path.cwd()}, where Snakemake runs; correct the path",
        ],
    ),
    "no path of a checkpoint": (put("model", "source", "file"), ["model.file.path is empty"]),
    "no path of a corpus": (
        put("model", "corpus", "source", "file"),
        ["model.corpus.file.paths is empty"],
    ),
    "a second corpus file that does not exist": (
        both(
            put("model", "corpus", "source", "file"),
            put("model", "corpus", "file", "paths", [str(SCHEMA_PATH), "gone.txt"]),
        ),
        ["config key model.corpus.file.paths", "gone.txt does not exist"],
    ),
    "labels that do not exist": (
        both(
            put("sentiment", "source", "file"),
            put("sentiment", "file", "path", str(SCHEMA_PATH)),
            put("sentiment", "file", "labels_path", "gone.txt"),
        ),
        ["config key sentiment.file.labels_path", "gone.txt does not exist"],
    ),
    "no hub id": (put("tasks", "wiki", "source", "hub"), ["wiki.hub.id is empty", "give the id"]),
    "no hub id of a corpus": (
        put("model", "corpus", "source", "hub"),
        ["model.corpus.hub.id is empty"],
    ),
    "a Detox file that does not exist": (
        both(
            put("tasks", "wiki", "source", "detox"),
            put("tasks", "wiki", "detox", "comments", "gone.tsv"),
        ),
        ["config key tasks.wiki.detox.comments", "gone.tsv does not exist"],
    ),
    "templates that do not exist": (
        both(
            put("tasks", "wiki", "sentences", "source", "file"),
            put("tasks", "wiki", "sentences", "file", "path", "gone.csv"),
        ),
        ["config key tasks.wiki.sentences.file.path", "gone.csv does not exist"],
    ),
    "a checksum that is none": (
        put("tasks", "wiki", "sentences", "url", "sha256", "abc"),
        ["config key tasks.wiki.sentences.url.sha256", "'abc'"],
    ),
    "a release that is none": (
        put("release", "no/such/folder"),
        ["config key release", "no/such/folder is no results release"],
    ),
    "more scrubbed random checkpoints than there are": (
        put("tasks", "wiki", "crossed", [{"upstream": "random", "trials": 3}]),
        ["config key tasks.wiki.crossed.0.trials: 3", "upstream.random makes 1 only"],
    ),
    "a width that the heads do not divide": (
        put("model", "architecture", "hidden_size", 65),
        ["model.architecture.hidden_size", "65 is not a multiple", "(4)"],
    ),
}


@pytest.mark.parametrize(("change", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_one_line_with_its_key_and_advice(config, change, said):
    change(config)
    with pytest.raises(StudyError) as caught:
        parse(config)
    message = str(caught.value)
    assert "\n" not in message
    for part in said:
        assert part in message


def test_the_deepest_of_several_mistakes_is_told(config):
    config["generator"] = 3
    config["tasks"]["bios"]["training"]["epochs"] = "two"
    with pytest.raises(StudyError, match=r"tasks\.bios\.training\.epochs"):
        parse(config)


def test_a_grid_that_nobody_asks_for_may_be_empty(config):
    config["tasks"]["bios"] |= {"upstream": [], "adapted": []}
    config["upstream"]["sentdebias"]["gammas"] = []
    parse(config)


def test_paths_of_sources_that_are_not_used_are_not_looked_at(config):
    config["tasks"]["bios"]["file"]["path"] = "no/such.csv"
    parse(config)
    assert source_paths(parse(config)) == {}


def test_files_that_exist_are_accepted(config, tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("comment,toxic\n")
    config["tasks"]["wiki"]["source"] = "file"
    config["tasks"]["wiki"]["file"]["path"] = str(table)
    parse(config)
    assert source_paths(parse(config)) == {"tasks.wiki.file.path": [str(table)]}


# Each a part of the config with a table, and what is said of it without one of its columns.
TABLES = {
    "a task's text": (
        {"tasks": {"wiki": {"source": "file", "file": {"path": "rows.csv", "text": "said"}}}},
        "config key tasks.wiki.file.text: rows.csv: no column 'said'; it has comment, toxic",
    ),
    "a task's label": (
        {"tasks": {"wiki": {"source": "file", "file": {"path": "rows.csv", "label": "rude"}}}},
        "config key tasks.wiki.file.label: rows.csv: no column 'rude'",
    ),
    "a task's id": (
        {"tasks": {"wiki": {"source": "file", "file": {"path": "rows.csv", "id": "number"}}}},
        "config key tasks.wiki.file.id: rows.csv: no column 'number'",
    ),
    "a task's group": (
        {
            "tasks": {
                "bios": {
                    "source": "file",
                    "file": {"path": "rows.csv", "text": "comment", "label": "toxic"},
                }
            }
        },
        "config key tasks.bios.file.group: rows.csv: no column 'gender'",
    ),
    "a task's sentences": (
        {
            "tasks": {
                "wiki": {"sentences": {"source": "file", "file": {"path": "rows.csv"}}},
            }
        },
        "config key tasks.wiki.sentences.text: rows.csv: no column 'Text'",
    ),
    "the corpus": (
        {
            "model": {
                "corpus": {"source": "file", "file": {"paths": ["lines.txt", "rows.csv"]}},
            }
        },
        "config key model.corpus.file.text: rows.csv: no column 'text'",
    ),
    "labelled text": (
        {"sentiment": {"source": "file", "file": {"path": "rows.csv", "text": "comment"}}},
        "config key sentiment.file.label: rows.csv: no column 'label'",
    ),
    "a table that is none": (
        {"tasks": {"wiki": {"source": "file", "file": {"path": "lines.txt"}}}},
        "config key tasks.wiki.file.path: lines.txt: expected a file that ends in .csv, ",
    ),
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Make a table of two columns and a file of lines in the folder that paths start from."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("comment,toxic\na\n")
    (tmp_path / "lines.txt").write_text("a\nb\n")
    return tmp_path


@pytest.mark.parametrize(("change", "said"), TABLES.values(), ids=TABLES)
def test_a_column_that_a_table_lacks_is_told_with_the_config(here, config, change, said):
    with pytest.raises(StudyError) as caught:
        parse(laid_over(config, change))
    assert str(caught.value).startswith(said)


def test_a_table_that_no_job_reads_is_not_looked_into(here, config):
    without = {"source": "file", "file": {"path": "rows.csv"}}
    config["tasks"]["wiki"] |= {"measures": ["negative_sentiment"], "sentences": without}
    parse(config)
    config["tasks"]["wiki"] = None
    config["sentiment"] |= without
    (here / "checkpoint").mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (here / "checkpoint" / name).write_text("{}")
    config["model"] |= {"source": "file", "file": {"path": "checkpoint"}}
    config["model"]["corpus"] |= {"source": "file", "file": {"paths": ["rows.csv"]}}
    config["tasks"]["bios"] |= {"upstream": ["random"], "adapted": [], "every_seed": "all"}
    assert not list(tables(parse(config)))


def test_labels_in_a_file_of_their_own_need_no_column(here, config):
    file = {"path": "rows.csv", "labels_path": "lines.txt"}
    config["sentiment"] |= {"source": "file", "file": file}
    parse(config)


def test_a_folder_in_place_of_a_hub_id_counts_as_a_path(config, tmp_path):
    for section in (config["tasks"]["bios"], config["model"]):
        section["source"] = "hub"
    config["tasks"]["bios"]["hub"]["id"] = str(tmp_path)
    assert source_paths(parse(config)) == {"tasks.bios.hub.id": [str(tmp_path)]}


def test_with_a_release_the_sources_may_be_elsewhere(config, tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    config["release"] = str(tmp_path)
    config["tasks"]["wiki"]["source"] = "file"
    config["tasks"]["wiki"]["file"]["path"] = "on/another/machine.csv"
    parse(config)


@pytest.mark.parametrize(
    ("generated", "expected"),
    [
        ([], False),
        (["bios"], True),
        (["wiki"], True),
        (["sentiment"], True),
        (["bios", "wiki", "sentiment"], True),
    ],
)
def test_a_study_counts_as_generated_while_any_of_its_text_is(config, generated, expected):
    config["model"]["source"] = config["model"]["corpus"]["source"] = "hub"
    sections = config["tasks"] | {"sentiment": config["sentiment"]}
    for name, section in sections.items():
        section["source"] = "generated" if name in generated else "hub"
    assert is_generated(Study.model_validate(config)) is expected


@pytest.mark.parametrize(
    ("model", "bios", "wiki", "expected"),
    [
        ("generated", [], [], True),  # it is pre-trained on the corpus
        ("file", [], [], False),  # nothing reads the corpus
        ("file", ["sentdebias"], [], True),  # the gendered sentences come from it
        ("hub", [], ["sentdebias"], True),
    ],
)
def test_a_generated_corpus_counts_where_it_is_used(config, model, bios, wiki, expected):
    for section in (config["tasks"]["bios"], config["tasks"]["wiki"], config["sentiment"]):
        section["source"] = "hub"
    config["model"]["source"] = model
    config["tasks"]["bios"]["upstream"], config["tasks"]["wiki"]["upstream"] = bios, wiki
    assert is_generated(Study.model_validate(config)) is expected


def test_the_note_says_what_is_generated_and_not_more(config):
    declared = "biases are declared in the config, not found in the world."
    assert text_note(Study.model_validate(config)) == f"Generated text: the {declared}"
    config["sentiment"]["source"] = "lexicon"
    assert text_note(Study.model_validate(config)) == f"Generated text: the {declared}"
    config["sentiment"]["source"] = "generated"
    config["tasks"]["wiki"]["source"] = "file"
    assert text_note(Study.model_validate(config)) == (
        "Generated text in part (BIOS, the pre-training corpus, that of the sentiment classifier): "
        f"its {declared}"
    )
    # The bias of a model that was brought along is declared nowhere.
    config["tasks"]["wiki"]["source"] = "generated"
    config["model"]["source"] = "file"
    config["tasks"]["bios"]["upstream"] = config["tasks"]["wiki"]["upstream"] = []
    assert text_note(Study.model_validate(config)) == (
        f"Generated text in part (BIOS, WIKI, that of the sentiment classifier): its {declared}"
    )
    for section in (*config["tasks"].values(), config["sentiment"]):
        section["source"] = "hub"
    assert text_note(Study.model_validate(config)) == (
        "Text and model are the ones that the config names."
    )


def test_curves_want_their_package_before_anything_starts(config, monkeypatch):
    config["tensorboard"] = True
    parse(config)
    monkeypatch.setattr("bias_transfer.study.checks.find_spec", lambda name: None)
    with pytest.raises(StudyError) as caught:
        parse(config)
    assert str(caught.value) == (
        "config key tensorboard: the package is not installed; pip install "
        "'bias-transfer[tensorboard]', or set the key to false"
    )
    parse(config | {"tensorboard": False})
