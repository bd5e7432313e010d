// What is shown beside the form: a look ahead, and the contests there are.
import { html, useState } from "./vendor/preact.js";
import { locale } from "./choices.js";
import { Field } from "./editing_form.js";

const scores = new Intl.NumberFormat(locale(), { maximumFractionDigits: 2 });
const STATES = { COMING: "has not begun", RUNNING: "runs", GRACE: "over; late data still counts", FROZEN: "over" };

export function Ahead({ panel, ahead, draft, problems, busy, onStart }) {
  const [reason, setReason] = useState("");
  const start = (e) => { e.preventDefault(); onStart(reason); };
  return html`<aside aria-labelledby="ahead" class="ahead"><h3 id="ahead" tabIndex="-1" ref=${panel}>${ahead ? draft.name : "Look ahead"}</h3>
    ${!ahead ? html`<p class="hint">The rules in words, and how it would go on the numbers of now. Nothing begins before you say so.</p>` : html`
      <ul class="rules">${ahead.words.map((line) => html`<li key=${line}>${line}</li>`)}</ul>
      <${Standing} ahead=${ahead} />
      <form onSubmit=${start} noValidate>
        <${Field} name="reason" label="Why it begins" hint="kept with it" value=${reason} problems=${problems} disabled=${busy} onInput=${(e) => setReason(e.target.value)} maxLength="300" />
        <button class="main" type="submit" disabled=${busy}>Begin it</button>
      </form>`}
  </aside>`;
}

function Standing({ ahead }) {
  if (!ahead.standing) return html`<p class="hint">Nobody took part in the weeks before, so there is nothing to compare with.</p>`;
  const made = ahead.standing.some((row) => row.events > 0 || Number(row.score) !== 0);
  const span = `${ahead.starts_at.replace("T", " ")} to ${ahead.ends_at.replace("T", " ")}`;
  const title = ahead.is_earlier ? `Had it run from ${span}` : "As it would stand now";
  if (!made) return html`<p class="hint">${title}, nobody would have made anything.</p>`;
  return html`<table><caption>${title}</caption>
    <thead><tr><th scope="col">Place</th><th scope="col">Who</th><th scope="col" class="num">Score</th><th scope="col" class="num">Behind</th></tr></thead>
    <tbody>${ahead.standing.map((row) => html`<tr key=${row.name}><td>${row.place ?? "–"}${row.is_tied ? "=" : ""}</td><th scope="row">${row.name}</th>
      <td class="num">${scores.format(row.score)}</td><td class="num">${Number(row.behind) ? scores.format(row.behind) : ""}</td></tr>`)}</tbody></table>`;
}

export function Running({ contests, wrong, busy, onEnd }) {
  return html`<section aria-labelledby="there"><h2 id="there">Contests there are</h2>
    ${contests.length ? html`<ul class="contests">${contests.map((one) => html`<${One} key=${one.contest_id} one=${one} busy=${busy} onEnd=${onEnd}
        problems=${wrong.where === one.contest_id ? wrong.problems : []} />`)}</ul>`
      : html`<p class="hint">None. The first one begins below.</p>`}</section>`;
}

function One({ one, problems, busy, onEnd }) {
  const [asked, setAsked] = useState(false);
  const [reason, setReason] = useState("");
  const state = one.state === "STOPPED" ? "called off" : one.is_final ? "final" : STATES[one.phase];
  const act = async (how) => { if (await onEnd(one, how, reason)) setAsked(false); };
  return html`<li data-id=${one.contest_id}><details><summary><b>${one.name}</b> <span class="state">${state}</span>
      <span class="span">${one.starts_at.replace("T", " ")} to ${one.ends_at.replace("T", " ")}, ${one.time_zone}</span>${one.hidden && html` <span class="state">hidden</span>`}</summary>
      <ul class="rules">${one.words.map((line) => html`<li key=${line}>${line}</li>`)}</ul></details>
    ${one.may_end && !asked && html`<button type="button" disabled=${busy} onClick=${() => setAsked(true)}>End it</button>`}
    ${asked && html`<form class="ending" onSubmit=${(e) => e.preventDefault()} noValidate>
      <${Field} id=${`f-why-${one.contest_id}`} name="reason" label=${`Why ${one.name} ends`} value=${reason} problems=${problems} disabled=${busy} onInput=${(e) => setReason(e.target.value)} maxLength="300" />
      ${one.phase === "RUNNING" && html`<button class="main" type="button" disabled=${busy} onClick=${() => act("END")}>End now: what was made so far decides</button>`}
      <button type="button" disabled=${busy} onClick=${() => act("CALL_OFF")}>Call it off: nobody wins</button>
      <button type="button" onClick=${() => setAsked(false)}>Leave it</button>
    </form>`}</li>`;
}
