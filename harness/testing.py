"""Studies inside a test suite: what the pytest plugin does once it is used."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
import shutil
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..datasets import load_suite, suite_names
from .analysis import Analysis, analyse
from .calls import Plan, plan
from .cases import Case, Variant
from .defects import described
from .endpoints import PythonCallable, Scripted
from .errors import RoadtestError, StudyError
from .escaping import plain
from .formats import REPORT_HTML, write_report
from .frames import Frame, Message, said
from .gate import Gate, points, with_claims
from .journal import RECORDS, read_records
from .minimal import SHRINK, read_minimal
from .models import Model
from .offline import is_loopback, loopback_only
from .policy import Decision, Verdict, percent
from .replay import Outcome
from .replies import Endpoint, Reply
from .report import terminal
from .results import prepare, read_results
from .run import run_study
from .scorers import find_scorer
from .settling import Need
from .study import Study, load_studies, name_of
from .summary import likeliest
from .systems import System, expand

SESSION = "session.json"
"""Beside the results: which test session asked them, and whether it came to the end."""

SHOWN = 3
"""Failures that the message of a failed test shows."""

KEPT = 5
"""Earlier results of a study that are kept, of those that cost nothing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a test session. `results` and `root` are folders, `budget` is in US dollars (0 = none)."""

    root: Path
    results: Path
    session: str = field(default_factory=lambda: uuid.uuid4().hex)
    endpoint: str = ""
    seed: int | None = None
    limit: int = 0
    budget: float = 0.0
    record: bool = False
    live: bool = False
    allowed: tuple[str, ...] = ()


_LINE = 160  # characters of a text in a message


class NotGo(AssertionError):  # noqa: N818 - a verdict, not an error
    """A claim that is not GO; `verdict` says which."""

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict


class Report:
    """What a study found: `analysis` holds every figure, `folder` the results, `str()` is the table of the terminal."""

    def __init__(self, analysis: Analysis, folder: Path, name: str) -> None:
        self.analysis = analysis
        self.folder = folder
        self.name = name
        self.required: list[str] = []

    @property
    def verdict(self) -> Verdict:
        """The verdict over all claims; INCONCLUSIVE as long as none was made."""
        return self.analysis.overall.verdict

    def require(self, *claims: str) -> None:
        """Fails the test unless every claim, such as "typos@3: drop <= 3pp", is GO.

        Claims of one study are judged together, those of earlier calls included, because each more is one more chance
        of a false alarm. Without any the margin and claims that the study began with must hold. Raises NotGo, an
        AssertionError, and StudyError for a claim that cannot be read.
        """
        __tracebackhide__ = True
        if claims:
            self.required += [claim for claim in claims if claim not in self.required]
            self.analysis = analyse(self.analysis.results, gate=with_claims(self.analysis.gate, self.required))
            write_report(self.analysis, self.folder)
        if self.verdict is not Verdict.GO:
            raise NotGo(self.verdict, self._why())

    def require_claim(self, name: str) -> None:
        """The same for one claim alone, by its name (`typos@3`, `mean`, or a family with a certified severity)."""
        __tracebackhide__ = True
        decision = self.decisions()[name]
        if decision.verdict is not Verdict.GO:
            raise NotGo(decision.verdict, self._why(name))

    def decisions(self) -> dict[str, Decision]:
        """The decision about each claim."""
        found = {claim.name: claim.decision for claim in self.analysis.claims if claim.decision}
        return found | {one.name: one.decision for one in self.analysis.others}

    def rows(self, only: str = "") -> list[dict[str, str]]:
        """The figures of each perturbation as text, in points and percent; or of one claim, and of what has none."""
        found = []
        for claim in self.analysis.claims:
            if only and claim.decision and claim.name != only:
                continue
            judged = [c.estimate for c in claim.conditions if c.clause.measure == "drop" and c.estimate]
            drop = judged[0] if judged else claim.drop
            found.append(
                {
                    "claim": claim.name,
                    "verdict": str(claim.decision.verdict) if claim.decision else "no claim",
                    "items": str(drop.items if drop else 0),
                    "clean": percent(claim.clean.value) if claim.clean else "",
                    "messy": percent(claim.messy.value) if claim.messy else "",
                    "drop": percent(drop.value) if drop else "",
                    "low": percent(drop.low, down=True) if drop else "",
                    "high": percent(drop.high, up=True) if drop else "",
                }
            )
        for one in self.analysis.others:
            if only in ("", one.name):
                estimate = one.conditions[0].estimate
                found.append(
                    {
                        "claim": str(one.conditions[0].clause),
                        "verdict": str(one.decision.verdict),
                        "items": str(len(one.pairs.items)) if one.pairs else "",
                        "clean": "",
                        "messy": "",
                        "drop": percent(estimate.value) if estimate else "",
                        "low": percent(estimate.low, down=True) if estimate else "",
                        "high": percent(estimate.high, up=True) if estimate else "",
                    }
                )
        return found

    def __str__(self) -> str:
        return terminal(self.analysis)

    def _why(self, only: str = "") -> str:
        lines = [] if only else [f"{self.verdict}: {plain(self.analysis.overall.reason)}"]
        for name, decision in self.decisions().items():
            if name == only or (not only and decision.verdict is not Verdict.GO):
                lines.append(f"{name}: {decision.verdict}, {plain(decision.reason)}")
                lines += likeliest(self._needs(name))
        named = [only] if only else list(self.decisions())
        minimal = [one for one in read_minimal(self.analysis.results) if one.confirmed]
        minimal = [one for one in minimal if one.variant.condition in named]
        flips = [(claim.name, flip) for claim in self.analysis.claims if claim.name in named for flip in claim.flips]
        for one in minimal[:SHOWN]:
            lines += [f"{one.variant.id}: {described(one)}", *_texts(one.variant, one.answer)]
        for name, flip in flips[: 0 if minimal else SHOWN]:
            lines += [f"{name}, {flip.variant.case.id}:", *_texts(flip.variant, flip.messy_answer)]
        return "\n".join([*lines, f"report: {self.folder / REPORT_HTML}"])

    def _needs(self, name: str) -> Sequence[Need]:
        for claim in self.analysis.claims:
            if claim.name == name:
                return claim.needs
        return self.analysis.other_needs.get(name, ())


def _texts(variant: Variant, answer: str) -> list[str]:
    """An answer that was right on clean text and wrong under mess."""

    def short(text: str) -> str:
        text = plain(" ".join(text.split()))
        return text if len(text) <= _LINE else text[: _LINE - 3] + "..."

    return [
        f"  clean: {short(variant.case.text)}",
        f"  messy: {short(variant.text)}",
        f"  right: {short(variant.case.target)}; said: {short(answer)}",
    ]


class Runs:
    """Runs the studies of a test session; several processes share its results, its budget and its limits."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._reports: dict[tuple[str, str], Report] = {}

    # --- what a test asks for -------------------------------------------------------------------------------------

    def call(
        self,
        app: object = None,
        *,
        here: Path,
        name: str,
        study: str | Path = "",
        system: str = "",
        loop: asyncio.AbstractEventLoop | None = None,
        each: bool = False,
        owner: str = "",
        **arguments: Any,
    ) -> Report:
        """One study from a test: of `app`, or of a study file. See the fixture `roadtest`."""
        if study:
            if app is not None or arguments:
                raise StudyError("a study file says everything; give it alone, as in roadtest(study='s.roadtest.toml')")
            studies = self.load(self._found(Path(study), here))
            if len(studies) > 1 and system not in studies:
                raise StudyError(f"{study}: it has the systems {', '.join(studies)}; name one, as in system=...")
            made, endpoint = next(iter(studies.values())) if len(studies) == 1 else studies[system], None
        else:
            made, endpoint = self.study(app, here=here, name=name, loop=loop, **arguments)
        return self.run(made, endpoint, each=each or bool(study), owner="" if study else owner)

    def study(
        self,
        app: object,
        *,
        here: Path,
        name: str,
        cases: object = "",
        perturbations: Sequence[str] | str = (),
        margin: float | str | None = None,
        require: Sequence[str] | str = (),
        frame: object = None,
        concurrency: int = 1,
        loop: asyncio.AbstractEventLoop | None = None,
        **more: Any,
    ) -> tuple[Study, Endpoint | None]:
        """The study that the arguments of a test name, and the endpoint where it is no model."""
        if not cases:
            raise StudyError("cases must be a JSONL file, a built-in suite or a list of cases")
        claims = (require,) if isinstance(require, str) and require else tuple(require)
        gate_keys: dict[str, Any] = {} if margin is not None or claims else {"looks": 1}
        gate_keys |= {key: more.pop(key) for key in ("level", "looks", "target", "invalid") if key in more}
        gate = Gate(points(margin) if margin is not None else None, claims=claims, **gate_keys)
        chosen, endpoint = self._system(app, concurrency, loop)
        suite, folder = self._suite(cases, here, name)
        names = (perturbations,) if isinstance(perturbations, str) else tuple(perturbations)
        known = {"items", "draws", "repeats", "seed", "budget", "scorer", "shrink"}
        for key in more:
            if key not in known:
                raise StudyError(f"a study has no argument {key!r} (known: {', '.join(sorted(known))}, ...)")
        made = Study(name, suite, names, chosen, gate, frame=frame_of(frame), folder=folder, **more)
        if callable(app) and not isinstance(app, PythonCallable | Scripted | Model) and not _takes_turns(app):
            made.check_sends((), "call its first parameter `messages`, and it is given all turns")
        return made, endpoint

    def load(self, path: Path) -> dict[str, Study]:
        """The studies in a file by their system, each under a name that says where the file is."""
        relative = Path(os.path.relpath(path, self.settings.root)).as_posix()
        named = relative.removesuffix(".toml").removesuffix(".roadtest")
        return {
            system: replace(study, name=name_of(f"{named}::{system}" if system else named))
            for system, study in load_studies(path).items()
        }

    def regressions(self, study: Study, endpoint: Endpoint | None, planned: Plan | None, path: str) -> Report:
        """Asks the single cases of a file as they are; `planned` lends its frame and scorer."""
        lent: dict[str, Any] = {"frame": planned.frame, "scorer": planned.scorer} if planned else {}
        changed = replace(
            study,
            name=f"{study.name}-regressions" if len(study.name) < 80 else name_of(f"{study.name}-regressions"),
            suite=path,
            perturbations=(),
            items=0,
            gate=Gate(looks=1),
            shrink=0,
            regressions="",
            **lent,
        )
        return self.run(changed, endpoint, whole=True)

    # --- running --------------------------------------------------------------------------------------------------

    def run(
        self,
        study: Study,
        endpoint: Endpoint | None = None,
        *,
        whole: bool = False,
        each: bool = False,
        owner: str = "",
    ) -> Report:
        """Runs a study, or gives what its `owner` (the study's name) found before in this session.

        `whole`: no limit on the items. `each`: every claim is decided for itself, not only the verdict over all.

        Raises RoadtestError where it cannot be run to its end.
        """
        study = self._changed(study, endpoint, whole)
        owner = owner or study.name
        if (study.name, owner) in self._reports:
            return self._reports[study.name, owner]
        planned = plan(study)
        folder = self.settings.results / study.name
        with self._locked(f"{study.name}.lock"):
            known = self._session(folder)
            if known.get("session") != self.settings.session:
                self._run(planned, endpoint, folder, each, owner)
            elif known.get("owner") != owner:
                raise StudyError(
                    f"the name {study.name!r} is taken by {known.get('owner')}; give this study another one"
                )
            elif known.get("stopped"):
                raise RoadtestError(f"{study.name} was stopped: {known['stopped']}")
            report = Report(analyse(read_results(folder)), folder, study.name)
        self._reports[study.name, owner] = report
        return report

    def _run(self, planned: Plan, endpoint: Endpoint | None, folder: Path, each: bool, owner: str) -> None:
        study, settings = planned.study, self.settings
        cassette = study.folder / "cassettes" / f"{study.name}.jsonl"
        recorded = cassette if cassette.is_file() and not settings.live and not settings.record else None
        local = endpoint is not None or bool(study.system.callable)
        if not settings.live and not recorded and not local:
            self._check_local(planned, cassette)
        if folder.exists():
            self._set_aside(folder, planned, fresh=local or recorded is not None)
        note: dict[str, Any] = {"session": settings.session, "owner": owner, "spent": 0.0}
        if recorded:  # its answers carry the price that they had once
            planned = replace(planned, study=replace(planned.study, budget=0.0))
        with self._purse(planned, folder, free=local or not settings.live) as plan_with_budget:
            prepare(plan_with_budget, folder)
            (folder / SESSION).write_text(json.dumps(note | {"session": ""}), encoding="utf-8")
            with self._guarded() as refused:
                _, outcome = run_study(
                    plan_with_budget,
                    endpoint,
                    into=folder,
                    cassette=recorded,
                    record=cassette if settings.record else None,
                    each=each,
                )
        stopped = self._stopped(outcome, refused)
        note |= {"stopped": stopped, "spent": outcome.spent}
        (folder / SESSION).write_text(json.dumps(note), encoding="utf-8")
        if stopped.startswith("interrupted"):
            raise KeyboardInterrupt(f"roadtest: {stopped}; {outcome.answered} answers are in {folder}")
        if stopped:
            raise RoadtestError(f"{study.name} was stopped: {stopped}")

    def _stopped(self, outcome: Outcome, refused: Sequence[str]) -> str:
        if refused:
            where = ", ".join(dict.fromkeys(refused))
            return (
                f"it tried to reach {where}. This run is not live, so that nothing is spent by accident: "
                "--roadtest-live allows it, --roadtest-record keeps the answers for runs without, and "
                "roadtest_allow_hosts lists hosts that cost nothing"
            )
        return outcome.stopped

    def _changed(self, study: Study, endpoint: Endpoint | None, whole: bool) -> Study:
        """The study with what the options of the session say."""
        settings = self.settings
        if settings.seed is not None:
            study = replace(study, seed=settings.seed)
        if settings.limit and not whole:
            most = min(settings.limit, len(load_suite(study.suite, study.folder).cases))
            study = replace(study, items=min(study.items or most, most))
        if settings.endpoint and endpoint is None and study.system.model:
            study = replace(study, system=_named(settings.endpoint, study.system))
        return study

    @contextmanager
    def _guarded(self) -> Iterator[list[str]]:
        if self.settings.live:
            yield []
            return
        with loopback_only(self.settings.allowed) as refused:
            yield refused

    def _check_local(self, planned: Plan, cassette: Path) -> None:
        system = planned.study.system
        address = expand(system.url or system.base_url, "url" if system.url else "base_url")
        host = re.sub(r"^\w+://|[/?#].*$", "", address).rpartition("@")[2]
        host = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
        local = is_loopback(host) or host in self.settings.allowed if address else system.model.startswith(_LOCAL)
        if not local:
            raise RoadtestError(
                f"{planned.study.name} would make {len(planned.order) - planned.shared:,} calls to {system.name}, and "
                f"this run is not live. --roadtest-live makes them, --roadtest-record keeps the answers in {cassette} "
                "for runs without"
            )

    # --- folders, locks and money ---------------------------------------------------------------------------------

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        from filelock import FileLock

        locks = self.settings.results / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        ignore = self.settings.results / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        with FileLock(locks / name):
            yield

    def _session(self, folder: Path) -> dict[str, Any]:
        try:
            found: Any = json.loads((folder / SESSION).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _set_aside(self, folder: Path, planned: Plan, fresh: bool) -> None:
        """Moves results of an earlier session away, unless they are a paid run that was cut short and can go on."""
        known = self._session(folder)
        unfinished = not known.get("session") or known.get("stopped")
        if unfinished and not fresh and _fingerprint(folder) == planned.fingerprint:
            return
        earlier = self.settings.results / "earlier"
        earlier.mkdir(exist_ok=True)
        at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        folder.rename(earlier / f"{folder.name}-{at}")
        old = sorted(
            one for one in earlier.iterdir() if re.fullmatch(re.escape(folder.name) + r"-\d{8}T[\d.]+", one.name)
        )
        for one in old[:-KEPT]:
            if not self._session(one).get("spent"):
                shutil.rmtree(one, ignore_errors=True)

    @contextmanager
    def _purse(self, planned: Plan, folder: Path, free: bool) -> Iterator[Plan]:
        """The plan with what the session's budget leaves; studies that cost money run one after the other."""
        if not self.settings.budget or free:
            yield planned
            return
        with self._locked("budget.lock"):
            ledger = self.settings.results / "budget.json"
            try:
                kept = json.loads(ledger.read_text(encoding="utf-8"))
                spent = float(kept["spent"]) if kept["session"] == self.settings.session else 0.0
            except (OSError, ValueError, KeyError, TypeError):
                spent = 0.0
            before = _paid(folder)
            left = self.settings.budget - spent
            if left <= 1e-9 * self.settings.budget:
                raise RoadtestError(
                    f"the session's budget of ${self.settings.budget:g} is spent (${spent:.4f}); --roadtest-budget "
                    "raises it"
                )
            own = planned.study.budget
            budget = min(own, left + before) if own else left + before
            try:
                yield replace(planned, study=replace(planned.study, budget=budget))
            finally:
                spent += _paid(folder) - before
                ledger.write_text(json.dumps({"session": self.settings.session, "spent": spent}), encoding="utf-8")

    # --- what the arguments of a test mean ------------------------------------------------------------------------

    def _found(self, path: Path, here: Path) -> Path:
        """A file that a test names: beside the test, else below the root folder, else where pytest was started."""
        for folder in (here, self.settings.root, Path.cwd()):
            if (folder / path).is_file():
                return folder / path
        raise StudyError(f"no file {path} in {here} or {self.settings.root}")

    def _suite(self, cases: object, here: Path, name: str) -> tuple[str, Path]:
        """The suite as a study names it, and the folder that its cassettes are in."""
        if isinstance(cases, str | Path):
            if str(cases) in suite_names():
                return str(cases), here
            return os.path.relpath(self._found(Path(cases), here), here), here
        if not isinstance(cases, Sequence) or not cases:
            raise StudyError("cases must be a JSONL file, a built-in suite or a list of cases")
        made = [case if isinstance(case, Case) else Case.from_dict(case) for case in cases]
        path = self.settings.results / "cases" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(case.to_dict()) + "\n" for case in made), encoding="utf-8")
        return os.path.relpath(path, here), here

    def _system(
        self, app: object, concurrency: int, loop: asyncio.AbstractEventLoop | None
    ) -> tuple[System, Endpoint | None]:
        if app is None:
            if not self.settings.endpoint:
                raise StudyError("name what to test: a callable, a model such as 'openai/gpt-4o-mini', or a System")
            return _named(self.settings.endpoint), None
        if isinstance(app, System):
            return app, None
        if isinstance(app, str):
            return _named(app), None
        if isinstance(app, Scripted | PythonCallable | Model):
            return System(callable=app.name if ":" in app.name else f"endpoint:{app.name}"), app
        if not callable(app):
            raise StudyError(f"{app!r} cannot be tested: give a callable, the name of a model, or a System")
        module, label = getattr(app, "__module__", ""), getattr(app, "__qualname__", type(app).__qualname__)
        endpoint = PythonCallable(called(app, concurrency, loop), label=label)
        return System(callable=f"{module}:{label}", concurrency=concurrency), endpoint


_LOCAL = ("ollama/", "ollama_chat/", "hosted_vllm/", "lm_studio/", "llamafile/", "xinference/")
"""Prefixes of litellm whose server is on this machine unless an address says otherwise."""


def _named(text: str, like: System | None = None) -> System:
    """The system behind a word: `module:function`, or a model of litellm with the other settings of `like`."""
    if ":" in text and "/" not in text:
        return System(callable=text)
    return replace(like, model=text, callable="", url="") if like else System(model=text)


def called(
    app: Callable[..., Any], concurrency: int = 1, loop: asyncio.AbstractEventLoop | None = None
) -> Callable[[Sequence[Message]], Any]:
    """`app` as a system: it takes the text that a person sends, or all chat turns where its parameter is `messages`.

    With a concurrency of 1 a sync function runs in the thread that runs the study, which is the test's own; with more
    it runs in threads. With a `loop` it is called in that one, for what belongs to the loop of an async test.
    """
    turns = _takes_turns(app)

    def ask(messages: Sequence[Message]) -> Any:
        return app(messages if turns else said(messages[-1]))

    async def asked(messages: Sequence[Message]) -> Any:
        answer = ask(messages)
        return await answer if isinstance(answer, Awaitable) else answer

    async def elsewhere(messages: Sequence[Message]) -> Any:
        assert loop is not None
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked(messages), loop))

    if loop is not None:
        return elsewhere
    return ask if concurrency > 1 and not inspect.iscoroutinefunction(app) else asked


def _takes_turns(app: Callable[..., Any]) -> bool:
    try:
        parameters = list(inspect.signature(app).parameters)
    except (TypeError, ValueError):  # some builtins have none
        return False
    return bool(parameters) and parameters[0] == "messages"


def verdict_on(report: Report, case_id: str) -> None:
    """Fails where a regression case was answered wrong: NO-GO if every time, INCONCLUSIVE if sometimes."""
    __tracebackhide__ = True
    results = report.analysis.results
    case, scorer = results.cases[case_id], find_scorer(results.scorer)
    numbering, at = results.numbering, list(results.cases).index(case_id)
    calls = [numbering.id_of(at * results.repeats + repeat) for repeat in range(results.repeats)]
    records = [results.records[call] for call in calls if call in results.records]
    answers = [record.reply for record in records if record.reply is not None]
    scores = [scorer(case, reply) for reply in answers]
    wrong = [reply for reply, score in zip(answers, scores, strict=True) if score.value != 1]
    if not answers:
        raise NotGo(Verdict.INCONCLUSIVE, f"{case_id}: no call brought an answer")
    if wrong:
        verdict = Verdict.NO_GO if len(wrong) == len(answers) else Verdict.INCONCLUSIVE
        raise NotGo(verdict, "\n".join(_wrong_lines(case, wrong, len(answers))))


def _wrong_lines(case: Case, wrong: Sequence[Reply], asked: int) -> list[str]:
    lines = [
        f"{case.id}: wrong {len(wrong)} of {asked} times",
        f"  text:  {plain(' '.join(case.text.split()))}",
        f"  right: {plain(case.target)}",
        f"  said:  {plain(' '.join(wrong[0].text.split()))[:200]}",
    ]
    return lines + [f"  {name}: {plain(' '.join(value.split()))}" for name, value in case.provenance.items()]


def _fingerprint(folder: Path) -> str:
    try:
        return str(json.loads((folder / "study.json").read_text(encoding="utf-8"))["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _paid(folder: Path) -> float:
    """US dollars that the answers in a results folder cost."""
    return sum(record.paid for name in (RECORDS, SHRINK) for record in read_records(folder / name))


def frame_of(value: object) -> Frame | None:
    """A frame given as one, or as a template."""
    if value is None or isinstance(value, Frame):
        return value
    if isinstance(value, str):
        return Frame(template=value)
    if isinstance(value, Mapping):
        return Frame(**value)
    raise StudyError(f"frame must be a Frame or a template, not {value!r}")
