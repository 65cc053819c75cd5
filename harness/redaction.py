"""Personal data replaced by tokens such as [EMAIL_2], the same for the same value, before anything is asked or written.

What is found: e-mail addresses, telephone numbers, payment cards, IBANs, IP addresses and American social security
numbers, by Presidio's pattern recognisers (MIT), which need no model and no network. Names of persons and postal
addresses are not: patterns cannot tell them from other words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from .cases import Case
from .errors import CaseError, EndpointError, StudyError
from .frames import Message
from .replies import Endpoint, Reply

LABELS = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "IBAN",
    "IP_ADDRESS": "IP",
    "US_SSN": "SSN",
}
"""Presidio's names of what is found, and what stands in its place."""

LEAST_SCORE = 0.4
"""Presidio's confidence from which a find counts; that of its telephone numbers."""

TOKEN = re.compile(rf"\[(?:{'|'.join(LABELS.values())})(?:_\d+)?\]")
"""What stands in the place of personal data."""


class Redactor:
    """Replaces personal data in texts; `tokens` are the values that are known, by `known_values`.

    Values of a suite are numbered in the order in which they come, so that the same suite gives the same tokens on
    every machine, and nothing about a value can be worked out from its token. A value that is first seen in an answer
    gets a token without a number.
    """

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self.tokens = dict(tokens)

    def text(self, text: str) -> str:
        """The text without personal data; the same again for a text that has none."""
        known = {value: self.tokens.get(_key(value), f"[{label}]") for label, value in _finder()(text)}
        longest_first = sorted(known, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), lambda hit: known[hit[0]], text) if known else text

    def case(self, case: Case) -> Case:
        """The case with every text of it redacted; its tokens are kept from every perturbation.

        Raises CaseError where the right answer stood in the text and is lost, as a part of a longer value is.
        """
        made = replace(
            case,
            text=self.text(case.text),
            context=self.text(case.context),
            history=self.text(case.history),
            query={name: self.text(value) for name, value in case.query.items()},
            target=self._answer(case.target),
            aliases=tuple(map(self._answer, case.aliases)),
            choices=tuple(map(self._answer, case.choices)),
            slots={name: self.text(value) for name, value in case.slots.items()},
            protect=tuple(map(self._answer, case.protect)),
            provenance={name: self.text(value) for name, value in case.provenance.items()},
        )
        stood = case.target and case.target in f"{case.text}\n{case.context}"
        if stood and made.target not in f"{made.text}\n{made.context}":
            raise CaseError(
                f"case {case.id!r}: its answer is a part of personal data that is replaced; leave the case out"
            )
        tokens = dict.fromkeys(TOKEN.findall(f"{made.text} {made.context}"))
        return replace(made, protect=(*made.protect, *(one for one in tokens if one not in made.protect)))

    def _answer(self, text: str) -> str:
        """A text that may be a value as a whole, which a pattern finds only among other words."""
        return self.tokens.get(_key(text)) or self.text(text)


def known_values(cases: Iterable[Case]) -> dict[str, str]:
    """A token for each value in the texts of these cases. Raises StudyError where Presidio is not installed."""
    find, tokens = _finder(), dict[str, str]()
    counts = dict.fromkeys(LABELS.values(), 0)
    for case in cases:
        for text in _texts(case):
            for label, value in find(text):
                if _key(value) not in tokens:
                    counts[label] += 1
                    tokens[_key(value)] = f"[{label}_{counts[label]}]"
    return tokens


class Redacted:
    """An endpoint whose answers and errors are redacted before anybody sees them."""

    def __init__(self, endpoint: Endpoint, redactor: Redactor) -> None:
        self._endpoint = endpoint
        self._redactor = redactor

    @property
    def name(self) -> str:
        """What the report calls the system."""
        return self._endpoint.name

    async def __call__(self, messages: Sequence[Message], /) -> Reply:
        """The redacted answer to these turns."""
        try:
            reply = await self._endpoint(messages)
        except EndpointError as error:
            raise EndpointError(error.kind, self._redactor.text(str(error)), error.wait) from None
        except Exception as error:  # an endpoint of the user's own
            said = f"{self.name} raised {type(error).__name__}: {error}"
            raise EndpointError("raised", self._redactor.text(said)) from None
        return replace(reply, text=self._redactor.text(reply.text))

    async def close(self) -> None:
        """Closes the endpoint's connections, if it keeps any."""
        close = getattr(self._endpoint, "close", None)
        if close:
            await close()


def _texts(case: Case) -> Iterable[str]:
    yield from (case.text, case.context, case.history, case.target, *case.aliases, *case.choices, *case.slots.values())
    yield from (*case.protect, *case.provenance.values(), *case.query.values())


def _key(value: str) -> str:
    """Two ways to write one number or address are one value."""
    return re.sub(r"[\s().-]", "", value).casefold() if any(c.isdigit() for c in value) else value.casefold().strip()


@cache
def _finder() -> Callable[[str], list[tuple[str, str]]]:
    try:
        import tldextract.tldextract as domains
        from presidio_analyzer import predefined_recognizers as known
    except ImportError as error:
        raise StudyError("redact = true needs Presidio: pip install 'roadtest[redact]'") from error
    domains.TLD_EXTRACTOR.suffix_list_urls = ()  # else it asks the internet for the list of domains that it carries
    recognisers: list[Any] = [
        known.EmailRecognizer(),
        known.CreditCardRecognizer(),
        known.IbanRecognizer(),
        known.IpRecognizer(),
        known.UsSsnRecognizer(),
        known.PhoneRecognizer(),
    ]

    @lru_cache(maxsize=20_000)
    def find(text: str) -> list[tuple[str, str]]:
        """The values in a text by label, in order; of two that overlap, the surer one, then the longer."""
        hits = [hit for one in recognisers for hit in one.analyze(text, one.supported_entities, None) or []]
        hits.sort(key=lambda hit: (-hit.score, hit.start - hit.end, hit.start))
        kept: list[Any] = []
        for hit in hits:
            apart = all(hit.end <= other.start or hit.start >= other.end for other in kept)
            if hit.score >= LEAST_SCORE and apart and not TOKEN.search(text[hit.start : hit.end]):
                kept.append(hit)
        return [(LABELS[hit.entity_type], text[hit.start : hit.end]) for hit in sorted(kept, key=lambda hit: hit.start)]

    return find
