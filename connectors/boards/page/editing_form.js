// The fields of a contest. A problem stands beside the field it is about.
import { html } from "./vendor/preact.js";
import { say } from "./say.js";

const TARGETED = ["RACE", "GOAL"];
const PLACES = [0, 1, 2];

// Problems of a field and of all within it.
export const at = (problems, field) =>
  problems.filter((p) => p.field === field || p.field.startsWith(`${field}.`) || p.field.startsWith(`${field}[`));

export function Told({ id, wrong }) {
  return html`<span id=${id} class="told">${wrong.map((p) => html`<span key=${p.field + p.problem} class=${p.severity}>${sentence(p)}</span>`)}</span>`;
}

const sentence = (p) => {
  const text = `${p.value ? `${p.value} ` : ""}${p.problem}: ${p.remedy}`;
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
};

export function Field({ name, label, problems, hint, children, id = `f-${name.replace(/\W+/g, "-")}`, ...input }) {
  const wrong = at(problems, name);
  const invalid = wrong.some((p) => p.severity === "error");
  const more = { id, "aria-describedby": `${id}-told`, "aria-invalid": invalid ? "true" : "false", ...input };
  return html`<div class="field"><label for=${id}>${label}${hint && html`<small>${hint}</small>`}</label>
    ${children ? html`<select ...${more}>${children}</select>` : html`<input ...${more} />`}
    <${Told} id=${`${id}-told`} wrong=${wrong} /></div>`;
}

export function Fields({ draft, offer, problems, busy, onChange, onPreview }) {
  const set = (name) => (e) => onChange({ ...draft, [name]: e.target.value });
  const shown = ["name", "description", "metrics", "participants", "starts_at", "ends_at", "time_zone", "target", "prizes", "prize_currency", "reason"];
  const rest = problems.filter((p) => !shown.some((name) => at([p], name).length));
  const submit = (e) => { e.preventDefault(); onPreview(); };
  const field = { problems, disabled: busy };
  return html`<form onSubmit=${submit} noValidate>
    <${Field} ...${field} name="name" label=${say("edit.name")} value=${draft.name ?? ""} onInput=${set("name")} maxLength="200" />
    <${Field} ...${field} name="description" label=${say("edit.why")} hint=${say("edit.whyHint")} value=${draft.description ?? ""} onInput=${set("description")} maxLength="1000" />
    <${Counts} draft=${draft} offer=${offer} field=${field} onChange=${onChange} />
    <${Who} draft=${draft} offer=${offer} field=${field} onChange=${onChange} />
    <fieldset><legend>${say("edit.when")}</legend><div class="row">
      <${Field} ...${field} name="starts_at" label=${say("edit.begins")} type="datetime-local" value=${draft.starts_at} onInput=${set("starts_at")} />
      <${Field} ...${field} name="ends_at" label=${say("edit.ends")} type="datetime-local" value=${draft.ends_at} onInput=${set("ends_at")} />
      <${Field} ...${field} name="time_zone" label=${say("edit.clocks")} value=${draft.time_zone} onChange=${set("time_zone")}>
        ${offer.zones.map((z) => html`<option key=${z} value=${z}>${z}</option>`)}<//></div></fieldset>
    ${TARGETED.includes(draft.format) && html`<${Field} ...${field} name="target" label=${say("edit.target")} hint=${say("edit.targetHint")} inputMode="decimal" value=${draft.target ?? ""} onInput=${set("target")} />`}
    <${Prizes} draft=${draft} offer=${offer} field=${field} onChange=${onChange} />
    <label class="check"><input type="checkbox" checked=${draft.hidden ?? false} onChange=${(e) => onChange({ ...draft, hidden: e.target.checked })} /> ${say("edit.hidden")}</label>
    <${Told} id="f-rest" wrong=${rest} />
    <button class="main" type="submit" disabled=${busy}>${say("edit.lookAhead")}</button>
  </form>`;
}

function Counts({ draft, offer, field, onChange }) {
  const points = draft.score === "POINTS";
  const units = Object.fromEntries(offer.measures.map((m) => [m.id, m.unit]));
  const put = (i, change) => {
    const next = { ...draft.metrics[i], ...change };
    if (units[next.kpi] !== "MONEY") delete next.currency;
    else next.currency ??= offer.currency;
    onChange({ ...draft, metrics: draft.metrics.map((m, n) => (n === i ? next : m)) });
  };
  const free = offer.measures.filter((m) => !draft.metrics.some((each) => each.kpi === m.id));
  const add = () => {
    const made = { kpi: free[0].id, points: "1", ...(free[0].unit === "MONEY" ? { currency: offer.currency } : {}) };
    onChange({ ...draft, score: "POINTS", metrics: [...draft.metrics.map((m) => ({ points: "1", ...m })), made] });
  };
  const remove = (i) => onChange({ ...draft, metrics: draft.metrics.filter((_, n) => n !== i) });
  return html`<fieldset><legend>${say("edit.counts")}</legend>
    ${draft.metrics.map((m, i) => html`<div class="row" key=${i}>
      <${Field} ...${field} name=${`metrics[${i}].kpi`} label=${say("edit.measure")} value=${m.kpi} onChange=${(e) => put(i, { kpi: e.target.value })}>
        ${offer.measures.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}<//>
      ${m.currency !== undefined && html`<${Field} ...${field} name=${`metrics[${i}].currency`} label=${say("edit.currency")} value=${m.currency} onInput=${(e) => put(i, { currency: e.target.value.toUpperCase() })} maxLength="3" />`}
      ${points && html`<${Field} ...${field} name=${`metrics[${i}].points`} label=${say("edit.points")} inputMode="decimal" value=${m.points ?? ""} onInput=${(e) => put(i, { points: e.target.value })} />`}
      <${Field} ...${field} name=${`metrics[${i}].cap_per_day`} label=${say("edit.cap")} hint=${say("edit.capHint")} inputMode="decimal" value=${m.cap_per_day ?? ""} onInput=${(e) => put(i, { cap_per_day: e.target.value })} />
      ${draft.metrics.length > 1 && html`<button type="button" disabled=${field.disabled} onClick=${() => remove(i)}>${say("edit.remove")}</button>`}
    </div>`)}
    <${Told} id="f-metrics-more" wrong=${field.problems.filter((p) => /^metrics(\[\d+\](\.(only|metric_id).*)?)?$/.test(p.field))} />
    ${free.length > 0 && html`<button type="button" disabled=${field.disabled} onClick=${add}>${say("edit.more")}</button>`}
  </fieldset>`;
}

function Who({ draft, offer, field, onChange }) {
  const given = draft.participants ?? {};
  const put = (change) => onChange({ ...draft, participants: { ...given, ...change } });
  const wrong = at(field.problems, "participants");
  const managers = offer.reps.filter((r) => r.manages).map((r) => r.id);
  const invalid = wrong.some((p) => p.severity === "error") ? "true" : "false";
  if (given.members) {
    const chosen = [0, 1].map((i) => given.members[i]?.rep_id ?? "");
    const pick = (i) => (e) => put({ members: chosen.map((id, n) => (n === i ? e.target.value : id)).map((id) => ({ rep_id: id })).filter((m) => m.rep_id) });
    return html`<fieldset><legend>${say("edit.who")}</legend><div class="row">
      ${chosen.map((id, i) => html`<div class="field" key=${i}><label for=${`f-member-${i}`}>${say(i ? "edit.and" : "edit.one")}</label>
        <select id=${`f-member-${i}`} value=${id} disabled=${field.disabled} aria-invalid=${invalid} aria-describedby="f-who-told" onChange=${pick(i)}>
          <option value="">${say("edit.choose")}</option>${offer.reps.map((r) => html`<option key=${r.id} value=${r.id}>${r.name}</option>`)}</select></div>`)}
      </div><${Told} id="f-who-told" wrong=${wrong} /></fieldset>`;
  }
  const toggle = (id) => put({ teams: given.teams?.includes(id) ? given.teams.filter((t) => t !== id) : [...(given.teams ?? []), id] });
  return html`<fieldset aria-describedby="f-who-told"><legend>${say("edit.who")}</legend>
    <p class="hint">${say(draft.of === "TEAMS" ? "edit.teamsCompete" : "edit.teamsOf")}</p>
    <div class="ticks">${offer.teams.map((t) => html`<label key=${t.id} class="check"><input type="checkbox" disabled=${field.disabled} aria-invalid=${invalid}
      checked=${given.teams?.includes(t.id) ?? false} onChange=${() => toggle(t.id)} /> ${t.name}</label>`)}</div>
    ${managers.length > 0 && html`<label class="check"><input type="checkbox" disabled=${field.disabled} checked=${(given.without ?? []).length > 0}
      onChange=${(e) => put({ without: e.target.checked ? managers : [] })} /> ${say("edit.without", { count: managers.length })}</label>`}
    <${Told} id="f-who-told" wrong=${wrong} /></fieldset>`;
}

function Prizes({ draft, offer, field, onChange }) {
  const prizes = draft.prizes ?? [];
  const is = (prize) => Boolean(prize?.amount || prize?.thing);
  // Empty places are not sent, so those behind them are counted without.
  const sent = (i) => (is(prizes[i]) ? prizes.slice(0, i).filter(is).length : `none-${i}`);
  const put = (i, change) => {
    const every = PLACES.map((n) => ({ ...prizes[n], ...(n === i ? change : {}) }));
    onChange({ ...draft, prizes: every });
  };
  return html`<fieldset><legend>${say("edit.prizes")}</legend>
    ${PLACES.map((i) => html`<div class="row" key=${i}>
      <${Field} ...${field} name=${`prizes[${sent(i)}].amount`} label=${say("edit.place", { place: i + 1, currency: offer.currency })} inputMode="decimal" value=${prizes[i]?.amount ?? ""} onInput=${(e) => put(i, { amount: e.target.value })} />
      <${Field} ...${field} name=${`prizes[${sent(i)}].thing`} label=${say("edit.thing")} value=${prizes[i]?.thing ?? ""} onInput=${(e) => put(i, { thing: e.target.value })} maxLength="200" />
    </div>`)}
    <${Told} id="f-prizes-more" wrong=${field.problems.filter((p) => /^(prizes(\[\d+\](\.place)?)?|prize_currency)$/.test(p.field))} /></fieldset>`;
}
