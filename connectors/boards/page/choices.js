// What the viewer chose: selection in the address (it can be bookmarked), theme on this device.
import { PERIODS, YARDSTICKS } from "./words.js";

const address = () => new URL(location.href);
const kept = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* a screen without storage */ } },
};

export function selection() {
  const asked = address().searchParams;
  const period = asked.get("period"), by = asked.get("by");
  return { period: period in PERIODS ? period : "month", by: by in YARDSTICKS ? by : "revenue" };
}

export function choose(chosen) {
  const url = address();
  for (const [key, value] of Object.entries(chosen)) url.searchParams.set(key, value);
  history.replaceState(null, "", url);
}

export const locale = () => {
  const asked = address().searchParams.get("lang") || navigator.language;
  try { return Intl.getCanonicalLocales(asked)[0]; } catch { return "en"; }
};

const dark = matchMedia("(prefers-color-scheme: dark)");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const given = (values, ...found) => found.find((value) => values.includes(value));

export const theme = () =>
  given(["dark", "light"], address().searchParams.get("theme"), kept.get("theme")) ?? (dark.matches ? "dark" : "light");

export function otherTheme() {
  const next = theme() === "dark" ? "light" : "dark";
  kept.set("theme", next);
  const url = address();
  url.searchParams.delete("theme");
  history.replaceState(null, "", url);
  dress();
}

// A television tells no preferences, so the address can: ?motion=off
export const isStill = () => still.matches || address().searchParams.get("motion") === "off";

export function dress() {
  document.documentElement.dataset.theme = theme();
  document.documentElement.dataset.motion = isStill() ? "off" : "on";
}

export function followSystem() {
  dark.addEventListener("change", dress);
  still.addEventListener("change", dress);
}
