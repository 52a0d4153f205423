# Reads the config and lists the grid, and writes what every rule's command is told; makes no file.
import json
import math
import os
import shlex
from base64 import urlsafe_b64encode
from dataclasses import fields
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.settings.enums import PersistenceBackend

from bias_transfer import alterations, upstream
from bias_transfer.errors import StudyError
from bias_transfer.paper.names import table_names
from bias_transfer.report.figures import Tables, drawing, drawings_for
from bias_transfer.runtime.artifacts import require_writable, sha256, verify_files
from bias_transfer.runtime.fork_server import start_fork_server
from bias_transfer.runtime.gpu_slots import visible_devices
from bias_transfer.runtime.lineage import FOLDER as RECORDS
from bias_transfer.runtime.notices import warn
from bias_transfer.runtime.provenance import code_digest
from bias_transfer.study.parsing import parse as parse_config
from bias_transfer.study.declared import TASKS as DEFAULT_TASKS
from bias_transfer.study.description import (
    checkpoint_in_words,
    dataset_in_words,
    describe,
)
from bias_transfer.study.grid import altered_by, models, training_of
from bias_transfer.study.overlays import read_config
from bias_transfer.study.sources import (
    is_generated,
    needs,
    needs_sentiment,
    source_paths,
    text_note,
)
from bias_transfer.study.walk import settings_in_use

try:
    # For its refusals: Snakemake takes a key that stands twice, or a misspelt task, without a word.
    read_config(map(Path, workflow.configfiles))
    # Snakemake has a `parse` of its own among these names.
    STUDY = parse_config(config)
    if STUDY.release:
        verify_files(
            Path(STUDY.release, "manifest.json"),
            remedy="take the release from where it came once more",
        )
except StudyError as error:
    raise WorkflowError(f"error: {error}") from None

RESULTS = str(Path(STUDY.results))
# Where the analysis takes its tables from.
TABLES = str(Path(STUDY.release)) if STUDY.release else RESULTS
# The whole config in plain values, defaults and vocabularies filled in.
CONFIG = STUDY.model_dump(mode="json")
# What changes no number: a change of it remakes nothing.
OF_RUNNING = {
    "training_checkpoint_minutes",
    "tensorboard",
    "keep_models",
    "gpu_share",
    "scoring",
}
CONFIG_OF_NUMBERS = {
    key: value for key, value in CONFIG.items() if key not in OF_RUNNING
}
# Whoever lays it over the default study takes the same of its tasks away.
CONFIG_OF_NUMBERS["tasks"] = CONFIG["tasks"] | {
    name: None
    for name, given in config.get("tasks", {}).items()
    if given is None and name in DEFAULT_TASKS
}
TASKS = list(STUDY.tasks)
NOTE = text_note(STUDY)

MODELS = models(STUDY)
UPSTREAM = {each.upstream.id: each.upstream for each in MODELS}
DATASETS = {(each.task, each.dataset.id): each.dataset for each in MODELS}
DESCRIBED = {task: describe(STUDY, task) for task in TASKS}
DESCRIPTIONS = {task: each.model_dump(mode="json") for task, each in DESCRIBED.items()}
DEFINITIONS = {task: STUDY.definition(task).model_dump(mode="json") for task in TASKS}
DRAWN = {task: drawings_for(each) for task, each in DESCRIBED.items()}
# A release needs no source, and theirs may be on another machine.
SOURCE_PATHS = {} if STUDY.release else source_paths(STUDY)


def remembered(path):
    """Tell whether Snakemake knows here what a file was made with, or that its job did not end.

    Of a long name it is not asked.
    """
    name = urlsafe_b64encode(path.encode()).decode()
    records = [Path(".snakemake", each, name) for each in ("metadata", "incomplete")]
    return len(name) > 250 or any(each.is_file() for each in records)


# Of what it does not know, no change of a key makes anything again: "Nothing to be done", it says.
if (
    workflow.is_main_process
    and workflow.workflow_settings.persistence_backend == PersistenceBackend.FILE
    and not STUDY.release
):
    made = [f"{RESULTS}/data/{task}/original/manifest.json" for task in TASKS]
    made += [f"{RESULTS}/checkpoints/{each}/manifest.json" for each in UPSTREAM]
    if any(Path(each).is_file() and not remembered(each) for each in made):
        warn(
            f"{RESULTS}: Snakemake does not know here what it was made with, as its .snakemake is "
            "elsewhere or the path was written otherwise; a changed config or code makes none of it "
            "again: take .snakemake along, or set another config key results"
        )

# Every rule's shell becomes its one command, which ends with this process: see runtime/lifetime.py.
COMMAND = "BIAS_TRANSFER_WORKFLOW=$PPID exec bias-transfer"
# What every command is told: see `files`, `settings` and `plugins`.
TOLD = "--log {log:q} --settings {params.settings:q} --plugins {params.plugins:q} {params.files:q}"
# And one that may use a GPU, one that scores, one that trains, by resources: a change reruns nothing.
ON_GPU = "--gpus {resources.gpu} --gpu-share {resources.gpu_share}"
SCORING = f"{ON_GPU} --batch-size {{resources.batch_size}}"
CURVES = shlex.quote(f"{RESULTS}/tensorboard")
NOTING = f"--tensorboard {{resources.tensorboard}} --tensorboard-folder {CURVES}"
TRAINING = f"{ON_GPU} --checkpoint-seconds {{resources.checkpoint_seconds}} {NOTING}"
OF_SCORING = dict(
    gpu=STUDY.scoring.gpus,
    gpu_share=STUDY.gpu_share,
    batch_size=STUDY.scoring.batch_size,
)
OF_TRAINING = dict(
    gpu_share=STUDY.gpu_share,
    checkpoint_seconds=math.ceil(60 * STUDY.training_checkpoint_minutes),
    tensorboard=int(STUDY.tensorboard),
)


def works_here():
    """Tell whether this machine does the work itself, rather than plan it or hand it out.

    Only known once the rules have been read.
    """
    return workflow.local_exec and workflow.is_main_process and not workflow.dryrun


@cache
def gpus_of_training():
    """Return the GPUs that a training asks for: none of a machine that has none.

    There it is the cores that say how many train side by side.
    """
    return int(not works_here() or bool(visible_devices()))


# Fewer jobs than these import what they need sooner than a fork server would import it all.
FEW_JOBS = 4


# Not when it is read: a dry run and a report write no result.
onstart:
    try:
        require_writable(Path(RESULTS), "results")
        # From now on the folder is known for a study's, however early it is interrupted.
        Path(RESULTS, RECORDS).mkdir(exist_ok=True)
    except StudyError as error:
        raise WorkflowError(f"error: {error}") from None
    # On a cluster each job has a machine of its own, and a Snakemake that runs this one job.
    if works_here():
        # No more than 100 jobs may start in a second, for which Snakemake 9.27 looks through the plan a
        # second after each look at it: the more often, the more jobs have ended.
        workflow.scheduler.job_rate_limiter = None
        waiting = [job.rule.name for job in workflow.dag.needrun_jobs()]
        if len(waiting) > FEW_JOBS:
            start_fork_server([rule.replace("_", "-") for rule in waiting])


wildcard_constraints:
    task="|".join(TASKS),
    upstream=r"[^/]+",
    dataset=r"[^/]+",
    adaptation=r"[^/]+",
    seed=r"\d+",


def settings(**values):
    """Return a rule's part of the config as JSON: it reruns when this text changes.

    Keys stay in their order, which says something of templates, labels and measures.
    """
    return json.dumps(values)


def files(wildcards, input, output):
    """Return what a rule reads and writes as the words of its command.

    The weights of a fine-tuned model go without saying: the manifest of their folder lists them.
    """
    words = []
    for option, named in (("--input", input), ("--output", output)):
        for name in (each for each in named.keys() if each != "weights"):
            paths = [named[name]] if isinstance(named[name], str) else named[name]
            words += [option, name, *paths]
    return words


def files_and_sources(*keys):
    """Return the same, with the user's files and folders that config keys name as `source`."""
    return lambda wildcards, input, output: [
        *files(wildcards, input, output),
        *("--input", "source"),
        *sources(*keys),
    ]


def sources(*keys):
    """Return the user's files and folders that config keys name."""
    return [path for key in keys for path in SOURCE_PATHS.get(key, [])]


def source_files(*keys):
    """Return the files that the config's sources name, as far as they are files."""
    return [path for path in sources(*keys) if Path(path).is_file()]


def content(*keys):
    """Return the digests of the user's files: a touched file changes nothing, an edited one does."""
    found = [
        each
        for path in sources(*keys)
        for each in (
            [Path(path)] if Path(path).is_file() else sorted(Path(path).rglob("*"))
        )
        if each.is_file()
    ]
    return [sha256(each) for each in found]


def manifest(*parts):
    """Return the path of a folder's manifest."""
    return str(Path(RESULTS, *parts, "manifest.json"))


def weights(*parts):
    """Return the path of a fine-tuned model's weights."""
    return str(Path(RESULTS, *parts, "model.safetensors"))


def log_of(*parts):
    """Return the path of a rule's log."""
    return f"{Path(RESULTS, 'logs', *parts)}.log"


def definition(task, *without):
    """Return what measuring a task depends on, less the parts that a rule does not use."""
    whole = DEFINITIONS[task]
    return {key: value for key, value in whole.items() if key not in without}


def kind(task):
    """Return the plug-in that a task is of."""
    return f"tasks.{STUDY.tasks[task].kind}"


def altered(task, dataset):
    """Return what makes a data set: the alteration's name and its entry in the config."""
    name, entry = altered_by(STUDY, task, dataset)
    return dict(alteration=name, entry=entry.model_dump(mode="json"))


def alteration_plugins(task, dataset):
    """Return the plug-ins that make an altered data set."""
    return [kind(task), f"alterations.{DATASETS[task, dataset].alteration}"]


def measure_plugins(task):
    """Return the plug-ins that score a task's upstream bias."""
    return [
        kind(task),
        *(f"measures.{name}" for name in STUDY.tasks[task].measures),
    ]


# Whether a classifier learns from labelled text, rather than being fetched or a lexicon.
SENTIMENT_IS_LEARNED = needs_sentiment(STUDY) and STUDY.sentiment.source in (
    "generated",
    "file",
)


def models_of(task):
    """Return a task's models, in the order of the config."""
    return [model for model in MODELS if model.task == task]


def upstream_of(task):
    """Return the ids of the checkpoints that a task's models are fine-tuned from."""
    return list(dict.fromkeys(model.upstream.id for model in models_of(task)))


def datasets_of(task):
    """Return the ids of a task's data sets, in the order of the config."""
    return list(dict.fromkeys(model.dataset.id for model in models_of(task)))


def generator(source):
    """Return the generator's strengths for a source that draws on them."""
    return dict(generator=CONFIG["generator"]) if source == "generated" else {}


def score_files(task, name):
    """Return one score file of every model of a task."""
    return [f"{RESULTS}/scores/{model.path}/{name}" for model in models_of(task)]


def downloaded(task, name):
    """Return where a public file of a task is fetched to."""
    return f"{RESULTS}/downloads/{task}/{name}"


def detox_file(task, name):
    """Return a file of the Detox release: the user's own, or the one that is fetched."""
    if STUDY.tasks[task].source != "detox":
        return []
    return getattr(STUDY.tasks[task].detox, name) or downloaded(task, f"{name}.tsv")


def sentences_file(task):
    """Return the file of a task's template sentences, if they come from one."""
    sentences = STUDY.tasks[task].sentences
    if sentences.source == "url":
        return downloaded(task, f"sentences{Path(sentences.url.address).suffix}")
    return source_files(f"tasks.{task}.sentences.file.path")


def method_settings(variant):
    """Return a method's section of the config, less the values that its variants are made from."""
    method = upstream.method(variant.kind)
    return {
        key: value
        for key, value in CONFIG["upstream"][variant.kind].items()
        if key not in method.axes
    }


def training(task, adaptation):
    """Return how a model of a task is trained, in plain values."""
    return training_of(STUDY, task, adaptation).model_dump(mode="json")


def method_needs(variant):
    """Return what a method needs besides the checkpoint."""
    return upstream.method(variant.kind).needs


def terms_for(variant):
    """Return the terms of every task that asks about some, for a method that needs them.

    The job of any other method does not depend on them.
    """
    if "terms" not in method_needs(variant):
        return {}
    return dict(
        terms=[
            definition["terms"]
            for definition in DEFINITIONS.values()
            if "terms" in definition
        ]
    )


def measure_settings(task):
    """Return what the scores of upstream bias depend on, for a task's own measures."""
    wanted = dict(
        definition=definition(task, "cell_correction"),
        measures={
            name: CONFIG["measures"][name] for name in STUDY.tasks[task].measures
        },
    )
    if "sentiment" in needs(STUDY, task):
        wanted["sentiment_length"] = STUDY.sentiment.maximum_length
    return wanted


def sentiment_of(task):
    """Return the sentiment classifier, for a task whose measures need it."""
    return manifest("sentiment") if "sentiment" in needs(STUDY, task) else []


def sentences_of(task):
    """Return a task's template sentences, if its measures need them."""
    return (
        manifest("data", task, "sentences") if "sentences" in needs(STUDY, task) else []
    )


def described_by(model):
    """Return the data set whose training part gives a model its covariates."""
    own = STUDY.analysis.covariates_from == "fine-tuning"
    return model.dataset.id if own else alterations.ORIGINAL.id


def model_row(model):
    """Return what identifies a model in the observation table, its columns by their names."""
    row = dict(
        model=model.id,
        upstream=model.upstream.id,
        dataset=model.dataset.id,
        adaptation=model.adaptation,
        seed=model.seed,
        upstream_kind=model.upstream.kind,
        upstream_strength=model.upstream.strength,
        trial=model.upstream.trial,
        dataset_kind=model.dataset.kind,
        **{name: model.dataset.levels.get(name) for name in LEVELS},
        covariates_dataset=described_by(model),
    )
    return dict(sorted(row.items()))


def printed(folder, name, category):
    """Return a table as it is printed, for papers and for browsers."""
    return {
        f"{name}_tex": f"{RESULTS}/{folder}.tex",
        f"{name}_html": report(
            f"{RESULTS}/{folder}.html",
            caption="../report/table.rst",
            category=category,
            labels={"table": name.replace("_", " "), "kind": "as printed"},
        ),
    }


def scored_tasks(wildcards, output):
    """Return, as JSON, what measures will ask of a tokenizer, to refuse one that cannot answer.

    It changes no checkpoint. Snakemake takes what depends on `output` for no reason to rerun.
    """
    return json.dumps(
        {
            task: dict(
                definition=definition(task, "cell_correction"),
                measures=STUDY.tasks[task].measures,
            )
            for task in TASKS
        }
    )


def terms_to_see(wildcards, output):
    """Return, as JSON, the task and its terms, to warn where tokens are kept of too few words.

    As `test_rows_needed`.
    """
    terms = DEFINITIONS[wildcards.task].get("terms", [])
    return json.dumps(dict(task=wildcards.task, terms=[each["name"] for each in terms]))


def test_rows_needed(wildcards, output):
    """Return, as JSON, the test rows that an item needs, to warn where they are few.

    They change no data set. Snakemake takes what depends on `output` for no reason to rerun.
    """
    return json.dumps(
        dict(
            outcome=STUDY.tasks[wildcards.task].outcome,
            fewest_test_rows=STUDY.analysis.fewest_test_rows,
        )
    )


def cards():
    """Return the cards of the folders that are there or will be.

    A folder that was deleted after it was scored stays deleted, and needs none.
    """
    kept = {
        f"{RESULTS}/checkpoints/{each}/README.md": (
            manifest("checkpoints", each),
            *(f"{RESULTS}/intrinsic/{task}.csv" for task in tasks_of(each)),
        )
        for each in UPSTREAM
    }
    if STUDY.keep_models:
        kept |= {
            f"{RESULTS}/finetune/{model.path}/README.md": (
                weights("finetune", model.path),
                f"{RESULTS}/scores/{model.path}/predictions.parquet",
            )
            for model in MODELS
        }
    return [
        card
        for card, (made, *scored) in kept.items()
        if Path(made).is_file() or not all(Path(each).is_file() for each in scored)
    ]


def tasks_of(checkpoint):
    """Return the tasks whose models are fine-tuned from a checkpoint."""
    return [task for task in TASKS if checkpoint in upstream_of(task)]


def said_of(checkpoint):
    """Return what the card of a checkpoint, and of what is fine-tuned from it, says of its making."""
    variant = UPSTREAM[checkpoint]
    unmodified = variant == upstream.PRETRAINED
    return dict(
        base=STUDY.model.source,
        altered=checkpoint_in_words(variant),
        settings={} if unmodified else method_settings(variant),
        note=NOTE,
        tags=[variant.kind, *(["generated-text"] if is_generated(STUDY) else [])],
    )


def corpus_of(checkpoint):
    """Return what text a checkpoint was made with, in words; empty for none."""
    variant = UPSTREAM[checkpoint]
    unmodified = variant == upstream.PRETRAINED
    if not (PRETRAINED_HERE if unmodified else "corpus" in method_needs(variant)):
        return ""
    corpus = STUDY.model.corpus
    return {
        "generated": "generated sentences",
        "file": "files of the user's",
        "hub": f"{corpus.hub.id} of the hub",
    }[corpus.source]


def of_the_project(path):
    """Return a file by its path from the root of the project: in the checkout, or fetched with the rules."""
    page = f"../../{path}"
    beside = Path(os.path.normpath(Path(str(workflow.current_basedir), page)))
    return str(beside) if beside.is_file() else workflow.source_path(page)
