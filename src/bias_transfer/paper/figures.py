"""Which figure of the paper asks what a figure of a study asks, and of which tasks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperFigure:
    """A figure of the paper.

    Attributes
    ----------
    number
        Its number.
    question
        The name of the figure that asks the same.
    tasks
        The tasks that it shows.
    """

    number: int
    question: str
    tasks: tuple[str, ...]


FIGURES = (
    PaperFigure(2, "before_after", ("bios", "wiki")),
    PaperFigure(3, "dose_response", ("bios",)),
    PaperFigure(4, "coefficients", ("bios", "wiki")),
    PaperFigure(5, "data_before_after", ("wiki",)),
    PaperFigure(6, "contents", ("bios",)),
    PaperFigure(7, "templates", ("bios",)),
    PaperFigure(8, "contents", ("wiki",)),
    PaperFigure(9, "item_scatter", ("bios", "wiki")),
    PaperFigure(10, "data_dose_response", ("bios",)),
    PaperFigure(11, "data_dose_response", ("wiki",)),
)


def figure_number(task: str, question: str) -> int | None:
    """Return the number of the paper's figure that asks this of this task; None without one."""
    found = (each for each in FIGURES if each.question == question and task in each.tasks)
    return next((each.number for each in found), None)
