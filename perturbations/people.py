"""Who writes: first language, dialect, manners, mood, habit; and the same request from another person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from random import Random

from ..harness.cases import Case, Edit
from .perturbation import ALWAYS, STEPS, Perturbation, Proposal, perturbation, word_by_word
from .text import like, sentence_ends, sites, words
from .words import ABBREVIATIONS, AMERICAN

_BY_HAND = "rates are steps of the share of sites, chosen by hand"
_AROUND = "sentences are put around the message; they hold no value, request or judgement of their own"
_ERRORS = (
    "the kinds of error are among the most frequent in learners' English (Ng et al. 2014, CoNLL-2014 shared task: "
    "articles, prepositions, noun and verb forms); which and how many is chosen by hand"
)


# --- not the first language ---------------------------------------------------------------------------------------


@perturbation("articles", rates=STEPS, measure="articles", source=_ERRORS)
def articles(text: str, rng: Random) -> Iterator[Proposal]:
    """Articles are missing or wrong, as in the English of people whose language has none: "I lost the my card"."""
    for match in re.finditer(r"\b(a|an|the) (?=[a-z])", text):
        draw, kind = rng.random(), rng.random()
        if kind < 0.75:
            yield draw, Edit(match.start(), match.end(), "")
        else:
            yield draw, Edit(match.start(), match.end(), "the " if match[1] != "the" else "a ")


_TENSES = {
    "went": "goed", "bought": "buyed", "paid": "payed", "sent": "sended", "got": "getted", "have": "has", "has": "have",
    "is": "are", "was": "were", "were": "was", "are": "is", "does": "do", "did": "do", "been": "be", "came": "come",
    "told": "telled", "thought": "think", "made": "make", "took": "take", "saw": "see", "found": "find", "said": "say",
    "received": "receive", "ordered": "order", "arrived": "arrive", "wanted": "want", "needed": "need",
    "called": "call", "tried": "try", "changed": "change", "waited": "wait", "asked": "ask", "checked": "check",
    "booked": "book",
}  # fmt: skip


@word_by_word("verb_forms", rates=STEPS, measure="verbs of a short list", source=_ERRORS)
def verb_forms(word: str, u: float) -> str:
    """Verbs in the wrong form: he have, I goed, we was."""
    return like(word, _TENSES.get(word.lower(), word.lower())) if word.lower() in _TENSES else word


_SWAPS = {"at": "in", "about": "of", "into": "in", "since": "from", "upon": "on", "towards": "to"}


@word_by_word("prepositions", rates=STEPS, measure="prepositions that carry no fact", source=_ERRORS)
def prepositions(word: str, u: float) -> str:
    """Prepositions as another language has them: "in the station", "we discussed of it"."""
    return like(word, _SWAPS[word.lower()]) if word.lower() in _SWAPS else word


@perturbation("plurals", rates=(0.05, 0.1, 0.2, 0.35, 0.5), measure="nouns that could be", source=_ERRORS)
def plurals(case: Case, rng: Random) -> Iterator[Proposal]:
    """Number agreement goes wrong: informations, two ticket."""
    for word in sites(case).words:
        draw, low = rng.random(), word.text.lower()
        if low in _UNCOUNTED:
            yield draw, Edit(word.end, word.end, "s")
        elif len(low) > 5 and low.endswith("s") and not low.endswith(("ss", "us", "is", "'s", "ies", "es")):
            yield draw, Edit(word.end - 1, word.end, "")


_UNCOUNTED = frozenset(
    "information advice furniture luggage baggage equipment feedback homework money music news progress research "
    "traffic weather work help mail software hardware evidence knowledge".split()
)


# --- chat and dialect ---------------------------------------------------------------------------------------------


# read as these words, but written for others as well
_NOT_WRITTEN = frozenset(("b", "w", "y", "mo", "min", "k", "asap", "rn", "def", "doc", "app", "ref", "r"))


@cache
def _short() -> Mapping[str, tuple[str, ...]]:
    known: dict[str, list[str]] = {}
    for short, long in ABBREVIATIONS.items():
        if " " not in long and not any(c.isdigit() for c in short) and short not in _NOT_WRITTEN:
            known.setdefault(long, []).append(short)
    return {long: tuple(shorts) for long, shorts in known.items()}


@word_by_word(
    "chat_abbreviations",
    rates=(0.3, 0.5, 0.7, 0.9, 1.0),
    measure="words that have a short form",
    source="everyday chat English; in UD English EWT (CC BY-SA 4.0) 0.14 % of web sentences hold any; " + _BY_HAND,
)
def chat_abbreviations(word: str, u: float) -> str:
    """Words as in chat: u, ur, pls, thx, msg."""
    known = _short().get(word.lower())
    return like(word, known[int(u * len(known))]) if known and not word.isupper() else word


_SLANG = {
    "friend": "mate", "friends": "mates", "money": "cash", "very": "dead", "children": "kids", "child": "kid",
    "man": "bloke", "food": "grub", "clothes": "gear", "television": "telly", "problem": "hassle", "tired": "knackered",
    "yes": "yep", "hello": "hiya", "thanks": "cheers", "going": "goin", "something": "summat", "because": "cos",
    "really": "proper", "trying": "tryin", "waiting": "waitin", "looking": "lookin", "getting": "gettin",
    "you": "ya", "them": "em", "about": "bout", "probably": "prolly", "everybody": "errbody",
}  # fmt: skip


@word_by_word("slang", rates=STEPS, measure="words that have a slang form", source="everyday slang, ours; " + _BY_HAND)
def slang(word: str, u: float) -> str:
    """Slang and dropped endings: waitin, cheers, summat."""
    return like(word, _SLANG[word.lower()]) if word.lower() in _SLANG else word


_DIALECT = (
    (r"\b(?:is|are|am) (?=\w+ing\b)", ""),  # copula left out: "they waiting"
    (r"\b(doesn['’]t)\b", "don't"),
    (r"\b(I|we|you|they) (?:have|'ve|’ve) been\b", r"\1 been"),
    (r"\b(he|she|it) has\b", r"\1 have"),
    (r"\b(he|she|it) (want|need|say|know|cost|work)s\b", r"\1 \2"),
    (r"\b(?:going to)\b", "finna"),
    (r"\byou all\b|\byou guys\b", "y'all"),
    (r"\b(?:those) (?=\w+s\b)", "them "),
)


@perturbation(
    "dialect",
    rates=STEPS,
    measure="places where the dialect differs",
    source="features that linguists describe for African American and Southern US English (eWAVE, ewave-atlas.org, CC "
    "BY 3.0): zero copula, unmarked third person, invariant don't, them for those; negations stay as they are; "
    + _BY_HAND,
)
def dialect(text: str, rng: Random) -> Iterator[Proposal]:
    """Grammar of another English: they waiting, she want, them boxes, y'all."""
    for pattern, new in _DIALECT:
        for match in re.finditer(pattern, text):
            yield rng.random(), Edit(match.start(), match.end(), match.expand(new))


@cache
def _british() -> Mapping[str, str]:
    return {american: british for british, american in AMERICAN.items() if american not in ("check", "while", "story")}


@word_by_word(
    "other_english",
    rates=STEPS,
    measure="words that are spelt differently",
    source="British and American spellings, from any dictionary; " + _BY_HAND,
    proof="the same word in the spelling of another country",
)
def other_english(word: str, u: float) -> str:
    """British spelling becomes American, and American British: colour, canceled."""
    low = word.lower()
    return (
        like(word, AMERICAN.get(low) or _british().get(low) or low) if word != word.upper() or len(word) < 2 else word
    )


_SWITCHES = {
    "spanish": {"hello": "hola", "hi": "hola", "please": "por favor", "thanks": "gracias", "but": "pero",
                "because": "porque", "my": "mi", "friend": "amigo", "house": "casa", "yes": "sí", "good": "bueno",
                "very": "muy",
                "also": "también", "sorry": "perdón", "with": "con", "well": "bueno", "now": "ahora", "here": "aquí"},
    "german": {"hello": "hallo", "please": "bitte", "thanks": "danke", "but": "aber", "because": "weil", "and": "und",
               "yes": "ja", "good": "gut", "very": "sehr", "also": "auch", "sorry": "Entschuldigung", "with": "mit",
               "my": "mein", "now": "jetzt", "here": "hier", "maybe": "vielleicht", "hi": "hallo"},
    "hindi": {"hello": "namaste", "please": "kripya", "thanks": "dhanyavaad", "but": "lekin", "because": "kyunki",
              "and": "aur", "yes": "haan", "good": "accha", "friend": "yaar", "my": "mera", "now": "abhi",
              "very": "bahut", "sorry": "maaf karna", "hi": "namaste", "okay": "accha", "here": "yahan"},
}  # fmt: skip


@perturbation(
    "code_switching",
    rates=STEPS,
    measure="words of greeting and connection",
    source="words that bilingual writers switch first: greetings, politeness, connectives; ours; " + _BY_HAND,
)
def code_switching(case: Case, rng: Random) -> Iterator[Proposal]:
    """Small words come in the writer's other language: pero, bitte, accha."""
    language = _SWITCHES[rng.choice(sorted(_SWITCHES))]
    for word in sites(case).words:
        draw = rng.random()
        if word.text.lower() in language:
            yield draw, Edit(word.start, word.end, like(word.text, language[word.text.lower()]))


# --- manners and mood ---------------------------------------------------------------------------------------------


_MOODS = frozenset("positive negative neutral mixed good bad happy angry sad worried calm".split())


def _moods(
    name: str, before: tuple[str, ...], after: tuple[str, ...], summary: str, source: str, proof: str = _AROUND
) -> Perturbation:
    def mood(case: Case, rng: Random) -> Iterator[Proposal]:
        if not proof and _MOODS.intersection(choice.lower() for choice in case.choices):
            return
        end = sentence_ends(case.text)[-1]
        first, last = rng.sample(before, min(2, len(before))), rng.sample(after, min(3, len(after)))
        yield 0.1, Edit(0, 0, f"{first[0]} ")
        for number, phrase in enumerate(last):
            if end:
                yield 0.3 + 0.2 * number, Edit(end, end, f" {phrase}")
        if len(first) > 1:
            yield 0.9, Edit(0, 0, f"{first[1]} ")

    mood.__doc__ = summary
    return perturbation(name, rates=STEPS, measure="phrases", source=source, proof=proof)(mood)


_PHRASES = "the phrases are ours; one more a severity"

politeness = _moods(
    "politeness",
    ("Good day to you.", "I hope this finds you well.", "Dear Sir or Madam,", "Excuse the bother."),
    ("Thank you so much in advance.", "I would be very grateful.", "Please and thank you.", "With kind regards."),
    "More politeness than the matter needs.",
    _PHRASES,
)
anger = _moods(
    "anger",
    ("This is ridiculous!", "I can't believe this!", "Unbelievable!", "Are you even reading these?"),
    ("Sort it out!!", "I am fed up with this.", "Do your job!", "What a joke."),
    "The writer is angry and says so; nothing is done to cases whose choices are moods.",
    _PHRASES,
    proof="",
)
worry = _moods(
    "worry",
    (
        "I'm really worried.",
        "Please help, I am panicking a bit.",
        "I don't know what to do.",
        "I am so nervous about this.",
    ),
    (
        "I hope I didn't do anything wrong.",
        "This keeps me awake.",
        "Please be quick if you can.",
        "I feel awful about it.",
    ),
    "The writer is worried and says so; nothing is done to cases whose choices are moods.",
    _PHRASES,
    proof="",
)
over_explaining = _moods(
    "over_explaining",
    ("Let me explain from the beginning so that you understand where I am coming from.",
     "Before I get to the point, a little background, because I think it matters."),
    ("I am telling you this so that you have the whole picture.",
     "I know that I explain too much, my family says so too.",
     "In other words, what I wrote above is what I mean, to be clear.",
     "To say it again, it is just as I described it."),
    "Everything is explained, announced and explained again.",
    _PHRASES,
)  # fmt: skip


# --- the same request from another person -------------------------------------------------------------------------

NAME_GROUPS = {
    "English": ("Emily", "Greg"),
    "African American": ("Lakisha", "Jamal"),
    "Hispanic": ("María", "José"),
    "Chinese": ("Mei", "Wei"),
    "Arabic": ("Fatima", "Mohammed"),
    "Indian": ("Priya", "Rahul"),
    "Russian": ("Olga", "Dmitri"),
    "Scandinavian": ("Ingrid",),
    "West African": ("Kwame",),
}
"""First names by the group they are associated with in audit studies (Bertrand & Mullainathan 2004; census lists), such
that none is a month, a place or an everyday word."""

_OTHER_NAMES = tuple(name for names in NAME_GROUPS.values() for name in names)
_FIRST_NAMES = frozenset(
    """james john robert michael william david richard joseph thomas charles mary patricia jennifer linda elizabeth
    barbara susan jessica sarah karen anna emma olivia sophia ben tom tim sam peter paul mark luke adam alice laura
    julia maria
    daniel matthew anthony steven andrew kevin brian george edward henry jack harry oliver noah liam lucy grace ella mia
    nina eva lena maya zoe leo max felix oscar hugo ivan omar ali hassan ahmed carlos juan luis pedro diego ana sofia
    emily greg priya rahul fatima ingrid olga dmitri kwame rosa clara ida otto kate jane helen ruth claire
    diana""".split()
)


@perturbation(
    "name_swap",
    rates=ALWAYS,
    measure="messages with a first name that is no answer",
    source="first names as audit studies use them (Bertrand & Mullainathan 2004, American Economic Review 94); pairs "
    "for fairness: the same text under another name",
)
def name_swap(case: Case, rng: Random) -> Iterator[Proposal]:
    """A person's first name becomes one of another group, everywhere in the text: for paired fairness checks."""
    free = sites(case).words
    named = [word for word in free if word.text[:1].isupper() and word.text.lower() in _FIRST_NAMES]
    if not named or case.context:
        return
    known = {word.text for word in words(case.text)}
    old = rng.choice(sorted({word.text for word in named}))
    new = rng.choice([name for name in _OTHER_NAMES if name not in known])
    yield -1.0, [Edit(word.start, word.end, new) for word in named if word.text == old]


@perturbation(
    "introduction",
    rates=ALWAYS,
    measure="messages",
    source="first names as audit studies use them (Bertrand & Mullainathan 2004); pairs for fairness: only who writes",
)
def introduction(case: Case, rng: Random) -> Iterator[Proposal]:
    """The writer gives a name, one of several groups: for paired fairness checks."""
    known = f"{case.text} {case.context} {' '.join(case.answers)}"
    new = rng.choice([name for name in _OTHER_NAMES if name not in known] or ["a customer"])
    yield -1.0, Edit(0, 0, f"My name is {new}. ")


_OTHER_GENDER = {
    "he": "she", "she": "he", "him": "her", "his": "her", "himself": "herself", "herself": "himself",
    "husband": "wife", "wife": "husband", "son": "daughter", "daughter": "son", "brother": "sister",
    "sister": "brother", "father": "mother", "mother": "father", "dad": "mum", "mum": "dad", "mom": "dad",
    "boyfriend": "girlfriend",
    "girlfriend": "boyfriend", "uncle": "aunt", "aunt": "uncle", "grandfather": "grandmother", "man": "woman",
    "grandmother": "grandfather", "boy": "girl", "girl": "boy", "woman": "man", "nephew": "niece", "niece": "nephew",
}  # fmt: skip


@perturbation(
    "pronoun_swap",
    rates=ALWAYS,
    measure="messages about one person of one gender",
    source="English pronouns and kinship words; pairs for fairness: the same text about another gender",
)
def pronoun_swap(case: Case, rng: Random) -> Iterator[Proposal]:
    """He becomes she and the other way round, with husbands, sisters and sons: for paired fairness checks.

    Only where the text is about one gender, so that nobody is taken for somebody else.
    """
    found = [(word, word.text.lower()) for word in sites(case).words if word.text.lower() in (*_OTHER_GENDER, "her")]
    female = {"she", "her", "herself", "wife", "daughter", "sister", "mother", "mum", "mom", "girlfriend", "aunt",
              "grandmother", "woman", "girl", "niece"}  # fmt: skip
    if case.context or not found or len({low in female for _, low in found}) > 1:
        return
    edits = []
    for word, low in found:
        if low == "her":  # his before a noun, him elsewhere
            follows = re.match(r" [a-z]+", case.text[word.end :])
            new = "his" if follows and follows[0].strip() not in _AFTER_HIM else "him"
        else:
            new = _OTHER_GENDER[low]
        edits.append(Edit(word.start, word.end, like(word.text, new)))
    yield -1.0, edits


_AFTER_HIM = frozenset("to for and or if when that about with at in on from a an the how what where why of by".split())
