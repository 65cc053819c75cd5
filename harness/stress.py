"""The commands that put a system under strain: load and chaos."""

from __future__ import annotations

import sys
from pathlib import Path

import click


class WithCommand(click.Command):
    """A command that takes another command behind `--`, so that neither can be mistaken for the other."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses what stands before `--` and keeps what stands behind it for the callback."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta["roadtest.command"] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """`[NAME] [-- COMMAND]`."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND]"]


@click.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), help="Results folder [default: the study's].")
@click.option(
    "--rate", "rates", multiple=True, type=click.FloatRange(0, min_open=True), help="Calls a second; several."
)
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(1, 3600), help="Of each rate.")
@click.option("--calls", default=2000, show_default=True, type=click.IntRange(1), help="Never more calls than this.")
@click.option("--budget", type=click.FloatRange(0, min_open=True), help="US dollars at which to stop.")
@click.option("--system", default="", help="This one of several [endpoints.NAME].")
def load(
    study: Path,
    into: Path | None,
    rates: tuple[float, ...],
    seconds: float,
    calls: int,
    budget: float | None,
    system: str,
) -> None:
    """Offers the messy traffic of STUDY to its endpoint at rising rates, until it no longer keeps up.

    Arrivals are random and wait for nobody (open loop), as users do: latency counts from when a call was due, and rates
    double from 1 a second unless --rate names some. Answers are not scored. What was found is kept in the results
    folder and shown in its report.
    """
    from .calls import plans
    from .load import load as offer
    from .load import load_text, write
    from .run import results_folder

    chosen = plans(study, system)
    if len(chosen) > 1:
        raise click.UsageError(f"load asks one system; add --system, one of {', '.join(chosen)}")
    planned = next(iter(chosen.values()))
    messy = [number for number in planned.order if planned.condition_of(number) != "clean"][:calls]
    endpoint = planned.study.system.endpoint(planned.study.folder)
    folder = into or results_folder(planned)
    found = offer(
        endpoint,
        [planned.request(number).messages for number in messy],
        rates=rates,
        seconds=seconds,
        seed=planned.study.seed,
        most_calls=calls,
        timeout=planned.study.system.timeout,
        budget=budget or planned.study.budget or None,
        watch=lambda step: click.echo(
            f"{step.rate:g} a second: {step.answered} of {step.calls} answered"
            + (f", {step.overloaded}" * bool(step.overloaded)),
            err=True,
        ),
    )
    folder.mkdir(parents=True, exist_ok=True)
    write(found, folder)
    click.echo(load_text(found))


@click.command(cls=WithCommand)
@click.argument("upstream")
@click.option("--rate", "rates", required=True, help="Shares of requests, such as '429=3%,500=1%,cut=0.5%'.")
@click.option("--into", type=click.Path(path_type=Path), help="Results folder whose report is to show what was met.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1 [default: a free one].")
@click.option("--seed", default=0, show_default=True, help="Another seed, other requests that meet something.")
@click.option("--hold", default=30.0, show_default=True, type=click.FloatRange(0), help="Seconds of a timeout.")
@click.option("--pause", default=0.2, show_default=True, type=click.FloatRange(0), help="Seconds between slow pieces.")
@click.option("--retry-after", default=1.0, show_default=True, type=click.FloatRange(0), help="Seconds a 429 asks for.")
@click.pass_context
def chaos(
    ctx: click.Context,
    upstream: str,
    rates: str,
    into: Path | None,
    port: int,
    seed: int,
    hold: float,
    pause: float,
    retry_after: float,
) -> None:
    """Stands between your application and its model at UPSTREAM (http://...), and breaks a share of the answers.

    Kinds: 429, 500, 503, timeout, slow, cut, truncated (half a JSON), null. The study asks your application, your
    application asks this proxy, and the report tells what became of the calls that met each kind. With a COMMAND the
    proxy runs while the command does; it finds the address in ROADTEST_CHAOS_URL and OPENAI_BASE_URL:

    \b
      roadtest chaos http://127.0.0.1:8000/v1 --rate 429=3%,cut=1% --into results/app -- \\
          roadtest run study.toml --into results/app
    """
    from .chaos import CHAOS, Chaos, parse_rates
    from .chaos import serve as stand_between

    command = ctx.meta["roadtest.command"]
    made = Chaos(upstream, parse_rates(rates), seed=seed, hold=hold, pause=pause, retry_after=retry_after)
    journal = (into or Path()) / CHAOS

    def announce(url: str) -> None:
        click.echo(
            f"{url} stands for {upstream}; journal: {journal}" + ("" if command else " (Ctrl-C stops)"), err=True
        )

    sys.exit(stand_between(made, journal, port=port, command=command, announce=announce))
