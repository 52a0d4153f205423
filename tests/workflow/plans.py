"""Imported by the server of Snakemake's copies: what every plan asks of the package's code.

A digest is of files that no test changes (those that change some run on sources of their own), and
is remembered: each copy starts with what was read here.
"""

from bias_transfer import plugins
from bias_transfer.runtime.main import STAGES
from bias_transfer.runtime.provenance import code_digest

_PACKAGES = ("upstream", "alterations", "adaptations", "measures", "tasks", "report.figures")

for _stage in STAGES:
    code_digest(_stage)
for _package in _PACKAGES:
    for _name in plugins.names(f"bias_transfer.{_package}"):
        code_digest("data", [f"{_package}.{_name}"])
