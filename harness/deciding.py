"""Commands that read results and ask nobody: report, gate, compare, verify, sign."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .errors import ResultsError, StudyError

if TYPE_CHECKING:
    from .analysis import Analysis

_FORMATS = ["terminal", "markdown", "html", "json", "junit", "csv", "parquet"]


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(_FORMATS), default="terminal", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write to this file; for csv and parquet a folder [RESULTS]."
)
@click.option("--no-texts", is_flag=True, help="Leave out every word of a user or of the system, to share it.")
@click.option("--margin", help="Judge by another margin, such as 3pp.")
@click.option("--claim", "claims", multiple=True, help="Judge by these claims instead, such as 'typos@3: drop <= 3pp'.")
@click.option("--policy", type=click.Path(path_type=Path), help="Judge by the [gate] and [business] of this TOML file.")
@click.option("--scorer", default="", help="Read the answers with another scorer.")
def report(
    results: Path,
    form: str,
    output: Path | None,
    no_texts: bool,
    margin: str | None,
    claims: tuple[str, ...],
    policy: Path | None,
    scorer: str,
) -> None:
    """Makes the report of a RESULTS folder again, also by another margin, claims, policy or scorer, without a call.

    html is one file that opens anywhere; json is valid by the schema of docs/report.md; csv and parquet are two tables,
    of claims and of calls. Without --output a text is printed.
    """
    from .formats import TEXT_FORMATS, rendered
    from .report_tables import write_tables

    analysis = analysed(results, margin, claims, policy, scorer)
    if form not in TEXT_FORMATS:
        for path in write_tables(analysis, output or results, form, texts=not no_texts):
            click.echo(str(path))
        return
    _give(rendered(analysis, form, texts=not no_texts), output)


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.argument("claims", nargs=-1)
@click.option("--margin", help="Judge by another margin than the study's, such as 3pp.")
@click.option("--policy", type=click.Path(path_type=Path), help="Judge by the [gate] of this TOML file.")
@click.option(
    "--inconclusive-as",
    type=click.Choice(["fail", "pass"]),
    default="fail",
    show_default=True,
    help="Whether INCONCLUSIVE exits with 3 or with 0.",
)
def gate(results: Path, claims: tuple[str, ...], margin: str | None, policy: Path | None, inconclusive_as: str) -> None:
    """Exits with the verdict on a RESULTS folder: 0 GO, 1 NO-GO, 3 INCONCLUSIVE.

    CLAIMS such as 'typos@3: drop <= 3pp' or 'mean: drop <= 2pp' stand in for the study's gate, without a call.
    """
    from .escaping import plain
    from .policy import Verdict
    from .summary import headline, reasons

    analysis = analysed(results, margin, claims, policy)
    click.echo(headline(analysis))
    for name, verdict, reason, needs in reasons(analysis):
        click.echo(f"  {plain(name)}: {verdict}, {plain(reason)}")
        for need in needs:
            click.echo(f"    {need}")
    verdict = analysis.overall.verdict
    passed = verdict is Verdict.INCONCLUSIVE and inconclusive_as == "pass"
    sys.exit(0 if passed else verdict.exit_code)


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--level", default=0.95, show_default=True, type=click.FloatRange(0.5, 0.9999), help="Confidence of the intervals."
)
@click.option("--scorer", default="", help="Read the answers with another scorer.")
@click.option(
    "--format", "form", type=click.Choice(["terminal", "markdown", "html"]), default="terminal", show_default=True
)
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of printing.")
def compare(results: tuple[Path, ...], level: float, scorer: str, form: str, output: Path | None) -> None:
    """Compares two RESULTS folders or more that asked the same variants of different systems.

    Candidate models, the same model on two dates, or a system before and after a mitigation: who is better, by how
    much, where, whether the order survives the mess, and what a right answer costs in dollars and seconds.
    """
    from .comparison import compare as side_by_side
    from .comparison_report import comparison_html, comparison_markdown
    from .results import read_results
    from .tables import comparison_text

    compared = side_by_side([read_results(folder) for folder in results], level=level, scorer=scorer)
    render = {"terminal": comparison_text, "markdown": comparison_markdown, "html": comparison_html}[form]
    _give(render(compared).rstrip("\n") + "\n", output)


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--public-key", type=click.Path(path_type=Path), help="Must be signed by this key (PEM).")
def verify(results: Path, public_key: Path | None) -> None:
    """Checks RESULTS against its manifest: every file, every record and the order of the records.

    Exits with 0 where nothing was altered, with 1 where something was, and names file and line.
    """
    from .manifest import MANIFEST, file_digest
    from .manifest import verify as check_all
    from .signing import check

    found = check_all(results)
    problem, said = check(results, public_key)
    problems = [*found.problems, *([problem] if problem else [])]
    for one in problems:
        click.echo(one)
    for one in found.notes:
        click.echo(f"note: {one}", err=True)
    click.echo(f"{MANIFEST}: SHA-256 {file_digest(results / MANIFEST)}")
    if said:
        click.echo(said)
    if problems:
        click.echo(f"ALTERED: {len(problems)} {'problems' if len(problems) > 1 else 'problem'} in {results}")
        sys.exit(1)
    click.echo(f"intact: {found.records:,} records in {results}")


@click.command()
@click.argument("results", required=False, type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), help="Your private Ed25519 key (PEM).")
@click.option("--new-key", type=click.Path(path_type=Path), help="Make a key in this file first.")
def sign(results: Path | None, key: Path | None, new_key: Path | None) -> None:
    """Signs the manifest of RESULTS with your key, so that nobody else can seal altered results.

    \b
      roadtest sign --new-key me.pem              makes me.pem (keep it secret) and me.pem.pub (give it away)
      roadtest sign RESULTS --key me.pem          signs
      roadtest verify RESULTS --public-key me.pem.pub
    """
    from .manifest import verify as check_all
    from .signing import new_key as make
    from .signing import sign as put

    if new_key:
        click.echo(f"{new_key}: keep it secret. {make(new_key)}: give it to whoever verifies")
    if results is None:
        if not new_key:
            raise StudyError("sign needs RESULTS and --key, or --new-key")
        return
    key = key or new_key
    if key is None:
        raise StudyError("sign needs --key, your private key; --new-key FILE makes one")
    altered = check_all(results).problems
    if altered:
        raise ResultsError(f"{altered[0]}; altered results are not signed")
    click.echo(f"signed by {put(results, key)}")


def analysed(
    folder: Path, margin: str | None = None, claims: tuple[str, ...] = (), policy: Path | None = None, scorer: str = ""
) -> Analysis:
    """The analysis of a results folder by its own gate, or by what the options of a command say instead."""
    from .analysis import analyse
    from .gate import points, with_claims
    from .results import read_results
    from .study import load_policy

    results = read_results(folder)
    gate, business = load_policy(policy) if policy else (results.gate, None)
    if claims:
        gate = with_claims(gate, claims)
    if margin:
        gate = dataclasses.replace(gate, margin=points(_number(margin)))
    return analyse(results, gate=gate, scorer=scorer, business=business)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _give(text: str, output: Path | None) -> None:
    """Prints a text, or writes it to a file as UTF-8 and says where."""
    if output is None:
        click.echo(text, nl=False)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    click.echo(str(output))
