// What is shown beside the form: a look ahead, and the contests there are.
import { html, useState } from "./vendor/preact.js";
import { locale } from "./choices.js";
import { Field } from "./editing_form.js";
import { inMine, say } from "./say.js";

const scores = new Intl.NumberFormat(locale(), { maximumFractionDigits: 2 });

// Set apart, so that a date keeps its order within a text from right to left.
const dated = (local) => `\u2066${local.replace("T", " ")}\u2069`;
const spanOf = (one) => ({ from: dated(one.starts_at), to: dated(one.ends_at) });

export function Ahead({ panel, ahead, draft, problems, busy, onStart }) {
  const [reason, setReason] = useState("");
  const start = (e) => { e.preventDefault(); onStart(reason); };
  return html`<aside aria-labelledby="ahead" class="ahead"><h3 id="ahead" tabIndex="-1" ref=${panel}>${ahead ? draft.name : say("edit.lookAhead")}</h3>
    ${!ahead ? html`<p class="hint">${say("edit.aheadWhy")}</p>` : html`
      <ul class="rules">${inMine(ahead.words).map((line) => html`<li key=${line}>${line}</li>`)}</ul>
      <${Standing} ahead=${ahead} />
      <form onSubmit=${start} noValidate>
        <${Field} name="reason" label=${say("edit.whyBegins")} hint=${say("edit.kept")} value=${reason} problems=${problems} disabled=${busy} onInput=${(e) => setReason(e.target.value)} maxLength="300" />
        <button class="main" type="submit" disabled=${busy}>${say("edit.begin")}</button>
      </form>`}
  </aside>`;
}

function Standing({ ahead }) {
  if (!ahead.standing) return html`<p class="hint">${say("edit.nothingBefore")}</p>`;
  const made = ahead.standing.some((row) => row.events > 0 || Number(row.score) !== 0);
  const title = ahead.is_earlier ? say("edit.hadItRun", spanOf(ahead)) : say("edit.asNow");
  if (!made) return html`<p class="hint">${title}: ${say("edit.nobodyMade")}</p>`;
  return html`<table><caption>${title}</caption>
    <thead><tr><th scope="col">${say("rank")}</th><th scope="col">${say("who")}</th><th scope="col" class="num">${say("edit.score")}</th><th scope="col" class="num">${say("edit.behind")}</th></tr></thead>
    <tbody>${ahead.standing.map((row) => html`<tr key=${row.name}><td>${row.place ?? "–"}${row.is_tied ? "=" : ""}</td><th scope="row">${row.name}</th>
      <td class="num">${scores.format(row.score)}</td><td class="num">${Number(row.behind) ? scores.format(row.behind) : ""}</td></tr>`)}</tbody></table>`;
}

export function Running({ contests, wrong, busy, onEnd }) {
  return html`<section aria-labelledby="there"><h2 id="there">${say("edit.there")}</h2>
    ${contests.length ? html`<ul class="contests">${contests.map((one) => html`<${One} key=${one.contest_id} one=${one} busy=${busy} onEnd=${onEnd}
        problems=${wrong.where === one.contest_id ? wrong.problems : []} />`)}</ul>`
      : html`<p class="hint">${say("edit.none")}</p>`}</section>`;
}

function One({ one, problems, busy, onEnd }) {
  const [asked, setAsked] = useState(false);
  const [reason, setReason] = useState("");
  const state = say(`phase.${one.state === "STOPPED" ? "STOPPED" : one.is_final ? "FINAL" : one.phase}`);
  const act = async (how) => { if (await onEnd(one, how, reason)) setAsked(false); };
  return html`<li data-id=${one.contest_id}><details><summary><b>${one.name}</b> <span class="state">${state}</span>
      <span class="span">${say("edit.span", spanOf(one))}, ${one.time_zone}</span>${one.hidden && html` <span class="state">${say("phase.hidden")}</span>`}</summary>
      <ul class="rules">${inMine(one.words).map((line) => html`<li key=${line}>${line}</li>`)}</ul></details>
    ${one.may_end && !asked && html`<button type="button" disabled=${busy} onClick=${() => setAsked(true)}>${say("edit.end")}</button>`}
    ${asked && html`<form class="ending" onSubmit=${(e) => e.preventDefault()} noValidate>
      <${Field} id=${`f-why-${one.contest_id}`} name="reason" label=${say("edit.whyEnds", { name: one.name })} value=${reason} problems=${problems} disabled=${busy} onInput=${(e) => setReason(e.target.value)} maxLength="300" />
      ${one.phase === "RUNNING" && html`<button class="main" type="button" disabled=${busy} onClick=${() => act("END")}>${say("edit.endNow")}</button>`}
      <button type="button" disabled=${busy} onClick=${() => act("CALL_OFF")}>${say("edit.callOff")}</button>
      <button type="button" onClick=${() => setAsked(false)}>${say("screens.leave")}</button>
    </form>`}</li>`;
}
