// Texts that follow from values: plurals, ranks, movement, how sources look.
import { digit, say } from "./say.js";

const named = (prefix, keys) => Object.fromEntries(keys.map((key) => [key, say(`${prefix}.${key}`)]));
export const YARDSTICKS = named("by", ["revenue", "points", "calls", "emails", "meetings", "deals"]);
export const PERIODS = named("period", ["today", "week", "month", "quarter"]);

const ordinals = new Intl.PluralRules("en", { type: "ordinal" });
const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };

export const ordinal = (n) => {
  const found = say("ordinal", { rank: n });
  return found === "ordinal" ? `${n}${ENDINGS[ordinals.select(n)]}` : found;
};

export function formula(weights, numbers) {
  const parts = Object.entries(weights).map(([measure, w]) => `${say(`weight.${measure}`)} ${numbers.count(w)}`);
  return say("formula", { parts: parts.join(", ") });
}

// Short for the eye, whole for the ear.
export function movement(moved, period) {
  if (moved === null) return { cls: "", short: "", long: say("moved.none") };
  const since = say(period === "today" ? "since.today" : "since.morning");
  if (moved > 0) return { cls: "up", short: `▲ ${digit(moved)}`, long: say("moved.up", { n: moved, since }) };
  if (moved < 0) return { cls: "down", short: `▼ ${digit(-moved)}`, long: say("moved.down", { n: -moved, since }) };
  return { cls: "", short: "", long: say("moved.same", { since }) };
}

export function sourceState(source, now, numbers, changedAt) {
  const since = { quiet: changedAt, late: source.complete_through, silent: source.observed_at }[source.state];
  return say(`source.${source.state}`, { time: since ? numbers.lasting(now - Date.parse(since)) : "" });
}

// What somebody won or earned, behind their name; `strong` marks what matters.
export function winText(win, numbers, strong = (text) => text) {
  if (win.honour) return [say(`honour.${win.honour.kind}`, { many: win.honour.many }), " ", strong(win.honour.name)];
  return [say("wonDeals", { n: win.deals }), " ", strong(numbers.money(win.amount, win.currency))];
}
