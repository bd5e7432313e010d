// The parts around the ranking: headline, totals, notes, latest wins, sources, tools.
import { html, useState } from "./vendor/preact.js";
import * as choices from "./choices.js";
import { say } from "./say.js";
import { isLocked, isOn, switchSound } from "./sound.js";
import { PERIODS, YARDSTICKS, formula, sourceState, winText } from "./words.js";

const WINS_SHOWN = 5;
const INDENT = "\u2003";

// A screen shows what a manager chose for it, so there is nothing to choose from.
export function Top({ shown, chosen, numbers, life, paused, fixed, onChoose }) {
  const { yardstick, period, company, totals, teams, scope } = shown;
  const options = (texts) => Object.entries(texts).map(([key, text]) => html`<option key=${key} value=${key}>${text}</option>`);
  const money = yardstick.key === "revenue";
  const rest = ["deals", "meetings", "calls", "emails"].filter((key) => key !== yardstick.key);
  const pick = (name) => (e) => onChoose({ [name]: e.target.value });
  return html`<header class="top">
    <div>
      <h1 class="headline">${fixed ? html`<span>${YARDSTICKS[chosen.by]}</span><span class="span">${PERIODS[chosen.period]}</span>` : html`
        <select aria-label=${say("rankBy")} value=${chosen.by} onChange=${pick("by")}>${options(YARDSTICKS)}</select>
        <select class="span" aria-label=${say("period")} value=${chosen.period} onChange=${pick("period")}>${options(PERIODS)}</select>`}
      </h1>
      <p class="about"><b>${shown.title}</b>${shown.title ? " · " : ""}${numbers.days(period.kind, period.start, period.end)} · <${AsOf} life=${life} paused=${paused} numbers=${numbers} />
        ${fixed && scope.team && ` · ${scope.name}`}${!fixed && teams.length > 1 && html` · <select class="of" aria-label=${say("rankOf")} value=${scope.of} onChange=${pick("of")}>${options({ reps: say("reps"), teams: say("teams") })}</select>${" "}<select class="of" aria-label=${say("team")} value=${scope.team} onChange=${pick("team")}><option value="">${say("everybody")}</option>
            ${teams.map((t) => html`<option key=${t.id} value=${t.id}>${INDENT.repeat(t.depth)}${t.name}</option>`)}</select>`}</p>
    </div>
    <div class="sum">
      <output aria-label=${say("floorTotal")}>${money ? numbers.money(totals.revenue, company.currency) : numbers.count(totals[yardstick.key])}</output>
      <p>${yardstick.key === "points" ? formula(yardstick.weights, numbers) : rest.map((key, i) => html`<span key=${key}><b>${numbers.count(totals[key])}</b> ${say(`count.${key}`, { n: Number(totals[key]) })}${i < rest.length - 1 ? " ·" : ""}</span> `)}</p>
    </div>
  </header>`;
}

function AsOf({ life, paused, numbers }) {
  if (!life.asOf) return say("connecting");
  return html`${say("asOf")} <time>${numbers.time(paused ?? life.asOf)}</time>`;
}

export function Notes({ shown, numbers }) {
  const money = shown.yardstick.key === "revenue";
  const foreign = money ? Object.entries(shown.unrated) : [];
  const nobody = Number(shown.unassigned) > 0;
  if (!foreign.length && !nobody) return null;
  const amount = money ? numbers.money(shown.unassigned, shown.company.currency) : numbers.count(shown.unassigned);
  return html`<p class="notes">
    ${nobody && html`<span>${say("unassigned", { amount })}</span>`}
    ${foreign.length > 0 && html`<span class="warn">${say("unrated", { amounts: foreign.map(([c, a]) => numbers.money(a, c)).join(", ") })}</span>`}
  </p>`;
}

export function Wins({ wins, numbers }) {
  return html`<ul class="wins" aria-label=${say("latestWins")}>
    ${wins.length === 0 && html`<li class="none">${say("noWins")}</li>`}
    ${wins.slice(0, WINS_SHOWN).map((win) => html`<li key=${win.number}>
      <span class="sum-won">${win.honour ? win.honour.name : numbers.money(win.amount, win.currency)}</span>
      <span class="who-won">${win.name}</span>
      <time datetime=${win.at}>${numbers.time(win.at)}${win.deals > 1 ? ` · ${say("deals", { n: win.deals })}` : ""}</time>
    </li>`)}
  </ul>`;
}

export function Sources({ shown, now, numbers }) {
  return html`<ul class="sources" aria-label=${say("sources")}>
    ${shown.sources.map((s) => html`<li key=${s.source} class=${s.state} title=${s.detail}>
      <span class="dot" aria-hidden="true"></span><span class="name">${s.source}</span>
      <span class="how">${sourceState(s, now, numbers, shown.changed_at)}</span>
    </li>`)}
  </ul>`;
}

export function Moment({ win, numbers }) {
  return html`<div class=${`moment hue-${win.hue}`} aria-hidden="true">
    <span class="runner">${win.initials}</span>
    <span><b>${win.name}</b> ${winText(win, numbers, (text) => html`<b>${text}</b>`)}${win.others > 0 ? ` ${say("andOthers", { count: win.others })}` : ""}</span>
  </div>`;
}

export function Tools({ me, paused, onPause, onDress, onLeave }) {
  const [, heard] = useState(0);
  const theme = choices.theme();
  const sound = async () => { await switchSound(); heard((n) => n + 1); };
  const isWall = me.role === "display";
  const here = location.pathname;
  const link = (path, text) => here !== path && html`<a href=${path}>${text}</a>`;
  return html`<div class="tools">
    ${!isWall && html`<nav aria-label=${say("pages")}>${link("/", say("board"))}${link("/contests", say("contests"))}${me.rep_id && link("/card", say("card"))}${me.manages && link("/screens", say("screens"))}</nav>`}
    <button type="button" aria-pressed=${paused ? "true" : "false"} onClick=${onPause}>${say(paused ? "paused" : "pause")}</button>
    <button type="button" onClick=${sound}>${say(isLocked() ? "soundTap" : isOn() ? "soundOff" : "soundOn")}</button>
    <button type="button" onClick=${() => { choices.otherTheme(); onDress(); }}>${say(theme === "dark" ? "light" : "dark")}</button>
    <button type="button" aria-pressed=${choices.isSharp() ? "true" : "false"} onClick=${() => { choices.otherContrast(); onDress(); }}>${say("contrast")}</button>
    <button type="button" onClick=${onLeave}>${say("signOut")}</button>
  </div>`;
}

export function Empty({ title, children }) {
  return html`<main class="track"><div class="empty"><h2>${title}</h2><p>${children}</p></div></main>`;
}
