"""The real loop: Pillow draws, the tesseract program reads."""

from __future__ import annotations

import itertools
import os
import shutil

import pytest
from roadtest.harness import Case, StudyError
from roadtest.perturbations import find

CASE = Case("1", "Please look into order 48213, which should have been delivered to my mother in Leeds.", "48213")
needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None and not os.environ.get("CI"), reason="tesseract is not installed"
)


@needs_tesseract
def test_a_picture_that_gets_worse_is_read_ever_worse():
    variants = [find("screenshot_ocr").variant(CASE, severity, 0) for severity in range(6)]
    assert variants[-1].changed
    assert len(variants[-1].edits) >= len(variants[2].edits)
    for lower, higher in itertools.pairwise(variants):
        assert set(lower.edits) <= set(higher.edits)
    assert all("48213" in variant.text for variant in variants)
    assert find("screenshot_ocr").variant(CASE, 5, 0) == variants[-1]


def test_without_tesseract_it_says_what_to_do(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StudyError, match="apt install tesseract-ocr"):
        find("screenshot_ocr").variant(CASE, 3, 0)
