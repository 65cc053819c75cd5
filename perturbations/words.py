"""Words that the families and the guard share: everyday facts of English, written down by hand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

FUNCTION_WORDS = frozenset(
    """a an the am is are was were be been being have has had having do does did will would shall could to of in on at
    by for from with as into onto about over out up off down i we you he she it they me him her us them my our your his
    its their im ive id ill were weve wed well youre youve hes shes its thats theres there this that these those here
    and or but so if then also just really very please kindly thanks thank hello hi hey dear regards well okay ok um uh
    er like actually basically let lets what who which when where how why because since while get got go going want
    need know think mean sorry wait yes yeah yep now still too quite rather pretty bit oh ah hmm""".split()
)
"""Words that carry grammar, politeness or hesitation: losing one rarely changes what is asked."""

CONTRACTIONS = {
    "can't": "can not", "cannot": "can not", "cant": "can not", "won't": "will not", "wont": "will not",
    "shan't": "shall not", "ain't": "is not", "aint": "is not", "let's": "let us", "i'm": "i am", "im": "i am",
    "i've": "i have", "ive": "i have", "i'll": "i will", "i'd": "i would", "y'all": "you all", "gonna": "going to",
    "wanna": "want to", "gotta": "got to", "gimme": "give me", "lemme": "let me", "dunno": "do not know",
    "kinda": "kind of", "alot": "a lot", "cuz": "because", "coz": "because", "'cause": "because",
    **{f"{who}'{what[0]}": f"{who} {what[1]}" for who in ("you", "we", "they", "he", "she", "it", "that", "there",
       "who", "what", "where", "how", "here", "when") for what in (("s", "is"), ("re", "are"), ("ve", "have"), ("ll",
       "will"),
       ("d", "would"))},
    **{f"{verb}{sign}": f"{verb} not" for verb in ("do", "does", "did", "is", "are", "was", "were", "could", "should",
       "would", "have", "has", "had", "must", "need", "might") for sign in ("n't", "nt")},
    "youre": "you are", "theyre": "they are", "youve": "you have", "weve": "we have", "theyve": "they have",
    "whats": "what is", "thats": "that is", "theres": "there is", "hes": "he is", "shes": "she is", "its": "it is",
    "doesn't": "does not",
}  # fmt: skip
"""Contractions, with and without their apostrophe, and what they stand for."""

ABBREVIATIONS = {
    "u": "you", "ur": "your", "r": "are", "pls": "please", "plz": "please", "thx": "thanks", "tnx": "thanks",
    "ty": "thanks", "b": "be", "bc": "because", "btw": "by the way", "msg": "message", "msgs": "messages",
    "txt": "text", "acct": "account", "appt": "appointment", "tmrw": "tomorrow", "tmr": "tomorrow",
    "2moro": "tomorrow", "tomoz": "tomorrow", "yday": "yesterday", "ppl": "people", "bday": "birthday",
    "wk": "week", "wks": "weeks", "mo": "month", "mos": "months", "yr": "year", "yrs": "years", "hr": "hour",
    "hrs": "hours", "min": "minute", "mins": "minutes", "sec": "second", "secs": "seconds", "info": "information",
    "pic": "picture", "pics": "pictures", "num": "number", "nr": "number", "addr": "address", "amt": "amount",
    "pkg": "package", "dept": "department", "govt": "government", "mgr": "manager", "asap": "soon", "wat": "what",
    "wut": "what", "y": "why", "k": "okay", "idk": "i do not know", "imo": "in my opinion", "rn": "now", "w": "with",
    "wo": "without", "cos": "because", "cuz": "because", "tho": "though", "thru": "through", "nite": "night",
    "tonite": "tonight", "gr8": "great", "l8": "late", "l8r": "later", "b4": "before", "m8": "mate", "luv": "love",
    "doc": "doctor", "app": "application", "refrig": "refrigerator", "cust": "customer", "svc": "service",
    "bf": "boyfriend", "gf": "girlfriend", "fave": "favourite", "prob": "probably", "probs": "probably",
    "def": "definitely", "smth": "something", "sth": "something", "sb": "somebody", "abt": "about", "ofc": "of course",
    "sry": "sorry", "soz": "sorry", "pmt": "payment", "bal": "balance", "qty": "quantity", "ref": "reference",
}  # fmt: skip
"""What people write for short, and what it stands for. Common knowledge of English chat."""

AMERICAN = {
    "colour": "color", "colours": "colors", "favourite": "favorite", "flavour": "flavor", "flavours": "flavors",
    "honour": "honor", "labour": "labor", "neighbour": "neighbor", "neighbours": "neighbors", "behaviour": "behavior",
    "centre": "center", "centres": "centers", "theatre": "theater", "metre": "meter", "metres": "meters",
    "litre": "liter", "litres": "liters", "fibre": "fiber", "cancelled": "canceled", "cancelling": "canceling",
    "travelled": "traveled", "travelling": "traveling", "traveller": "traveler", "organise": "organize",
    "organised": "organized", "realise": "realize", "realised": "realized", "recognise": "recognize",
    "apologise": "apologize", "authorise": "authorize", "authorised": "authorized", "unauthorised": "unauthorized",
    "cheque": "check", "cheques": "checks", "programme": "program", "programmes": "programs", "grey": "gray",
    "defence": "defense", "licence": "license", "offence": "offense", "practise": "practice", "jewellery": "jewelry",
    "tyre": "tire", "tyres": "tires", "catalogue": "catalog", "dialogue": "dialog", "enquiry": "inquiry",
    "enquire": "inquire", "fulfil": "fulfill", "enrol": "enroll", "instalment": "installment", "mum": "mom",
    "aluminium": "aluminum", "aeroplane": "airplane", "pyjamas": "pajamas", "moustache": "mustache",
    "plough": "plow", "kerb": "curb", "sceptical": "skeptical", "analyse": "analyze", "paralyse": "paralyze",
    "modelling": "modeling", "labelled": "labeled", "labelling": "labeling", "rumour": "rumor", "humour": "humor",
    "vapour": "vapor", "harbour": "harbor", "parlour": "parlor", "savour": "savor", "odour": "odor", "armour": "armor",
    "ageing": "aging", "whilst": "while", "learnt": "learned", "burnt": "burned", "spelt": "spelled",
    "maths": "math", "judgement": "judgment", "storey": "story", "cosy": "cozy", "doughnut": "donut",
    "customise": "customize", "prioritise": "prioritize", "summarise": "summarize", "minimise": "minimize",
    "maximise": "maximize", "optimise": "optimize", "finalise": "finalize", "criticise": "criticize",
}  # fmt: skip
"""British spellings and the American ones: the same word."""

SPOKEN_FORMS = {
    "theyre": "they are", "alright": "okay", "thru": "through", "til": "until", "till": "until", "gotten": "got",
}  # fmt: skip

_OPPOSITES = """
increase/decrease increased/decreased increasing/decreasing import/export imports/exports internal/external
include/exclude included/excluded including/excluding inside/outside inflow/outflow inbound/outbound
incoming/outgoing input/output upload/download encode/decode encrypt/decrypt income/outcome ascend/descend
ascending/descending upper/lower above/below before/after early/late maximum/minimum maximize/minimize max/min
employer/employee lender/lessor buyer/seller sender/receiver debit/credit deposit/withdraw open/close opened/closed
left/right win/lose won/lost push/pull hot/cold cheap/expensive high/low higher/lower more/less over/under
east/west north/south mother/father brother/sister husband/wife son/daughter accept/except accept/reject
approve/disapprove agree/disagree enable/disable connect/disconnect lock/unlock install/uninstall visible/invisible
legal/illegal possible/impossible hypertension/hypotension hyperglycemia/hypoglycemia prescribe/proscribe
inhale/exhale former/latter first/last arrive/depart arrival/departure borrow/lend start/stop begin/end
"""
ANTONYMS = frozenset(tuple(pair.split("/", 1)) for pair in _OPPOSITES.split())
"""Words of opposite meaning that look alike, or that stand in each other's place."""

CUES = frozenset(
    """no wait|wait no|sorry|no sorry|sorry no|i mean|or rather|rather|scratch that|make that|no make that|correction|
    oops|no|i meant|my mistake|wait sorry|actually no|no actually|strike that|er no|uh no|um no|or actually|actually|
    er|wait""".replace("\n", "")
    .replace("    ", "")
    .split("|")
)
"""What people say when they put themselves right."""

LOOKALIKES = str.maketrans(
    "аеорсухікмнтвАЕОРСУХІКМНТВԁցһјӏոԛѕԝαορνιτϲⅰ",
    "aeopcyxikmhtbAEOPCYXIKMHTBdghjlnqswaopvitci",
)
"""Letters of other scripts that look like Latin ones (Unicode confusables, UTS #39), and those they look like."""

_HOMOPHONES = """
their/there/they're your/you're its/it's to/too whose/who's were/where/we're of/off lose/loose
accept/except affect/effect advice/advise breath/breathe choose/chose weather/whether hear/here know/now quiet/quite
piece/peace principal/principle stationary/stationery passed/past led/lead buy/by bare/bear board/bored brake/break
coarse/course complement/compliment council/counsel desert/dessert die/dye fair/fare find/fined flour/flower
great/grate heal/heel hole/whole knew/new made/maid mail/male meat/meet pair/pear plain/plane rain/reign right/write
sail/sale scene/seen sea/see sight/site sole/soul stair/stare steal/steel tail/tale threw/through waist/waste
wait/weight weak/week wear/ware which/witch wood/would a/an being/been you/your then/than ensure/insure
personal/personnel
"""


@cache
def _confused() -> Mapping[str, tuple[str, ...]]:
    mates: dict[str, list[str]] = {}
    for group in _HOMOPHONES.split():
        known = group.split("/")
        for one in known:
            mates.setdefault(one, []).extend(other for other in known if other != one)
    return {word: tuple(others) for word, others in mates.items()}


def twins(word: str) -> tuple[str, ...]:
    """The words that sound like a lower-case word, or are taken for it."""
    return _confused().get(word, ())
