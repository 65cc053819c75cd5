"""Which items are asked before which look."""

from __future__ import annotations

from collections.abc import Sequence

from .seeds import digest

ANYTIME_LOOKS = 20
"""How often a rule that holds at any time is asked while a study runs."""


def group_ranks(groups: Sequence[str]) -> tuple[int, ...] | None:
    """For each item the rank of its group of dependent items, in an order that has nothing to do with their sizes.

    None where every item is its own group. Groups in the order in which shuffled items name them would come large ones
    first, and what is seen at an early look would not be a random part of what is to come.
    """
    names = set(groups)
    if len(names) == len(groups):
        return None
    rank = {name: at for at, name in enumerate(sorted(names, key=lambda name: digest("group", name)))}
    return tuple(rank[group] for group in groups)


def blocks(groups: Sequence[str], looks: int) -> tuple[int, ...]:
    """For each item, in the order of the study, the look (from 0) before which it is asked.

    `groups` names each item's group of dependent items, which stay together and come by `group_ranks`; items of their
    own come in the order given. Blocks are as even as groups allow.
    """
    total = len(groups)
    looks = max(1, min(looks or ANYTIME_LOOKS, total))
    ranks = group_ranks(groups) or tuple(range(total))
    sizes: dict[int, int] = {}
    for rank in ranks:
        sizes[rank] = sizes.get(rank, 0) + 1
    block_of, before = {}, 0
    for rank in sorted(sizes):
        block_of[rank] = min(looks - 1, (before + sizes[rank] // 2) * looks // total)
        before += sizes[rank]
    used = {old: new for new, old in enumerate(sorted(set(block_of.values())))}
    return tuple(used[block_of[rank]] for rank in ranks)
