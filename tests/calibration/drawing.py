"""The reliability curve as a picture that needs nothing but a browser."""

from collections.abc import Mapping, Sequence

from tests.calibration.asking import Asked
from tests.calibration.judging import Bucket, judged

SIZE, EDGE, GAP, COLUMNS = 190, 34, 22, 4
STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#555}.t{font-weight:600;fill:#222}"
    ".f{fill:none;stroke:#bbb}.d{stroke:#bbb;stroke-dasharray:3 3}.r{stroke:#1668b8;"
    "fill:none;stroke-width:1.6}.p{fill:#1668b8}.e{stroke:#1668b8;stroke-opacity:.45}"
    "@media(prefers-color-scheme:dark){text{fill:#aaa}.t{fill:#eee}.f,.d{stroke:#555}}"
)


def curve(found: Mapping[str, Sequence[Asked]]) -> str:
    """Return an SVG with one panel a kind of floor: predicted to the right, observed upwards."""
    panels = [_panel(i, kind, some) for i, (kind, some) in enumerate(found.items())]
    rows = -(-len(panels) // COLUMNS)
    width = COLUMNS * (SIZE + EDGE + GAP)
    height = rows * (SIZE + EDGE + GAP) + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="Predicted probability against observed share, by kind of floor">'
        f"<style>{STYLE}</style>{''.join(panels)}</svg>\n"
    )


def _panel(number: int, kind: str, some: Sequence[Asked]) -> str:
    left = number % COLUMNS * (SIZE + EDGE + GAP) + EDGE
    top = number // COLUMNS * (SIZE + EDGE + GAP) + GAP
    buckets = judged([a for a in some if a.who == "rep"]).buckets
    points = " ".join(f"{_x(b.predicted)},{_y(b.observed)}" for b in buckets)
    marks = "".join(_mark(b) for b in buckets)
    return (
        f'<g transform="translate({left} {top})"><text class="t" y="-6">{kind}</text>'
        f'<rect class="f" width="{SIZE}" height="{SIZE}"/>'
        f'<line class="d" x1="0" y1="{SIZE}" x2="{SIZE}" y2="0"/>'
        f'<polyline class="r" points="{points}"/>{marks}'
        f'<text x="0" y="{SIZE + 14}">0</text><text x="{SIZE - 18}" y="{SIZE + 14}">100 %</text>'
        f'<text x="{SIZE / 2 - 26}" y="{SIZE + 14}">predicted</text>'
        f'<text transform="translate(-8 {SIZE / 2 + 26}) rotate(-90)">observed</text></g>'
    )


def _mark(bucket: Bucket) -> str:
    """Return a point with two standard errors, counted as if forecasts were independent."""
    error = 2 * (bucket.observed * (1 - bucket.observed) / bucket.number) ** 0.5
    low, high = max(0.0, bucket.observed - error), min(1.0, bucket.observed + error)
    x = _x(bucket.predicted)
    return (
        f'<line class="e" x1="{x}" y1="{_y(low)}" x2="{x}" y2="{_y(high)}"/>'
        f'<circle class="p" cx="{x}" cy="{_y(bucket.observed)}" r="3"><title>'
        f"{bucket.predicted:.0%} predicted, {bucket.observed:.0%} observed, {bucket.number} "
        f"forecasts</title></circle>"
    )


def _x(share: float) -> float:
    return round(share * SIZE, 1)


def _y(share: float) -> float:
    return round((1 - share) * SIZE, 1)
