"""A link that opens a running board without typing a token."""

import json
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

ANSWER_SECONDS_MAX = 5


class NoLink(RuntimeError):
    """The board gave no code; str() says why and what to do."""


def new_link(board_url: str, service_token: str) -> str:
    """Return a link good for one browser within ten minutes.

    The code stands in the fragment, which browsers never send: it is in no server's log.

    Raises:
        NoLink: the board does not run there, or the token may not make links.
    """
    base = board_url.rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise NoLink(f"{board_url!r} is no address of a board; write http://host:port")
    request = Request(  # noqa: S310  # the scheme was checked
        f"{base}/codes", method="POST", headers={"authorization": f"Bearer {service_token}"}
    )
    try:
        with urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:  # noqa: S310
            return f"{base}/#code={json.load(answer)['code']}"
    except HTTPError as error:
        told = json.loads(error.read() or b"{}")
        raise NoLink(f"{told.get('error', error)}: {told.get('remedy', '')}") from error
    except (URLError, TimeoutError) as error:
        raise NoLink(f"no board answers at {base} ({error}); start it: pacesetter board") from error
