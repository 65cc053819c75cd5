"""A request that is not one message: sent in pieces, corrected later, interrupted, repeated, or after other talk."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

from ..harness.cases import Case, Edit
from ..harness.marks import ASSISTANT, USER
from .perturbation import ALWAYS, STEPS, Proposal, Restating, Turning, perturbation
from .text import sentence_ends, sites
from .values import decoy, rivals, values, wrong_answer
from .words import FUNCTION_WORDS

_ONCE = "a conversation has it or not, so that the severities are one"
_LABAN = (
    "after the sharded conversations of Laban et al. 2025 (arXiv 2505.06120): what is wanted comes first, and the rest "
    "piece by piece. There the model answers every piece; here the replies between are ours, the same for all systems, "
    "so that the drop is what pieces alone cost. Severity is the number of further messages"
)

# Replies between two messages of the person: they hear and add nothing
_ACKNOWLEDGED = (
    "Okay.",
    "Got it. Go on.",
    "Sure, tell me more.",
    "Alright, I am listening.",
    "Thanks. Anything else?",
    "Understood. Please go on.",
    "Of course.",
    "I see. Go ahead.",
)

_CLAUSE = re.compile(
    r",[ ]+|[ ]+(?=(?:and|but|because|so|or|which|when|while|that|if|since|although)\b)", re.IGNORECASE
)
_LEAST_WORDS = 2
_WORD = 40  # characters in which the word beside a blank is looked for
_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)


def _places(case: Case, rng: Random, gone: tuple[int, int] = (0, 0)) -> list[tuple[int, int]]:
    """Where a text can be parted, at most five places: blanks between two words, outside what is `gone` from there.

    Ends of sentences come first, then clauses, then blanks before a function word, then others; no piece is shorter
    than two words, and nothing that is protected is torn apart.
    """
    text, until = case.text, len(case.text.rstrip())
    protection = sites(case).protection
    ends = set(sentence_ends(text))
    clauses = {match.end() for match in _CLAUSE.finditer(text)}

    def left(start: int, end: int) -> list[str]:
        return f"{text[start : min(end, max(gone[0], start))]} {text[max(start, gone[1]) : end]}".split()

    kinds: tuple[list[tuple[int, int]], ...] = ([], [], [], [])
    for blank in re.finditer(r"(?<=\S)\s+(?=\S)", text[:until]):
        start, end = blank.span()
        if protection.refuses(Edit(start, end, USER)) or (start < gone[1] and end > gone[0]):
            continue
        before = text[max(start - _WORD, 0) : start].rpartition(" ")[2].lower()
        after = text[end : end + _WORD].partition(" ")[0].lower()
        if start in ends or (before[-1:] in ".!?" and text[end].isupper()):
            kinds[0].append((start, end))
        elif end in clauses:
            kinds[1].append((start, end))
        elif before not in FUNCTION_WORDS and "'" not in before:  # nobody presses send behind "to the" or "I'm"
            kinds[2 if after in FUNCTION_WORDS else 3].append((start, end))
    chosen: list[tuple[int, int]] = []
    for kind in kinds:
        for start, end in rng.sample(kind, len(kind)):
            if len(chosen) == len(_SHARES):
                return chosen
            edges = sorted([0, until, *(place for both in chosen for place in both)])
            ahead = left(max(edge for edge in edges if edge <= start), start)
            behind = left(end, min(edge for edge in edges if edge >= end))
            if min(len(ahead), len(behind)) >= _LEAST_WORDS:
                chosen.append((start, end))
    return chosen


@perturbation(
    "several_messages",
    rates=STEPS,
    measure="five further messages",
    source="people press send where a sentence, a clause or a breath ends; how often is not known. Severity is the "
    "number of further messages",
    proof="words and their order stay; only ends of messages are put between them",
    sends="turns",
)
def several_messages(case: Case, rng: Random) -> Iterator[Proposal]:
    """One request comes as several messages in a row, before anybody could answer."""
    for share, (start, end) in zip(_SHARES, _places(case, rng), strict=False):
        yield share, Edit(start, end, USER)


@perturbation("sharded", rates=STEPS, measure="five further messages", source=_LABAN, sends="turns")
def sharded(case: Case, rng: Random) -> Iterator[Proposal]:
    """The question comes first, and what it takes to answer follows message by message, each acknowledged."""
    text = case.text
    found = _question(text)
    if found is None:
        return
    begin, end = found
    heard = rng.sample(_ACKNOWLEDGED, len(_SHARES))
    shares: Sequence[float] = _SHARES
    gone = (0, 0)
    if begin:
        gone = (_back(text, begin), end) if end >= len(text.rstrip()) else (begin, _on(text, end))
        moved = Edit(0, 0, f"{text[begin:end]}{ASSISTANT}{heard[0]}{USER}")
        yield -1.0, Restating((moved, Edit(*gone, "")))
        shares = _SHARES[1:]
    for share, said, (start, stop) in zip(shares, heard[-len(shares) :], _places(case, rng, gone), strict=False):
        # its place was found to be free
        yield share, Restating((Edit(start, stop, f"{ASSISTANT}{said}{USER}"),))


_IN_ORDER = re.compile(
    r"\b(?:then|so|therefore|however|first|second|after|before|next|finally|later|another|others?|both|same|such|former"
    r"|latter|also|too|instead)\b|^(?:and|but|or)\b",
    re.IGNORECASE,
)


def _question(text: str) -> tuple[int, int] | None:
    """Where the last question stands that can come first: none of its words says that something came before it."""
    start, found = 0, None
    for end in sentence_ends(text):
        while start < end and text[start].isspace():
            start += 1
        sentence = text[start:end]
        if sentence.endswith("?") and not _IN_ORDER.search(sentence):
            found = (start, end)
        start = end
    return found


def _on(text: str, at: int) -> int:
    """The place of the next character that is no blank."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _back(text: str, at: int) -> int:
    """The place behind the last character before this one that is no blank."""
    while at > 0 and text[at - 1].isspace():
        at -= 1
    return at


# --- talk around the request --------------------------------------------------------------------------------------

# Ours: another topic, raised and answered, without a number, a date, or anything that could be taken for an answer
_OTHER_TOPICS = (
    ("do you know a good soup for a cold evening?", "A lentil soup is quick and warm."),
    ("what do you call the fear of spiders?", "That is arachnophobia."),
    ("is it better to water plants in the morning or in the evening?", "In the morning, before the sun is strong."),
    ("how do I get chewing gum out of a carpet?", "Cool it with ice until it is hard, then scrape it off gently."),
    ("which is the longest river of South America?", "That is the Amazon."),
    ("can dogs eat apples?", "Yes, in small pieces and without the core."),
    ("what rhymes with orange?", "Hardly anything does."),
    ("how do I fold a fitted sheet?", "Tuck the corners into each other, then fold it like a towel."),
)
_MEANWHILE = ("By the way: ", "While you look: ", "Quick other thing: ", "Something else first: ")
_RETURNS = (
    "Thanks! Now back to what I wrote: {words} ...",
    "Good to know. So, what about this: {words} ...",
    "Ha, okay. But I had written: {words} ...",
    "Great, thank you. Please answer my message now, the one with: {words} ...",
)
_QUOTED = 6  # words of the request that the way back quotes
_WAITS = ("One moment, please.", "Let me have a look.", "I am looking into it.", "Just a second.")


@perturbation(
    "topic_switch",
    rates=STEPS,
    measure="other topics",
    source="the topics and the way back are ours; severity is the number of other topics, chosen by hand",
    sends="turns",
    restates=True,
)
def topic_switch(text: str, rng: Random) -> Iterator[Proposal]:
    """The person asks about something else in between and comes back to the request, quoting how it began."""
    end, words = len(text.rstrip()), text.split()
    if len(words) < _QUOTED:
        return
    topics = rng.sample(_OTHER_TOPICS, len(_SHARES))
    back, wait = rng.choice(_RETURNS), rng.choice(_WAITS)
    # without its first topic a conversation only waits and comes back
    for share, (question, answer) in zip((-1.0, *_SHARES[1:]), topics, strict=True):
        opening = f"{ASSISTANT}{wait}{USER}{rng.choice(_MEANWHILE)}" if share < 0 else f"{USER}And "
        yield share, Edit(end, end, f"{opening}{question}{ASSISTANT}{answer}")
    yield -1.0, Restating((Edit(end, end, f"{USER}{back.format(words=' '.join(words[:_QUOTED]))}"),))


_IMPATIENT = ("Hello?", "??", "Hello???", "Anyone?", "Hey?")


@perturbation(
    "impatient_repeat",
    rates=STEPS,
    measure="five repetitions",
    source="the impatience is ours; severity is how often the request is sent again, chosen by hand",
    sends="turns",
    restates=True,
)
def impatient_repeat(text: str, rng: Random) -> Iterator[Proposal]:
    """Nobody answers at once, so the person nudges and sends the same request again."""
    end, request = len(text), text.strip()
    if request:
        nudges = rng.sample(_IMPATIENT, len(_IMPATIENT))
        for share, nudge in zip(_SHARES, nudges, strict=True):
            yield share, Restating((Edit(end, end, f"{USER}{nudge}{USER}{request}"),))


@perturbation(
    "stale_history",
    rates=STEPS,
    measure="earlier exchanges",
    source="the exchanges are ours; severity is their number, chosen by hand",
    proof="finished exchanges about something else stand before the request",
    sends="turns",
)
def stale_history(case: Case, rng: Random) -> Iterator[Proposal]:
    """The request comes at the end of a long conversation about other things."""
    if not case.text.strip():
        return
    for share, (question, answer) in zip(_SHARES, rng.sample(_OTHER_TOPICS, len(_SHARES)), strict=True):
        asked = question[0].upper() + question[1:]
        yield share, Edit(0, 0, f"{USER}{asked}{ASSISTANT}{answer}", field="history")


def _mistaken(case: Case, value: str, rng: Random) -> str | None:
    """A value of the same shape that stands nowhere in the case; None where the one that is made does."""
    wrong = decoy(value, rng)
    known = f"{case.text} {case.context} {' '.join(case.answers)}"
    return None if wrong == value or wrong in known else wrong


_NOTED = ("Thank you, I have noted that.", "Thanks, I will look it up.", "Alright, noted.")


@perturbation(
    "conflicting_history",
    rates=ALWAYS,
    measure="messages with a value",
    source=f"the replies are ours; {_ONCE}",
    sends="turns",
    restates=True,
)
def conflicting_history(case: Case, rng: Random) -> Iterator[Proposal]:
    """Earlier in the conversation the person asked the same with another value; what is sent now counts."""
    found = values(case.text)
    bearing = [value for value in found if any(answer in value[0] for answer in case.answers)] or found
    if not bearing:
        return
    value = rng.choice(bearing)
    wrong = _mistaken(case, value[0], rng)
    if wrong is None:
        return
    earlier = f"{case.text[: value.start()]}{wrong}{case.text[value.end() :]}".strip()
    opening = rng.choice(("Sorry, I had that wrong. Once more: ", "I mixed something up, so again: ", "Correction: "))
    noted = rng.choice(_NOTED)
    yield -1.0, (Edit(0, 0, f"{USER}{earlier}{ASSISTANT}{noted}", field="history"), Edit(0, 0, opening))


@perturbation(
    "wrong_before",
    rates=ALWAYS,
    measure="messages with a choice or an answer of a known type",
    source=f"the doubts are ours; {_ONCE}",
    proof="the same request was answered wrong before, and is asked again, whole",
    sends="turns",
    restates=True,
)
def wrong_before(case: Case, rng: Random) -> Iterator[Proposal]:
    """The history holds a wrong answer to the same request, and the person asks again."""
    wrong = wrong_answer(case, rng)
    if wrong and case.text.strip():
        again = rng.choice(
            ("Are you sure? Please check again. ", "I do not think so. Once more: ", "Look again, please. ")
        )
        yield (
            -1.0,
            (
                Edit(0, 0, f"{USER}{case.text.strip()}{ASSISTANT}{wrong}", field="history"),
                Edit(0, 0, again),
            ),
        )


# --- corrections --------------------------------------------------------------------------------------------------

_MEANT = (
    "Sorry, typo: it is {right}, not {wrong}.",
    "I mistyped that, {wrong} should be {right}.",
    "Not {wrong} but {right}, sorry.",
    "Wait, I meant {right} instead of {wrong}.",
)


@perturbation(
    "corrected_turn",
    rates=ALWAYS,
    measure="messages with a value",
    source=f"the corrections are ours; {_ONCE}",
    sends="turns",
    restates=True,
)
def corrected_turn(case: Case, rng: Random) -> Iterator[Proposal]:
    """The request holds a wrong value, which the next message puts right: the clean answer holds."""
    found = values(case.text)
    parts = [answer for answer in case.answers if answer in case.text]
    times = Counter(value[0] for value in found)
    once = [
        value
        for value in found
        if times[value[0]] == 1 and not any(value[0] in part and part not in value[0] for part in parts)
    ]
    bearing = [value for value in once if any(answer in value[0] for answer in case.answers)] or once
    if not bearing:
        return
    value = rng.choice(bearing)
    wrong = _mistaken(case, value[0], rng)
    if wrong is None or case.text.count(value[0]) > 1:
        return
    end = len(case.text.rstrip())
    said = rng.choice(_MEANT).format(right=value[0], wrong=wrong)
    between = f"{ASSISTANT}{rng.choice(_WAITS)}" if rng.random() < 0.5 else ""
    yield -1.0, Restating((Edit(value.start(), value.end(), wrong), Edit(end, end, f"{between}{USER}{said}")))


@perturbation(
    "late_correction",
    effect="updated",
    rates=ALWAYS,
    measure="messages with the value that is asked for",
    source=f"the corrections are ours; {_ONCE}",
    sends="turns",
)
def late_correction(case: Case, rng: Random) -> Iterator[Proposal]:
    """A later message replaces the value that is asked for, which is now the answer."""
    found = rivals(case, rng)
    if found:
        value, new = found
        end = len(case.text.rstrip())
        said = rng.choice(_MEANT).format(right=new, wrong=value[0])
        yield -1.0, Turning((Edit(end, end, f"{ASSISTANT}{rng.choice(_WAITS)}{USER}{said}"),), target=new)


_DOUBTS = (
    "Or was it {new}? I am not sure any more.",
    "Hmm, my other note says {new}.",
    "My husband says it was {new}. One of us is wrong.",
)


@perturbation(
    "contradicting_turn",
    effect="clarify",
    rates=ALWAYS,
    measure="messages with the value that is asked for",
    source=f"the doubts are ours; {_ONCE}",
    sends="turns",
)
def contradicting_turn(case: Case, rng: Random) -> Iterator[Proposal]:
    """A later message casts doubt on the value that is asked for, and nothing settles it: to ask is right."""
    found = rivals(case, rng)
    if found:
        _, new = found
        end = len(case.text.rstrip())
        yield -1.0, Turning((Edit(end, end, f"{USER}{rng.choice(_DOUBTS).format(new=new)}"),))
