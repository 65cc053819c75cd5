"""Screens of applications that show a person's text: a messenger, a mail program, a contact form.

Around the text stands what an application shows around it, and nothing that could be taken for an answer: no figure,
no date, no address, no person's name.
"""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from .errors import CaseError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageFont import FreeTypeFont

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""
Point = tuple[float, float]

_WIDEST = 400  # characters that no line holds more of


def font_file(name: str) -> Path:
    """Where matplotlib keeps a font of the DejaVu family; matplotlib itself is not imported."""
    spec = importlib.util.find_spec("matplotlib")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf"
        if path.is_file():
            return path
    raise CaseError(
        f"pictures are drawn with the font {name}, which comes with matplotlib and is not there: pip install matplotlib"
    )


def shown(text: str, kind: str, device: str, theme: str, seed: int) -> tuple[Screen, Box]:
    """The screen of an application with the text on it, and where on it the text stands."""
    screen = Screen(device, theme, seed)
    return screen, {"chat": _chat, "email": _email, "form": _form}[kind](screen, text)


# --- the screen and what is drawn with


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a screen, as Pillow reads them."""

    page: str  # what the content stands on
    bar: str  # headers and side columns
    ink: str
    faint: str  # labels and hints
    line: str  # thin rules
    field: str  # input fields
    theirs: str  # what the other side wrote stands on it
    desk: str  # what a rotated picture lies on
    mine: str = ""
    mine_ink: str = ""
    accent: str = ""
    accent_ink: str = "#ffffff"


_PALETTES = {
    "light": ("#ffffff", "#f6f7f9", "#15181c", "#656d76", "#d9dde2", "#ffffff", "#eceff2", "#ffffff"),
    "dark": ("#16181c", "#202328", "#e8eaed", "#9aa1aa", "#363b42", "#23272d", "#2b3036", "#0c0d0f"),
}
_TINTS = {  # ground and ink of the person's bubble, and the application's own colour
    "light": (
        ("#d8f8cf", "#111b21", "#0b7a5f"),
        ("#0b66d6", "#ffffff", "#0b66d6"),
        ("#dfe9ff", "#14213d", "#3157c8"),
        ("#6d3fd0", "#ffffff", "#6d3fd0"),
    ),
    "dark": (
        ("#0b5346", "#e9f3ef", "#2fa886"),
        ("#1559b3", "#ffffff", "#4c94f0"),
        ("#2c4170", "#edf2ff", "#7fa0f5"),
        ("#51319c", "#ffffff", "#a587f2"),
    ),
}


def _arc(x: float, y: float, radius: float, start: float, end: float) -> tuple[Point, ...]:
    """Points on a circle, angles in degrees, clockwise from the right."""
    angles = (math.radians(start + (end - start) * step / 20) for step in range(21))
    return tuple((x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles)


_ICONS: dict[str, tuple[tuple[Point, ...], ...]] = {  # strokes in a square from 0 to 1
    "back": (((0.62, 0.15), (0.28, 0.5), (0.62, 0.85)),),
    "forward": (((0.38, 0.15), (0.72, 0.5), (0.38, 0.85)),),
    "down": (((0.2, 0.36), (0.5, 0.66), (0.8, 0.36)),),
    "more": tuple(_arc(0.5, y, 0.03, 0, 360) for y in (0.2, 0.5, 0.8)),
    "star": (tuple(_arc(0.5, 0.52, (0.46, 0.2)[step % 2], 36 * step - 90, 36 * step - 90)[0] for step in range(11)),),
    "menu": (((0.15, 0.25), (0.85, 0.25)), ((0.15, 0.5), (0.85, 0.5)), ((0.15, 0.75), (0.85, 0.75))),
    "plus": (((0.5, 0.15), (0.5, 0.85)), ((0.15, 0.5), (0.85, 0.5))),
    "search": (_arc(0.44, 0.44, 0.28, 0, 360), ((0.65, 0.65), (0.87, 0.87))),
    "video": (
        ((0.08, 0.26), (0.62, 0.26), (0.62, 0.74), (0.08, 0.74), (0.08, 0.26)),
        ((0.62, 0.46), (0.92, 0.3), (0.92, 0.7), (0.62, 0.54)),
    ),
    "send": (((0.14, 0.16), (0.88, 0.5), (0.14, 0.84), (0.26, 0.5), (0.14, 0.16)), ((0.26, 0.5), (0.55, 0.5))),
    "ticks": (((0.02, 0.55), (0.24, 0.76), (0.66, 0.26)), ((0.42, 0.66), (0.52, 0.76), (0.96, 0.26))),
    "tick": (((0.18, 0.52), (0.42, 0.75), (0.84, 0.26)),),
    "reload": (_arc(0.5, 0.5, 0.32, -20, 280), ((0.86, 0.16), (0.82, 0.4), (0.58, 0.36))),
    "lock": (
        ((0.22, 0.45), (0.78, 0.45), (0.78, 0.88), (0.22, 0.88), (0.22, 0.45)),
        ((0.32, 0.45), *_arc(0.5, 0.32, 0.18, 180, 360), (0.68, 0.45)),
    ),
    "bin": (
        ((0.15, 0.26), (0.85, 0.26)),
        ((0.38, 0.26), (0.38, 0.13), (0.62, 0.13), (0.62, 0.26)),
        ((0.24, 0.26), (0.3, 0.88), (0.7, 0.88), (0.76, 0.26)),
    ),
    "archive": (
        ((0.12, 0.16), (0.88, 0.16), (0.88, 0.36), (0.12, 0.36), (0.12, 0.16)),
        ((0.18, 0.36), (0.18, 0.86), (0.82, 0.86), (0.82, 0.36)),
        ((0.4, 0.54), (0.6, 0.54)),
    ),
    "reply": (((0.42, 0.2), (0.12, 0.48), (0.42, 0.76)), ((0.12, 0.48), (0.62, 0.48), (0.88, 0.62), (0.9, 0.84))),
    "pass on": (((0.58, 0.2), (0.88, 0.48), (0.58, 0.76)), ((0.88, 0.48), (0.38, 0.48), (0.12, 0.62), (0.1, 0.84))),
    "letter": (
        ((0.1, 0.22), (0.9, 0.22), (0.9, 0.8), (0.1, 0.8), (0.1, 0.22)),
        ((0.1, 0.26), (0.5, 0.56), (0.9, 0.26)),
    ),
    "pen": (((0.18, 0.84), (0.22, 0.62), (0.7, 0.14), (0.88, 0.32), (0.4, 0.8), (0.18, 0.84)),),
    "cross": (((0.25, 0.25), (0.75, 0.75)), ((0.75, 0.25), (0.25, 0.75))),
    "waves": (_arc(0.5, 0.85, 0.62, 225, 315), _arc(0.5, 0.85, 0.34, 225, 315), ((0.5, 0.83),) * 2),
}


class Screen:
    """A screen that is drawn on. Places and sizes are in units, of which `ratio` pixels make one."""

    def __init__(self, device: str, theme: str, seed: int) -> None:
        self.phone = device == "phone"
        self.ratio, self.width = (2, 390) if self.phone else (1, 900)
        self.rng = Random(seed)
        self.team = self.rng.choice(_TEAMS)
        tint = self.rng.choice(_TINTS[theme])
        self.ink = Palette(*_PALETTES[theme], *tint, "#ffffff" if theme == "light" else "#0d1117")
        self.image: Picture
        self._fonts: dict[tuple[float, bool], FreeTypeFont] = {}

    def open(self, height: float, ground: str) -> None:
        """The empty screen, of a height that is known once the text is wrapped."""
        from PIL import Image

        self.image = Image.new("RGB", (self.width * self.ratio, round(height * self.ratio)), ground)

    def font(self, size: float, bold: bool = False) -> FreeTypeFont:
        """The font of a size in units."""
        from PIL import ImageFont

        if (size, bold) not in self._fonts:
            file = font_file("DejaVuSans-Bold" if bold else "DejaVuSans")
            # The basic layout is in every build of Pillow, so that one text has the same lines everywhere.
            layout = ImageFont.Layout.BASIC
            self._fonts[size, bold] = ImageFont.truetype(file, round(size * self.ratio), layout_engine=layout)
        return self._fonts[size, bold]

    def long(self, text: str, size: float, bold: bool = False) -> float:
        """The width of a line."""
        return self.font(size, bold).getlength(text) / self.ratio

    def wrapped(self, text: str, size: float, width: float) -> list[str]:
        """The lines of a text that are at most so wide, broken between words, or within one that is wider."""
        lines = []
        for paragraph in text.expandtabs(4).split("\n"):
            line = ""
            for piece in re.findall(r" +|[^ ]+", paragraph):
                if self.long(line + piece, size) <= width:
                    line += piece
                    continue
                if line.strip():
                    lines.append(line.rstrip(" "))
                    line = ""
                rest = "" if piece.isspace() else piece
                while len(rest) > _WIDEST or self.long(rest, size) > width:
                    most = self._fitting(rest[:_WIDEST], size, width)
                    lines.append(rest[:most])
                    rest = rest[most:]
                line = rest
            lines.append(line.rstrip(" "))
        return lines

    def _fitting(self, word: str, size: float, width: float) -> int:
        low, high = 1, len(word)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.long(word[:middle], size) <= width else (low, middle - 1)
        return low

    def write(
        self, x: float, y: float, text: str, size: float, colour: str = "", bold: bool = False, anchor: str = "lm"
    ) -> None:
        """One line; `anchor` is Pillow's: which point of the line stands at x, y."""
        from PIL import ImageDraw

        pen = ImageDraw.Draw(self.image)
        at = math.floor(x * self.ratio + 0.5), math.floor(y * self.ratio + 0.5)  # halves up: lines keep their distance
        pen.text(at, text, fill=colour or self.ink.ink, font=self.font(size, bold), anchor=anchor)

    def lines(self, x: float, y: float, lines: Sequence[str], size: float, leading: float, colour: str = "") -> Box:
        """Lines below each other from the upper left corner; the pixels they stand on."""
        for number, line in enumerate(lines):
            self.write(x, y + (number + 0.5) * leading, line, size, colour)
        right = x + max(self.long(line, size) for line in lines)
        return x * self.ratio, y * self.ratio, right * self.ratio, (y + len(lines) * leading) * self.ratio

    def block(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """A rectangle."""
        self.image.paste(colour, self._pixels(left, top, right, bottom))

    def round(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        radius: float,
        colour: str,
        line: str = "",
        sharp: str = "",
    ) -> None:
        """A rectangle with smooth round corners, with a thin `line` around it; the corner `sharp` is hardly round.

        `sharp` is "tl", "tr", "bl" or "br".
        """
        if line:
            self.round(left, top, right, bottom, radius, line, sharp=sharp)
            left, top, right, bottom, radius = left + 1, top + 1, right - 1, bottom - 1, radius - 1
        from PIL import Image

        box = self._pixels(left, top, right, bottom)
        width, height = box[2] - box[0], box[3] - box[1]
        mask = Image.new("L", (width, height), 255)
        for corner in ("tl", "tr", "bl", "br"):
            size = round((radius / 4 if corner == sharp else radius) * self.ratio)
            size = max(1, min(size, width // 2, height // 2))
            low, right_side = corner[0] == "b", corner[1] == "r"
            x, y = size * right_side, size * low
            quarter = _disc(size).crop((x, y, x + size, y + size))
            mask.paste(quarter, ((width - size) * right_side, (height - size) * low))
        self.image.paste(colour, box, mask)

    def disc(self, x: float, y: float, radius: float, colour: str, letter: str = "") -> None:
        """A circle around x, y with a letter in it."""
        self.round(x - radius, y - radius, x + radius, y + radius, radius, colour)
        if letter:
            self.write(x, y, letter, radius * 0.9, self.ink.accent_ink, bold=True, anchor="mm")

    def icon(self, name: str, x: float, y: float, size: float, colour: str = "", weight: float = 1.7) -> None:
        """A small drawing around x, y."""
        from PIL import Image, ImageDraw

        fine = 4
        side, thick = round(size * self.ratio), weight * self.ratio * fine
        mask = Image.new("L", (side * fine, side * fine), 0)
        pen = ImageDraw.Draw(mask)
        for stroke in _ICONS[name]:
            points = [(px * side * fine, py * side * fine) for px, py in stroke]
            pen.line(points, fill=255, width=round(thick))
            for px, py in points:
                pen.ellipse((px - thick / 2, py - thick / 2, px + thick / 2, py + thick / 2), fill=255)
        at = round(x * self.ratio - side / 2), round(y * self.ratio - side / 2)
        self.image.paste(colour or self.ink.ink, (*at, at[0] + side, at[1] + side), mask.reduce(fine))

    def _pixels(self, left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
        return (
            round(left * self.ratio),
            round(top * self.ratio),
            round(right * self.ratio),
            round(bottom * self.ratio),
        )


def _disc(radius: int) -> Picture:
    """A smooth white circle on black, as a mask."""
    from PIL import Image, ImageDraw

    fine = 4
    mask = Image.new("L", (2 * radius * fine, 2 * radius * fine), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, 2 * radius * fine - 1, 2 * radius * fine - 1), fill=255)
    return mask.reduce(fine)


# --- the applications


_TEAMS = "Support;Customer care;Help desk;Service team;Help centre".split(";")
_PRESENCE = "online;active now;available;here to help".split(";")
_GREETINGS = (
    "Hi, thanks for getting in touch. How can I help?",
    "Hello! What can I do for you?",
    "Welcome! Just tell us what it is about.",
    "Hi there! Write to us here and we will have a look.",
)
_CHATS = "Family;Neighbours;Book club;Choir;Team;Friends;Garden;Running group".split(";")
_FACES = ("#5b6f8f", "#8a5f7d", "#4d7f74", "#946a42", "#6a64a3")
_PREVIEWS = "You: okay;Photo;Sticker;Video;Voice message;Draft".split(";")
_HINTS = "Message;Write a message;Type a message".split(";")
_SUBJECTS = "(no subject);Hello;My message;Getting in touch;Hi there".split(";")
_FOLDERS = {"Inbox": "letter", "Starred": "star", "Sent": "send", "Drafts": "pen", "Archive": "archive", "Bin": "bin"}
_HEADINGS = "Contact us;Get in touch;Write to us;How can we help?".split(";")
_INTROS = (
    "Fill in the form and we will get back to you.",
    "Tell us what it is about. We read every message.",
    "We are happy to help. Just send us a message.",
)


def _strip(screen: Screen) -> None:
    """Signal, network and battery of a phone, without a figure."""
    ink = screen.ink.ink
    for bar in range(4):
        screen.block(302 + 5 * bar, 20 - 3 * bar, 305 + 5 * bar, 23, ink)
    screen.icon("waves", 335, 17, 17, ink, 1.6)
    screen.round(350, 11, 374, 23, 3.5, screen.ink.bar, line=ink)
    screen.round(352, 13, 352 + screen.rng.randrange(8, 21), 21, 1.5, ink)
    screen.block(375, 15, 376.5, 19, ink)


def _chat(screen: Screen, text: str) -> Box:
    """A messenger: the person's text is the last bubble, on the right."""
    rng, ink = screen.rng, screen.ink
    size, leading, pad = (16, 22, 13) if screen.phone else (15, 21, 13)
    left, head, foot = (0, 88, 66) if screen.phone else (250, 64, 68)
    most = (296 if screen.phone else 430) - 2 * pad
    hello = screen.wrapped(rng.choice(_GREETINGS), size, most - 20)
    mine = screen.wrapped(text, size, most)
    ticks = rng.random() < 0.6
    theirs_high, mine_high = (len(lines) * leading + 2 * pad - 6 for lines in (hello, mine))
    mine_high += 14 if ticks else 0
    needed = head + 24 + theirs_high + 14 + mine_high + 20 + foot
    height = max(needed, 560 if screen.phone else 440)
    screen.open(height, ink.page)
    if not screen.phone:
        _chat_column(screen, left, height)
    _chat_head(screen, left, head)
    radius, sharp = rng.choice((10, 14, 18)), rng.random() < 0.7
    top = head + 24 if rng.random() < 0.5 else height - foot - 20 - mine_high - 14 - theirs_high
    edge = left + 12 + (36 if not screen.phone else 0)
    if not screen.phone:
        screen.disc(left + 28, top + theirs_high - 16, 14, ink.accent, screen.team[0])
    wide = max(screen.long(line, size) for line in hello) + 2 * pad
    screen.round(edge, top, edge + wide, top + theirs_high, radius, ink.theirs, sharp="bl" if sharp else "")
    screen.lines(edge + pad, top + pad - 3, hello, size, leading)
    top += theirs_high + 14
    right = screen.width - (12 if screen.phone else 24)
    wide = max(max(screen.long(line, size) for line in mine), 26) + 2 * pad
    screen.round(right - wide, top, right, top + mine_high, radius, ink.mine, sharp="br" if sharp else "")
    box = screen.lines(right - wide + pad, top + pad - 3, mine, size, leading, ink.mine_ink)
    if ticks:
        screen.icon("ticks", right - pad - 5, top + mine_high - 11, 15, ink.mine_ink, 1.2)
    _chat_foot(screen, left, height, foot)
    return box


def _chat_head(screen: Screen, left: float, head: float) -> None:
    rng, ink = screen.rng, screen.ink
    team = screen.team
    screen.block(left, 0, screen.width, head, ink.bar)
    screen.block(left, head - 1, screen.width, head, ink.line)
    if screen.phone:
        _strip(screen)
        screen.icon("back", 20, 59, 24, ink.accent, 2.4)
    middle, start = (59, 58) if screen.phone else (32, left + 36)
    screen.disc(start, middle, 18, ink.accent, team[0])
    screen.write(start + 30, middle - 9, team, 16, bold=True)
    screen.write(start + 30, middle + 11, rng.choice(_PRESENCE), 12.5, ink.faint)
    for number, name in enumerate(rng.choice((("more", "video"), ("more", "search"), ("search", "video")))):
        screen.icon(name, screen.width - 26 - 40 * number, middle, 23, ink.accent if screen.phone else ink.faint)


def _chat_column(screen: Screen, right: float, height: float) -> None:
    """The other conversations, beside the open one."""
    rng, ink = screen.rng, screen.ink
    screen.block(0, 0, right, height, ink.bar)
    screen.round(14, 14, right - 14, 48, 17, ink.field, line=ink.line)
    screen.icon("search", 33, 31, 16, ink.faint, 1.4)
    screen.write(48, 31, "Search", 13, ink.faint)
    names = [screen.team, *rng.sample(_CHATS, len(_CHATS))]
    for number, name in enumerate(names[: int((height - 64) // 66)]):
        middle = 64 + 66 * number + 33
        if number == 0:
            screen.round(8, middle - 30, right - 8, middle + 30, 10, ink.theirs)
        screen.disc(38, middle, 19, _FACES[number % len(_FACES)] if number else ink.accent)
        screen.write(38, middle, name[0], 17, ink.accent_ink if number == 0 else "#ffffff", bold=True, anchor="mm")
        screen.write(68, middle - 10, name, 14, bold=True)
        screen.write(68, middle + 11, rng.choice(_PREVIEWS), 12.5, ink.faint)
    screen.block(right - 1, 0, right, height, ink.line)


def _chat_foot(screen: Screen, left: float, height: float, foot: float) -> None:
    ink, middle = screen.ink, height - foot / 2
    screen.block(left, height - foot, screen.width, height, ink.bar)
    screen.block(left, height - foot, screen.width, height - foot + 1, ink.line)
    screen.icon("plus", left + 28, middle, 24, ink.accent, 2)
    screen.round(left + 52, middle - 20, screen.width - 60, middle + 20, 20, ink.field, line=ink.line)
    screen.write(left + 68, middle, screen.rng.choice(_HINTS), 15, ink.faint)
    screen.disc(screen.width - 32, middle, 19, ink.accent)
    screen.icon("send", screen.width - 31, middle, 20, ink.accent_ink, 1.8)


def _email(screen: Screen, text: str) -> Box:
    """A mail that the person sent, open in a mail program."""
    rng, ink = screen.rng, screen.ink
    size, leading = (16, 23) if screen.phone else (15, 23)
    left, head, pad = (0, 84, 18) if screen.phone else (190, 52, 32)
    body = screen.wrapped(text, size, screen.width - left - 2 * pad)
    top = head + 154
    height = max(top + len(body) * leading + 40 + 72, 560 if screen.phone else 440)
    screen.open(height, ink.page)
    screen.block(left, 0, screen.width, head, ink.bar)
    screen.block(left, head - 1, screen.width, head, ink.line)
    middle = 56 if screen.phone else 26
    if screen.phone:
        _strip(screen)
    else:
        _email_column(screen, left, height)
    screen.icon("back", left + 24, middle, 24, ink.accent, 2.4)
    for number, name in enumerate(rng.choice((("more", "bin", "archive"), ("more", "letter", "bin")))):
        screen.icon(name, screen.width - 28 - 46 * number, middle, 23, ink.faint)
    screen.write(left + pad, head + 30, "Subject:", 13.5, ink.faint)
    screen.write(left + pad + 68, head + 29, rng.choice(_SUBJECTS), 18, bold=True)
    screen.block(left + pad, head + 56, screen.width - pad, head + 57, ink.line)
    screen.disc(left + pad + 21, head + 94, 21, ink.accent, "M")
    for number, (label, name) in enumerate((("From:", "Me"), ("To:", screen.team))):
        screen.write(left + pad + 56, head + 82 + 24 * number, label, 13.5, ink.faint)
        screen.write(left + pad + 106, head + 82 + 24 * number, name, 14.5, bold=number == 0)
    screen.block(left + pad, head + 132, screen.width - pad, head + 133, ink.line)
    box = screen.lines(left + pad, top, body, size, leading)
    radius, wide = rng.choice((6, 12, 19)), 112 if screen.phone else 124
    for number, (icon, word) in enumerate((("reply", "Reply"), ("pass on", "Forward"))):
        start, middle = left + pad + (wide + 14) * number, height - 42
        screen.round(start, middle - 19, start + wide, middle + 19, radius, ink.page, line=ink.line)
        screen.icon(icon, start + 24, middle, 18, ink.faint)
        screen.write(start + 40, middle, word, 14)
    return box


def _email_column(screen: Screen, right: float, height: float) -> None:
    """The folders, of which the sent mails are open."""
    ink = screen.ink
    screen.block(0, 0, right, height, ink.bar)
    screen.round(16, 16, right - 30, 58, 14, ink.accent)
    screen.icon("pen", 40, 37, 18, ink.accent_ink)
    screen.write(58, 37, "New mail", 14, ink.accent_ink, bold=True)
    for number, (name, icon) in enumerate(_FOLDERS.items()):
        middle, chosen = 92 + 38 * number, name == "Sent"
        if chosen:
            screen.round(8, middle - 17, right - 12, middle + 17, 17, ink.theirs)
        screen.icon(icon, 30, middle, 17, ink.accent if chosen else ink.faint, 1.5)
        screen.write(50, middle, name, 14, bold=chosen)
    screen.block(right - 1, 0, right, height, ink.line)


def _form(screen: Screen, text: str) -> Box:
    """The contact form of a web page, filled in and not sent yet."""
    rng, ink = screen.rng, screen.ink
    size, leading = (16, 22) if screen.phone else (15, 21)
    head, pad = (92, 18) if screen.phone else (84, 36)
    left, right = (pad, screen.width - pad) if screen.phone else (150 + pad, 750 - pad)
    lines = screen.wrapped(text, size, right - left - 28)
    card = head + (0 if screen.phone else 26)
    field_top, field_high = card + 212, max(len(lines) * leading + 26, 120)
    height = field_top + field_high + 126 + (14 if screen.phone else 46)
    screen.open(height, ink.page if screen.phone else ink.bar)
    if not screen.phone:
        screen.round(150, card, 750, height - 30, 12, ink.page, line=ink.line)
    heading = rng.choice(_HEADINGS)
    _browser(screen, heading, head)
    radius = rng.choice((4, 8, 12))
    screen.write(left, card + 40, heading, 24, bold=True)
    screen.write(left, card + 74, rng.choice(_INTROS), 13.5 if screen.phone else 14, ink.faint)
    screen.write(left, card + 112, "Topic", 14, bold=True)
    screen.round(left, card + 126, right, card + 168, radius, ink.field, line=ink.line)
    screen.write(left + 14, card + 147, "Please select", 15, ink.faint)
    screen.icon("down", right - 22, card + 147, 16, ink.faint)
    screen.write(left, field_top - 16, "Your message", 14, bold=True)
    bottom = field_top + field_high
    screen.round(left, field_top, right, bottom, radius, ink.field, line=rng.choice((ink.line, ink.accent)))
    box = screen.lines(left + 14, field_top + 12, lines, size, leading)
    screen.round(left, bottom + 19, left + 20, bottom + 39, 4, ink.field, line=ink.faint)
    if rng.random() < 0.5:
        screen.icon("tick", left + 10, bottom + 29, 15, ink.accent, 2)
    screen.write(left + 32, bottom + 29, rng.choice(("Send me a copy", "I agree to the terms of use")), 14)
    end = right if screen.phone else left + 130
    screen.round(left, bottom + 58, end, bottom + 104, radius, ink.accent)
    screen.write((left + end) / 2, bottom + 81, "Send", 16, ink.accent_ink, bold=True, anchor="mm")
    return box


def _browser(screen: Screen, title: str, head: float) -> None:
    """What a browser shows above a page, with the page's title where an address would stand."""
    ink = screen.ink
    screen.block(0, 0, screen.width, head, ink.bar)
    screen.block(0, head - 1, screen.width, head, ink.line)
    middle, start, end = (60, 16, 332) if screen.phone else (60, 128, 848)
    if screen.phone:
        _strip(screen)
    else:
        screen.block(0, 0, screen.width, 38, ink.theirs)
        screen.round(14, 7, 230, 50, 9, ink.bar)
        screen.block(0, 38, screen.width, head - 1, ink.bar)
        screen.disc(32, 23, 7, ink.accent)
        screen.write(48, 23, title, 12.5)
        screen.icon("cross", 214, 23, 13, ink.faint, 1.3)
        screen.icon("plus", 250, 23, 14, ink.faint, 1.3)
        for number, name in enumerate(("back", "forward", "reload")):
            screen.icon(name, 28 + 36 * number, middle, 18, ink.faint)
    screen.round(start, middle - 16, end, middle + 16, 16, ink.field, line=ink.line)
    screen.icon("lock", start + 19, middle, 15, ink.faint, 1.4)
    screen.write(start + 34, middle, title, 13.5)
    screen.icon("more", screen.width - (28 if screen.phone else 24), middle, 20, ink.faint)
