"""Fits the disfluency channel to Disfl-QA and writes `perturbations/fitted/disfluency.tsv`.

`python benchmarks/fit_disfluency.py CORPORA_DIR [--only-lines even|odd] [--out FILE]`

Only counts go into the table: kinds, places, lengths, patterns of word classes, the closed list of cue phrases, and
closed-class words (question words, auxiliaries, determiners, prepositions). No sentence and no other word does.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from roadtest.perturbations import disfluency_channel as channel
from roadtest.perturbations.disfluency_channel import Token
from roadtest.perturbations.tables import changed_pairs

DATE = "2026-11-23"
SITE_PRIOR = 10.0
"""Places of one pair of word classes weigh as if ten more had been seen at the mean rate."""
LEAST_PATTERN, LEAST_CUE = 2, 2
LEAST_NARROW = {"word": 3, "wrong": 5, "asked": 3}
"""Patterns and cues seen less often are not told apart; a pattern then counts as one of its length."""
LONGEST_PATTERN = 5
MANY_WORDS = 2
UNKNOWN_CUE = 2
"""Words of a cue that is not from the closed list; known ones have as many on average."""
# lengths that rare patterns are told apart by; a false start of more than ten words is cut to ten
LENGTHS = (1, 2, 3, 4, 5, 6, 7, 8, 10)

# The closed list of words that cues are made of, and those that can begin one.
CUE_WORDS = frozenset(
    "no nope wait sorry i mean meant i'm im or rather make scratch er err errr errm errmm erm uh uhh uhm um umm ummm "
    "actually instead oops oh ooh well like hmm maybe excuse me not that but change to let let's say want know tell "
    "asking ah ahh ack ugh hold on nevermind never mind apologies pardon my mistake bad first just guess hang "
    "correction should be this rephrase darn dang it so okay ok yes eh shoot whoops whoopsie nah oy gosh wow forgive "
    "yet better about how please could can you remove ask".split()
)
CUE_OPENERS = frozenset(
    "no nope wait sorry i or rather make scratch er err errr errm errmm erm uh uhh uhm um umm ummm actually instead "
    "oops oh ooh well hmm maybe excuse ah ahh ack ugh hold nevermind never apologies pardon my hang correction darn "
    "dang ok okay eh i'm im tell let change whoops whoopsie nah oy gosh forgive better".split()
)
NOT_LAST = frozenset("how not it about make change never you can could be".split())
"""A cue that ends with one of these goes on in the right words ("no not ... but") or was mistyped."""
VAGUE = frozenset("or like maybe just first that it to so tell me let how about better can could you i be this".split())
"""A cue of these alone may mean that both are asked for ("or"), so it is not one that the project uses."""


@dataclass(frozen=True)
class Repair:
    """One pair taken apart; `at` is the word of the question that the right words begin with, `again` how many words
    before it are said again, so that `at - again` is 0 where the whole question is said again."""

    words: list[Token]
    at: int
    again: int
    wrong: list[Token]
    cue: str
    commas: str
    lowered: str

    @property
    def kind(self) -> str:
        """Where the right words begin."""
        return "start" if self.at == self.again else "mid"


def agreeing(first: list[str], second: list[str]) -> int:
    """How many words two lists have in common from the front."""
    limit = min(len(first), len(second))
    return next((at for at in range(limit) if first[at] != second[at]), limit)


def cue_length(words: list[Token]) -> int:
    """How many words at the end are a cue."""
    length = 0
    while length < len(words) and words[-1 - length].word.lower().replace("’", "'") in CUE_WORDS:
        length += 1
    if length and words[-1].word.lower() in NOT_LAST:
        return 0
    while length and words[-length].word.lower().replace("’", "'") not in CUE_OPENERS:
        length -= 1
    return length


def spelled(words: list[Token]) -> str:
    """A cue without its commas."""
    names = [word.word.lower().replace("’", "'") for word in words]
    return " ".join({"i": "I", "i'm": "I'm", "im": "I'm"}.get(name, name) for name in names)


def commas(text: str, words: list[Token], before: Token | None) -> str:
    """Where a cue has commas: none, before, behind, both."""
    ahead = before is not None and text[before.start : before.end].endswith(",")
    behind = text[words[-1].start : words[-1].end].endswith(",")
    return "both" if ahead and behind else "before" if ahead else "behind" if behind else "none"


def take_apart(clean: str, noisy: str) -> Repair | None:
    """The repair of a pair whose noisy side is the clean one with one run of words put in; else None."""
    words, said = channel.tokens(clean), channel.tokens(noisy)
    old, new = [w.word.lower() for w in words], [w.word.lower() for w in said]
    ahead, behind = agreeing(old, new), agreeing(old[::-1], new[::-1])
    if len(new) <= len(old) or ahead + behind < len(old):
        return None
    resumed = len(old) - behind
    run = said[ahead : len(new) - behind]
    size = cue_length(run)
    wrong, cue = run[: len(run) - size], run[len(run) - size :]
    if VAGUE.issuperset(word.word.lower() for word in cue):
        wrong, cue = run, []
    before = (said[ahead + len(wrong) - 1]) if ahead + len(wrong) else None
    restated = said[len(new) - behind].word if behind else ""
    first = words[0]
    case = ""
    if resumed == 0 and first.kind in "QADPJ" and first.word[0].isupper() and restated:
        case = "lower" if restated[0].islower() else "kept"
    return Repair(words, ahead, ahead - resumed, wrong, spelled(cue), commas(noisy, cue, before) if cue else "", case)


def end_cue(clean: str, noisy: str) -> str:
    """The cue of a repair that comes at the end ("... of the duke sorry no the king's?"), or nothing."""
    said = channel.tokens(noisy)
    words = channel.tokens(clean)
    if agreeing([w.word.lower() for w in words][::-1], [w.word.lower() for w in said][::-1]) > 4:
        return ""
    for end in range(len(said) - 1, max(len(said) - 8, 3), -1):
        size = cue_length(said[:end])
        if size and not VAGUE.issuperset(word.word.lower() for word in said[end - size : end]):
            return spelled(said[end - size : end])
    return ""


def wrong_contexts(repair: Repair) -> tuple[str, ...]:
    """What the wrong words of a repair are counted under, each once."""
    words, at = repair.words, repair.at
    if at >= len(words):
        return ()
    if repair.kind == "mid":
        right = words[at].kind
        return f"mid {words[at - 1].kind} {right}", f"mid {right}", "mid"
    shared = min(at, channel.LONGEST_COPY)
    context = channel.start_context(words, at)
    return tuple(dict.fromkeys((f"start {context}", f"start {shared}", f"start {min(shared, 1)}")))


def rare(length: int) -> str:
    """The name of all rare patterns of about this length."""
    return f"+{next((bound for bound in LENGTHS if length <= bound), LENGTHS[-1])}"


def pattern_of(wrong: list[Token]) -> str:
    """The classes of the wrong words."""
    return "".join(word.kind for word in wrong)


Key = tuple[str, str, str]


def fit(pairs: list[tuple[str, str]]) -> tuple[list[tuple[str, str, str, float]], Counter[str]]:
    """The rows of the table (section, context, name, count) and the kinds of all pairs."""
    counts: Counter[Key] = Counter()
    kinds: Counter[str] = Counter()
    repairs = []
    for clean, noisy in pairs:
        repair = take_apart(clean, noisy)
        if repair is None or len(repair.words) < channel.LEAST_WORDS:
            found = end_cue(clean, noisy)
            kinds["repair at the end" if found else "other wording"] += 1
            if found:
                counts["cue", "end", found] += 1
        elif not repair.cue:
            kinds["no cue from the closed list"] += 1
            if len(repair.wrong) > UNKNOWN_CUE:
                for context in wrong_contexts(repair):
                    counts["wrong", context, rare(len(repair.wrong) - UNKNOWN_CUE)] += 1
        else:
            kinds["restart" if repair.kind == "start" else "repair in the middle"] += 1
            repairs.append(repair)
    patterns = Counter(pattern_of(repair.wrong) for repair in repairs)
    for repair in repairs:
        kinds[f"words taken back: {repair.kind} {min(len(repair.wrong), 12)}"] += 1
        count_cue(repair, counts)
        count_wrong(repair, patterns, counts)
    rows = [(*key, float(count)) for key, count in counts.items()]
    return trimmed(rows + rates([repair for repair in repairs if repair.kind == "mid"])), kinds


def count_cue(repair: Repair, counts: Counter[Key]) -> None:
    """Count the kind of a repair, its cue, and the commas of the cue."""
    words, kind, opening = repair.words, repair.kind, channel.opening_class(repair.words)
    counts["cue", kind, repair.cue] += 1
    counts["commas", str(min(3, len(repair.cue.split()))), repair.commas] += 1
    if len(repair.wrong) == 1:
        counts["cue", f"{kind} one", repair.cue] += 1
    if kind == "mid" and repair.at >= len(words) - 2:
        counts["cue", "end", repair.cue] += 1
    for context in (f"{opening} {channel.length_class(len(words))}", opening, "all"):
        counts["kind", context, kind] += 1


def count_wrong(repair: Repair, patterns: Counter[str], counts: Counter[Key]) -> None:
    """Count the words taken back and the words said again; those with digits only by their number, if many."""
    pattern, words = pattern_of(repair.wrong), repair.words
    if "#" in pattern and len(pattern) <= MANY_WORDS:
        return
    known = "#" not in pattern and len(pattern) <= LONGEST_PATTERN and patterns[pattern] >= LEAST_PATTERN
    short = pattern if known or not pattern else rare(len(pattern))
    for context in wrong_contexts(repair) if short else ():
        counts["wrong", context, short] += 1
    if repair.kind == "start":
        shared = min(repair.at, channel.LONGEST_COPY)
        for context in (channel.opening_class(words), "all"):
            counts["copy", context, str(shared)] += 1
        if shared == 0 and pattern.startswith("Q"):
            asked = repair.wrong[0].word.lower()
            for context in (words[0].word.lower(), "other") if words[0].kind == "Q" else ("other",):
                counts["asked", context, asked] += 1
                counts["asked", f"{context} {pattern[:2]}", asked] += 1
        if repair.lowered:
            counts["case", "all", repair.lowered] += 1
    elif repair.at < len(words):
        for context in (words[repair.at - 1].kind, "all"):
            counts["again", context, str(min(repair.again, 3))] += 1
    count_closed(repair, counts)


def count_closed(repair: Repair, counts: Counter[Key]) -> None:
    """Count the closed-class words among those taken back; negations are left out."""
    words = repair.words
    previous = words[repair.at - 1].word.lower() if repair.at else ""
    for word in repair.wrong:
        name = word.word.lower().replace("’", "'")
        if word.kind in "QADPJ" and name != "not" and not name.endswith("n't"):
            counts["word", word.kind, name] += 1
            if word.kind == "A" or not previous:
                counts["word", f"{word.kind} {previous or '^'}", name] += 1
        previous = word.word.lower()


def rates(repairs: list[Repair]) -> list[tuple[str, str, str, float]]:
    """How often people stop between words of these classes, and how much more so in each fifth of the question."""
    chosen: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for repair in repairs:
        words = repair.words
        for at in range(1, len(words)):
            for name in (f"{words[at - 1].kind} {words[at].kind}", channel.place_class(at, len(words))):
                there[name] += 1
                chosen[name] += at == repair.at
    mean = len(repairs) / max(1, sum(count for name, count in there.items() if " " in name))
    rows = []
    for name, count in there.items():
        if " " in name:
            rows.append(("rate site", name, "", round((chosen[name] + SITE_PRIOR * mean) / (count + SITE_PRIOR), 4)))
        else:
            rows.append(("rate place", name, "", round(chosen[name] / count / mean, 3)))
    return rows


WIDEST = frozenset(("1", "2", "3", "all", "mid", "start", "end", "start 0", "start 1", "other", *"QADPJ"))
"""Contexts that are never left out, because there is no wider one."""


def trimmed(rows: list[tuple[str, str, str, float]]) -> list[tuple[str, str, str, float]]:
    """Without contexts too rare to be used; what is rare in a context becomes its rest."""
    totals: Counter[tuple[str, str]] = Counter()
    for section, context, _, count in rows:
        totals[section, context] += int(count)
    kept: list[tuple[str, str, str, float]] = []
    rests: Counter[tuple[str, str]] = Counter()
    known = {name for section, _, name, count in rows if section == "cue" and count >= LEAST_CUE} - {","}
    for section, context, name, count in rows:
        if section.startswith("rate "):
            kept.append((section, context, name, count))
        elif totals[section, context] < channel.LEAST_COUNT and context not in WIDEST:
            continue
        elif section == "cue" and count < LEAST_CUE + context.endswith("one"):
            rests[section, context] += int(count)
            parts = halves(name, known)
            if parts and not context.endswith("one"):
                kept.append((section, f"{context} opening", parts[0], count))
                kept.append((section, f"{context} closing", parts[1], count))
        elif section in LEAST_NARROW and context not in WIDEST and count < LEAST_NARROW[section]:
            rests[section, context] += int(count)
        elif section in LEAST_NARROW and count < LEAST_PATTERN and not name.startswith("+"):
            continue
        else:
            kept.append((section, context, name, count))
    kept += [(section, context, channel.REST, float(count)) for (section, context), count in rests.items()]
    added: Counter[tuple[str, str, str]] = Counter()
    for section, context, name, count in kept:
        added[section, context, name] += count  # type: ignore[assignment]
    return sorted(
        ((*key, count) for key, count in added.items()),
        key=lambda row: (row[0], row[1], -row[3], row[2]),
    )


def halves(cue: str, known: Collection[str]) -> tuple[str, str] | None:
    """A rare cue as two that are known, the longer first one preferred."""
    words = cue.split(" ")
    for cut in range(len(words) - 1, 0, -1):
        first, then = " ".join(words[:cut]), " ".join(words[cut:])
        if first in known and then in known:
            return first, then
    return None


def main() -> None:
    """Fit and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--only-lines", choices=("even", "odd"))
    parser.add_argument("--to", type=Path, default=channel.TABLE)
    given = parser.parse_args()
    pairs = changed_pairs(given.corpora / "disfl-qa" / "sentences.tsv", given.only_lines)
    rows, kinds = fit(pairs)
    lines = [
        "# Where and how people correct themselves in questions: fitted to Disfl-QA (Gupta et al. 2021), CC BY 4.0",
        f"# {DATE}, benchmarks/fit_disfluency.py, {len(pairs)} pairs"
        + (f" ({given.only_lines} lines)" if given.only_lines else ""),
        "# section, context, name, count; `rate` sections hold a ratio instead of a count.",
        "# Word classes: Q question word, A auxiliary, D determiner, P preposition, J joining word, C capitalised,",
        "# # with a digit, s/d/g/n other words by their ending. A pattern is one class a word; +7 is a rare one of 7.",
        *(f"# found: {name}: {count}" for name, count in sorted(kinds.items())),
        *("\t".join((section, context, name, f"{count:g}")) for section, context, name, count in rows),
    ]
    given.to.parent.mkdir(parents=True, exist_ok=True)
    given.to.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
