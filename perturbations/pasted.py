"""Text that was pasted together with what stood around it."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from ..harness.cases import Edit
from .perturbation import Proposal, perturbation

# All of it is ours, and none of it holds a number, a date or a fact that could be taken for an answer.
_HEADERS = (
    "From: {name}\nTo: Customer care\nSubject: Re: your message\n\n",
    "-----Original Message-----\nFrom: {name}\nTo: help desk\nSubject: FW: query\n\n",
    "Begin forwarded message:\n\nFrom: {name}\nTo: Team inbox\nSubject: Fwd: question\n\n",
)
_SIGNATURES = (
    "\n\nKind regards,\n{name}",
    "\n\nBest,\n{name}\n\nSent from my phone",
    "\n\nThanks\n{name}\n--\nSent from my mobile, please excuse brevity",
)
_QUOTES = (
    "\n\n> Hello {name},\n> thank you for getting in touch. A colleague will read this and answer soon.\n> The team",
    "\n\n> Hi {name},\n> we have received your message and passed it on.\n> Customer care",
    "\n\n> Dear {name},\n> this is an automatic answer. Please keep the text below when you write back.",
)
_DISCLAIMERS = (
    "\n\nThis e-mail is confidential and meant for the addressee. If it reached you in error, please delete it.",
    "\n\nPlease consider the environment before printing this e-mail.",
)
_NAMES = ("Robin", "Alex Moore", "Sam P.", "Jo Fielding", "Chris", "Dana Whitlock", "K. Osei", "Noor")


@perturbation(
    "email_thread",
    rates=(0.2, 0.4, 0.6, 0.8, 1.0),
    source="the parts are those of common mail programs; their order and wording are ours",
)
def email_thread(text: str, rng: Random) -> Iterator[Proposal]:
    """The message comes as a pasted e-mail: signature, then header, quoted answer, disclaimer, a second quote."""
    name = rng.choice(_NAMES)
    first, second = rng.sample(_QUOTES, 2)
    end = len(text)
    # one part a severity; the parts at the end keep this order whichever of them are there
    yield 0.1, Edit(end, end, rng.choice(_SIGNATURES).format(name=name))
    yield 0.3, Edit(0, 0, rng.choice(_HEADERS).format(name=name))
    yield 0.5, Edit(end, end, first.format(name=name))
    yield 0.7, Edit(end, end, rng.choice(_DISCLAIMERS))
    yield 0.9, Edit(end, end, second.format(name=name))
