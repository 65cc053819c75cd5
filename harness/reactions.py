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
    while len(sentences) > 1 and _COURTESY.match(sentences[-1]) and not _EITHER.search(sentences[-1]):
        sentences.pop()
    stopped = [one if one[-1] in ".!?…:" else f"{one}." for one in sentences[:-1]]  # a line break ends a sentence too
    body = " ".join([*stopped, *sentences[-1:]]).lower()
    if not re.search(r"[^\W_]", body):  # "??" asks, "-" says that there is nothing
        return (ASKED, "?") if "?" in body else (DECLINED, body)
    if len(body.split()) <= _FEW:
        return _short(body)
    if _BARE_WH.fullmatch(body):
        return ASKED, body
    return _long([one.lower() for one in sentences], body)


_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})
_MARKUP = re.compile(r"\*\*|__|`{3}(?:json|python|text|xml)?|`|^#+ ", re.MULTILINE)
_SENTENCE = re.compile(r"[^.!?\n]+(?:\.(?=\w)[^.!?\n]*)*[.!?…)\"']*|\?+")
_DASH = re.compile(r"(?<=\w) [-\u2013\u2014] (?=[^\W\d])")
_FEW = 4

# Says no, and means nothing by it
_IDLE = re.compile(
    r"\bdo(?:n'?t| not) (?:forget|worry|hesitate|miss)\b|\b(?:i )?do(?:n'?t| not) see (?:any|a) (?:problem|issue"
    r"|conflict|reason)|\bno (?:problem|worries|need)\b|\bnot (?:only|to worry)\b|\bisn'?t it\b",
    re.IGNORECASE,
)

# Questions that want nothing that is missing: an offer, or small talk behind an answer
_COURTESY = re.compile(
    r"(?:and )?(?:if .{0,40}, )?why not\b|(?:and |so |or )?(?:shall|should|can|could|may) (?:i|we)\b(?! have\b| get\b"
    r"| ask\b)|(?:would|do|did|have|are) you (?:like|prefer|care|want|need|have (?:other|any)|already|enjoy|ready)\b"
    r"|(?:is|was) there (?:any(?:thing|one)?|some(?:thing|one)?|another)\b|do you have (?:something|any|other|more)\b"
    r"|just say so\b|any(?:thing| other)\b|need (?:another|any|a|me|help)\b|is that (?:ok|all ?right|fine|okay)\b"
    r"|want (?:a|me|to|another|the|it)\b|can you try\b|(?:let me know|tell me|just ask|feel free)\b.{0,40}\b(?:else"
    r"|help|questions?|more|if you)\b|(?:hope|glad|happy) (?:this|that|to|it)\b.{0,30}help|how does (?:that"
    r"|this) sound",
    re.IGNORECASE,
)

# Names what is to be chosen between
_EITHER = re.compile(r", or \w+\?|\b(?:first|second|former|latter)\b", re.IGNORECASE)

# What stands for no value, alone
_NOTHING = re.compile(
    r"(?:it'?s |is |value |status |answer |the \w+ is |\w+: ?)?(?:null|nil|n ?/ ?a|unknown|undetermined|unclear"
    r"|unspecified|undefined|unavailable|missing value|none (?:given|found|stated|listed|available|provided|on (?:file"
    r"|record))|(?:is )?not (?:stated|specified|given|provided|available|found|mentioned|known|listed|there|computable"
    r"|possible|recorded|enough (?:data|information)|on (?:file|record)|sure|clear|determinable|applicable|in the \w+"
    r"|shown|legible|readable)|insufficient (?:data|information)|incomplete|illegible|contradictory|inconsistent"
    r"|conflicting|(?:can'?t|cannot|can ?not|couldn'?t|unable to) (?:say|tell|know|determine|be \w+|read|answer"
    r"|answer that|find it)|no (?:data|information|info|idea|clue|answer|value|record|match|such \w+|way to (?:know"
    r"|tell)|entry|result|reading|(?:\w+ )?\w+ (?:given|found|there|provided|listed|stated|available|on (?:file"
    r"|record)|present|here))|nothing (?:there|found|given|listed|here|on (?:file|record)|to \w+)|i (?:don'?t"
    r"|do not) know|dunno|who knows|nobody knows|impossible(?: to (?:say|tell|know))?|blank|empty|redacted"
    r"|nan|not set|neither(?: is \w+)?|hard to (?:say|tell)|depends|it depends|error|beats me|unclassifiable"
    r"|undecidable|unanswerable|no telling|none|(?:\w+: ?)none.*|your guess .*)\W*"
)


_SHORT_NO = re.compile(
    r"\bnot (?:known|given|stated|specified|there|available|clear|listed|mentioned)\b|\b(?:isn'?t|aren'?t|wasn'?t"
    r"|doesn'?t|don'?t|didn'?t|can'?t|cannot|couldn'?t|hasn'?t|haven'?t)\b"
)
# A plain no about somebody or something
_SAYS_NO = re.compile(
    r"(?:no,? )?(?:he|she|they|you|we|that) (?:is|was|are|were|do|does|did|has|have|can|could|will|would|should)(?:n't"
    r"| not)(?: yet| at all|,? i'm afraid|,? sorry)*\W*"
)
# "cancel what", "to whom", "and your surname was..."
_OPEN_END = re.compile(
    r"\b(?:what|which|who|whom|whose|where|when|how (?:much|many|long|far|often)|which one)\W*$|(?:\.\.\.|…)\W*$"
)
_BARE_WH = re.compile(r"(?:and |or |so )?(?:which|what|where|when|whose|whom|how (?:many|much|long))\b[^\d.!?:]{0,50}")
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
    if _NOTHING.fullmatch(body.strip("()[]<> .")) or (_SHORT_NO.search(body) and not _SAYS_NO.fullmatch(body)):
        return DECLINED, body
    return ANSWERED, ""


# --- longer replies -----------------------------------------------------------------------------------------------

# Somebody is asked to hand something over
_WANTS = re.compile(
    r"(?:^|[,;:.!?\-] ?|\b(?:please|just|kindly|and|so|now|then|could you|can you|would you|will you"
    r"|you(?:'ll)? (?:need|have) to|go ahead,?|(?:you|able|need|want|ask\w*|like|have|remember|forget) to"
    r"|pls) )(?:please |just |kindly |also )?(?:send|share|tell|give|provide|type|reply|forward|upload|paste|re-?send"
    r"|fill|let (?:me|us) (?:have|know)|drop|specify|clarify|confirm|describe|state|supply|enter|include|attach|check"
    r"|show|add|name|pick|choose|point|scan|post|find out|look (?:at|up)|take another|try (?:sending|typing|again)"
    r"|re-?submit|re-?take|repeat|write|complete|say|remind|look (?:it|that) up|help me)\b(?! (?:you|them"
    r"|\d[\w.]*) ).{0,60}?\b(?:me|us|it|the|your|over|one|which|what|whether|that|here|him|her|both|again|them|more"
    r"|copy|back|rest|line|page|side|number|with|normal|full)\b"
)
_PLEASE = re.compile(r"(?<=\w), please[.!]*$|\brequest_\w+:|\breply \w+ (?:for|with|if)\b")
_NEEDS = re.compile(
    r"\b(?:held off|on hold|paused|hold off)\b|\b(?:i|we)(?:'d| would|'ll| will| do| still| first| just| really| only"
    r"| also)* (?:need|require|have to (?:know|find|ask|see)|want to know|must know|lack|(?:am|are) (?:lacking"
    r"|missing))\b|\bdetails? i'm lacking\b|\bi'm (?:missing|lacking|one \w+ short)\b|\bis needed\b|\bare needed\b"
    r"|\bonce (?:i (?:have|know|get)|you(?:'ve| have)? (?:told|sent|given|confirm|let|tell|send|give|provide|share|say"
    r"|pick|cho))|\bas soon as (?:you|i (?:know|have|get))\b|^need (?:more|your|the|an?)\b|\bask_\w+\(|\bclarify\("
    r"|\ball i need\b|\bmay i (?:have|ask|know|get)\b|\bcould i (?:have|get|ask)\b|\bi'?d like to (?:know|ask)\b"
    r"|\bwhat i(?:'m| am) missing\b"
)

# Two statements that are held against each other
_CONFLICT = re.compile(
    r"≠|\b\d[\w.]*(?: \w+)? (?:against|versus|vs\.?) \d|\bsupersedes?\b|\btwo (?:stories|sources)\b|\bin dis(?:pute"
    r"|agreement)\b|\b(?:i )?should (?:i )?trust\b|\bcleared up\b|\bper (?:the )?[\w ]{2,25}[;,][^.!?]{1,40}\bper\b"
    r"|, tie\b|\bwants both\b|\b(?:disagree|contradict\w*|inconsisten\w*|conflict(?:s|ing)?(?! of)|clash\w*"
    r"|mismatch\w*|discrepan\w*|irreconcilable|tie-?break\w*|(?:cannot|can't) (?:both )?be (?:both|true)|both can'?t"
    r"|either figure|two figures|doing neither|to either|insists|reconcile|at odds|tenfold|both sources|flag something"
    r"|cancel (?:each other )?out|mutually exclusive|(?:two|both|several) different|different (?:\w+ )?(?:dates?"
    r"|values?|numbers?|figures?|names?|amounts?|status(?:es)?|answers?|quantities|times|prices|places))\b"
    r"|\b(?:do(?:es)?n'?t|do(?:es)? not|did not|didn'?t) (?:agree|match|line up|tally|add up|go together|fit|square"
    r"|correspond|coincide)\b|\bis(?:n'?t| not) consistent\b|\bnot (?:consistent|the same|both)\b|\bcan'?t both\b"
    r"|\bcannot both\b|\bdiffer(?:s|ing)?\b|\b(?:as|set) against\b|\bsort (?:that|it|this) out\b|\bcan rule on\b"
    r"|\b(?:yes|no) (?:according to|in|on|per) [\w ]{2,25}, (?:yes|no)\b|\bone of (?:them|these|those"
    r"|the two)\b.{0,30}\b(?:wrong|off|mistaken|incorrect|typo)\b|\b(?:who|which)(?:'s| is| one is)? (?:right|correct"
    r"|true)\b|\bcompet(?:e|ing)\b|\bcontrary\b|\bsay(?:s)? otherwise\b|\bnot sure (?:which|who)\b|\bno idea wh(?:o"
    r"|ich)\b|\bopposite\b|\bgap\b|\bfar apart\b|\bhigher than\b|\btwo (?:names|values|dates|numbers|entries|records"
    r"|answers|versions|prices|places|times)\b"
)
_VERB = r"(?:says?|said|shows?|marks?|lists?|gives?|puts?|states?|claims?|calls?|records?|reads?|names?|wrote)"
_AGAINST = re.compile(
    rf"\b{_VERB}\b[^.!?]{{1,80}}?[,;:]? (?:yet|but|while|whereas|though|although) (?!that\b|it\b"
    rf"|this\b)[^.!?]{{1,60}}?\b{_VERB}\b|\beither\b[^.!?]{{1,60}}\bor\b|\bfirst\b[^.!?]{{1,50}}\bthen\b|\b(?:one"
    rf"|the first) [\w ]{{0,20}}(?:says?|line)\b[^.!?]{{1,60}}\b(?:an)?other\b|\b(?:wrote|typed|said"
    rf"|ordered)\b[^.!?]{{1,30}}, (?:but |and |while )?(?:your|the)\b[^.!?]{{1,40}}\b(?:has|says|shows|is)\b"
    rf"|\b{_VERB} [^.!?]{{1,20}} and (?:the|your) \w+ [\d.]+|\b(?:\w+) says? (?:yes|no)\b.{{1,20}}\bsays? (?:yes|no)\b"
    rf"|\b(?:{_VERB[3:-1]}|thinks?|has|holds?|allows?) [^.!?,;]{{1,35}}[,;] [^.!?]{{1,45}}?\b(?:{_VERB[3:-1]}|thinks?"
    rf"|has|holds?)\b|\bthe former\b.{{1,60}}\bthe latter\b|\bdepending on (?:who|whom|which|where)\b|(?:^"
    rf"|[.:] )[\w .,:$€£-]{{1,30}} (?:in|on|per|from|by|at|according to) (?:the|his|her|their|your|our|page|paragraph"
    rf"|\w+'s) [\w' ]{{2,25}}[,;:]?(?: and| but| while| vs\.?| versus)? [\w.,:$€£-]{{1,20}}(?: \w+)? (?:in|on|per|from"
    rf"|by|according to) (?:the|his|her|their|your|our|page|paragraph|\w+'s)\b|\bputs? [^.!?]{{1,40}}, (?:and "
    rf"|while )?the [\w ]{{2,25}} (?:in|at|on) \w|\bwhile\b[^.!?]{{1,40}}\b(?:only|shows?|says?|beats?)\b"
)
_LISTED = re.compile(r"([a-z][\w ]{1,25})(?:: | = |=)([\w.]+)\W{1,3}([a-z][\w ]{1,25})(?:: | = |=)([\w.]+)")

_SOURCE = (
    r"(?:contract|letter|crm|erp|invoice|e?-?mail|form|page \w+|log|label|sheet|system|web ?site|shop|catalogue|notes?"
    r"|record(?: \w+)?|profile|directory|calendar|app|master|bulletin|customer|agent|manifest|receipt|order|ticket"
    r"|policy|passport|booking|delivery note|table|text|header|footer|first \w+|second \w+|\w+ (?:log|note|record"
    r"|sheet|form))"
)
_BY_SOURCE = re.compile(
    rf"(?:^|\W)({_SOURCE})(?:: | = |=| -> )([^.;:,]{{1,40}})[.;,] *\W{{0,3}}({_SOURCE})(?:: | = |="
    rf"| -> )([^.;:,]{{1,40}})"
)

# Something is said not to be there, to be known, found or worked out; a negation about the world is an answer
_FIND_OUT = (
    r"(?:say|state|mention|give|include|list|show|specify|provide|contain|record|name|indicate|tell|know|determine"
    r"|calculate|compute|work|answer|see|find|locate|read|verify|confirm|identify|access|make|decide|judge|guess"
    r"|derive|infer|establish|reveal|note|appear|exist|have|help|summari[sz]e|translate|extract|complete|do|report"
    r"|disclose|define|cover|explain|describe|reach|view|pin|proceed|assign|classify|label|tag|pick|choose|settle"
    r"|conclude|get|got|look|load|come|predict|foresee|capture|put|be (?:sure|certain|both|had|worked|known|determined"
    r"|read|found|answered|computed|calculated|verified|derived|told|said|given|settled|decided|completed|identified"
    r"|filled|judged|named|told|made))(?:s|d|ed|n)?\b"
)
_KNOWN = (
    r"(?:given|stated|specified|mentioned|provided|included|known|listed|recorded|published|computable|available|shown"
    r"|present|legible|sure|clear|certain|said|there|enough|possible|able|found|attached|readable|visible|supplied"
    r"|named|noted|filled|set|logged|defined|disclosed|documented|reported|indicated|answerable|determinable|covered"
    r"|printed|entered|determined|identifiable|traceable|among|part of|in a position|something (?:i|we|any)|(?:in"
    r"|on) (?:it|them|this|that|either|any|record|file|the (?:text|message|document|passage|record|file|list|page"
    r"|board|form|label|sheet|receipt|data|notes?|table|excerpt|picture|photo)))\b"
)
_LOST = (
    r"(?:missing|blank|empty|null|unknown|absent|incomplete|illegible|blurr\w+|redacted|blacked|cut\b|chopped|lost"
    r"|torn|unclear|undefined|impossible|unavailable|unreadable|smudged|truncated|undetermined|hidden|withheld|gone"
    r"|silent|unspecified|garbled|obscured|scratched|unnamed|undated|unlisted|ambiguous|bare)\b"
)
_NOT = (
    r"(?:n't|\b(?:not|cannot|never|dont|doesnt|didnt|cant|couldnt|wont|havent|hasnt|neither|nobody|nothing|none|no one"
    r"|(?:unable|fail(?:s|ed)?|hard|impossible|difficult|no way|nothing|nobody (?:can|could)"
    r"|no one can) to)(?: of \w+)?(?: \w+ly| been| even| yet| be able to)?)"
)
_GONE = re.compile(
    rf"\b(?:no|not any|zero) (?:[\w-]+ ){{0,3}}(?:number|name|date|value|amount|year|record|entrie|data|information"
    r"|info|access|reading|mention|phone|address|answer|comparison|birthday|result|match|forecast|total|way|detail"
    r"|status|document|text|file|attachment|copy|reference|field|context|trace|hint|idea|figure|clue|telling|basis"
    r"|indication|means|picture|image|photo|passage|source|row|column|input|use to anyone)s?\b|\b(?:is|are|was|were|be"
    rf"|been|got|getting|seems?|has|have|came|comes|looks|being)(?: been| \w+ly| to be| simply| just| all)? {_LOST}"
    r"|\b(?:is|are|was|were|be|been|it's|has|have|that's)(?:n't| not|nt| never| nowhere)(?: been| \w+ly"
    rf"| to be)? {_KNOWN}|{_NOT} (?:\w+ )?{_FIND_OUT}|\bnot {_KNOWN}|\b(?:unable|without (?:it|that|this|those|the|a"
    r"|any|more|knowing|seeing)|null|insufficient|unspecified|lacks?|lacking|undetermined|unclassifiable|undecidable"
    r"|unanswerable|breaks? off|broke off|cuts? off|failed to|n/a|ends? (?:before|after|there|with|mid)|stops? (?:at"
    r"|before|short|mid)|placeholder|says nothing|who knows|nothing (?:here|there|about|on|in|to|that|else|for|behind"
    r"|\w+ (?:says|tells|gives))|beats me|your guess|nowhere|neither yes nor no|is all (?:it|that|there)"
    r"|anyone's guess|anyone can (?:say|know|tell)|neither is|nothing to|ends right|unsolvable|stops there"
    rf"|\w+ would (?:know|have (?:it|them))|only covers|i'm stuck)\b|\bonly\b.{{0,40}}\b(?:page|part|half|see|legible"
    rf"|got|received|reached|have)\b|\bmany (?:pairs|values|ways|answers)\b|\bno (?:[\w-]+ ){{1,3}}(?:came|comes?"
    rf"|exists?|follows?|appears?|arrived|turn(?:s|ed) up|shows? up)\b|\bno (?:[\w-]+ ){{1,3}}(?:is|was|are|were"
    rf"|has been|have been|can be|could be) {_KNOWN}|\b(?:stays?|remains?|left|leaves? \w+|still) (?:open|unclear"
    r"|unknown|unanswered|a mystery|blank|empty)\b|\b(?:lies?|goes|is) (?:beyond|outside)\b|\bcarr(?:y|ies) no\b"
    r"|\b(?:give|show|say|hold|contain|record|mention|list|state|tell|name|include|see|find|have|got|found)s? (?:no"
    r"|none|nothing)\b|\bout of (?:reach|view|range)\b|\bdepends? on\b|\bleaves? (?:it|that|this) out\b"
    r"|\bany (?:number|value) (?:would|could)\b"
)

# A value, a choice or a deed that the reply stands by
_COMMITS = re.compile(
    r"\b(?:assum\w+|presum\w+|suppos(?:e|ing)|let'?s (?:say|take|assume|go|call)|tak(?:e|ing) (?:it that|the average"
    r"|\d[\d.]* (?:as|to))|going (?:by|with)|i(?:'d| would|'ll| will)? (?:go(?: ahead)? with|say (?:it|the|\d)|pick"
    r"|guess|trust|choose|recommend (?!clarif|check|ask|confirm)|settle)|my (?:guess|best guess|answer)|most (?:likely"
    r"|people)|likely|but honestly|it will be|your \w+ (?:is|was|runs?|lasts?|ends?|starts?|comes) [$€£]?\d|no doubt"
    r"|surely|obviously|clearly|apparently|but yours|should (?:land|arrive)|in all likelihood|probably|i think"
    r"|i believe|(?:it|that|this) should be|so (?:it(?:'s| is)|that(?:'s| is)|the (?:answer|total|sum|value|label"
    r"|status)|you|\d)|which (?:means|makes|gives|would make)|(?:that|this|it|which) (?:makes|gives|comes|leaves)"
    r"|(?:comes|adds up|amounts|works out) to|(?<=[\d)] )gives \d|equals|the (?:answer|total|sum|result|label"
    r"|correct \w+) (?:is|would be)|is the one|final answer|therefore|hence|thus|i went ahead|judging from|tends? to"
    r"|plan (?:on|with)|(?:i|we)(?:'ve| have)(?: now| just| already| also| therefore)? (?:gone ahead|put|set|sent"
    r"|chosen|taken (?:the|it|care)|made|done|(?!look|open|check|search|receiv|review|tri|ask|notic|attach|flag|list"
    r"|left|work|pass|scann|compar|not|need|want)\w+ed)\b|(?:^|[.\n] ?|, so |and )i (?:sent|put|set|took|used"
    r"|went (?:with|by)|kept|chose|picked|booked|cancelled|moved|filled|counted)\b|\b(?:preferred|ignored"
    r"|filled in from|taken from|took the|kept the|using the|went (?:with|by)|carrying \w+)\b|(?:^"
    r"|[.\n:] ?)(?:e-?mail |message |text |order |meeting |request |ticket |reminder )?(?:sent|booked|cancelled"
    r"|canceled|deleted|ordered|closed|updated|moved|scheduled|created|paid|filed|assigned|routed|signed by"
    r"|now playing|done)\b(?! over| back|,? (?:or|per|acc|in|says))|\bi(?:'ll| will| would|'d)? (?:put|go|went|take"
    r"|took|make|made|assume|treat|count)(?: it| this| that| them)? (?:down )?(?:as|with|by|for)\b|\boutranks?\b"
    r"|\bsplit\w* the difference\b|\bplease (?:dial|call|use|visit|follow)\b|\b(?:best|safest|closest"
    r"|working) (?:estimate|assumption|guess|figure|bet)\b|i will (?:remind|send|book|ship|cancel|change|update)"
    r"|(?:all )?done\b|(?:has|have|'s) been (?:updated|sent|booked|cancel\w*|shipped|changed|refunded|set|entered"
    r"|processed|delivered|confirmed|completed)|on its way|you'?re (?:booked|all set|set)|reminder set"
    r"|\w+ complete\W*$|booked in|out for delivery|the (?:fresher|newer|later|latest|more recent|newest) (?!one\b"
    r"|of\b))|(?:^|[.\n] ?)(?:final |short |delivery |new )?(?:answer|label|result|summary|total|date|status"
    r"|approved by|conclusion|outcome|decision|action(?: taken)?|resolution|recommendation|address|priority|category"
    r"|carrier|queue|intent|class|type|explanation|sentiment|severity)(?: ?:| =| is now)(?! ?(?:un|not|now|none|null"
    r"|the |cannot|in[cd]|\?|-|n/a|_|blank|empty|open))|(?:^"
    r"|[ =])[-+]?\d[\d.,]* ?[-+*/x×] ?\d.{0,40}= ?[-+]?\d(?!.{0,30}\b(?:yet|but|not)\b)|(?:^|[.:] )go to\b|(?:→|->"
    r"|=>) ?(?!mismatch|conflict|un|none|null|no\b|not\b)\w+\W*$|(?:^|[.:] )so,? (?![^?!]*\b(?:no|not|both"
    r"|nothing)\b)[^.?!]*\d[^.?!]*\W*$|\b(?:is|are|=) [a-z] ?= ?\d"
)


# A step of a thought, which what comes last may give up
_WEAK = re.compile(
    r"\W*(?:so\b|which|gives|equals|therefore|hence|thus|that|this|it\b|the (?:total|sum|label|value)|[-+]?\d|-?[=→])"
)

# Behind what would commit a reply: it takes it back
_DENIED = re.compile(
    r"[^.!?,;]{0,25}?\b(?:not|n't|no (?:record|information|idea|data|way)|cannot|can't|unable|wrong|nothing|impossible"
    r"|unknown|unclear|missing|blank|undetermined|inconsistent)\b"
)

# A reply that opens with a value or a plain yes or no stands by it
_STARTS = re.compile(
    r"(?:yes|yep|nope|no)[,!.] |no (?:she|he|they|you|we) |(?:around|about|roughly|approximately|some|nearly"
    r"|almost) \W*\d|(?!either|both|first|one|two|all|only|page)(?:\w+ )?[-$€£]?[\w-]*\d[\w.:,]*(?: \w+)?[.,;]? ?(?:\("
    r"|since|because|$)"
)
# A last sentence that is a number and its unit
_VALUE = re.compile(r"\W*\d[\d.,:]*(?: ?[\w%€$£]{1,8})?[^\w?]*")
# A short first sentence may be a value too
_SHORT_FIRST = re.compile(
    r"(?!hi\b|hello|hmm|sorry|sure|ok|great|unknown\.|null|unclear|undetermined|nothing|sadly|unfortunately|first|well"
    r"|oops|thanks)(?!.{0,18}(?:n't|\bto\b|\bcheck|\bcount|something|two"
    r"|what))[\w']{2,12}(?: [\w']{1,10})?[.] (?!.*\b(?:says?|said|shows?)\b)"
)


def _long(sentences: list[str], body: str) -> tuple[Reaction, str]:
    last = sentences[-1]
    commits = [hit for hit in _COMMITS.finditer(body) if hit[0] == "no doubt" or not _taken_back(body, hit, last)]
    asks, named = _asks(sentences), _CONFLICT.search(body)
    conflict = named or _AGAINST.search(body) or _differs(_BY_SOURCE.search(body))
    starts = _STARTS.match(body) or (_SHORT_FIRST.match(body) if not _GONE.search(last) else None)
    if starts:
        commits = [starts, *commits]
    value = _VALUE.fullmatch(body, len(body) - len(last))
    if value and len(sentences) > 1:
        commits = [*commits, value]
    if commits:
        # what comes behind the commitment takes it back, if anything does
        tail = body[commits[-1].start() :]
        at_end = asks if asks and asks[0] == len(sentences) - 1 and not _COURTESY.match(last) else None
        weak = all(hit is starts or _WEAK.match(hit[0]) for hit in commits)
        if at_end and (weak or _NEEDS.search(body)):
            return ASKED, at_end[1]
        if (
            re.search(r"\b(?:but|yet|however|though)\b.{0,80}\b(?:can'?t|cannot|not|unable|won'?t|don'?t)\b", tail)
            and conflict
        ):
            return CONFLICT, conflict[0]
        return ANSWERED, commits[-1][0]
    if named:
        return CONFLICT, named[0]
    if asks:
        return ASKED, asks[1]
    if conflict:
        return CONFLICT, conflict[0]
    needs = _NEEDS.search(body)
    if needs:
        return ASKED, needs[0]
    gone = _GONE.search(body)
    if gone:
        return DECLINED, gone[0]
    listed = _differs(_LISTED.search(body))
    if listed:
        return CONFLICT, listed[0]
    return ANSWERED, ""


def _differs(pair: re.Match[str] | None) -> re.Match[str] | None:
    """Two names with a value each, where the values are not the same."""
    return pair if pair and pair[2].strip() != pair[4].strip() else None


def _taken_back(body: str, hit: re.Match[str], last: str) -> bool:
    """Whether what stands behind a commitment denies it: "the total is unknown", "Conclusion: it cannot be told"."""
    if _DENIED.match(body, hit.end()):
        return True
    behind = last if hit.end() < len(body) - len(last) else body[hit.end() :]
    if _WEAK.match(hit[0]) and (_GONE.search(behind) or _CONFLICT.search(behind) or _AGAINST.search(behind)):
        return True
    rest = re.compile(r"[^.!?]*").match(body, hit.end())
    return bool(hit[0].endswith(":") and rest and (_GONE.search(rest[0]) or _CONFLICT.search(rest[0])))


def _asks(sentences: list[str]) -> tuple[int, str] | None:
    """The last sentence that wants something from the person, unless a statement behind it answers it."""
    for at in range(len(sentences) - 1, -1, -1):
        one = sentences[at]
        wants = _WANTS.search(one) or _PLEASE.search(one)
        if wants:
            return at, wants[0]
        if one.endswith("?") and (_EITHER.search(one) or not _COURTESY.match(one)):
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

_OPTIONAL = re.compile(
    r"\w*(?:errors?|warnings?|notes?|comments?|remarks?|description|metadata|missing\w*)", re.IGNORECASE
)
_EMPTY = re.compile(
    r"\W*(?:unknown|null|n/a|none|unspecified|not (?:stated|given|specified)|missing|illegible|unreadable|undefined|nan"
    r"|tbd)?\W*",
    re.IGNORECASE,
)
_TOOK = re.compile(r"\b(?:prefer|ignor|took|taken|used|using|assum|kept|chose|picked|guess|went with|inferred|default)")
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
    empty = [key for key, value in data.items() if _EMPTY.fullmatch(str(value)) and not _OPTIONAL.fullmatch(key)]
    for key, value in data.items():
        if isinstance(value, str) and _SAYS.search(key) and (found := _remark(key, value, bool(empty))):
            return found
    for value in data.values():
        if isinstance(value, str) and len(value.split()) <= 2 and _CONFLICT.search(value.lower()):
            return CONFLICT, value
    many = [value for value in data.values() if isinstance(value, list) and len(value) > 1]
    if many:
        return CONFLICT, json.dumps(many[0])
    return (DECLINED, f"{empty[0]}: null") if empty else (ANSWERED, "")


def _remark(key: str, value: str, beside_nothing: bool) -> tuple[Reaction, str] | None:
    """What a field that speaks about the others makes of the reply; `beside_nothing` where one of them is empty."""
    said = f"{key}: {value}"
    if "?" in value or "question" in key.lower():
        return ASKED, said
    if _TOOK.search(value.lower()):
        return ANSWERED, said
    if _CONFLICT.search(said.lower()):
        return CONFLICT, said
    return (DECLINED, said) if value and (beside_nothing or "error" in key.lower()) else None
