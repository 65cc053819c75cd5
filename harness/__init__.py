"""The machine: values, replay, statistics, decision and report.

Importing this loads nothing but itself; each name below is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "cases": ("Case", "Edit", "Variant", "apply_edits", "edits_between"),
    "frames": ("Frame", "Message"),
    "replies": ("Endpoint", "Reply", "Score", "Scorer"),
    "errors": ("CaseError", "EndpointError", "ResultsError", "RoadtestError", "StudyError"),
    "seeds": ("stream",),
    "endpoints": ("PythonCallable", "Scripted"),
    "litellm_road": ("LiteLLM",),
    "openai_road": ("OpenAIClient",),
    "direct_road": ("Direct",),
    "application": ("Application",),
    "pacing": ("Pace",),
    "retrying": ("Retrying",),
    "systems": ("System",),
    "scorers": ("SCORERS", "find_scorer"),
    "gate": ("Clause", "Gate", "clauses"),
    "study": ("Study", "load_studies", "load_study"),
    "calls": ("Plan", "Request", "plan"),
    "journal": ("Journal", "Record", "final_records", "read_records"),
    "results": ("Results", "prepare", "read_results"),
    "replay": ("Outcome",),
    "statistics": ("Estimate", "accuracy", "drop", "tango"),
    "repetition": ("noise_floor",),
    "policy": ("Decision", "Verdict", "decide"),
    "analysis": ("Analysis", "Claim", "analyse"),
    "report": ("markdown", "terminal"),
    "report_html": ("html",),
    "formats": ("write_report",),
    "manifest": ("verify",),
    "business": ("Business",),
    "run": ("run_study",),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
