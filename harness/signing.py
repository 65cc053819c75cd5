"""Signatures on a manifest: Ed25519 with a key of the owner's, so that nobody else can seal altered results."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from .errors import ResultsError, StudyError
from .manifest import MANIFEST, SIGNATURE, read_manifest
from .results import write_json


def new_key(path: Path) -> Path:
    """Makes a private key in a PEM file that only its owner can read, and a public one, whose path it gives.

    Raises StudyError where a file of that name is there already.
    """
    serialization, ed25519 = _cryptography()
    public = path.with_name(path.name + ".pub")
    if path.exists() or public.exists():
        raise StudyError(f"{path}: is there already; a key is never overwritten")
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return public


def sign(folder: Path, key: Path) -> str:
    """Signs the manifest of a results folder as it is; gives the fingerprint of the public key.

    Raises StudyError for a file that is no Ed25519 private key in PEM, ResultsError where there is no manifest.
    """
    serialization, ed25519 = _cryptography()
    read_manifest(folder)
    try:
        private: Any = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except OSError as error:
        raise StudyError(f"{key}: cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise StudyError(f"{key}: not a private key in PEM without a password") from error
    if not isinstance(private, ed25519.Ed25519PrivateKey):
        raise StudyError(f"{key}: not an Ed25519 key; `roadtest sign --new-key {key}` makes one")
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    signature = private.sign((folder / MANIFEST).read_bytes())
    write_json(
        folder / SIGNATURE,
        {
            "algorithm": "Ed25519",
            "public_key": base64.b64encode(raw).decode("ascii"),
            "signature": base64.b64encode(signature).decode("ascii"),
        },
    )
    return fingerprint(raw)


def check(folder: Path, public: Path | None = None) -> tuple[str, str]:
    """Whether the manifest is signed, by a key that is expected: a problem (empty where there is none), and a note.

    Without `public`, the public key in PEM, it only says whose key it was; with it, a missing signature is a problem.
    """
    path = folder / SIGNATURE
    if not path.exists():
        return (f"{path}: there is no signature", "") if public else ("", "not signed")
    serialization, ed25519 = _cryptography()
    from cryptography.exceptions import InvalidSignature

    try:
        data = json.loads(path.read_bytes())
        raw, signature = (base64.b64decode(data[name], validate=True) for name in ("public_key", "signature"))
        ed25519.Ed25519PublicKey.from_public_bytes(raw).verify(signature, (folder / MANIFEST).read_bytes())
    except InvalidSignature:
        return f"{path}: the manifest is not the one that was signed", ""
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{path}: is damaged ({type(error).__name__})", ""
    if public:
        try:
            expected: Any = serialization.load_pem_public_key(public.read_bytes())
        except OSError as error:
            raise StudyError(f"{public}: cannot be read: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            raise StudyError(f"{public}: not a public key in PEM") from error
        if expected.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw) != raw:
            return f"{path}: signed by another key ({fingerprint(raw)})", ""
        return "", f"signed by the key that was expected ({fingerprint(raw)})"
    return "", f"signed by a key with the fingerprint {fingerprint(raw)}; give --public-key to check whose that is"


def fingerprint(raw: bytes) -> str:
    """The SHA-256 of a public key, shortened for people."""
    return f"SHA256:{base64.b64encode(hashlib.sha256(raw).digest()).decode('ascii').rstrip('=')}"


def _cryptography() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise ResultsError("signatures need the package cryptography: pip install 'roadtest[signing]'") from error
    return serialization, ed25519
