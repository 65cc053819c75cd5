"""The only birthplace of randomness: streams named by what they are for."""

from __future__ import annotations

import hashlib
import json
import random

Part = str | int


def digest(*path: Part) -> bytes:
    """SHA-256 of a path of strings and integers; `("a", "b")` and `("ab",)` differ, and so do `1` and `"1"`."""
    return hashlib.sha256(json.dumps(path, ensure_ascii=True, separators=(",", ":")).encode("ascii")).digest()


def stream(seed: int, *path: Part) -> random.Random:
    """A random stream that depends on its name alone: not on order, process, machine or PYTHONHASHSEED.

    The name is (seed, case id, perturbation, draw) for a variant, and (seed, purpose) elsewhere.
    """
    return random.Random(digest(seed, *path))
