"""What a result depends on in the code: the digest of a job changes with that and no more."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys

import pytest

from bias_transfer import plugins
from bias_transfer.runtime.main import STAGES
from bias_transfer.runtime.provenance import code_digest, modules_of
from tests.unit.imports import PACKAGE, imported_by, modules

PLUGINS = ("upstream", "alterations", "adaptations", "measures", "tasks", "report.figures")
# The stage that uses the plug-ins of a package.
USERS = {
    "upstream": "checkpoints",
    "adaptations": "finetune",
    "measures": "scoring",
    "report.figures": "figures",
}
# Jobs: a stage and the plug-ins that are named.
JOBS = {stage: (stage, ()) for stage in STAGES} | {
    f"{USERS.get(package, 'data')} with {package}.{name}": (
        USERS.get(package, "data"),
        (f"{package}.{name}",),
    )
    for package in PLUGINS
    for name in plugins.names(f"bias_transfer.{package}")
}
FILES = modules()
# Of a module, a class, a function or an attribute.
DOCSTRING = re.compile(r'^( *)"""(?=[A-Z])', re.MULTILINE)
every_job = pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)


def provenance_of(package):
    """Import a package's own provenance, which digests the files around it and knows no other."""
    path = package / "runtime/provenance.py"
    spec = importlib.util.spec_from_file_location("provenance_of_a_copy", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copied(tmp_path):
    """Copy the package; return it with a function that gives the digests of the jobs."""
    package = shutil.copytree(
        PACKAGE, tmp_path / "bias_transfer", ignore=shutil.ignore_patterns("__pycache__")
    )

    def digests():
        # Anew each time, as in another process: it remembers what it has read.
        code_digest_of_copy = provenance_of(package).code_digest
        return {name: code_digest_of_copy(*job) for name, job in JOBS.items()}

    return package, digests


@pytest.fixture(scope="module")
def before():
    """Return the digests of the jobs in the package as it is."""
    return {name: code_digest(*job) for name, job in JOBS.items()}


def changed(before, after):
    """Return the jobs whose digests differ."""
    return {job for job in before if before[job] != after[job]}


def of_stages(*stages):
    """Return the jobs of some stages, whatever plug-ins they use."""
    return {job for job, (stage, _) in JOBS.items() if stage in stages}


def with_plugins(*names):
    """Return the jobs with one of these plug-ins."""
    return {job for job, (_, named) in JOBS.items() if set(names) & set(named)}


def test_a_digest_covers_what_is_imported_indirectly():
    # finetune imports models.classification, which imports models.training.
    assert "bias_transfer.models.training" in modules_of("finetune")
    assert "bias_transfer.models.training" not in modules_of("data")
    assert "bias_transfer.seeding" in modules_of("data")
    for stage in STAGES:
        assert f"bias_transfer.commands.{stage}" in modules_of(stage)


def test_figures_are_no_part_of_fine_tuning():
    assert not [name for name in modules_of("finetune") if "figures" in name]
    assert not [name for name in modules_of("finetune") if ".analysis" in name]
    assert [
        name for name in modules_of("figures") if name.startswith("bias_transfer.report.figures.")
    ]


@every_job
def test_how_files_are_written_is_no_part_of_any_job(job):
    written = {"bias_transfer.runtime.artifacts", "bias_transfer.errors"}
    assert not modules_of(*job) & written


@every_job
def test_the_modules_of_a_job_are_closed_under_imports(job):
    runtime = ("artifacts", "job", "lineage", "notices", "progress", "provenance")
    names = ("errors", "models.curves", *(f"runtime.{name}" for name in runtime))
    plumbing = {f"bias_transfer.{name}" for name in names}
    assert plumbing <= set(FILES)
    covered = modules_of(*job)
    assert covered <= set(FILES) - plumbing
    for name in covered:
        assert imported_by(FILES[name]) & set(FILES) - plumbing <= covered


@every_job
def test_a_job_depends_on_the_plugins_that_it_names_and_on_no_other(job):
    stage, named = job
    every = {
        f"bias_transfer.{package}.{name}"
        for package in PLUGINS
        for name in plugins.names(f"bias_transfer.{package}")
    }
    found = modules_of(stage, named) & every
    assert {f"bias_transfer.{name}" for name in named} <= found
    # An alteration is of a kind of task, and says of which.
    assert all(".tasks." in name for name in found - {f"bias_transfer.{each}" for each in named})


def readers_of_vocabularies():
    return {name for name, job in JOBS.items() if "bias_transfer.vocabularies" in modules_of(*job)}


def test_code_that_a_process_remembers_is_as_it_was_when_it_was_imported(copied, before):
    package, _ = copied
    own = provenance_of(package)
    own.remember("bias_transfer.commands.finetune")
    for path in package.rglob("*.py"):
        path.write_text("")
    assert own.code_digest("finetune") == before["finetune"]


# A digest of every job takes a while, and so what counts for none is changed at once.
def test_comments_docstrings_layout_new_plugins_and_the_place_do_not_count(copied, before):
    package, digests = copied
    for path in package.rglob("*.py"):
        longer = DOCSTRING.sub(r'\1"""More. ', path.read_text())
        path.write_text(f"# A comment.\n\n{longer}\n\n# The end.\n")
    for name in PLUGINS:
        (package / name.replace(".", "/") / "my_own.py").write_text("MINE = 1\n")
    assert digests() == before


def test_code_and_the_data_files_of_a_module_count_for_the_jobs_that_use_them_only(copied, before):
    package, digests = copied
    # Files that share no user are changed together.
    for users in (
        {
            "upstream/uniform.py": with_plugins("upstream.uniform"),
            "measures/identity_ranking.py": with_plugins("measures.identity_ranking"),
            "alterations/scrub.py": with_plugins("alterations.scrub"),
            "report/figures/contents.py": with_plugins("report.figures.contents"),
            "report/page/dial.py": of_stages("page"),
            "runtime/artifacts.py": set(),
        },
        {
            "upstream/_noise.py": with_plugins("upstream.uniform", "upstream.gaussian"),
            "report/figures/_look.py": of_stages("figures", "page"),
            "paper/printed/columns.csv": {"paper"},
            "vocabularies/gendered_pairs.csv": readers_of_vocabularies(),
        },
        {"models/training.py": of_stages("checkpoints", "sentiment", "finetune")},
    ):
        expected = list(users.values())
        assert sum(map(len, expected)) == len(set().union(*expected)), "they share a user"
        original = {name: (package / name).read_text() for name in users}
        for name, text in original.items():
            (package / name).write_text(f"{text}\nADDED = 1\n")
        assert changed(before, digests()) == set().union(*expected), list(users)
        for name, text in original.items():
            (package / name).write_text(text)


def test_the_jobs_that_read_vocabularies():
    readers = readers_of_vocabularies()
    assert with_plugins("upstream.sentdebias") <= readers
    assert not readers & with_plugins("upstream.uniform", "upstream.gaussian", "upstream.random")
    assert not readers & {"finetune", "analysis", "paper"}


# Stages that need no model; plug-ins are imported to read the config, for which seconds are long.
LIGHT = tuple(f"commands.{stage}" for stage in ("data", "tokens", "observation", "figures"))
WITH_STATISTICS = ("commands.analysis", "commands.paper")
EVERY_PLUGIN = tuple(
    f"{package}.{name}" for package in PLUGINS for name in plugins.names(f"bias_transfer.{package}")
)
TOO_LARGE = {
    **{name: {"torch", "transformers", "scipy", "matplotlib"} for name in EVERY_PLUGIN},
    **{name: {"torch", "transformers"} for name in (*LIGHT, *WITH_STATISTICS)},
}


@pytest.fixture(scope="module")
def loaded():
    """Import one module after another in one new process; return what was loaded by then."""
    code = (
        "import json, sys\nfrom importlib import import_module\n"
        f"for name in {list(TOO_LARGE)}:\n"
        "    import_module(f'bias_transfer.{name}')\n"
        "    print(json.dumps([name, [each for each in sys.modules if '.' not in each]]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name: set(libraries) for name, libraries in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_module_loads_no_library_that_it_does_not_use(loaded, name):
    assert not loaded[name] & TOO_LARGE[name]
