"""The pictures of a report as inline SVG: colours come from the page's style sheet, meaning never from them alone."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

from .analysis import Analysis, Claim
from .breakdown import Breakdown
from .escaping import plain
from .policy import FEWEST_ITEMS, Verdict, percent
from .severity import Ladder
from .statistics import Estimate
from .summary import noise_band, shown_drop
from .usage import Usage

# Stand-ins that the page's style sheet takes the place of, so that one picture serves light and dark.
INK, FAINT, GO, NO_GO, OPEN, BAND, ACCENT = "#010203", "#010204", "#010205", "#010206", "#010207", "#010208", "#010209"
_VARIABLES = {
    INK: "ink",
    FAINT: "faint",
    GO: "go",
    NO_GO: "no-go",
    OPEN: "open",
    BAND: "band",
    ACCENT: "accent",
}
_COLOUR = {Verdict.GO: GO, Verdict.NO_GO: NO_GO, Verdict.INCONCLUSIVE: OPEN, None: FAINT}
_MARKER = {Verdict.GO: "o", Verdict.NO_GO: "s", Verdict.INCONCLUSIVE: "D", None: "|"}
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "roadtest",
    "text.parse_math": False,
    "font.size": 9,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
_HOTTEST = 0.3  # the drop from which a heat map is darkest
_LADDERS_A_ROW = 3


Parameters = ParamSpec("Parameters")


def _styled(draw: Callable[Parameters, str]) -> Callable[Parameters, str]:
    """The picture in our style, whatever the process has set: matplotlib reads it as each part is made."""

    @wraps(draw)
    def drawn(*args: Parameters.args, **kwargs: Parameters.kwargs) -> str:
        import logging

        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # a first use must not chatter
        from matplotlib import rc_context

        with rc_context({**_defaults(), **_STYLE}):
            return draw(*args, **kwargs)

    return drawn


def _defaults() -> Any:
    """What matplotlib is like without the user's own style file, its choice of a window system left alone."""
    from matplotlib import rcParamsDefault

    return {name: rcParamsDefault[name] for name in rcParamsDefault if "backend" not in name and name != "toolbar"}


@_styled
def forest(analysis: Analysis) -> str:
    """The drop of every perturbation with its interval, the margin, and the band of the noise floor."""
    claims = [(claim, drop) for claim in analysis.of_users if (drop := shown_drop(claim))]
    if not claims:
        return ""
    figure, axes = _figure(8.6, 1.1 + 0.27 * len(claims))
    band = noise_band(analysis)
    if band is not None:
        label = f"noise floor: two clean runs differ by ±{percent(band, up=True)}"
        axes.axvspan(-max(100 * band, 0.15), max(100 * band, 0.15), color=BAND, lw=0, label=label)
    axes.axvline(0, color=FAINT, lw=0.8)
    for at, (claim, drop) in enumerate(claims):
        verdict = claim.decision.verdict if claim.decision else None
        _interval(axes, drop, at, verdict)
        for bound in _margins(claim):
            axes.plot([bound, bound], [at - 0.38, at + 0.38], color=INK, lw=1.4, ls=(0, (3, 2)))
    shared = {bound for claim, _ in claims for bound in _margins(claim)}
    if shared:
        axes.plot([], [], color=INK, lw=1.4, ls=(0, (3, 2)), label="margin")
    used = {claim.decision.verdict if claim.decision else None for claim, _ in claims}
    for verdict in (*Verdict, None):
        if verdict in used:
            name = verdict or "no claim"
            axes.plot([], [], color=_COLOUR[verdict], marker=_MARKER[verdict], ls="none", ms=5, label=str(name))
    axes.set_yticks(range(len(claims)), [plain(claim.name) for claim, _ in claims])
    axes.set_ylim(len(claims) - 0.5, -0.5)
    _cut_off(axes, [drop for _, drop in claims], [bound for claim, _ in claims for bound in _margins(claim)])
    axes.set_xlabel("drop in accuracy, points (right is worse)")
    axes.grid(axis="x", color=FAINT, lw=0.4, alpha=0.5)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=5, handlelength=1.4, columnspacing=1.2)
    return _svg(
        figure, "forest", f"Drop of {len(claims)} perturbations with intervals; the numbers are in the table below"
    )


@_styled
def severity_curves(analysis: Analysis) -> str:
    """The drop by severity, a panel a perturbation, with the highest certified and the lowest broken severity."""
    ladders = analysis.ladders
    if not ladders:
        return ""
    rows = math.ceil(len(ladders) / _LADDERS_A_ROW)
    figure = _empty(8.6, 0.5 + 2.1 * rows)
    panels = list(figure.subplots(rows, _LADDERS_A_ROW, squeeze=False, sharex=True, sharey=True).flat)
    for panel, (name, ladder) in zip(panels, ladders.items(), strict=False):
        _curve(panel, name, ladder, [claim for claim in analysis.claims if claim.perturbation == name])
    for panel in panels[len(ladders) :]:
        panel.set_visible(False)
    figure.supxlabel("severity", fontsize=9)
    figure.supylabel("drop, points", fontsize=9)
    return _svg(
        figure, "severity", f"Drop by severity of {len(ladders)} perturbations; the lines below say it in words"
    )


@_styled
def flips(analysis: Analysis) -> str:
    """Answers that mess turned wrong, to the left, and right, to the right."""
    claims = [claim for claim in analysis.claims if claim.lost and claim.gained]
    if not claims:
        return ""
    figure, axes = _figure(8.6, 1.0 + 0.27 * len(claims))
    for at, claim in enumerate(claims):
        assert claim.lost is not None
        assert claim.gained is not None
        lost, gained = 100 * claim.lost.value, 100 * claim.gained.value
        axes.barh(at, -lost, color=NO_GO, height=0.6)
        axes.barh(at, gained, color=GO, height=0.6)
        axes.annotate(
            percent(claim.lost.value), (-lost, at), (-3, 0), textcoords="offset points", ha="right", va="center"
        )
        axes.annotate(percent(claim.gained.value), (gained, at), (3, 0), textcoords="offset points", va="center")
    if analysis.noise_floor:
        half = 50 * analysis.noise_floor.value
        axes.axvline(-half, color=INK, lw=0.8, ls=":", label="by chance, each way")
        axes.axvline(half, color=INK, lw=0.8, ls=":")
    axes.axvline(0, color=FAINT, lw=0.8)
    axes.set_yticks(range(len(claims)), [plain(claim.name) for claim in claims])
    axes.set_ylim(len(claims) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    low, high = axes.get_xlim()
    axes.set_xlim(low - 0.08 * (high - low), high + 0.08 * (high - low))
    axes.set_xlabel("% of answers: right became wrong (left), wrong became right (right)")
    if analysis.noise_floor:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0))
    return _svg(figure, "flips", f"Flips both ways of {len(claims)} perturbations; the numbers are in the table below")


@_styled
def heat_map(found: Breakdown) -> str:
    """The drop of each family on each task; the number stands in each cell, fewer than 20 items in brackets."""
    if not found.cells:
        return ""
    from matplotlib.patches import Rectangle

    height = 0.9 + 0.36 * len(found.families)
    figure, axes = _figure(8.6, height + 0.06 * max(len(task) for task in found.tasks))
    for row, family in enumerate(found.families):
        for column, task in enumerate(found.tasks):
            cell = found.cells.get((family, task))
            value = min(max(cell.value if cell else 0.0, 0.0), _HOTTEST) / _HOTTEST
            # from paper to dark red, each with ink that stands out from it
            colour = (1.0 - 0.42 * value, 0.97 - 0.87 * value, 0.93 - 0.80 * value)
            axes.add_patch(Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, color=colour, lw=0))
            said = (
                "-"
                if cell is None
                else percent(cell.value)
                if cell.items >= FEWEST_ITEMS
                else f"({percent(cell.value)})"
            )
            axes.text(column, row, said, ha="center", va="center", color="#ffffff" if value > 0.66 else "#1a1a1a")
    axes.set_xticks(
        range(len(found.tasks)), [plain(task) for task in found.tasks], rotation=30 if len(found.tasks) > 4 else 0,
        ha="right" if len(found.tasks) > 4 else "center",
    )  # fmt: skip
    axes.set_yticks(range(len(found.families)), [plain(family) for family in found.families])
    axes.set_xlim(-0.5, len(found.tasks) - 0.5)
    axes.set_ylim(len(found.families) - 0.5, -0.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return _svg(figure, "heat", "Drop by family of mess and by task; the numbers with intervals are in the table below")


@_styled
def what_it_takes(found: Sequence[Usage]) -> str:
    """Seconds a call (median to 95th percentile), and tokens as a ratio to clean calls."""
    parts = [one for one in found if one.name != "all" and one.seconds]
    if not parts:
        return ""
    figure = _empty(8.6, 1.1 + 0.27 * len(parts))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    for at, one in enumerate(parts):
        median = one.seconds[50]
        left.plot([median, one.seconds.get(95, median)], [at, at], color=ACCENT, lw=2)
        left.plot([median], [at], "o", color=ACCENT, ms=5)
        for key, marker in (("prompt_tokens", ">"), ("completion_tokens", "<")):
            if key in one.inflation:
                right.plot(
                    [one.inflation[key]], [at], marker, color=ACCENT, ms=5, mfc="none" if marker == "<" else None
                )
    right.plot([], [], ">", color=ACCENT, ms=5, label="tokens in")
    right.plot([], [], "<", color=ACCENT, ms=5, mfc="none", label="tokens out")
    right.axvline(1, color=FAINT, lw=0.8)
    right.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
    left.set_yticks(range(len(parts)), [plain(one.name) for one in parts])
    left.set_ylim(len(parts) - 0.5, -0.5)
    left.set_xlim(left=0)
    left.set_xlabel("seconds a call: median (dot) to 95th percentile")
    right.set_xlabel("times what clean calls take")
    return _svg(figure, "usage", "Latency and tokens of each condition; the numbers are in the table below")


@_styled
def standings(names: Sequence[str], conditions: Sequence[str], accuracies: Sequence[Sequence[Estimate]]) -> str:
    """The accuracy of several systems in each condition, each system with a marker of its own."""
    figure, axes = _figure(8.6, 1.2 + (0.16 * len(names) + 0.14) * len(conditions))
    markers = "osD^vP*X"
    for system, name in enumerate(names):
        shift = (system - (len(names) - 1) / 2) * 0.7 / max(len(names), 1)
        for at, row in enumerate(accuracies):
            one, y = row[system], at + shift
            axes.plot([100 * one.low, 100 * one.high], [y, y], color=INK, lw=1.1)
            axes.plot(
                [100 * one.value], [y], markers[system % 8], color=INK, ms=5, mfc=INK if system % 2 == 0 else "none"
            )
        axes.plot(
            [], [], markers[system % 8], color=INK, ms=5, mfc=INK if system % 2 == 0 else "none", label=plain(name)
        )
    axes.set_yticks(range(len(conditions)), [plain(one) for one in conditions])
    axes.set_ylim(len(conditions) - 0.5, -0.5)
    axes.set_xlabel("accuracy, %")
    axes.grid(axis="x", color=FAINT, lw=0.4, alpha=0.5)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
    return _svg(figure, "standings", "Accuracy of each system in each condition; the numbers are in the table below")


# --- parts --------------------------------------------------------------------------------------------------------


def _margins(claim: Claim) -> list[float]:
    return [100 * one.clause.bound for one in claim.conditions if one.clause.measure == "drop"]


def _interval(axes: Any, drop: Estimate, at: float, verdict: Verdict | None) -> None:
    colour = _COLOUR[verdict]
    axes.plot([100 * drop.low, 100 * drop.high], [at, at], color=colour, lw=1.8, solid_capstyle="butt")
    axes.plot([100 * drop.value], [at], _MARKER[verdict], color=colour, ms=5.5)


def _cut_off(axes: Any, drops: Sequence[Estimate], margins: Sequence[float]) -> None:
    """Fits the axis to the drops that rest on some items; an arrow marks where another one's interval goes on."""
    sound = [drop for drop in drops if drop.items >= FEWEST_ITEMS] or drops
    low = min(0.0, *margins, *(100 * drop.low for drop in sound))
    high = max(0.0, *margins, *(100 * drop.high for drop in sound))
    room = 0.05 * (high - low) or 1.0
    axes.set_xlim(low - room, high + room)
    for at, drop in enumerate(drops):
        if 100 * drop.low < low - room:
            axes.plot([low - 0.8 * room], [at], "<", color=FAINT, ms=5, clip_on=False)
        if 100 * drop.high > high + room:
            axes.plot([high + 0.8 * room], [at], ">", color=FAINT, ms=5, clip_on=False)


def _curve(panel: Any, name: str, ladder: Ladder, claims: Sequence[Claim]) -> None:
    for claim in claims:
        drop = shown_drop(claim)
        if drop:
            verdict = claim.decision.verdict if claim.decision else None
            panel.plot([claim.severity] * 2, [100 * drop.low, 100 * drop.high], color=_COLOUR[verdict], lw=1.8)
            panel.plot([claim.severity], [100 * drop.value], _MARKER[verdict], color=_COLOUR[verdict], ms=5)
    known = [(claim.severity, 100 * drop.value) for claim in claims if (drop := shown_drop(claim))]
    panel.plot([0, *(one for one, _ in known)], [0, *(value for _, value in known)], color=FAINT, lw=1, zorder=0)
    for bound in sorted({bound for claim in claims for bound in _margins(claim)}):
        panel.axhline(bound, color=INK, lw=1, ls=(0, (3, 2)))
    said = [f"certified to {ladder.certified}" if ladder.certified else ""]
    said.append(f"broken from {ladder.broken}" if ladder.broken is not None else "")
    panel.set_title("\n".join([plain(name), ", ".join(one for one in said if one) or "nothing certified"]), fontsize=8)
    panel.set_xticks(range(max(ladder.severities) + 1))


def _empty(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _figure(width: float, height: float) -> tuple[Any, Any]:
    figure = _empty(width, height)
    return figure, figure.subplots()


def _svg(figure: Any, name: str, label: str) -> str:
    """The figure as an `svg` element that scales with the page; ids are made unlike those of other pictures."""
    held = io.StringIO()
    figure.savefig(held, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = held.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)  # styles would be the page's
    svg = re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\1{name}-", svg)
    svg = svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "").replace("xlink:href", "href")
    svg = re.sub(r"<svg[^>]*>", lambda head: re.sub(r' (?:width|height)="[^"]*"', "", head[0]), svg, count=1)
    for stand_in, variable in _VARIABLES.items():
        svg = svg.replace(stand_in, f"var(--{variable})")
    svg = svg.replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans', sans-serif")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
