from __future__ import annotations

import json
from dataclasses import replace

import pytest
from roadtest.harness import RoadtestError, load_study, plan
from roadtest.harness.study import points


def test_a_plan_asks_every_clean_item_and_every_changed_variant_once(write_study):
    planned = plan(load_study(write_study("items = 12\nsuite = 'arithmetic'\nrepeats = 3\ndraws = 2\nseed = 4")))
    assert len(planned.cases) == 12
    assert len(planned.variants) == 12 * 2 * 2
    changed = sum(variant.changed for variant in planned.variants)
    assert len(planned.requests) == 12 * 3 + changed
    assert len({request.id for request in planned.requests}) == len(planned.requests)
    for request in planned.requests:
        sent = request.messages[-1]["content"]
        assert sent == (request.variant.text if request.variant else request.case.text)


def test_the_order_is_seeded_and_mixes_clean_and_messy(write_study):
    study = load_study(write_study("items = 20\nsuite = 'arithmetic'\nseed = 1"))
    order = [request.id for request in plan(study).requests]
    assert order == [request.id for request in plan(study).requests]
    other = [request.id for request in plan(replace(study, seed=2)).requests]
    assert sorted(other) != sorted(order) or other != order
    first_half = order[: len(order) // 2]
    assert 0.2 < sum("/clean" in key for key in first_half) / len(first_half) < 0.8


def test_more_items_keep_the_fewer(write_study):
    study = load_study(write_study("items = 5\nsuite = 'arithmetic'"))
    few, many = plan(study), plan(replace(study, items=9))
    assert few.cases == many.cases[:5]
    assert {v.id: v.text for v in few.variants}.items() <= {v.id: v.text for v in many.variants}.items()


def test_the_fingerprint_follows_what_is_asked_and_nothing_else(write_study, monkeypatch):
    study = load_study(write_study())
    base = plan(study).fingerprint
    assert plan(load_study(write_study(gate="margin = 0.2\nlevel = 0.9"))).fingerprint == base
    assert (
        plan(load_study(write_study(endpoint='callable = "app:answer"\nconcurrency = 9\nretries = 0'))).fingerprint
        == base
    )
    for change in ({"seed": 1}, {"items": 6}, {"repeats": 3}, {"perturbations": ("typos@3",)}, {"draws": 2}):
        assert plan(replace(study, **change)).fingerprint != base
    assert plan(load_study(write_study(endpoint='callable = "app:answer"\ntemperature = 0.5'))).fingerprint != base
    url = 'model = "openai/m"\nbase_url = "${ROADTEST_MODEL_URL}"'
    fingerprints = set()
    for port in ("1", "2"):
        monkeypatch.setenv("ROADTEST_MODEL_URL", f"http://127.0.0.1:{port}/v1")
        fingerprints.add(plan(load_study(write_study(endpoint=url))).fingerprint)
    assert len(fingerprints) == 1, "the port a server happens to get does not matter"


def test_a_dataset_of_ones_own_stands_beside_the_study(write_study, tmp_path):
    (tmp_path / "mine.jsonl").write_text('{"id": "a", "text": "Where is order 48213?", "target": "48213"}\n')
    with pytest.raises(RoadtestError, match="names no scorer; add one"):
        plan(load_study(write_study("suite = 'mine.jsonl'")))
    planned = plan(load_study(write_study("suite = 'mine.jsonl'\nscorer = 'contains'")))
    assert planned.suite.name == "mine"
    assert [request.messages[0]["content"] for request in planned.requests if not request.variant] == [
        "Where is order 48213?"
    ] * 2


def test_a_study_can_bring_its_frame(write_study):
    path = write_study()
    path.write_text(
        path.read_text() + '[frame]\nsystem = "S"\ntemplate = "Q: {text}"\nexamples = [{user = "u", assistant = "a"}]\n'
    )
    messages = plan(load_study(path)).requests[0].messages
    assert [turn["role"] for turn in messages] == ["system", "user", "assistant", "user"]
    assert messages[-1]["content"].startswith("Q: ")


def test_a_frame_that_would_not_send_the_mess_is_refused(write_study):
    path = write_study()
    path.write_text(path.read_text() + '[frame]\ntemplate = "Classify."\n')
    with pytest.raises(RoadtestError, match=r"template must hold \{text\}, or the mess would never be sent"):
        plan(load_study(path))


@pytest.mark.parametrize(
    ("value", "expected"), [(0.05, 0.05), ("5pp", 0.05), ("2.5 pp", 0.025), ("5%", 0.05), ("3 points", 0.03)]
)
def test_margins_in_points(value, expected):
    assert points(value) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("top", "endpoint", "gate", "message"),
    [
        ("perturbations = ['typo']", None, None, "no perturbation called 'typo'; did you mean 'typos'"),
        ("perturbations = []", None, None, "must name at least one"),
        ("perturbations = ['typos', 'typos@3']", None, None, "perturbations names 'typos@3' twice"),
        ("sead = 3", None, None, "no key called 'sead'; did you mean 'seed'"),
        ("seed = 'x'", None, None, "seed must be a whole number, not 'x'"),
        ("seed = true", None, None, "seed must be a whole number, not True"),
        ("repeats = 0", None, None, "repeats must be at least 1, not 0"),
        ("suite = 'arithmetics'", None, None, "no suite called 'arithmetics'; did you mean 'arithmetic'"),
        ("suite = 'no/such.jsonl'", None, None, "such.jsonl: suite must be a JSONL file or one of"),
        ("suite = 'arithmetic'\nitems = 100000", None, None, "items = 100000, but suite 'arithmetic' has"),
        ("scorer = 'exakt'", None, None, "no scorer called 'exakt'"),
        ("suite = 'arithmetic'\nscorer = 'label'", None, None, "needs choices in every case"),
        ("name = 'a/b'", None, None, "it names the results folder"),
        ("name = ", None, None, "not TOML"),
        ("", "modle = 'x'", None, "[endpoint] no key called 'modle'; did you mean 'model'"),
        ("", "", None, "[endpoint] needs one of model"),
        ("", "model = 'a/b'\ncallable = 'a:b'", None, "[endpoint] needs one of model"),
        ("", "model = 'a/b'\ntimeout = nan", None, "[endpoint] timeout must be a finite number, not nan"),
        ("", "model = 'a/b'\nextra = {day = 2020-01-01}", None, "extra must hold what JSON can hold"),
        ("", "model = 'a/b'\nextra = {api_key = 'sk-1'}", None, "keys do not belong in a study; name a key_env"),
        ("name = '" + "a" * 300 + "'", None, None, "100 at most: it names the results folder"),
        ("", "model = 'a/b'\nconcurrency = 0", None, "[endpoint] concurrency must be at least 1, not 0"),
        (
            "",
            "model = 'a/${NOT_SET_ANYWHERE}'",
            None,
            "needs the environment variable NOT_SET_ANYWHERE, which is not set",
        ),
        ("", None, "level = 0.95", "[gate] margin must be stated"),
        ("", None, "margin = 5", "margin must lie between 0 and 1"),
        ("", None, "margin = 'five'", "must be a fraction such as 0.05, or points such as '5pp'"),
        ("", None, "margin = nan", "margin must be a finite number"),
        ("", None, "margin = 0.05\nlevel = 95", "level must lie between 0.5 and 1"),
    ],
)
def test_a_broken_study_gets_one_line_that_names_the_mistake(write_study, top, endpoint, gate, message):
    arguments = (
        {"top": top} | ({"endpoint": endpoint} if endpoint is not None else {}) | ({"gate": gate} if gate else {})
    )
    path = write_study(**arguments)
    with pytest.raises(RoadtestError) as caught:
        plan(load_study(path)).fingerprint  # noqa: B018 - it is computed when asked for
    assert message in str(caught.value)
    assert "\n" not in str(caught.value).replace("\\n", "")


def test_a_study_file_that_cannot_be_read(tmp_path):
    with pytest.raises(RoadtestError, match="No such file"):
        load_study(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    with pytest.raises(RoadtestError, match="not UTF-8"):
        load_study(tmp_path / "latin.toml")


def test_a_study_goes_to_json(write_study):
    study = load_study(write_study())
    assert json.loads(json.dumps(study.to_dict()))["endpoint"]["callable"] == "app:answer"
