"""The command that writes the report, one page that opens without a network."""

from collections.abc import Iterator

from bias_transfer.analysis.description import task_description
from bias_transfer.report.answer import Answer
from bias_transfer.report.page.build import Study, page
from bias_transfer.report.page.lineage import Made
from bias_transfer.runtime.artifacts import MANIFEST, read_json, read_table, write_text
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.lineage import as_record, bundle

_ANALYSED = (
    *("verdicts", "slopes", "reliability", "explained", "changes", "specification_curve"),
    *("item_means", "contents", "regressions", "correlations", "transfer", "diagnostics"),
)


def report(job: Job) -> None:
    """Write the report from what the analysis wrote."""
    settings = job.settings
    tasks = [task_description(each) for each in settings["tasks"]]
    names = [task.name for task in tasks]
    text = page(
        Study(
            tasks=tasks,
            answer=Answer.model_validate(read_json(job.input("words")), strict=False),
            generated=settings["generated"],
            analysed={name: read_table(job.input(name)) for name in _ANALYSED},
            observations={
                task.name: read_table(job.input(f"observations_{task.name}"), [task.item])
                for task in tasks
            },
            performance={name: read_table(job.input(f"performance_{name}")) for name in names},
            sheets={name: _texts(job, f"sheets_{name}") for name in names},
            paper=_texts(job, "paper"),
            config=settings["config"],
            made=list(_made(job)),
        )
    )
    write_text(job.output("page"), text)


def _texts(job: Job, name: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in job.inputs.get(name, [])]


def _made(job: Job) -> Iterator[Made]:
    """Tell of all files that the page was made from, however indirectly, how they were made."""
    folder = job.output("page").parent
    own = as_record(job.run, folder)
    records = bundle(own, folder)
    for name, digest in own.inputs.items():
        if name not in records:
            yield Made(name, digest, "", "", True, {})
    for name, record in records.items():
        if name != MANIFEST:
            yield Made(
                path=name,
                sha256=own.inputs.get(name, str(record["sha256"])),
                command=str(record["command"]),
                code=str(record["code"]),
                direct=name in own.inputs,
                libraries=record["libraries"],
            )
