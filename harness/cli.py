"""The command line: thin, because everything it does can be done from Python too."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .deciding import compare, gate, report, sign, verify
from .errors import RoadtestError
from .judge import judge
from .keeping import incident, keep
from .previewing import preview
from .reviewing import audit, paraphrase
from .starting import init
from .stress import WithCommand, chaos, load

if TYPE_CHECKING:
    from .analysis import Analysis
    from .calls import Plan
    from .cluster import OnRay
    from .journal import Record
    from .replay import Outcome
    from .settling import PerCall


class _Commands(click.Group):
    """A group whose mistakes are one line on stderr and exit code 2, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RoadtestError as error:
            click.echo(f"roadtest: {error}", err=True)
            ctx.exit(2)
        except BrokenPipeError:  # `roadtest list | head`: nobody reads on, and that is no mistake
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except OSError as error:  # a path too long, a folder where a file should be, ...
            click.echo(f"roadtest: {error.filename or 'a file'}: {error.strerror or error}", err=True)
            ctx.exit(2)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # a bug of ours; exit code 1 would read as NO-GO
            if os.environ.get("ROADTEST_TRACEBACK"):
                raise
            said = " ".join(f"{type(error).__name__}: {error}".split())
            click.echo(f"roadtest: unexpected {said} (a bug; ROADTEST_TRACEBACK=1 shows where)", err=True)
            ctx.exit(2)
        except KeyboardInterrupt:  # not click's own exit code 1, which would read as NO-GO
            click.echo(
                "roadtest: interrupted; what was answered is kept, and the same command goes on from there", err=True
            )
            ctx.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="roadtest")
def main() -> None:
    """How far does your AI system's accuracy fall when real people use it?

    roadtest asks a clean benchmark, then the same benchmark the way people really write, and measures the drop pair by
    pair. It ends in GO, NO-GO or INCONCLUSIVE.

    \b
      roadtest list                          what mess there is
      roadtest preview typos@4 "some text"   what it looks like
      roadtest plan study.toml               what it costs and what it can show
      roadtest run study.toml                ask, measure, decide
      roadtest report RESULTS                the report again, without a call
      roadtest gate RESULTS                  the verdict as exit code
      roadtest verify RESULTS                whether anything was altered since

    Exit codes: 0 GO (or done), 1 NO-GO, 2 wrong usage or an endpoint that does not answer, 3 INCONCLUSIVE.
    """
    for stream in (sys.stdout, sys.stderr):  # a report must not be lost to a console that is not UTF-8
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


main.add_command(init)
main.add_command(keep)
main.add_command(incident)
main.add_command(preview)
main.add_command(audit)
main.add_command(judge)
main.add_command(paraphrase)
main.add_command(load)
main.add_command(chaos)
main.add_command(report)
main.add_command(gate)
main.add_command(compare)
main.add_command(verify)
main.add_command(sign)


@main.command("list")
def list_() -> None:
    """Shows the perturbations, suites, scorers and embedded models."""
    from tabulate import tabulate

    from ..datasets import load_suite, suite_names
    from ..perturbations import PERTURBATIONS, find
    from ..perturbations.bridges import nlpaug_names
    from .embedded import MODELS
    from .scorers import SCORERS

    known = [*PERTURBATIONS.values(), *(find(name) for name in nlpaug_names())]
    click.echo("Perturbations (write name@severity, severity 1 to 5)\n")
    click.echo(tabulate([(p.name, p.family, p.effect, p.summary) for p in known], ["name", "family", "answer", "what"]))
    click.echo(
        "\nStack several with +, as in typos+casing@3. python:module:function is any function of yours from text to "
        "text, paraphrase:FILE a file of accepted paraphrases (`roadtest paraphrase`)."
    )
    click.echo("\nSuites\n")
    suites = [load_suite(name) for name in suite_names()]
    click.echo(
        tabulate([(s.name, len(s.cases), s.scorer, s.title) for s in suites], ["name", "items", "scorer", "what"])
    )
    click.echo("\nScorers\n")
    about = [(name, (scorer.__doc__ or "").splitlines()[0]) for name, scorer in SCORERS.items()]
    click.echo(tabulate(about, ["name", "what"]))
    click.echo("\nEmbedded models\n")
    rows = [(m.name, f"{m.size / 1e6:,.0f} MB", m.licence, m.sha256[:12]) for m in MODELS.values()]
    click.echo(tabulate(rows, ["name", "size", "licence", "SHA-256"]))


@main.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), help="Results folder [default: results/<name>-<fingerprint>].")
@click.option("--items", type=click.IntRange(1), help="Fewer or more items than the study says.")
@click.option("--extend", type=click.Path(path_type=Path), help="Add items to this results folder of the same study.")
@click.option("--concurrency", type=click.IntRange(1), help="Most calls in flight; 1 = one at a time, repeatable.")
@click.option("--system", default="", help="Only this one of several [endpoints.NAME].")
@click.option("--budget", type=click.FloatRange(0, min_open=True), help="US dollars at which to stop.")
@click.option("--record", type=click.Path(path_type=Path), help="Write the answers to this cassette too.")
@click.option("--cassette", type=click.Path(path_type=Path), help="Take every answer from this cassette; ask nobody.")
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="Who makes the calls."
)
@click.option(
    "--workers", type=click.IntRange(1), default=2, show_default=True, help="With --engine ray: shards of items."
)
@click.option(
    "--store", help="With --engine ray: folder or fsspec URL that all machines reach [default: in the results]."
)
@click.option("--ray-address", default="", help="With --engine ray: of the cluster [default: the one running here].")
@click.option("--redact", is_flag=True, help="Replace personal data before anything is asked or written.")
@click.option("--dry", is_flag=True, help="Print what would be asked, and spend nothing.")
@click.option("--gate", "gated", is_flag=True, help="Exit with the verdict: 0 GO, 1 NO-GO, 3 INCONCLUSIVE.")
def run(
    study: Path,
    into: Path | None,
    items: int | None,
    extend: Path | None,
    concurrency: int | None,
    system: str,
    budget: float | None,
    record: Path | None,
    cassette: Path | None,
    engine: str,
    workers: int,
    store: str | None,
    ray_address: str,
    redact: bool,
    dry: bool,
    gated: bool,
) -> None:
    """Asks what STUDY (a TOML file) plans, measures the drop and writes the report.

    Stops paying when the verdict is known, by looks planned beforehand ([gate] looks = 1 asks everything).

    Every answer is on the disk before it is counted. After Ctrl-C, a crash or a failing endpoint the same command goes
    on where it stopped; a finished study is reported again without a call. A study looks like this:

    \b
      suite = "extraction"                     # built in, or the path of a JSONL file
      perturbations = ["typos@3", "telegraphic@3"]
      items = 120
      repeats = 2                              # clean answers an item: the noise floor
      [endpoint]
      model = "openai/gpt-4o-mini"             # any model string of litellm; the key from its variable
      [gate]
      margin = "5pp"                           # the drop you can bear
    """
    from .calls import plans
    from .journal import RECORDS
    from .run import results_folder, run_study
    from .tables import plan_text

    if into and extend:
        raise click.UsageError("--extend names the results folder already; leave --into out")
    chosen = plans(study, system, items=items, budget=budget, redact=redact)
    if len(chosen) > 1 and (extend or record or cassette):
        raise click.UsageError(f"--extend, --record and --cassette need --system, one of {', '.join(chosen)}")
    done: list[tuple[Path, Analysis]] = []
    spent = 0.0
    for name, planned in chosen.items():
        folder = extend or (into / name if into else results_folder(planned))
        if name:
            click.echo(f"\n{name}: {planned.study.system.name}\n")
        if dry:
            click.echo(plan_text(planned, folder))
            continue
        rest = _with_budget(planned, spent)
        with _progress(rest, folder / RECORDS) as watch:
            analysis, outcome = run_study(
                rest,
                into=folder,
                watch=watch,
                concurrency=concurrency or 0,
                extend=bool(extend),
                cassette=cassette,
                record=record,
                engine=_cluster(rest, store or str(folder.resolve() / "shards"), workers, concurrency, ray_address)
                if engine == "ray"
                else None,
            )
        _tell(analysis, outcome, folder)
        spent += outcome.spent
        done.append((folder, analysis))
    if len(done) > 1:
        from .comparison import compare as side_by_side
        from .results import read_results
        from .tables import comparison_text

        click.echo("\n" + comparison_text(side_by_side([read_results(folder) for folder, _ in done]), "simple"))
    if gated and done:
        codes = [analysis.overall.verdict.exit_code for _, analysis in done]
        sys.exit(min((code for code in codes if code), default=0))  # one NO-GO outweighs what is open


def _cluster(planned: Plan, store: str, workers: int, concurrency: int | None, address: str) -> OnRay:
    from .cluster import OnRay, joined

    joined(address)  # a cluster that is not there is told before anything is asked
    return OnRay(planned, store, workers=workers, concurrency=concurrency or 0, address=address)


def _tell(analysis: Analysis, outcome: Outcome, folder: Path) -> None:
    """What a run found, and what it left out. Raises RoadtestError where it was stopped."""
    from .formats import REPORT_HTML
    from .report import terminal

    click.echo(terminal(analysis))
    click.echo(f"\nreport: {folder / REPORT_HTML}")
    if outcome.stopped:
        raise RoadtestError(
            f"stopped: {outcome.stopped}. {outcome.answered} answers are kept; the same command goes on from there"
        )
    if outcome.spared:
        click.echo(
            f"{outcome.spared} planned calls were not made: what they could tell was known without them", err=True
        )
    if outcome.failed:
        click.echo(f"{outcome.failed} calls brought no answer; the same command asks them again", err=True)


def _with_budget(planned: Plan, spent: float) -> Plan:
    """The plan with what other systems of the same study left of the budget."""
    budget = planned.study.budget
    if not budget:
        return planned
    if spent >= budget:
        raise RoadtestError(f"stopped: the budget of ${budget:g} is spent (${spent:.4f}); raise it to go on")
    return dataclasses.replace(planned, study=dataclasses.replace(planned.study, budget=budget - spent))


@main.command("plan")
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--items", type=click.IntRange(1), help="Fewer or more items than the study says.")
@click.option("--pilot", type=click.Path(path_type=Path), help="Results to take tokens, seconds and flips from.")
@click.option("--system", default="", help="Only this one of several [endpoints.NAME].")
def plan_(study: Path, items: int | None, pilot: Path | None, system: str) -> None:
    """Shows what STUDY would cost and what it could show, and spends nothing.

    Calls, tokens, price by litellm's own price list, time; the smallest drop that it can detect, whether a GO is
    possible at all, and the cheapest change that would make it so.
    """
    from .calls import plans
    from .planning import forecast
    from .run import results_folder
    from .tables import forecast_text, plan_text

    seen, flips = _pilot(pilot) if pilot else (None, None)
    for name, planned in plans(study, system, items=items).items():
        if name:
            click.echo(f"\n{name}: {planned.study.system.name}\n")
        click.echo(plan_text(planned, results_folder(planned)))
        click.echo(forecast_text(forecast(planned, seen, flips), planned))


@main.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--runs", default=200, show_default=True, type=click.IntRange(10), help="Simulated studies a control.")
@click.option("--clean", default=0.9, show_default=True, type=click.FloatRange(0.05, 1.0), help="True clean accuracy.")
@click.option(
    "--endpoint",
    type=click.Choice(["steady", "noisy"]),
    default="steady",
    show_default=True,
    help="How alike answers to one item are.",
)
@click.option("--items", type=click.IntRange(1), help="Fewer or more items than the study says.")
def selftest(study: Path, runs: int, clean: float, endpoint: str, items: int | None) -> None:
    """Tries the gate of STUDY on simulated systems whose drop is known, and spends nothing.

    On your own items, with your looks, draws and claims: how often it raises a false alarm when mess does nothing, how
    often it lets a drop pass that is exactly the margin, and how often it finds a planted defect.
    """
    from tqdm import tqdm

    from .calls import plans
    from .selftest import controls
    from .selftest import selftest as simulate
    from .tables import selftest_text

    planned = next(iter(plans(study, items=items).values()))  # systems do not differ in what it tries
    with tqdm(total=runs * len(controls(planned)), unit="study", file=sys.stderr) as bar:
        trials = simulate(
            planned, runs=runs, clean=clean, regime="high" if endpoint == "steady" else "low", watch=bar.update
        )
    click.echo(selftest_text(trials, planned, clean, endpoint))


@main.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.argument("variants", nargs=-1)
@click.option(
    "--worst", default=10, show_default=True, type=click.IntRange(1), help="Failures to shrink, without VARIANTS."
)
@click.option(
    "--repeats", default=5, show_default=True, type=click.IntRange(3), help="Answers that check what was found."
)
@click.option("--budget", type=click.FloatRange(0, min_open=True), help="US dollars for these calls.")
@click.option("--concurrency", type=click.IntRange(1), help="The most calls in flight.")
def shrink(
    results: Path, variants: tuple[str, ...], worst: int, repeats: int, budget: float | None, concurrency: int | None
) -> None:
    """Finds the fewest edits that still turn right answers of RESULTS wrong, and what they have in common.

    VARIANTS are ids of failures, as the report shows them; without any, the worst of the report are taken. Each takes
    some 25 calls to the study's system. What is found is asked again, side by side with the clean text, so that a lucky
    flip is not reported. Answers are kept: the same command goes on, or shows what is known, without paying twice.
    """
    from tqdm import tqdm

    from .analysis import analyse
    from .formats import write_report
    from .manifest import seal
    from .minimal import find_failures, noise_of, shrink_failures, worst_failures
    from .results import read_results
    from .summary import defect_notes

    read = read_results(results)
    analysis = analyse(read)
    chosen = find_failures(read, variants) if variants else worst_failures(read, analysis, worst)
    if not chosen:
        click.echo(f"no failure in {results}: no answer that was right on clean text was wrong under mess")
        return
    with tqdm(total=len(chosen), unit="failure", file=sys.stderr) as bar:
        calls, spend = 0, 0.0

        def watch(record: Record) -> None:
            nonlocal calls, spend
            calls, spend = calls + 1, spend + record.paid
            bar.set_postfix_str(f"{calls} calls, ${spend:.4f}")

        found = shrink_failures(
            read,
            chosen,
            noise=noise_of(analysis),
            repeats=repeats,
            budget=budget or 0.0,
            concurrency=concurrency or 0,
            watch=watch,
            told=lambda minimal: bar.update(),
        )
    seal(read, analysis.answers)
    write_report(analysis, results)
    click.echo("\n".join(defect_notes(analysis)).strip())
    if found.stopped:
        raise RoadtestError(f"stopped: {found.stopped}. The answers are kept; the same command goes on from there")


@main.group()
def model() -> None:
    """Small real models on your own machine, for demos and tests."""


@model.command("fetch")
@click.argument("name", default="")
def fetch_(name: str) -> None:
    """Fetches the weights of model NAME into the cache folder, checked against their SHA-256."""
    from .embedded import DEFAULT_MODEL

    click.echo(str(_fetched(name or DEFAULT_MODEL)))


@model.command(cls=WithCommand)
@click.argument("name", default="")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port on 127.0.0.1 [default: 8017; a free one with COMMAND]."
)
@click.option("--fallback", is_flag=True, help="Serve the smallest model if NAME cannot be fetched.")
@click.pass_context
def serve(ctx: click.Context, name: str, port: int | None, fallback: bool) -> None:
    """Serves NAME (a known model or the path of a .gguf) behind an OpenAI-compatible server on loopback.

    With a COMMAND the server runs while the command does, and the exit code is the command's; it finds the address in
    ROADTEST_MODEL_URL and the name in ROADTEST_MODEL:

    \b
      roadtest model serve qwen2.5-coder-0.5b -- roadtest run docs/demo.toml
    """
    from .embedded import DEFAULT_MODEL, DEFAULT_PORT, FALLBACK_MODEL, ModelError, locate
    from .embedded import serve as serve_file

    command = ctx.meta["roadtest.command"]
    name = name or DEFAULT_MODEL
    locate(name)  # a name that is wrong is no reason to fall back
    try:
        path = _fetched(name)
    except ModelError as error:
        if not fallback or name == FALLBACK_MODEL:
            raise
        click.echo(f"roadtest: {error}; falling back to {FALLBACK_MODEL}, which is much weaker", err=True)
        name, path = FALLBACK_MODEL, _fetched(FALLBACK_MODEL)

    def announce(url: str) -> None:
        click.echo(f"serving {name} at {url}" + ("" if command else " (Ctrl-C stops)"), err=True)

    alias = Path(name).name.removesuffix(".gguf")
    sys.exit(
        serve_file(
            path,
            alias=alias,
            port=(0 if command else DEFAULT_PORT) if port is None else port,
            command=command,
            announce=announce,
        )
    )


# --- what the commands share --------------------------------------------------------------------------------------


def _pilot(folder: Path) -> tuple[PerCall, dict[str, float]]:
    """What calls took in a results folder, and the share of pairs that flip by chance in each condition.

    Flips both ways as often as the rarer way was seen: what exceeds that is the drop. The upper 80 % limit, because a
    pilot that saw few flips does not prove that there are few.
    """
    from .analysis import analyse
    from .results import read_results
    from .statistics import wilson

    analysis = analyse(read_results(folder))
    flips = {
        claim.name: 2 * wilson(min(claim.lost.value, claim.gained.value), claim.lost.items, 0.6)[1]
        for claim in analysis.claims
        if claim.lost and claim.gained
    }
    return analysis.per_call, flips


@contextmanager
def _progress(planned: Plan, journal: Path) -> Iterator[Any]:
    """A bar over all planned calls, with rate, time left, failures and spend."""
    from tqdm import tqdm

    from .journal import read_records

    known, spend, failed = bytearray(planned.numbering.total), 0.0, 0
    for record in read_records(journal):
        number = planned.numbering.number_of(record.id)
        if record.reply is not None and number is not None:
            known[number] = 1
            spend += record.paid
    with tqdm(total=len(planned.order), initial=sum(known), unit="call", file=sys.stderr, smoothing=0.05) as bar:

        def watch(record: Record) -> None:
            nonlocal spend, failed
            if record.reply is None:
                failed += 1
            else:
                spend += record.paid
            bar.set_postfix_str(f"${spend:.4f}" + (f", {failed} failed" if failed else ""), refresh=False)
            bar.update(record.reply is not None)

        yield watch


def _fetched(name: str) -> Path:
    """The model's file, with a progress bar while it is fetched."""
    from tqdm import tqdm

    from .embedded import fetch, locate

    found = locate(name)
    if found:
        return found
    with tqdm(unit="B", unit_scale=True, unit_divisor=1000, file=sys.stderr) as bar:

        def progress(what: str, done: int, total: int) -> None:
            bar.set_description(what, refresh=False)
            bar.total = total
            bar.update(done - bar.n)

        return fetch(name, progress)
