// The page: the door, and behind it what the address names.
import { html, render, useEffect, useState } from "./vendor/preact.js";
import { Board } from "./board.js";
import { Card } from "./card.js";
import { dress, followSystem } from "./choices.js";
import { Contest, ContestList } from "./contest.js";
import { Door, ask, secretInAddress, whoAmI } from "./door.js";
import { slidesInAddress } from "./rotation.js";
import { Screens } from "./screens.js";
import { Pairing, Screen, Slides } from "./tv.js";

const path = location.pathname;

function Page() {
  const [me, setMe] = useState(undefined); // undefined: not asked yet; null: nobody
  const [wrong, setWrong] = useState(null);
  const enter = async () => setMe(await whoAmI());
  const useSecret = async () => {
    const secret = secretInAddress();
    if (secret) setWrong(await ask(secret)); // refused, but perhaps signed in already
    await enter();
  };
  useEffect(() => {
    useSecret().catch(() => setMe(null));
    addEventListener("hashchange", useSecret);
    return () => removeEventListener("hashchange", useSecret);
  }, []);
  useEffect(() => keepAwake(me), [me]);
  if (me === undefined) return null;
  const open = () => { setWrong(null); enter(); };
  if (me === null && path === "/tv") return html`<${Pairing} wrong=${wrong} onOpen=${open} />`;
  if (me === null) return html`<${Door} key=${wrong?.error} wrong=${wrong} onOpen=${open} />`;
  return view(me, enter);
}

function view(me, onLeave) {
  const [, place, id] = path.split("/");
  const slides = slidesInAddress();
  switch (place) {
    case "contests":
      return html`<${ContestList} me=${me} onLeave=${onLeave} />`;
    case "contest":
      return html`<${Contest} id=${decodeURIComponent(id)} me=${me} onLeave=${onLeave} />`;
    case "card":
      return html`<${Card} rep=${new URLSearchParams(location.search).get("rep") ?? me.rep_id} me=${me} onLeave=${onLeave} />`;
    case "screens":
      return html`<${Screens} me=${me} />`;
    default:
      if (me.screen) return html`<${Screen} me=${me} onLeave=${onLeave} />`;
      return slides ? html`<${Slides} me=${me} onLeave=${onLeave} shows=${slides} />` : html`<${Board} me=${me} onSignOut=${onLeave} />`;
  }
}

// A screen on a wall does not go to sleep.
function keepAwake(me) {
  if (me?.role !== "display" || !navigator.wakeLock) return undefined;
  const lock = () => document.visibilityState === "visible" && navigator.wakeLock.request("screen").catch(() => {});
  lock();
  document.addEventListener("visibilitychange", lock);
  return () => document.removeEventListener("visibilitychange", lock);
}

dress();
followSystem();
render(html`<${Page} />`, document.getElementById("app"));
