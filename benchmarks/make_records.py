"""Writes `datasets/records.jsonl`: questions that are answered from records, in five formats.

`python benchmarks/make_records.py [--check] [--out FILE]`

The same bytes on every machine: each item draws from a stream of its own, and only by `random()`, which is the one
method of Python's generator that is promised to stay as it is. Values that do not meet the rules of `flaw` are drawn
again. With --check nothing is written; the exit code is 1 if the file is not what would be written.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, TypeVar

OUT = Path(__file__).parent.parent / "datasets" / "records.jsonl"
FORMATS = ("json", "jsonl", "csv", "markdown", "prose")
LONGEST = 1400
"""Characters of the longest context."""

T = TypeVar("T")
Record = dict[str, Any]
"""One record; amounts are whole cents until they are written."""

WORDINGS = """
== orders | status by order | 6
I've been away at my sister's and lost track of my shopping. It's about order {key}. What is its current status?

Good morning! What status do you show at the moment? The order number is {key}, and the {thing} is meant for my nephew's
birthday.

My printer ate the confirmation, so I can only read out the number. It says {key} at the top. What status does your
system give for this order?

== orders | status by name | 4
I never wrote down the order number, sorry. Everything should be filed under {name}. What is the status of that order
right now? I'm grateful for any help.

Hello, {name} here. I'm planning my week around the post. Which status does my order have?

== orders | amount by order | 6
I'm doing my household accounts tonight, with a big pot of tea. The order in question is {key}. How much did it cost?

What was the amount for this one? I need it for an expense form at work. The order number is {key}. My boss likes neat
paperwork.

My partner and I split everything down the middle. We bought the {thing} together, with order {key}. What amount is on
that order?

== orders | amount by name | 4
My bank statement is a mess this month. I have a single order with you, in the name of {name}. What amount does it come
to? I'd rather ask than guess.

Greetings from a very rainy village! I'm {name}. Please tell me how much my order was.

== orders | city by order | 5
We have family in several places, and I mix them up. The order I mean is {key}. Which city is it addressed to? My aunt
has moved house again, you see.

I ordered the {thing} late at night and half asleep. Which city did I give for the delivery? It's order {key}. Coffee
would have helped.

For order {key}, I'd like to check the address before I phone my brother. What city do you have on file?

== orders | city by name | 3
My daughter placed an order for our new flat. It should be under my name, {name}. Which city is the delivery address in?

I keep a flat and a cottage, and forget which address I used. The customer is {name}. Which city is given on the order?

== orders | carrier by order | 5
Every driver seems to use a different door at our office. The order number is {key}. Which carrier is bringing it?

Which carrier gets the parcel this time? I ask because our gate is hard to find. My order is {key}, the one with the
{thing}. Even our friends drive past it.

I'd like to warn the porter downstairs, who is a little strict. We're talking about order {key}. Which carrier is going
to deliver it?

== orders | carrier by name | 3
Nobody is home before noon, so I plan ahead. You'll find the order under {name}. Which carrier did you pick?

This is {name} writing. A neighbour usually takes my parcels in, and she likes to know who comes. Which carrier is
handling my order? She sends her regards.

== orders | item by order | 4
My desk is full of sticky notes, and the last of them just says {key}. I'm fairly sure it's an order with you. What item
was that for? My handwriting doesn't say more than that.

We order so many presents in this family that I lose count. Please look at order {key}. What item is in it?

== orders | item by name | 3
Something is coming in my name, and nobody at home admits to it. I'm {name}. Which item was ordered?

I'm {name}, and I shop online far too late in the evening. What item have I ordered this time?

== orders | ordered by order | 2
I'm sorting out my warranty papers, as one does on a wet Sunday. This is about order {key}, the {thing}. On which date
was it ordered? The drawer was a terrible mess.

== orders | ordered by name | 3
My bookkeeping wants a date for everything. The order runs under {name}. On what date was it placed?

Hello from {name}! I thought I'd finally fill in the guarantee card. On what day did I place my order?

== orders | count | 3
I've lost the overview of my shopping, I'm afraid. My name is {name}. How many orders do I have with you? My husband is
smiling already.

Please look me up when you have a minute. I'm listed as {name}. How many orders can you see for me?

== orders | count delivered, shipped, on hold | 3
I'm {name}, and I tend to buy things in bursts. How many of my orders are {status} right now?

Our storeroom is rather full, so I'm counting what is where. The customer name is {name}. How many of these orders have
the status "{status}"?

== orders | sum | 3
It's budget day at our house. All my orders are under {name}. What do they add up to?

I promised my wife an honest figure. Please search for {name}. What is the total amount of all my orders? She's better
with figures than I am.

== orders | sum processing, delivered, on hold | 3
For my records, I'd like a single figure. The account is in the name of {name}. What is the total of my orders that are
{status}?

I'm tidying up my spending for the quarter. My name is {name}. How much do the orders with the status "{status}" come to
altogether?

== invoices | amount by invoice | 8
I'm about to settle things before my holiday. The invoice number is {key}. How much do I have to pay?

Our scanner cut off the lower half of the page. It's invoice {key}. What is the amount on it? The machine is older than
our apprentice.

What amount did you charge? My colleague asks because she is preparing the transfer. We mean invoice {key}.

A quick note from the accounts office, before the kettle boils. Please look at invoice {key}. What does it amount to?
Thank you so much.

== invoices | amount by name | 6
I threw away the envelope with the bill inside, silly me. It was made out to {name}. How much is it for? It went out
with the newspapers.

My son does my online banking and needs a figure. The invoice is addressed to {name}. What amount should he transfer?

Hi, {name} speaking. The dog chewed the corner of my invoice. What is the amount, please? She's very sorry about it.

== invoices | due by invoice | 8
I like to pay everything in good time. The invoice I have here is {key}. By what date do you need the money?

When is the payment due? I want to set a reminder in my phone. The number at the top of the invoice is {key}. Otherwise
I forget everything.

Our treasurer only goes to the bank now and then. We're talking about invoice {key}. What is its due date?

The coffee went all over my papers this morning. I can just make out invoice {key}. What is the last day to pay it? The
rest is just a brown stain.

== invoices | due_date by name | 5
I'm waiting for my salary and want to plan the transfer. The invoice is in the name of {name}. When is it due?

A relative asked me to help with the post. The invoice is addressed to {name}. What due date does it have? My eyes are
better than theirs.

Hello, I'm {name}. My calendar lies in front of me, and my pencil is sharp. On which date is my invoice due?

== invoices | status by invoice | 6
I'm closing the books for this month, with a headache and a biscuit. The invoice is {key}. What status does it have?

My bank has a new website, and I can't find a thing there. I'm asking about invoice {key}. How is it marked in your
system? They've even moved the search box.

What is the status, please? I'm only asking so that I can file the paper away. It's about invoice {key}.

== invoices | status by name | 5
I hate loose ends, so I'm checking all my bills today. Mine is filed under {name}. What is the status of the invoice?

{name} here, with a cup of coffee and a stack of post. What status does my invoice have?

We changed our accounting software, and not everything came along. The customer is {name}. Which status do you show for
the invoice? The new program does look pretty, though.

== invoices | issued by invoice | 3
The tax office wants dates for everything, bless them. I'm looking at invoice {key}. On which day was it issued? I've
got the folder in front of me.

My copy came out too faint to read. The number of the invoice is {key}. What is its date of issue?

== invoices | issued by name | 2
I sort my bills by date, and this one has a stain in the wrong place. It was written for {name}. When was it issued?

== invoices | invoice by name | 5
The bank form has a field for the reference. I'm {name}. What is my invoice number?

I deleted the e-mail with the attachment by accident. The bill was for {name}. Which invoice number does it carry? My
inbox is usually tidier than this.

Our office moves house this week, and the folders are in boxes. Please check under {name}. What number does our invoice
have?

== invoices | count | 3
I'm making a list for my tax adviser. My name is {name}. How many invoices have you written for me?

My filing has got out of hand over the winter. Everything from you is addressed to {name}. How many invoices are there?

== invoices | count open, paid, overdue | 3
I want a clean desk before the holidays. Look under {name}, please. How many of my invoices are {status}?

This is {name}, finally doing the paperwork. How many invoices of mine do you show as {status}?

== invoices | sum | 3
My accountant would like a single figure from me. The invoices are all made out to {name}. What is their total?

I'm comparing suppliers, and you're next on my list. I'm in your books as {name}. How much do all my invoices come to?

== invoices | sum open, overdue, paid | 3
I'd like to get my papers straight in one go. My name is {name}. How much do my {status} invoices add up to?

A friend is helping me with a budget. You have me down as {name}. What is the total of the invoices that are {status}?

== events | status by order | 28
I've been refreshing my inbox all morning. The order number is {key}. What is the latest status? The kettle is on, at
least.

What was the last status you recorded? My flatmate keeps asking me. It's for order {key}.

We're tidying the garage to make some space. The order is {key}. What status does the most recent entry give?

I'm on the train, and the tracking page won't load. My order is {key}. Which status does it have now? The signal here
comes and goes.

My grandmother asks me daily about her parcel, and I love her for it. Hers is order {key}. What is its latest status?

The tracking link in your e-mail leads nowhere. I'm asking about order {key}. What is its newest status? The rest of the
message was lovely.

Thanks for being so quick last time! This time it's order {key}. What's the current status?

I'd rather not bother the driver with calls. Please look at {key}, which is my order. What status has it reached?

Our team is getting ready for a trade fair. We're asking about order {key}. What is the last status in the log? We're
all rather nervous.

What status is my parcel in at present? I'd like to tell the neighbours. You'll find it as order {key}.

I'm new to this shop and not sure how tracking works. The confirmation says order {key}. Which status came in last?

It rained so hard that I stayed in and did my admin. Next on the list is order {key}. What's the most recent status you
have? The cat is helping.

My phone died halfway through your update. It was about order {key}. What was the last status?

We're colleagues from the workshop, and the boss wants an answer. The order we mean is {key}. What is its status as of
the latest scan? He's a patient man, usually.

== events | place by order | 32
I'm so curious about the journey of my parcel. It's order {key}. Where is it now?

Where was it last scanned? I might be able to collect it on my way. The order number is {key}.

My kids put pins on a map for every parcel we get. Today it's order {key}. Where was the latest scan? The map is nearly
full.

The courier's app only shows a spinning wheel. I'm waiting for order {key}. At which place was it last seen?

I'm working from home and can't concentrate. My order is {key}. At what place was it last registered? The post is far
more exciting.

We're driving across the country anyway. The order in question is {key}. Where is it at the moment?

Which place shows up in the newest entry? A friend bet me a coffee on it. The order is {key}.

My tracking text came through as gibberish. The message was about order {key}. Where has the parcel got to? It looked
like a secret code.

I sent this to my aunt, who doesn't use the internet. It went out as order {key}. Where is the parcel currently?

Our shop is waiting for new stock. The delivery belongs to order {key}. Where was it most recently scanned? The shelves
look rather bare.

Please don't laugh, but I like to follow every step. I mean order {key}. What is its latest location?

The weather looks rough, and the roads are slow. My order number is {key}. Where is the parcel right now?

My boss is standing next to me and smiling politely. It's all about order {key}. Where did you last see it? I promised
an answer before lunch.

I moved a meeting so that I can be at home for this. Order {key} is the important one. Where does the log have it now?

Just checking in before the weekend. You have it as order {key}. What place did the last scan come from?

I've got a soft spot for slow post, but today I'm impatient. Look for order {key}, please. Where is it according to the
newest scan?

== shipments | weight by shipment | 4
I live on the top floor without a lift. The shipment number is {key}. How heavy is it?

What is the weight, please? I need to know whether my bike basket will do. It's shipment {key}. The hill on the way home
is steep.

== shipments | weight by name | 3
My back isn't what it used to be. The parcel is for {name}. How much does it weigh?

I run a small post counter and like to prepare the shelf. The customer is called {name}. What weight do you have for the
shipment?

== shipments | weight by order | 1
We'd like to pick the right trolley. The goods were bought with order {order}. What does the shipment weigh?

== shipments | carrier by shipment | 3
Our reception wants to know whom to expect. The shipment is {key}. Which carrier is it travelling with?

I have an account with nearly every parcel firm by now. Here I mean shipment {key}. Which carrier has it? My wallet is
full of cards.

== shipments | carrier by name | 2
My name is {name}, and my bell is hidden behind the ivy. Which carrier is bringing my shipment?

== shipments | carrier by order | 2
I'd like to redirect a parcel to my office. It belongs to order {order}. Which carrier do I have to contact?

== shipments | status by shipment | 4
I'm packing for a trip and want to leave things tidy. The label says shipment {key}. What is its status? My suitcase is
almost shut.

Which status do you see? My mother is excited about her new lamp. The shipment number is {key}.

== shipments | status by name | 2
Good evening, this is {name}. I've just got back from the mountains, where there was no signal. What status does my
shipment have?

== shipments | shipment by order | 3
The tracking page asks for a shipment number, which I never received. All I have is order {order}. What number do I type
in?

My inbox swallowed your dispatch e-mail. I bought it under order {order}. Which shipment number goes with it? I've
looked everywhere.

== shipments | shipment by name | 3
I want to follow my parcel on the map. It's addressed to {name}. What is the shipment number?

Hello, my name is {name}. The confirmation went to my old address, sadly. Which shipment number is mine?

== shipments | count | 2
Our hallway is small, so I'd like to be prepared. I'm {name}. How many shipments do you have for me?

== shipments | count in transit | 1
My name is {name}, and I've been furnishing a flat. How many of my shipments are {status}?

== bookings | room by booking | 4
We're so looking forward to the sea. Our booking is {key}. Which room have you given us? The children have packed their
buckets already.

My sister would like to send flowers ahead. The booking number is {key}. What room should she put on the card?

== bookings | room by name | 4
I sleep badly next to lifts, so I always ask. The booking is in the name of {name}. Which room is it? At home I hear
every step.

Hello, {name} here, still at the airport. My luggage is already on its way to you. Which room am I in?

== bookings | arrival by booking | 4
I have to ask for leave at work. The booking is {key}. On which date do we arrive?

What is our arrival date? I'm buying the train tickets tonight. It's booking {key}. My wife is choosing the seats.

== bookings | arrival by name | 4
My friends booked this trip as a surprise for me. It should be under {name}. What is the date of arrival? They only told
me to bring a hat.

The cat sitter needs an answer from me. I'm {name}. From which date is my room reserved?

== bookings | status by booking | 3
I changed my e-mail address and may have missed a message. This concerns booking {key}. What is its status? The old
address no longer works.

My travel folder has a gap where your letter should be. The booking is {key}. How is it marked at your end?

== bookings | status by name | 3
I'd like to sleep easier before the trip. The guest is {name}. What status does the booking have?

This is {name}. I've booked so many things lately that my head spins. What is the status of my booking with you?

== bookings | booking by name | 5
The parking form asks for a booking number. I'm coming to stay with you as {name}. What number should I enter?

I cleared out my inbox a little too well. The reservation was made for {name}. Which booking number does it have? Spring
cleaning got the better of me.

My colleague reserved a room for me. You'll have me as {name}. What is my booking number?

== bookings | count | 2
We come to you every summer, and I've booked ahead. Everything is under {name}. How many bookings do you have for me?
The dog can hardly wait.

== bookings | count confirmed | 1
I'm organising a family reunion at your place. My name is {name}. How many of my bookings are {status}?
"""
"""By kind and question, with the number of items: wordings, parted by blank lines. Items take turns with them."""


def _pool(text: str) -> tuple[str, ...]:
    return tuple(" ".join(entry.split()) for entry in text.split(";"))


PEOPLE = _pool(
    """Harriet Colby; Tom Ashworth; Priya Nair; Daniel Okafor; Marta Kowal; Ruth Ellison; Owen Pritchard; Ingrid
    Solberg; Lucas Ferraro; Amara Diallo; Victor Lindqvist; Hannah Becker; Samuel Otieno; Yuki Tanabe; Clara
    Rossetti; Felix Brandt; Nora Haugen; Dmitri Sorokin; Leila Haddad; Peter Vandermeer; Grace Wanjiru; Anton
    Reuter; Bella Thornbury; Carlos Medrano; Elena Petrova; George Whitcombe; Ivy Castellan; Jonas Reinholt; Katya
    Belova; Liam Corrigan; Megan Tully; Nikhil Desai; Olivia Strand; Pavel Dvorak; Quentin Harrow; Rosa Delgado;
    Stefan Maurer; Tara Whitlock; Umar Siddiqui; Vera Lombard; Walter Fenwick; Xenia Palmer; Yusuf Karaca; Zara
    Hollis; Adrian Pell; Beatrix Onslow; Callum Drury; Delia Monk; Edwin Sayers; Fiona Laird; Gareth Bowen; Helga
    Winter; Isaac Mendel; Judith Karlsen; Kofi Asante; Lorna Heath; Marcus Tilden; Nina Vogel; Oscar Lemaire; Paula
    Renner; Ravi Menon; Sylvia Grant; Theo Barlow; Ursula Falk; Vincent Moreau; Wanda Zielinski; Abigail Stone;
    Boris Hartmann; Celia Navarro; Dennis Oakley"""
)
ACCENTED_PEOPLE = _pool(
    """Zoë Müller; Chloé Dubois; Łukasz Żak; José Ibáñez; Søren Kjær; Anaïs Lefèvre; Björn Åkesson; Jiří Novotný;
    Małgorzata Wójcik; Inês Gonçalves; Jürgen Köhler; Renée Béranger; Óscar Peña; Márta Szabó; Håkon Sørlie;
    Françoise Garçon; Tomáš Kučera; Agnès Thévenot; Günther Weiß; Lucía Muñoz; Åsa Sjöberg; Dušan Jurić; Élodie Chéron;
    André Simões; Zdeněk Říha; Ewa Dąbrowska; Núria Vilà; Päivi Mäkelä; Raúl Cortés; Sinéad Byrne; Matěj Šimek;
    Heloísa Conceição; Gökçe Yıldız; Mårten Öberg; Věra Hájková; Noémie Gagné; Jörg Krüger; Aurélie Forêt; Íñigo Barrón;
    Zsófia Tóth; Kärt Põld; Ángela Ruiz; Róisín Daly; Bjørg Nygård; Émile Roché; Ana Brandão; Žiga Kovač"""
)
CITIES = _pool(
    """Leeds; Porto; Ghent; Turin; Lyon; Bergen; Bristol; Cardiff; Utrecht; Antwerp; Bologna; Verona; Hamburg; Leipzig;
    Bremen; Rotterdam; Valencia; Bilbao; Tampere; Tallinn; Riga; Vilnius; Brno; Graz; Linz; Basel; Ljubljana; Zagreb;
    Dublin; Cork; Galway; Norwich; Exeter; Sheffield; Nantes; Rennes; Lille; Trieste; Parma; Seville; Granada; Braga;
    Ostend; Bruges; Haarlem; Kiel"""
)
ACCENTED_CITIES = _pool(
    """Málaga; Zürich; Köln; Kraków; Łódź; Gdańsk; Wrocław; Poznań; Göteborg; Malmö; Besançon; Orléans; Nîmes;
    Saint-Étienne; Cádiz; Córdoba; León; Évora; Guimarães; Düsseldorf; Münster; Tübingen; Plzeň; Košice; Győr;
    Jyväskylä; Tromsø; Ålesund; Umeå; Jönköping; Béziers; Mérida; Almería; Genève"""
)
SITES = _pool("depot; hub; sorting centre; parcel centre")
CARRIERS = _pool(
    """Norpost; Kestrel Freight; Bluewing; Larkline; Parcelo; Marlin Express; Redstart; Quickhare; Ostara Cargo;
    Meridia Post; Tern Logistics; Fennbox; Volanta; Greyferry; Hobbin Couriers"""
)
ITEMS = _pool(
    """desk lamp; kettle; office chair; garden hose; teapot; backpack; bread knife; wall clock; bath mat; bicycle pump;
    picture frame; coffee grinder; yoga mat; camping stove; bookshelf; rain jacket; wool blanket; tripod; toaster;
    paper shredder; plant stand; salad bowl; hand drill; sleeping bag; guitar strap; water bottle; table fan;
    bird feeder; shoe rack; letter opener; record player; sewing kit; fruit press; watering can; cake tin;
    umbrella stand; mirror; stool; hammock; thermos flask"""
)
COLOURS = _pool("black; white; grey; dark blue; oak; red; olive green")
ROOMS = _pool(
    """Lavender; Blue Attic; Orchard; Lighthouse; Old Library; Garden Suite; Juniper; Captain's Cabin; Swallow's Nest;
    Heron; Willow; Terrace Suite; Marigold; Chestnut"""
)
CURRENCIES = ("EUR", "EUR", "GBP", "USD", "CHF")
STATUSES = {
    "orders": _pool("processing; packed; shipped; delivered; on hold; cancelled; returned; ready for pickup"),
    "invoices": _pool("open; paid; overdue; cancelled; disputed; partly paid"),
    "shipments": _pool("label created; in transit; at the depot; out for delivery; delivered; held by customs"),
    "bookings": _pool("confirmed; pending; cancelled; waitlisted; deposit paid"),
}
PLAIN_STATUSES = {
    "orders": _pool("processing; packed; shipped"),
    "invoices": ("open",),
    "shipments": _pool("label created; in transit; at the depot"),
    "bookings": _pool("confirmed; deposit paid"),
}
"""Of the record that is asked about, unless its status is the question: nothing a friendly message could contradict."""

JOURNEY = _pool("order received; packed; handed over; in transit; at customs; out for delivery; delivered")
LAYOUTS = {
    "orders": "order customer item status amount currency ordered carrier city updated".split(),
    "invoices": "invoice customer amount currency issued due status updated".split(),
    "events": "event order time status place carrier".split(),
    "shipments": "shipment order customer weight carrier city status updated".split(),
    "bookings": "booking guest room arrival nights status updated".split(),
}
ALWAYS = {
    "orders": {"order", "customer", "status", "updated"},
    "invoices": {"invoice", "customer", "amount", "currency", "updated"},
    "events": {"event", "order", "time", "status", "place"},
    "shipments": {"shipment", "customer", "status", "updated"},
    "bookings": {"booking", "guest", "room", "updated"},
}
NUMBER_WORDS = {2: "two", 3: "three", 4: "four"}


@dataclass(frozen=True)
class Plan:
    """What one item asks: `kind` of records, what is wanted, by which field the record is named, and the wording."""

    kind: str
    wanted: str  # a field, or "count" or "sum"
    by: str
    wording: str
    status: str = ""

    @property
    def key(self) -> str:
        """The field that identifies a thing."""
        return "order" if self.kind == "events" else self.kind[:-1]

    @property
    def person(self) -> str:
        """The field that holds a person's name."""
        return "guest" if self.kind == "bookings" else "customer"


@dataclass(frozen=True)
class Item:
    """An item before it is written: its records, the one that is asked about, and the message."""

    plan: Plan
    records: list[Record]
    target: Record
    text: str


def pick(rng: Random, pool: Sequence[T]) -> T:
    """One of the pool."""
    return pool[int(rng.random() * len(pool))]


def shuffled(rng: Random, pool: Sequence[T]) -> list[T]:
    """The pool in another order."""
    return [entry for _, entry in sorted(((rng.random(), entry) for entry in pool), key=lambda pair: pair[0])]


def between(rng: Random, low: int, high: int) -> int:
    """A whole number, both ends included."""
    return low + int(rng.random() * (high - low + 1))


class Calendar:
    """Draws days, none of them twice."""

    def __init__(self, rng: Random) -> None:
        self.rng, self.taken = rng, set[date]()

    def day(self, after: date, low: int, high: int) -> date:
        """A day `low` to `high` days after another."""
        free = [d for n in range(low, high + 1) if (d := after + timedelta(days=n)) not in self.taken]
        chosen = pick(self.rng, free or [after + timedelta(days=high + len(self.taken))])
        self.taken.add(chosen)
        return chosen


def identifiers(rng: Random, count: int, kind: str) -> list[str]:
    """Numbers of four to six digits or codes like KL-2290, unlike each other."""
    digits = 6 if kind == "events" else between(rng, 4, 6)
    letters = "" if kind == "events" else pick(rng, ["", "", "", "KL-", "A-", "HX-", "R-"])
    size = 4 if letters else digits
    found: list[str] = []
    while len(found) < count:
        made = letters + str(between(rng, 10 ** (size - 1), 10**size - 1))
        if all(differing(made, other) >= 3 for other in found) and not re.fullmatch(r"20[23]\d", made):
            found.append(made)
    return found


def differing(one: str, other: str) -> int:
    """In how many places two strings differ."""
    return abs(len(one) - len(other)) + sum(a != b for a, b in zip(one, other, strict=False))


def mixed(rng: Random, count: int, plain: Sequence[str], accented: Sequence[str]) -> list[str]:
    """Names from both pools: the first and about half of the others with accents, if there are such."""
    others = shuffled(rng, plain)
    if not accented:
        return others[:count]
    first, *some = shuffled(rng, accented)
    half = (count - 1) // 2
    return [first, *shuffled(rng, some[:half] + others[: count - 1 - half])]


def people(rng: Random, count: int, accented: bool) -> list[str]:
    """Full names."""
    return mixed(rng, count, PEOPLE, ACCENTED_PEOPLE if accented else ())


def cities(rng: Random, count: int, accented: bool) -> list[str]:
    """Cities."""
    return mixed(rng, count, CITIES, ACCENTED_CITIES if accented else ())


def amounts(rng: Random, count: int, most: int) -> list[int]:
    """Prices in cents, none of them whole, unlike each other."""
    found: list[int] = []
    while len(found) < count:
        cents = between(rng, 8, most) * 100 + pick(rng, [90, 50, 95, 20, 80, 40, 75, 25, 99, 60, 49, 15])
        if all(differing(money(cents), money(other)) >= 2 and abs(cents - other) > other // 20 for other in found):
            found.append(cents)
    return found


def money(cents: int) -> str:
    """`149.90`."""
    return f"{cents // 100}.{cents % 100:02}"


def statuses(rng: Random, plan: Plan, count: int) -> list[str]:
    """Of a look-up: the first is that of the record asked about, and at most two others share it."""
    pool = STATUSES[plan.kind]
    usual = ("delivered",) if plan.wanted == "ordered" else PLAIN_STATUSES[plan.kind]  # warranties come after
    asked = pick(rng, pool if plan.wanted == "status" else usual)
    others = [pick(rng, pool) for _ in range(count - 1)]
    while others.count(asked) > 2:
        others[others.index(asked)] = pick(rng, pool)
    return [asked, *others]


def shared(rng: Random, plan: Plan, count: int) -> tuple[list[str], int]:
    """Of a count or sum: statuses of all records, the person's own first, and how many are the person's."""
    right = between(rng, 2, 3 if plan.wanted == "sum" else 4)
    usual = {"orders": _pool("processing; shipped; delivered"), "invoices": _pool("open; paid")}
    pool = usual.get(plan.kind, PLAIN_STATUSES[plan.kind])
    if not plan.status:
        own = [pick(rng, pool) for _ in range(right)]
    else:
        wrong = [status for status in pool if status != plan.status]
        own = [plan.status] * right + [pick(rng, wrong) for _ in range(between(rng, 1, 2))]
    others = [pick(rng, STATUSES[plan.kind]) for _ in range(count - len(own))]
    if others and plan.status:
        others[0] = plan.status
    return own + others, len(own)


def table(rng: Random, plan: Plan, count: int, accented: bool) -> list[Record]:
    """Records of everything but events, with all fields; the one that is asked about comes first."""
    if plan.wanted in ("count", "sum"):
        marks, mine = shared(rng, plan, count)
        first, *others = people(rng, count - mine + 1, accented)
        names = [first] * mine + others
    else:
        marks, names = statuses(rng, plan, count), people(rng, count, accented)
    calendar, most = Calendar(rng), 1900 if plan.kind == "invoices" else 240
    own, orders = identifiers(rng, count, plan.kind), identifiers(rng, count, "orders")
    towns, prices = cities(rng, count, accented), amounts(rng, count, most)
    things, carriers = shuffled(rng, ITEMS), shuffled(rng, CARRIERS)
    rooms = shuffled(rng, ROOMS) if rng.random() < 0.5 else [str(100 + n) for n in shuffled(rng, range(1, 320))]
    weights = [f"{grams // 10}.{grams % 10} kg" for grams in shuffled(rng, [n for n in range(4, 290) if n % 10])]
    coloured, currency = rng.random() < 0.7, pick(rng, CURRENCIES)
    records: list[Record] = []
    for at in range(count):
        plain = at == 0 or not coloured or rng.random() < 0.4
        start = calendar.day(date(2026, 1, 5), 0, 100)
        due = calendar.day(start, 14, 45)
        late = marks[at] == "overdue"
        values = {
            plan.key: own[at],
            plan.person: names[at],
            "item": things[at] if plain else f"{things[at]}, {pick(rng, COLOURS)}",
            "status": marks[at],
            "amount": prices[at],
            "currency": currency,
            "ordered": start.isoformat(),
            "issued": start.isoformat(),
            "due": due.isoformat(),
            "due_date": due.isoformat(),
            "carrier": carriers[at],
            "city": towns[at],
            "weight": weights[at],
            "room": rooms[at],
            "arrival": calendar.day(date(2026, 6, 3), 0, 90).isoformat(),
            "nights": between(rng, 1, 9),
            "updated": (calendar.day(due, 1, 20) if late else calendar.day(start, 1, 13)).isoformat(),
        }
        if plan.kind == "shipments":
            values["order"] = orders[at]
        records.append(values)
    return records


def log(rng: Random, plan: Plan, count: int, accented: bool) -> list[Record]:
    """Events of two to four orders in order of time."""
    orders = identifiers(rng, 2 if count < 7 else between(rng, 2, 4), "orders")
    lengths = [2] * len(orders)
    while sum(lengths) < count:
        lengths[pick(rng, [at for at, length in enumerate(lengths) if length == min(lengths)])] += 1
    steps = []
    for at, (order, length) in enumerate(zip(orders, shuffled(rng, lengths), strict=True)):
        last = len(JOURNEY) - length
        begin = between(rng, 0, last if at or plan.wanted == "status" else last - 1)
        minutes = sorted(1440 * between(rng, 0, 4) + between(rng, 6 * 60, 22 * 60) for _ in range(length))
        steps += [(minute, order, status) for minute, status in zip(minutes, JOURNEY[begin:], strict=False)]
    steps.sort()
    towns = cities(rng, len(steps), accented)
    if rng.random() < 0.5:
        towns = [f"{town} {pick(rng, SITES)}" for town in towns]
    carriers = dict(zip(orders, shuffled(rng, CARRIERS), strict=False))
    ids = sorted(identifiers(rng, len(steps), "events"))
    newest = max(at for at, step in enumerate(steps) if step[1] == orders[0])
    towns.insert(newest, towns.pop(0))
    first_day = date(2026, 1, 12) + timedelta(days=between(rng, 0, 120))
    return [
        {
            "event": ids[at],
            "order": order,
            "time": f"{first_day + timedelta(days=minute // 1440)} {minute % 1440 // 60:02}:{minute % 60:02}",
            "status": status,
            "place": towns[at],
            "carrier": carriers[order],
            "asked": at == newest,
        }
        for at, (minute, order, status) in enumerate(steps)
    ]


def layout(rng: Random, plan: Plan) -> list[str]:
    """Four to eight fields of the kind: those the question needs, and some of the others."""
    needed = ALWAYS[plan.kind] | {plan.by if plan.by != "name" else plan.person, plan.key}
    needed |= {"amount", "currency"} if plan.wanted in ("sum", "amount") else set()
    needed |= {plan.wanted} - {"sum", "count"}
    needed |= {"status"} if plan.status else set()
    needed |= {"item"} if "{thing}" in plan.wording else set()
    others = [name for name in shuffled(rng, LAYOUTS[plan.kind]) if name not in needed and name != "currency"]
    chosen = set(needed)
    for name in others[: between(rng, 0, len(others))]:
        together = {"amount", "currency"} if name == "amount" else {name}
        if len(chosen | together) <= 8:
            chosen |= together
    order = ["due_date" if name == "due" and "due_date" in chosen else name for name in LAYOUTS[plan.kind]]
    first, *rest = [name for name in dict.fromkeys(order) if name in chosen]
    if plan.kind != "events" and rng.random() < 0.4:  # not every shop writes its columns in our order
        rest = [name for name in shuffled(rng, rest) if name != "currency"]
    if "amount" in rest and "currency" not in rest:
        rest.insert(rest.index("amount") + 1, "currency")
    return [first, *rest]


def shown(value: Any, name: str) -> str:
    """A value as text."""
    return money(value) if name == "amount" else str(value)


def written(records: Sequence[Record], fields: Sequence[str], form: str, kind: str) -> str:
    """The records in one of the formats."""
    if form in ("json", "jsonl"):
        plain = [{name: r[name] / 100 if name == "amount" else r[name] for name in fields} for r in records]
        lines = [json.dumps(record, ensure_ascii=False) for record in plain]
        return "[\n  " + ",\n  ".join(lines) + "\n]" if form == "json" else "\n".join(lines)
    rows = [[shown(record[name], name) for name in fields] for record in records]
    if form == "csv":
        sheet = io.StringIO()
        csv.writer(sheet, lineterminator="\n").writerows([fields, *rows])
        return sheet.getvalue().rstrip("\n")
    if form == "markdown":
        lines = ["| " + " | ".join(row) + " |" for row in (fields, *rows)]
        return "\n".join([lines[0], "|" + "---|" * len(fields), *lines[1:]])
    return "\n\n".join(paragraph(record, fields, kind) for record in records)


def paragraph(record: Record, fields: Sequence[str], kind: str) -> str:
    """A record in prose: `Order 48213. Customer: Zoë Müller. Amount: 149.90 EUR.`"""
    sentences = [f"{kind[:-1].capitalize()} {record[fields[0]]}."]
    for name in fields[1:]:
        if name != "currency":
            money_of = f" {record['currency']}" if name == "amount" else ""
            sentences.append(f"{name.replace('_', ' ').capitalize()}: {shown(record[name], name)}{money_of}.")
    return " ".join(sentences)


def query(item: Item) -> dict[str, str]:
    """What is asked, for a machine."""
    plan = item.plan
    field = plan.person if plan.by == "name" else plan.by
    where = f"{field} = {item.target[field]}" + (f" and status = {plan.status}" if plan.status else "")
    verb = {"count": {"count": plan.key}, "sum": {"sum": "amount"}}.get(plan.wanted, {"select": plan.wanted})
    return {**verb, "where": where, "key": plan.key, "latest": "time" if plan.kind == "events" else "updated"}


def answer(item: Item) -> tuple[str, list[str]]:
    """The target and its aliases."""
    plan, target = item.plan, item.target
    if plan.wanted in ("count", "sum"):
        meant = [r for r in item.records if r[plan.person] == target[plan.person]]
        meant = [r for r in meant if not plan.status or r["status"] == plan.status]
        if plan.wanted == "count":
            return str(len(meant)), [NUMBER_WORDS[len(meant)]]
        value, name = sum(r["amount"] for r in meant), "amount"
    else:
        value, name = target[plan.wanted], plan.wanted
    text = shown(value, name)
    if name == "amount":
        short = [text[:-1]] if text.endswith("0") else []
        return text, [*short, f"{text} {target['currency']}"]
    if name == "room" and text.isdigit():
        return text, [f"room {text}"]
    return text, [text.replace(" ", "")] if name == "weight" else []


def stands(value: str, text: str) -> int:
    """How often a value stands in a text, not as a part of a longer one."""
    return len(re.findall(rf"(?<![\w.-]){re.escape(value)}(?![\w-]|\.\d)", text, re.IGNORECASE))


def flaw(item: Item, context: str) -> str:
    """What is wrong with an item, or nothing."""
    plan = item.plan
    right, aliases = answer(item)
    if len(context) > LONGEST:
        return "too long"
    if any(stands(known, item.text) for known in [right, *aliases]):
        return "the message gives the answer away"
    if len(re.findall(r"\d+", item.text)) != (plan.by != "name"):
        return "another number in the message"
    if plan.wanted in ("count", "status"):
        return order_of_time(item) or alike(item)
    told = max(stands(known, context) for known in [right, *aliases])
    if told != (plan.wanted != "sum"):
        return "the answer stands elsewhere too"
    column = [shown(record[plan.wanted], plan.wanted) for record in item.records] if plan.wanted != "sum" else []
    if any(differing(right, value) < 2 for value in column if value != right):
        return "another value is all but the same"
    return order_of_time(item) or alike(item)


def order_of_time(item: Item) -> str:
    """For events: none at the same time, and half an hour between two of an order."""
    if item.plan.kind != "events":
        return ""
    times = [record["time"] for record in item.records]
    if len(set(times)) < len(times):
        return "two events at one time"
    per_order: dict[str, list[str]] = {}
    for record in item.records:
        per_order.setdefault(record["order"], []).append(record["time"])
    for series in per_order.values():
        for one, other in pairwise(series):
            if one[:13] == other[:13]:
                return "two events of an order in one hour"
    return ""


def alike(item: Item) -> str:
    """Whether two people, or a shipment and an order, have names that could be mistaken for each other."""
    if item.plan.kind == "shipments":
        orders, shipments = ([record[name] for record in item.records] for name in ("order", "shipment"))
        if any(differing(order, shipment) < 3 for order in orders for shipment in shipments):
            return "a shipment's number is like an order's"
    names = sorted({record.get(item.plan.person, "") for record in item.records})
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            if SequenceMatcher(None, one, other, autojunk=False).ratio() > 0.6:
                return "two names are alike"
    return ""


def drawn(rng: Random, plan: Plan, form: str, accented: bool, said: set[str]) -> tuple[Item, str]:
    """An item without a flaw, and its context; its message is none of those that were `said` already."""
    make: Callable[[Random, Plan, int, bool], list[Record]] = log if plan.kind == "events" else table
    while True:
        records = make(rng, plan, between(rng, 7 if plan.wanted in ("count", "sum") else 5, 9), accented)
        target = next((record for record in records if record.get("asked")), records[0])
        if plan.kind != "events":
            records = shuffled(rng, records)
        fields = layout(rng, plan)
        text = plan.wording.format(
            key=target[plan.key],
            name=target.get(plan.person),
            order=target.get("order"),
            thing=target.get("item"),
            status=plan.status,
        )
        item, context = Item(plan, records, target, text), written(records, fields, form, plan.kind)
        if text not in said and not flaw(item, context):
            said.add(text)
            return item, context


def plans() -> list[Plan]:
    """What the items ask, in the order of the wordings."""
    found = []
    for block in WORDINGS.split("== ")[1:]:
        head, *wordings = [" ".join(part.split()) for part in re.split(r"\n\n|(?<=\d)\n", block) if part.strip()]
        kind, asked, count = head.split(" | ")
        wanted, _, rest = asked.partition(" ")
        by = rest.removeprefix("by ") if rest.startswith("by ") else "name"
        marks = rest.split(", ") if rest and not rest.startswith("by ") else [""]
        found += [
            Plan(kind, wanted, by, wordings[at % len(wordings)], marks[at % len(marks)]) for at in range(int(count))
        ]
    return found


def cases() -> list[dict[str, Any]]:
    """All cases: within a kind, formats and accents take turns over a shuffled list of plans; then all are shuffled."""
    items: list[tuple[Item, str]] = []
    said: set[str] = set()
    for kind in LAYOUTS:
        rng = Random(f"records {kind}")
        for at, plan in enumerate(shuffled(rng, [plan for plan in plans() if plan.kind == kind])):
            form = FORMATS[at % len(FORMATS)]
            items.append(drawn(Random(f"records {kind} {at}"), plan, form, at % 3 == 0, said))
    lines = []
    for number, (item, context) in enumerate(shuffled(Random("records order"), items), start=1):
        right, aliases = answer(item)
        line: dict[str, Any] = {"id": f"records-{number:03}", "text": item.text, "context": context, "target": right}
        if aliases:
            line["aliases"] = aliases
        lines.append(line | {"query": query(item)})
    return lines


def main() -> None:
    """Writes or compares the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    content = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases()).encode("utf-8")
    if not given.check:
        given.out.write_bytes(content)
    elif not given.out.is_file() or given.out.read_bytes() != content:
        print(f"{given.out} is not what {Path(__file__).name} writes; run it without --check", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
