"""The report: one page that opens without a network, and says what was asked, found and undefined.

`build` puts the parts in order. A part is a chart (`charts` and the modules of each question), a
table (`tables` and the modules of each kind) or the story of the files (`lineage`). Nothing here
estimates: each number stands in a table that the analysis wrote.
"""
