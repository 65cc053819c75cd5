"""`roadtest preview` shows every kind of mess: texts, turns, records, pictures, frames."""

from __future__ import annotations

from click.testing import CliRunner
from PIL import Image
from roadtest.harness.cli import main
from roadtest.harness.previewing import coloured
from roadtest.perturbations import find

LINES = "Where is order 48213? I ordered it two weeks ago."


def preview(*arguments):
    run = CliRunner().invoke(main, ["preview", *arguments])
    assert run.exit_code == 0, run.output
    return run.output


def test_turns_read_as_marks():
    assert preview("several_messages@1", LINES) == (
        "several_messages@1: Where is order 48213?[- -]{+‹user›+}I ordered it two weeks ago.\n"
    )


def test_a_screenshot_is_written_as_png_and_its_path_printed(tmp_path):
    shown = preview("chat_screenshot@3", LINES, "--draws", "2", "--pictures", str(tmp_path / "new"))
    paths = [line.removeprefix("picture: ") for line in shown.splitlines() if line.startswith("picture: ")]
    assert len(set(paths)) == 2
    for path in paths:
        picture = Image.open(path)
        assert picture.format == "PNG"
        assert picture.width > 200
        assert len(picture.convert("L").getcolors(256)) > 10, "it is not blank"
    assert preview("chat_screenshot@3", "👍 ok") == "chat_screenshot@3: unchanged\n"


def test_records_show_their_context_with_the_edits():
    shown = preview("null_answer", "--suite", "records")
    assert shown.count("context:\n") > 0
    assert "(now right: to ask)" in shown


def test_another_frame_shows_the_messages_that_it_changes():
    shown = preview("choice_order+choice_labels@3", "--suite", "intent")
    assert "system: " in shown
    assert "Answer with the" in shown
    assert "payment: a charge" not in shown, "the list is shown as it is sent"
    assert preview("choice_order@3", LINES) == "choice_order@3: unchanged\n"
    assert "unchanged (the frame has no place for it)" in preview("template_cues@3", "--suite", "arithmetic")


def test_the_fields_that_changed_are_named():
    from roadtest.harness import Case

    variant = find("wrong_before").variant(Case("1", "Fine.", "positive", choices=("positive", "negative")), 3, 0)
    text, history = coloured(variant).strip().split("\n")
    assert text.startswith("text: {+")
    assert history == "history: {+‹user›Fine.‹assistant›negative+}"
