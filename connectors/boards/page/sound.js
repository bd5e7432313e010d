// A gong, made by the browser itself. Browsers stay silent until somebody touches the page: one tap unlocks it.
import { kept } from "./choices.js";

const PARTIALS = [[1, 1], [2.01, 0.5], [2.74, 0.35], [4.1, 0.15]];
const LASTS_SECONDS = 2.6;
const HERTZ = 196;
let context = null;

export const isOn = () => kept.get("sound") === "on";
export const isLocked = () => isOn() && context?.state !== "running";

// Called from a tap: it is what the browser waits for.
export async function switchSound() {
  kept.set("sound", isOn() && !isLocked() ? "off" : "on");
  if (!isOn()) return;
  context ??= new AudioContext();
  await context.resume();
  gong();
}

export function gong() {
  if (!isOn() || context?.state !== "running") return;
  const at = context.currentTime;
  for (const [times, loud] of PARTIALS) {
    const tone = context.createOscillator(), volume = context.createGain();
    tone.frequency.value = HERTZ * times;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.18 * loud, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + LASTS_SECONDS / times);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + LASTS_SECONDS);
  }
}
