"""Routes a support ticket to one of seven queues, by its likeness to a few examples of each."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

EXAMPLES = {
    "payment": (
        "my bill is wrong", "you charged my credit card twice", "I need an invoice with our tax number",
        "the price on the receipt is not what I agreed to pay", "can I pay by bank transfer or in instalments",
        "my card was declined", "there is a fee on my statement that I do not know",
        "the discount code was not taken off", "what does it cost a month",
        "why did you take the money twice from my account", "payment of the rent by debit",
        "the amount on the invoice is too high", "how much is it", "which cards do you take",
        "please send the bill to our new company", "I paid but the payment does not show",
        "a reminder came although I have paid", "change the bank details for the direct debit",
        "is there a cheaper rate for students", "tax on the invoice is missing", "my voucher was not counted",
    ),
    "refund": (
        "I want my money back", "I sent it back and wait for the refund", "how can I return this, it does not fit",
        "the item arrived broken, please give me the money back", "when do I get my refund",
        "I would like to send back the jacket", "it is faulty and I want to be reimbursed", "return label",
        "the shoes are too small, I am returning them", "half of it was bad, I want part of the price back",
        "the wrong thing came, I want my money", "take it back please", "money for the cancelled trip has not come",
        "it broke after two days, I want a refund", "where do I send it when I do not like it",
        "you owe me money for the damaged one", "can I give it back without the box",
        "repay what I spent on the ruined food", "not as described, return it",
        "how long does it take until I am paid back",
    ),
    "cancel": (
        "please cancel my order", "I want to end my subscription", "stop my membership at the end of the month",
        "I no longer need the booking", "please terminate the contract", "take me off the list, I will not come",
        "I changed my mind about the order, do not send it", "do not renew my plan", "call off the appointment",
        "close down the policy, we are moving away", "unsubscribe me", "we have to call off our reservation",
        "we do not want it any more", "get me out of this contract", "I would like to quit the club",
        "delete my order before it leaves", "we will not be able to come, please cancel", "end the insurance",
        "withdraw from the agreement", "how do I get out of the subscription", "what is the notice period",
        "scrap the order from this morning",
    ),
    "login": (
        "I forgot my password", "I cannot log in", "my account is locked", "the code you text me never arrives",
        "I cannot get into my account", "it says my user name is unknown", "how do I reset my password",
        "two step sign in does not accept my code", "the security question is wrong", "I lost access to my e-mail",
        "it does not know my password", "unlock my account", "the confirmation code does not come",
        "I have a new phone and cannot verify", "the reset link does not work", "it logs me out again and again",
        "my finger print is not accepted any more", "sign in page says wrong user",
        "how can I change my e-mail for signing in", "somebody else has access to my profile",
    ),
    "delivery": (
        "where is my parcel", "the package has not arrived", "the courier left it at the wrong house",
        "tracking has not moved for days", "please deliver it to another address", "when will it be delivered",
        "the driver did not ring", "can you leave it with the neighbour", "my delivery is late",
        "it was shipped last week", "can you bring it on Saturday", "nobody was at home when the van came",
        "where do I pick it up", "it should have come on Monday", "still waiting for the box",
        "they brought it to the wrong address", "ship it to my office", "how long does shipping take",
        "I will be away, can it come a week later", "the post office has no parcel for me",
        "the tracking number is unknown", "only one of three boxes came", "the driver threw it over the fence",
        "leave it in the garage",
    ),
    "technical": (
        "the app crashes when I open it", "the screen stays black", "it shows an error message",
        "it does not switch on", "the printer does not connect to the network", "since the update nothing works",
        "the page does not load", "it makes a strange noise and stops", "the battery does not charge",
        "the video freezes", "sound is gone", "the light blinks red", "the oven gets too hot",
        "the remote does not respond", "the device does not start any more", "it keeps disconnecting",
        "the button does nothing", "the map shows the wrong place", "the machine leaks", "it turns itself off",
        "the camera picture is upside down", "the website hangs when I click", "the headphones do not pair",
        "the timer is wrong", "the file will not open", "my tablet does not find the speaker",
    ),
    "product": (
        "which size should I take", "is it in stock", "does it come in blue", "what is it made of",
        "is this suitable for children", "how long is the warranty", "what are your opening hours",
        "how many people does it fit", "do you sell spare parts", "can I wash it", "does it work with my old one",
        "what is the difference between the two models", "how heavy is it", "is it vegan", "does it contain nuts",
        "can it be used outdoors", "do you have it in a larger size", "when is it back in stock",
        "is it safe for the dishwasher", "how old must my child be for this", "which of them is quieter",
        "are batteries included", "do you have a shop in my town", "does it come with instructions",
        "what colours are there", "how long does it last",
    ),
}  # fmt: skip
"""What tickets of each queue sound like."""

_QUIET = frozenset("the a an i my is it to of and for in on that this was you your we at me not with have has".split())


def _features(text: str) -> Counter[str]:
    """Words, and runs of four characters of them, so that a misspelt word is still half known."""
    found: Counter[str] = Counter()
    for word in re.findall(r"[^\W\d_]+", text.lower()):
        if word not in _QUIET:
            found[word] += 2
            padded = f" {word} "
            found.update(padded[at : at + 4] for at in range(len(padded) - 3))
    return found


_COUNTS = {queue: [_features(text) for text in texts] for queue, texts in EXAMPLES.items()}
_SEEN = Counter(feature for counts in _COUNTS.values() for one in counts for feature in one)
_TOTAL = sum(len(counts) for counts in _COUNTS.values())


def _weighed(counts: Mapping[str, int]) -> dict[str, float]:
    found = {name: (1 + math.log(n)) * math.log(_TOTAL / (1 + _SEEN[name])) for name, n in counts.items()}
    length = math.sqrt(sum(value * value for value in found.values())) or 1.0
    return {name: value / length for name, value in found.items()}


_KNOWN = {queue: [_weighed(one) for one in counts] for queue, counts in _COUNTS.items()}


def route(text: str) -> str:
    """The queue of a ticket: the one whose three nearest examples are nearest together."""
    asked = _weighed(_features(text))

    def nearness(queue: str) -> float:
        alike = (sum(asked.get(name, 0.0) * value for name, value in one.items()) for one in _KNOWN[queue])
        return sum(sorted(alike, reverse=True)[:3])

    return max(_KNOWN, key=nearness)


def answer(messages: Sequence[Mapping[str, str]]) -> str:
    """The same for a study file: chat turns in, the queue out."""
    return route(messages[-1]["content"])
