"""Puts numbers of a finished default study into the pages that show them.

    python -m docs.excerpts results

writes each block that starts with `<!-- begin: docs/excerpts.py NAME -->` anew, in the README and
the pages, so that no number there was typed. The prose around them must fit: read it afterwards.
With `--into FOLDER` the pages in the checkout stay, and new ones are written there.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/tutorial.md", "docs/reading.md", "docs/running.md")
_BLOCK = re.compile(
    r"(?P<begin><!-- begin: docs/excerpts\.py (?P<name>[\w-]+) -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)
# As in the answer.
_DIGITS = 2


def verdict_sentences(results: Path) -> str:
    """Return the answer's first part, without its sections by task."""
    return _quoted((results / "analysis/answer.md").read_text().split("\n## ")[0])


def answer_section(results: Path) -> str:
    """Return the answer's section of BIOS."""
    sections = (results / "analysis/answer.md").read_text().split("\n## ")
    return _quoted(next(f"## {each}" for each in sections if each.startswith("BIOS")))


def verdicts(results: Path) -> str:
    """Return every verdict with its interval and what would have been found."""
    table = pd.read_csv(results / "analysis/verdicts.csv")
    return _table(
        ("task", "adaptation", "source", "verdict", "effects", "slope", "95 % interval", "found"),
        (
            (
                *(row.task, row.adaptation, row.source, f"**{row.verdict}**", row.effects),
                *(_signed(row.standardised), _interval(row), _plain(row.smallest_detectable)),
            )
            for row in table.itertuples()
        ),
    )


def slopes(results: Path) -> str:
    """Return the slopes within and between items under full fine-tuning."""
    table = pd.read_csv(results / "analysis/slopes.csv")
    return _table(
        (
            "task",
            "source",
            "effects",
            "models",
            "items",
            "slope",
            "95 % interval",
            "p",
            "corrected",
        ),
        (
            (
                *(row.task, row.source, row.effects, f"{row.models:.0f}", f"{row.items:.0f}"),
                *(_signed(row.standardised), _interval(row), _small(row.p_value_wild_bootstrap)),
                _signed(row.corrected),
            )
            for row in table[table["adaptation"] == "full"].itertuples()
        ),
    )


def reliability(results: Path) -> str:
    """Return how far each measure repeats under full fine-tuning."""
    table = pd.read_csv(results / "analysis/reliability.csv")
    return _table(
        ("task", "measure", "over", "value", "items", "replicates"),
        (
            (row.task, row.measure, row.over, _plain(row.value), str(row.items), row.replicates)
            for row in table[table["adaptation"] == "full"].itertuples()
        ),
    )


def explained(results: Path) -> str:
    """Return the shares of downstream bias's variance under full fine-tuning."""
    table = pd.read_csv(results / "analysis/explained.csv")
    return _table(
        ("task", "source", "share", "95 % interval", "by chance", "items"),
        (
            (
                *(row.task, row.source, f"{100 * row.share:.0f} %"),
                f"{100 * row.low:.0f} % to {100 * row.high:.0f} %",
                *(f"{100 * row.by_chance:.0f} %", row.items),
            )
            for row in table[table["adaptation"] == "full"].itertuples()
        ),
    )


def changes(results: Path) -> str:
    """Return the occupations that the strongest change of the model moved most."""
    table = pd.read_csv(results / "analysis/changes.csv")
    rows = table[(table["task"] == "bios") & (table["adaptation"] == "full")]
    moved = rows["upstream_change"].abs()
    strongest = moved.groupby(rows["variant"]).mean().sort_values(ascending=False).index[:1]
    chosen = rows[rows["variant"].isin(strongest)]
    most = chosen.loc[moved[chosen.index].sort_values(ascending=False).index[:6]]
    return _table(
        ("variant", "item", "upstream change", "outcome change", "its error"),
        (
            (
                *(row.variant, row.item, _signed(row.upstream_change)),
                *(_signed(row.outcome_change), _plain(row.outcome_error)),
            )
            for row in most.itertuples()
        ),
    )


def curve(results: Path) -> str:
    """Return the span of the slopes under every choice of measure, template and outcome."""
    table = pd.read_csv(results / "analysis/specification_curve.csv")
    known = table.dropna(subset="standardised")
    return _table(
        ("task", "source", "effects", "choices", "lowest", "the study's own", "highest"),
        (
            (
                *(*keys, str(len(rows)), _signed(rows["standardised"].min())),
                _signed(rows.loc[rows["default"].astype(bool), "standardised"].mean()),
                _signed(rows["standardised"].max()),
            )
            for keys, rows in known.groupby(["task", "source", "effects"], sort=False)
        ),
    )


def rates(results: Path) -> str:
    """Return the true positive rates of the occupations at both ends, of one model."""
    table = pd.read_csv(results / "extrinsic/bios/rates.csv")
    rows = table[table["model"] == "pretrained/original/full/seed1"]
    known = rows.dropna(subset="log_tpr_ratio").sort_values("log_tpr_ratio")
    return _table(
        ("occupation", "she: recognised of", "TPR", "he: recognised of", "TPR", "ratio"),
        (
            (
                *(row.occupation, f"{row.true_positives_she} of {row.test_she}"),
                *(_plain(row.tpr_she), f"{row.true_positives_he} of {row.test_he}"),
                *(_plain(row.tpr_he), _plain(row.tpr_ratio)),
            )
            for row in pd.concat([known.head(3), known.tail(3)]).itertuples()
        ),
    )


def undefined(results: Path) -> str:
    """Return how many cells of a model and an occupation are undefined, fully fine-tuned."""
    table = pd.read_csv(results / "extrinsic/bios/rates.csv")
    table = table[table["model"].str.contains("/full/")]
    counts = table["undefined"].value_counts()
    rows = [("defined", f"{table['undefined'].isna().sum()}")]
    rows += [(str(reason), str(count)) for reason, count in counts.items()]
    return _table(("of a model and an occupation", "cells"), rows)


def regression(results: Path) -> str:
    """Return the first column of the paper's Table 3, beside the paper's numbers."""
    table = pd.read_csv(results / "paper/table3.csv")
    rows = table[(table["number"] == 1) & ~table["term"].str.startswith("template")]
    return _table(
        ("term", "coefficient", "HC3", "p", "p, by item", "printed in the paper"),
        (
            (
                *(row.term, _signed(row.coefficient), _plain(row.standard_error)),
                *(_small(row.p_value), _small(row.p_value_item_clustered)),
                _signed(row.paper_coefficient),
            )
            for row in rows.itertuples()
        ),
    )


def lineage(results: Path) -> str:
    """Return what `bias-transfer lineage` says of an altered training set."""
    name = "results/data/wiki/scrub-toxic-1/train.parquet"
    command = ["-m", "bias_transfer.runtime.main", "lineage", name]
    said = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=True,
        cwd=results.resolve().parent,
    )
    return _code(f"$ bias-transfer lineage {name}\n{said.stdout}")


EXCERPTS: Mapping[str, Callable[[Path], str]] = {
    "verdict-sentences": verdict_sentences,
    "answer-section": answer_section,
    "verdicts": verdicts,
    "slopes": slopes,
    "reliability": reliability,
    "explained": explained,
    "changes": changes,
    "curve": curve,
    "rates": rates,
    "undefined": undefined,
    "regression": regression,
    "lineage": lineage,
}


def filled(page: str, results: Path) -> str:
    """Return a page with each of its blocks made anew from a study's results."""
    return _BLOCK.sub(
        lambda found: f"{found['begin']}\n{EXCERPTS[found['name']](results)}\n{found['end']}", page
    )


def _quoted(text: str) -> str:
    """Return Markdown as a quotation, whose headings are none of the page's."""
    lines = (re.sub(r"^#+ (.*)", r"**\1**", line) for line in text.strip().splitlines())
    return "".join(f"> {line}".rstrip() + "\n" for line in lines)


def _code(text: str) -> str:
    return f"```text\n{text.strip()}\n```\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [tuple(head), *(tuple(map(str, row)) for row in rows)]
    lines.insert(1, tuple("---" for _ in lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _signed(value: float) -> str:
    # Adding zero takes the sign off a zero.
    return "" if pd.isna(value) else f"{round(value, _DIGITS) + 0.0:+.2f}".replace("-", "−")


def _plain(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.2f}".replace("-", "−")


def _small(value: float) -> str:
    if pd.isna(value):
        return ""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _interval(row: object) -> str:
    low, high = (float(getattr(row, end)) for end in ("low", "high"))
    return "" if pd.isna(low) else f"{_signed(low)} to {_signed(high)}"


def main() -> None:
    """Write the blocks of all pages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, help="of a finished default study")
    parser.add_argument("--into", type=Path, default=ROOT, help="where the pages are written")
    arguments = parser.parse_args()
    for name in PAGES:
        page = filled((ROOT / name).read_text(), arguments.results)
        written = arguments.into / name
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(page)


if __name__ == "__main__":
    main()
