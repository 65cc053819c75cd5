"""The formats of a report, and all of it written into the results folder."""

from __future__ import annotations

import json
from pathlib import Path

from .analysis import Analysis
from .report import markdown, terminal
from .report_html import html
from .report_json import as_json
from .report_junit import junit

REPORT_HTML, REPORT_MD, REPORT_JSON = "report.html", "report.md", "report.json"
"""The reports of a results folder: for people, for a pull request, for machines."""

TEXT_FORMATS = ("terminal", "markdown", "json", "html", "junit")
"""Formats that are one text."""


def rendered(analysis: Analysis, form: str, *, texts: bool = True) -> str:
    """The report in one of TEXT_FORMATS. Without `texts` no word of a user or of the system is in it."""
    match form:
        case "html":
            return html(analysis, texts=texts)
        case "markdown":
            return markdown(analysis, texts=texts)
        case "json":
            return json.dumps(as_json(analysis, texts=texts), indent=2, allow_nan=False) + "\n"
        case "junit":
            return junit(analysis)
        case _:
            return terminal(analysis, texts=texts) + "\n"


def write_report(analysis: Analysis, folder: Path) -> Path:
    """Writes `report.html`, `report.md` and `report.json` in UTF-8; gives the path of the first."""
    for name, form in ((REPORT_JSON, "json"), (REPORT_MD, "markdown"), (REPORT_HTML, "html")):
        (folder / name).write_text(rendered(analysis, form), encoding="utf-8", errors="replace", newline="\n")
    return folder / REPORT_HTML
