"""The commands with which a person reads variants and signs them: `roadtest audit` and `roadtest paraphrase`."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import click

from .errors import StudyError, did_you_mean
from .previewing import coloured


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--size", type=click.IntRange(1), help="How many at most [default: up to 160 a perturbation].")
@click.option("--by", default="", help="Who reads; kept with each answer [default: the name you are logged in with].")
@click.option("--only", default="", metavar="PERTURBATION", help="Only variants of this perturbation or condition.")
def audit(results: Path, size: int | None, by: str, only: str) -> None:
    """Shows you a sample of the variants in RESULTS and asks of each: does the right answer still hold?

    y = yes, n = no, s = skip, q = stop. What you say is kept in audit.jsonl at once; a later call goes on where you
    stopped. Reports of these results then correct the drop for the invalid share. A second reader with another --by
    makes agreement measurable.
    """
    from .analysis import analyse
    from .answers import read_answers
    from .auditing import sign, to_read
    from .escaping import plain
    from .manifest import MANIFEST, seal
    from .policy import shown
    from .results import read_results

    reader = by or getpass.getuser()
    held = read_results(results)
    answers = read_answers(held)
    known = {name for one in (*held.conditions, *held.behaviours) for name in (one, one.rpartition("@")[0])}
    if only and only not in known:
        raise StudyError(f"{only!r} is not in this study{did_you_mean(only, sorted(known))}")
    asked = list(to_read(held, answers, size, reader, only))
    done = 0
    click.echo(f"{len(asked)} variants to read as {reader!r}. Does the answer still hold? y, n, s (skip) or q (stop)")
    for number, variant in enumerate(asked, 1):
        click.echo(f"\n{number}/{len(asked)}  {variant.condition}  {plain(variant.case.id)}")
        click.echo(coloured(variant))
        choices = f"   (of {plain(', '.join(variant.case.choices))})" if variant.case.choices else ""
        click.echo(click.style(f"right answer: {plain(variant.case.target)}{choices}", bold=True))
        said = click.prompt("holds?", type=click.Choice(["y", "n", "s", "q"]), show_choices=True)
        if said == "q":
            break
        if said != "s":
            sign(held, variant, said == "y", reader)
            done += 1
    if done and (results / MANIFEST).exists():
        seal(held, answers)
    left = len(asked) - done
    click.echo(f"\n{done} kept in {held.folder / 'audit.jsonl'}; {left} left (run the same command again)")
    for claim in analyse(held).claims:
        if claim.invalid:
            click.echo(f"{claim.name}: invalid {shown(claim.invalid)}% of variants ({claim.invalid.items} items)")


@click.command()
@click.argument("suite")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", help="The model that paraphrases, as litellm writes it. Without it, you review what is there.")
@click.option("--base-url", help="The address of its server, where it is not the provider's own.")
@click.option("--key-env", help="The environment variable that holds its key.")
@click.option("--items", default=0, type=click.IntRange(0), help="Only the suite's first so many items.")
@click.option("--by", default="", help="Who reviews [default: the name you are logged in with].")
def paraphrase(
    suite: str, file: Path, model: str | None, base_url: str | None, key_env: str | None, items: int, by: str
) -> None:
    """Freezes paraphrases of SUITE's texts to FILE, or shows them to you for review.

    With --model, each text without a paraphrase in FILE is paraphrased once; what the guard finds changed is refused at
    once. Without it, you accept or refuse what waits. Only accepted ones are ever used, by the perturbation
    paraphrase:FILE.
    """
    from tqdm import tqdm

    from ..datasets import load_suite
    from .escaping import plain
    from .litellm_road import LiteLLM
    from .paraphrasing import paraphrase as ask
    from .paraphrasing import review, unread

    if model:
        cases = load_suite(suite).cases[: items or None]
        endpoint = LiteLLM(model, base_url=base_url, key_env=key_env, temperature=0.7, max_tokens=1024)
        with tqdm(total=len(cases), unit="text", file=sys.stderr) as bar:
            new = ask(cases, endpoint, file, lambda case, why: bar.update())
        click.echo(f"{new} new in {file}; review them with: roadtest paraphrase {suite} {file}")
        return
    reader = by or getpass.getuser()
    waiting = list(unread(file))
    for number, row in enumerate(waiting, 1):
        click.echo(f"\n{number}/{len(waiting)}  {plain(row['case'])}\n  {plain(row['clean'])}\n  {plain(row['text'])}")
        said = click.prompt("asks the same?", type=click.Choice(["y", "n", "s", "q"]), show_choices=True)
        if said == "q":
            break
        if said != "s":
            review(file, row["case"], said == "y", reader)
    click.echo(f"{len(list(unread(file)))} wait for review in {file}")
