"""CPU a call of roadtest beside bare clients and other evaluation tools, against one loopback server in one run.

`python benchmarks/replay.py [--calls N] [--rounds R] [--inspect-python PYTHON] [--promptfoo PROMPTFOO]`

Prints for each contestant the milliseconds of CPU a call (user and system, of the asking process and its children; not
the server's), the ratio to bare litellm in the same round, calls a second on the wall clock, and the CPU seconds of the
start. Each is run with N/4 and with N calls, 64 in flight; the slope between the two is the cost of a call, and what is
left at no calls is the start: imports, and most of the vocabulary (a word costs `typos` the most when first met).
Rounds rotate the order; medians are shown. The server answers at once, over connections that stay open, and counts what
it was asked, so that an answer from a cache or a second try is found out. roadtest's figure includes perturbing,
scoring, journal and report, inspect-ai's its `match` scorer and log, promptfoo's its `equals` and its database.

Bounds: roadtest by litellm at most 1.15 x bare litellm; by the direct road at most 1/5 of bare litellm; both below
every peer that was measured. A contestant that is not there, or a road that the study refuses, is skipped, and says so.

The peers want environments of their own, `python -m venv P && P/bin/pip install -U inspect-ai openai` (without litellm,
which holds openai at a version too old for it) and `npm install --prefix F promptfoo`; they are found by the two
options, or by ROADTEST_INSPECT_PYTHON and ROADTEST_PROMPTFOO.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

MODEL, IN_FLIGHT, SECONDS = "gpt-4o-mini", 64, 300
QUESTION = "\n\nWhat does the customer want? Answer with one word: refund or exchange."
PERTURBATIONS = ["typos@3", "casing@3", "telegraphic@3", "small_talk@1"]
REPEATS = 2
BARE, ROADS, PEERS = ("litellm", "openai", "aiohttp"), ("litellm", "openai", "direct"), ("inspect-ai", "promptfoo")
LITELLM_BOUND, DIRECT_BOUND = 1.15, 1 / 5


class Skipped(Exception):  # noqa: N818 - it is no error
    """Why a contestant does not take part."""


# The server ----------------------------------------------------------------------------------------------------------


def answer(body: bytes) -> bytes:
    """One chat completion: right seven times in eight if the target is `refund`, and always the same for one body."""
    text = "exchange" if zlib.crc32(body) % 8 == 0 else "refund"
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 90, "completion_tokens": 1, "total_tokens": 91}
    reply = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": MODEL}
    return http(json.dumps(reply | {"choices": [choice], "usage": usage}).encode())


def http(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Server(asyncio.Protocol):
    """Answers every POST with a completion, and every GET with how many POSTs there were."""

    posts = 0
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n") + 4) > 3:
            head = self.buffer[:end].lower()
            if head.startswith(b"get"):
                self.buffer = self.buffer[end:]
                self.transport.write(http(b"%d" % Server.posts))
                continue
            size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(self.buffer) < end + size:
                return
            Server.posts += 1
            self.transport.write(answer(self.buffer[end : end + size]))
            self.buffer = self.buffer[end + size :]


async def serve() -> None:
    """Serves until standard input ends, which it does with whoever started it; prints the port first."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


# The contestants -----------------------------------------------------------------------------------------------------


def options(text: str) -> dict[str, Any]:
    message = {"role": "user", "content": text + QUESTION}
    return {"model": MODEL, "messages": [message], "temperature": 0.0, "max_tokens": 256}


async def in_flight(ask: Callable[[str], Awaitable[str]], texts: list[str]) -> None:
    """Asks all of them, so many at once. Raises ValueError for an answer that the server does not give."""
    queue = iter(texts)

    async def work() -> None:
        for text in queue:
            if (said := await ask(text)) not in ("refund", "exchange"):
                raise ValueError(f"answered {said!r}")

    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


async def one_litellm(url: str, texts: list[str]) -> None:
    import litellm

    litellm.telemetry, litellm.suppress_debug_info = False, True

    async def ask(text: str) -> str:
        asked = options(text) | {"model": f"openai/{MODEL}", "api_base": url, "timeout": 60.0}
        response = await litellm.acompletion(**asked, num_retries=0, max_retries=0)
        return str(response.choices[0].message.content)

    await in_flight(ask, texts)


async def one_openai(url: str, texts: list[str]) -> None:
    import openai

    async with openai.AsyncOpenAI(base_url=url, max_retries=0, timeout=60.0) as client:

        async def ask(text: str) -> str:
            return str((await client.chat.completions.create(**options(text))).choices[0].message.content)

        await in_flight(ask, texts)


async def one_aiohttp(url: str, texts: list[str]) -> None:
    import aiohttp

    async with aiohttp.ClientSession() as session:

        async def ask(text: str) -> str:
            async with session.post(f"{url}/chat/completions", json=options(text)) as response:
                return str((await response.json())["choices"][0]["message"]["content"])

        await in_flight(ask, texts)


def one_inspect(url: str, texts: list[str]) -> None:
    """Runs under the Python of inspect-ai, in the folder that takes its log."""
    import inspect_ai
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.scorer import match

    data = MemoryDataset([Sample(input=text + QUESTION, target="refund") for text in texts])
    [log] = inspect_ai.eval(
        inspect_ai.Task(dataset=data, scorer=match()),
        model=f"openai-api/loopback/{MODEL}",
        model_base_url=url,
        max_connections=IN_FLIGHT,
        temperature=0.0,
        max_tokens=256,
        log_dir="logs",
        display="none",
    )
    if log.status != "success":
        raise ValueError(log.error)


def one(name: str, url: str, calls: int, file: Path) -> None:
    """What a process of its own does for one contestant: `--one NAME URL CALLS FILE`."""
    texts = [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()[:calls]]
    if name == "inspect-ai":
        one_inspect(url, texts)
    else:
        asyncio.run({"litellm": one_litellm, "openai": one_openai, "aiohttp": one_aiohttp}[name](url, texts))


def roadtest(road: str, url: str, calls: int, cases: Path, folder: Path) -> list[str | Path]:
    """The command that runs a study of about so many calls; litellm is the road of a study that names none."""
    items = max(calls // (REPEATS + len(PERTURBATIONS)), 2)
    suite = cases.read_text(encoding="utf-8").splitlines(keepends=True)[:items]
    (folder / "suite.jsonl").write_text("".join(suite), encoding="utf-8")
    study = [
        'suite = "suite.jsonl"\nscorer = "exact"',
        f"perturbations = {json.dumps(PERTURBATIONS)}\nrepeats = {REPEATS}",
        f"[frame]\ntemplate = {json.dumps('{text}' + QUESTION)}",
        f'[endpoint]\nmodel = "openai/{MODEL}"\nbase_url = "{url}"\nconcurrency = {IN_FLIGHT}',
        "" if road == "litellm" else f'road = "{road}"',
        '[gate]\nmargin = "5pp"\nlooks = 1',
    ]
    (folder / "study.toml").write_text("\n".join(study), encoding="utf-8")
    return [Path(sys.executable).with_name("roadtest"), "run", folder / "study.toml", "--into", folder / "results"]


def promptfoo(program: str, url: str, calls: int, cases: Path, folder: Path) -> list[str | Path]:
    settings = {"apiBaseUrl": url, "temperature": 0, "max_tokens": 256}
    texts = [json.loads(line)["text"] for line in cases.read_text(encoding="utf-8").splitlines()[:calls]]
    right = [{"type": "equals", "value": "refund"}]
    study = {
        "prompts": ["{{text}}" + QUESTION],
        "providers": [{"id": f"openai:chat:{MODEL}", "config": settings}],
        "tests": [{"vars": {"text": text}, "assert": right} for text in texts],
    }
    (folder / "study.json").write_text(json.dumps(study), encoding="utf-8")
    quiet = ["--no-cache", "--no-table", "--no-progress-bar", "--no-share"]
    return [program, "eval", "-c", folder / "study.json", "-j", str(IN_FLIGHT), *quiet]


# Measuring -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """Of one process with its children, or the difference of two: CPU and wall seconds for so many calls."""

    calls: int
    cpu: float
    wall: float


def environment(folder: Path) -> dict[str, str]:
    """Without proxies; nothing asks the internet for prices, updates or names, or writes outside the folder."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return kept | {
        "OPENAI_API_KEY": "no-key",
        "LOOPBACK_API_KEY": "no-key",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",
        "XDG_DATA_HOME": str(folder / "data"),
        "ROADTEST_STATE": str(folder / "state"),
        "PROMPTFOO_CONFIG_DIR": str(folder / "promptfoo"),
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
        "PROMPTFOO_FAILED_TEST_EXIT_CODE": "0",
        "PROMPTFOO_DISABLE_DEBUG_LOG": "1",  # its log files make it die at the end, now and then: write after end
        "PROMPTFOO_DISABLE_ERROR_LOG": "1",
    }


def posts(url: str) -> int:
    """How many calls the server has had."""
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - the loopback server
        return int(response.read())


def run(command: list[str | Path], url: str, folder: Path) -> Cost:
    """Runs a contestant. Raises Skipped, with its last words, where it fails."""
    before, started = posts(url), time.perf_counter()
    with (folder / "output.txt").open("wb+") as output:
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, cwd=folder, env=environment(folder), **streams)  # type: ignore[call-overload]
        watchdog = threading.Timer(SECONDS, process.kill)
        watchdog.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            watchdog.cancel()
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            said = [line for line in output.read().decode(errors="replace").splitlines() if line.strip()] or ["nothing"]
            last = ([line for line in said if "rror: " in line] or said)[-1]
            raise Skipped(f"exit code {process.returncode}: {last.strip()[:200]}")
    return Cost(posts(url) - before, usage.ru_utime + usage.ru_stime, wall)


def measure(name: str, url: str, calls: int, cases: Path, tools: dict[str, str]) -> Cost:
    """One contestant, once. Raises Skipped, also where the server was asked other than the contestant says."""
    with tempfile.TemporaryDirectory(prefix="replay-") as temporary:
        folder = Path(temporary)
        if name.startswith("roadtest"):
            cost = run(roadtest(name.split()[-1], url, calls, cases, folder), url, folder)
            with (folder / "results" / "records.jsonl").open(encoding="utf-8") as journal:
                calls = sum(not json.loads(line).get("of") for line in journal)
        elif name == "promptfoo":
            cost = run(promptfoo(tools[name], url, calls, cases, folder), url, folder)
        else:
            command = [tools.get(name, sys.executable), Path(__file__).resolve(), "--one", name.removeprefix("bare ")]
            cost = run([*command, url, str(calls), cases], url, folder)
    if cost.calls != calls:
        raise Skipped(f"{calls:,} calls by its own count, {cost.calls:,} by the server's")
    return cost


# The prompts ---------------------------------------------------------------------------------------------------------

THINGS = """kettle toaster blender lamp mirror carpet curtain sofa armchair bookshelf mattress pillow blanket duvet
towel jacket raincoat jumper cardigan trousers shirt blouse skirt scarf gloves boots sandals trainers slippers umbrella
rucksack suitcase wallet watch bracelet necklace headphones keyboard monitor printer router charger tablet camera
tripod speaker microphone drill hammer sander ladder hose lawnmower barbecue tent stove bicycle helmet scooter
pram cradle puzzle telescope violin guitar""".split()
LOOKS = """red green blue yellow purple orange brown grey black white silver golden striped spotted checked plain wooden
leather cotton woollen plastic ceramic copper bamboo folding portable wireless cordless heavy narrow""".split()
FAULTS = """scratched cracked dented stained torn bent rusty crooked faded noisy wobbly leaking sticky mouldy chipped
warped loose jammed frayed dusty blunt damp peeling squeaky burnt""".split()
PARTS = """handle zip lid hinge strap buckle cable switch screen wheel button cushion lining collar sleeve frame drawer
battery plug valve filter blade pedal label seam spring bracket knob cover base""".split()
PEOPLE = """mother father sister brother daughter son nephew niece cousin neighbour colleague husband wife aunt uncle
grandmother flatmate landlord teacher friend""".split()
PLACES = """Leeds Bristol Norwich Glasgow Dundee Swansea Belfast Oxford Exeter Durham Lincoln Chester Plymouth Brighton
Hereford Lancaster Carlisle Perth Stirling Bangor""".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April June July August September October November December".split()
MOODS = """disappointed surprised annoyed puzzled unhappy frustrated worried sorry upset embarrassed""".split()
EVENTS = """birthday wedding anniversary holiday picnic interview concert graduation housewarming conference festival
christening barbecue reunion exam""".split()

OPENINGS = (
    "I ordered a {look} {thing} from your shop in {place} at the beginning of {month}, and it arrived last {day}.",
    "On {day} the courier finally brought the {look} {thing} that my {person} had chosen for the {event}.",
    "Hello, three weeks ago I paid for a {look} {thing}, and the parcel reached me in {place} on {day} morning.",
    "My {person} bought a {look} {thing} on your website in {month} as a present for our {event}.",
)
TROUBLES = (
    "When we opened the box, the {part} was {fault} and the {second} looked as if somebody had already used it.",
    "After only two evenings the {part} became {fault}, and by {day} the {second} had stopped working as well.",
    "Unfortunately the {part} is {fault}, the {second} is missing, and the instructions describe another product.",
    "It seemed fine at first, but the {part} turned out to be {fault} and the {second} does not fit properly.",
)
EFFORTS = (
    "I rang your office in {place} twice, waited half an hour, and nobody could tell me what to do, so I am {mood}.",
    "Your assistant promised to call my {person} back before {day}, yet we have heard nothing and feel rather {mood}.",
    "I sent photographs of the damage to your branch in {place}, but the answer left me more {mood} than before.",
    "We needed it for the {event} in {month}, had to borrow one from my {person}, and are quite {mood} about it.",
)
WISHES = (
    "Please arrange {target} for order {number} as soon as you can.",
    "The order number is {number}, and I would like {target} without further delay.",
    "Could you tell me how I get {target} for order {number} this week?",
)
TARGETS = {"refund": "a full refund", "exchange": "an exchange"}


def write_cases(path: Path, count: int) -> None:
    """So many complaints of about 70 words, no two alike, nine in ten of which ask for a refund."""
    rng = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        for at in range(count):
            target = "exchange" if at % 10 == 9 else "refund"
            sentences = [rng.choice(kind) for kind in (OPENINGS, TROUBLES, EFFORTS, WISHES)]
            words = {"look": LOOKS, "thing": THINGS, "fault": FAULTS, "person": PEOPLE, "place": PLACES, "day": DAYS}
            words |= {"month": MONTHS, "mood": MOODS, "event": EVENTS, "part": PARTS, "second": PARTS}
            fixed = {"number": 10_000 + at * 7, "target": TARGETS[target]}
            text = " ".join(s.format(**{n: rng.choice(w) for n, w in words.items()}, **fixed) for s in sentences)
            file.write(json.dumps({"id": f"c-{at}", "text": text, "target": target}) + "\n")


# The table -----------------------------------------------------------------------------------------------------------


def contestants(arguments: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    """Who takes part, and the programs of those who have their own; says which peer is not there."""
    names = [f"bare {name}" for name in BARE] + [f"roadtest, {road}" for road in ROADS]
    tools = {"inspect-ai": arguments.inspect_python, "promptfoo": arguments.promptfoo}
    for peer in PEERS:
        if tools[peer] and (found := shutil.which(tools[peer])):
            tools[peer] = str(Path(found).absolute())
            names.append(peer)
        else:
            print(f"{peer}: skipped: " + (f"no program {tools[peer]}" if tools[peer] else "not given"), flush=True)
    return names, tools


def compare(arguments: argparse.Namespace, url: str, cases: Path) -> dict[str, list[tuple[Cost, Cost]]]:
    """For each contestant, its small and its large run in each round."""
    names, tools = contestants(arguments)
    costs: dict[str, list[tuple[Cost, Cost]]] = {name: [] for name in names}
    for turn in range(arguments.rounds):
        at = turn * len(names) // arguments.rounds
        for name in names[at:] + names[:at]:
            if name not in costs:
                continue
            try:
                small, large = (measure(name, url, n, cases, tools) for n in (arguments.calls // 4, arguments.calls))
            except Skipped as reason:
                print(f"{name}: skipped: {reason}", flush=True)
                del costs[name]
            else:
                costs[name].append((small, large))
    return costs


def show(costs: dict[str, list[tuple[Cost, Cost]]]) -> bool:
    """Prints the table and the bounds; whether a bound that could be tried was missed."""
    each = {name: [(b.cpu - a.cpu) / (b.calls - a.calls) for a, b in runs] for name, runs in costs.items()}
    bare = each["bare litellm"]
    ratio = {name: median(a / b for a, b in zip(slopes, bare, strict=True)) for name, slopes in each.items()}
    print(f"\n{'':20}{'ms CPU a call':>14}{'x bare litellm':>16}{'calls a second':>16}{'s CPU to start':>16}")
    for name, runs in costs.items():
        speed = median((b.calls - a.calls) / (b.wall - a.wall) for a, b in runs)
        start = median(b.cpu - b.calls * slope for (_, b), slope in zip(runs, each[name], strict=True))
        print(f"{name:20}{median(each[name]) * 1000:14.2f}{ratio[name]:16.2f}{speed:16,.0f}{start:16.1f}")
    tried = [("roadtest, litellm", "bare litellm", LITELLM_BOUND), ("roadtest, direct", "bare litellm", DIRECT_BOUND)]
    tried += [(f"roadtest, {road}", peer, 1.0) for peer in PEERS for road in ("litellm", "direct")]
    missed = False
    print()
    for name, other, bound in tried:
        if name not in each or other not in each:
            print(f"{name} <= {bound:.2f} x {other}: not measured")
            continue
        found = median(own / its for own, its in zip(each[name], each[other], strict=True))
        missed |= found > bound
        print(f"{name} <= {bound:.2f} x {other}: {found:.2f}, {'not met' if found > bound else 'met'}")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=2000, help="of the large run; the small one makes a quarter")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--inspect-python", default=os.environ.get("ROADTEST_INSPECT_PYTHON"))
    parser.add_argument("--promptfoo", default=os.environ.get("ROADTEST_PROMPTFOO", "promptfoo"))
    arguments = parser.parse_args()
    if arguments.calls < 100 or arguments.rounds < 1:
        parser.error("at least 100 calls and 1 round")
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None
    assert server.stdout is not None
    started = time.perf_counter()
    try:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        with tempfile.TemporaryDirectory(prefix="replay-") as folder:
            cases = Path(folder, "cases.jsonl")
            write_cases(cases, arguments.calls)
            costs = compare(arguments, url, cases)
    finally:
        server.stdin.close()
        server.wait(timeout=10)
    if not {"bare litellm", "roadtest, litellm"} <= costs.keys():
        print("nothing to compare")
        return 1
    missed = show(costs)
    print(f"{arguments.rounds} rounds of about {arguments.calls:,} calls in {time.perf_counter() - started:.0f} s")
    return int(missed)


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(serve())
    elif sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], sys.argv[3], int(sys.argv[4]), Path(sys.argv[5]))
    else:
        sys.exit(main())
