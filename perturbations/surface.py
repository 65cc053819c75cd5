"""How the text looks: letter case, punctuation, blanks, characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from random import Random

from ..harness.cases import Case, Edit
from .perturbation import STEPS, Proposal, Restating, perturbation, word_by_word
from .text import protected_spans, recased, sentence_ends, sites

_HABIT = (
    "a habit: of the {share} of web sentences in UD English EWT (CC BY-SA 4.0) that do it, the median does it at every "
    "site; rates are steps up to that"
)
_CASE = "only letter case changes"
_BLANK = "only blanks change"
_LOOK = "only marks and characters that carry no value change"

# a dash beside a number may be a minus or a range, and stays
_MARK = re.compile(r"(?<=\w)[.,;:!?]+(?=\s|$)|(?<=[^\d\s]\s)[-–—](?=\s[^\d\s])")


@perturbation(
    "casing", rates=STEPS, measure="words with capitals", source=_HABIT.format(share="3.5 %"), proof=_CASE,
    style=str.lower,
)  # fmt: skip
def casing(text: str, rng: Random) -> Iterator[Proposal]:
    """Capital letters go missing, as when nobody presses shift."""
    yield from recased(text, rng, str.lower)


@perturbation(
    "caps_lock",
    rates=(0.07, 0.11, 0.23, 0.5, 1.0),
    measure="words",
    source="words in capitals in web sentences that have any (6.2 %), median to 97th percentile and the whole message, "
    "fitted to UD English EWT, CC BY-SA 4.0",
    proof=_CASE,
    style=str.upper,
)
def caps_lock(text: str, rng: Random) -> Iterator[Proposal]:
    """Words, or the whole message, in capitals."""
    yield from recased(text, rng, str.upper, at_least=2)


@perturbation("punctuation", rates=STEPS, measure="marks", source=_HABIT.format(share="3.9 %"), proof=_LOOK)
def punctuation(text: str, rng: Random) -> Iterator[Proposal]:
    """Punctuation is left out."""
    for mark in _MARK.finditer(text):
        yield rng.random(), Edit(mark.start(), mark.end(), "")


@perturbation(
    "runaway_punctuation", rates=STEPS, measure="sentence ends", source=_HABIT.format(share="1.9 %"), proof=_LOOK
)
def runaway_punctuation(text: str, rng: Random) -> Iterator[Proposal]:
    """Marks run away: !!!, ???, ....., or three dots where a comma would do."""
    for match in re.finditer(r"(?<=[^\W\d_])([.!?,])(?=\s|$)", text):
        draw, length, mark = rng.random(), rng.randrange(2, 5), match[1]
        new = {".": "." * (length + 1), ",": "...", "!": "!" * length, "?": "?" * length + "!" * (length // 4)}[mark]
        yield draw, Edit(match.start(), match.end(), new)


_SMART = {'"': "“”", "'": "‘’", "...": "…"}


@perturbation(
    "smart_quotes", rates=STEPS, measure="marks", source="what word processors put in by themselves; rates are steps",
    proof=_LOOK,
)  # fmt: skip
def smart_quotes(text: str, rng: Random) -> Iterator[Proposal]:
    """Straight quotes, dashes and dots become typographic ones, as word processors do; typographic ones straight."""
    for match in re.finditer(r"\.\.\.|(?<=\s)-{1,2}(?=\s)|[\"'“”‘’…]", text):
        draw, mark = rng.random(), match[0]
        if mark in "“”":
            new = '"'
        elif mark in "‘’":
            new = "'"
        elif mark == "…":
            new = "..."
        elif mark.startswith("-"):
            new = "—" if len(mark) == 2 else "–"
        else:
            opens = match.start() == 0 or text[match.start() - 1] in " \t\n(["
            new = _SMART[mark][0 if opens or len(_SMART[mark]) == 1 else 1]
        yield draw, Edit(match.start(), match.end(), new)


_BREAKS = ("  ", "   ", "\t", "\n", " \n", "\u00a0")


@perturbation(
    "whitespace", rates=(0.05, 0.1, 0.2, 0.4, 0.8), measure="blanks", source="rates chosen by hand", proof=_BLANK
)
def whitespace(text: str, rng: Random) -> Iterator[Proposal]:
    """Blanks are doubled, become tabs, line breaks or no-break spaces."""
    for match in re.finditer(r"(?<=\S) (?=\S)", text):
        draw, new = rng.random(), rng.choice(_BREAKS)
        yield draw, Edit(match.start(), match.end(), new)


_INVISIBLE = ("\u200b", "\u00ad", "\u2060", "\ufeff", "\u200e")


@perturbation(
    "invisible", rates=(0.02, 0.05, 0.1, 0.2, 0.4), measure="words", source="rates chosen by hand", proof=_LOOK
)
def invisible(case: Case, rng: Random) -> Iterator[Proposal]:
    """Characters that nobody sees come along with copied text: zero-width blanks, soft hyphens, direction marks."""
    for word in sites(case).words:
        draw, at, mark = rng.random(), rng.randrange(len(word.text) + 1), rng.choice(_INVISIBLE)
        yield draw, Edit(word.start + at, word.start + at, mark)


# Letters that look the same in Cyrillic and Greek (Unicode confusables, UTS #39)
_TWINS = dict(zip("aeopcyxisjAEOPCXHKMTB", "аеорсухіѕјАЕОРСХНКМТВ", strict=True))


@word_by_word(
    "lookalikes", rates=(0.05, 0.1, 0.2, 0.4, 0.8), source="Unicode confusables (UTS #39); rates chosen by hand",
    proof=_LOOK,
)  # fmt: skip
def lookalikes(word: str, u: float) -> str:
    """A letter is replaced by one of another script that looks the same."""
    places = [at for at, letter in enumerate(word) if letter in _TWINS]
    if not places:
        return word
    at = places[int(u * len(places))]
    return word[:at] + _TWINS[word[at]] + word[at + 1 :]


@perturbation(
    "mojibake", rates=STEPS, measure="characters beyond ASCII, and typographic marks",
    source="UTF-8 read as Windows-1252, and the other way round: how browsers and mail programs break text",
    proof=_LOOK,
)  # fmt: skip
def mojibake(case: Case, rng: Random) -> Iterator[Proposal]:
    """The encoding is confused: don’t becomes donâ€™t, café becomes cafÃ©."""
    text, kept = case.text, protected_spans(case)
    for match in re.finditer(r"[^\x00-\x7f]|(?<=[^\W\d_])'(?=[^\W\d_])|(?<=\s)-(?=\s[^\d\s])|\"", text):
        draw, broken = rng.random(), rng.random() < 0.15
        if any(span.start < match.end() and match.start() < span.end for span in kept):
            continue
        character = {"'": "’", "-": "–", '"': "”"}.get(match[0], match[0])
        if unicodedata.category(character) == "Cs":
            continue
        wrong = "\ufffd" if broken else character.encode().decode("cp1252", "replace")
        # outside of every protected span, but the broken form may hold a currency sign
        yield draw, Restating((Edit(match.start(), match.end(), wrong),))


_EMOJI = "🙏 😅 🙂 😭 🤔 👀 😊 🙈 🥲 👍 ❤️ 😩 🤷 😬 ✨".split()


@perturbation(
    "emoji", rates=(0.1, 0.25, 0.5, 0.75, 1.0), measure="sentence ends",
    source="among the most used emoji of messengers, none that praises or blames; rates chosen by hand", proof=_LOOK,
)  # fmt: skip
def emoji(text: str, rng: Random) -> Iterator[Proposal]:
    """Emoji behind sentences."""
    for end in sentence_ends(text):
        draw, one, times = rng.random(), rng.choice(_EMOJI), rng.choice((1, 1, 1, 2, 3))
        if end:
            yield draw, Edit(end, end, f" {one * times}")


_EXPRESSIVE = frozenset(
    """so please really very well too oh ah hey hello hi yes yeah why long slow fast bad good great nice love hate help
    sorry thanks awful lovely soon ever always ages wait waiting super big huge tired hard cool wow still way
    really totally absolutely forever everything everyone""".split()
)


def _drawn_out(word: str) -> float:
    return 4.0 if word.lower() in _EXPRESSIVE else 0.2


@word_by_word(
    "elongation",
    rates=(0.05, 0.06, 0.08, 0.1, 0.11),
    at_least=2,
    weigh=_drawn_out,
    source="long-drawn words in web sentences that have any (0.6 %), median to 99th percentile, fitted to UD English "
    "EWT, CC BY-SA 4.0; the letter is the word's last vowel",
)
def elongation(word: str, u: float) -> str:
    """Letters are drawn out: pleeease, sooo."""
    vowels = [at for at, letter in enumerate(word) if letter in "aeiouy"]
    if not vowels:
        return word
    at = vowels[-1] if not (word.endswith("e") and len(vowels) > 1) else vowels[-2]
    return word[:at] + word[at] * (2 + int(u * 4)) + word[at:]
