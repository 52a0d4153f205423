# Loads and validates the config, and lists the grid; makes no file.
import json
import math
from pathlib import Path

from snakemake.exceptions import WorkflowError

from bias_transfer.runtime.artifacts import require_writable, sha256, verify_files
from bias_transfer.study.config import (
    is_generated,
    refuse_repeated_keys,
    source_paths,
    validate,
)
from bias_transfer.errors import StudyError
from bias_transfer.study.grid import PRETRAINED, TASKS, models, upstream_variants
from bias_transfer.runtime.provenance import code_digest

try:
    for each in workflow.configfiles:
        refuse_repeated_keys(Path(each))
    validate(config, Path(workflow.basedir) / "workflow/schemas/config.schema.yaml")
    if config["release"]:
        verify_files(
            Path(config["release"], "manifest.json"),
            remedy="take the release from where it came once more",
        )
except StudyError as error:
    raise WorkflowError(f"error: {error}") from None

RESULTS = str(Path(config["results"]))
# Where the analysis takes its tables from.
STUDY = str(Path(config["release"])) if config["release"] else RESULTS
ENVIRONMENT = Path(workflow.basedir) / "envs/environment.yaml"
NOTE = (
    "Generated text: the biases are declared in the config, not found in the world."
    if is_generated(config)
    else "Text and model are the ones that the config names."
)

MODELS = models(config)
UPSTREAM = {each.id: each for each in upstream_variants(config["upstream"])}
# Only the checkpoints that some model is fine-tuned from.
UPSTREAM_IN_USE = list(dict.fromkeys(each.upstream.id for each in MODELS))
DATASETS = {each.dataset.id: each.dataset for each in MODELS}
# A release needs no source, and theirs may be on another machine.
SOURCE_PATHS = {} if config["release"] else source_paths(config)

# Every rule's shell becomes its one command, which then ends with this process: see cli/lifetime.py.
shell.prefix("set -euo pipefail; BIAS_TRANSFER_WORKFLOW=$PPID exec ")


# Not when it is read: a dry run and a report write no result.
onstart:
    try:
        require_writable(Path(RESULTS), "results")
    except StudyError as error:
        raise WorkflowError(f"error: {error}") from None


wildcard_constraints:
    task="|".join(TASKS),
    upstream=r"[a-z]+(-[a-z]?-?[0-9.e+-]+)*",
    dataset=r"[a-z]+(-[a-z]+)?(-[a-z]?[0-9.e+-]+)*",
    seed=r"\d+",


def settings(**values):
    """Return a rule's part of the config as JSON: it reruns when this text changes."""
    return json.dumps(values, sort_keys=True)


def section(*path):
    """Return a part of the config."""
    value = config
    for key in path:
        value = value[key]
    return value


def source(*path):
    """Return a source section reduced to the branch it uses: a change in another is none."""
    whole = section(*path)
    branches = {"generated", "file", "hub", "detox", "url"} - {whole["source"]}
    return {key: value for key, value in whole.items() if key not in branches}


def sources(*keys):
    """Return the user's files and folders that config keys name."""
    return [path for key in keys for path in SOURCE_PATHS.get(key, [])]


def source_files(*keys):
    """Return the files that the config's sources name, as far as they are files."""
    return [path for path in sources(*keys) if Path(path).is_file()]


def content(*keys):
    """Return the digests of the user's files: a touched file changes nothing, an edited one does."""
    files = [
        each
        for path in sources(*keys)
        for each in (
            [Path(path)] if Path(path).is_file() else sorted(Path(path).rglob("*"))
        )
        if each.is_file()
    ]
    return [sha256(each) for each in files]


def manifest(*parts):
    """Return the path of a folder's manifest."""
    return str(Path(RESULTS, *parts, "manifest.json"))


def models_of(task):
    """Return a task's models, in the order of the config."""
    return [model for model in MODELS if model.task == task]


def datasets_of(task):
    """Return the ids of a task's data sets, in the order of the config."""
    return list(dict.fromkeys(model.dataset.id for model in models_of(task)))


def generator(*path):
    """Return the generator's strengths where a section of the config draws on them."""
    return (
        dict(generator=section("generator"))
        if section(*path)["source"] == "generated"
        else {}
    )


def task_settings(task):
    """Return what the preparation of a task's data depends on."""
    keys = (
        "source",
        "generated",
        "file",
        "hub",
        "detox",
        "test_share",
        "evaluation_share",
    )
    used = {key: value for key, value in source(task).items() if key in keys}
    return settings(seed=config["seed"], **generator(task), **used)


def described_by(model):
    """Return the data set whose training part gives a model its covariates."""
    return (
        "original"
        if section("analysis", "covariates_from") == "original"
        else model.dataset.id
    )


def score_files(task, name):
    """Return one score file of every model of a task."""
    return [f"{RESULTS}/scores/{model.path}/{name}" for model in models_of(task)]


def extrinsic_files(task):
    """Return the tables of a task's downstream bias."""
    return [
        f"{RESULTS}/extrinsic/{task}/{name}.csv"
        for name in ("rates", "performance", "covariates")
    ]


def checkpoint_seconds():
    """Return the time between two training checkpoints; a resource, so that a change reruns nothing."""
    return math.ceil(60 * config["training_checkpoint_minutes"])


def paths(value):
    """Return a rule's named input as a list, one path or many."""
    return [value] if isinstance(value, str) else list(value)


def model_rows(task):
    """Return what identifies each model in the observation table."""
    return [
        dict(
            model=model.id,
            upstream=model.upstream.id,
            dataset=model.dataset.id,
            seed=model.seed,
            upstream_kind=model.upstream.kind,
            upstream_strength=model.upstream.strength,
            trial=model.upstream.trial,
            dataset_kind=model.dataset.kind,
            oversample=model.dataset.oversample,
            undersample=model.dataset.undersample,
            scrubbed_fraction=model.dataset.fraction,
            covariates_dataset=described_by(model),
        )
        for model in models_of(task)
    ]
