"""Croissant metadata of a release: its tables, with the type and the meaning of every column.

The format is that of MLCommons, version 1.0, which data set loaders and search engines read.
"""

from collections.abc import Sequence
from typing import Any

from bias_transfer.report.released import TERMS, Software, Table, reference

_FORMAT = "http://mlcommons.org/croissant/1.0"
# Terms of the format by the names that metadata use; the standard wants all of them, used or not.
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        name: f"cr:{name}"
        for name in (
            *("citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty"),
            *("fileObject", "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key"),
            *("md5", "parentField", "path", "recordSet", "references", "regex", "repeated"),
            *("replace", "samplingRate", "separator", "source", "subField", "transform"),
        )
    },
}


def croissant(tables: Sequence[Table], software: Software, note: str) -> dict[str, Any]:
    """Return the metadata as JSON-LD in plain values.

    Parameters
    ----------
    tables
        Of the release.
    software
        What made them.
    note
        Where the study's text comes from, in a sentence.
    """
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _FORMAT,
        "name": "bias-transfer-release",
        "description": "Every number of one study of whether bias in a pre-trained language model "
        f"survives fine-tuning, without text and without models. {note}",
        "datePublished": software.date,
        "version": str(software.citation["version"]),
        "license": TERMS,
        "citeAs": f"{reference(software.citation)} {reference(software.paper)}",
        "isLiveDataset": False,
        "distribution": [_file(each) for each in tables],
        "recordSet": [_records(each) for each in tables],
    }


def record_set(table: Table) -> str:
    """Return the name of a table's records, from its path: `intrinsic-bios`."""
    return table.file.path.rpartition(".")[0].replace("/", "-")


def _file(table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": table.file.path,
        "name": table.file.path,
        "description": table.file.description,
        "contentUrl": table.file.path,
        "contentSize": f"{table.file.size} B",
        "encodingFormat": table.file.media_type,
        "sha256": table.file.sha256,
    }


def _records(table: Table) -> dict[str, Any]:
    name = record_set(table)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": table.file.description,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{column}",
                "name": column,
                "description": table.meanings[column],
                "dataType": f"sc:{kind}",
                "source": {
                    "fileObject": {"@id": table.file.path},
                    "extract": {"column": column},
                },
            }
            for column, kind in table.columns.items()
        ],
    }
