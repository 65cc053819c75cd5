"""What a call costs: by the study's own price, else by the price list that comes with litellm."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from .errors import StudyError, did_you_mean

Price = Mapping[str, float]
"""US dollars: `input` and `output` for a million tokens, `call` for a call; what is left out costs nothing."""

PRICES = ("input", "output", "call")

_LIST = "model_prices_and_context_window_backup.json"


def checked(price: Mapping[str, Any]) -> Price:
    """The price of a study. Raises StudyError for an unknown key, and for what is no amount of money."""
    for key, value in price.items():
        if key not in PRICES:
            raise StudyError(f"[endpoint] price: no {key!r}{did_you_mean(key, PRICES)} (known: {', '.join(PRICES)})")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise StudyError(f"[endpoint] price: {key} must be US dollars, at least 0, not {value!r}")
    return price


@cache
def listed(model: str) -> Price | None:
    """The listed price of a litellm model string, with or without its provider; None where there is none.

    Read from the file in litellm's package, because importing litellm takes seconds.
    """
    prices = _price_list()
    found = next((prices[name] for name in (model, model.partition("/")[2]) if name in prices), None)
    if not found or not (found.get("input_cost_per_token") or found.get("output_cost_per_token")):
        return None
    return {
        "input": 1e6 * float(found.get("input_cost_per_token") or 0),
        "output": 1e6 * float(found.get("output_cost_per_token") or 0),
    }


def cost(price: Price | None, prompt_tokens: int | None, completion_tokens: int | None) -> float | None:
    """US dollars of one call; None where the price is not known, or rests on tokens that nobody counted."""
    if price is None:
        return None
    total = float(price.get("call", 0.0))
    for key, tokens in (("input", prompt_tokens), ("output", completion_tokens)):
        if price.get(key):
            if tokens is None:
                return None
            total += price[key] * tokens / 1e6
    return total


@cache
def _price_list() -> dict[str, dict[str, Any]]:
    package = importlib.util.find_spec("litellm")
    if package is None or package.origin is None:
        return {}
    try:
        found: dict[str, dict[str, Any]] = json.loads((Path(package.origin).parent / _LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # another litellm may keep it elsewhere
        return {}
    return found
