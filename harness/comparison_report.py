"""A comparison as one Markdown text and as one HTML file."""

from __future__ import annotations

from .comparison import Comparison
from .escaping import inline, plain
from .plots import standings
from .policy import shown
from .report_html import page
from .tables import comparison_text, economy_rows, stability_lines

_ABOUT = (
    "All systems were asked the same variants of the same items, and are compared item by item on those that all of "
    "them answered. Probabilities are over resampled items; p-values are adjusted by Holm over the pairs of a row."
)


def comparison_markdown(found: Comparison) -> str:
    """The comparison for a pull request."""
    lines = [f"# {inline(verdict(found))}", "", _ABOUT, "", comparison_text(found, "github"), "", "## Provenance", ""]
    lines += [f"- {inline(name)}: {inline(value)}" for name, value in found.about]
    return "\n".join(lines) + "\n"


def comparison_html(found: Comparison) -> str:
    """The comparison as one file that needs nothing else."""
    rows = [one.accuracy for one in found.standings]
    picture = standings(
        found.systems,
        [one.condition for one in found.standings],
        [[row[name] for name in found.systems] for row in rows],
    )
    values = {
        "title": verdict(found),
        "about": _ABOUT,
        "standings": [
            {"condition": one.condition}
            | {f"{plain(name)} %": shown(estimate) for name, estimate in one.accuracy.items()}
            | {"items": str(one.duels[0].difference.items)}
            | {"best": f"{one.winner} ({one.best[one.winner]:.2f})"}
            for one in found.standings
        ],
        "duels": [
            {
                "condition": one.condition,
                "first": duel.first,
                "second": duel.second,
                "first less second, points": shown(duel.difference),
                "first is better": f"{duel.better:.2f}",
                "p (Holm)": f"{duel.p:.3f}",
                "difference of drops": shown(duel.drops) if duel.drops else "-",
            }
            for one in found.standings
            for duel in one.duels
        ],
        "changes": [
            f"under {one.condition} {one.winner} is most likely the best ({one.best[one.winner]:.2f})"
            for one in found.changes
        ],
        "stability": stability_lines(found),
        "economy": economy_rows(found),
        "provenance": [{"name": name, "value": value} for name, value in found.about],
        "level": f"{found.level:.0%}",
    }
    return page("compare.html", values, {"standings": picture})


def verdict(found: Comparison) -> str:
    """Who leads on clean text and who under mess, in one sentence."""
    clean, last = found.standings[0], found.standings[-1]
    names = " and ".join([", ".join(found.systems[:-1]), found.systems[-1]])
    if clean.winner == last.winner:
        return f"{names}: {clean.winner} leads, on clean text and under {last.condition}"
    return f"{names}: {clean.winner} leads on clean text, {last.winner} under {last.condition}"
