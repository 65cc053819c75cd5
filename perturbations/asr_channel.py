"""How a speech service mishears: a transcript of the text read aloud, fitted to real transcripts (NoiseQA).

What is written down looks different (no closing marks, lower case at the start, capitals only on what the service
takes for a name), and some words are others: function words are dropped or traded for their like, endings come and go,
rarer words and names become common words that sound alike, and a stretch of words is cut up in another way. Words that
sound alike are found by a rough pronunciation made from the letters; among them, a log-linear model weighs how near
they sound and how common they are. `benchmarks/fit_asr.py` counts and fits; `fitted/asr.tsv` holds the numbers.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from operator import mul
from random import Random
from typing import NamedTuple

import jellyfish

from ..harness.cases import Edit
from .tables import rows

VOCABULARY_SIZE = 30_000
"""Words that a service may write by mistake; rarer ones hardly ever appear in the transcripts."""
LONGEST_RUN = 5
"""Words misheard as one stretch; longer ones are made of several."""
LONGEST_WORD = 40
_BUCKET = 60  # words of one consonant skeleton that are looked at, the most frequent ones
_KEPT = 40  # candidates that are weighed against each other
_ALWAYS = -1.0
_NEVER = 0.95  # words added at higher draws are not worth proposing
_CASE_GIVES_WAY = 0.12
"""A word that loses its capital can only be replaced as a whole below this draw: edits of one text must not overlap,
and the capital is lost at every rate. Above it, the replacement has to begin with the same letter."""

# Function words by kind: they are misheard as their like. The kinds are ours, the counts come from the table.
KINDS = {
    word: kind
    for kind, members in {
        "D": "the a an this that these those his her its their our my your some any each every another no",
        "A": "is are was were be been being am do does did has have had will would can could may might must should "
        "shall isn't aren't wasn't weren't don't doesn't didn't hasn't haven't hadn't won't can't couldn't shouldn't",
        "P": "of in on at to for from by with into as about over through under after before between during than within",
        "J": "and or but if while because so not",
        "Q": "what which who whom whose when where why how what's who's where's",
        "N": "it he she they we you i him them us me there it's one he's they're",
    }.items()
    for word in members.split()
}

# ---- how a word sounds, roughly ----

# Letters to sounds, the first that fits: one sign a sound; A I O U are the long vowels.
_RULES: tuple[tuple[str, str], ...] = (
    (r"^[kgp]n", "n"), (r"^wr", "r"), (r"^ps", "s"), (r"^who(?=$|[ms])", "hu"), (r"wh", "w"), (r"^x", "z"),
    (r"^mc", "mk"), (r"^rh", "r"), (r"tch", "c"), (r"dg(?=[eiy])", "j"), (r"chr", "kr"), (r"sch", "sk"),
    (r"[tsc]ion", "Sun"), (r"ssion", "Sun"), (r"[tc]ia[nl]", "Sul"), (r"tious|cious", "Sus"), (r"ture", "cur"),
    (r"sure", "zur"), (r"ch", "c"), (r"sh", "S"), (r"th", "T"), (r"ph", "f"), (r"eigh", "A"), (r"igh", "I"),
    (r"[ao]ugh", "o"), (r"gh", "g"), (r"ck", "k"), (r"que$", "k"), (r"qu", "kw"), (r"q", "k"), (r"ng(?![eiaou])", "N"),
    (r"nk", "Nk"), (r"sc(?=[eiy])", "s"), (r"cc(?=[eiy])", "ks"), (r"cc", "k"), (r"c(?=[eiy])", "s"), (r"c", "k"),
    (r"gg", "g"), (r"gu(?=[ei])", "g"), (r"g(?=e[^t]|e$|iou|y)", "j"), (r"m[bn]$", "m"), (r"bt$", "t"), (r"lm", "m"),
    (r"lk(?=$|s)", "k"), (r"x", "ks"), (r"^y|(?<=[aeiou])y(?=[aeiou])", "y"), (r"h(?=[^aeiouy]|$)", ""),
    (r"([bdfghjlmnprstvz])\1", r"="), (r"(?<=[td])ed$", "id"), (r"(?<=[bgvzmnlrwyaeiou])ed$", "d"), (r"ed$", "t"),
    (r"(?<=[sxz])es$|(?<=[cs]h)es$", "iz"), (r"(?<=[^aeiou])es$", "s"), (r"(?<=[aeiou])s(?=[aeiouy])", "z"),
    (r"igne?$", "In"), (r"(?<=[^aeiou])le$", "ul"), (r"er$|or$|re$", "ur"), (r"ers$|ors$", "urs"),
    (r"ee|ea|ie(?!$)", "i"), (r"ei|ai|ay|ey", "A"), (r"oa|oe$|ow$", "O"), (r"oo|ue|ew|ui|eu", "U"),
    (r"ous$", "us"), (r"ou|ow", "W"), (r"oi|oy", "Oi"), (r"au|aw", "o"), (r"ie$", "i"),
    (r"a(?=[^aeiouwxy]e(?:s|d)?$)", "A"), (r"i(?=[^aeiouwxy]e(?:s|d)?$)", "I"), (r"o(?=[^aeiouwxy]e(?:s|d)?$)", "O"),
    (r"u(?=[^aeiouwxy]e(?:s|d)?$)", "U"), (r"(?<=^[^aeiou])e$", "i"), (r"(?<=^[^aeiou]{2})e$", "i"),
    (r"(?<=.)e$", ""), (r"^i$|^my$|^by$", "I"), (r"y", "i"), (r"a", "a"), (r"e", "e"), (r"i", "i"), (r"o", "o"),
    (r"u", "u"), (r"([bdfghjklmnprstvwz])", "="),
)  # fmt: skip
_VOWELS = frozenset("aeiouAIOUW")
_LIKE = str.maketrans(
    {**dict.fromkeys("aeiouAIOUW", "a"), "b": "p", "v": "f", "d": "t", "T": "t", "g": "k", "z": "s", "S": "s", "c": "s"}
    | {"j": "s", "n": "m", "N": "m"}
)


@cache
def _rule_pattern() -> tuple[re.Pattern[str], tuple[str, ...]]:
    """All rules as one pattern with a named group for each."""
    parts, group = [], 0
    for number, (pattern, _) in enumerate(_RULES):
        group += 1
        inner = pattern.replace("\\1", f"\\{group + 1}")
        parts.append(f"(?P<r{number}>{inner})")
        group += len(re.findall(r"(?<!\\)\((?!\?)", pattern))
    return re.compile("|".join(parts)), tuple(sounds for _, sounds in _RULES)


@lru_cache(maxsize=50_000)
def sounds(word: str) -> str:
    """The sounds of a lower-case word, one sign each: rough, but alike for words that are said alike."""
    pattern, made = _rule_pattern()

    def sound(match: re.Match[str]) -> str:
        result = made[int((match.lastgroup or "r0")[1:])]
        return match[0][0] if result == "=" else result

    return pattern.sub(sound, word.replace("'", ""))


def coarse(heard: str) -> str:
    """The sounds with those that are easily taken for each other made one: voiced for voiceless, any vowel for any."""
    return heard.translate(_LIKE)


def _skeleton(like: str) -> str:
    """The consonants of coarse sounds, and a leading vowel."""
    return like[:1] + like[1:].replace("a", "")


def _shortened(skeleton: str) -> list[str]:
    """The skeleton and what is left of it when one consonant is not heard."""
    return list(dict.fromkeys([skeleton, *(skeleton[:at] + skeleton[at + 1 :] for at in range(len(skeleton)))]))


# ---- the words a service may write ----


class _Vocabulary:
    """The most frequent words, how they sound, and where to look for words that sound like something."""

    def __init__(self, counts: Sequence[tuple[str, int]]) -> None:
        self.words = [word for word, _ in counts[:VOCABULARY_SIZE]]
        self.rank = {word: number for number, (word, _) in enumerate(counts)}
        self.common = [math.log10(count) - 7 for _, count in counts[:VOCABULARY_SIZE]]
        self.sounds = [sounds(word) for word in self.words]
        self.endings = [ending(word) for word in self.words]
        self.like = [coarse(heard) for heard in self.sounds]
        self.buckets: defaultdict[str, list[int]] = defaultdict(list)
        for number, like in enumerate(self.like):
            if len(self.words[number]) > 1 or self.words[number] in ("a", "i"):
                for key in _shortened(_skeleton(like)):
                    if len(self.buckets[key]) < _BUCKET:
                        self.buckets[key].append(number)

    def near(self, like: str) -> list[int]:
        """Words whose consonants differ in about one place (two where there are many)."""
        skeleton = _skeleton(like)
        keys = _shortened(skeleton)
        if len(skeleton) >= 4:
            keys += [key for shorter in keys[1:] for key in _shortened(shorter)[1:]]
        found: dict[int, None] = {}
        for key in keys:
            found.update(dict.fromkeys(self.buckets.get(key, ())))
        return list(found)


@cache
def vocabulary() -> _Vocabulary:
    """The 80,000 most frequent English words of `wordfreq`, with counts in 4 * 10^11; loaded when needed."""
    import wordfreq

    known = wordfreq.get_frequency_dict("en", "best")
    listed = [word for word in wordfreq.top_n_list("en", 80_000) if word.isascii() and word.isalpha()]
    counts = {word: round(known[word] * 4e11) for word in listed}
    counts |= {word: max(counts.get(word, 0), 40_000_000) for word in KINDS}  # contractions have no true count there
    return _Vocabulary(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def features(heard: str, letters: str, numbers: Iterable[int]) -> Iterator[tuple[float, ...]]:
    """How words of the vocabulary differ from what was said; without letters only by sound."""
    known, apart = vocabulary(), jellyfish.levenshtein_distance
    like, form = coarse(heard), ending(letters)
    first, last, size = like[:1], like[-1:], max(len(heard), 1)
    for number in numbers:
        word, other, other_like = known.words[number], known.sounds[number], known.like[number]
        longer = max(size, len(other))
        fine = apart(heard, other)
        yield (
            fine / longer,
            apart(like, other_like) / longer,
            fine,
            apart(letters, word) / max(len(letters), len(word)) if letters else 0.0,
            known.common[number],
            other_like[:1] == first,
            other_like[-1:] == last,
            word in KINDS,
            letters != "" and form == known.endings[number],
        )


class Alike(NamedTuple):
    """Words that sound alike, best first, with running totals of their weights."""

    words: tuple[str, ...]
    totals: tuple[float, ...]

    def pick(self, rng: Random, first_letter: str = "") -> str:
        """One of them by weight, "" where there is none; with `first_letter` only words that begin with it."""
        if first_letter:
            return self.only(first_letter).pick(rng)
        if not self.words:
            return ""
        return self.words[bisect_left(self.totals, rng.random() * self.totals[-1], hi=len(self.totals) - 1)]

    def only(self, letter: str) -> Alike:
        """Those that begin with a letter."""
        weights = [after - before for before, after in pairwise((0.0, *self.totals))]
        chosen = [(word, weight) for word, weight in zip(self.words, weights, strict=True) if word[0] == letter]
        return Alike(tuple(word for word, _ in chosen), tuple(accumulate(weight for _, weight in chosen)))


@lru_cache(maxsize=20_000)
def alike(heard: str, letters: str = "") -> Alike:
    """The words that a service may write for these sounds (of the word `letters`, which is not among them)."""
    known = vocabulary()
    weights = _fitted().sound if letters else _fitted().piece
    near = [number for number in known.near(coarse(heard)) if known.words[number] != letters]
    scored = [
        (-sum(map(mul, weights, seen)), number)
        for number, seen in zip(near, features(heard, letters, near), strict=True)
    ]
    scored.sort()
    best = scored[:_KEPT]
    if not best:
        return Alike((), ())
    top = best[0][0]
    return Alike(
        tuple(known.words[number] for _, number in best), tuple(accumulate(math.exp(top - cost) for cost, _ in best))
    )


# ---- what was counted ----


class Table:
    """Outcomes and how often each was seen."""

    def __init__(self, counts: Sequence[tuple[str, float]]) -> None:
        self.names = [name for name, _ in counts]
        self.totals = list(accumulate(count for _, count in counts))

    @property
    def total(self) -> float:
        """How often anything was seen."""
        return self.totals[-1] if self.totals else 0.0

    def pick(self, rng: Random) -> str:
        """An outcome by its count."""
        return self.names[bisect_left(self.totals, rng.random() * self.total, hi=len(self.totals) - 1)]


class _Fitted:
    """`fitted/asr.tsv`: rows of section, context, outcome, number."""

    def __init__(self) -> None:
        sections: defaultdict[str, defaultdict[str, list[tuple[str, float]]]] = defaultdict(lambda: defaultdict(list))
        for section, context, outcome, number in rows("asr"):
            sections[section][context].append((outcome, float(number)))
        self.tables = {
            section: {context: Table(counts) for context, counts in contexts.items()}
            for section, contexts in sections.items()
        }
        self.shares = {(section, name): value for section in ("look", "hazard") for name, [(_, value)] in
                       sections[section].items()}  # fmt: skip
        self.sound = tuple(value for _, value in sections["weights"]["word"])
        self.piece = tuple(value for _, value in sections["weights"]["piece"])
        self.spread = [(float(level), value) for level, value in sections["rates"]["all"]]
        self.changed = tuple(value for _, value in sections["rates"]["changed"])

    def pick(self, section: str, context: str, rng: Random, default: str = "") -> str:
        """An outcome of a table, or the default where the context was never seen."""
        table = self.tables.get(section, {}).get(context)
        return table.pick(rng) if table else default


@cache
def _fitted() -> _Fitted:
    return _Fitted()


def rates() -> tuple[float, ...]:
    """The rates of the 50th, 75th, 90th, 97th and 99th percentile sentence among those with a misheard word."""
    return _fitted().changed


def rate_at(u: float) -> float:
    """The rate of a transcript at the percentile `u` (0 to 1) of all transcripts, those without a mistake included."""
    spread = _fitted().spread
    at = min(max(bisect_left(spread, (u, 0.0)), 1), len(spread) - 1)
    (low, before), (high, after) = spread[at - 1], spread[at]
    return before + (after - before) * min(max((u - low) / (high - low), 0.0), 1.0)


# ---- words in a text ----


class Token(NamedTuple):
    """A word of the text; `plain` is lower case without accents, "" where the script is not Latin."""

    start: int
    end: int
    text: str
    plain: str
    opens: bool
    """Whether it begins a sentence."""
    joined: bool
    """Whether nothing but one blank stands between it and the word before."""


_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*['’]?|\d+(?:[.,:]\d+)*(?:st|nd|rd|th|s)?|[&+%$€£]")
_ENDS = re.compile(r"[.!?…]+[\"'”’)\]]*\s")
_MARKS = re.compile(
    r"\s*(?<!\d)[.,;:!?…]+(?=[\s\"'”’)\]]|$)|(?<=\w)[.,;:!?…]+(?=[\s\"'”’)\]]|$)|[\"“”„«»()\[\]°]|(?<!\w)['‘’](?=\w)"
    r"|(?<=[^\W\d_])-(?=[^\W\d_])|\s+$|(?<=\s)[-–—]+\s|^\s+|(?<=[^\S\n])[^\S\n]+"
)


@lru_cache(maxsize=20_000)
def plain_word(word: str) -> str:
    """The lower-case ASCII letters (and apostrophes) of a Latin word, else ""."""
    if word.isascii():
        plain = word.lower().rstrip("'")
    else:
        apart = unicodedata.normalize("NFKD", word.replace("’", "'"))
        plain = "".join(sign for sign in apart if not unicodedata.combining(sign)).lower().rstrip("'")
    return plain if plain.isascii() and plain.replace("'", "").isalpha() and len(plain) <= LONGEST_WORD else ""


def tokens(text: str) -> list[Token]:
    """The words and numbers of a text."""
    found: list[Token] = []
    at = 0
    for match in _WORD.finditer(text):
        gap = text[at : match.start()]
        opens = at == 0 or bool(_ENDS.search(gap)) or "\n" in gap
        joined = at > 0 and not opens and len(gap) == 1 and gap.isspace()
        plain = plain_word(match[0])
        found.append(Token(match.start(), match.end(), match[0], plain, opens, joined))
        at = match.end()
    return found


def commonness(plain: str) -> str:
    """How common a word is, from "0" (among the first 300) to "4" (not in the vocabulary's list); F, function word."""
    if plain in KINDS:
        return "F"
    stem = plain.removesuffix("'s")
    rank = vocabulary().rank.get(stem, 10**6)
    return str(sum(rank >= limit for limit in (500, 3_000, 15_000, 80_000)))


def hazard_class(token: Token) -> str:
    """The class of words whose chance to be misheard is counted together."""
    if not token.plain:
        return "#"
    if token.plain in KINDS:
        return "F" + KINDS[token.plain]
    return commonness(token.plain) + ("C" if token.text[0].isupper() and not token.opens else "l")


_ENDINGS = (("s", "-s"), ("ed", "-ed"), ("d", "-ed"), ("ing", "-ing"))


def inflected(plain: str) -> dict[str, list[str]]:
    """Other forms of a word by what happened to its ending; only words that there are."""
    known = vocabulary().rank
    stem = plain.removesuffix("'s")
    bare = [stem, *(stem[: -len(end)] for end in ("s", "ed", "d", "ing", "es") if stem.endswith(end) and len(stem) > 4)]
    if stem.endswith("ing") and len(stem) > 5:
        bare.append(stem[:-3] + "e")
    if stem.endswith("ies"):
        bare.append(stem[:-3] + "y")
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in bare:
        ahead = one.removesuffix("e")
        forms = [(one, "bare"), (one + "s", "-s"), (ahead + "ed", "-ed"), (ahead + "ing", "-ing")]
        if one.endswith("y"):
            forms.append((one[:-1] + "ies", "-s"))
        for form, name in forms:
            if form != plain and (form == stem or known.get(form, 10**6) < VOCABULARY_SIZE) and form not in found[name]:
                found[name].append(form)
    return {name: forms for name, forms in found.items() if forms}


def ending(plain: str) -> str:
    """The inflection that a word seems to have."""
    for end, name in (("'s", "'s"), ("ss", "bare"), ("s", "-s"), ("ed", "-ed"), ("ing", "-ing")):
        if plain.endswith(end) and len(plain) > len(end) + 1:
            return name
    return "bare"


# ---- what is written for words ----


def _pieces(heard: str, count: int, rng: Random) -> list[str]:
    """Sounds cut into so many stretches, each at least two sounds long where that is possible."""
    if count <= 1 or len(heard) < 2 * count:
        return [heard]
    places = list(range(2, len(heard) - 1))
    # a cut stands before a consonant that has a vowel behind it, as syllables do
    good = [at for at in places if heard[at] not in _VOWELS and heard[at + 1] in _VOWELS] or places
    if len(good) < count - 1:
        good = places
    cuts = sorted(rng.sample(good, count - 1))
    return [heard[low:high] for low, high in pairwise([0, *cuts, len(heard)]) if high > low]


def _recut(words: Sequence[str], count: int, rng: Random) -> list[str]:
    """Words for the sounds of a stretch of words, cut in another way."""
    heard = "".join(sounds(word) for word in words)
    if count == 1:
        joined = "".join(words)
        if len(words) > 1 and vocabulary().rank.get(joined, 10**6) < 2 * VOCABULARY_SIZE:
            return [joined]
        return [alike(heard).pick(rng)]
    if len(words) == 1:
        word, known = words[0], vocabulary().rank
        halves = [
            (word[:at], word[at:])
            for at in range(3, len(word) - 2)
            if max(known.get(word[:at], 10**6), known.get(word[at:], 10**6)) < 5_000
        ]
        if halves and count == 2 and rng.random() < 0.8:
            return list(rng.choice(halves))
    return [word for word in (alike(piece).pick(rng) for piece in _pieces(heard, count, rng)) if word]


_TRUST = 4.0  # occurrences of its own kind that a function word's own counts are weighed against


def _other_function_word(word: str, rng: Random, may_drop: bool) -> str:
    """What is written for a function word: "" for nothing; from its own counts, else from those of its kind."""
    fitted = _fitted()
    own = fitted.tables["function"].get(word)
    if own and rng.random() < own.total / (own.total + _TRUST):
        outcome = own.pick(rng)
        if outcome not in ("other", "" if not may_drop else "other"):
            return outcome
    outcome = fitted.pick("kind", KINDS[word], rng, "sound")
    if outcome == "sound":
        return alike(sounds(word), word).pick(rng)
    if outcome == "lost":
        return "" if may_drop else alike(sounds(word), word).pick(rng)
    other = fitted.pick("common", outcome, rng)
    return other if other != word else alike(sounds(word), word).pick(rng)


def _slurred(heard: str, rng: Random) -> str:
    """The sounds with one lost or taken for any other: words further off are found from there."""
    at = rng.randrange(max(len(heard), 1))
    return heard[:at] + rng.choice(("", rng.choice("ptkfsmnlrwaeiou"))) + heard[at + 1 :]


def _other_word(word: str, rng: Random, first_letter: str = "", may_drop: bool = False) -> str:
    """What is written for one word that is misheard as one."""
    if word in KINDS and not first_letter:
        return _other_function_word(word, rng, may_drop)
    forms = inflected(word) if word not in KINDS else {}
    if forms and (not first_letter or word[0] == first_letter):
        outcome = _fitted().pick("ending", ending(word), rng, "sound")
        if outcome in forms:
            return rng.choice(forms[outcome])
    if rng.random() < _fitted().shares["look", "far"]:
        far = alike(_slurred(sounds(word), rng)).pick(rng, first_letter)
        if far and far != word:
            return far
    return alike(sounds(word), word).pick(rng, first_letter)


def _written(run: Sequence[Token], rng: Random) -> list[str]:
    """The words that are written for a stretch of misheard words; none where they are dropped."""
    words = [token.plain for token in run]
    if len(words) == 1:
        kind = "F" if words[0] in KINDS else commonness(words[0])
        count = int(_fitted().pick("shape", "1" + kind, rng, "1"))
        if count == 0:
            return []
        if count == 1:
            other = _other_word(words[0], rng, may_drop=True)
            return [other] if other else []
    else:
        count = int(_fitted().pick("shape", str(len(words)), rng, str(len(words))))
        if count == len(words) and rng.random() < 0.5:
            return [other for other in (_other_word(word, rng) for word in words) if other]
    return _recut(words, max(count, 1), rng)


def _with_capitals(written: list[str], run: Sequence[Token], rng: Random) -> list[str]:
    """Capitals where a service would take a word for a name."""
    capital = any(token.text[0].isupper() and not token.opens for token in run)
    share = _fitted().shares["look", "capital of misheard name" if capital else "capital of misheard word"]
    return [
        word.capitalize() if word and word not in KINDS and rng.random() < share else ("I" if word == "i" else word)
        for word in written
    ]


# ---- proposals ----


def _case_edit(token: Token, named: float) -> Edit | None:
    """The capital that a word loses, if any; `named` is one draw for the name that the word is part of."""
    first = token.text[0]
    if not token.plain or not first.isupper() or token.plain == "i" or any(sign.isupper() for sign in token.text[1:]):
        return None
    where = "start" if token.opens else "kept"
    kept = _fitted().shares.get(("look", f"capital {where} {commonness(token.plain)}"), 1.0)
    return Edit(token.start, token.start + 1, first.lower()) if named >= kept else None


def _capital_gained(token: Token, rng: Random) -> tuple[float, Edit] | None:
    """A capital where the service takes a word for a name, which it does where it mishears others."""
    if not token.plain or token.text[0].isupper() or token.opens:
        return None
    gained = _fitted().shares.get(("look", "capital gained " + commonness(token.plain)), 0.0)
    draw = _first_rate(max(gained, 1e-3), rng)
    return draw, Edit(token.start, token.start + 1, token.text[0].upper())


def _runs(found: list[Token], rng: Random) -> Iterator[list[Token]]:
    """The text as stretches of words that would be misheard together."""
    at = 0
    while at < len(found):
        size = int(_fitted().pick("run", "all", rng, "1"))
        end = at + 1
        while end < len(found) and end - at < size and found[end].joined and found[end].plain and found[at].plain:
            end += 1
        yield found[at:end]
        at = end


def _first_rate(hazard: float, rng: Random) -> float:
    """The rate from which on something happens whose chance at a rate r is 1 - (1 - r) ** hazard, about hazard * r."""
    return 1.0 - math.pow(1.0 - rng.random(), 1.0 / hazard)


def _draw(run: Sequence[Token], rng: Random) -> float:
    """The rate from which on a stretch is misheard: a word of hazard 1 is at a rate r with the chance r."""
    shares = _fitted().shares
    hazard = sum(shares.get(("hazard", hazard_class(token)), 1.0) for token in run) / len(run)
    return _first_rate(max(hazard, 0.05), rng)


def _tail_edit(token: Token, rng: Random) -> Edit | None:
    """Another word with the same first letter, so that the capital before it can be lost on its own."""
    letter = token.plain[0]
    for _ in range(4):
        other = _other_word(token.plain, rng)
        if other[:1] == letter:
            break
    else:
        other = _other_word(token.plain, rng, letter)
    return Edit(token.start + 1, token.end, other[1:]) if other and other != token.plain else None


def _look(text: str, rng: Random) -> Iterator[tuple[float, Edit]]:
    """Marks that nobody says, and blanks that nobody writes."""
    hyphen_kept = _fitted().shares["look", "hyphen kept"]
    for match in _MARKS.finditer(text):
        if match[0] == "-":
            if rng.random() >= hyphen_kept:
                yield _ALWAYS, Edit(match.start(), match.end(), " ")
        elif "\n" not in match[0]:
            yield _ALWAYS, Edit(match.start(), match.end(), "")


def proposals(text: str, rng: Random) -> Iterator[tuple[float, Edit | list[Edit]]]:
    """The edits that make a transcript, from left to right, each with its draw; keep those with a draw below the rate.

    The rate is the chance that a word of average hazard is misheard; for a word of hazard h it is 1 - (1 - rate) ** h
    (names and rare words have about 3, common words 0.5). The share of words misheard is about 0.85 of a rate
    up to 0.4, less above: 0.62 at 0.8, 0.76 at 1, where numbers and first letters still stand (on GSM8K).
    The look of a transcript has the draw -1.
    """
    yield from _look(text, rng)
    named = 0.0
    for run in _runs(tokens(text), rng):
        draw = _draw(run, rng)
        cases: list[Edit | None] = []
        for token in run:
            if not (token.joined and token.text[0].isupper()):
                named = rng.random()
            cases.append(_case_edit(token, named))
        if run[0].joined and run[0].plain and text[run[0].start - 1].isspace():
            added = _first_rate(_fitted().shares["look", "word added"], rng)
            if added < _NEVER:
                yield added, Edit(run[0].start, run[0].start, _fitted().tables["added"]["all"].pick(rng) + " ")
        if run[0].plain:
            yield from _misheard(text, run, cases, draw, rng)
        else:
            yield from _number(run[0], draw, rng)


def _misheard(
    text: str, run: list[Token], cases: list[Edit | None], draw: float, rng: Random
) -> Iterator[tuple[float, Edit]]:
    """The proposals for one stretch of words; `cases` are the capitals that they lose."""
    opening = next(iter(cases)) if run[0].opens else None
    if opening:  # only its first letter is certain, so it is misheard by itself
        yield _ALWAYS, opening
        tail = _tail_edit(run[0], rng)
        if tail and len(run) == 1:
            yield draw, tail
        run, cases = run[1:], cases[1:]
    if any(cases) and draw >= _CASE_GIVES_WAY:
        for token, case in zip(run, cases, strict=True):
            if case:
                yield _ALWAYS, case
            tail = _tail_edit(token, rng)
            if tail:
                yield draw, tail
    elif run:
        gained = [gain for gain in (_capital_gained(token, rng) for token in run) if gain and gain[0] < draw]
        edit = _run_edit(text, run, _with_capitals(_written(run, rng), run, rng))
        if gained:  # whichever comes first stands
            yield from gained
        elif edit:
            yield draw, edit


def _run_edit(text: str, run: Sequence[Token], written: Sequence[str]) -> Edit | None:
    """The words in place of the run; with the blank before it where nothing is written."""
    start, end = run[0].start, run[-1].end
    if not written:
        if start == 0 or not text[start - 1].isspace():
            return None
        return Edit(start - 1, end, "")
    result = " ".join(written)
    return Edit(start, end, result) if result != text[start:end] else None


_SAID = {str(number): word for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}
_SOUNDS_LIKE = {"1": "one", "2": "to", "4": "for", "8": "ate"}


def _number(token: Token, draw: float, rng: Random) -> Iterator[tuple[float, Edit]]:
    """A small number in letters, or as the word that sounds like it."""
    said = _SAID.get(token.text)
    if said:
        word = _SOUNDS_LIKE.get(token.text, said) if rng.random() < 0.4 else said
        yield draw, Edit(token.start, token.end, word)
