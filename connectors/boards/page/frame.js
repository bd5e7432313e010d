// The frame of every page beside the ranking: what is stale, where to go, the tools, the latest wins.
import { html, useEffect, useState } from "./vendor/preact.js";
import { Empty, Moment, Sources, Tools, Wins } from "./parts.js";
import { Rotation } from "./rotation.js";
import { say } from "./say.js";
import { useMoments } from "./moments.js";

export function Frame({ me, onLeave, slides, stream, shown, numbers, title, children }) {
  const [, dressed] = useState(0);
  const { moment, hear } = useMoments();
  const { snapshot } = stream;
  useEffect(() => { if (snapshot) hear(snapshot, stream.now()); }, [snapshot]);
  useEffect(() => { document.title = `${title} · Pacesetter`; }, [title]);
  useSpace(shown.value ? shown.pause : null);
  if (!shown.value) return html`<${Waiting} life=${stream.life} />`;
  return html`<div class=${stream.isStale ? "board stale" : "board"}>
    ${stream.isStale && html`<p class="banner">${staleText(stream.life, numbers)}</p>`}
    ${children}
    <footer class="foot">
      <${Wins} wins=${shown.value.wins} numbers=${numbers} />
      <${Sources} shown=${shown.value} now=${stream.now()} numbers=${numbers} />
      ${slides && html`<${Rotation} ...${slides} />`}
      <${Tools} me=${me} paused=${shown.paused} onPause=${shown.pause} onLeave=${() => signOut(onLeave)} onDress=${() => dressed((n) => n + 1)} />
      ${moment && !shown.paused && html`<${Moment} key=${moment.number} win=${moment} numbers=${numbers} />`}
    </footer>
    <p class="unseen" role="status"></p>
  </div>`;
}

export function Waiting({ life }) {
  if (life.state === "refused") return html`<div class="board"><span></span>
    <${Empty} title=${say("refused")}>${life.error}: ${life.remedy}. <a href="/">${say("toBoard")}</a><//></div>`;
  return html`<div class="board"><span></span>
    <${Empty} title=${say(life.connected ? "waiting" : "away")}>${life.connected ? life.reason || say("waitingWhy") : say("awayWhy")}<//>
    <p class="unseen" role="status"></p></div>`;
}

export function staleText(life, numbers) {
  const asOf = life.asOf ? ` ${say("asOfData", { time: numbers.timeFine(life.asOf) })}` : "";
  if (!life.connected) return say("reconnecting") + asOf;
  if (life.state === "starting") return say("readingPast");
  return say("interrupted") + asOf;
}

export function useSpace(act) {
  useEffect(() => {
    const press = (e) => {
      if (e.key !== " " || e.target.closest("button, select, input, a, summary")) return;
      e.preventDefault();
      act?.();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
}

export async function signOut(onLeave) {
  await fetch("/session", { method: "DELETE" }).catch(() => {});
  onLeave();
}

