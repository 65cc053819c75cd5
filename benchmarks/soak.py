"""Whether a long run over a bad line, killed again and again, loses no answer, mixes up none, and pays for few twice.

    python benchmarks/soak.py [CALLS] [--kills 5] [--seed 0] [--road direct|openai|litellm] [--concurrency N]

A server of its own on 127.0.0.1 answers as a pure function of what was asked, and draws faults by what was asked and
how often: 429, 500, no answer, a cut connection, broken JSON. `roadtest run` is killed (SIGKILL, its whole process
group) when the journal has reached lines drawn at random, started again by the same command, and left to end; what
still failed then is asked again by the same command. The same study without faults and kills is what to compare with.

Bounds: every planned call has one answer, the one to its own question; answers and statistics are those of the
undisturbed run; no kill costs more answers than there are calls in flight. Exit code 1 when one does not hold; the
folder is kept then. 50,000 calls by the direct road take six minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import logging
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web

FAULTS = {"rate_limit": 0.03, "server": 0.01, "hang": 0.005, "cut": 0.005, "malformed": 0.005}
"""Shares of the requests."""

WRONG = {True: 0.08, False: 0.2}
"""Shares of wrong answers, to clean texts and to others."""

TIMEOUT, RETRIES, REPEATS, AGAIN = 2, 6, 2, 5
PERTURBATIONS = ["casing@1", "casing@3", "typos@3", "telegraphic@3", "small_talk@1"]
ASKED = re.compile(r"(?s)(.*)\n(\d+) \+ (\d+), ref ([0-9a-f]{16})")
VARYING = re.compile("seconds|cost|attempts|tries|latency|first_token|throughput|path|folder|provenance")
"""Names in a report of what differs from run to run: times, tries, money, places."""


def digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]


def share(hexadecimal: str) -> float:
    """16 hex digits as a number from 0 to 1."""
    return int(hexadecimal, 16) / 2**64


# The server ----------------------------------------------------------------------------------------------------------


class Server:
    """Answers POST /MODE/v1/chat/completions, where MODE is `bad` or `good`, and tells at GET /tally what it did.

    `paid` is a file with one line for each answer it sent off whole, whether somebody still waited for it or not.
    """

    def __init__(self, paid: Path, seed: int) -> None:
        self._paid = paid.open("a", buffering=1)
        self._seed = seed
        self._turns: Counter[str] = Counter()
        self._did = {"good": Counter[str](), "bad": Counter[str]()}
        self._flying = 0

    async def tally(self, request: web.Request) -> web.Response:
        return web.json_response(self._did)

    async def complete(self, request: web.Request) -> web.StreamResponse:
        mode, body = request.match_info["mode"], await request.json()
        said = body["messages"][-1]["content"]
        did = self._did[mode]
        self._flying += 1
        did["most in flight"] = max(did["most in flight"], self._flying)
        try:
            fault = self._fault(digest(said)) if mode == "bad" else ""
            await asyncio.sleep(0.002 + 0.008 * share(digest("wait", said)))
            if fault:
                did[fault] += 1
                return await self._fail(request, fault)
            did["answered"] += 1
            self._paid.write(f"{mode} {digest(said)}\n")
            return web.json_response(completion(body["model"], said))
        finally:
            self._flying -= 1

    def _fault(self, asked: str) -> str:
        """The fault of this turn of this question; mostly none."""
        self._turns[asked] += 1
        drawn = share(digest(self._seed, asked, self._turns[asked]))
        for fault, part in FAULTS.items():
            drawn -= part
            if drawn < 0:
                return fault
        return ""

    async def _fail(self, request: web.Request, fault: str) -> web.StreamResponse:
        if fault == "rate_limit":
            wait = {"Retry-After": "1", "retry-after-ms": "200"}
            return web.json_response({"error": {"message": "slow down"}}, status=429, headers=wait)
        if fault == "server":
            return web.json_response({"error": {"message": "oops"}}, status=500)
        if fault == "hang":
            await asyncio.sleep(3 * TIMEOUT)
        half = b'{"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"index": 0, "mess'
        if fault == "malformed":
            return web.Response(body=half, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "400"})
        with contextlib.suppress(ConnectionResetError):  # whoever asked has gone
            await response.prepare(request)
            await response.write(half)
        if request.transport:
            request.transport.close()
        return response


def completion(model: str, said: str) -> dict[str, Any]:
    """The answer to these words, and to no others: it begins with their digest, and its last number is the sum."""
    found = ASKED.fullmatch(said)
    assert found, said
    text, one, other, clean = found.groups()
    asked = digest(said)
    result = int(one) + int(other) + (share(digest("luck", asked)) < WRONG[digest(text) == clean])
    message = {"role": "assistant", "content": f"{asked}: the sum is {result}"}
    usage = {"prompt_tokens": len(said) // 4, "completion_tokens": 9, "total_tokens": len(said) // 4 + 9}
    reply = {"id": f"chatcmpl-{asked}", "object": "chat.completion", "created": 1_700_000_000, "model": model}
    return reply | {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}


async def serve(paid: Path, seed: int) -> None:
    """Serves until standard input ends, which it does with whoever started it; prints the address first."""
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # clients that are killed are no news
    server, app = Server(paid, seed), web.Application()
    app.router.add_post("/{mode:good|bad}/v1/chat/completions", server.complete)
    app.router.add_get("/tally", server.tally)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


# The study -----------------------------------------------------------------------------------------------------------


def case(at: int, luck: random.Random) -> dict[str, Any]:
    who, what, when = (
        luck.choice(words.split())
        for words in (
            "Martha Peter Joan Victor Nadia Oliver Ruth Hassan Ingrid Leo",
            "apples boxes letters candles tickets bottles cushions postcards lanterns buttons",
            "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        )
    )
    one, other = luck.randrange(10, 900), luck.randrange(10, 900)
    text = f"{who} packed {one} {what} on {when} and then {other} more before the van for order {10_000 + at} came."
    text += f" Could you tell me how many {what} there are altogether?"
    slots = {"sum": f"{one} + {other}", "clean": digest(text)}
    return {"id": f"soak-{at}", "text": text, "target": str(one + other), "slots": slots}


def write_study(folder: Path, calls: int, seed: int, road: str, concurrency: int) -> dict[str, str]:
    """Writes a suite and a study of about so many calls; gives for each planned call the digest of what it asks."""
    from roadtest.harness import load_study, plan

    study, suite = folder / "soak.toml", folder / "cases.jsonl"
    lines = [
        'suite = "cases.jsonl"',
        f"perturbations = {json.dumps(PERTURBATIONS)}",
        f"repeats = {REPEATS}",
        "shrink = 0",
        'scorer = "number"',
        "[frame]",
        'template = "{text}\\n{sum}, ref {clean}"',
        "[endpoint]",
        'model = "openai/soak"',
        'base_url = "${SOAK_URL}"',
        f"timeout = {TIMEOUT}",
        f"retries = {RETRIES}",
        f"concurrency = {concurrency}",
        *([f'road = "{road}"'] if road != "litellm" else []),
        "[gate]",
        'margin = "5pp"',
        "looks = 1",
    ]
    study.write_text("\n".join(lines) + "\n")
    planned = None
    items = pilot = 50
    while planned is None or items != pilot:
        luck, pilot = random.Random(seed), items
        suite.write_text("".join(json.dumps(case(at, luck)) + "\n" for at in range(items)))
        planned = plan(load_study(study))
        items = max(10, round(items * calls / len(planned.requests))) if items == 50 else items
    return {request.id: digest(request.messages[-1]["content"]) for request in planned.requests}


# The journal ---------------------------------------------------------------------------------------------------------


class Lines:
    """Counts the whole lines of a file that grows; what is torn may be cut off meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end = self._seen = 0

    def count(self) -> int:
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._end)
                block = file.read()
            self._end += block.rfind(b"\n") + 1
            self._seen += block.count(b"\n")
        return self._seen


def answers(journal: Path) -> list[dict[str, Any]]:
    """The records with a reply, whole lines only."""
    lines = journal.read_bytes().split(b"\n")[:-1] if journal.exists() else []
    return [record for record in map(json.loads, lines) if record["reply"] is not None]


def torn(journal: Path) -> bool:
    content = journal.read_bytes() if journal.exists() else b""
    return bool(content) and not content.endswith(b"\n")


# The runs ------------------------------------------------------------------------------------------------------------


class Soak:
    """The study, run against the server; `folder` holds everything."""

    def __init__(self, folder: Path, server: str, calls: int) -> None:
        self.folder, self.server = folder, server
        self.seconds = 120 + calls / 10
        self.killed: list[str] = []
        self.lost: list[int] = []
        self.stopped: list[str] = []
        self.processes = 0

    def journal(self, mode: str) -> Path:
        return self.folder / mode / "records.jsonl"

    def tally(self, mode: str) -> Counter[str]:
        with urllib.request.urlopen(f"{self.server}/tally", timeout=30) as response:  # noqa: S310 - our own server
            return Counter(json.load(response)[mode])

    def start(self, mode: str) -> subprocess.Popen[bytes]:
        self.processes += 1
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        environment |= {"SOAK_URL": f"{self.server}/{mode}/v1", "NO_PROXY": "127.0.0.1"}
        with (self.folder / f"{mode}.log").open("ab") as log:
            return subprocess.Popen(
                [roadtest(), "run", str(self.folder / "soak.toml"), "--into", str(self.folder / mode)],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def kill(self, at: int, luck: random.Random) -> bool:
        """Runs until the journal has so many lines, and kills; False where the run was over before."""
        lines, process = Lines(self.journal("bad")), self.start("bad")
        deadline = time.monotonic() + self.seconds
        try:
            while lines.count() < at and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(luck.uniform(0, 0.05))
            alive = process.poll() is None
        finally:
            end(process)
        if not alive:
            self.note("bad", process.returncode)
            return False
        time.sleep(0.2)  # the server sends off what it was at
        journal = self.journal("bad")
        mine = [record for record in answers(journal) if not record["of"]]
        self.lost.append(self.tally("bad")["answered"] - len(mine) - sum(self.lost))
        half = ", the last one torn" if torn(journal) else ""
        self.killed.append(f"at {Lines(journal).count():,} lines{half}: {self.lost[-1]} answers paid and lost")
        return True

    def finish(self, mode: str, calls: int) -> int:
        """Runs until no call is without an answer, AGAIN more times at most; gives how often it had to run again."""
        for again in range(AGAIN + 1):
            process = self.start(mode)
            try:
                code = process.wait(self.seconds)
            except subprocess.TimeoutExpired:
                code = -1
            finally:
                end(process)
            self.note(mode, code)
            if len({record["id"] for record in answers(self.journal(mode))}) >= calls:
                return again
        return AGAIN

    def note(self, mode: str, code: int) -> None:
        """Keeps the last words of a run that gave up."""
        if code:
            said = (self.folder / f"{mode}.log").read_text(errors="replace").splitlines()
            self.stopped.append(f"{mode}, exit code {code}: {said[-1] if said else ''}")

    def report(self, mode: str) -> Any:
        """The report without what takes another time on each run."""
        command = [roadtest(), "report", str(self.folder / mode), "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=self.seconds)
        return steady(json.loads(done.stdout)) if done.returncode == 0 else done.stderr


def roadtest() -> str:
    return str(Path(sys.executable).with_name("roadtest"))


def end(process: subprocess.Popen[bytes]) -> None:
    """Kills the process and all that it started, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: steady(part) for name, part in value.items() if not VARYING.search(name)}
    return [steady(part) for part in value] if isinstance(value, list) else value


def differences(one: Any, other: Any, where: str = "report") -> list[str]:
    """Where two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [text for name in one for text in differences(one[name], other[name], f"{where}.{name}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [text for at, part in enumerate(one) for text in differences(part, other[at], f"{where}[{at}]")]
    return [] if one == other else [f"{where}: {str(one)[:80]} and {str(other)[:80]}"]


# The checks ----------------------------------------------------------------------------------------------------------


def soak(arguments: argparse.Namespace, folder: Path, server: str) -> bool:
    """Runs, kills, resumes, compares, and prints; whether all is well."""
    luck, began = random.Random(arguments.seed), time.monotonic()
    planned = write_study(folder, arguments.calls, arguments.seed, arguments.road, arguments.concurrency)
    calls, run = len(planned), Soak(folder, server, len(planned))
    print(f"{calls:,} calls planned in {time.monotonic() - began:.1f} s, by the road {arguments.road}", flush=True)

    began, spare = time.monotonic(), AGAIN
    for at in sorted(luck.sample(range(1, calls * 95 // 100), arguments.kills)):
        while not run.kill(at, luck) and spare:  # a run that gave up is resumed too
            spare -= 1
    again = run.finish("bad", calls)
    seconds = time.monotonic() - began
    print(f"soak: {seconds:.1f} s, {calls / seconds:.0f} calls/s, {run.processes} starts, {again} runs again")
    for number, text in enumerate(run.killed, start=1):
        print(f"kill {number}: {text}")
    did = run.tally("bad")
    print("injected: " + ", ".join(f"{did[fault]:,} {fault}" for fault in FAULTS))

    began = time.monotonic()
    run.finish("good", calls)
    seconds = time.monotonic() - began
    print(f"undisturbed: {seconds:.1f} s, {calls / seconds:.0f} calls/s")
    print(f"peak memory of a run: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")
    for text in run.stopped:
        print(f"gave up: {text}")

    found = [(len(run.killed) == arguments.kills, f"killed {len(run.killed)} times of {arguments.kills}")]
    found += check_journal(run, planned)
    found += check_bill(run, arguments.concurrency)
    found += check_same(run)
    for well, text in found:
        print(f"{'ok    ' if well else 'FAILED'} {text}")
    return all(well for well, _ in found)


def check_journal(run: Soak, planned: dict[str, str]) -> list[tuple[bool, str]]:
    """Every planned call once, with the answer to its own question."""
    records = answers(run.journal("bad"))
    times = Counter(record["id"] for record in records)
    missing, unknown, twice = planned.keys() - times, times.keys() - planned, sum(n > 1 for n in times.values())
    mixed_up = sum(record["reply"]["text"].partition(":")[0] != planned.get(record["id"]) for record in records)
    own = {record["id"] for record in records if not record["of"]}
    orphans = sum(bool(record["of"]) and record["of"] not in own for record in records)
    return [
        (not missing and not unknown, f"answered {len(times):,} of {len(planned):,} calls, {len(unknown)} unknown"),
        (not twice, f"answered twice {twice}"),
        (not mixed_up, f"answers to another question {mixed_up}"),
        (not orphans and not torn(run.journal("bad")), f"shared {len(records) - len(own):,}, of no call {orphans}"),
    ]


def check_bill(run: Soak, concurrency: int) -> list[tuple[bool, str]]:
    """What the server was paid for, beside what was asked; the first is counted by its own log."""
    paid = {mode: Counter[str]() for mode in ("bad", "good")}
    for line in (run.folder / "paid.log").read_text().splitlines():
        mode, _, asked = line.partition(" ")
        paid[mode][asked] += 1
    got = {mode: [record for record in answers(run.journal(mode)) if not record["of"]] for mode in paid}
    unpaid = Counter(record["reply"]["text"].partition(":")[0] for record in got["bad"]) - paid["bad"]
    twice = {mode: paid[mode].total() - len(got[mode]) for mode in paid}
    most = len(run.killed) * concurrency
    tries = sum(record["reply"]["attempts"] - 1 for record in got["good"])
    flying = run.tally("bad")["most in flight"]
    return [
        (paid["bad"].total() == run.tally("bad")["answered"] and not unpaid, f"unpaid answers {unpaid.total()}"),
        (
            0 <= twice["bad"] <= most,
            f"paid twice {twice['bad']} of {len(got['bad']):,} answers, at most {most} ({flying} were in flight)",
        ),
        (
            max(run.lost, default=0) <= concurrency,
            f"lost by one kill {max(run.lost, default=0)}, at most {concurrency}",
        ),
        (0 <= twice["good"] <= tries, f"paid twice undisturbed {twice['good']}, after {tries} further tries"),
    ]


def check_same(run: Soak) -> list[tuple[bool, str]]:
    """Answers and statistics are those of the undisturbed run."""
    bad, good = ({r["id"]: r["reply"]["text"] for r in answers(run.journal(mode))} for mode in ("bad", "good"))
    other = sum(bad.get(name) != good.get(name) for name in bad.keys() | good.keys())
    report, undisturbed = run.report("bad"), run.report("good")
    if not isinstance(report, dict) or not isinstance(undisturbed, dict):
        return [(False, f"no report: {report if isinstance(report, str) else undisturbed}")]
    differ = differences(report, undisturbed)
    drops = ", ".join(f"{claim['claim']} {claim['drop']['value']:.4f}" for claim in report["claims"])
    print(f"verdict: {report['verdict']}; accuracy {report['clean']['value']:.4f}; drops: {drops}")
    return [
        (not other, f"answers unlike the undisturbed run's {other}"),
        (not differ, "; ".join([f"statistics unlike the undisturbed run's {len(differ)}", *differ[:5]])),
    ]


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(Path(sys.argv[2]), int(sys.argv[3])))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", nargs="?", type=int, default=50_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--road", choices=("direct", "openai", "litellm"), default="direct")
    parser.add_argument("--concurrency", type=int, default=64)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    command = [sys.executable, __file__, "serve", str(folder / "paid.log"), str(arguments.seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            well = soak(arguments, folder, server.stdout.readline().strip())
        except BaseException:
            print(f"what there is: {folder}")
            raise
        finally:
            server.kill()
    if well:
        shutil.rmtree(folder)
    print("all well" if well else f"what there is: {folder}")
    sys.exit(not well)


if __name__ == "__main__":
    main()
