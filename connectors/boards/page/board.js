// The board: reps or teams by one yardstick, live.
import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { Announcer } from "./announce.js";
import * as choices from "./choices.js";
import { Waiting, signOut, staleText, useSpace } from "./frame.js";
import { Lanes } from "./lanes.js";
import { useMoments } from "./moments.js";
import { numbersFor } from "./numbers.js";
import { Empty, Moment, Notes, Sources, Tools, Top, Wins } from "./parts.js";
import { Rotation } from "./rotation.js";
import { say } from "./say.js";
import { useStream } from "./stream.js";

const numbers = numbersFor(choices.locale());

// `given` is what a slide shows; without it the viewer chooses.
export function Board({ me, onSignOut, given, slides }) {
  const [chosen, setChosen] = useState(given ?? choices.selection());
  const [held, setHeld] = useState(null); // the snapshot shown while paused
  const [, dressed] = useState(0);
  const [view, setView] = useState("top"); // top, all, or around: the viewer's own neighbours
  const announcer = useRef();
  announcer.current ??= new Announcer(numbers);
  const { wins, moment, hear } = useMoments();
  const { snapshot, life, now, isStale } = useStream({ show: "ranking", ...chosen }, onSignOut,
    (next) => announcer.current.hear(next, hear(next, now())));
  const last = useRef(null); // shown until what was chosen next is there
  last.current = snapshot ?? last.current;

  const choose = (change) => {
    const next = { ...chosen, ...change };
    if (!given) choices.choose(next);
    setChosen(next);
    setHeld(null);
  };
  const pause = () => setHeld(held ? null : { ...snapshot, at: now() });
  useSpace(snapshot ? pause : null);

  const shown = held ?? last.current;
  useEffect(() => { document.title = shown?.title ? `${shown.title} · Pacesetter` : "Pacesetter"; }, [shown?.title]);
  if (!shown) return html`<${Waiting} life=${life} />`;
  const isOfTeams = shown.scope.of === "teams";
  return html`<div class=${`board ${isStale ? "stale" : ""}`}>
    ${isStale && html`<p class="banner">${staleText(life, numbers)}</p>`}
    <${Top} shown=${shown} chosen=${chosen} numbers=${numbers} life=${life} paused=${held?.at} fixed=${Boolean(me.screen)} onChoose=${choose} />
    ${shown.rows.length
      ? html`<${Lanes} shown=${shown} numbers=${numbers} me=${me.rep_id} wins=${held || isOfTeams ? new Map() : wins} view=${view} onView=${setView} />`
      : isOfTeams ? html`<${Empty} title=${say("noTeams")}>${say("noTeamsWhy")}<//>`
      : html`<${Empty} title=${say("nobody")}>${say("nobodyWhy")} <code>pacesetter definitions apply</code><//>`}
    <div>
      <${Notes} shown=${shown} numbers=${numbers} />
      <footer class="foot">
        <${Wins} wins=${shown.wins} numbers=${numbers} />
        <${Sources} shown=${shown} now=${now()} numbers=${numbers} />
        ${slides && html`<${Rotation} ...${slides} />`}
        <${Tools} me=${me} paused=${held} onPause=${pause} onLeave=${() => signOut(onSignOut)} onDress=${() => dressed((n) => n + 1)} />
        ${moment && !held && html`<${Moment} key=${moment.number} win=${moment} numbers=${numbers} />`}
      </footer>
    </div>
    <p class="unseen" role="status"></p>
  </div>`;
}
