// Contests: the list of them, and a page for each, live.
import { html, useEffect, useState } from "./vendor/preact.js";
import { locale } from "./choices.js";
import { ContestLanes } from "./contest_lanes.js";
import { Countdown, Passes, Phase, Prizes, RuleLines, Rules, scoreText, unitText } from "./contest_parts.js";
import { Draw, Duel, Goal, King, Podium, Table, facesOff, held } from "./contest_shapes.js";
import { Frame } from "./frame.js";
import { numbersFor } from "./numbers.js";
import { say } from "./say.js";
import { useStream } from "./stream.js";

const numbers = numbersFor(locale());

export function Contest({ id, me, onLeave, slides }) {
  const stream = useStream({ show: "contest", id }, onLeave);
  const shown = useHeld(stream.snapshot);
  return html`<${Frame} ...${{ me, onLeave, slides, stream, shown, numbers }} title=${shown.value?.contest?.name ?? say("contests")}>
    ${shown.value && (shown.value.contest
      ? html`<${One} shown=${shown.value} me=${me.rep_id} now=${stream.now} />`
      : html`<main class="track"><div class="empty"><h2>${say("noContest")}</h2><p><a href="/contests">${say("allContests")}</a></p></div></main>`)}
  <//>`;
}

// What is shown while paused stays; what is told goes on underneath.
export function useHeld(snapshot) {
  const [kept, setKept] = useState(null);
  return { value: kept ?? snapshot, paused: kept, pause: () => setKept(kept ? null : snapshot) };
}

function One({ shown, me, now }) {
  const { contest } = shown;
  const when = { COMING: "starts_at", RUNNING: "ends_at", GRACE: "ends_at", FROZEN: "ends_at", FINAL: "finalized_at" }[contest.phase];
  return html`<main class="contest" data-phase=${contest.phase} data-format=${contest.format}>
    <header class="top"><div><h1 class="headline">${contest.name}</h1>
        <p class="about"><${Phase} contest=${contest} /> <b>${say(`format.${contest.format}`)}</b> · ${unitText(contest.unit)} · ${say(`when.${contest.phase}`, { at: numbers.moment(contest[when], contest.time_zone) })}</p>
        ${contest.description && html`<p class="why">${contest.description}</p>`}</div>
      <${Countdown} contest=${contest} now=${now} numbers=${numbers} /></header>
    <div class="stage"><${Body} shown=${shown} me=${me} now=${now} />
      <aside class="beside"><${Prizes} contest=${contest} numbers=${numbers} /><${Passes} passes=${shown.passes} numbers=${numbers} />${contest.phase !== "COMING" && html`<${Rules} contest=${contest} isOpen=${!contest.prizes.length && !shown.passes.length} />`}</aside></div>
  </main>`;
}

function Body({ shown, me, now }) {
  const { contest, rows } = shown;
  if (contest.phase === "COMING") return html`<section class="ahead-of"><${RuleLines} contest=${contest} /></section>`;
  if (!rows.length) return html`<div class="empty"><h2>${say("nobodyYet")}</h2><p>${say("nobodyYetWhy")}</p></div>`;
  const lanes = (extra) => html`<${ContestLanes} shown=${shown} numbers=${numbers} me=${me} extra=${extra} />`;
  if (contest.phase === "FINAL") return html`<section class="shape"><${Podium} shown=${shown} numbers=${numbers} />${rows.length > 3 && lanes()}</section>`;
  switch (contest.format) {
    case "GOAL":
      return html`<section class="shape"><${Goal} shown=${shown} numbers=${numbers} />${lanes()}</section>`;
    case "KING": {
      const sums = held(shown, now);
      return html`<section class="shape"><${King} shown=${shown} numbers=${numbers} now=${now} />${lanes((r) => (sums.has(r.id) ? numbers.lasting(sums.get(r.id)) : null))}</section>`;
    }
    case "BRACKET":
      return html`<section class="shape"><${Draw} shown=${shown} numbers=${numbers} /></section>`;
    case "SEASON":
      return html`<section class="shape two"><${Table} shown=${shown} numbers=${numbers} /><${Draw} shown=${latest(shown)} numbers=${numbers} /></section>`;
    default:
      return facesOff(shown) ? html`<section class="shape"><${Duel} shown=${shown} numbers=${numbers} /></section>` : html`<section class="shape">${lanes()}</section>`;
  }
}

// Of a season the round that runs, or the last one.
function latest(shown) {
  const matches = shown.detail?.matches ?? [];
  const open = matches.find((m) => !m.is_decided)?.round ?? matches.at(-1)?.round;
  return { ...shown, detail: shown.detail && { ...shown.detail, matches: matches.filter((m) => m.round === open) } };
}

export function ContestList({ me, onLeave, slides }) {
  const stream = useStream({ show: "contests" }, onLeave);
  const shown = useHeld(stream.snapshot);
  const listed = shown.value?.contests ?? [];
  return html`<${Frame} ...${{ me, onLeave, slides, stream, shown, numbers }} title=${say("contests")}>
    <main class="contest"><header class="top"><h1 class="headline">${say("contests")}</h1>
      ${me.role === "manager" && html`<a class="act" href="/contests/edit">${say("beginContest")}</a>`}</header>
      ${shown.value && (listed.length ? html`<ul class="cards">${listed.map((each) => html`<${Listed} key=${each.id} each=${each} now=${stream.now} />`)}</ul>`
        : html`<div class="empty"><h2>${say("noContests")}</h2></div>`)}</main>
  <//>`;
}

function Listed({ each, now }) {
  const text = scoreText(numbers, each.unit);
  return html`<li data-id=${each.id} data-phase=${each.phase}><h2><a href=${`/contest/${encodeURIComponent(each.id)}`}>${each.name}</a></h2>
    <p class="about"><${Phase} contest=${each} /> ${say(`format.${each.format}`)} · ${unitText(each.unit)}</p>
    <${Countdown} contest=${each} now=${now} numbers=${numbers} />
    ${each.rows.length > 0 && html`<ol class="leaders">${each.rows.map((r) => html`<li key=${r.id} value=${r.rank ?? 0}><span class="rank">${r.rank ?? "–"}${r.tied ? "=" : ""}</span> <b>${r.name}</b> <output>${text(r.score)}</output></li>`)}</ol>
      <p class="entered">${say("entered", { n: each.entered })}</p>`}</li>`;
}
