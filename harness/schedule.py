"""Which items are asked before which look."""

from __future__ import annotations

from collections.abc import Sequence

ANYTIME_LOOKS = 20
"""How often a rule that holds at any time is asked while a study runs."""


def blocks(groups: Sequence[str], looks: int) -> tuple[int, ...]:
    """For each item, in the order of the study, the look (from 0) before which it is asked.

    `groups` names each item's group of dependent items, which stay together; blocks are as even as groups allow.
    """
    total = len(groups)
    looks = max(1, min(looks or ANYTIME_LOOKS, total))
    sizes: dict[str, int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    block_of, before = {}, 0
    for group, size in sizes.items():
        block_of[group] = min(looks - 1, (before + size // 2) * looks // total)
        before += size
    used = {old: new for new, old in enumerate(sorted(set(block_of.values())))}
    return tuple(used[block_of[group]] for group in groups)
