"""What of a push is kept: all of it but its secrets. Pure.

raw.<source> is read by more people than may push in a source's name, so it holds no secret: neither
headers that carry credentials, nor a token that stands in the address or the body. A signature is
none: it is good for its own bytes alone. What is left is replayed without being verified again.
"""

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote, quote_plus

from connectors.sources.vendors.contract import Request

SPARED = b"***"
_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token",
     "verification-token", "x-webhook-key", "x-functions-key", "x-goog-channel-token",
     "x-gitlab-token"}
)  # fmt: skip
_PROXYS = ("x-forwarded-", "x-real-ip", "forwarded", "cf-", "true-client-ip")  # whence it came


def spared(request: Request, secrets: Iterable[str]) -> Request:
    """Return a verified push as it is kept."""
    body, target = request.body, request.target.encode("utf-8", "surrogateescape")
    headers = {
        name: value
        for name, value in request.headers.items()
        if name not in _HEADERS and not name.startswith(_PROXYS)
    }
    for secret in secrets:
        for form in _forms(secret):
            body, target = body.replace(form, SPARED), target.replace(form, SPARED)
            text = form.decode("utf-8", "surrogateescape")
            headers = {n: v.replace(text, SPARED.decode()) for n, v in headers.items()}
    told = target.decode("utf-8", "surrogateescape")
    return replace(request, target=told, headers=headers, body=body)


def _forms(secret: str) -> list[bytes]:
    """Return how a secret may be written: as it is, escaped for an address, for JSON."""
    plain = secret.encode("utf-8", "surrogatepass")
    escaped = plain.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    forms = {plain, quote(secret, safe="").encode(), quote_plus(secret).encode(), escaped,
             escaped.replace(b"/", b"\\/")}  # fmt: skip
    return sorted(forms, key=len, reverse=True)
