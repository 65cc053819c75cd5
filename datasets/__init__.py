"""Clean benchmarks: `<name>.jsonl` with its card `<name>.md`, and the readers of public formats."""

from __future__ import annotations

from .loading import Suite, load_suite, read_cases, suite_names

__all__ = ["Suite", "load_suite", "read_cases", "suite_names"]
