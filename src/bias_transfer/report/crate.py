"""A release as a Workflow Run RO-Crate: which workflow made which files from which config.

The profile is version 0.5, on RO-Crate 1.1. A release knows no clock, so that it is the same bytes
whenever it is made again: the run has no times, and the date is that of the software.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bias_transfer.report.released import TERMS, File, Software, people

METADATA = "ro-crate-metadata.json"
# Within the crate.
MAIN_WORKFLOW = "workflow/Snakefile"
CONFIG = "config.yaml"

_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "http://schema.org/sha256"}]
_BASE = ("https://w3id.org/ro/crate/1.1", "https://w3id.org/workflowhub/workflow-ro-crate/1.0")
# Each profile has a page of its own, which is an entity with a name and a version.
_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_WORKFLOW_PROFILE = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_PARAMETER_PROFILE = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"

Entity = dict[str, Any]


def crate(
    files: Sequence[File], tables: Sequence[str], software: Software, note: str
) -> dict[str, Any]:
    """Return the metadata as JSON-LD in plain values.

    Parameters
    ----------
    files
        Every file of the release but the metadata; among them the workflow's and the config.
    tables
        Paths of those that hold the study's numbers.
    software
        What made them.
    note
        Where the study's text comes from, in a sentence.
    """
    rules = [each.path for each in files if each.path.startswith("workflow/")]
    groups: dict[str, list[str]] = {}
    for path in tables:
        groups.setdefault(path.partition("/")[0], []).append(path)
    parameters = {CONFIG: "#config"} | {
        path: f"#{name}" for name, paths in groups.items() for path in paths
    }
    entities = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": _to("./"),
            "conformsTo": _all(_BASE),
        },
        _root(files, software, note),
        *(_workflow(each, groups, rules, software) for each in files if each.path == MAIN_WORKFLOW),
        *(_file(each, parameters) for each in files if each.path != MAIN_WORKFLOW),
        _parameter("#config", "config", "The whole configuration of the study.", [CONFIG]),
        *(
            _parameter(f"#{name}", name, f"Tables of {name.replace('_', ' ')}.", paths)
            for name, paths in groups.items()
        ),
        {
            "@id": "#run",
            "@type": "CreateAction",
            "name": "The study",
            "description": "Every job of the workflow on this config; lineage.json tells each of "
            "them, with its settings and the digest of its code.",
            "instrument": _to(MAIN_WORKFLOW),
            "object": _all([CONFIG]),
            "result": _all(tables),
            "actionStatus": "http://schema.org/CompletedActionStatus",
        },
        {
            "@id": "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
            "@type": "ComputerLanguage",
            "name": "Snakemake",
            "identifier": _to("https://doi.org/10.1093/bioinformatics/bts480"),
            "url": _to("https://snakemake.readthedocs.io"),
            "version": software.language_version,
        },
        {
            "@id": "#terms",
            "@type": "CreativeWork",
            "name": "Terms of the tables",
            "description": TERMS,
        },
        {
            "@id": _licence(software),
            "@type": "CreativeWork",
            "name": software.citation["license"],
            "description": "Licence of the workflow.",
        },
        *_authors(software),
        _paper(software),
        *(
            {"@id": page, "@type": "CreativeWork", "name": name, "version": version}
            for page, (name, version) in _PROFILES.items()
        ),
    ]
    return {"@context": _CONTEXT, "@graph": entities}


def _root(files: Sequence[File], software: Software, note: str) -> Entity:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": "Results of a bias-transfer study",
        "description": "Every number of one study of whether bias in a pre-trained language model "
        f"survives fine-tuning, without text and without models. {note}",
        # Of the software: a release knows no clock.
        "datePublished": software.date,
        "license": _to("#terms"),
        "conformsTo": _all(_PROFILES),
        "hasPart": _all(each.path for each in files),
        "mainEntity": _to(MAIN_WORKFLOW),
        "mentions": _to("#run"),
        "citation": _to(_doi(software)),
    }


def _workflow(
    main: File, groups: Iterable[str], rules: Iterable[str], software: Software
) -> Entity:
    found = _file(main, {}) | {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "conformsTo": _to(_WORKFLOW_PROFILE),
        "name": software.citation["title"],
        "description": software.citation["abstract"],
        "version": str(software.citation["version"]),
        "license": _to(_licence(software)),
        "creator": _all(each["@id"] for each in _authors(software)),
        "programmingLanguage": _to("https://w3id.org/workflowhub/workflow-ro-crate#snakemake"),
        "hasPart": _all(path for path in rules if path != MAIN_WORKFLOW),
        "input": _all(["#config"]),
        "output": _all(f"#{name}" for name in groups),
    }
    if software.commit:
        # A git commit's own name, which Software Heritage makes an identifier of.
        found["identifier"] = f"swh:1:rev:{software.commit}"
    if software.edited:
        found["creativeWorkStatus"] = "edited since that commit"
    return found


def _file(file: File, parameters: Mapping[str, str]) -> Entity:
    found: Entity = {
        "@id": file.path,
        "@type": "File",
        "name": file.path,
        "description": file.description,
        "encodingFormat": file.media_type,
    }
    if file.sha256 is not None:
        found |= {"contentSize": str(file.size), "sha256": file.sha256}
    if file.path in parameters:
        found["exampleOfWork"] = _to(parameters[file.path])
    if file.path == "README.md":
        found["about"] = _to("./")
    return found


def _parameter(identifier: str, name: str, description: str, files: Iterable[str]) -> Entity:
    return {
        "@id": identifier,
        "@type": "FormalParameter",
        "conformsTo": _to(_PARAMETER_PROFILE),
        "additionalType": "File",
        "name": name,
        "description": description,
        "workExample": _all(files),
    }


def _authors(software: Software) -> list[Entity]:
    return [
        {"@id": f"#author-{number}", "@type": "Organization" if "name" in each else "Person"}
        | {"name": name}
        for number, (name, each) in enumerate(
            zip(people(software.citation), software.citation["authors"], strict=True), 1
        )
    ]


def _paper(software: Software) -> Entity:
    return {
        "@id": _doi(software),
        "@type": "ScholarlyArticle",
        "name": software.paper["title"],
        "author": ", ".join(people(software.paper)),
        "datePublished": str(software.paper["year"]),
    }


def _doi(software: Software) -> str:
    return f"https://doi.org/{software.paper['doi']}"


def _licence(software: Software) -> str:
    return f"https://spdx.org/licenses/{software.citation['license']}"


def _to(identifier: str) -> Entity:
    return {"@id": identifier}


def _all(identifiers: Iterable[str]) -> Entity | list[Entity]:
    """Return references to some entities: one alone stands for itself."""
    found = [_to(each) for each in identifiers]
    return found[0] if len(found) == 1 else found
