"""The command that tokenises a data set, once for all models that learn from it."""

from bias_transfer.models.encoded import write_encoded
from bias_transfer.models.tokenisation import tokenise as tokenise_texts
from bias_transfer.models.tokenisation import tokenizer_digest
from bias_transfer.runtime.artifacts import (
    atomic_folder,
    describe_folder,
    read_table,
    verified_folder,
)
from bias_transfer.runtime.job import Job


def tokenise(job: Job) -> None:
    """Tokenise the parts of a data set; every other column but the text goes along."""
    data, checkpoint = (verified_folder(job.input(name)) for name in ("data", "checkpoint"))
    length: int = job.settings["maximum_length"]
    labels: set[str] = set()
    with atomic_folder(job.output("manifest").parent) as folder:
        # An altered data set has a training part only.
        for path in sorted(data.glob("*.parquet")):
            table = read_table(path)
            encoded = tokenise_texts(checkpoint, table.pop("text").tolist(), length)
            write_encoded(folder / path.name, table, encoded)
            labels |= set(table["label"])
        describe_folder(
            folder,
            {
                "kind": "tokens",
                "labels": sorted(labels),
                "maximum_length": length,
                "tokenizer": tokenizer_digest(checkpoint),
            },
        )
