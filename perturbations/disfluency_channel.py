"""Self-corrections and restarts as people speak them: "What do the pilots no what do the studies indicate?".

What is drawn by count (where the interruption stands, how many words are said again, the shape of the words that are
taken back, the cue) comes from `fitted/disfluency.tsv`, which `benchmarks/fit_disfluency.py` fits to Disfl-QA (Gupta et
al. 2021, CC BY 4.0). The wrong words themselves are never from that corpus: they come from the caller's distractors,
from the text, or from the lists in this file, which were written by hand for it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, islice, pairwise
from pathlib import Path
from random import Random

from ..harness.cases import Edit

TABLE = Path(__file__).parent / "fitted" / "disfluency.tsv"
"""The fitted counts."""

REST = "*"
"""What is too rare in a context to be told apart; it is drawn from a wider context."""
LEAST_WORDS = 3
"""Shorter texts are left alone: there is nothing to stumble over."""
LEAST_COUNT = 30
"""A context seen less often than this in the corpus gives way to a wider one; chosen by hand."""
LONGEST_COPY = 4
"""Words that a false start shares with the question at most; the corpus has hardly any more."""
TRIES = 8
"""How often a word that stands in the question already is drawn anew."""
LONGEST_SENTENCE = 60
"""Words of one sentence in which a place is sought; questions in the corpus have at most about forty."""
FROM_DISTRACTORS, FROM_TEXT = 0.85, 0.06
"""How often a wrong word is taken from the distractors, where there are any, and from the text itself. The corpus was
written with the passage at hand; its wrong words also stand in the question itself in about this share."""

CLAUSE_FROM_TEXT = 0.4
"""How often a phrase of a long false start is the question's own; about a fifth of the words of long ones are."""

# --- closed word classes of English: everyday grammar, not counted in any corpus --------------------------------------

QUESTION = frozenset("what which who whom whose where when why how".split())
AUXILIARY = frozenset(
    "is are was were am be been do does did has have had can could will would shall should might must "
    "isn't aren't wasn't weren't don't doesn't didn't hasn't haven't hadn't can't couldn't won't wouldn't".split()
)
DETERMINER = frozenset("the a an this that these those its their his her my your our some any".split())
PREPOSITION = frozenset(
    "of in on at for to from by with about as into between during under over after before through against among "
    "within upon since until towards".split()
)
JOINING = frozenset("and or but than because if so while though it they he she we i you there not".split())
_CARE = frozenset(
    "one two three four five six seven eight nine ten eleven twelve hundred thousand million billion dozen half first "
    "second third twice once no not never none nothing without all each every both few fewer less least more most many "
    "much only per another other another may march monday tuesday wednesday thursday friday saturday sunday january "
    "february april june july august september october november december today tomorrow yesterday neither nor except "
    "unless cannot quarter double triple am pm".split()
)
_CLOSED = {
    **dict.fromkeys(JOINING, "J"),
    **dict.fromkeys(PREPOSITION, "P"),
    **dict.fromkeys(DETERMINER, "D"),
    **dict.fromkeys(AUXILIARY, "A"),
    **dict.fromkeys(QUESTION, "Q"),
}
CONTENT = frozenset("nsdgC")

_EDGE = "\"'“”‘’([{<>}]).,;:!?…*_~`-–—"
_RUN = re.compile(r"\S+")
_I = re.compile(r"I(?:['’]\w+)?")
_SENTENCE = re.compile(r"[.!?…]+[\"'”’)\]]*\s+|\n\s*")


@dataclass(frozen=True, slots=True)
class Token:
    """A run without blanks: where it begins and ends, its word without marks at the edges, and its class."""

    start: int
    end: int
    word: str
    kind: str


def word_class(word: str) -> str:
    """Q question word, A auxiliary, D determiner, P preposition, J joining word, # with a digit, C capitalised, else
    by ending: s, d (-ed), g (-ing), n."""
    low = word.lower().replace("’", "'")
    if low in _CLOSED:
        return _CLOSED[low]
    if "'" in low and low.endswith(("'s", "'m", "'re", "'ve", "'ll", "'d")) and low.partition("'")[0] in _CLOSED:
        return _CLOSED[low.partition("'")[0]]
    if any(character.isdigit() for character in word):
        return "#"
    if word[:1].isupper():
        return "C"
    if low.endswith("s") and not low.endswith("ss") and len(low) > 3:
        return "s"
    if low.endswith("ed") and len(low) > 4:
        return "d"
    if low.endswith("ing") and len(low) > 5:
        return "g"
    return "n"


def tokens(text: str, start: int = 0, end: int | None = None, at_most: int | None = None) -> list[Token]:
    """The first words of `text[start:end]`; runs of marks alone are passed over."""
    found = []
    for match in islice(_RUN.finditer(text, start, len(text) if end is None else end), at_most):
        word = match[0].strip(_EDGE)
        if word:
            found.append(Token(match.start(), match.end(), word, word_class(word)))
    return found


# --- the table --------------------------------------------------------------------------------------------------------


class Counts:
    """Things with counts, to draw from."""

    def __init__(self) -> None:
        self._of: dict[str, float] = {}
        self._names: list[str] = []
        self._sums: list[float] = []

    def add(self, name: str, count: float) -> None:
        """Count `name` so often more."""
        self._of[name] = self._of.get(name, 0.0) + count
        self._sums = []

    @property
    def total(self) -> float:
        """All counts together."""
        self._freeze()
        return self._sums[-1] if self._sums else 0.0

    def _freeze(self) -> None:
        if not self._sums:
            self._names = sorted(self._of)
            self._sums = list(accumulate(self._of[name] for name in self._names))

    def draw(self, rng: Random) -> str:
        """One of the things, by count. There must be one."""
        self._freeze()
        at = bisect_right(self._sums, rng.random() * self._sums[-1])
        return self._names[min(at, len(self._names) - 1)]


class Model:
    """The fitted counts, by section and context."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._counts: dict[tuple[str, str], Counts] = {}
        self._rates: dict[tuple[str, str], float] = {}
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            section, context, name, count = line.rstrip("\n").split("\t")
            if section.startswith("rate "):
                self._rates[section[5:], f"{context} {name}".strip()] = float(count)
            else:
                self._counts.setdefault((section, context), Counts()).add(name, float(count))

    def draw(self, rng: Random, section: str, *contexts: str) -> str:
        """A draw from the first of the contexts that was seen often enough, else from the last."""
        for context in contexts:
            counts = self._counts.get((section, context))
            if counts is None or (counts.total < LEAST_COUNT and context != contexts[-1]):
                continue
            drawn = counts.draw(rng)
            if drawn != REST:
                return drawn
        return ""

    def knows(self, section: str, context: str) -> bool:
        """Whether there is anything to draw from."""
        return (section, context) in self._counts

    def rate(self, section: str, name: str, otherwise: float) -> float:
        """A fitted number that is not a count."""
        return self._rates.get((section, name), otherwise)


@cache
def model() -> Model:
    """The table, read once."""
    return Model(TABLE.read_text(encoding="utf-8").splitlines())


def cue(rng: Random, position: str = "mid", firm: bool = False, one_word: bool = False) -> str:
    """A cue with its own commas, such as "no", "or rather" or ", sorry,", for a repair at the "start" (of a whole
    question), in the "mid" or at the "end". A comma in front belongs to the word before it, without a blank.

    A `firm` cue says that what was said is wrong ("no", "sorry", "I mean"), where a mere "er" or "or uh" between two
    values could be heard as a choice. Where only `one_word` is taken back, cues are longer.
    """
    fitted = model()
    where = position if fitted.knows("cue", position) else "mid"
    context = f"{where} one" if one_word and fitted.knows("cue", f"{where} one") else where
    for _ in range(30):
        drawn = fitted.draw(rng, "cue", context)
        if not drawn and fitted.knows("cue", f"{where} opening"):  # a rare one is made of two common ones
            first, then = fitted.draw(rng, "cue", f"{where} opening"), fitted.draw(rng, "cue", f"{where} closing")
            drawn = f"{first} {then}"
        if drawn and (not firm or _FIRM.search(drawn)):
            commas = fitted.draw(rng, "commas", str(min(3, len(drawn.split()))))
            return f"{', ' * (commas in ('before', 'both'))}{drawn}{',' * (commas in ('behind', 'both'))}"
    return "no"


_FIRM = re.compile(
    r"\b(?:no|nope|sorry|I mean|I meant|rather|make that|make it|scratch|correction|change that|instead|never ?mind|"
    r"excuse me|pardon|oops|wait|actually|not that|mistake)\b"
)


# --- the words that are taken back ------------------------------------------------------------------------------------

_THINGS = """
river city party treaty school church army plant cell theory engine museum island mountain language king council
company province temple library parliament disease bridge harbour village forest desert castle railway airport nation
university college hospital market court lawyer teacher doctor farmer merchant soldier artist writer singer actor
painter scientist engineer student parent patient customer player coach captain pilot judge bishop priest surgeon
emperor president minister governor mayor senator general officer committee assembly government congress agency union
network computer machine vehicle aircraft ship train steamer rocket satellite telescope planet star moon turbine
galaxy atom molecule particle electron acid metal crystal mineral fossil volcano glacier valley plateau coast
ocean lake storm climate season pressure force voltage magnet wavelength signal archipelago peninsula estuary delta
frequency channel broadcast newspaper magazine novel poem song album concert festival film theatre painting sculpture
building tower palace monument garden park street district suburb region border territory colony empire kingdom
dynasty revolution rebellion invasion battle siege alliance constitution law tax budget currency loan wage price trade
industry factory product service contract insurance account card payment order invoice delivery address password
method process system structure function pattern property equation theorem proof formula matrix vector polynomial
gene protein enzyme hormone vitamin virus tissue muscle nerve bone brain heart lung kidney liver membrane antibody
mammal bird insect reptile whale horse crop grain vaccine treatment surgery diet exercise chloroplast neuron
sport team league stadium match championship medal record award degree course subject lesson exam scholarship religion
doctrine ritual scripture prophet saint monk philosophy principle argument concept definition hypothesis experiment
result report survey population family marriage household community tribe culture tradition ceremony costume
instrument melody rhythm dance recipe restaurant hotel kitchen window roof wheel cable battery sensor decade
camera screen keyboard printer database protocol browser website message letter envelope package century
education production pollution corporation organization constellation institution foundation condition
migration election decision inflation radiation fraction expedition translation publication reaction
solution position location explanation occupation transportation administration regulation discussion nationality
density velocity activity majority minority identity quality quantity capacity facility authority society
ability security priority entity charity monastery cathedral synagogue fortress lighthouse garrison regiment cavalry
viceroy viscount archbishop chancellor ambassador commissioner secretary treasurer delegate inhabitant immigrant
settler refugee slave peasant noble landowner shareholder employer employee manufacturer supplier contractor architect
movement department element agreement settlement investment document
difference influence conference residence sentence science appearance importance distance substance entrance
spectrum bandwidth mantle nebula asteroid chromosome pathogen parasite reservoir watershed tributary causeway viaduct
aqueduct basilica mosque pagoda mausoleum abbey convent seminary dormitory laboratory observatory conservatory quarry
foundry brewery refinery tannery sawmill granary orchard vineyard plantation ranch commune hamlet diocese
prefecture duchy earldom barony fiefdom sultanate caliphate sultan emir tsar shogun samurai knight crusade heresy schism
edict decree statute ordinance amendment referendum plebiscite tariff subsidy dividend mortgage pension royalty patent
lyric opera ballet sonata chorus orchestra violin trumpet fresco mosaic tapestry manuscript parchment anthology memoir
anthem cinema sitcom trilogy sequel studio cartridge console modem router transistor semiconductor diode
piston boiler locomotive carriage tram canal dock pier wharf beacon windmill derrick rig pipeline furnace
mammoth squid jellyfish sponge beetle moth heron falcon otter badger lichen fern orchid cedar willow spruce maple
nucleus catalyst isotope photon sediment bedrock aquifer monsoon hurricane earthquake tsunami meadow marsh reef
""".split()

_STUFF = """
rainfall temperature gravity energy evidence rice wheat cotton sugar coffee tea salt oil coal gas steel copper iron gold
silver wood paper glass plastic leather blood software medicine education pollution inflation radiation oxygen hydrogen
nitrogen carbon water air soil sand agriculture literature architecture astronomy chemistry geometry democracy
capitalism socialism imperialism nationalism unemployment poverty wealth income productivity information knowledge
research power heat light sound friction acceleration momentum biodiversity photosynthesis metabolism immunity warfare
""".split()

_QUALITIES = """
public private local national foreign federal royal military civil medical political economic social religious
ancient modern medieval early late northern southern eastern western central rural urban coastal tropical solid liquid
organic chemical physical natural electric nuclear solar mechanical industrial commercial domestic secondary
legal common rare large small tall short long wide deep heavy fast slow strong weak hot cold dry wet high
low rich poor young old new original traditional popular famous important main major minor basic advanced
external positive negative active passive complex simple secret official global agricultural different
historic democratic conservative liberal independent senior junior primary permanent temporary average entire previous
marine aquatic higher lower larger smaller older younger faster greater highest largest oldest lowest smallest
earliest longest best worst dangerous expensive successful wealthy visible invisible finite infinite random relative
absolute prehistoric colonial overseas voluntary compulsory infectious genetic endangered extinct native
""".split()

_MANNERS = """
mostly usually often initially originally officially previously mainly rarely currently formerly eventually recently
slowly quickly directly legally partially generally completely widely frequently
""".split()

_PEOPLES = """
French German British Italian Spanish Russian Chinese Japanese Indian Turkish Greek Roman Polish Dutch Swedish Norwegian
Danish Portuguese Mexican Canadian American Australian Egyptian Persian Arab African Asian European Mongol Norman
Catholic Protestant Islamic Buddhist Jewish Christian Soviet Austrian Hungarian Irish Scottish Welsh English Bavarian
Prussian Ottoman Byzantine Venetian Iroquois Huguenot Lutheran Orthodox Tibetan Korean Vietnamese Brazilian Cuban
""".split()

_PLACES = """
London Paris Berlin Rome Madrid Vienna Moscow Warsaw Prague Budapest Athens Cairo Istanbul Delhi Mumbai Beijing Shanghai
Tokyo Kyoto Seoul Sydney Melbourne Boston Chicago Seattle Denver Houston Dallas Miami Atlanta Philadelphia Toronto
Montreal Quebec Lisbon Dublin Edinburgh Glasgow Manchester Oxford Cambridge Bristol France Germany Italy Spain Portugal
Poland Russia China Japan India Turkey Greece Egypt Kenya Nigeria Ethiopia Morocco Brazil Argentina Chile Peru Colombia
Mexico Canada Australia Norway Sweden Finland Denmark Austria Hungary Switzerland Belgium Iceland Ireland Scotland
Wales England Europe Asia Africa California Texas Florida Virginia Ohio Georgia Alaska Rhine Danube Nile Amazon
Yale Stanford Princeton Bavaria Saxony Normandy Lombardy Catalonia Crimea Silesia Bohemia Ukraine Romania Serbia
Croatia Britain Netherlands Mongolia Tibet Vietnam Korea Pakistan Iran Iraq Syria Israel Lebanon Sudan Ghana Angola
Oakland Sacramento Fresno Detroit Cleveland Pittsburgh Baltimore Nashville Tampa Orlando Portland Vancouver Geneva
""".split()

_PERSONS = """
Newton Einstein Darwin Galileo Kepler Faraday Maxwell Pascal Euler Gauss Turing Lovelace Pasteur Curie Mendel Aristotle
Plato Socrates Kant Hume Locke Rousseau Voltaire Luther Calvin Napoleon Wellington Nelson Caesar Augustus Alexander
Charlemagne Elizabeth Victoria Henry Charles William George Louis Frederick Catherine Washington Jefferson Lincoln
Roosevelt Kennedy Churchill Gandhi Mandela Bismarck Lenin Stalin Mozart Beethoven Bach Haydn Chopin Wagner Shakespeare
Milton Dickens Austen Tolstoy Goethe Dante Picasso Monet Rembrandt Edison Tesla Watt Ford Marconi Smith Johnson Brown
Davis Miller Wilson Moore Taylor Clark Lewis Walker Hargreaves Lindqvist Okafor Yamamoto Petrov Castellano Kowalski
Fitzgerald Montgomery Delacroix Schneider Nakamura Herrera Novak Dubois Fleming Rutherford Hobbes Spinoza Leibniz
""".split()

_GIVEN = """
James John Robert Thomas Richard Edward Joseph Samuel David Daniel Peter Paul Martin Walter Arthur Albert Ernest Hugh
Mary Anne Jane Margaret Sarah Emily Alice Helen Martha Clara Louise Emma Anna Maria Carl Otto Hans Jean Pierre Marco
""".split()

_BODIES = """
Parliament Senate Congress Commission Council Treaty University Museum Cathedral Empire Dynasty Republic Church Academy
Society Institute Library Bridge River Island Valley Mountains Ocean Company League Army Navy Party Union Bank
Hospital Airport Stadium Theatre Palace Castle Street Park Square District County Province Revolution War Act Court
""".split()

_INITIALS = "NASA NATO UNESCO BBC NBC IBM CIA FBI MIT NSF EU UN USA UK DNA".split()

_VERBS = """
build cause change create cross defeat describe design destroy develop discover elect establish expand explain export
form found govern import include increase influence invade invent join kill launch lead leave lose measure move oppose
own play produce promote protect publish reach receive record reduce reject release remove replace represent require
return rule sell settle ship show sign study support teach test trade train transfer treat use visit win write
accept achieve affect allow announce attack carry claim close collect control convert cover deliver deny depend
become begin believe buy call choose consider contain define determine die end fight find give grow happen have help
live look make mean need occur offer prevent propose refer say start suggest take think try want work
""".split()
_PAST = """
built caused changed created crossed defeated described designed destroyed developed discovered elected established
expanded explained exported formed founded governed imported included increased influenced invaded invented joined
killed launched measured moved opposed owned played produced promoted protected published reached received recorded
reduced rejected released removed replaced represented required returned ruled settled shipped signed studied supported
tested traded trained transferred treated used visited accepted achieved affected allowed announced attacked carried
claimed closed collected controlled converted covered delivered denied called named located considered known based
died ended helped lived started tried wanted worked defined proposed suggested related added divided connected
""".split()
_DOING = """
building causing changing creating crossing describing designing destroying developing expanding exporting forming
governing importing including increasing invading joining launching leading leaving losing measuring moving opposing
playing producing promoting protecting publishing reaching receiving recording reducing rejecting releasing removing
replacing representing requiring returning ruling selling settling shipping signing studying supporting teaching testing
trading training treating using visiting winning writing accepting attacking carrying closing controlling covering
farming fishing mining banking housing funding engineering manufacturing being having making taking working living
""".split()
_DOES = [
    f"{verb[:-1]}ies"
    if verb.endswith("y") and verb[-2] not in "aeou"
    else f"{verb}es"
    if verb.endswith(("s", "sh", "ch", "x"))
    else "has"
    if verb == "have"
    else f"{verb}s"
    for verb in _VERBS
]

_ASKED_FOR = """
type kind sort kind type name time name time country city person group organization company theory process
reason percentage year word term language system event place position part form method area field role name factor law
school period region time book king team river animal concept structure disease effect problem change
""".split()
"""What people ask for behind "what" and "which", written by hand, the commonest more than once."""
_EXTENTS = "many much many much long often large big old far high quickly tall wide well fast deep likely soon".split()
"""What people ask for behind "how", written by hand, the commonest more than once."""

_NOUN_PHRASES = "Dn Dn Dn Dn Dnn Dnn Dnn s ns C C CC DC Ds Dns".split()
"""Noun phrases inside a long false start, by hand."""


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    if noun.endswith(("s", "sh", "ch", "x")):
        return f"{noun}es"
    return f"{noun}s"


_IRREGULAR = {"nucleus": "nuclei", "spectrum": "spectra", "squid": "squid", "jellyfish": "jellyfish"}
_MANY = [_IRREGULAR.get(noun, _plural(noun)) for noun in _THINGS]


def _harmless(phrase: str) -> bool:
    """Whether a phrase may be said by mistake: words, without digits, numbers, negations or quantifiers."""
    parts = [part.strip(_EDGE).lower().replace("’", "'") for part in phrase.split()]
    return bool(parts) and all(
        re.fullmatch(r"[^\W\d_]+(?:['-][^\W\d_]+)*", part)
        and not part.endswith("n't")
        and _CARE.isdisjoint(part.split("-"))
        for part in parts
    )


def _runs(words: Sequence[Token]) -> list[list[str]]:
    """Noun phrases of a text, as far as they can be told: one or two words behind "the" or "of", or names."""
    found: list[list[str]] = []
    behind = ""
    for token in words:
        if token.kind in CONTENT and _harmless(token.word):
            if behind and len(found[-1]) < 2 and token.kind not in "dg":
                found[-1].append(token.word)
            elif not behind and token.kind == "C":
                found.append([token.word])
            behind = "open" if behind or token.kind == "C" else ""
        elif token.kind in "DP":
            found.append([])
            behind = "open"
        else:
            behind = ""
    return [run if run[0][0].isupper() else ["the", *run] for run in found if run]


class _Wrong:
    """Where wrong words come from: the distractors, the text, the lists."""

    def __init__(self, words: Sequence[Token], distractors: Sequence[str], rng: Random) -> None:
        self._rng = rng
        self._said = {token.word.lower() for token in words}
        self._own: dict[str, list[str]] = {}
        for token in words:
            if token.kind in CONTENT and _harmless(token.word):
                self._own.setdefault(token.kind, []).append(token.word)
        self._runs = _runs(words)
        self._given: dict[str, list[str]] = {}
        self._given_by_length: dict[int, list[str]] = {}
        whole = " ".join(token.word.lower() for token in words)
        for phrase in distractors:
            parts = phrase.strip(_EDGE + " \t\n").split()
            while parts and word_class(parts[0]) == "D":
                parts = parts[1:]
            pattern, plain = "".join(map(word_class, parts)), " ".join(parts)
            if _harmless(plain) and len(plain) < 60 and plain.lower() not in whole and CONTENT.issuperset(pattern):
                self._given.setdefault(pattern, []).append(plain)
                self._given_by_length.setdefault(len(parts), []).append(plain)

    def phrase(self, pattern: str, before: str, right: Token | None, after: Token | None) -> list[str]:
        """Words of this pattern of classes, said in place of `right` behind the word `before`."""
        parts: list[str] = []
        content = 0  # where the run of content words begins
        while content < len(pattern) and pattern[content] not in CONTENT:
            content += 1
        run = pattern[content:]
        given = self._given.get(run) or self._given_by_length.get(len(run)) or ()
        if not run or not CONTENT.issuperset(run) or not given or self._rng.random() >= FROM_DISTRACTORS:
            given = ()
        for at, kind in enumerate(pattern):
            if given and at == content:
                return [*parts, *self._rng.choice(given).split()]
            last = at == len(pattern) - 1
            following = pattern[at + 1] if not last else after.kind if after and pattern[0] in CONTENT else ""
            parts.append(
                self._word(
                    kind,
                    (parts[-1] if parts else before).lower(),
                    following,
                    right.word if right and len(pattern) == 1 else "",
                    parts,
                )
            )
        return parts

    def clause(self, length: int, before: str) -> list[str]:
        """About so many words of a question that is not brought to its end, behind the word `before`."""
        said: list[str] = []
        kind = word_class(before) if before else ""
        helped = before.lower() in ("did", "does", "do", "can", "could", "will", "would", "should")
        part = {"": "ask", "Q": "help", "A": "who", "D": "whose", "P": "who", "J": "who"}.get(kind, "where")
        while len(said) < length:
            previous = said[-1].lower() if said else before.lower()
            if part == "ask":
                said.append(model().draw(self._rng, "asked", "other"))
                part = "help"
            elif part == "help":
                said.append(model().draw(self._rng, "word", f"A {previous}", "A"))
                helped = said[-1].lower() in ("did", "does", "do", "can", "could", "will", "would", "should")
                part = "who"
            elif part == "who" and self._runs and self._rng.random() < CLAUSE_FROM_TEXT:
                said += self._rng.choice(self._runs)
                part, helped = ("does" if helped else "where"), False
            elif part in ("who", "whose"):
                chosen = self._rng.choice(_NOUN_PHRASES if part == "who" else ("n", "nn", "s", "C"))
                said += self.phrase(chosen, previous, None, None)
                part, helped = ("does" if helped else self._rng.choice(("done", "where"))), False
            elif part == "done":
                said.append(self._rng.choice(_PAST))
                part = "where"
            elif part == "does":
                said += [self._rng.choice(_VERBS)]
                part = self._rng.choice(("where", "who"))
            else:
                said.append(model().draw(self._rng, "word", "P") or "of")
                part = "who"
        said = said[:length]
        while len(said) > 1 and word_class(said[-1]) in "DP" and self._rng.random() < 0.7:
            said.pop()  # people mostly stop behind a whole phrase
        return said

    def _word(self, kind: str, previous: str, following: str, right: str, parts: Sequence[str]) -> str:
        own = self._own.get(kind, ())
        if own and self._rng.random() < FROM_TEXT:
            word = self._rng.choice(own)
            if word != right and word not in parts:
                return word
        word = self._listed(kind, previous, following, right)
        for _ in range(TRIES):
            if word not in parts and (kind not in CONTENT or word.lower() not in self._said):
                break
            word = self._listed(kind, previous, following, right)
        return word

    def _listed(self, kind: str, previous: str, following: str, right: str) -> str:
        rng = self._rng
        if kind not in CONTENT:
            return model().draw(rng, "word", f"{kind} {previous or '^'}", kind) or "the"
        if kind == "C":
            if previous.capitalize() in _NAMED or (previous.capitalize() in _PLACED and rng.random() < 0.8):
                return rng.choice(_BODIES)
            if previous.capitalize() in _CHRISTENED:
                return rng.choice(_PERSONS)
            if following == "C":
                return rng.choice(rng.choice((_PEOPLES, _GIVEN, _GIVEN, _PLACES)))
            if following in CONTENT:
                return rng.choice(_PEOPLES)
            return rng.choice(rng.choice((_PLACES, _PLACES, _PERSONS, _PERSONS, _PEOPLES, _INITIALS)))
        if kind == "s":
            return rng.choice(_DOES if previous in ("who", "that", "which", "it") else _MANY)
        if kind in "dg":
            return rng.choice(_PAST if kind == "d" else _DOING)
        return rng.choice(self._plain(previous, following, right.lower()))

    def _plain(self, previous: str, following: str, right: str) -> Sequence[str]:
        """The list that a word without a telling ending is taken from."""
        rng = self._rng
        if previous == "how":
            return _EXTENTS
        if previous in ("what", "which", "whose") and not right:
            return _ASKED_FOR if rng.random() < 0.6 else _THINGS
        if previous in ("who", "to") or (right and right in _VERBS):
            return _PAST if previous == "who" else _VERBS
        if right.endswith("ly"):
            return _MANNERS
        if right.endswith(("al", "ic", "ous", "ive", "ary", "ern", "est", "ful", "able", "ible", "ish")):
            return _QUALITIES
        if previous == "the" and not right and rng.random() < 0.3:
            return _ASKED_FOR
        if following in ("n", "s", "C") and following:
            return _QUALITIES if rng.random() < 0.7 else _THINGS
        if right:
            return rng.choice((_THINGS, _THINGS, _THINGS, _STUFF, _QUALITIES, _VERBS))
        return _THINGS if previous in DETERMINER or rng.random() < 0.6 else _STUFF


_NAMED, _PLACED, _CHRISTENED = frozenset(_PEOPLES), frozenset(_PLACES), frozenset(_GIVEN)


# --- one restart ------------------------------------------------------------------------------------------------------


def restart(text: str, rng: Random, distractors: Sequence[str] = ()) -> list[Edit] | None:
    """One self-correction put into a question or request: wrong words, a cue, and then the words that stand there.

    The first edit is a pure insertion; where the false start stands at the head of the text, a second edit may change
    the letter case of the first word behind it. None where the text has fewer than three words in Latin letters.
    """
    words = _sentence(text, rng)
    if words is None:
        return None
    fitted, wrong = model(), _Wrong(words, distractors, rng)
    opening = opening_class(words)
    if fitted.draw(rng, "kind", f"{opening} {length_class(len(words))}", opening, "all") == "start":
        return _false_start(text, words, wrong, rng)
    return _repair(text, words, wrong, rng) or _false_start(text, words, wrong, rng)


def _sentence(text: str, rng: Random) -> list[Token] | None:
    """The words of the sentence to stumble in: a question if there is one long enough."""
    bounds = [0, *(match.end() for match in _SENTENCE.finditer(text)), len(text)]
    spans = [span for span in pairwise(bounds) if len(text[span[0] : span[1]].split()) >= LEAST_WORDS]
    asked = [span for span in spans if text[span[0] : span[1]].rstrip().endswith("?")]
    chosen = rng.choice(asked or spans or [(0, len(text))])
    words = tokens(text, *chosen, at_most=LONGEST_SENTENCE)
    latin = sum(token.word[0].isascii() or "\u00c0" <= token.word[0] <= "\u024f" for token in words)
    return words if len(words) >= LEAST_WORDS and 2 * latin > len(words) else None


def opening_class(words: Sequence[Token]) -> str:
    """Which opening a question has: its question word, or the class of its first word."""
    first = words[0]
    return first.word.lower() if first.kind == "Q" else first.kind


def length_class(count: int) -> str:
    """Short, middling or long questions; the bounds part those of the corpus into three."""
    return "short" if count <= 8 else "middling" if count <= 12 else "long"


def _false_start(text: str, words: Sequence[Token], wrong: _Wrong, rng: Random) -> list[Edit]:
    fitted = model()
    opening = opening_class(words)
    shared = min(int(fitted.draw(rng, "copy", opening, "all") or 0), LONGEST_COPY, len(words) - 1)
    if any(word.word.lower() in _CARE or word.kind == "#" for word in words[:shared]):
        shared = 0
    copied = [token.word for token in words[:shared]]
    right = words[shared]
    ahead = words[shared + 1] if shared + 1 < len(words) else None
    context = start_context(words, shared)
    pattern = fitted.draw(rng, "wrong", f"start {context}", f"start {shared}", f"start {min(shared, 1)}")
    said = _said(pattern, copied[-1] if copied else "", right, ahead, wrong)
    if shared == 0 and pattern.startswith("Q"):
        said = _ask(pattern, words[0], wrong, rng)
    phrase = " ".join([*copied, *said])
    head = text[words[0].start : words[0].end]
    if head[:1] == words[0].word[:1] and head[:1].isupper():
        phrase = phrase[:1].upper() + phrase[1:]
    put = _joined(phrase, cue(rng, "start", one_word=" " not in phrase))
    edits = [Edit(words[0].start, words[0].start, put)]
    if text[: words[0].start].isspace():  # the blank that a text begins with stays in front of its first word
        edits = [Edit(0, 0, put.rstrip())]
    first = words[0].word
    lowers = words[0].kind in "QAPJ" and first[0].isupper() and not _I.fullmatch(first) and not _careful(words[0])
    if lowers and fitted.draw(rng, "case", "all") == "lower":
        at = words[0].start + head.index(first)
        edits.append(Edit(at, at + 1, first[0].lower()))
    return edits


def start_context(words: Sequence[Token], shared: int) -> str:
    """What the wrong words of a false start depend on: how many words it shares with the question, and which."""
    return f"{shared} {words[shared - 1].kind if shared else opening_class(words)} {words[shared].kind}"


def _ask(pattern: str, first: Token, wrong: _Wrong, rng: Random) -> list[str]:
    """A false start with a question word of its own: another one than the question's, as in the corpus."""
    asked = model().draw(
        rng, "asked", f"{first.word.lower()} {pattern[:2]}", first.word.lower(), f"other {pattern[:2]}", "other"
    )
    rest = pattern[1:]
    if asked in ("when", "where", "why") and rest and rest[0] in CONTENT:
        rest = f"A{rest}"
    elif asked == "who" and rest and rest[0] in "nsgC":
        rest = f"d{rest[1:]}"
    elif asked == "how" and rest and rest[0] in CONTENT:
        rest = f"n{rest[1:]}"
    return [asked, *(wrong.phrase(rest, asked, None, None) if rest else ())]


def _said(pattern: str, before: str, right: Token, ahead: Token | None, wrong: _Wrong) -> list[str]:
    """The wrong words of a pattern; a rare one ("+7") is the beginning of a question of so many words."""
    if pattern.startswith("+"):
        return wrong.clause(int(pattern[1:]), before)
    return wrong.phrase(pattern or "n", before, right, ahead)


def _repair(text: str, words: Sequence[Token], wrong: _Wrong, rng: Random) -> list[Edit] | None:
    fitted, weights = model(), []
    for at in range(1, len(words)):
        left, right = words[at - 1], words[at]
        glued = (_careful(left) and _careful(right)) or left.word.lower() == "how"  # "how many" stays together
        places = fitted.rate("site", f"{left.kind} {right.kind}", 0.02)
        weight = 0.0 if glued else places * fitted.rate("place", place_class(at, len(words)), 1.0)
        weights.append(weight)
    if not weights or not any(weights):
        return None
    at = rng.choices(range(1, len(words)), weights)[0]
    left, right = words[at - 1], words[at]
    ahead = words[at + 1] if at + 1 < len(words) else None
    pattern = fitted.draw(rng, "wrong", f"mid {left.kind} {right.kind}", f"mid {right.kind}", "mid")
    said = _said(pattern, left.word, right, ahead, wrong)
    again = int(fitted.draw(rng, "again", left.kind, "all") or 0)
    repeated = [token.word for token in words[max(0, at - again) : at]]
    if any(_careful(token) for token in words[max(0, at - again) : at]) or at - again < 1:
        repeated = []
    phrase = _joined(" ".join(said), cue(rng, "mid", one_word=len(said) == 1))
    start = right.start
    return [Edit(start, start, phrase + "".join(f"{word} " for word in repeated))]


def place_class(at: int, count: int) -> str:
    """The fifth of the question in which a word stands."""
    return str(min(4, 5 * at // max(1, count)))


def _careful(token: Token) -> bool:
    return token.kind == "#" or token.word.lower() in _CARE


def _joined(phrase: str, interruption: str) -> str:
    blank = "" if interruption[:1] in ",.;:!?…-" else " "
    return f"{phrase}{blank}{interruption} "
