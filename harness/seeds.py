"""The only birthplace of randomness: streams named by what they are for."""

from __future__ import annotations

import hashlib
import json
import random
import struct

Part = str | int


def digest(*path: Part) -> bytes:
    """SHA-256 of a path of strings and integers; `("a", "b")` and `("ab",)` differ, and so do `1` and `"1"`."""
    return hashlib.sha256(json.dumps(path, ensure_ascii=True, separators=(",", ":")).encode("ascii")).digest()


def stream(seed: int, *path: Part) -> random.Random:
    """A random stream that depends on its name alone: not on order, process, machine or PYTHONHASHSEED.

    The name is (seed, case id, perturbation, draw) for a variant, and (seed, purpose) elsewhere.
    """
    return random.Random(digest(seed, *path))


def uniforms(count: int, seed: int, *path: Part) -> tuple[float, ...]:
    """So many uniform numbers in [0, 1), of 32 bits each, from the stream of this name.

    For perturbations that go word by word: a tenth of the time that seeding a `stream` takes.
    """
    name = "\0".join(f"{len(part)}:{part}" if isinstance(part, str) else str(part) for part in (seed, *path))
    drawn = hashlib.shake_256(name.encode("utf-8", "surrogatepass")).digest(4 * count)
    return tuple([whole / 4294967296 for whole in struct.unpack(f"<{count}I", drawn)])
