"""Text that was pasted: with what stood around it, or through something that broke it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from ..harness.cases import Case, Edit
from . import ocr_channel
from .guard import guard
from .perturbation import STEPS, Proposal, perturbation
from .text import sites

_AROUND = "text is put around the message; it holds no value of its own"
_ONCE = "a message has it or not, so that the severities are one"
_NAT = "fitted to NAT (Namysl et al. 2021), MIT, and UD English EWT, CC BY-SA 4.0"


@perturbation(
    "ocr",
    rates=(0.0704, 0.1333, 0.2152, 0.3191, 0.3846),
    measure="characters misread",
    source=f"Tesseract 4 on rendered sentences, median to 99th percentile sentence with an error: {_NAT}",
)
def ocr(text: str, rng: Random) -> Iterator[Proposal]:
    """A screenshot or scan read by Tesseract: misread letters, lost blanks, garbled words."""
    yield from ocr_channel.proposals(text, rng, decoded=True)


@perturbation(
    "screenshot_ocr",
    rates=(0.1, 0.3, 0.5, 0.7, 0.9),
    measure="blur, noise and scale of the picture",
    source="the real loop: Pillow draws the text, spoils the picture, and the tesseract program reads it; its edits "
    "appear in the order in which the picture gets worse",
    check=guard,
)
def screenshot_ocr(text: str, rng: Random) -> Iterator[Proposal]:
    """The text is drawn, blurred, and read back by the tesseract program that is installed."""
    from .screenshot import misread

    seed = rng.getrandbits(32)
    yield from misread(text, seed)


# --- around the message -------------------------------------------------------------------------------------------

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
_NAMES = ("Robin", "Alex Moore", "Sam P.", "Jo Fielding", "Chris", "Dana Whitlock", "K. Osei", "Noor", "Ilse", "Tomas")


def _name(case: Case, rng: Random) -> str:
    """A name that the case does not know."""
    known = " ".join((case.text, case.context, *case.answers, *case.choices)).lower()
    free = [name for name in _NAMES if not any(part.lower() in known for part in name.split())]
    return rng.choice(free or ["the undersigned"])


@perturbation(
    "email_thread",
    rates=STEPS,
    measure="parts of the thread",
    source="the parts are those of common mail programs; their order and wording are ours",
    proof=_AROUND,
)
def email_thread(case: Case, rng: Random) -> Iterator[Proposal]:
    """The message comes as a pasted e-mail: signature, then header, quoted answer, disclaimer, a second quote."""
    name = _name(case, rng)
    first, second = rng.sample(_QUOTES, 2)
    end = len(case.text)
    # one part a severity; the parts at the end keep this order whichever of them are there
    yield 0.1, Edit(end, end, rng.choice(_SIGNATURES).format(name=name))
    yield 0.3, Edit(0, 0, rng.choice(_HEADERS).format(name=name))
    yield 0.5, Edit(end, end, first.format(name=name))
    yield 0.7, Edit(end, end, rng.choice(_DISCLAIMERS))
    yield 0.9, Edit(end, end, second.format(name=name))


_ABOVE = (
    "‹ Chats\n",
    "Messages   Edit\n",
    "Back   Inbox   Search\n",
    "☰ Menu   Home   Help\n",
    "Carrier   LTE   ▮▮▮\n",
)
_BELOW = (
    "\n\nRead ✓✓",
    "\n\nReply   Forward   Delete",
    "\n\nType a message",
    "\n\nLike · Share · Report",
    "\n\nDelivered",
)


@perturbation(
    "interface_chrome",
    rates=STEPS,
    measure="pieces of interface",
    source="what stands around a message in common apps; the wording is ours, without clock or battery figures",
    proof=_AROUND,
)
def interface_chrome(text: str, rng: Random) -> Iterator[Proposal]:
    """Copied with the screen around it: menus, signal bars, buttons, read receipts."""
    above, below = rng.sample(_ABOVE, 3), rng.sample(_BELOW, 2)
    end = len(text)
    yield 0.1, Edit(end, end, below[0])
    yield 0.3, Edit(0, 0, above[0])
    yield 0.5, Edit(0, 0, above[1])
    yield 0.7, Edit(end, end, below[1])
    yield 0.9, Edit(0, 0, above[2])


_EARLIER = (
    "{other}: hello, how can I help?\n{name}: hi\n",
    "{name}: hello??\n{name}: is anyone there\n{other}: Hi! Sorry about the wait.\n",
    "{other}: Thanks for your patience.\n{name}: ok\n",
)
_LATER = ("\n{other}: is typing", "\n{name}: thanks", "\n{other}: Let me have a look.", "\n{name}: still there?")


@perturbation(
    "chat_transcript",
    rates=STEPS,
    measure="parts of the chat",
    source="the shape is that of common chat exports; the wording is ours",
    proof=_AROUND,
)
def chat_transcript(case: Case, rng: Random) -> Iterator[Proposal]:
    """The message comes as a line of a pasted chat, with what was said before and after."""
    name, other = _name(case, rng), rng.choice(("Agent", "Support", "Helpdesk"))
    end = len(case.text)
    yield 0.3, Edit(0, 0, rng.choice(_EARLIER).format(name=name, other=other))
    yield -1.0, Edit(0, 0, f"{name}: ")
    first, second = rng.sample(_LATER, 2)
    yield 0.5, Edit(end, end, first.format(name=name, other=other))
    yield 0.7, Edit(end, end, second.format(name=name, other=other))


_TAGS = (("<p>", "</p>"), ("<div>", "</div>"), ("<span>", "</span>"), ("<b>", "</b>"), ("<td>", "</td>"))


@perturbation(
    "html_leftovers",
    rates=(0.05, 0.1, 0.2, 0.4, 0.6),
    measure="blanks and words",
    source="tags and entities of HTML; rates chosen by hand",
    proof="markup is put between words",
)
def html_leftovers(case: Case, rng: Random) -> Iterator[Proposal]:
    """Tags and entities are left over from a web page: &nbsp;, <br>, <b>."""
    opening, closing = rng.choice(_TAGS)
    yield rng.random() * 0.2, [Edit(0, 0, opening), Edit(len(case.text), len(case.text), closing)]
    for gap in re.finditer(r"(?<=[^\W\d_]) (?=[^\W\d_])", case.text):
        draw, new = rng.random(), rng.choice(("&nbsp;", "<br>", "<br/>\n", " <wbr>"))
        yield draw, Edit(gap.start(), gap.end(), new)
    for word in sites(case).words:
        draw = rng.random() * 4
        if draw < 1:
            yield draw, [Edit(word.start, word.start, "<b>"), Edit(word.end, word.end, "</b>")]


@perturbation(
    "markdown_leftovers",
    rates=(0.05, 0.1, 0.2, 0.4, 0.6),
    measure="words and lines",
    source="marks of Markdown; rates chosen by hand",
    proof="markup is put around words and lines",
)
def markdown_leftovers(case: Case, rng: Random) -> Iterator[Proposal]:
    """Marks of Markdown are left over: **bold**, > quotes, # titles, `code`."""
    yield rng.random() * 0.3, Edit(0, 0, rng.choice(("> ", "# ", "## ", "- ")))
    for word in sites(case).words:
        draw, mark = rng.random(), rng.choice(("**", "_", "`", "*"))
        yield draw, [Edit(word.start, word.start, mark), Edit(word.end, word.end, mark)]


@perturbation(
    "line_wraps",
    rates=(0.3, 0.5, 0.7, 0.9, 1.0),
    measure="line ends",
    source="lines of 30 to 60 characters, as in columns of a PDF; a third of the line ends inside a long word "
    "hyphenate it; chosen by hand",
)
def line_wraps(case: Case, rng: Random) -> Iterator[Proposal]:
    """Lines break where the PDF's column ended, words hyphenated."""
    width, text, line = rng.randrange(30, 61), case.text, 0
    free = {word.start: word for word in sites(case).words if len(word.text) >= 7}
    for gap in re.finditer(r"(?<=\S) (?=\S)", text):
        if gap.start() - line < width - 8:
            continue
        draw, hyphen = rng.random(), rng.random() < 1 / 3
        word = free.get(gap.end())
        if hyphen and word:
            at = word.start + 3 + rng.randrange(len(word.text) - 5)
            yield draw, Edit(at, at, "-\n")
            line = at
        else:
            yield draw, Edit(gap.start(), gap.end(), "\n")
            line = gap.end()


@perturbation(
    "spreadsheet_cells",
    rates=STEPS,
    measure="sentences and commas",
    source="what spreadsheets put on the clipboard: tabs between cells, quotation marks around text; rates are steps",
    proof="only blanks and quotation marks change",
)
def spreadsheet_cells(text: str, rng: Random) -> Iterator[Proposal]:
    """Copied out of a spreadsheet: tabs between cells, quotation marks around them."""
    end = len(text)
    if end and '"' not in text:
        yield rng.random() * 0.5, [Edit(0, 0, '"'), Edit(end, end, '"')]
    for gap in re.finditer(r"(?<=[.!?,;:]) (?=\S)", text):
        yield rng.random(), Edit(gap.start(), gap.end(), rng.choice(("\t", "\t\t", "\t|\t")))
    yield rng.random(), Edit(end, end, rng.choice(("\t\t\n", "\t#N/A\t", "\n\t\t\t")))


@perturbation(
    "pasted_twice",
    rates=(1.0, 1.0, 1.0, 1.0, 1.0),
    measure="messages",
    source=_ONCE,
    proof="the same text stands there twice",
)
def pasted_twice(text: str, rng: Random) -> Iterator[Proposal]:
    """The same thing is pasted twice."""
    if text.strip():
        yield -1.0, Edit(len(text), len(text), rng.choice(("\n", "\n\n", " ", "")) + text)
