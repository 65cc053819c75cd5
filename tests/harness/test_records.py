from __future__ import annotations

import pandas as pd
import pytest
from roadtest.harness import EndpointError, Reply, Scripted, load_study, read_records, run_study


@pytest.fixture
def study(write_study):
    lines = "suite = 'arithmetic'\nitems = 12\nperturbations = ['casing@3', 'casing@5', 'missing_value@2']"
    return load_study(write_study(lines, 'callable = "app:answer"\nretries = 0', 'margin = "5pp"\nlooks = 1'))


class Odd:
    """Answers with lone surrogates, line separators and NUL, fails now and then, and costs something."""

    name = "odd"

    def __init__(self):
        self.calls = 0

    async def __call__(self, messages):
        self.calls += 1
        if self.calls % 7 == 3:
            raise EndpointError("raised", "odd raised ValueError: no luck")
        return Reply("a\ud800\u2028\x00b", cost=0.5, prompt_tokens=3, first_token=0.1, seconds=0.2)


def test_every_record_is_a_row_that_pandas_reads(study, tmp_path):
    analysis, outcome = run_study(study, Odd(), into=tmp_path / "r")
    table = pd.read_parquet(tmp_path / "r" / "records.parquet").astype(object)
    table = table.where(table.notna(), None)
    records = {record.id: record for record in read_records(tmp_path / "r" / "records.jsonl")}
    assert set(table["id"]) == set(records)
    assert len(table) == len(records) == outcome.answered + outcome.failed
    row_of = table.set_index("id")
    for key, record in records.items():
        row = row_of.loc[key]
        assert (row["failure"] or "") == record.failure
        assert (row["of"] or "") == record.of
        if record.reply:
            assert row["answer"] == "a?\u2028\x00b"
            assert (row["cost"], row["prompt_tokens"], row["first_token"]) == (0.5, 3, 0.1)
    cases = {case.id: case for case in analysis.results.cases.values()}
    variants = {variant.id: variant for variant in analysis.results.variants}
    for key, row in row_of.iterrows():
        assert row["case"] in cases
        if row["condition"] == "clean":
            assert row["text"] == cases[row["case"]].text
        else:
            assert row["text"] == variants[key].text
            assert (row["perturbation"], row["severity"]) == (variants[key].perturbation, variants[key].severity)
    assert set(row_of.loc[row_of["condition"] == "missing_value@2", "target"]) <= {None}


def test_scores_in_the_table_are_those_of_the_report(study, tmp_path):
    turns = iter(range(10**6))
    endpoint = Scripted(lambda text: str(next(turns) % 3))
    analysis, _ = run_study(study, endpoint, into=tmp_path / "r")
    table = pd.read_parquet(tmp_path / "r" / "records.parquet")
    clean = table[table["condition"] == "clean"].groupby("case")["score"].mean().mean()
    assert clean == pytest.approx(analysis.clean.value)
    assert table["outcome"].value_counts().to_dict() == analysis.outcomes


def test_usage_is_told_for_each_perturbation(study, tmp_path):
    class Slower:
        name = "slower"

        async def __call__(self, messages):
            text = messages[-1]["content"]
            return Reply("1", prompt_tokens=len(text), completion_tokens=2, cost=0.001 * len(text), seconds=0.5)

    analysis, _ = run_study(study, Slower(), into=tmp_path / "r")
    clean, *conditions, whole = analysis.usage
    assert (clean.name, whole.name) == ("clean", "all")
    assert clean.calls == 24
    assert clean.seconds == {50: 0.5, 95: 0.5}
    assert whole.calls == sum(one.calls for one in (clean, *conditions)) == analysis.calls
    assert whole.cost == pytest.approx(analysis.cost)
    table = pd.read_parquet(tmp_path / "r" / "records.parquet")
    for one in conditions:
        rows = table[table["condition"] == one.name]
        assert one.calls + one.shared == len(rows)
        assert (one.cost or 0.0) == pytest.approx(rows.loc[rows["of"].isna(), "cost"].sum())
        items = rows.groupby("case")["prompt_tokens"].mean()
        before = table[table["condition"] == "clean"].groupby("case")["prompt_tokens"].mean().loc[items.index]
        if one.calls:
            assert one.inflation["prompt_tokens"] == pytest.approx(items.sum() / before.sum())
            assert one.inflation["seconds"] == pytest.approx(1.0)
    assert conditions[0].calls


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply("", "content_filter"), "content filter"),
        (Reply("I can't talk about that.", "refusal"), "refusal"),
        (Reply("I'm sorry, but I can't assist with that."), "refusal"),
        (Reply("Sorry, I am not able to help with this request."), "refusal"),
        (Reply("cut off 3", "length"), "truncated"),
        (Reply("no number here"), "unparsable"),
        (Reply("-77"), "wrong"),
    ],
)
def test_what_an_answer_was_is_kept_apart(study, tmp_path, reply, outcome):
    class Same:
        name = "same"

        async def __call__(self, messages):
            return reply

    analysis, _ = run_study(study, Same(), into=tmp_path / "r")
    assert max(analysis.outcomes, key=analysis.outcomes.get) == outcome


def test_a_right_answer_that_sounds_like_a_refusal_is_right(study, tmp_path):
    targets = {request.messages[-1]["content"]: request.case.target for request in planned(study).requests}

    analysis, _ = run_study(
        study, Scripted(lambda text: f"I'm sorry, I can only answer: {targets[text]}"), into=tmp_path / "r"
    )
    assert analysis.outcomes.get("refusal", 0) == 0
    assert analysis.outcomes["right"] > 0


def planned(study):
    from roadtest.harness import plan

    return plan(study)
