"""Sheets as HTML pages that need nothing beside them."""

from html import escape, unescape

from bias_transfer.report.sheet import Cell, Head, Row, Sheet

_STYLE = """
body { margin: 1.5rem; background: #fff; color: #111; font: 15px/1.4 Georgia, serif; }
div { overflow-x: auto; }
table { border-collapse: collapse; border-top: 2px solid; border-bottom: 2px solid; }
caption { margin-bottom: .6rem; text-align: left; font-weight: bold; }
th, td { padding: .1rem .7rem; text-align: center; font-weight: normal; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
thead th { max-width: 9rem; white-space: normal; vertical-align: bottom; }
thead th[colspan] { max-width: none; border-bottom: 1px solid #999; }
tbody { border-top: 1px solid; }
tbody tr:first-child > * { padding-top: .4rem; }
tbody tr:last-child > * { padding-bottom: .4rem; }
.group th { font-style: italic; font-weight: bold; }
.paper > * { color: #666; font-size: .82em; font-style: italic; }
sup { line-height: 0; font-size: .75em; }
ol, p { max-width: 60rem; margin: .4rem 0; font-size: .85em; }
"""


def html(sheet: Sheet) -> str:
    """Return a complete page of the table."""
    titled = escape(f"Table {sheet.number}. {sheet.title}" if sheet.number else sheet.title)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{titled}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        # A table that is wider than the window is moved with the arrow keys.
        f'<div class="scroll" tabindex="0" role="region" aria-label="{titled}">',
        f'<table id="{escape(sheet.name)}">',
        f"<caption>{titled}</caption>",
        "<thead>",
        *(_heads(heads) for heads in sheet.heads),
        "</thead>",
    ]
    for block in sheet.blocks:
        lines += ["<tbody>", *(_row(row, sheet.columns + 1) for row in block), "</tbody>"]
    lines += ["</table>", "</div>"]
    if sheet.footnotes:
        lines += ["<ol>", *(f"<li>{escape(text)}</li>" for text in sheet.footnotes), "</ol>"]
    lines += [f"<p>{escape(text)}</p>" for text in sheet.notes]
    return "\n".join([*lines, "</body>", "</html>"]) + "\n"


def body(page: str) -> str:
    """Return the table of a complete page with its notes, for a page that has more to show."""
    return page.partition("<body>\n")[2].partition("</body>")[0]


def title(page: str) -> str:
    """Return the title of a complete page, as text."""
    return unescape(page.partition("<title>")[2].partition("</title>")[0])


def _heads(heads: tuple[Head, ...]) -> str:
    cells = "".join(
        f'<th scope="colgroup" colspan="{head.columns}">{escape(head.text)}</th>'
        if head.columns > 1
        else f'<th scope="col">{escape(head.text)}</th>'
        if head.text
        else "<td></td>"
        for head in heads
    )
    # No head: nothing stands in it.
    return f"<tr><td></td>{cells}</tr>"


def _row(row: Row, width: int) -> str:
    if row.style == "group":
        label = _cell(row.label)
        return f'<tr class="group"><th scope="rowgroup" colspan="{width}">{label}</th></tr>'
    cells = "".join(f"<td>{_cell(cell)}</td>" for cell in row.cells)
    label = _cell(row.label)
    # What belongs to the row above has no head of its own.
    head = f'<th scope="row">{label}</th>' if label else "<td></td>"
    return f'<tr class="{row.style}">{head}{cells}</tr>'


def _cell(cell: Cell) -> str:
    marks = ",".join(map(str, cell.marks))
    return "".join(
        [
            escape(cell.text),
            f"<sup>{'*' * cell.stars}</sup>" if cell.stars else "",
            escape(cell.after),
            f"<sup>{marks}</sup>" if marks else "",
        ]
    )
