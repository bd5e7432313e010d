"""What is asked when a source is added: the vendor's settings, and the secret of its pushes."""

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic.fields import FieldInfo

from connectors.sources.runtime.folder import HOOK, SECRET_MIN, BadSource, secret_fields
from connectors.sources.vendors.contract import Vendor

Ask = Callable[[str, str, bool], str]  # (question, default, is secret) -> answer
_BYTES = 32  # of a secret made here


class Answers(NamedTuple):
    """What was answered, secrets apart."""

    settings: dict[str, Any]
    secrets: dict[str, str]

    @property
    def together(self) -> dict[str, Any]:
        """Return all of it, to be checked."""
        return {**self.settings, **{k: v for k, v in self.secrets.items() if k != HOOK}}


def given(texts: Sequence[str]) -> dict[str, str]:
    """Return what NAME=VALUE texts say; @FILE stands for what is in a file.

    Raises:
        BadSource: one says nothing.
    """
    found = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark or not name:
            raise BadSource(f"--set {text}: write NAME=VALUE, or NAME=@FILE for a secret")
        if value.startswith("@"):
            try:
                value = Path(value[1:]).read_text("utf-8").strip()
            except OSError as error:
                raise BadSource(f"--set {name}: {value[1:]} ({error.strerror})") from None
        found[name] = value
    return found


def asked(vendor: Vendor, said: Mapping[str, str], ask: Ask | None) -> Answers:
    """Return all settings of a vendor: those that were said, the others asked for.

    Args:
        ask: None: nobody can be asked; defaults are taken.

    Raises:
        BadSource: something unknown was said, or something needed was not.
    """
    model = vendor.settings
    strangers = set(said) - {*model.model_fields, HOOK}
    if strangers:
        known = ", ".join([*model.model_fields, *([HOOK] if vendor.hook else [])]) or "none"
        raise BadSource(f"{vendor.title} has no setting {sorted(strangers)[0]}; there are {known}")
    hidden = secret_fields(model)
    plain: dict[str, Any] = {}
    kept: dict[str, str] = {}
    for name, field in model.model_fields.items():
        value = said.get(name)
        if value is None:
            value = _asked_for(name, field, name in hidden, ask)
        if value is not None:
            (kept if name in hidden else plain)[name] = value
    if vendor.hook is not None:
        kept[HOOK] = _hook(vendor, said.get(HOOK), kept, ask)
    return Answers(plain, kept)


def made_secret() -> str:
    """Return a new secret for pushes: of 50 characters, fit for headers, addresses and forms."""
    while True:
        text = base64.b64encode(secrets.token_bytes(_BYTES)).decode()
        if "+" not in text and "/" not in text:
            return f"whsec_{text}"


def _asked_for(name: str, field: FieldInfo, hidden: bool, ask: Ask | None) -> str | None:
    required = field.is_required()
    default = "" if required or field.default is None else str(field.default)
    if hidden:
        default = ""
    if ask is None:
        if required:
            said = f" ({field.description})" if field.description else ""
            raise BadSource(f"--set {name}=... is missing{said}")
        return None
    answer = ask(field.description or name, default, hidden).strip()
    if not answer and required:
        raise BadSource(f"{name} is needed: {field.description or name}")
    return answer if answer and answer != default else None


def _hook(vendor: Vendor, said: str | None, kept: Mapping[str, str], ask: Ask | None) -> str:
    if said is None and vendor.secret_field:
        said = kept.get(vendor.secret_field)
    if said is None and ask is not None and vendor.secret:
        said = ask(f"Secret of webhooks: {vendor.secret}", "", True).strip()
    if not said:
        return made_secret()
    if len(said) < SECRET_MIN:
        raise BadSource(f"the secret of webhooks has under {SECRET_MIN} characters; make a new one")
    return said
