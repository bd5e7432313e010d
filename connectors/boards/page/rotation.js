// Slides that follow each other: what they are, whose turn it is, and how they are held.
import { html, useEffect, useState } from "./vendor/preact.js";
import { PERIODS, YARDSTICKS } from "./words.js";
import { say } from "./say.js";

const LIST_MS = 30_000; // contests begin and end, and a manager may choose other slides

// board:revenue:month  board:revenue:month:emea  teams:points:week  contest:<id>  contests (all that run)
export function slideOf(text) {
  const [kind, ...rest] = text.split(":");
  if (kind === "contest" && rest[0]) return { kind, id: rest.join(":") };
  if (kind === "contests") return { kind };
  const [by, period, team = ""] = rest;
  if ((kind === "board" || kind === "teams") && by in YARDSTICKS && period in PERIODS) {
    return { kind: "board", chosen: { by, period, of: kind === "teams" ? "teams" : "reps", team } };
  }
  return null;
}

export const slidesInAddress = () => {
  const asked = new URLSearchParams(location.search);
  const slides = (asked.get("slides") ?? "").split(",").filter(Boolean);
  const seconds = Number(asked.get("every"));
  return slides.length ? { slides, seconds: seconds >= 5 && seconds <= 3600 ? seconds : 20 } : null;
};

async function running() {
  try {
    const answer = await fetch("/contests/running", { cache: "no-store" });
    return answer.ok ? (await answer.json()).contests : [];
  } catch {
    return null; // the server is away: the list stays as it is
  }
}

export function useRotation(shows) {
  const [contests, setContests] = useState([]);
  const [at, setAt] = useState(0);
  const [held, setHeld] = useState(false);
  const wanted = JSON.stringify(shows.slides);
  useEffect(() => {
    let isHere = true;
    const look = async () => { const found = await running(); if (isHere && found) setContests(found); };
    look();
    const timer = setInterval(look, LIST_MS);
    return () => { isHere = false; clearInterval(timer); };
  }, [wanted]);
  const slides = shows.slides.map(slideOf).filter(Boolean)
    .flatMap((s) => (s.kind === "contests" ? contests.map((id) => ({ kind: "contest", id })) : [s]));
  const count = slides.length;
  useEffect(() => {
    if (held || count < 2) return undefined;
    const timer = setTimeout(() => setAt((n) => n + 1), shows.seconds * 1000);
    return () => clearTimeout(timer);
  }, [at, held, count, shows.seconds]);
  const step = (by) => setAt((n) => n + by);
  useEffect(() => {
    const press = (e) => {
      if (e.key !== "ArrowRight" && e.key !== "ArrowLeft") return;
      if (e.target.closest("select, input")) return;
      const forward = (e.key === "ArrowRight") === (document.documentElement.dir !== "rtl");
      step(forward ? 1 : -1);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  const place = count ? ((at % count) + count) % count : 0;
  return { slide: slides[place], place, count, held, onHold: () => setHeld(!held), step };
}

export function Rotation({ place, count, held, onHold, step }) {
  if (count < 2) return null;
  return html`<div class="rotation" role="group" aria-label=${say("slides")}>
    <button type="button" aria-label=${say("previous")} onClick=${() => step(-1)}>‹</button>
    <span class="dots" aria-label=${say("slideOf", { at: place + 1, of: count })}>${Array.from({ length: count }, (_, i) => html`<i key=${i} class=${i === place ? "on" : ""}></i>`)}</span>
    <button type="button" aria-label=${say("following")} onClick=${() => step(1)}>›</button>
    <button type="button" class="hold" aria-pressed=${held ? "true" : "false"} onClick=${onHold}>${say(held ? "goOn" : "holdSlide")}</button></div>`;
}
