// A television: it shows a code until a manager enters it, then what it was told to show.
import { html, useEffect, useState } from "./vendor/preact.js";
import { Board } from "./board.js";
import { Contest, ContestList } from "./contest.js";
import { whoAmI } from "./door.js";
import { useRotation } from "./rotation.js";
import { say } from "./say.js";

const ASK_MS = 2_000;
const AGAIN_MS = 5_000;
const CHANGED_MS = 30_000; // how soon a screen shows what a manager chose for it
const HALF = 3;

async function send(path, body) {
  return fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}) });
}

export function Pairing({ onOpen, wrong }) {
  const [code, setCode] = useState(null);
  const [away, setAway] = useState(false);
  useEffect(() => {
    let timer, isHere = true;
    const later = (act, ms) => { timer = isHere && setTimeout(act, ms); };
    const begin = async () => {
      try {
        const answer = await send("/tv/codes");
        if (!answer.ok) throw new Error(answer.status);
        const { code: given, secret } = await answer.json();
        if (!isHere) return;
        setCode(given);
        setAway(false);
        later(() => ask(secret), ASK_MS);
      } catch {
        setAway(true);
        later(begin, AGAIN_MS);
      }
    };
    const ask = async (secret) => {
      try {
        const answer = await send("/tv/claims", { secret });
        setAway(false);
        if (answer.status === 204) return onOpen();
        later(answer.status === 202 ? () => ask(secret) : begin, ASK_MS);
      } catch {
        setAway(true);
        later(() => ask(secret), AGAIN_MS);
      }
    };
    begin();
    return () => { isHere = false; clearTimeout(timer); };
  }, []);
  return html`<main class="pairing"><h1>${say("tv.title")}</h1>
    ${wrong && html`<p class="wrong" role="alert">${say("tv.linkGone")}</p>`}
    <p class="code" dir="ltr" aria-label=${say("tv.code")}>${code ? html`<b>${code.slice(0, HALF)}</b><b>${code.slice(HALF)}</b>` : html`<b>···</b><b>···</b>`}</p>
    <p>${away ? say("away") : say("tv.how", { where: `${location.host}/screens` })}</p></main>`;
}

// A screen's own slides, as a manager chose them, looked up again now and then.
export function Screen({ me, onLeave }) {
  const [screen, setScreen] = useState(me.screen);
  useEffect(() => setScreen(me.screen), [me.screen]); // what it showed was taken from it, and it asked anew
  useEffect(() => {
    const look = async () => {
      try {
        const now = await whoAmI();
        if (!now) onLeave();
        else if (now.screen) setScreen((old) => (JSON.stringify(old) === JSON.stringify(now.screen) ? old : now.screen));
      } catch { /* the server is away; the board says so */ }
    };
    const timer = setInterval(look, CHANGED_MS);
    return () => clearInterval(timer);
  }, []);
  return html`<${Slides} me=${me} onLeave=${onLeave} shows=${screen} />`;
}

export function Slides({ me, onLeave, shows }) {
  const slides = useRotation(shows);
  const { slide } = slides;
  if (!slide) return html`<${ContestList} me=${me} onLeave=${onLeave} />`; // none runs now; one may be coming
  if (slide.kind === "contest") return html`<${Contest} key=${slide.id} id=${slide.id} me=${me} onLeave=${onLeave} slides=${slides} />`;
  return html`<${Board} key=${JSON.stringify(slide.chosen)} me=${me} onSignOut=${onLeave} slides=${slides} given=${slide.chosen} />`;
}
