"""Writes `orders.jsonl`: ninety questions about made-up orders, each with records of its own and an answer by code."""

from __future__ import annotations

import json
import random
from pathlib import Path

ASK = {
    "status": ("What is the status of order {order}, please?", "Could you look up the state of my order {order}?"),
    "total": (
        "What is the total of order {order} with everything?",
        "I need the amount of order {order} for my books.",
    ),
    "city": ("To which city does order {order} go in the end?", "Please check the town that order {order} is sent to."),
    "due": ("On which date is order {order} due at my door?", "Tell me the date on which order {order} arrives."),
    "items": ("How many items are in order {order} altogether?", "I want to know how many pieces order {order} has."),
}
CITIES = ("Leeds", "Porto", "Graz", "Tampere", "Bergen", "Utrecht", "Nantes", "Brno")
STATES = ("packed", "shipped", "waiting for stock", "delivered", "returned")


def main() -> None:
    """The same file every time."""
    rng = random.Random(7)
    lines = []
    for at in range(90):
        orders = [
            {
                "order": number,
                "status": rng.choice(STATES),
                "total": f"{rng.randint(5, 400)}.{rng.randint(0, 99):02}",
                "city": rng.choice(CITIES),
                "due": f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
                "items": rng.randint(1, 9),
            }
            for number in rng.sample(range(40_000, 60_000), 4)
        ]
        chosen, field = rng.choice(orders), list(ASK)[at % len(ASK)]
        lines.append(
            json.dumps(
                {
                    "id": f"q{at:02}-{field}",
                    "text": rng.choice(ASK[field]).format(**chosen),
                    "target": str(chosen[field]),
                    "context": "\n".join(map(json.dumps, orders)),
                }
            )
        )
    Path(__file__).with_name("orders.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
