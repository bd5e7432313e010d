"""The tokens an installation needs for itself: made at the first start, for the owner's eyes."""

import os
from pathlib import Path

from connectors.principals import PrincipalFile
from schemas.principals import Principal, Role

PRINCIPALS = "principals.json"
OWN = (
    Principal("service", Role.SERVICE),
    Principal("analyst", Role.ANALYST),
    Principal("finance", Role.FINANCE),
    Principal("manual", Role.SOURCE, source="manual"),
)


def principals_path(data_dir: Path) -> Path:
    """Return where the digests of all tokens are kept."""
    return data_dir / PRINCIPALS


def token_path(data_dir: Path, name: str) -> Path:
    """Return where the installation keeps one of its own tokens."""
    return data_dir / f"{name}.token"


def ensure_tokens(data_dir: Path) -> None:
    """Make the installation's own tokens unless they are there and still valid."""
    principals = PrincipalFile(principals_path(data_dir))
    for principal in OWN:
        path = token_path(data_dir, principal.name)
        if path.exists() and principals.by_token(path.read_text().strip()) == principal:
            continue
        _write_private(path, principals.add(principal))


def own_token(data_dir: Path, name: str) -> str:
    """Return one of the installation's own tokens.

    Raises:
        FileNotFoundError: nothing was ever started out of this folder.
    """
    return token_path(data_dir, name).read_text().strip()


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
