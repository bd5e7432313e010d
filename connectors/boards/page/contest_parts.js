// What every contest shows, whatever its format: title, countdown, score texts, prizes, rules, who passed whom.
import { html } from "./vendor/preact.js";
import { inMine, say } from "./say.js";
import { useSeconds } from "./stream.js";

const HOT_MS = 600_000; // the last ten minutes are the ones people watch

export const scoreText = (numbers, unit) => (text) => {
  if (unit.kind === "PERCENT") return numbers.percent(text, 1);
  if (unit.kind === "MONEY") return numbers.money(text, unit.currency);
  return unit.kind === "POINTS" ? say("points", { n: Number(text), amount: numbers.exact(text) }) : numbers.exact(text);
};

export const unitText = (unit) => say(`unit.${unit.kind}`) + (unit.averaged ? ` ${say("unit.averaged")}` : "");

export const phaseText = (contest) =>
  contest.state === "DRAFT" ? say("phase.DRAFT") : contest.state === "STOPPED" ? say("phase.STOPPED") : say(`phase.${contest.phase}`);

export function Phase({ contest }) {
  const cls = contest.state === "OPEN" ? contest.phase.toLowerCase() : contest.state.toLowerCase();
  return html`<span class=${`phase phase-${cls}`}>${phaseText(contest)}</span>
    ${contest.hidden && html` <span class="phase phase-hidden">${say("phase.hidden")}</span>`}`;
}

// Counts by the server's clock; a screen's own may be wrong by hours.
export function Countdown({ contest, now, numbers }) {
  const at = useSeconds(now);
  const until = { COMING: "starts_at", RUNNING: "ends_at", GRACE: "frozen_at" }[contest.phase];
  if (!until || contest.state !== "OPEN") return null;
  const left = Math.max(0, Date.parse(contest[until]) - at);
  const hot = contest.phase === "RUNNING" && left < HOT_MS;
  return html`<div class=${hot ? "countdown hot" : "countdown"} role="timer" aria-label=${say(`until.${contest.phase}`)}>
    <span class="until">${say(`until.${contest.phase}`)}</span>
    <span class="clock" data-until=${contest[until]}>${clock(left, numbers)}</span>
  </div>`;
}

export function clock(ms, numbers) {
  const seconds = Math.floor(ms / 1000);
  const parts = [[Math.floor(seconds / 86_400), "day"], [Math.floor(seconds / 3600) % 24, "hour"], [Math.floor(seconds / 60) % 60, "minute"], [seconds % 60, "second"]];
  const first = parts.findIndex(([n]) => n > 0);
  const shown = first < 0 ? parts.slice(3) : parts.slice(first, first === 0 ? 2 : 4);
  return shown.map(([n, unit]) => html`<b>${numbers.two(n)}</b><small>${say(`short.${unit}`)}</small>`);
}

export function Prizes({ contest, numbers }) {
  if (!contest.prizes.length) return null;
  return html`<section class="prizes"><h2>${say("prizes")}</h2><ol>${contest.prizes.map((p) => html`<li key=${p.place}>
    <span class="place">${numbers.exact(p.place)}</span> ${prizeText(p, numbers)}</li>`)}</ol></section>`;
}

export const prizeText = (prize, numbers) =>
  [prize.amount && numbers.money(prize.amount, prize.currency), prize.thing].filter(Boolean).join(" + ");

export function Rules({ contest, isOpen }) {
  if (!inMine(contest.rules).length) return null;
  return html`<details class="rules-of" open=${isOpen}><summary>${say("rules")}</summary><${RuleLines} contest=${contest} /></details>`;
}

export function RuleLines({ contest }) {
  return html`<ul tabIndex="0">${inMine(contest.rules).filter((line) => line !== contest.description).map((line) => html`<li key=${line}>${line}</li>`)}</ul>`;
}

export function Passes({ passes, numbers }) {
  if (!passes.length) return null;
  return html`<section class="passes"><h2>${say("passes")}</h2><ul>${passes.slice(0, 4).map((p) => html`<li key=${`${p.number} ${p.who.id}`}>
    <time datetime=${p.at}>${numbers.time(p.at)}</time> <span>${say("passed", { who: p.who.name, whom: namesOf(p.passed) })}</span></li>`)}</ul></section>`;
}

const NAMES_MAX = 2;
const namesOf = (names) => (names.length <= NAMES_MAX ? names.join(", ") : say("andMore", { names: names.slice(0, NAMES_MAX).join(", "), n: names.length - NAMES_MAX }));

export function Avatar({ who, lead }) {
  return html`<span class=${`avatar hue-${who.hue}${lead ? " leads" : ""}`} aria-hidden="true">${who.initials}</span>`;
}
