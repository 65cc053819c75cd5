"""The mess: one family a file, all of it made of edits."""

from __future__ import annotations

from ..harness.errors import CaseError, StudyError, did_you_mean
from . import contradictions as c
from . import distraction as d
from . import fragments as f
from . import pasted, people, speech, surface, typing
from .bridges import bridge, nlpaug_names
from .perturbation import SEVERITIES, Perturbation, perturbation, stack, word_by_word

__all__ = [
    "DEFAULT_SEVERITY",
    "PERTURBATIONS",
    "SEVERITIES",
    "Perturbation",
    "find",
    "parse",
    "perturbation",
    "stack",
    "word_by_word",
]

_T, _S, _P, _SP, _PE = typing, surface, pasted, speech, people
PERTURBATIONS: dict[str, Perturbation] = {
    p.name: p
    for p in (
        *(_T.typos, _T.misspelling, _T.real_words, _T.apostrophes, _T.keyboard, _T.keyboard_qwertz, _T.keyboard_azerty),
        *(_T.keyboard_dvorak, _T.keyboard_cyrillic, _T.phone_keyboard, _T.autocorrect, _T.stuck_key),
        *(_T.doubled_letters, _T.dropped_letters, _T.swapped_letters, _T.missing_spaces, _T.split_words),
        *(_S.casing, _S.caps_lock, _S.punctuation, _S.runaway_punctuation, _S.smart_quotes, _S.whitespace),
        *(_S.invisible, _S.lookalikes, _S.mojibake, _S.emoji, _S.elongation),
        *(f.telegraphic, f.keyword_query, f.half_sentence, f.clause_order, f.mid_thought, f.missing_context),
        *(f.truncated, f.missing_value),
        *(c.self_correction, c.false_start, c.changed_mind, c.two_values, c.conflicting_request),
        *(c.conflicting_statement, c.false_premise),
        *(_P.ocr, _P.screenshot_ocr, _P.email_thread, _P.interface_chrome, _P.chat_transcript, _P.html_leftovers),
        *(_P.markdown_leftovers, _P.line_wraps, _P.spreadsheet_cells, _P.pasted_twice),
        *(_SP.asr, _SP.dictation, _SP.spoken_punctuation, _SP.spoken_numbers, _SP.hesitations, _SP.restarts),
        *(_SP.homophones, _SP.voice_command),
        *(_PE.articles, _PE.verb_forms, _PE.prepositions, _PE.plurals, _PE.chat_abbreviations, _PE.slang, _PE.dialect),
        *(_PE.other_english, _PE.code_switching, _PE.politeness, _PE.anger, _PE.worry, _PE.over_explaining),
        *(_PE.name_swap, _PE.introduction, _PE.pronoun_swap),
        *(d.small_talk, d.chit_chat, d.ramble, d.second_request),
    )
}
"""Our own perturbations by name. To contribute one: write its function in a family file and add its name here."""

DEFAULT_SEVERITY = 3
_BRIDGES = ("nlpaug:", "python:", "paraphrase:")


def find(name: str) -> Perturbation:
    """The perturbation of this name; `a+b` stacks several, and foreign ones have a prefix.

    `nlpaug:KeyboardAug` is an augmenter of nlpaug, `python:module:function` a function of yours from text to text,
    `paraphrase:FILE` a file of accepted paraphrases. Raises StudyError with the nearest name.
    """
    if name in PERTURBATIONS:
        return PERTURBATIONS[name]
    parts = [part.strip() for part in name.split("+")]
    if len(parts) > 1:
        try:
            return stack([find(part) for part in parts])
        except CaseError as problem:
            raise StudyError(str(problem)) from None
    if name.startswith(_BRIDGES):
        return bridge(name)
    known = [*PERTURBATIONS, *nlpaug_names()]
    raise StudyError(f"no perturbation called {name!r}{did_you_mean(name, known)} (`roadtest list` shows all)")


def parse(clause: str) -> tuple[Perturbation, int]:
    """The perturbation and severity of `typos@3` or `typos` (severity 3).

    Raises StudyError for an unknown name or a severity outside 1 to 5.
    """
    name, at, level = clause.partition("@")
    if at and level not in {str(severity) for severity in SEVERITIES}:
        raise StudyError(f"{clause!r}: severity must be a whole number from 1 to {SEVERITIES[-1]}, as in '{name}@3'")
    return find(name.strip()), int(level) if at else DEFAULT_SEVERITY
