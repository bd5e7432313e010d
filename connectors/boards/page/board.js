// The board: takes snapshots in, shows them, and makes a won deal felt.
import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { Announcer } from "./announce.js";
import * as choices from "./choices.js";
import { Feed } from "./feed.js";
import { Lanes } from "./lanes.js";
import { numbersFor } from "./numbers.js";
import { Empty, Moment, Notes, Sources, Tools, Top, Wins } from "./parts.js";

const MOMENT_MS = 7_000;
const FRESH_MS = 60_000; // a win heard of only now, after a broken connection, is old news
const numbers = numbersFor(choices.locale());

export function Board({ me, onSignOut }) {
  const [chosen, setChosen] = useState(choices.selection());
  const [snapshot, setSnapshot] = useState(null);
  const [held, setHeld] = useState(null); // the snapshot shown while paused
  const [life, setLife] = useState({ connected: true, state: "starting", asOf: null });
  const [theme, setTheme] = useState(choices.theme());
  const [all, setAll] = useState(false);
  const feed = useRef();
  const { wins, moment, hear } = useMoments();

  useEffect(() => {
    const announcer = new Announcer(numbers);
    feed.current = new Feed(chosen, {
      onSnapshot: (next, id) => {
        setSnapshot(next);
        announcer.hear(next, hear(next, id, feed.current.now()));
      },
      onLife: setLife,
      onLeave: onSignOut,
    });
    return () => feed.current.close();
  }, []);

  const choose = (change) => {
    const next = { ...chosen, ...change };
    choices.choose(next);
    setChosen(next);
    setHeld(null);
    feed.current.select(next);
  };
  const pause = () => setHeld(held ? null : { ...snapshot, at: feed.current.now() });
  useSpace(snapshot ? pause : null);

  const shown = held ?? snapshot;
  if (!shown) return html`<${Waiting} life=${life} />`;
  const stale = !life.connected || life.state !== "live";
  document.title = shown.title ? `${shown.title} · Pacesetter` : "Pacesetter";
  return html`<div class=${`board ${stale ? "stale" : ""}`}>
    ${stale && html`<p class="banner">${staleText(life)}</p>`}
    <${Top} shown=${shown} chosen=${chosen} numbers=${numbers} life=${life} paused=${held?.at} onChoose=${choose} />
    ${shown.rows.length
      ? html`<${Lanes} shown=${shown} numbers=${numbers} me=${me.rep_id} wins=${held ? new Map() : wins} all=${all} onAll=${() => setAll(!all)} />`
      : html`<${Empty} title="Nobody is at the start line yet">Put people on the roster and the lanes appear by themselves: <code>pacesetter definitions apply</code><//>`}
    <div>
      <${Notes} shown=${shown} numbers=${numbers} />
      <footer class="foot">
        <${Wins} wins=${shown.wins} numbers=${numbers} />
        <${Sources} shown=${shown} now=${feed.current.now()} numbers=${numbers} />
        <${Tools} paused=${held} onPause=${pause} theme=${theme} onLeave=${() => signOut(onSignOut)}
          onTheme=${() => { choices.otherTheme(); setTheme(choices.theme()); }} />
        ${moment && !held && html`<${Moment} key=${moment.number} win=${moment} numbers=${numbers} />`}
      </footer>
    </div>
    <p class="unseen" role="status"></p>
  </div>`;
}

function Waiting({ life }) {
  const away = !life.connected;
  return html`<div class="board"><span></span>
    <${Empty} title=${away ? "The board's server does not answer" : "Lining up"}>${away ? "It is tried again every few seconds." : life.reason || "The first numbers are on their way."}<//>
    <p class="unseen" role="status"></p></div>`;
}

function staleText(life) {
  const asOf = life.asOf ? ` Data as of ${numbers.timeFine(life.asOf)}.` : "";
  if (!life.connected) return `Reconnecting.${asOf}`;
  if (life.state === "starting") return "Reading the past; numbers are not complete yet.";
  return `The stream is interrupted; reconnecting.${asOf}`;
}

// Wins not seen before light up their lane and the lower third for a moment, one after the other.
function useMoments() {
  const [wins, setWins] = useState(new Map());
  const [moment, setMoment] = useState(null);
  const seen = useRef({ boot: null, number: 0 });
  const hear = (next, id, now) => {
    const boot = id.split("-")[0];
    const newest = next.wins[0]?.number ?? 0;
    const known = seen.current.boot === boot ? seen.current.number : newest;
    seen.current = { boot, number: newest };
    const fresh = next.wins.filter((w) => w.number > known && now - Date.parse(w.at) < FRESH_MS);
    if (!fresh.length) return fresh;
    const largest = fresh.reduce((a, b) => (Number(b.amount) > Number(a.amount) ? b : a));
    setMoment(largest);
    setWins((old) => new Map([...old, ...fresh.map((w) => [w.id, w])]));
    setTimeout(() => {
      setMoment((shown) => (shown === largest ? null : shown));
      setWins((old) => new Map([...old].filter(([, w]) => !fresh.includes(w))));
    }, MOMENT_MS);
    return fresh;
  };
  return { wins, moment, hear };
}

function useSpace(act) {
  useEffect(() => {
    const press = (e) => {
      if (e.key !== " " || e.target.closest("button, select, input, a")) return;
      e.preventDefault();
      act?.();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
}

async function signOut(onSignOut) {
  await fetch("/session", { method: "DELETE" }).catch(() => {});
  onSignOut();
}
