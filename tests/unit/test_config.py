"""The config and its schema: they agree, and every mistake is told in one line with its key."""

from pathlib import Path

import pytest
import yaml

from bias_transfer.study.config import is_generated, source_paths, validate
from bias_transfer.errors import StudyError

ROOT = Path(__file__).parents[2]
SCHEMA_PATH = ROOT / "workflow" / "schemas" / "config.schema.yaml"
SCHEMA = yaml.safe_load(SCHEMA_PATH.read_text())


def resolved(schema):
    """Return a schema with its reference merged in, its own keywords first."""
    if "$ref" not in schema:
        return schema
    return SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")] | schema


def keys_with_defaults(schema, values, path=""):
    """Yield each key that has a default or must have one, with what config.yaml says."""
    for name, part in schema["properties"].items():
        part = resolved(part)
        key = f"{path}{name}"
        if "properties" in part and "default" not in part:
            yield from keys_with_defaults(part, values[name], f"{key}.")
        else:
            yield key, part, values[name]


def described_keys(schema, path=""):
    for name, part in resolved(schema).get("properties", {}).items():
        part = resolved(part)
        yield f"{path}{name}", part
        yield from described_keys(part, f"{path}{name}.")
        if isinstance(part.get("items"), dict):
            yield from described_keys(part["items"], f"{path}{name}[].")


def test_the_config_that_is_shipped_is_valid(config):
    validate(config, SCHEMA_PATH)


def test_every_default_of_the_schema_stands_in_the_config(config):
    pairs = list(keys_with_defaults(SCHEMA, config))
    assert len(pairs) > 80
    assert [key for key, part, _ in pairs if "default" not in part] == []
    assert {key: part["default"] for key, part, _ in pairs} == {
        key: value for key, _, value in pairs
    }


def test_every_key_is_described():
    keys = list(described_keys(SCHEMA))
    assert [key for key, part in keys if not part.get("description", "").strip()] == []


def test_every_key_is_required_so_that_a_config_says_all():
    def incomplete(schema, path=""):
        schema = resolved(schema)
        properties = schema.get("properties", {})
        missing = set(properties) - set(schema.get("required", []))
        # Only pre-training has this one.
        found = [f"{path}{name}" for name in missing if name != "masked_share"]
        for name, part in properties.items():
            found += incomplete(part, f"{path}{name}.")
        return found

    assert incomplete(SCHEMA) == []


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
        put("bios", "test_shar", 0.2),
        ["config key bios.test_shar is unknown", "did you mean 'test_share'?"],
    ),
    "a key unlike any other": (
        put("scoring", "zzz", 1),
        ["config key scoring.zzz is unknown", "known keys: batch_size, gpus"],
    ),
    "a mistyped section": (put("wikki", {}), ["config key wikki", "did you mean 'wiki'?"]),
    "a missing key": (
        remove("bios", "prior_mask"),
        ["config key bios", "'prior_mask' is missing", "copy it from config.yaml"],
    ),
    "a missing section": (remove("model"), ["config", "'model' is missing"]),
    "an unknown intervention": (
        put("bios", "upstream", ["random", "sentdebiass"]),
        ["config key bios.upstream.1", "'sentdebiass'", "did you mean 'sentdebias'?"],
    ),
    "an unknown source": (
        put("wiki", "source", "fil"),
        ["config key wiki.source", "'fil' is not one of", "did you mean 'file'?"],
    ),
    "an unknown kind of mention": (
        put("wiki", "scrub", [{"mentions": "some", "fraction": 1}]),
        ["config key wiki.scrub.0.mentions", "toxic, all"],
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
        ["bios/sentdebias-g1/original/seed1 twice", "remove one"],
    ),
    "no gamma": (
        put("upstream", "sentdebias", "gammas", []),
        ["upstream.sentdebias.gammas is empty", "bios.upstream", "drop sentdebias there"],
    ),
    "no half-width": (
        put("upstream", "uniform", "half_widths", []),
        ["upstream.uniform.half_widths is empty", "at least one value"],
    ),
    "no trial": (
        put("upstream", "random", "trials", 0),
        ["upstream.random.trials is 0", "set at least 1"],
    ),
    "no seed": (put("seeds", []), ["config key seeds", "empty", "at least 1"]),
    "text for a number": (
        put("bios", "training", "learning_rate", "5e-6"),
        ["config key bios.training.learning_rate", "'5e-6'", "number"],
    ),
    "a number for text": (put("results", 3), ["config key results", "where text is needed"]),
    "half an epoch": (
        put("wiki", "training", "epochs", 0.5),
        ["config key wiki.training.epochs", "a whole number"],
    ),
    "truth for a number": (put("seed", True), ["config key seed", "a whole number"]),
    "a share of one": (put("bios", "test_share", 1), ["config key bios.test_share"]),
    "agreement above one": (
        put("generator", "agreement", 1.5),
        ["config key generator.agreement", "maximum"],
    ),
    "no path of a file": (
        put("bios", "source", "file"),
        ["config key bios.file.path is empty", "give the path"],
    ),
    "a path that does not exist": (
        both(put("wiki", "source", "file"), put("wiki", "file", "path", "no/such.csv")),
        ["config key wiki.file.path", "no/such.csv does not exist"],
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
    "no hub id": (put("wiki", "source", "hub"), ["wiki.hub.id is empty", "give the id"]),
    "no hub id of a corpus": (
        put("model", "corpus", "source", "hub"),
        ["model.corpus.hub.id is empty"],
    ),
    "a Detox file that does not exist": (
        both(put("wiki", "source", "detox"), put("wiki", "detox", "comments", "gone.tsv")),
        ["config key wiki.detox.comments", "gone.tsv does not exist"],
    ),
    "templates that do not exist": (
        both(
            put("identity_templates", "source", "file"),
            put("identity_templates", "file", "path", "gone.csv"),
        ),
        ["config key identity_templates.file.path", "gone.csv does not exist"],
    ),
    "a checksum that is none": (
        put("identity_templates", "url", "sha256", "abc"),
        ["config key identity_templates.url.sha256", "'abc'"],
    ),
    "a release that is none": (
        put("release", "no/such/folder"),
        ["config key release", "no/such/folder is no results release"],
    ),
    "more scrubbed random checkpoints than there are": (
        put("wiki", "scrub_on_random_trials", 3),
        ["config key wiki.scrub_on_random_trials: 3", "upstream.random.trials is 2"],
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
        validate(config, SCHEMA_PATH)
    message = str(caught.value)
    assert "\n" not in message
    for part in said:
        assert part in message


def test_the_deepest_of_several_mistakes_is_told(config):
    config["generator"] = 3
    config["bios"]["training"]["epochs"] = "two"
    with pytest.raises(StudyError, match=r"bios\.training\.epochs"):
        validate(config, SCHEMA_PATH)


def test_a_grid_that_nobody_asks_for_may_be_empty(config):
    config["bios"]["upstream"] = []
    config["upstream"]["sentdebias"]["gammas"] = []
    validate(config, SCHEMA_PATH)


def test_paths_of_sources_that_are_not_used_are_not_looked_at(config):
    config["bios"]["file"]["path"] = "no/such.csv"
    validate(config, SCHEMA_PATH)
    assert source_paths(config) == {}


def test_files_that_exist_are_accepted(config, tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("comment,toxic\n")
    config["wiki"]["source"] = "file"
    config["wiki"]["file"]["path"] = str(table)
    validate(config, SCHEMA_PATH)
    assert source_paths(config) == {"wiki.file.path": [str(table)]}


def test_a_folder_in_place_of_a_hub_id_counts_as_a_path(config, tmp_path):
    for section in (config["bios"], config["model"]):
        section["source"] = "hub"
    config["bios"]["hub"]["id"] = str(tmp_path)
    assert source_paths(config) == {"bios.hub.id": [str(tmp_path)]}


def test_with_a_release_the_sources_may_be_elsewhere(config, tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    config["release"] = str(tmp_path)
    config["wiki"]["source"] = "file"
    config["wiki"]["file"]["path"] = "on/another/machine.csv"
    validate(config, SCHEMA_PATH)


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
    for section in ("bios", "wiki", "sentiment"):
        config[section]["source"] = "generated" if section in generated else "hub"
    assert is_generated(config) is expected


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
    for section in (config["bios"], config["wiki"], config["sentiment"]):
        section["source"] = "hub"
    config["model"]["source"] = model
    config["bios"]["upstream"], config["wiki"]["upstream"] = bios, wiki
    assert is_generated(config) is expected
