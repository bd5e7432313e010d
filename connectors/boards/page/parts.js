// The parts around the ranking: headline, totals, notes, latest wins, sources, tools.
import { html } from "./vendor/preact.js";
import { PERIODS, YARDSTICKS, count, formula, sourceState, wonText } from "./words.js";

const WINS_SHOWN = 5;

export function Top({ shown, chosen, numbers, life, paused, onChoose }) {
  const { yardstick, period, company, totals } = shown;
  const options = (texts) => Object.entries(texts).map(([key, text]) => html`<option key=${key} value=${key}>${text}</option>`);
  const money = yardstick.key === "revenue";
  const rest = [
    ["deals", "deal won", "deals won"],
    ["meetings", "meeting held", "meetings held"],
    ["calls", "call", "calls"],
    ["emails", "email", "emails"],
  ].filter(([key]) => key !== yardstick.key);
  return html`<header class="top">
    <div>
      <h1 class="headline">
        <select aria-label="Rank by" value=${chosen.by} onChange=${(e) => onChoose({ by: e.target.value })}>${options(YARDSTICKS)}</select>
        <select class="span" aria-label="Period" value=${chosen.period} onChange=${(e) => onChoose({ period: e.target.value })}>${options(PERIODS)}</select>
      </h1>
      <p class="about"><b>${shown.title}</b>${shown.title ? " · " : ""}${numbers.days(period.kind, period.start, period.end)} · <${AsOf} life=${life} paused=${paused} numbers=${numbers} /></p>
    </div>
    <div class="sum">
      <output aria-label="Total of the floor">${money ? numbers.money(totals.revenue, company.currency) : numbers.count(totals[yardstick.key])}</output>
      <p>${yardstick.key === "points" ? formula(yardstick.weights) : rest.map(([key, one, many], i) => html`<span key=${key}><b>${numbers.count(totals[key])}</b> ${count(totals[key], one, many)}${i < rest.length - 1 ? " ·" : ""}</span> `)}</p>
    </div>
  </header>`;
}

function AsOf({ life, paused, numbers }) {
  if (!life.asOf) return "connecting";
  return html`as of <time>${numbers.time(paused ?? life.asOf)}</time>`;
}

export function Notes({ shown, numbers }) {
  const money = shown.yardstick.key === "revenue";
  const foreign = money ? Object.entries(shown.unrated) : [];
  const nobody = Number(shown.unassigned) > 0;
  if (!foreign.length && !nobody) return null;
  const text = money ? numbers.money(shown.unassigned, shown.company.currency) : numbers.count(shown.unassigned);
  return html`<p class="notes">
    ${nobody && html`<span>${text} in the total belongs to nobody on the roster yet</span>`}
    ${foreign.length > 0 && html`<span class="warn">Left out, no exchange rate: ${foreign.map(([c, a]) => numbers.money(a, c)).join(", ")}</span>`}
  </p>`;
}

export function Wins({ wins, numbers }) {
  return html`<ul class="wins" aria-label="Latest deals won">
    ${wins.length === 0 && html`<li class="none">The next deal won shows up here.</li>`}
    ${wins.slice(0, WINS_SHOWN).map((win) => html`<li key=${win.number}>
      <span class="sum-won">${numbers.money(win.amount, win.currency)}</span>
      <span class="who-won">${win.name}</span>
      <time datetime=${win.at}>${numbers.time(win.at)}${win.deals > 1 ? ` · ${win.deals} deals` : ""}</time>
    </li>`)}
  </ul>`;
}

export function Sources({ shown, now, numbers }) {
  return html`<ul class="sources" aria-label="Sources">
    ${shown.sources.map((s) => html`<li key=${s.source} class=${s.state} title=${s.detail}>
      <span class="dot" aria-hidden="true"></span><span class="name">${s.source}</span>
      <span class="how">${sourceState(s, now, numbers, shown.changed_at)}</span>
    </li>`)}
  </ul>`;
}

export function Moment({ win, numbers }) {
  return html`<div class=${`moment hue-${win.hue}`} aria-hidden="true">
    <span class="runner">${win.initials}</span>
    <span><b>${win.name}</b> ${wonText(win)} <b>${numbers.money(win.amount, win.currency)}</b></span>
  </div>`;
}

export function Tools({ paused, onPause, onTheme, onLeave, theme }) {
  return html`<div class="tools">
    <button type="button" aria-pressed=${paused ? "true" : "false"} onClick=${onPause}>${paused ? "Paused" : "Pause"}</button>
    <button type="button" onClick=${onTheme}>${theme === "dark" ? "Light" : "Dark"}</button>
    <button type="button" onClick=${onLeave}>Sign out</button>
  </div>`;
}

export function Empty({ title, children }) {
  return html`<main class="track"><div class="empty"><h2>${title}</h2><p>${children}</p></div></main>`;
}
