// Shapes that fit a format: two face to face, a draw, a season's table, a throne, a shared goal, a podium.
import { html } from "./vendor/preact.js";
import { Avatar, clock, prizeText, scoreText } from "./contest_parts.js";
import { knows, say } from "./say.js";

export const facesOff = (shown) => shown.rows.length === 2;

export function Duel({ shown, numbers }) {
  const [a, b] = [...shown.rows].sort((x, y) => x.id.localeCompare(y.id)); // sides stay where they are
  const text = scoreText(numbers, shown.contest.unit);
  const both = Math.max(0, Number(a.score)) + Math.max(0, Number(b.score));
  const share = both > 0 ? Math.max(0, Number(a.score)) / both : 0.5;
  const ahead = (r) => r.rank === 1 && !r.tied;
  const side = (r) => html`<section class=${`side hue-${r.hue}${r.rank === 1 && !r.tied ? " ahead" : ""}`} data-id=${r.id}>
    <${Avatar} who=${r} lead=${r.rank === 1 && !r.tied} /><h2>${r.name}</h2><output>${text(r.score)}</output>
    <p>${r.rank === 1 && !r.tied ? say("ahead", { gap: text(shown.rows.find((x) => x !== r).behind ?? "0") }) : r.tied ? say("level") : ""}</p></section>`;
  return html`<div class="duel">${side(a)}<span class="versus" aria-hidden="true">:</span>${side(b)}
    <div class="tug" style=${{ "--share": share }} aria-hidden="true"><i class=${ahead(a) ? "first" : `hue-${a.hue}`}></i><i class=${ahead(b) ? "first" : `hue-${b.hue}`}></i></div></div>`;
}

export function Goal({ shown, numbers }) {
  const { contest, total, detail } = shown;
  const text = scoreText(numbers, contest.unit);
  const sum = Number(detail?.total ?? total ?? 0), target = Number(contest.target);
  const top = Math.max(target, sum, ...contest.milestones.map((m) => Number(m.amount)));
  const levels = [...contest.milestones, { name: say("goal"), amount: contest.target }];
  return html`<div class="goal"><div class="so-far"><output>${text(detail?.total ?? total ?? "0")}</output>
      <p>${say("ofGoal", { share: numbers.percent(target ? sum / target : 0), goal: text(contest.target) })}</p></div>
    <div class="bar" role="img" aria-label=${say("ofGoal", { share: numbers.percent(target ? sum / target : 0), goal: text(contest.target) })}>
      <i style=${{ "--share": Math.min(1, sum / top) }}></i>
      ${levels.map((level) => html`<span key=${level.name} class=${sum >= Number(level.amount) ? "level done" : "level"} style=${{ insetInlineStart: `${(100 * Number(level.amount)) / top}%` }}>
        <b>${level.name}</b> ${text(level.amount)}</span>`)}</div>
    <ul class="levels">${levels.map((level) => html`<li key=${level.name} class=${sum >= Number(level.amount) ? "done" : ""}><b>${level.name}</b> ${text(level.amount)}${sum >= Number(level.amount) ? " ✓" : ""}</li>`)}</ul></div>`;
}

export function King({ shown, numbers, now }) {
  const reign = shown.detail?.reigns.at(-1);
  const who = reign && shown.detail.people[reign.participant];
  if (!who) return html`<p class="notes">${say("noKing")}</p>`;
  const rules = shown.contest.phase === "RUNNING";
  const lasted = (rules ? now() : Date.parse(reign.to)) - Date.parse(reign.from);
  return html`<div class="king"><${Avatar} who=${who} lead=${true} /><h2>${who.name}</h2><p>${say(rules ? "reigns" : "reigned")} <b>${clock(lasted, numbers)}</b></p></div>`;
}

export const held = (shown, now) => {
  const sums = new Map();
  const reigns = shown.detail?.reigns ?? [];
  reigns.forEach((r, i) => {
    const end = i === reigns.length - 1 && shown.contest.phase === "RUNNING" ? now() : Date.parse(r.to);
    sums.set(r.participant, (sums.get(r.participant) ?? 0) + end - Date.parse(r.from));
  });
  return sums;
};

function byRound(matches) {
  const found = new Map();
  for (const match of matches) found.set(match.round, [...(found.get(match.round) ?? []), match]);
  return [...found];
}

// Of two matches that end it, the one for the first place gives its name.
const roundName = (round, matches) => {
  const named = matches.map((m) => `match.${m.label.replace(" ", "_")}`).find(knows);
  return named ? say(named) : say("round", { n: round });
};

export function Draw({ shown, numbers }) {
  const text = scoreText(numbers, shown.contest.unit);
  const rounds = byRound(shown.detail?.matches ?? []);
  if (!rounds.length) return html`<p class="notes">${say("noMatches")}</p>`;
  return html`<div class="draw" tabIndex="0">${rounds.map(([round, matches]) => html`<section key=${round}><h2>${roundName(round, matches)}</h2>
    <ol>${matches.map((m) => html`<li key=${`${m.home} ${m.away}`} class=${m.is_decided ? "decided" : ""}>
      ${[["home", "home_score"], ["away", "away_score"]].map(([side, score]) => html`<span class=${m.winner === m[side] && m[side] ? "winner" : ""}>
        <b>${m[side] ? shown.detail.people[m[side]].name : say("bye")}</b><output>${m[side] && m.away ? text(m[score]) : ""}</output></span>`)}
    </li>`)}</ol></section>`)}</div>`;
}

export function Table({ shown, numbers }) {
  const rows = shown.detail?.table ?? [];
  return html`<table class="season"><caption class="unseen">${say("season")}</caption><thead><tr>
      <th scope="col">${say("who")}</th><th scope="col" class="num">${say("won")}</th><th scope="col" class="num">${say("tiedMatches")}</th><th scope="col" class="num">${say("lost")}</th><th scope="col" class="num">${say("made")}</th></tr></thead>
    <tbody>${rows.map((r) => html`<tr key=${r.participant}><th scope="row">${shown.detail.people[r.participant].name}</th>
      <td class="num">${numbers.exact(r.wins)}</td><td class="num">${numbers.exact(r.ties)}</td><td class="num">${numbers.exact(r.losses)}</td><td class="num">${scoreText(numbers, shown.contest.unit)(r.made)}</td></tr>`)}</tbody></table>`;
}

export function Podium({ shown, numbers }) {
  const text = scoreText(numbers, shown.contest.unit);
  const first = shown.rows.filter((r) => r.rank !== null && r.rank <= 3 && Number(r.score) !== 0).slice(0, 5);
  if (!first.length) return html`<p class="notes">${say("nobodyWon")}</p>`;
  const order = [...first.filter((r) => r.rank === 2), ...first.filter((r) => r.rank === 1), ...first.filter((r) => r.rank === 3)];
  return html`<ol class="podium">${order.map((r) => html`<li key=${r.id} data-id=${r.id} value=${r.rank} class=${`step-${r.rank} hue-${r.hue}`}>
    <${Avatar} who=${r} lead=${r.rank === 1} /><h2>${r.name}</h2><p class="made">${text(r.score)}</p>
    ${r.prize && html`<p class="prize">${prizeText(r.prize, numbers)}</p>`}
    <div class="block"><span class="unseen">${say("rank")} </span>${numbers.exact(r.rank)}${r.tied ? "=" : ""}</div></li>`)}</ol>`;
}
