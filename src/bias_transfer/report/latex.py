"""Sheets as LaTeX, with the packages array, booktabs, threeparttable and xcolor."""

from bias_transfer.report.sheet import Cell, Head, Row, Sheet

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    # Outside the font encodings that LaTeX starts with.
    "\N{MINUS SIGN}": "$-$",
    "\N{EN DASH}": "--",
    "\N{INFINITY}": r"$\infty$",
    "²": r"\textsuperscript{2}",
    "\N{GREEK SMALL LETTER RHO}": r"$\rho$",
    "\N{GREEK SMALL LETTER TAU}": r"$\tau$",
    "\N{GREEK SMALL LETTER GAMMA}": r"$\gamma$",
    "\N{GREEK SMALL LETTER SIGMA}": r"$\sigma$",
    "\N{GREEK SMALL LETTER ALPHA}": r"$\alpha$",
    "\N{GREEK SMALL LETTER BETA}": r"$\beta$",
    # A line break or a tab is a space; an empty line would end the cell.
    "\n": " ",
    "\r": " ",
    "\t": " ",
}

# The labels' share of the line.
_LABELS = 0.28


def latex(sheet: Sheet) -> str:
    r"""Return the table, to be read with ``\input``."""
    width = sheet.columns + 1
    numbered = [rf"\renewcommand{{\thetable}}{{{sheet.number}}}"] if sheet.number else []
    labels = rf">{{\raggedright\arraybackslash}}p{{{_LABELS}\linewidth}}"
    lines = [
        r"% Needs \usepackage{array,booktabs,threeparttable,xcolor}.",
        r"\begin{table}[!htbp]",
        r"\centering",
        r"\scriptsize",
        r"\setlength{\tabcolsep}{2.5pt}",
        r"\renewcommand{\arraystretch}{0.85}",
        *numbered,
        r"\begin{threeparttable}",
        rf"\caption{{{escape(sheet.title)}}}",
        rf"\label{{tab:{sheet.number or sheet.name}}}",
        rf"\begin{{tabular}}{{@{{}}{labels}*{{{sheet.columns}}}{{c}}@{{}}}}",
        r"\toprule",
        *(line for heads in sheet.heads for line in _heads(heads, sheet.columns)),
    ]
    for block in sheet.blocks:
        lines.append(r"\midrule")
        lines += [_row(row, width) for row in block]
    lines += [
        r"\bottomrule",
        r"\end{tabular}",
        r"\begin{tablenotes}[flushleft]",
        r"\scriptsize",
        *(rf"\item[{n}] {escape(text)}" for n, text in enumerate(sheet.footnotes, start=1)),
        *(rf"\item {escape(text)}" for text in sheet.notes),
        r"\end{tablenotes}",
        r"\end{threeparttable}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return text that LaTeX prints as it stands."""
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def _heads(heads: tuple[Head, ...], columns: int) -> list[str]:
    cells, rules, first = [""], [], 2
    for head in heads:
        # A long head is broken over lines rather than widening its columns.
        share = round((1 - _LABELS) * head.columns / columns, 3)
        width = rf"\dimexpr{share}\linewidth-3\tabcolsep\relax"
        text = rf"\parbox[b]{{{width}}}{{\centering {escape(head.text)}}}" if head.text else ""
        if head.columns > 1:
            text = rf"\multicolumn{{{head.columns}}}{{c}}{{{text}}}"
            rules.append(rf"\cmidrule(lr){{{first}-{first + head.columns - 1}}}")
        cells.append(text)
        first += head.columns
    return [_line(cells), *([" ".join(rules)] if rules else [])]


def _row(row: Row, width: int) -> str:
    if row.style == "group":
        return _line([rf"\multicolumn{{{width}}}{{@{{}}l}}{{\textit{{{escape(row.label.text)}}}}}"])
    cells = [_cell(cell) for cell in (row.label, *row.cells)]
    if row.style == "paper":
        cells = [rf"\textcolor{{black!60}}{{\textit{{{cell}}}}}" if cell else "" for cell in cells]
    return _line(cells)


def _cell(cell: Cell) -> str:
    marks = ",".join(map(str, cell.marks))
    return "".join(
        [
            escape(cell.text),
            rf"\textsuperscript{{{'*' * cell.stars}}}" if cell.stars else "",
            escape(cell.after),
            rf"\tnote{{{marks}}}" if marks else "",
        ]
    )


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
