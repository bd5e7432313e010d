// The ranking: a real table, drawn as lanes of a running track.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import { slideRows } from "./flip.js";
import { stepOf } from "./numbers.js";
import { say } from "./say.js";
import { PERIODS, YARDSTICKS, movement, ordinal } from "./words.js";

const ROW_MIN_REM = 4.6; // below this a name is not legible from five metres
const ROW_MAX_REM = 9;
const FEW = 5; // so few lanes may be higher: nobody wants an empty wall
const ROW_FEW_REM = 13;
const HEAD_REM = 3.6;
const MORE_REM = 4.4;
const NEIGHBOURS = 2;
const FAR = 1.5; // quotas up to so many times the leader's amount are on the track
const LONG_NAME = 26; // letters; from here on a narrower cut of the typeface

export function Lanes({ shown, numbers, me, wins, view, onView }) {
  const box = useRef(), body = useRef(), places = useRef(new Map());
  const room = useRoom(box);
  const money = shown.yardstick.key === "revenue";
  const currency = money ? shown.company.currency : null;
  const amount = (text) => (money ? numbers.money(text, currency) : numbers.count(text));
  const { rows, row, hidden } = fit(shown.rows, room, me, view);
  const best = reach(shown.rows);
  const step = stepOf(best);

  useLayoutEffect(() => {
    places.current = slideRows(body.current, places.current);
  });

  return html`<main class="track" ref=${box}>
    ${shown.rows.some((r) => r.quota) && html`<${Legend} />`}
    <table class="lanes" role="table" style=${{ "--row": `${row}rem`, "--step": step ? `${(100 * step) / best}%` : "1000%" }}>
      <caption class="unseen">${say("caption", { by: YARDSTICKS[shown.yardstick.key], period: PERIODS[shown.period.kind] })}</caption>
      <thead role="rowgroup"><tr role="row">
        <th scope="col" role="columnheader" class="c-rank"><span class="unseen">${say("rank")}</span></th>
        <th scope="col" role="columnheader" class="c-moved"><span class="unseen">${say("movement")}</span></th>
        <th scope="col" role="columnheader" class="c-rep"><span class="unseen">${say("repAndTeam")}</span></th>
        <th scope="col" role="columnheader" class="c-lane"><span class="unseen">${say("share")}</span>
          <${Marks} best=${best} step=${step} text=${(v) => numbers.short(v, currency)} /></th>
        <th scope="col" role="columnheader" class="c-value num"><span class="unseen">${YARDSTICKS[shown.yardstick.key]}</span></th>
        <th scope="col" role="columnheader" class="c-next num"><span class="unseen">${say("gap")}</span></th>
      </tr></thead>
      <tbody role="rowgroup" ref=${body}>
        ${rows.map((r) => html`<${Lane} key=${r.id} row=${r} best=${best} amount=${amount} period=${shown.period.kind}
          me=${me} win=${wins.get(r.id)} numbers=${numbers} first=${shown.rows} />`)}
      </tbody>
    </table>
    ${(hidden > 0 || view !== "top" || mayLookAround(shown.rows, me)) && html`<p class="more">
      ${hidden > 0 && html`<span>${say("moreOnFloor", { count: hidden })}</span>`}
      ${(hidden > 0 || view === "all") && html`<button type="button" onClick=${() => onView(view === "all" ? "top" : "all")}>${view === "all" ? say("fit") : say("showAll", { count: shown.rows.length })}</button>`}
      ${mayLookAround(shown.rows, me) && html`<button type="button" aria-pressed=${view === "around" ? "true" : "false"} onClick=${() => onView(view === "around" ? "top" : "around")}>${say("aroundMe")}</button>`}
    </p>`}
  </main>`;
}

// What the ticks on lanes are; to a screen reader every lane says its part of the quota.
const Legend = () => html`<p class="legend" aria-hidden="true">${["due", "quota"].map((of) => html`
  <span key=${of}><i class=${`tick ${of}`}></i>${say(`legend.${of}`)}</span>`)}</p>`;

function Marks({ best, step, text }) {
  if (!step) return null;
  const marks = [];
  for (let at = step; at < best * 0.97; at += step) marks.push(at);
  return html`<div class="marks" aria-hidden="true">${marks.map((at) => html`
    <span key=${at} style=${{ insetInlineStart: `${(100 * at) / best}%` }}>${text(at)}</span>`)}</div>`;
}

function Lane({ row, best, amount, period, me, win, numbers, first }) {
  const share = best > 0 ? Math.min(1, Math.max(0, Number(row.value) / best)) : 0;
  const moved = movement(row.moved, period);
  const idle = Number(row.value) <= 0;
  const leads = row.rank === 1 && !idle;
  const names = ["lane-of", `hue-${row.hue}`, leads && "lead", idle && "idle", win && "won"];
  return html`<tr role="row" data-id=${row.id} class=${names.filter(Boolean).join(" ")}>
    <td role="cell" class="rank c-rank">${idle && best <= 0 ? "–" : numbers.count(row.rank)}${row.tied && !(idle && best <= 0) ? html`<span class="tie">=</span>` : ""}</td>
    <td role="cell" class=${`moved c-moved ${moved.cls}`}><span aria-hidden="true">${moved.short}</span><span class="unseen">${moved.long}</span></td>
    <th role="rowheader" scope="row" class="rep c-rep"><div class="who">
      <span class=${row.name.length > LONG_NAME ? "name long" : "name"} title=${row.name}>${row.name}</span>
      ${me === row.id ? html`<span class="you">${say("you")}</span>` : null}
      <span class="team" title=${row.worn?.streak?.name ?? ""}>${beside(row, numbers)}</span></div></th>
    <td role="cell" class="c-lane"><div class="lane" style=${{ "--share": share }} aria-hidden="true">
      <div class="trail"></div>
      ${row.quota && html`<${Tick} of="due" at=${row.quota.due} best=${best} /><${Tick} of="quota" at=${row.quota.amount} best=${best} />`}
      <div class="runner">${row.initials}${win ? html`<span class=${share > 0.7 ? "flag left" : "flag"}>${win.honour ? "★" : `+${numbers.money(win.amount, win.currency)}`}</span>` : null}</div>
    </div></td>
    <td role="cell" class="value c-value">${amount(row.value)}</td>
    <td role="cell" class="next c-next">${gap(row, first, amount)}</td>
  </tr>`;
}

// As far as the leader, or as the quotas, where those are not out of sight.
function reach(rows) {
  const leader = Math.max(0, ...rows.map((r) => Number(r.value)));
  const quotas = rows.map((r) => Number(r.quota?.amount ?? 0)).filter((amount) => amount <= leader * FAR);
  return Math.max(leader, ...quotas);
}

function Tick({ of, at, best }) {
  const place = Number(at ?? 0) / best;
  return at !== null && best > 0 && place <= 1 ? html`<span class=${`tick ${of}`} style=${{ insetInlineStart: `${100 * place}%` }}></span>` : null;
}

// Attainment, team, level and the longest streak, the first before what there is no room for; of a team its people.
function beside(row, numbers) {
  if (row.people !== undefined) return say("people", { n: row.people });
  const streak = row.worn?.streak ? say("inARow", { n: row.worn.streak.many }) : "";
  const attained = row.quota ? say("ofItsQuota", { share: numbers.percent(row.quota.attained) }) : "";
  return [attained, row.team, row.worn?.level, streak].filter(Boolean).join(" · ");
}

function gap(row, rows, amount) {
  const alone = rows.length < 2;
  if (row.to_next !== null) {
    const next = rows.filter((r) => r.rank < row.rank).at(-1).rank;
    return say("toRank", { gap: amount(row.to_next), rank: ordinal(next) });
  }
  if (alone || Number(row.value) <= 0) return "";
  if (row.tied) return say("level");
  const second = rows.find((r) => r.rank > 1);
  return second ? say("aheadBy", { gap: amount(second.to_next) }) : "";
}

// As many lanes as stay legible; the viewer's own is always among them.
export function fit(rows, room, me, view) {
  const mine = rows.findIndex((r) => r.id === me);
  if (view === "around" && mine >= 0) return around(rows, mine, room);
  if (!room || view === "all") return { rows, row: room ? ROW_MIN_REM : 4.4, hidden: 0 };
  const free = room - HEAD_REM - (mayLookAround(rows, me) ? MORE_REM : 0);
  const most = Math.max(1, Math.floor(free / ROW_MIN_REM));
  if (rows.length <= most) return { rows, row: Math.min(rows.length <= FEW ? ROW_FEW_REM : ROW_MAX_REM, free / Math.max(1, rows.length)), hidden: 0 };
  const left = room - HEAD_REM - MORE_REM;
  const count = Math.max(1, Math.floor(left / ROW_MIN_REM));
  const picked = mine >= count ? [...rows.slice(0, count - 1), rows[mine]] : rows.slice(0, count);
  return { rows: picked, row: left / count, hidden: rows.length - count };
}

const mayLookAround = (rows, me) => rows.length > 2 * NEIGHBOURS + 1 && rows.some((r) => r.id === me);

// The viewer and two on either side: who is eighth sees six to ten.
function around(rows, mine, room) {
  const first = Math.max(0, Math.min(mine - NEIGHBOURS, rows.length - 2 * NEIGHBOURS - 1));
  const picked = rows.slice(first, first + 2 * NEIGHBOURS + 1);
  const row = room ? Math.min(ROW_MAX_REM, (room - HEAD_REM - MORE_REM) / picked.length) : 4.4;
  return { rows: picked, row, hidden: rows.length - picked.length };
}

// Height in rem that the table may take; 0 where the page flows.
export function useRoom(box) {
  const [room, setRoom] = useState(0);
  useEffect(() => {
    const flows = matchMedia("(max-width: 899px), (max-aspect-ratio: 11/10)");
    const measure = () => {
      const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
      setRoom(flows.matches ? 0 : Math.floor((10 * box.current.clientHeight) / rem) / 10);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    measure();
    return () => observer.disconnect();
  }, []);
  return room;
}
