// Standings of a contest as lanes: with a finish line in a race, with who is out in an elimination.
import { html, useLayoutEffect, useRef } from "./vendor/preact.js";
import { scoreText, unitText } from "./contest_parts.js";
import { slideRows } from "./flip.js";
import { fit, useRoom } from "./lanes.js";
import { stepOf } from "./numbers.js";
import { say } from "./say.js";
import { movement, ordinal } from "./words.js";

export function ContestLanes({ shown, numbers, me, extra = () => null }) {
  const box = useRef(), body = useRef(), places = useRef(new Map());
  const { contest } = shown;
  const text = scoreText(numbers, contest.unit);
  const { rows, row, hidden } = fit(shown.rows, useRoom(box), me, "top");
  const races = contest.format === "RACE" || (contest.target && contest.format !== "GOAL");
  const lengths = shown.rows.map((r) => (races && r.percent !== null ? Number(r.percent) : Number(r.score)));
  const byTarget = races && shown.rows.some((r) => r.percent !== null);
  const best = Math.max(byTarget ? 1 : 0, ...lengths);
  const step = byTarget ? 0 : stepOf(best);
  const out = new Set((shown.detail?.rounds ?? []).filter((r) => r.is_decided).flatMap((r) => r.out));
  useLayoutEffect(() => { places.current = slideRows(body.current, places.current); });
  return html`<div class="track" ref=${box}><table class="lanes contest-lanes" style=${{ "--row": `${row}rem`, "--step": step ? `${(100 * step) / best}%` : "1000%" }}>
    <caption class="unseen">${say("contest.caption", { name: contest.name, unit: unitText(contest.unit) })}</caption>
    <thead><tr>
      <th scope="col" class="c-rank"><span class="unseen">${say("rank")}</span></th>
      <th scope="col" class="c-moved"><span class="unseen">${say("movement")}</span></th>
      <th scope="col" class="c-rep"><span class="unseen">${say("who")}</span></th>
      <th scope="col" class="c-lane"><span class="unseen">${say("share")}</span></th>
      <th scope="col" class="c-value num"><span class="unseen">${unitText(contest.unit)}</span></th>
      <th scope="col" class="c-next num"><span class="unseen">${say("gap")}</span></th>
    </tr></thead>
    <tbody ref=${body}>${rows.map((r) => {
      const length = byTarget ? Number(r.percent ?? 0) : Number(r.score);
      const idle = r.events === 0 && Number(r.score) === 0;
      const names = [`hue-${r.hue}`, r.rank === 1 && !idle && "lead", (idle || out.has(r.id)) && "idle", out.has(r.id) && "out"];
      const moved = movement(r.moved);
      return html`<tr key=${r.id} data-id=${r.id} class=${names.filter(Boolean).join(" ")}>
        <td class="rank c-rank">${r.rank === null ? "–" : numbers.exact(r.rank)}${r.tied && r.rank ? html`<span class="tie">=</span>` : ""}</td>
        <td class=${`moved c-moved ${moved.cls}`}><span aria-hidden="true">${moved.short}</span><span class="unseen">${moved.long}</span></td>
        <th scope="row" class="rep c-rep"><div class="who"><span class="name" title=${r.name}>${r.name}</span>${me === r.id ? html`<span class="you">${say("you")}</span>` : null}<span class="team">${out.has(r.id) ? say("isOut") : r.team}</span></div></th>
        <td class="c-lane"><div class="lane" style=${{ "--share": best > 0 ? Math.min(1, Math.max(0, length / best)) : 0 }} aria-hidden="true">
          ${byTarget && html`<div class="finish" style=${{ insetInlineStart: `${100 / best}%` }}></div>`}<div class="trail"></div><div class="runner">${r.initials}</div></div></td>
        <td class="value c-value">${text(r.score)}</td>
        <td class="next c-next">${extra(r) ?? gapText(r, shown.rows, text)}</td>
      </tr>`;
    })}</tbody></table>
    ${hidden > 0 && html`<p class="more"><span>${say("more", { n: hidden })}</span></p>`}</div>`;
}

function gapText(row, rows, text) {
  if (row.rank === null) return say("noPlace");
  if (row.behind === null || row.rank === 1) return row.tied && row.rank === 1 ? say("level") : "";
  const next = rows.filter((r) => r.rank !== null && r.rank < row.rank).at(-1);
  return Number(row.behind) > 0 && next ? say("toRank", { gap: text(row.behind), rank: ordinal(next.rank) }) : say("byTies");
}
