"""The command that lays the paper over a study: its tables, and which figure is its Figure N."""

from collections.abc import Iterable, Mapping

from bias_transfer.commands.analysis import described, observed_by, principal, write_sheet
from bias_transfer.paper.figures import figure_number
from bias_transfer.paper.tables import paper_tables
from bias_transfer.runtime.artifacts import write_table, write_text
from bias_transfer.runtime.job import Job


def lay_paper_over(job: Job) -> None:
    """Write the paper's tables of the tasks that are the paper's, and the index of its figures."""
    tasks = described(job)
    observed = principal(tasks, observed_by(job, tasks))
    made = paper_tables(tasks, observed, job.settings["hc3"], job.settings["note"])
    for name, table in made.tables.items():
        write_table(job.output(name), table)
        write_sheet(job, name, made.sheets[name])
    write_table(job.output("diagnostics"), made.diagnostics)
    write_text(job.output("figures"), "\n".join(_index(job.settings["figures"])) + "\n")


def _index(figures: Mapping[str, Iterable[str]]) -> Iterable[str]:
    """List the figures that ask what a figure of the paper asks, by its number."""
    found = sorted(
        (number, task, question)
        for task, questions in figures.items()
        for question in questions
        if (number := figure_number(task, question)) is not None
    )
    yield "# Which figure is the paper's"
    yield ""
    yield "| paper | task | figure |"
    yield "|---|---|---|"
    for number, task, question in found:
        path = f"../figures/{task}/{question}.pdf"
        yield f"| Figure {number} | {task} | [{question}]({path}) |"
