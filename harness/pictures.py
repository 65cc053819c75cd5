"""Text drawn as the screenshot of a phone or desktop screen, as a person would paste it to an assistant.

Around the text stands what an application shows around it, and nothing that could be taken for an answer: no figure,
no date, no address, no person's name. What comes out is the same for one text, one look and one version of Pillow.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from .errors import CaseError, did_you_mean
from .screens import Box, font_file, shown

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

KINDS = ("chat", "email", "form")
"""What the person wrote in: a messenger, a mail program, the contact form of a web page."""

THEMES = ("light", "dark")
"""Dark letters on a bright ground, or bright letters on a dark one."""

DEVICES = ("phone", "desktop")
"""A phone, 390 units wide with 2 pixels a unit, or a window of 900 pixels on a desktop."""

LONGEST = 4_000
"""Characters of a text that is drawn."""

MOST_LINES = 200
"""Lines of a text that is drawn, as the person broke them."""

_MOST_PIXELS = 60_000_000  # Pillow warns of a picture above 89 million
_RANGES = {"scale": (0.3, 2), "blur": (0, 5), "jpeg": (0, 95), "crop": (0, 1), "rotate": (0, 45)}


@dataclass(frozen=True, slots=True)
class Look:
    """How a screenshot looks: what is drawn around the text, and what befell the picture on its way.

    `kind`, `theme` and `device` are among `KINDS`, `THEMES` and `DEVICES`. `seed` chooses wordings, colours, details of
    the layout and the direction of the rotation. `scale` (0.3..2) is the size of the final picture relative to what the
    device shows. `blur` (0..5) is the radius of a Gaussian blur, in pixels of the final picture. `jpeg` (1..95) is the
    quality of a JPEG that the picture was saved as on its way, 0 where it never was. `crop` (0..1) is the share of what
    surrounds the text that is cut away, on each side; the text itself is never cut. `rotate` (0..45) is in degrees; the
    canvas grows, so that nothing is lost. The damage is done in this order: crop, scale, rotate, blur, jpeg.

    Raises CaseError for anything outside.
    """

    kind: str = "chat"
    theme: str = "light"
    device: str = "phone"
    seed: int = 0
    scale: float = 1.0
    blur: float = 0.0
    jpeg: int = 0
    crop: float = 0.0
    rotate: float = 0.0

    def __post_init__(self) -> None:
        for name, known in (("kind", KINDS), ("theme", THEMES), ("device", DEVICES)):
            value: Any = getattr(self, name)
            if value not in known:
                hint = did_you_mean(value, known) if isinstance(value, str) else ""
                raise CaseError(f"{name} of a picture must be one of {', '.join(known)}, not {value!r}{hint}")
        for name in ("seed", "jpeg"):
            value = getattr(self, name)
            if type(value) is not int:
                raise CaseError(f"{name} of a picture must be a whole number, not {value!r}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise CaseError(f"{name} of a picture must be a number from {low} to {high}, not {value!r}")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture: its PNG bytes, its size in pixels, and the bounding box of the person's text in it.

    `box` is left, top, right, bottom in pixels of the final picture, right and bottom exclusive.
    """

    png: bytes
    width: int
    height: int
    box: tuple[int, int, int, int]


def drawable(text: str) -> bool:
    """Whether every character can be drawn as a reader would expect, and the text is neither blank nor too long.

    It is not for letters that run from right to left, combining marks that no single character stands for, invisible
    and control characters other than newline and tab, emoji, and whatever the font lacks; nor above `LONGEST`
    characters or `MOST_LINES` lines. Raises CaseError where the font is missing.
    """
    return _obstacle(text) == ""


def draw(text: str, look: Look) -> Drawn:
    """The screenshot of a screen that shows the text.

    Raises CaseError for text that is not `drawable`, where the font is missing, and for a picture of more than 60
    million pixels.
    """
    obstacle = _obstacle(text)
    if obstacle:
        raise CaseError(f"this text cannot be drawn as a picture: {obstacle}")
    screen, box = shown(_composed(text), look.kind, look.device, look.theme, look.seed)
    return _worn(screen.image, box, look, desk=screen.ink.desk, margin=3 * screen.ratio)


# --- which texts


_COLOURED = re.compile(  # drawn as small coloured pictures by what people use, whatever our font has for them
    "[\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd"
    "\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755"
    "\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55\U0001f000-\U0001faff]"
)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _obstacle(text: str) -> str:
    """Why a text cannot be drawn, or nothing."""
    if not text.strip():
        return "it is empty or blank"
    if len(text) > LONGEST:
        return f"it has {len(text):,} characters, and {LONGEST:,} are the most"
    if text.count("\n") >= MOST_LINES:
        return f"it has {text.count(chr(10)) + 1:,} lines, and {MOST_LINES} are the most"
    glyphs = _glyphs(font_file("DejaVuSans"))
    for one in dict.fromkeys(_composed(text)):
        reason = "" if one in "\n\t" else _fault(one, glyphs)
        if reason:
            return f"U+{ord(one):04X} {reason}"
    return ""


def _fault(one: str, glyphs: frozenset[int]) -> str:
    category = unicodedata.category(one)
    if category[0] == "C" or category in ("Zl", "Zp"):
        return "is a control character, or not a character that is seen"
    if category[0] == "M":
        return "is a mark that cannot be joined with the character before it"
    if unicodedata.bidirectional(one) in ("R", "AL", "AN"):
        return "is written from right to left"
    if _COLOURED.match(one):
        return "is an emoji"
    return "" if ord(one) in glyphs else "is not in the font"


@lru_cache(maxsize=2)
def _glyphs(path: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


# --- what befalls a picture


def _worn(image: Picture, box: Box, look: Look, *, desk: str, margin: float) -> Drawn:
    """The picture after its way to the assistant, as PNG; `box` is the text's place in pixels of the screen.

    A turned picture lies on a `desk` of this colour, and a cropped one keeps a `margin` around the text, in pixels.
    """
    from PIL import Image, ImageFilter

    if look.crop:
        image, box = _cropped(image, box, look.crop, margin)
    width, height = (max(1, round(side * look.scale)) for side in image.size)
    turn = math.radians(look.rotate)
    wide = width * math.cos(turn) + height * math.sin(turn)
    high = width * math.sin(turn) + height * math.cos(turn)
    if wide * high > _MOST_PIXELS:
        raise CaseError(
            f"a picture of {wide:,.0f} x {high:,.0f} pixels is too large: lower scale or rotate, or take a shorter text"
        )
    if (width, height) != image.size:
        box = _stretched(box, width / image.width, height / image.height)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    if look.rotate:
        image, box = _rotated(image, box, look.rotate * Random(f"{look.seed}/turn").choice((1, -1)), desk)
    if look.blur:
        image = image.filter(ImageFilter.GaussianBlur(look.blur))
    if look.jpeg:
        passed = BytesIO()
        image.save(passed, "JPEG", quality=look.jpeg)
        image = Image.open(passed)
    out = BytesIO()
    image.save(out, "PNG", compress_level=3)
    left, top = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    right, bottom = min(image.width, math.ceil(box[2])), min(image.height, math.ceil(box[3]))
    return Drawn(out.getvalue(), image.width, image.height, (left, top, right, bottom))


def _cropped(image: Picture, box: Box, share: float, margin: float) -> tuple[Picture, Box]:
    """Each edge is moved towards the text by a share of the way; a hair of `margin` stays."""
    left, top = (math.floor(share * max(0, side - margin)) for side in box[:2])
    right = image.width - math.floor(share * max(0, image.width - box[2] - margin))
    bottom = image.height - math.floor(share * max(0, image.height - box[3] - margin))
    return image.crop((left, top, right, bottom)), (box[0] - left, box[1] - top, box[2] - left, box[3] - top)


def _stretched(box: Box, across: float, down: float) -> Box:
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def _rotated(image: Picture, box: Box, degrees: float, ground: str) -> tuple[Picture, Box]:
    """Turned around its centre, counter-clockwise, on a canvas that holds all of it."""
    from PIL import Image

    turned = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=ground)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [(x - image.width / 2, y - image.height / 2) for x in box[::2] for y in box[1::2]]
    across = [turned.width / 2 + cos * x + sin * y for x, y in corners]
    down = [turned.height / 2 - sin * x + cos * y for x, y in corners]
    return turned, (min(across), min(down), max(across), max(down))
