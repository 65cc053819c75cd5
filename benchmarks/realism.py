"""How real the mess looks, measured on data that the fit has not seen.

`python benchmarks/realism.py [--python PYTHON] CORPORA SCORER [KIND ...]`: CORPORA holds the corpora that the fit_*.py
scripts read, SCORER is the two-sample scorer `score.py`, run with PYTHON. The kinds are words, typed, ocr, asr and
self_correction. Words: each corpus of misspellings is left out of the fit, whole, and its words too. Typed: UD English
EWT is left out. The others: fitted on the even lines and judged on the odd ones, and the other way round. The mess is
made as users get it, by the perturbations, protected spans and all; writers are drawn by percentile. Bounds (AUC):
words .62, typed .70, ocr .68, asr .77, self_correction .85. Beside words stand nlpaug's augmenters.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from roadtest.harness.cases import Edit, apply_edits
from roadtest.perturbations.tables import unescape

HERE = Path(__file__).parent
PAIRS = 900
CORPORA = ("adfreiburg-typos", "codespell", "wikipedia", "ud-ewt")
BOUNDS = {"words": 0.62, "typed": 0.70, "ocr": 0.68, "asr": 0.77, "self_correction": 0.85}
UNPROTECTED = ", channel alone"
Pairs = list[tuple[str, str]]


def escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def read(path: Path) -> Pairs:
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return [(unescape(fields[0]), unescape(fields[1])) for fields in (line.split("\t") for line in lines)]


def write(path: Path, pairs: Pairs) -> Path:
    path.write_text("".join(f"{escape(a)}\t{escape(b)}\n" for a, b in pairs), encoding="utf-8")
    return path


def fit(script: str, corpora: Path, to: Path, *options: str) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(HERE / script), str(corpora), "--to", str(to), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def made(kind: str, folder: Path, texts: list[str], seed: int) -> list[str]:
    """The mess of one kind on these texts, from the tables in a folder; run in a process of its own."""
    from roadtest.harness import Case
    from roadtest.perturbations import asr_channel, disfluency_channel, find, ocr_channel, tables

    unprotected = kind.endswith(UNPROTECTED)
    kind = kind.removesuffix(UNPROTECTED)
    tables.FOLDER = folder
    ocr_channel.TABLE, disfluency_channel.TABLE = folder / "ocr.tsv", folder / "disfluency.tsv"
    rng = random.Random(seed)
    name = {"words": "misspelling", "typed": "typos"}.get(kind, kind)
    found = find(name)
    out = []
    for number, text in enumerate(texts):
        case = Case(f"{number}", text, "\0")
        u = rng.random()
        if kind == "typed":
            # the writers of UD English EWT: half have one slip in a sentence, the others up to the 97th percentile
            rate = 0.0 if u < 0.5 else found.rates[rng.choice((0, 1, 2))] * (u - 0.5) * 2
        elif kind in ("ocr", "asr"):
            rate = {"ocr": ocr_channel, "asr": asr_channel}[kind].rate_at(u)  # type: ignore[attr-defined]
        else:
            rate = found.rates[0]
        if unprotected:
            out.append(_bare(text, ocr_channel.proposals(text, rng, decoded=True), rate))
        else:
            out.append(found.at_rate(case, rate, seed).text)
    return out


def _bare(text: str, proposals: Iterable[tuple[float, Edit]], rate: float) -> str:
    """The channel alone: its proposals below the rate, and one at least, whatever they touch."""
    kept: list[Edit] = []
    for draw, edit in sorted(proposals, key=lambda proposal: proposal[0]):
        if draw >= rate and kept:
            break
        if not any(edit.overlaps(other) for other in kept):
            kept.append(edit)
    return apply_edits(text, kept)


def peers(words: list[str]) -> dict[str, list[str]]:
    """nlpaug's augmenters on the same words."""
    import nlpaug.augmenter.char as characters
    import nlpaug.augmenter.word as whole

    random.seed(0)  # noqa: TID251 - nlpaug draws from the global state
    keyboard = characters.KeyboardAug(aug_char_max=1, aug_word_p=1.0, min_char=1)
    others = characters.RandomCharAug(action="substitute", aug_char_max=1, aug_word_p=1.0, min_char=1)
    listed = whole.SpellingAug(aug_p=1.0, aug_min=1)
    return {
        f"nlpaug {name}": [str((augmenter.augment(word) or [word])[0]) for word in words]
        for name, augmenter in (("KeyboardAug", keyboard), ("RandomCharAug", others), ("SpellingAug", listed))
    }


def score(given: argparse.Namespace, mode: str, real: Pairs, noisy: list[str], work: Path) -> dict[str, object]:
    paths = [
        write(work / "real.tsv", real),
        write(work / "made.tsv", [(c, n) for (c, _), n in zip(real, noisy, strict=True)]),
    ]
    extra = ["--attested", str(work / "attested.tsv")] if mode == "words" else ["--only-changed"]
    command = [given.python, str(given.scorer), mode, *map(str, paths), *extra]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def shown(name: str, result: dict[str, object], bound: float | None = None) -> None:
    keys = ("auc", "auc_ci", "coverage", "combined", "js_edit", "kbd_adj", "attested", "unchanged")
    values = "  ".join(f"{key} {result[key]}" for key in keys if result.get(key) is not None)
    print(f"{name:34} n {result['n']}  {values}" + (f"  (bound {bound})" if bound else ""), flush=True)


def alone(kind: str, folder: Path, texts: list[str], seed: int) -> list[str]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(made, kind, folder, texts, seed).result()


def words(given: argparse.Namespace, work: Path) -> None:
    attested: set[tuple[str, str]] = set()
    for name in CORPORA:
        attested |= set(read(given.corpora / name / "words.tsv"))
    write(work / "attested.tsv", sorted(attested))
    for name in CORPORA:
        sampled = [
            given.python,
            str(given.scorer),
            "sample",
            str(given.corpora / name / "words.tsv"),
            str(PAIRS),
            "--seed",
            "1",
        ]
        held = work / f"{name}.tsv"
        held.write_text(subprocess.run(sampled, check=True, capture_output=True, text=True).stdout, encoding="utf-8")
        real = read(held)
        fit("fit_spelling.py", given.corpora, work / name / "spelling.tsv", "--without", name, "--held", str(held))
        clean = [word for word, _ in real]
        shown(
            f"words: {name}", score(given, "words", real, alone("words", work / name, clean, 1), work), BOUNDS["words"]
        )
        for peer, noisy in peers(clean).items():
            shown(f"  {peer}", score(given, "words", real, noisy, work))


def typed(given: argparse.Namespace, work: Path) -> None:
    fit("fit_spelling.py", given.corpora, work / "typed" / "spelling.tsv", "--without", "ud-ewt")
    real = [pair for pair in read(given.corpora / "ud-ewt" / "sentences.tsv") if pair[0] != pair[1]][:PAIRS]
    noisy = alone("typed", work / "typed", [clean for clean, _ in real], 1)
    shown("typed: UD English EWT", score(given, "sentences", real, noisy, work), BOUNDS["typed"])


def halves(given: argparse.Namespace, work: Path, kind: str, script: str, table: str, file: str) -> None:
    lines = read(given.corpora / file)
    if kind == "ocr":  # NAT writes a blank that was added as this sign; alone it stands for a word that was not read
        lines = [(c, " ".join(t.replace("¬", " ") for t in n.split(" ") if t != "¬")) for c, n in lines]
    real, noisy, bare = Pairs(), list[str](), list[str]()
    for fitted, judged in (("odd", 1), ("even", 0)):
        folder = work / f"{kind}-{fitted}"
        fit(script, given.corpora, folder / table, "--only-lines", fitted)
        half = [(c, n) for at, (c, n) in enumerate(lines, 1) if at % 2 != (fitted == "odd") and c != n and c.strip()]
        half = [pair for pair in half if kind != "ocr" or 20 <= len(pair[0]) <= 200]
        half = random.Random(judged).sample(half, min(PAIRS // 2, len(half)))
        real += half
        noisy += alone(kind, folder, [clean for clean, _ in half], judged)
        if kind == "ocr":  # real OCR misreads numbers and small words as well, which protection forbids
            bare += alone(kind + UNPROTECTED, folder, [clean for clean, _ in half], judged)
    shown(f"{kind}: {file}", score(given, "sentences", real, noisy, work), BOUNDS[kind])
    if bare:
        shown(f"{kind}{UNPROTECTED}", score(given, "sentences", real, bare, work), BOUNDS[kind])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("scorer", type=Path)
    parser.add_argument("kinds", nargs="*", default=list(BOUNDS), help=", ".join(BOUNDS))
    parser.add_argument("--python", default=sys.executable, help="the Python that has what the scorer needs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for kind in given.kinds:
            if kind == "words":
                words(given, work)
            elif kind == "typed":
                typed(given, work)
            elif kind == "ocr":
                halves(given, work, kind, "fit_ocr.py", "ocr.tsv", "ocr-tesseract-nat/tess4.tsv")
            elif kind == "asr":
                halves(given, work, kind, "fit_asr.py", "asr.tsv", "noiseqa-asr/sentences.tsv")
            elif kind == "self_correction":
                halves(given, work, kind, "fit_disfluency.py", "disfluency.tsv", "disfl-qa/sentences.tsv")
            else:
                sys.exit(f"no kind called {kind!r}; known: {', '.join(BOUNDS)}")


if __name__ == "__main__":
    main()
