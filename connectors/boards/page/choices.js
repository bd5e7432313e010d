// What the viewer chose: selection in the address (it can be bookmarked), theme on this device.

const PERIODS = ["today", "week", "month", "quarter"];
const YARDSTICKS = ["revenue", "points", "calls", "emails", "meetings", "deals"];
const address = () => new URL(location.href);
export const kept = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* a screen without storage */ } },
};

export function selection() {
  const asked = address().searchParams;
  const period = asked.get("period"), by = asked.get("by");
  return {
    period: PERIODS.includes(period) ? period : "month",
    by: YARDSTICKS.includes(by) ? by : "revenue",
    of: asked.get("of") === "teams" ? "teams" : "reps",
    team: asked.get("team") ?? "",
  };
}

export function choose(chosen) {
  const url = address();
  for (const [key, value] of Object.entries(chosen)) value && value !== "reps" ? url.searchParams.set(key, value) : url.searchParams.delete(key);
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

const sharp = matchMedia("(prefers-contrast: more)");

export const isSharp = () => given(["more", "no"], address().searchParams.get("contrast"), kept.get("contrast")) === "more"
  || (sharp.matches && kept.get("contrast") !== "no");

export function otherContrast() {
  kept.set("contrast", isSharp() ? "no" : "more");
  const url = address();
  url.searchParams.delete("contrast");
  history.replaceState(null, "", url);
  dress();
}

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
  document.documentElement.dataset.contrast = isSharp() ? "more" : "no";
  document.documentElement.dataset.motion = isStill() ? "off" : "on";
}

export function followSystem() {
  dark.addEventListener("change", dress);
  still.addEventListener("change", dress);
  sharp.addEventListener("change", dress);
}
