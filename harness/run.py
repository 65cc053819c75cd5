"""The main job in one call: ask what a study plans, measure, and write the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .analysis import Analysis, analyse, look
from .answers import read_answers
from .calls import Plan, plan
from .cassettes import Cassette
from .cassettes import record as write_cassette
from .errors import StudyError
from .formats import write_report
from .manifest import seal
from .minimal import noise_of, shrink_failures, worst_failures
from .records import compile_records
from .redaction import Redacted
from .replay import Engine, Outcome, Watcher, replay
from .replies import Endpoint
from .results import prepare, read_results
from .study import Study


def run_study(
    study: Study | Plan,
    endpoint: Endpoint | None = None,
    *,
    into: Path | None = None,
    watch: Watcher = lambda record: None,
    concurrency: int = 0,
    extend: bool = False,
    cassette: Path | None = None,
    record: Path | None = None,
    engine: Engine | None = None,
    each: bool = False,
) -> tuple[Analysis, Outcome]:
    """Asks what the study plans and the results folder lacks, writes the report, and gives what was found.

    `endpoint` stands in for the one the study names and then needs `into`, the results folder (`results_folder` by
    default), because the study's fingerprint does not know it. It stops paying when the verdict is known, by the looks
    of the study's gate; with `each`, when every claim is decided for itself. With `extend` the folder may hold the same
    study with fewer items. A `cassette` answers in the endpoint's place, `record` is where one is written, and an
    `engine` makes the calls elsewhere. A run that was interrupted is reported as far as it got and goes on when it is
    called again. Raises StudyError or CaseError before
    anything is spent, ResultsError where the folder holds another study or cannot be written.
    """
    planned = study if isinstance(study, Plan) else plan(study)
    if endpoint is not None and into is None:
        raise StudyError("an endpoint that stands in for the study's needs a results folder of its own: pass into=")
    recorded = Cassette(cassette, planned) if cassette else None
    endpoint = endpoint or planned.study.system.endpoint(planned.study.folder)
    if planned.redactor:
        endpoint = Redacted(endpoint, planned.redactor)
    folder = into or results_folder(planned)
    journal = prepare(planned, folder, extend=extend)
    outcome = replay(
        planned,
        endpoint,
        journal,
        watch=watch,
        concurrency=concurrency,
        rule=lambda: look(read_results(folder, planned.cases)).settled(each),
        recorded=recorded,
        engine=engine,
    )
    if record:
        write_cassette(planned, journal, record)
    results = read_results(folder, planned.cases)
    answers = read_answers(results)
    analysis = analyse(results, answers=answers)
    if planned.study.shrink and not outcome.stopped and recorded is None:
        outcome = _shrunk(planned, analysis, outcome, endpoint, concurrency)
    compile_records(results, answers)
    seal(results, answers)
    write_report(analysis, folder)
    return analysis, outcome


def _shrunk(planned: Plan, analysis: Analysis, outcome: Outcome, endpoint: Endpoint, concurrency: int) -> Outcome:
    """Shrinks the worst failures with what is left of the budget; the outcome with what that cost."""
    results, study = analysis.results, planned.study
    chosen = worst_failures(results, analysis, study.shrink)
    if not chosen:
        return outcome
    shrunk = shrink_failures(
        results,
        chosen,
        endpoint,
        noise=noise_of(analysis),
        budget=study.budget,
        spent=outcome.spent,
        concurrency=concurrency,
    )
    return replace(outcome, spent=outcome.spent + shrunk.spent)


def results_folder(planned: Plan) -> Path:
    """Where a plan's results go unless told otherwise: `results/<name>-<fingerprint>` below the working folder."""
    return Path("results") / f"{planned.study.name}-{planned.fingerprint}"
