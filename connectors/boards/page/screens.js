// Screens: a manager pairs a television by its code, makes links, says what is shown, takes them back.
import { html, useEffect, useState } from "./vendor/preact.js";
import { locale } from "./choices.js";
import { numbersFor } from "./numbers.js";
import { slideOf } from "./rotation.js";
import { say } from "./say.js";
import { PERIODS, YARDSTICKS } from "./words.js";

const numbers = numbersFor(locale());
const USUAL = ["board:revenue:month", "board:points:today", "teams:revenue:month", "contests"];

async function ask(method, path, body) {
  try {
    const answer = await fetch(path, { method, cache: "no-store", ...(body ? { headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {}) });
    const told = answer.status === 204 ? {} : await answer.json();
    return { ok: answer.ok, ...told };
  } catch {
    return { ok: false, error: say("away"), remedy: say("awayWhy") };
  }
}

export function Screens({ me }) {
  const [screens, setScreens] = useState(null);
  const [told, setTold] = useState(null);
  const look = async () => { const found = await ask("GET", "/screens/list"); setScreens(found.ok ? found.screens : []); };
  useEffect(() => { look(); }, []);
  const act = async (method, path, body, done) => {
    const found = await ask(method, path, body);
    setTold(found.ok ? { done: done(found) } : { wrong: found });
    await look();
    return found.ok;
  };
  if (!me.manages) return html`<main class="desk"><h1>${say("screens")}</h1><p role="alert">${say("screens.managersOnly", { name: me.name })}</p><p><a href="/">${say("toBoard")}</a></p></main>`;
  return html`<main class="desk"><header><h1>${say("screens")}</h1><a href="/">${say("toBoard")}</a></header>
    <div role="status" class="done">${told?.done ?? ""}</div>
    ${told?.wrong && html`<p role="alert" class="trouble">${told.wrong.error}<span>${told.wrong.remedy}</span></p>`}
    <${New} onAct=${act} />
    <section aria-labelledby="there"><h2 id="there">${say("screens.there")}</h2>
      ${screens && (screens.length ? html`<ul class="list">${screens.map((s) => html`<${One} key=${s.id} screen=${s} onAct=${act} />`)}</ul>` : html`<p class="hint">${say("screens.none")}</p>`)}</section>
  </main>`;
}

function New({ onAct }) {
  const [draft, setDraft] = useState({ code: "", name: "", days: 90, slides: ["board:revenue:month", "contests"], seconds: 20 });
  const set = (name, to) => setDraft({ ...draft, [name]: to });
  const body = { name: draft.name, days: draft.days, slides: draft.slides, seconds: draft.seconds };
  const pair = async (e) => {
    e.preventDefault();
    if (await onAct("POST", "/screens/paired", { ...body, code: draft.code }, (s) => say("screens.paired", { name: s.name }))) setDraft({ ...draft, code: "", name: "" });
  };
  const link = () => onAct("POST", "/screens/links", body, (s) => html`${say("screens.linked")} <code>${location.origin}${s.path}</code>`);
  return html`<form onSubmit=${pair} class="new"><h2>${say("screens.new")}</h2>
    <label>${say("screens.name")} <input name="name" required maxlength="60" value=${draft.name} onInput=${(e) => set("name", e.target.value)} placeholder=${say("screens.nameLike")} /></label>
    <label>${say("screens.code")} <input name="code" class="code" dir="ltr" maxlength="8" autocomplete="off" spellcheck="false" value=${draft.code} onInput=${(e) => set("code", e.target.value.toUpperCase())} /></label>
    <label>${say("screens.days")} <input name="days" type="number" min="1" max="365" value=${draft.days} onInput=${(e) => set("days", Number(e.target.value))} /></label>
    <${Shows} shows=${draft} onChange=${(change) => setDraft({ ...draft, ...change })} />
    <p class="row"><button class="main" type="submit" disabled=${draft.code.length < 6 || !draft.name}>${say("screens.pair")}</button>
      <button type="button" disabled=${!draft.name} onClick=${link}>${say("screens.link")}</button></p></form>`;
}

function Shows({ shows, onChange }) {
  const [more, setMore] = useState({ kind: "board", by: "revenue", period: "week" });
  const text = `${more.kind}:${more.by}:${more.period}`;
  const pick = (name, texts) => html`<select aria-label=${say(name)} value=${more[name]} onChange=${(e) => setMore({ ...more, [name]: e.target.value })}>
    ${Object.entries(texts).map(([key, one]) => html`<option key=${key} value=${key}>${one}</option>`)}</select>`;
  const every = [...new Set([...USUAL, ...shows.slides])];
  const toggle = (slide) => onChange({ slides: shows.slides.includes(slide) ? shows.slides.filter((s) => s !== slide) : [...shows.slides, slide] });
  return html`<fieldset><legend>${say("screens.shows")}</legend>
    ${every.map((slide) => html`<label key=${slide} class="check"><input type="checkbox" checked=${shows.slides.includes(slide)} onChange=${() => toggle(slide)} /> ${slideText(slide)}</label>`)}
    <p class="row" role="group" aria-label=${say("screens.more")}>${pick("kind", { board: say("reps"), teams: say("teams") })}${pick("by", YARDSTICKS)}${pick("period", PERIODS)}
      <button type="button" disabled=${every.includes(text)} onClick=${() => toggle(text)}>${say("screens.add")}</button></p>
    <label>${say("screens.seconds")} <input type="number" min="5" max="3600" value=${shows.seconds} onInput=${(e) => onChange({ seconds: Number(e.target.value) })} /></label></fieldset>`;
}

function slideText(text) {
  const slide = slideOf(text);
  if (slide?.kind === "contests") return say("screens.contests");
  if (slide?.kind === "contest") return say("screens.contest", { id: slide.id });
  if (!slide) return text;
  const { by, period, of, team } = slide.chosen;
  return `${YARDSTICKS[by]} ${PERIODS[period]}${of === "teams" ? `, ${say("teams")}` : ""}${team ? `, ${team}` : ""}`;
}

function One({ screen, onAct }) {
  const [shows, setShows] = useState(null);
  const path = `/screens/${screen.id}`;
  const save = async () => { if (await onAct("PUT", path, shows, () => say("screens.changed", { name: screen.name }))) setShows(null); };
  return html`<li data-id=${screen.id}><p><b>${screen.name}</b> <span class="state">${say(`screens.${screen.kind}`)}</span>
      <span class="hint">${say("screens.by", { who: screen.by, until: numbers.moment(screen.ends_at * 1000) })}${screen.seen_at ? ` · ${say("screens.seen", { at: numbers.moment(screen.seen_at * 1000) })}` : ""}</span></p>
    <p class="hint">${screen.slides.map(slideText).join(" · ")} · ${say("screens.each", { n: screen.seconds })}</p>
    ${shows ? html`<${Shows} shows=${shows} onChange=${(change) => setShows({ ...shows, ...change })} /><p class="row"><button class="main" type="button" onClick=${save}>${say("screens.save")}</button><button type="button" onClick=${() => setShows(null)}>${say("screens.leave")}</button></p>`
      : html`<p class="row"><button type="button" onClick=${() => setShows({ slides: screen.slides, seconds: screen.seconds })}>${say("screens.change")}</button>
        <button type="button" onClick=${() => onAct("DELETE", path, null, () => say("screens.gone", { name: screen.name }))}>${say("screens.takeBack")}</button></p>`}</li>`;
}
