"""Screenshots: they open, hold the text where they say, and a program that reads pictures reads it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from io import BytesIO
from itertools import pairwise, product

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageOps
from roadtest.harness import CaseError, pictures, screens
from roadtest.harness.pictures import DEVICES, KINDS, LONGEST, MOST_LINES, THEMES, Drawn, Look, draw, drawable

LOOKS = [Look(*names) for names in product(KINDS, THEMES, DEVICES)]
NAMES = [f"{look.kind}-{look.theme}-{look.device}" for look in LOOKS]
SENTENCE = (
    "Hello, my order 48213 has not arrived yet although the shop charged my card 149.90 twice last week. "
    "Please check what happened and tell me when the money comes back."
)
needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None and not os.environ.get("CI"), reason="needs tesseract"
)


def opened(drawn: Drawn) -> Image.Image:
    image = Image.open(BytesIO(drawn.png))
    image.load()
    return image


def read(drawn: Drawn, margin: int = 8, enlarge: int = 1) -> str:
    """What tesseract reads where the text stands, dark on bright."""
    left, top, right, bottom = drawn.box
    part = opened(drawn).convert("L")
    part = part.crop(
        (
            max(0, left - margin),
            max(0, top - margin),
            min(right + margin, part.width),
            min(bottom + margin, part.height),
        )
    )
    if part.getpixel((1, 1)) < 128:
        part = ImageOps.invert(part)
    png = BytesIO()
    part.resize((part.width * enlarge, part.height * enlarge), Image.Resampling.LANCZOS).save(png, "PNG")
    run = subprocess.run(
        ["tesseract", "stdin", "stdout", "--psm", "6", "-l", "eng"],
        input=png.getvalue(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return run.stdout.decode("utf-8", "replace")


def outside(drawn: Drawn) -> bytes:
    """The pixels around the text."""
    image = opened(drawn)
    ImageDraw.Draw(image).rectangle((*drawn.box[:2], drawn.box[2] - 1, drawn.box[3] - 1), fill="#000000")
    return image.tobytes()


@pytest.mark.parametrize("look", LOOKS, ids=NAMES)
def test_every_look_is_a_picture_with_the_text_inside(look):
    drawn = draw(SENTENCE, look)
    image = opened(drawn)
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (drawn.width, drawn.height))
    assert drawn.width == {"phone": 780, "desktop": 900}[look.device]
    left, top, right, bottom = drawn.box
    assert 0 < left < right < drawn.width
    assert 0 < top < bottom < drawn.height
    assert (sum(image.getpixel((2, drawn.height // 2))) < 384) == (look.theme == "dark")
    assert len(set(image.crop(drawn.box).convert("L").tobytes())) > 20  # smooth letters on one ground


@pytest.mark.parametrize("look", LOOKS, ids=NAMES)
def test_the_box_holds_the_text_and_all_of_it(look):
    """The wrapped lines are as wide as before when their letters are others; only what is in the box changes."""
    one, other = draw("mmmm mmmm 48213", look), draw("mmmm mmmm 99990", look)
    assert one.box == other.box
    assert one.png != other.png
    assert outside(one) == outside(other)
    left, top, right, bottom = ImageChops.difference(opened(one), opened(other)).getbbox()
    assert one.box[0] <= left < right <= one.box[2]
    assert one.box[1] <= top < bottom <= one.box[3]


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[-1]], ids=[NAMES[0], NAMES[-1]])
def test_the_box_follows_crop_scale_and_rotation(look):
    for worn in (
        replace(look, scale=0.5),
        replace(look, scale=1.7, crop=0.6),
        *(replace(look, rotate=9.0, crop=0.3, seed=seed) for seed in range(4)),
    ):
        one, other = draw("mmmm mmmm 48213", worn), draw("mmmm mmmm 99990", worn)
        left, top, right, bottom = ImageChops.difference(opened(one), opened(other)).getbbox()
        assert one.box[0] - 4 <= left < right <= one.box[2] + 4, worn  # resampling reaches a few pixels further
        assert one.box[1] - 4 <= top < bottom <= one.box[3] + 4, worn
        assert 0 <= one.box[0] < one.box[2] <= one.width
        assert 0 <= one.box[1] < one.box[3] <= one.height


def test_one_look_gives_the_same_bytes_and_another_seed_others():
    for look in LOOKS:
        worn = replace(look, scale=0.7, blur=0.4, jpeg=60, crop=0.3, rotate=1.0)
        assert draw(SENTENCE, worn) == draw(SENTENCE, worn)
        assert len({draw(SENTENCE, replace(look, scale=0.3, seed=seed)).png for seed in range(4)}) == 4


def test_another_process_draws_the_same():
    code = (
        "import sys, hashlib; from roadtest.harness.pictures import Look, draw\n"
        "print(hashlib.sha256(draw(sys.argv[1], Look(seed=5, rotate=1.0)).png).hexdigest())"
    )
    run = [
        subprocess.run([sys.executable, "-c", code, SENTENCE], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert run[0] == run[1] != ""


def test_importing_and_asking_what_is_drawable_loads_no_picture_library():
    code = (
        "import sys; import roadtest.harness.pictures as p\n"
        "assert not {'PIL', 'fontTools', 'matplotlib', 'numpy'} & set(sys.modules)\n"
        "p.draw('hello', p.Look()); assert 'matplotlib' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "text", ["plain", "é", "e\u0301", "Straße", "Привет", "Καλημέρα", "149,90 €", "a\n\n\tb", "x", "„so“ – ½ ≤ → ✓"]
)
def test_drawable(text):
    assert drawable(text)
    assert draw(text, Look()).png


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "blank"),
        (" \n\t ", "blank"),
        ("مرحبا", "right to left"),
        ("שלום", "right to left"),
        ("ok 😀", "U\\+1F600 is an emoji"),
        ("late ⏰", "emoji"),
        ("❤\ufe0f", "U\\+FE0F"),
        ("日本", "U\\+65E5 is not in the font"),
        ("x\u0300\u0316", "mark"),
        ("\ud800", "U\\+D800"),
        ("a\x00", "U\\+0000"),
        ("a\r\nb", "U\\+000D"),
        ("a\u200bb", "U\\+200B"),
        ("\u202eabc", "U\\+202E"),
        ("a\u2028b", "U\\+2028"),
        ("a" * (LONGEST + 1), "4,001 characters"),
        ("a\n" * MOST_LINES, "201 lines"),
    ],
)
def test_not_drawable(text, why):
    assert not drawable(text)
    with pytest.raises(CaseError, match=why):
        draw(text, Look())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "chatt"}, "kind of a picture must be one of chat, email, form, not 'chatt'; did you mean 'chat'"),
        ({"theme": None}, "theme .* light, dark"),
        ({"device": "tablet"}, "device .* phone, desktop"),
        ({"seed": 1.5}, "seed .* whole number"),
        ({"seed": True}, "seed .* whole number"),
        ({"scale": 0.29}, "scale .* from 0.3 to 2, not 0.29"),
        ({"scale": 2.1}, "scale"),
        ({"scale": float("nan")}, "scale"),
        ({"scale": "1"}, "scale"),
        ({"blur": -0.1}, "blur .* from 0 to 5"),
        ({"jpeg": 96}, "jpeg .* from 0 to 95"),
        ({"jpeg": 50.0}, "jpeg .* whole number"),
        ({"crop": 1.01}, "crop .* from 0 to 1"),
        ({"rotate": -1}, "rotate .* from 0 to 45"),
    ],
)
def test_a_look_out_of_range_says_what_is_allowed(values, message):
    with pytest.raises(CaseError, match=message):
        Look(**values)


def test_damage_changes_the_picture_and_its_size_as_it_says():
    clean = draw(SENTENCE, Look())
    assert (draw(SENTENCE, Look(scale=0.5)).width, draw(SENTENCE, Look(scale=2)).width) == (390, 1560)
    for look in (Look(blur=0.8), Look(jpeg=40)):
        worn = draw(SENTENCE, look)
        assert (worn.width, worn.height, worn.box) == (clean.width, clean.height, clean.box)
        assert worn.png != clean.png
    turned = draw(SENTENCE, Look(rotate=2))
    assert turned.width > clean.width
    assert turned.height > clean.height
    assert opened(turned).getpixel((0, 0)) == (255, 255, 255)


def test_worse_jpeg_and_more_blur_are_further_from_the_clean_picture():
    clean = opened(draw(SENTENCE, Look()))

    def distance(look: Look) -> int:
        return sum(
            level * count
            for level, count in enumerate(
                ImageChops.difference(clean, opened(draw(SENTENCE, look))).convert("L").histogram()
            )
        )

    assert 0 < distance(Look(jpeg=90)) < distance(Look(jpeg=50)) < distance(Look(jpeg=15))
    assert 0 < distance(Look(blur=0.4)) < distance(Look(blur=0.8)) < distance(Look(blur=2))


def test_the_seed_says_which_way_a_picture_is_turned():
    ways = set()
    for seed in range(6):
        straight, turned = opened(draw("x", Look(seed=seed))), opened(draw("x", Look(seed=seed, rotate=20)))
        ways |= {
            degrees
            for degrees in (20, -20)
            if turned.tobytes()
            == straight.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="#ffffff").tobytes()
        }
    assert ways == {20, -20}


@pytest.mark.parametrize("look", LOOKS, ids=NAMES)
def test_cropping_never_touches_the_text(look):
    whole = draw(SENTENCE, look)
    text = opened(whole).crop(whole.box).tobytes()
    sizes = []
    for share in (0.0, 0.3, 0.7, 1.0):
        part = draw(SENTENCE, replace(look, crop=share))
        assert opened(part).crop(part.box).tobytes() == text
        left, top, right, bottom = part.box
        assert min(left, top, part.width - right, part.height - bottom) >= 3
        sizes.append((part.width, part.height))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1][0] <= right - left + 12
    assert sizes[-1][1] <= bottom - top + 12


def test_lines_are_kept_wrapped_between_words_and_broken_inside_long_ones():
    screen = screens.Screen("phone", "light", 0)
    assert screen.wrapped("one\n\n  two\tthree", 16, 300) == ["one", "", "  two   three"]
    wrapped = screen.wrapped(SENTENCE, 16, 150)
    assert " ".join(wrapped) == SENTENCE
    assert all(screen.long(line, 16) <= 150 for line in wrapped)
    long = "see " + "abcdefghij" * 10
    wrapped = screen.wrapped(long, 16, 150)
    assert wrapped[0] == "see"
    assert "".join(wrapped[1:]) == long[4:]
    assert all(screen.long(line, 16) <= 150 for line in wrapped)
    assert all(screen.long(line + longer[0], 16) > 150 for line, longer in pairwise(wrapped[1:]))


def test_the_height_grows_with_the_text():
    for look in LOOKS:
        if look.theme == "light":
            assert draw("word " * 250, look).height > draw("word " * 200, look).height > draw("word", look).height


def test_the_longest_texts_are_drawn_and_a_huge_picture_is_refused():
    assert draw("W" * LONGEST, Look()).height < 20_000
    assert draw("a\n" * (MOST_LINES - 1), Look()).height < 20_000
    with pytest.raises(CaseError, match="too large: lower scale or rotate"):
        draw("a\n" * (MOST_LINES - 1), Look(scale=2, rotate=45))


def test_what_stands_around_the_text_holds_no_figure_and_no_address(monkeypatch):
    written = []
    write = screens.Screen.write

    def noted(screen, x, y, text, *rest, **named):
        written.append(text)
        write(screen, x, y, text, *rest, **named)

    monkeypatch.setattr(screens.Screen, "write", noted)
    monkeypatch.setattr(pictures, "_worn", lambda *given, **more: None)  # what takes longest, and writes nothing
    for look, seed in product(LOOKS, range(20)):
        draw("the person", replace(look, seed=seed))
    around = set(written) - {"the person"}
    assert len(around) > 40
    for text in around:
        assert not any(letter.isnumeric() for letter in text), text
        assert not set("@/.") & set(text.replace(". ", " ").rstrip(".")), text


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1..21 (WCAG 2.2)."""

    def luminance(colour: str) -> float:
        parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_every_colour_of_letters_is_readable_on_its_ground():
    for theme, seed in product(THEMES, range(12)):
        ink = screens.Screen("phone", theme, seed).ink
        pairs = [(ink.mine_ink, ink.mine), (ink.accent_ink, ink.accent)]
        pairs += [(letters, ground) for letters in (ink.ink, ink.faint) for ground in (ink.page, ink.bar, ink.theirs)]
        for letters, ground in pairs:
            assert contrast(letters, ground) >= 4.3, (theme, letters, ground)


def test_without_the_font_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for ask in (lambda: drawable("hello"), lambda: draw("hello", Look())):
        with pytest.raises(CaseError, match="pip install matplotlib"):
            ask()


@needs_tesseract
@pytest.mark.parametrize("look", LOOKS, ids=NAMES)
def test_a_program_reads_the_words_and_figures_of_every_look(look):
    got = read(draw(SENTENCE, look), enlarge=1 if look.device == "phone" else 2).split()
    words = SENTENCE.split()
    assert len(words) == 30
    assert sum((Counter(words) & Counter(got)).values()) >= 27, got
    assert {"48213", "149.90"} <= set(got)


@needs_tesseract
@pytest.mark.parametrize("worn", [{"scale": 0.6}, {"blur": 0.7}, {"jpeg": 40}, {"crop": 1.0}, {"rotate": 0.8}], ids=str)
def test_figures_survive_moderate_damage_on_a_phone(worn):
    got = read(draw(SENTENCE, replace(Look(kind="email"), **worn)), margin=3)
    assert "48213" in got
    assert "149.90" in got
