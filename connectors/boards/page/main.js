// The page: the door, and behind it the board.
import { html, render, useEffect, useState } from "./vendor/preact.js";
import { Board } from "./board.js";
import { dress, followSystem } from "./choices.js";
import { Door, ask, codeInAddress, whoAmI } from "./door.js";

function Page() {
  const [me, setMe] = useState(undefined); // undefined: not asked yet; null: nobody
  const [wrong, setWrong] = useState(null);
  const enter = async () => setMe(await whoAmI());
  const useCode = async () => {
    const code = codeInAddress();
    if (code) setWrong(await ask({ code })); // refused, but perhaps signed in already
    await enter();
  };
  useEffect(() => {
    useCode().catch(() => setMe(null));
    addEventListener("hashchange", useCode);
    return () => removeEventListener("hashchange", useCode);
  }, []);
  useEffect(() => keepAwake(me), [me]);
  if (me === undefined) return null;
  if (me === null) return html`<${Door} key=${wrong?.error} wrong=${wrong} onOpen=${() => { setWrong(null); enter(); }} />`;
  return html`<${Board} me=${me} onSignOut=${enter} />`;
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
