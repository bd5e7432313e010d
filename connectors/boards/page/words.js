// Every text of the page, in one place.
export const YARDSTICKS = {
  revenue: "Revenue won",
  points: "Activity points",
  calls: "Calls",
  emails: "Emails",
  meetings: "Meetings held",
  deals: "Deals won",
};
export const PERIODS = {
  today: "today",
  week: "this week",
  month: "this month",
  quarter: "this quarter",
};
const MEASURES = { calls: "call", emails_sent: "email", meetings_held: "meeting held", deals_won: "deal won" };

const plurals = new Intl.PluralRules("en");
const ordinals = new Intl.PluralRules("en", { type: "ordinal" });
const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };

export const count = (n, one, many) => (plurals.select(Number(n)) === "one" ? one : many);
export const ordinal = (n) => `${n}${ENDINGS[ordinals.select(n)]}`;

export function formula(weights) {
  const parts = Object.entries(weights).map(([measure, w]) => `${MEASURES[measure] ?? measure} ${w}`);
  return `Points: ${parts.join(", ")}`;
}

// Short for the eye, whole for the ear.
export function movement(moved, period) {
  if (moved === null) return { cls: "", short: "", long: "no ranking before" };
  const since = period === "today" ? "since yesterday" : "since this morning";
  if (moved > 0) return { cls: "up", short: `▲ ${moved}`, long: `up ${moved} ${since}` };
  if (moved < 0) return { cls: "down", short: `▼ ${-moved}`, long: `down ${-moved} ${since}` };
  return { cls: "", short: "", long: `unchanged ${since}` };
}

export function sourceState(source, now, numbers, changedAt) {
  const behind = (instant) => numbers.lasting(now - Date.parse(instant));
  switch (source.state) {
    case "live":
      return "up to date";
    case "quiet":
      return `quiet for ${numbers.lasting(now - Date.parse(changedAt))}`;
    case "late":
      return `${behind(source.complete_through)} behind`;
    default:
      return `no word for ${behind(source.observed_at)}`;
  }
}

export const wonText = (win) => (win.deals > 1 ? `won ${win.deals} deals,` : "won");
