"""The real loop of a screenshot: Pillow draws the text, the picture gets worse, the tesseract program reads it.

What comes out depends on the versions of Pillow and tesseract, so that such variants are repeatable on one machine and
between machines with the same versions, and the manifest hash tells when they are not the same.
"""

from __future__ import annotations

import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING

from ..harness.cases import Edit, edits_between
from ..harness.errors import StudyError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_LEVELS = (0.05, 0.25, 0.45, 0.65, 0.85)
_LINE = 60
_LONGEST = 6_000
_SECONDS = 60


def misread(text: str, seed: int) -> Iterator[tuple[float, Edit]]:
    """What is misread at five stages of a worsening picture, each edit at the first stage that shows it.

    Raises StudyError where no tesseract program is installed.
    """
    if not text.strip() or len(text) > _LONGEST or (not text.isprintable() and "\n" not in text):
        return
    program = shutil.which("tesseract")
    if program is None:
        raise StudyError(
            "screenshot_ocr needs the tesseract program: install it (Debian: apt install tesseract-ocr) or use 'ocr', "
            "which imitates it"
        )
    seen: list[Edit] = []
    for stage, level in enumerate(_LEVELS):
        read = _read(program, _picture(text, stage, seed))
        for edit in edits_between(text, _unwrapped(text, read)):
            if not any(edit.overlaps(other) or edit == other for other in seen):
                seen.append(edit)
                yield level, edit


def _picture(text: str, stage: int, seed: int) -> bytes:
    """A PNG of the text, smaller, blurred and noisier from stage to stage."""
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    rng = Random(seed)  # the same spots at every stage
    size = (26, 20, 17, 15, 13)[stage]
    font = ImageFont.load_default(size)
    lines = textwrap.wrap(text, _LINE, drop_whitespace=True) or [text]
    width = max(int(font.getlength(line)) for line in lines) + 40
    image: Picture = Image.new("L", (width, int(size * 1.5) * len(lines) + 40), 250 - 15 * stage)
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        pen.text((20, 20 + number * int(size * 1.5)), line, fill=20 + 20 * stage, font=font)
    image = image.rotate(rng.uniform(-0.3, 0.3) * stage, fillcolor=250 - 15 * stage)
    image = image.filter(ImageFilter.GaussianBlur(0.25 + 0.2 * stage))
    for _ in range(int(image.width * image.height * 0.002 * stage)):
        image.putpixel((rng.randrange(image.width), rng.randrange(image.height)), rng.randrange(256))
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _read(program: str, png: bytes) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the program that was found, a picture of ours on its standard input
            [program, "stdin", "stdout", "--psm", "6", "-l", "eng"],
            input=png,
            capture_output=True,
            check=True,
            timeout=_SECONDS,
        )
    except (subprocess.SubprocessError, OSError) as problem:
        raise StudyError(f"screenshot_ocr: tesseract could not read the picture: {problem}") from None
    return done.stdout.decode("utf-8", "replace")


def _unwrapped(text: str, read: str) -> str:
    """What was read, with the line ends of the picture taken back."""
    joined = " ".join(read.split())
    return joined if "\n" not in text else read.strip()
