"""The real loop of a screenshot: the chat is drawn, the picture gets worse, the tesseract program reads it.

What comes out depends on the versions of Pillow and tesseract, so that such variants are repeatable on one machine and
between machines with the same versions, and the manifest hash tells when they are not the same.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO

from ..harness.cases import Edit, edits_between
from ..harness.errors import StudyError
from ..harness.pictures import Look, draw, drawable

_LEVELS = (0.05, 0.25, 0.45, 0.65, 0.85)
_STAGES = ((1.6, 0.0, 0, 0.0), (1.0, 0.2, 70, 0.3), (0.8, 0.3, 50, 0.5), (0.7, 0.3, 45, 0.6), (0.6, 0.3, 40, 0.8))
"""Scale, blur, JPEG quality and rotation of the picture at each stage; chosen by hand."""
_MARGIN = 4
_SECONDS = 60


def misread(text: str, seed: int) -> Sequence[tuple[float, Edit]]:
    """What is misread at five stages of a worsening picture, each edit at the first stage that shows it.

    Raises StudyError where no tesseract program is installed.
    """
    program = shutil.which("tesseract")
    if program is None:
        raise StudyError(
            "screenshot_ocr needs the tesseract program: install it (Debian: apt install tesseract-ocr) or use 'ocr', "
            "which imitates it"
        )
    return _misread(program, text, seed) if drawable(text) else ()


@lru_cache(maxsize=4096)  # all severities of a variant are read off the same five pictures
def _misread(program: str, text: str, seed: int) -> tuple[tuple[float, Edit], ...]:
    seen: list[tuple[float, Edit]] = []
    for stage, level in enumerate(_LEVELS):
        read = _read(program, _picture(text, stage, seed))
        for edit in edits_between(text, _unwrapped(text, read)):
            if not any(edit.overlaps(other) or edit == other for _, other in seen):
                seen.append((level, edit))
    return tuple(seen)


def _picture(text: str, stage: int, seed: int) -> bytes:
    """A PNG of the person's text on the screen, without what stands around it; worse from stage to stage."""
    from PIL import Image

    scale, blur, jpeg, rotate = _STAGES[stage]
    drawn = draw(text, Look("chat", "light", "desktop", seed, scale=scale, blur=blur, jpeg=jpeg, rotate=rotate))
    left, top, right, bottom = drawn.box
    around = (max(left - _MARGIN, 0), max(top - _MARGIN, 0), min(right + _MARGIN, drawn.width), bottom + _MARGIN)
    out = BytesIO()
    Image.open(BytesIO(drawn.png)).crop(around).save(out, "PNG")
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
