"""The pages as a site: `sphinx-build --fail-on-warning docs build/site`.

Nothing that a page of it needs comes from elsewhere: no fonts, no scripts, no badges.
"""

project = "bias-transfer"
html_title = project
extensions = ["myst_parser"]
# Headings down to this level may be linked to, as on any host of Markdown.
myst_heading_anchors = 3
highlight_language = "text"
html_theme = "furo"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
