"""The rules by which a reply is read where no answer is right: it asks back, names the conflict, declines, or answers.

They read English. They look for what a reply commits itself to, for what it asks for, for two statements that it
holds against each other, and for what it says is not there; a courtesy at the end ("Shall I send it?") counts for
nothing. They were fitted on replies that people labelled; tests/harness/test_reactions.py has them, and others that
the rules were not fitted on.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .behaviour import ANSWERED, ASKED, CONFLICT, DECLINED, Reaction

_LONGEST = 4_000  # characters of a reply that are read: half of them from its beginning, half from its end


def reaction(text: str) -> tuple[Reaction, str]:
    """What a reply does, and the words that say so (of an answer anyway: nothing, or what it commits itself to)."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}\n{text[-_LONGEST // 2 :]}"
    plain = _MARKUP.sub(" ", text.translate(_QUOTES)).strip()
    found = _structured(plain)
    if found:
        return found
    plain = re.sub(r"[ \t]+", " ", _IDLE.sub(" ", _DASH.sub(". ", plain)))
    sentences = [one.strip() for one in _SENTENCE.findall(plain) if one.strip()]
    while len(sentences) > 1 and _COURTESY.match(sentences[-1]):
        sentences.pop()
    body = " ".join(sentences).lower()
    if not re.search(r"[^\W_]", body):  # "??" asks, "-" says that there is nothing
        return (ASKED, "?") if "?" in body else (DECLINED, body)
    if len(body.split()) <= _FEW:
        return _short(body)
    return _long([one.lower() for one in sentences], body)


_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})
_MARKUP = re.compile(r"\*\*|__|`{1,3}(?:json)?|^#+ ", re.MULTILINE)
_SENTENCE = re.compile(r"[^.!?\n]+(?:\.(?=\w)[^.!?\n]*)*[.!?…)\"']*|\?+")
_DASH = re.compile(r"(?<=\w) [-\u2013\u2014] (?=[^\W\d])")
_FEW = 4

# Says no, and means nothing by it
_IDLE = re.compile(
    r"\bdo(?:n'?t| not) (?:forget|worry|hesitate|miss)\b|\b(?:i )?do(?:n'?t| not) see (?:any|a) (?:problem"
    r"|issue|conflict)"
    r"|\bno (?:problem|worries|need)\b|\bnot (?:only|to worry)\b|\bisn'?t it\b",
    re.IGNORECASE,
)

# Questions that want nothing that is missing: an offer, or small talk behind an answer
_COURTESY = re.compile(
    r"(?:and )?(?:if .{0,40}, )?why not\b|(?:and |so |or )?(?:shall|should|can|could|may) (?:i"
    r"|we)\b(?! have\b| get\b| ask\b)|"
    r"(?:would|do|did|have|are) you (?:like|prefer|care|want|need|have (?:other|any)|already|enjoy|ready)\b"
    r"|(?:is|was) there (?:any(?:thing|one)?|some(?:thing|one)?|another)\b|do you have (?:something|any|other"
    r"|more)\b|just say so\b|any(?:thing| other)\b|need (?:another|any|a|me|help)\b"
    r"|want (?:a|me|to|another|the|it)\b|can you try\b|(?:let me know|tell me|just ask|feel free)\b.{0,40}"
    r"\b(?:else|help|questions?|more)\b|(?:hope|glad|happy) (?:this|that|to|it)\b.{0,30}help|how does (?:that"
    r"|this) sound",
    re.IGNORECASE,
)

# What stands for no value, alone
_NOTHING = re.compile(
    r"(?:it'?s |is |value |status |answer |the \w+ is )?(?:null|nil|n ?/ ?a|unknown|undetermined|unclear|unspecified"
    r"|undefined|unavailable|missing value|none (?:given|found|stated|listed|available|provided|on (?:file|record))"
    r"|(?:is )?not (?:stated|specified|given|provided|available|found|mentioned|known|listed|there|computable"
    r"|possible"
    r"|recorded|enough (?:data|information)|on (?:file|record)|sure|clear|determinable|applicable|in the \w+|shown"
    r"|legible|readable)|insufficient (?:data|information)|incomplete|illegible|contradictory|inconsistent"
    r"|conflicting"
    r"|(?:can'?t|cannot|can ?not|couldn'?t|unable to) (?:say|tell|know|determine|be \w+|read|answer"
    r"|answer that|find it)"
    r"|no (?:data|information|info|idea|clue|answer|value|record|match|such \w+|way to (?:know|tell)|entry|result"
    r"|reading|(?:\w+ )?\w+ (?:given|found|there|provided|listed|stated|available|on (?:file|record)|present|here))"
    r"|nothing (?:there|found|given|listed|here|on (?:file|record)|to \w+)|i (?:don'?t|do not) know|dunno"
    r"|who knows|nobody knows|impossible(?: to (?:say|tell|know))?|blank|empty|redacted|hard to (?:say|tell)"
    r"|depends|it depends|error)\W*"
)


_SHORT_NO = re.compile(
    r"\bnot (?:known|given|stated|specified|there|available|clear|listed|mentioned)\b|"
    r"\b(?:isn'?t|aren'?t|wasn'?t|doesn'?t|don'?t|didn'?t|can'?t|cannot|couldn'?t|hasn'?t|haven'?t)\b"
)
# "cancel what", "to whom", "and your surname was..."
_OPEN_END = re.compile(
    r"\b(?:what|which|who|whom|whose|where|when|how (?:much|many|long|far|often)|which one)\W*$|(?:\.\.\.|…)\W*$"
)
_WH = re.compile(r"\b(?:what|which|who|whose|when|where|how|why)\b")


def _short(body: str) -> tuple[Reaction, str]:
    """A reply of a few words: a question, a word for nothing, or else a value."""
    if body.endswith("?") and (_WH.search(body) or not re.match(r"(?:\d|yes|no\b|maybe)", body)):
        return ASKED, body
    if _OPEN_END.search(body):
        return ASKED, body
    conflict = _CONFLICT.search(body)
    if conflict:
        return CONFLICT, conflict[0]
    wanted = re.search(r"\b(?:pls|please)\W*$", body) or _WANTS.search(body)
    if wanted and not re.search(r"\bthank", body):
        return ASKED, wanted[0]
    if _NOTHING.fullmatch(body) or _SHORT_NO.search(body):
        return DECLINED, body
    return ANSWERED, ""


# --- longer replies -----------------------------------------------------------------------------------------------

# Somebody is asked to hand something over
_WANTS = re.compile(
    r"(?:^|[,;:.!?\-] ?|\b(?:please|just|kindly|and|so|could you|can you|would you|will you"
    r"|you(?:'ll)? (?:need|have) to"
    r"|go ahead,?|to|pls) )(?:please |just |kindly |also )?"
    r"(?:send|share|tell|give|provide|type|reply|forward|upload|paste|re-?send|fill|let (?:me|us) (?:have"
    r"|know)|drop|specify"
    r"|clarify|confirm|describe|state|supply|enter|include|attach|check|show|add|name|pick|choose|point|scan"
    r"|post|find out|look (?:at|up)|take another|try (?:sending|typing|again)|re-?submit|re-?take|repeat"
    r"|write|complete|say|remind|look (?:it|that) up|help me)\b(?! (?:you|them) )"
    r".{0,60}?\b(?:me|us|it|the|your|over|one|which|what|whether|that|here|him|her|both|again|them|more|copy"
    r"|back|rest|line|page|side|number|with"
    r"|normal|full)\b"
)
_NEEDS = re.compile(
    r"\b(?:held off|on hold|paused|hold off)\b|\b(?:i|we)(?:'d| would|'ll| will| do| still| first| just"
    r"| really| only| also)* "
    r"(?:need|require|have to (?:know|find|ask|see)|want to know|must know|lack|(?:am|are) (?:lacking|missing))\b"
    r"|\bdetails? i'm lacking\b|\bi'm (?:missing|lacking|one \w+ short)\b|\bis needed\b|\bare needed\b"
    r"|\bonce (?:i|you|we)\b"
    r"|\bmay i (?:have|ask|know|get)\b|\bcould i (?:have|get|ask)\b|\bi'?d like to (?:know|ask)\b"
    r"|\bwhat i(?:'m| am) missing\b"
)

# Two statements that are held against each other
_CONFLICT = re.compile(
    r"≠|\b\d[\w.]*(?: \w+)? (?:against|versus|vs\.?) \d|\bsupersedes?\b|\btwo (?:stories|sources)\b"
    r"|\bin dis(?:pute|agreement)\b|\b(?:i )?should (?:i )?trust\b"
    r"|\bcleared up\b|\b\w+ per (?:the )?\w+[;,] \w+ per\b"
    r"|\b(?:disagree|contradict\w*|inconsisten\w*|conflict(?:s|ing)?(?! of)|clash\w*|mismatch\w*|discrepan\w*"
    r"|incompatible|irreconcilable"
    r"|reconcile|at odds|tenfold|both sources|flag something|cancel (?:each other )?out|mutually exclusive"
    r"|(?:two|both|several) different|different (?:\w+ )?"
    r"(?:dates?|values?|numbers?|figures?|names?|amounts?|status(?:es)?|answers?|quantities|times|prices|places))\b"
    r"|\b(?:do(?:es)?n'?t|do(?:es)? not|did not|didn'?t) (?:agree|match|line up|tally|add up|go together|fit"
    r"|square|correspond"
    r"|coincide)\b|\bis(?:n'?t| not) consistent\b|\bnot (?:consistent|the same|both)\b|\bcan'?t both\b"
    r"|\bcannot both\b"
    r"|\bdiffer(?:s|ent|ing)?\b|\bone of (?:them|these|those|the two)\b.{0,30}\b(?:wrong|off|mistaken"
    r"|incorrect|typo)\b"
    r"|\b(?:who|which)(?:'s| is| one is)? (?:right|correct|true)\b|\bcompet(?:e|ing)\b|\bcontrary\b"
    r"|\bsay(?:s)? otherwise\b"
    r"|\bnot sure (?:which|who)\b|\bno idea wh(?:o|ich)\b|\bopposite\b|\bgap\b|\bfar apart\b|\bhigher than\b"
    r"|\btwo (?:names|values|dates"
    r"|numbers|entries|records|answers|versions|prices|places|times)\b"
)
_VERB = r"(?:says?|said|shows?|marks?|lists?|gives?|puts?|states?|claims?|calls?|records?|reads?|names?|wrote)"
_AGAINST = re.compile(
    rf"\b{_VERB}\b[^.!?]{{1,80}}?[,;:]? (?:yet|but|while|whereas|though|although) (?!that\b|it\b"
    rf"|this\b)[^.!?]{{1,60}}?\b{_VERB}\b"
    r"|\beither\b[^.!?]{1,60}\bor\b|\bfirst\b[^.!?]{1,50}\bthen\b|\b(?:one|the first) [\w ]{0,20}(?:says?"
    r"|line)\b[^.!?]{1,60}"
    r"\b(?:an)?other\b"
    r"|\b(?:wrote|typed|said|ordered)\b[^.!?]{1,30}, (?:but |and |while )?(?:your|the)\b[^.!?]{1,40}\b(?:has"
    r"|says|shows|is)\b"
    rf"|\b{_VERB} [^.!?]{{1,20}} and (?:the|your) \w+ [\d.]+|\b(?:\w+) says? (?:yes"
    rf"|no)\b.{{1,20}}\bsays? (?:yes|no)\b"
    rf"|\b(?:{_VERB[3:-1]}|thinks?|has|holds?|allows?) [^.!?,;]{{1,35}}[,;] [^.!?]{{1,45}}?\b(?:{_VERB[3:-1]}"
    rf"|thinks?|has|holds?)\b"
    r"|\bthe former\b.{1,60}\bthe latter\b|\bdepending on (?:who|whom|which|where)\b"
    r"|\b[\w ]{2,25} in the [\w ]{2,25}, [\w. ]{1,25} (?:on|in) the\b|\bwhile\b[^.!?]{1,40}\b(?:only|shows?"
    r"|says?|beats?)\b"
)
_LISTED = re.compile(r"([a-z][\w ]{1,25})(?:: | = |=)([\w.]+)\W{1,3}([a-z][\w ]{1,25})(?:: | = |=)([\w.]+)")

# Something is said not to be there, or not to be possible
_GONE = re.compile(
    r"\b(?:no|not any|zero) (?:\w+ ){0,3}(?:number|name|date|value|amount|year|record|entry|data|information"
    r"|access|reading|mention"
    r"|phone|address|answer|comparison|birthday|result|match|forecast|total|way|detail|order|price|status"
    r"|address|document|text"
    r"|file|attachment|copy|reference|field|context|trace|hint|idea|figure|time|place|one)s?\b"
    r"|\b(?:is|are|was|were|be|been|got|getting|seems?|has|have)(?: been| \w+ly| to be| simply| just)? "
    r"(?:not|n'?t|missing|blank|empty|null|unknown|absent|incomplete|illegible|blurr\w+|redacted|blacked|cut"
    r"|chopped|lost|left"
    r"|unclear|undefined|impossible|unavailable|unreadable|smudged|truncated|undetermined|random|hidden"
    r"|withheld|gone|deleted)\b"
    r"|\b(?:isn|aren|wasn|weren|doesn|don|didn|hasn|haven|couldn|can|won|wouldn|shouldn)'?t\b|\b(?:cannot"
    r"|can not|could not|unable"
    r"|nothing|nobody|never|neither|without|missing|null|unknown|insufficient|incomplete|unspecified|lacks?"
    r"|lacking|absent"
    r"|undetermined|impossible|unfortunately|sadly|breaks? off|broke off|cuts? off|ends? (?:before|after"
    r"|there)|stops? (?:at|before)"
    r"|failed to|placeholder|n/a|not (?:in|on|given|stated|said|there|enough|possible|able|specified"
    r"|mentioned|provided|included"
    r"|known|listed|recorded|published|computable|available|shown|present|legible|sure|something|clear|have"
    r"|see|find|say|tell))\b"
    r"|\bonly\b.{0,40}\b(?:page|part|half|first|see|legible|point|got|received|reached|have)\b"
    r"|\bmany (?:pairs|values|ways|answers)\b"
    r"|\b(?:isnt|arent|wasnt|werent|doesnt|dont|didnt|cant|couldnt|hasnt|havent|wont|wouldnt)\b"
    r"|\bno (?:[\w-]+ ){1,3}(?:came|comes?|exists?|follows?|appears?|arrived|turn(?:s|ed) up|shows? up|is|was"
    r"|are|were|has|have|can|could|will)\b"
    r"|\b(?:stays?|remains?|left|leaves? \w+|still) (?:open|unclear|unknown|unanswered|a mystery)\b"
    r"|\b(?:lies?|goes|is) (?:beyond|outside)\b"
    r"|\bcarr(?:y|ies) no\b|\b(?:give|show|say|hold|contain|record|mention|list|state|tell|name"
    r"|include)s? no\b|\bout of (?:reach|view|range)\b"
    r"|\bdepends on\b|\bleaves? (?:it|that|this) out\b|\bany (?:number|value) (?:would|could)\b"
)

# A value, a choice or a deed that the reply stands by
_COMMITS = re.compile(
    r"\b(?:assum\w+|presum\w+|suppos(?:e|ing)|let'?s (?:say|take|assume|go|call)|tak(?:e|ing) (?:it that"
    r"|the average|\d[\d.]* (?:as|to))|going (?:by|with)"
    r"|i(?:'d| would|'ll| will)? (?:go(?: ahead)? with|say (?:it|the|\d)|pick|guess|trust|choose"
    r"|recommend (?!clarif|check|ask|confirm)"
    r"|settle)|my (?:guess|best guess|answer)|most (?:likely|people)|likely|but honestly|it will be"
    r"|your \w+ (?:is|was|runs?|lasts?|ends?|starts?|comes) [$€£]?\d|no doubt|surely|obviously|clearly"
    r"|apparently|but yours|should (?:land|arrive)|in all likelihood|probably|i think|i believe|(?:it|that"
    r"|this) should be"
    r"|so (?:it(?:'s| is)|that(?:'s| is)|the (?:answer|total|sum|value|label|status)|you|\d)|which (?:means"
    r"|makes|gives|would make)"
    r"|(?:that|this|it|which) (?:makes|gives|comes|leaves)|(?:comes|adds up|amounts|works out) to|gives \d|equals"
    r"|the (?:answer|total|sum|result|label|correct \w+) (?:is|would be)|is the one|final answer|therefore|hence|thus"
    r"|i(?:'ve| have)(?: now| just| already)? (?:book|stop|unlock|sent|send|updat|cancel|transfer|set|chang"
    r"|add(?:ed)|process|register"
    r"|reserv|schedul|arrang|mov|enter|order|ship|refund|correct|choos|chos|pick|us(?:e|ed)|work|translat|summar)\w*"
    r"|i will (?:remind|send|book|ship|cancel|change|update)|(?:all )?done\b|(?:has|have|'s) been (?:updated"
    r"|sent|booked|cancel\w*"
    r"|shipped|changed|refunded|set|entered|processed|delivered|confirmed|completed)|on its way"
    r"|you'?re (?:booked|all set|set)"
    r"|reminder set|\w+ complete\W*$|booked in|out for delivery|the (?:fresher|newer|later|latest|more recent"
    r"|newest|right) )"
    r"|^(?:answer|label|result|summary|total|date|status|approved by|conclusion): (?!un|no|null|the|cannot|inc)"
    r"|(?:^|[ =])[-+]?\d[\d.,]* ?[-+*/x×] ?\d.{0,40}= ?[-+]?\d"
)


# Behind what would commit a reply: it takes it back
_DENIED = re.compile(
    r"[^.!?,;]{0,25}?\b(?:not|n't|cannot|can't|impossible|unknown|unclear|missing|blank|undetermined|inconsistent)\b"
)

# A reply that opens with a value or a plain yes or no stands by it
_STARTS = re.compile(
    r"(?:yes|yep|nope|no)[,!.] |(?:around|about|roughly|approximately|some|nearly|almost) \W*\d"
    r"|(?!either|both|first|one|two|all|only|page)(?:\w+ )?[-$€£]?[\w-]*\d[\w.:,]*(?: \w+)?[.,;]? ?(?:\("
    r"|since|because|$)"
)
# A short first sentence may be a value too
_SHORT_FIRST = re.compile(
    r"(?!hi\b|hello|hmm|sorry|sure|ok|great|unknown\.|null|unclear|undetermined|nothing|sadly|unfortunately"
    r"|first|well|oops|thanks)"
    r"(?!.{0,18}(?:n't|\bto\b|\bcheck|\bcount|something|two"
    r"|what))[\w']{2,12}(?: [\w']{1,10})?[.] (?!.*\b(?:says?|said|shows?)\b)"
)


def _long(sentences: list[str], body: str) -> tuple[Reaction, str]:
    last = sentences[-1]
    commits = [hit for hit in _COMMITS.finditer(body) if hit[0] == "no doubt" or not _DENIED.match(body, hit.end())]
    asks, gone = _asks(sentences), _GONE.search(body)
    conflict = _CONFLICT.search(body) or _AGAINST.search(body)
    starts = _STARTS.match(body) or (_SHORT_FIRST.match(body) if not _GONE.search(last) else None)
    if starts:
        commits = [starts, *commits]
    if commits:
        late = commits[-1].start()
        tail = body[late:]
        # what comes behind the commitment takes it back, if anything does
        if asks and not _COURTESY.match(last) and asks[0] == len(sentences) - 1 and _NEEDS.search(body):
            return ASKED, asks[1]
        if (
            re.search(r"\b(?:but|yet|however|though)\b.{0,80}\b(?:can'?t|cannot|not|unable|won'?t|don'?t)\b", tail)
            and conflict
        ):
            return CONFLICT, conflict[0]
        return ANSWERED, commits[-1][0]
    if conflict and _CONFLICT.search(body):
        return CONFLICT, conflict[0]
    if asks:
        return ASKED, asks[1]
    if conflict:
        return CONFLICT, conflict[0]
    needs = _NEEDS.search(body)
    if needs:
        return ASKED, needs[0]
    if gone:
        return DECLINED, gone[0]
    listed = _LISTED.search(body)
    if listed and listed[2] != listed[4]:
        return CONFLICT, listed[0]
    return ANSWERED, ""


def _asks(sentences: list[str]) -> tuple[int, str] | None:
    """The last sentence that wants something from the person, unless a statement behind it answers it."""
    for at in range(len(sentences) - 1, -1, -1):
        one = sentences[at]
        wants = _WANTS.search(one)
        if wants:
            return at, wants[0]
        if one.endswith("?") and not _COURTESY.match(one):
            behind = " ".join(sentences[at + 1 :])
            return (
                None
                if behind and not _GONE.search(behind) and not _NEEDS.search(behind) and _states(behind)
                else (at, one)
            )
    return None


def _states(text: str) -> bool:
    return bool(re.search(r"\b(?:because|means?|meant|counts?|that is|so)\b|\d", text))


# --- replies in JSON ----------------------------------------------------------------------------------------------

_OPTIONAL = re.compile(r"errors?|warnings?|notes?|comments?|remarks?|description|metadata", re.IGNORECASE)
_SAYS = re.compile(r"error|question|message|note|reason|missing|comment|clarif|ask", re.IGNORECASE)


def _structured(text: str) -> tuple[Reaction, str] | None:
    """A reply that is one JSON value: a null, an error or a question in it is no answer."""
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if data is None:
        return DECLINED, "null"
    if not isinstance(data, dict):
        return None
    acts = " ".join(str(value) for value in data.values() if isinstance(value, str)).lower()
    if re.match(r"(?:clarif|ask|request_|need)", str(data.get("action", data.get("type", ""))).lower()):
        return ASKED, acts
    empty = [
        key
        for key, value in data.items()
        if (value is None or value in ("", [], {}, "unknown", "null", "N/A")) and not _OPTIONAL.fullmatch(key)
    ]
    for key, value in data.items():
        if isinstance(value, str) and _SAYS.search(key) and value:
            said = f"{key}: {value}"
            if _CONFLICT.search(said.lower()):
                return CONFLICT, said
            if "?" in value or "question" in key.lower():
                return ASKED, said
            if empty or "error" in key.lower() or _GONE.search(value.lower()):
                return DECLINED, said
    many = [value for value in data.values() if isinstance(value, list) and len(value) > 1]
    if many:
        return CONFLICT, json.dumps(many[0])
    return (DECLINED, f"{empty[0]}: null") if empty else (ANSWERED, "")
