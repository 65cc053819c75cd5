"""What people send instead of typing it: a picture of the text, as a phone or a desktop screen shows it.

The edits put marks around the text, and `Frame.messages` sends what stands between them as an image part. The text in
the picture is the same, so that the item costs what the channel costs. The `ocr` and `asr` perturbations bring the same
item through a reader of pictures and a microphone.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from ..harness.cases import Edit
from ..harness.marks import PICTURE_END, mark
from ..harness.pictures import DEVICES, THEMES, drawable
from .perturbation import STEPS, Proposal, perturbation

_SOURCE = (
    "the looks are those of common applications, drawn by us; what a picture went through on its way is not known: the "
    "steps were chosen by hand so that a person still reads all of it (docs/channels.md says what tesseract reads)"
)
_MEASURE = "what a picture goes through: scale and crop, JPEG, blur, rotation"

# What a picture of each device goes through from severity to severity; a later value takes the place of an earlier one
_WEAR: dict[str, tuple[dict[str, str], ...]] = {
    "phone": (
        {},
        {"scale": "0.8", "crop": "0.3"},
        {"scale": "0.7", "jpeg": "60", "crop": "0.6"},
        {"scale": "0.6", "blur": "0.4"},
        {"scale": "0.5", "jpeg": "50", "rotate": "1.0"},
    ),
    "desktop": (
        {},
        {"crop": "0.3"},
        {"jpeg": "70", "crop": "0.6"},
        {"scale": "0.9", "jpeg": "60"},
        {"jpeg": "50", "blur": "0.3", "rotate": "0.6"},
    ),
}


def _pictured(kind: str, text: str, rng: Random) -> Iterator[Proposal]:
    """The text in a picture of this kind; characters that no font here can draw stay text, and the case unchanged."""
    if not drawable(text):
        return
    device = rng.choice(DEVICES)
    look = f"{kind} {rng.choice(THEMES)} {device} {rng.randrange(10_000)}"
    yield -1.0, (Edit(0, 0, mark("picture", look)), Edit(len(text), len(text), PICTURE_END))
    for share, wear in zip(STEPS, _WEAR[device], strict=True):
        for name, value in wear.items():
            yield share - 0.1, Edit(0, 0, mark(name, value))


@perturbation("chat_screenshot", rates=STEPS, measure=_MEASURE, source=_SOURCE, sends="pictures")
def chat_screenshot(text: str, rng: Random) -> Iterator[Proposal]:
    """A screenshot of the message in a chat comes in place of the text; a bubble, light or dark, phone or desktop."""
    yield from _pictured("chat", text, rng)


@perturbation("email_screenshot", rates=STEPS, measure=_MEASURE, source=_SOURCE, sends="pictures")
def email_screenshot(text: str, rng: Random) -> Iterator[Proposal]:
    """A screenshot of an e-mail with the message comes in place of the text."""
    yield from _pictured("email", text, rng)


@perturbation("form_screenshot", rates=STEPS, measure=_MEASURE, source=_SOURCE, sends="pictures")
def form_screenshot(text: str, rng: Random) -> Iterator[Proposal]:
    """A screenshot of a form with the message in it comes in place of the text."""
    yield from _pictured("form", text, rng)
