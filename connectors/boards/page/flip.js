// FLIP: a row that changed its place slides there from where it stood.
import { isStill } from "./choices.js";

const SLIDE = { duration: 750, easing: "cubic-bezier(0.3, 0.9, 0.2, 1)" };

export function slideRows(body, before) {
  const after = new Map();
  for (const row of body?.rows ?? []) {
    const top = row.offsetTop;
    after.set(row.dataset.id, top);
    const from = before.get(row.dataset.id) ?? (before.size ? below(body) : top); // who joins comes from below
    if (from === top || isStill()) continue;
    const zIndex = from > top ? 2 : 1; // who rises passes in front
    row.animate(
      [{ transform: `translateY(${from - top}px)`, zIndex }, { transform: "none", zIndex }],
      SLIDE,
    );
  }
  return after;
}

const below = (body) => body.offsetTop + body.offsetHeight;
