"""The pytest plugin: the fixture and marker `roadtest`, study files as tests, and the options.

Importing this loads pytest and the standard library alone; everything else comes when it is first used.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .study import Study
    from .testing import Report, Runs, Settings

SUFFIX = ".roadtest.toml"
"""Files of this kind are collected as studies, one test a claim."""

OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "endpoint": ({"metavar": "MODEL"}, "Ask this model of litellm in place of those that studies name."),
    "seed": ({"metavar": "N", "type": int}, "Seed of every random choice, in place of the studies' own."),
    "limit": ({"metavar": "N", "type": int}, "Take at most N items of each study."),
    "budget": (
        {"metavar": "USD", "type": float},
        "US dollars for the calls of the whole session, all workers together.",
    ),
    "record": (
        {"action": "store_true"},
        "Keep the answers in cassettes/ beside the test, for runs without an endpoint.",
    ),
    "live": (
        {"action": "store_true"},
        (
            "Let studies reach endpoints beyond this host, which may cost money. Without it only scripted, recorded "
            "and local ones answer."
        ),
    ),
    "inconclusive": ({"choices": ("fail", "xfail")}, "What an INCONCLUSIVE verdict is reported as (default: fail)."),
}
"""The options by their name after `--roadtest-`, each with an ini key `roadtest_NAME`."""

_RUNS: pytest.StashKey[Runs] = pytest.StashKey()
_REPORTS: pytest.StashKey[list[Report]] = pytest.StashKey()
_TURN = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options and their ini keys."""
    group = parser.getgroup("roadtest", "roadtest: how far accuracy falls when real people use the system")
    for name, (how, words) in OPTIONS.items():
        group.addoption(f"--roadtest-{name}", dest=f"roadtest_{name}", default=None, help=words, **how)
        flag = how.get("action") == "store_true"
        if flag:
            parser.addini(f"roadtest_{name}", words, type="bool", default=False)
        else:
            parser.addini(f"roadtest_{name}", words, default="")
    parser.addini("roadtest_results", "Folder of the results, below the root folder.", default=".roadtest")
    parser.addini(
        "roadtest_allow_hosts", "Hosts beyond this machine that may be reached without --roadtest-live.", type="args"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line(
        "markers",
        "roadtest(cases, perturbations, margin=..., require=[...], ...): the test is the system: it takes `text` (or "
        "`messages`) and returns the answer; one test a claim. With `regressions=FILE`: one test a case. On a test "
        "that uses the fixture `roadtest`: arguments for it.",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """How to repeat the run."""
    given = {name: _option(config, name) for name in OPTIONS}
    flags = [
        f"--roadtest-{name}" + ("" if OPTIONS[name][0].get("action") else f"={value}")
        for name, value in given.items()
        if value not in (None, "", False)
    ]
    seed = "the studies' own seeds" if given["seed"] is None else f"seed {given['seed']}"
    live = "live endpoints" if given["live"] else "no live endpoints"
    return f"roadtest: {seed}, {live}" + (f"; repeat with {' '.join(flags)}" if flags else "")


def _option(config: pytest.Config, name: str) -> Any:
    """An option, else its ini key. Raises pytest.UsageError for an ini value of a wrong type."""
    value = config.getoption(f"roadtest_{name}")
    if value is not None:
        return value
    value = config.getini(f"roadtest_{name}")
    how = OPTIONS[name][0]
    if value == "" or "type" not in how:
        if value and value not in how.get("choices", (value,)):
            raise pytest.UsageError(f"roadtest_{name} = {value}: must be one of {', '.join(how['choices'])}")
        return None if value == "" else value
    try:
        return how["type"](value)
    except ValueError as error:
        raise pytest.UsageError(f"roadtest_{name} = {value}: must be a number") from error


def _runs(config: pytest.Config) -> Runs:
    """What runs studies in this process."""
    if _RUNS not in config.stash:
        from .testing import Runs

        config.stash[_RUNS] = Runs(_settings(config))
    return config.stash[_RUNS]


def _settings(config: pytest.Config) -> Settings:
    from .testing import Settings

    session = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    limit, budget = _option(config, "limit") or 0, _option(config, "budget") or 0.0
    for name, value in (("limit", limit), ("budget", budget)):
        if value < 0:
            raise pytest.UsageError(f"--roadtest-{name} must be above 0, not {value}")
    return Settings(
        root=config.rootpath,
        results=config.rootpath / str(config.getini("roadtest_results")),
        endpoint=_option(config, "endpoint") or "",
        seed=_option(config, "seed"),
        limit=limit,
        budget=budget,
        record=bool(_option(config, "record")),
        live=bool(_option(config, "live")),
        allowed=tuple(config.getini("roadtest_allow_hosts")),
        **({"session": session} if session else {}),
    )


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    """A mistake that a person can mend is a failure with its message, without our own frames."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        from .errors import RoadtestError

        try:
            return function(*args, **kwargs)
        except RoadtestError as error:
            raise pytest.fail.Exception(f"roadtest: {error}", pytrace=False) from None

    return run


# --- the fixture --------------------------------------------------------------------------------------------------


class Roadtest:
    """Runs studies from a test."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def __call__(self, app: object = None, cases: object = None, perturbations: object = None, **more: Any) -> Report:
        """Runs a study of `app` and gives its Report.

        `app` is a callable from the text (or, where its parameter is called `messages`, from all chat turns) to the
        answer, the name of a model, or a System; without one the model of --roadtest-endpoint is asked. `cases` is a
        JSONL file, a built-in suite or a list of cases. `require` (clauses) or `margin` fail the test at once where
        they do not hold, and let the study stop early; else `report.require(...)` judges. Further arguments are those
        of a study and of its gate: items, draws, repeats, seed, budget, scorer, frame, shrink, level, looks, target,
        and concurrency and name. `study` runs a study file instead.
        """
        __tracebackhide__ = True
        import asyncio

        from .errors import StudyError

        if asyncio._get_running_loop() is not None:
            raise StudyError("an async test must write `await roadtest.async_run(...)`")
        return self._judged(*self._run(app, cases, perturbations, more, None))

    async def async_run(
        self, app: object = None, cases: object = None, perturbations: object = None, **more: Any
    ) -> Report:
        """The same inside an async test: `app` is called in the loop of the test, so that its fixtures can be used."""
        __tracebackhide__ = True
        import asyncio

        loop = asyncio.get_running_loop()
        return self._judged(*await asyncio.to_thread(self._run, app, cases, perturbations, more, loop))

    @_told
    def _run(self, app: object, cases: object, perturbations: object, more: dict[str, Any], loop: Any) -> Any:
        from .study import name_of

        item = self._item
        mark = item.get_closest_marker("roadtest")
        given = {"cases": cases, "perturbations": perturbations, **more}
        given = _arguments(mark) | {key: value for key, value in given.items() if value is not None}
        turn = item.stash[_TURN] = item.stash.get(_TURN, 0) + 1
        name = given.pop("name", "") or name_of(_plain_id(item.nodeid)) + (f"-{turn}" if turn > 1 else "")
        owner = f"{item.nodeid} (call {turn})"
        report = _runs(item.config).call(app, here=item.path.parent, name=name, loop=loop, owner=owner, **given)
        item.stash.setdefault(_REPORTS, []).append(report)
        return report, bool(given.get("require") or given.get("margin") is not None)

    def _judged(self, report: Report, required: bool) -> Report:
        __tracebackhide__ = True
        if required:
            report.require()
        return report


@pytest.fixture
def roadtest(request: pytest.FixtureRequest) -> Roadtest:
    """Runs a study from a test: `report = roadtest(app, cases="router.jsonl", perturbations=["typos@3"])`.

    Then `report.require("typos@3: drop <= 3pp")`: GO passes, NO-GO fails, INCONCLUSIVE fails or is an xfail by
    --roadtest-inconclusive. `report.analysis` holds every figure, `print(report)` shows the table. In an async test:
    `report = await roadtest.async_run(app, ...)`.
    """
    return Roadtest(request.node)


def _plain_id(nodeid: str) -> str:
    path, _, rest = nodeid.partition("::")
    return f"{path.removesuffix('.py')}::{rest}"


def _arguments(mark: pytest.Mark | None) -> dict[str, Any]:
    """The arguments of a marker by name. Raises pytest.UsageError for too many."""
    if mark is None:
        return {}
    if len(mark.args) > 2:
        raise pytest.UsageError("the marker roadtest takes cases and perturbations, and the rest by name")
    return dict(zip(("cases", "perturbations"), mark.args, strict=False)) | dict(mark.kwargs)


# --- the marker ---------------------------------------------------------------------------------------------------


class _Claim(str):
    """What stands in for the message of a marked test until it is asked: the name of a claim, or of a case."""

    __slots__ = ("case",)
    case: bool


def _message_of(names: Sequence[str]) -> str:
    return next((name for name in ("text", "messages") if name in names), "")


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a claim, or a regression case, of a function that carries the marker and takes `text` or `messages`."""
    mark = metafunc.definition.get_closest_marker("roadtest")
    message = _message_of(metafunc.fixturenames)
    if mark is None or (not message and "roadtest" in metafunc.fixturenames):
        return
    if not message:
        raise pytest.UsageError(
            f"{metafunc.definition.nodeid}: a test with the marker roadtest is the system that is tested: it must take "
            "`text` (what a person sends) or `messages` (all chat turns) and return the answer; or it uses the fixture "
            "`roadtest`"
        )
    names, cases = _told(_claims)(metafunc, _arguments(mark))
    values = []
    for name in names:
        value = _Claim(name)
        value.case = cases
        values.append(value)
    metafunc.parametrize(message, values, ids=list(names))


def _claims(metafunc: pytest.Metafunc, arguments: dict[str, Any]) -> tuple[list[str], bool]:
    from .errors import StudyError

    runs, path = _runs(metafunc.config), metafunc.definition.path
    if "regressions" in arguments:
        from ..datasets import load_suite

        return [case.id for case in load_suite(str(arguments["regressions"]), path.parent).cases], True
    if "margin" not in arguments and not arguments.get("require"):
        raise StudyError("the marker roadtest needs margin='5pp' or require=['typos@3: drop <= 3pp']")
    arguments = {key: value for key, value in arguments.items() if key != "name"}
    study, _ = runs.study(str, here=path.parent, name="claims", **arguments)
    return list(study.gate.conditions(_conditions(study))), False


def _conditions(study: Study) -> list[str]:
    return [f"{one.name}@{severity}" for one, severity in study.clauses if one.effect == "same"]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Asks a marked test its study, once for all of its claims, and judges the claim of this one."""
    params = pyfuncitem.callspec.params if hasattr(pyfuncitem, "callspec") else {}
    claim = next((value for value in params.values() if isinstance(value, _Claim)), None)
    if claim is None:
        return None
    report = _marked(pyfuncitem, claim)
    _judge(report, str(claim), claim.case)
    return True


@_told
def _marked(item: pytest.Function, claim: _Claim) -> Report:
    import inspect

    from .study import name_of

    arguments = _arguments(item.get_closest_marker("roadtest"))
    others = {
        name: item.funcargs[name] for name in item._fixtureinfo.argnames if not isinstance(item.funcargs[name], _Claim)
    }
    message = _message_of(item._fixtureinfo.argnames)
    function = inspect.unwrap(item.obj)  # pytest-asyncio wraps coroutine functions for a loop of its own
    if function is not item.obj and item.cls is not None:
        function = getattr(function, "__func__", function).__get__(item.instance)

    def text(text: str) -> Any:
        return function(**others, text=text)

    def messages(messages: Sequence[Any]) -> Any:
        return function(**others, messages=messages)

    app = {"text": text, "messages": messages}[message]
    app.__module__, app.__qualname__ = function.__module__, function.__qualname__
    rest = [part for part in item.callspec._idlist if part != str(claim)]
    whole = item.nodeid.partition("[")[0] + (f"[{'-'.join(rest)}]" if rest else "")
    name = arguments.pop("name", "") or name_of(_plain_id(whole))
    runs = _runs(item.config)
    if claim.case:
        path = arguments.pop("regressions")
        study, endpoint = runs.study(app, here=item.path.parent, name=name, cases=path, **arguments)
        report = runs.regressions(study, endpoint, None, study.suite)
    else:
        report = runs.call(app, here=item.path.parent, name=name, each=True, owner=whole, **arguments)
    item.stash[_REPORTS] = [report]
    return report


def _judge(report: Report, name: str, case: bool) -> None:
    """Fails without a traceback, because there is no line of the user's to point at."""
    from .testing import NotGo, verdict_on

    try:
        if case:
            verdict_on(report, name)
        else:
            report.require_claim(name)
    except NotGo as found:
        failed = pytest.fail.Exception(str(found), pytrace=False)
        failed.verdict = found.verdict  # type: ignore[attr-defined]
        raise failed from None


# --- study files --------------------------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Study files are tests."""
    if file_path.name.endswith(SUFFIX):
        return StudyFile.from_parent(parent, path=file_path)
    return None


class StudyFile(pytest.File):
    """A `*.roadtest.toml` file: one test a claim of each system, and one a case of its `regressions`."""

    def collect(self) -> Iterator[pytest.Item]:
        """The claims that its gate makes."""
        from .errors import RoadtestError

        try:
            yield from self._items()
        except RoadtestError as error:
            raise self.CollectError(f"roadtest: {error}") from None

    def _items(self) -> Iterator[pytest.Item]:
        from ..datasets import load_suite

        for system, study in _runs(self.config).load(self.path).items():
            prefix = f"{system}/" if system else ""
            for name, clauses in study.gate.conditions(_conditions(study)).items():
                shown = " and ".join(str(clause).removeprefix(f"{clause.subject}: ") for clause in clauses)
                yield ClaimItem.from_parent(self, name=f"{prefix}{name}: {shown}", study=study, claim=name)
            if study.regressions:
                for case in load_suite(study.regressions, study.folder).cases:
                    yield ClaimItem.from_parent(self, name=f"{prefix}{case.id}", study=study, claim=case.id, case=True)


class ClaimItem(pytest.Item):
    """One claim of a study file, or one of its regression cases."""

    def __init__(self, *, study: Study, claim: str, case: bool = False, **more: Any) -> None:
        super().__init__(**more)
        self._study = study
        self._claim = claim
        self._case = case

    def runtest(self) -> None:
        """Runs the study, once for all of its claims, and judges this one."""
        _judge(self._report(), self._claim, self._case)

    @_told
    def _report(self) -> Report:
        runs, study = _runs(self.config), self._study
        if self._case:
            from .calls import plan

            report = runs.regressions(study, None, plan(study), study.regressions)
        else:
            report = runs.run(study, each=True)
        self.stash[_REPORTS] = [report]
        return report

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone: there is no code of the user's to show."""
        if isinstance(excinfo.value, pytest.fail.Exception):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file, and the claim."""
        return self.path, None, f"roadtest {self.name}"


# --- what is reported ---------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Adds the figures to the report, and makes an INCONCLUSIVE verdict an xfail where that was asked for."""
    made = item.stash.get(_REPORTS, None) if call.when == "call" else None
    rows = _rows(item, made) if made else []
    item.user_properties += _properties(rows, _only(item))
    report = yield
    if rows:
        report.roadtest = rows
    verdict = getattr(call.excinfo.value, "verdict", None) if call.excinfo else None
    if verdict is not None and rows:
        assert call.excinfo is not None
        report.roadtest = [row | {"failed": str(verdict)} for row in rows]
        if str(verdict) == "INCONCLUSIVE" and _option(item.config, "inconclusive") == "xfail":
            report.outcome, report.wasxfail = "skipped", str(call.excinfo.value).splitlines()[0]
    return report


def _only(item: pytest.Item) -> str:
    """The claim that a test is about, "" where it is about a whole study."""
    if isinstance(item, ClaimItem) and not item._case:
        return item._claim
    params = item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
    return next((str(value) for value in params if isinstance(value, _Claim) and not value.case), "")


def _rows(item: pytest.Item, reports: Sequence[Report]) -> list[dict[str, str]]:
    """The figures of the studies that a test ran; of other claims than its own not, where it has one."""
    return [
        {"test": item.nodeid, "study": report.name, "report": str(report.folder / "report.md"), **row}
        for report in reports
        for row in report.rows(_only(item))
    ]


def _properties(rows: Sequence[dict[str, str]], only: str) -> list[tuple[str, object]]:
    """For `--junit-xml`: `roadtest.typos@3.drop` and so on, with the study where there are several."""
    rows = [row for row in rows if not only or row["verdict"] != "no claim"]
    several = len({row["study"] for row in rows}) > 1
    found: list[tuple[str, object]] = []
    for row in rows:
        prefix = f"roadtest.{row['study']}." if several else "roadtest."
        figures = ("verdict", "items", "clean", "messy", "drop", "low", "high")
        found += [(f"{prefix}{row['claim']}.{key}", row[key]) for key in figures if row[key]]
    return found


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The degradation table; on GitHub Actions also the summary of the step, and an annotation a failure."""
    rows = [
        row
        for reports in terminalreporter.stats.values()
        for report in reports
        for row in getattr(report, "roadtest", ())
    ]
    if not rows:
        return
    rows.sort(key=lambda row: row["study"])
    from .testing_summary import step_summary, table, workflow_commands

    terminalreporter.section("roadtest")
    terminalreporter.write_line(table(rows))
    for path in dict.fromkeys(row["report"] for row in rows):
        terminalreporter.write_line(f"report: {path}")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in workflow_commands(rows, _option(config, "inconclusive") == "xfail"):
            terminalreporter.write_line(line)
        path = os.environ.get("GITHUB_STEP_SUMMARY")
        if path:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(step_summary(rows))
