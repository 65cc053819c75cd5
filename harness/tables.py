"""Tables for the terminal besides the report's own: of a plan, a self-test, a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .calls import Plan
from .comparison import Comparison
from .escaping import inline, plain
from .minimal import ABOUT
from .planning import Forecast
from .policy import Verdict, percent, shown
from .selftest import Trial


def plan_text(planned: Plan, folder: Path) -> str:
    """What a plan asks, in three lines."""
    unchanged, twins = planned.survey.unchanged, planned.shared
    return (
        f"{len(planned.order) - twins:,} calls: {len(planned.cases)} items x {planned.study.repeats} clean, "
        f"{len(planned.variants) - unchanged} variants ({unchanged} more change nothing and are not asked"
        + (f", {twins} read like another one and share its answer" if twins else "")
        + ")\n"
        f"study {planned.fingerprint}, variants {planned.manifest[:16]}\n"
        f"results would go to {folder}" + _shrinking(planned)
    )


def _shrinking(planned: Plan) -> str:
    most = planned.study.shrink
    failures = f"the {most} worst failures are" if most > 1 else "the worst failure is"
    return f"\nthen {failures} shrunk, at some {ABOUT * most} calls in all (shrink = 0: none)" if most else ""


def forecast_text(found: Forecast, planned: Plan) -> str:
    """What a plan costs and can show, claim by claim, and the cheapest way out where a GO is not possible."""
    from tabulate import tabulate

    low, high = found.completion_tokens
    spread = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    price = "no listed price"
    if found.cost:
        price = " to ".join(dict.fromkeys(f"${one:,.4f}" for one in found.cost))
    rows = [
        {
            "claim": claim.name,
            "margin": f"{percent(claim.margin)}pp",
            "items": claim.items,
            "GO needs": claim.fewest,
            "GO possible": "yes" if claim.possible else "no",
            "chance of GO if no drop": f"{claim.go_chance:.0%}",
            "items for 80%": claim.needed,
            "smallest drop seen (80%)": f"{percent(claim.detectable, up=True)}pp",
        }
        for claim in found.claims
    ]
    looks = planned.study.gate.looks
    rule = {0: "a look at any time", 1: "no early stopping"}.get(
        looks, f"{looks} looks: it may stop early and cost less"
    )
    lines = [
        (
            f"{found.prompt_tokens:,} tokens in, {spread} out, {price}, about {_duration(found.seconds)} with "
            f"{planned.study.system.concurrency} in flight ({rule})"
        ),
        f"assumed: {found.assumed}",
        "",
        tabulate(rows, headers="keys", disable_numparse=True),
    ]
    return "\n".join([*lines, "", found.advice] if found.advice else lines)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def selftest_text(trials: Sequence[Trial], planned: Plan, clean: float, endpoint: str) -> str:
    """How often the gate gave each verdict, control by control."""
    from tabulate import tabulate

    def share(trial: Trial, verdict: Verdict) -> str:
        rate = trial.rate(verdict)
        mark = {trial.control.wrong: " (error)", trial.control.right: " (power)"}.get(verdict, "")
        limits = f"[{percent(rate.low, down=True)}, {percent(rate.high, up=True)}]"
        return f"{percent(rate.value)} {limits}%{mark}"

    rows = [
        {"control": trial.control.name}
        | {str(verdict): share(trial, verdict) for verdict in Verdict}
        | {"calls used": f"{trial.calls:.0%}"}
        for trial in trials
    ]
    gate = planned.study.gate
    basis = (
        f"{trials[0].runs} simulated studies each on {len(planned.cases)} items, clean accuracy {clean:.0%}, a "
        f"{endpoint} endpoint; gate: {', '.join(str(clause) for clause in gate.clauses)}; an error may happen in "
        f"{(1 - gate.level) / 2:.1%} of studies"
    )
    return "\n".join([tabulate(rows, headers="keys", disable_numparse=True), "", basis])


def comparison_text(found: Comparison, style: str = "simple") -> str:
    """Systems side by side, as a table and a sentence for every change of the winner. `style` is tabulate's."""
    from tabulate import tabulate

    rows = []
    for standing in found.standings:
        row = {"condition": standing.condition}
        row |= {f"{inline(name)} %": shown(one) for name, one in standing.accuracy.items()}
        duel = standing.duels[0]
        row["items"] = str(duel.difference.items)
        row["k"] = str(duel.difference.draws)
        if len(found.systems) == 2:
            row["difference"] = shown(duel.difference)
            row["difference of drops"] = shown(duel.drops) if duel.drops else "-"
        row["best"] = f"{inline(standing.winner)} ({standing.best[standing.winner]:.2f})"
        rows.append(row)
    lines = [tabulate(rows, headers="keys", tablefmt=style, disable_numparse=True), ""]
    for standing in found.standings if len(found.systems) > 2 else found.standings[:: len(found.standings) - 1 or 1]:
        for duel in standing.duels:
            ahead, behind = (duel.first, duel.second) if duel.better >= 0.5 else (duel.second, duel.first)
            rest = f"{shown(duel.difference)} points, {duel.difference.items} items, Holm-adjusted p {duel.p:.3f}"
            lines.append(
                f"{standing.condition}: {inline(ahead)} is better than {inline(behind)} with probability "
                f"{max(duel.better, 1 - duel.better):.2f} ({inline(duel.first)} less {inline(duel.second)}: {rest})"
            )
    clean = found.standings[0].winner
    lines += [
        f"the winner changes under {standing.condition}: {inline(standing.winner)} "
        f"(probability {standing.best[standing.winner]:.2f}) instead of {inline(clean)}"
        for standing in found.changes
    ]
    if not found.changes:
        lines.append(f"{inline(clean)} leads in every condition")
    lines += ["", *_economy(found, style), *stability_lines(found)]
    lines.append(f"intervals are {found.level:.0%}; probabilities are over resampled items")
    return "\n".join(lines)


def economy_rows(found: Comparison) -> list[dict[str, str]]:
    """What each system's answers take, and how many right ones that buys."""

    def said(value: float | None, form: str) -> str:
        return "-" if value is None else format(value, form)

    return [
        {
            "system": plain(name),
            "US$ a call": said(one.dollars, ".6f"),
            "seconds a call": said(one.seconds, ".3f"),
            "right answers a US$": said(one.right_a_dollar, ",.0f"),
            "right answers a second": said(one.right_a_second, ".2f"),
        }
        for name, one in found.economy.items()
    ]


def stability_lines(found: Comparison) -> list[str]:
    """Whether the ranking on clean text holds under mess."""
    if found.stability is None:
        return []
    said = (
        f"the order on clean text holds over all mess with probability {found.stability.order:.2f}, its winner with "
        f"{found.stability.winner:.2f} (Kendall's tau {found.stability.tau:.2f})"
    )
    return [said]


def _economy(found: Comparison, style: str) -> list[str]:
    from tabulate import tabulate

    rows = economy_rows(found)
    return [tabulate(rows, headers="keys", tablefmt=style, disable_numparse=True), ""] if rows else []
