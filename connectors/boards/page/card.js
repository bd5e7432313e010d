// A rep's scorecard: today, against quota, what is needed now, what was earned.
import { html } from "./vendor/preact.js";
import { locale } from "./choices.js";
import { Avatar } from "./contest_parts.js";
import { useHeld } from "./contest.js";
import { Frame } from "./frame.js";
import { numbersFor } from "./numbers.js";
import { say } from "./say.js";
import { useStream } from "./stream.js";
import { movement } from "./words.js";

const numbers = numbersFor(locale());
const TODAY = ["revenue", "deals", "meetings", "calls", "emails", "points"];

export function Card({ rep, me, onLeave }) {
  const stream = useStream({ show: "card", rep }, onLeave);
  const shown = useHeld(stream.snapshot);
  return html`<${Frame} ...${{ me, onLeave, stream, shown, numbers }} title=${shown.value?.rep?.name ?? say("card")}>
    ${shown.value && (shown.value.rep ? html`<${One} shown=${shown.value} />` : html`<main class="track"><div class="empty"><h2>${say("nobodyOfThatName")}</h2></div></main>`)}
  <//>`;
}

function One({ shown }) {
  const { rep, company } = shown;
  const amount = (key, text) => (key === "revenue" ? numbers.money(text, company.currency) : numbers.exact(text));
  return html`<main class="card" tabIndex="0">
    <header class="top"><div class="whose"><${Avatar} who=${rep} /><div><h1 class="headline">${rep.name}</h1><p class="about">${rep.team}</p></div></div>
      <ul class="places">${shown.places.filter((p) => p.rank).map((p) => html`<li key=${p.key}><b>${say("placeOf", { rank: p.rank, of: p.of })}</b> ${say(`by.${p.key}`)}${" "}
        <span>${p.to_next !== null ? say("toNext", { gap: amount(p.key, p.to_next) }) : ""} <i>${movement(p.moved).short}</i></span></li>`)}</ul></header>
    <section aria-labelledby="today"><h2 id="today">${say("today")}</h2><dl class="figures">${TODAY.map((key) => html`<div key=${key} data-key=${key}>
      <dt>${say(`by.${key}`)}</dt><dd>${amount(key, shown.today[key])}</dd><dd class="sub">${say("thisMonth", { amount: amount(key, shown.month[key]) })}</dd></div>`)}</dl></section>
    <section aria-labelledby="quotas"><h2 id="quotas">${say("quotas")}</h2><${Quotas} shown=${shown} /></section>
    ${shown.may_see_pay && html`<section aria-labelledby="earned" class="earned"><h2 id="earned">${say("earned")}</h2><${Earned} earned=${shown.earned} /></section>`}
    <${Worn} worn=${shown.worn} zone=${company.time_zone} />
    ${shown.contests.length > 0 && html`<section aria-labelledby="entered"><h2 id="entered">${say("contests")}</h2><ul class="places">${shown.contests.map((c) => html`<li key=${c.id}>
      <a href=${`/contest/${encodeURIComponent(c.id)}`}>${c.name}</a> <b>${c.rank ? say("placeOf", { rank: c.rank, of: c.of }) : say("noPlace")}</b></li>`)}</ul></section>`}
  </main>`;
}

function Worn({ worn, zone }) {
  if (!worn.level && !worn.streaks.length && !worn.badge_count) return null;
  const more = worn.badge_count - worn.badges.length;
  return html`<section aria-labelledby="worn"><h2 id="worn">${say("worn")}</h2><ul class="places">
    ${worn.level && html`<li><b>${worn.level}</b> <span>${say("level.reached")}</span></li>`}
    ${worn.streaks.map((s) => html`<li key=${s.name}><b>${s.name}</b> <span>${say("inARow", { n: s.many })}</span></li>`)}
    ${worn.badges.map((b) => html`<li key=${`${b.name} ${b.at}`}><b>★ ${b.name}</b> <span>${numbers.moment(b.at, zone)}</span></li>`)}
    ${more > 0 && html`<li>${say("moreBadges", { n: more })}</li>`}</ul></section>`;
}

function quotaText(quota, company) {
  const money = quota.unit === "MONEY" || quota.currency;
  if (money) return (text) => numbers.money(text, quota.currency || company.currency);
  return quota.unit === "RATIO" ? (text) => numbers.percent(text, 1) : numbers.exact;
}

function Quotas({ shown }) {
  if (shown.quotas === null) return html`<p class="hint">${say("readingQuotas")}</p>`;
  if (!shown.quotas.length) return html`<p class="hint">${say("noQuota")}</p>`;
  return html`<ul class="quotas">${shown.quotas.map((q) => html`<${Quota} key=${`${q.kpi} ${q.currency} ${q.period_end}`} q=${q} text=${quotaText(q, shown.company)} />`)}</ul>`;
}

// The bar reaches to the quota; the tick says where the plan would be by now.
function Quota({ q, text }) {
  const quota = Number(q.quota), actual = Number(q.actual ?? 0), plan = Number(q.plan_to_date ?? 0);
  const top = Math.max(quota, actual) || 1;
  const behind = q.pace !== null && Number(q.pace) < 1;
  const pace = q.pace === null ? "" : say(behind ? "behindPace" : "aheadOfPace", { share: numbers.percent(q.pace) });
  return html`<li class=${behind ? "behind" : "on-pace"}><h3>${q.name} <small>${say("until", { day: numbers.dayBefore(q.period_end) })}</small></h3>
    <p><b class="share">${q.attainment === null ? "–" : numbers.percent(q.attainment, 1)}</b> ${say("ofQuota", { actual: text(q.actual ?? "0"), quota: text(q.quota) })}</p>
    <div class="bar" role="img" aria-label=${pace}><i style=${{ "--share": Math.min(1, Math.max(0, actual / top)) }}></i>
      <span class="tick pace" style=${{ insetInlineStart: `${(100 * plan) / top}%` }}></span><span class="tick quota" style=${{ insetInlineStart: `${(100 * quota) / top}%` }}></span></div>
    <p class="pace-text">${pace}</p>
    <p class="need">${needText(q, text)}</p></li>`;
}

function needText(q, text) {
  if (Number(q.remaining ?? 0) <= 0) return say("done");
  if (q.required_per_day === null || q.days_left === null) return say("left", { amount: text(q.remaining) });
  return say("needed", { amount: text(q.required_per_day), days: numbers.exact(q.days_left), left: text(q.remaining) });
}

function Earned({ earned }) {
  if (earned === null) return html`<p class="hint">${say("readingQuotas")}</p>`;
  if (!earned.length) return html`<p class="hint">${say("nothingEarned")}</p>`;
  return html`<table><caption class="unseen">${say("earned")}</caption><thead><tr><th scope="col">${say("component")}</th><th scope="col">${say("period")}</th><th scope="col" class="num">${say("amount")}</th></tr></thead>
    <tbody>${earned.map((e) => html`<tr key=${`${e.plan_id} ${e.component_id} ${e.currency} ${e.period_start}`}><th scope="row">${e.component_id}</th>
      <td>${say("until", { day: numbers.dayBefore(e.period_end) })}</td><td class="num">${numbers.full(e.amount, e.currency)}</td></tr>`)}</tbody></table>`;
}
