// The ranking: a real table, drawn as lanes of a running track.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import { slideRows } from "./flip.js";
import { stepOf } from "./numbers.js";
import { PERIODS, YARDSTICKS, movement, ordinal } from "./words.js";

const ROW_MIN_REM = 4.6; // below this a name is not legible from five metres
const ROW_MAX_REM = 9;
const HEAD_REM = 3.6;
const MORE_REM = 4.4;
const LONG_NAME = 26; // letters; from here on a narrower cut of the typeface

export function Lanes({ shown, numbers, me, wins, all, onAll }) {
  const box = useRef(), body = useRef(), places = useRef(new Map());
  const room = useRoom(box);
  const money = shown.yardstick.key === "revenue";
  const currency = money ? shown.company.currency : null;
  const amount = (text) => (money ? numbers.money(text, currency) : numbers.count(text));
  const { rows, row, hidden } = fit(shown.rows, room, me, all);
  const best = Math.max(0, ...shown.rows.map((r) => Number(r.value)));
  const step = stepOf(best);

  useLayoutEffect(() => {
    places.current = slideRows(body.current, places.current);
  });

  return html`<main class="track" ref=${box}>
    <table class="lanes" role="table" style=${{ "--row": `${row}rem`, "--step": step ? `${(100 * step) / best}%` : "1000%" }}>
      <caption class="unseen">${YARDSTICKS[shown.yardstick.key]} ${PERIODS[shown.period.kind]}, best first. Equal totals share a rank.</caption>
      <thead role="rowgroup"><tr role="row">
        <th scope="col" role="columnheader" class="c-rank"><span class="unseen">Rank</span></th>
        <th scope="col" role="columnheader" class="c-moved"><span class="unseen">Movement</span></th>
        <th scope="col" role="columnheader" class="c-rep"><span class="unseen">Rep and team</span></th>
        <th scope="col" role="columnheader" class="c-lane"><span class="unseen">Share of the leader's total</span>
          <${Marks} best=${best} step=${step} text=${(v) => numbers.short(v, currency)} /></th>
        <th scope="col" role="columnheader" class="c-value num"><span class="unseen">${YARDSTICKS[shown.yardstick.key]}</span></th>
        <th scope="col" role="columnheader" class="c-next num"><span class="unseen">To the next rank</span></th>
      </tr></thead>
      <tbody role="rowgroup" ref=${body}>
        ${rows.map((r) => html`<${Lane} key=${r.id} row=${r} best=${best} amount=${amount} period=${shown.period.kind}
          me=${me} win=${wins.get(r.id)} numbers=${numbers} first=${shown.rows} />`)}
      </tbody>
    </table>
    ${(hidden > 0 || all) && html`<p class="more">
      ${hidden > 0 && html`<span>${hidden} more on the floor</span>`}
      <button type="button" onClick=${onAll}>${all ? "Fit to screen" : `Show all ${shown.rows.length}`}</button>
    </p>`}
  </main>`;
}

function Marks({ best, step, text }) {
  if (!step) return null;
  const marks = [];
  for (let at = step; at < best * 0.97; at += step) marks.push(at);
  return html`<div class="marks" aria-hidden="true">${marks.map((at) => html`
    <span key=${at} style=${{ left: `${(100 * at) / best}%` }}>${text(at)}</span>`)}</div>`;
}

function Lane({ row, best, amount, period, me, win, numbers, first }) {
  const share = best > 0 ? Math.min(1, Math.max(0, Number(row.value) / best)) : 0;
  const moved = movement(row.moved, period);
  const idle = Number(row.value) <= 0;
  const leads = row.rank === 1 && !idle;
  const names = ["lane-of", `hue-${row.hue}`, leads && "lead", idle && "idle", win && "won"];
  return html`<tr role="row" data-id=${row.id} class=${names.filter(Boolean).join(" ")}>
    <td role="cell" class="rank c-rank">${idle && best <= 0 ? "–" : row.rank}${row.tied && !(idle && best <= 0) ? html`<span class="tie">=</span>` : ""}</td>
    <td role="cell" class=${`moved c-moved ${moved.cls}`}><span aria-hidden="true">${moved.short}</span><span class="unseen">${moved.long}</span></td>
    <th role="rowheader" scope="row" class="rep c-rep"><div class="who">
      <span class=${row.name.length > LONG_NAME ? "name long" : "name"} title=${row.name}>${row.name}</span>
      ${me === row.id ? html`<span class="you">You</span>` : null}
      <span class="team">${row.team}</span></div></th>
    <td role="cell" class="c-lane"><div class="lane" style=${{ "--share": share }} aria-hidden="true">
      <div class="trail"></div>
      <div class="runner">${row.initials}${win ? html`<span class=${share > 0.7 ? "flag left" : "flag"}>+${numbers.money(win.amount, win.currency)}</span>` : null}</div>
    </div></td>
    <td role="cell" class="value c-value">${amount(row.value)}</td>
    <td role="cell" class="next c-next">${gap(row, first, amount)}</td>
  </tr>`;
}

function gap(row, rows, amount) {
  const alone = rows.length < 2;
  if (row.to_next !== null) {
    const next = rows.filter((r) => r.rank < row.rank).at(-1).rank;
    return `${amount(row.to_next)} to ${ordinal(next)}`;
  }
  if (alone || Number(row.value) <= 0) return "";
  if (row.tied) return "level at the top";
  const second = rows.find((r) => r.rank > 1);
  return second ? `${amount(second.to_next)} ahead` : "";
}

// As many lanes as stay legible; the viewer's own is always among them.
function fit(rows, room, me, all) {
  if (!room || all) return { rows, row: room ? ROW_MIN_REM : 4.4, hidden: 0 };
  const free = room - HEAD_REM;
  const most = Math.max(1, Math.floor(free / ROW_MIN_REM));
  if (rows.length <= most) return { rows, row: Math.min(ROW_MAX_REM, free / Math.max(1, rows.length)), hidden: 0 };
  const count = Math.max(1, Math.floor((free - MORE_REM) / ROW_MIN_REM));
  const mine = rows.findIndex((r) => r.id === me);
  const picked = mine >= count ? [...rows.slice(0, count - 1), rows[mine]] : rows.slice(0, count);
  return { rows: picked, row: (free - MORE_REM) / count, hidden: rows.length - count };
}

// Height in rem that the table may take; 0 where the page flows.
function useRoom(box) {
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
