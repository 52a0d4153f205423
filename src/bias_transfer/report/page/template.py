"""The page's frame: Jinja2 fills it, and Vega's code is laid into it."""

import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from vl_convert import javascript_bundle

from bias_transfer.report.page.charts import VEGA_LITE
from bias_transfer.report.page.words import emphasised

# What the page's own code calls.
_EXPOSED = "window.vegaEmbed = vegaEmbed;"


def fill(**parts: Any) -> str:
    """Return the page with these parts."""
    environment = Environment(
        loader=PackageLoader("bias_transfer.report.page", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["emphasised"] = lambda text: Markup(emphasised(text))
    environment.filters["embedded"] = lambda value: Markup(embedded(value))
    environment.filters["already_html"] = Markup
    vega = Markup(_closed(javascript_bundle(_EXPOSED, vl_version=VEGA_LITE)))
    return environment.get_template("page.html.j2").render(vega=vega, **parts)


def embedded(value: Any) -> str:
    """Return a value as JSON that may stand inside an element of the page."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _closed(code: str) -> str:
    """Return code that does not end the element it stands in; inside strings it means the same."""
    return code.replace("</script", "<\\/script").replace("<!--", "<\\!--")
