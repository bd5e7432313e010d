// Amounts, counts and times for one locale. The server sends decimals as text; they stay text.
const DAY_MS = 86_400_000;

export function numbersFor(locale) {
  const made = new Map();
  const format = (options) => {
    const key = JSON.stringify(options);
    if (!made.has(key)) made.set(key, new Intl.NumberFormat(locale, options));
    return made.get(key);
  };
  const dates = (options) => new Intl.DateTimeFormat(locale, options);
  const clock = dates({ hour: "2-digit", minute: "2-digit" });
  const clockFine = dates({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return {
    count: (text) => format({ maximumFractionDigits: 0 }).format(text),
    money: (text, currency) => format(moneyOptions(text, currency)).format(text),
    short: (text, currency) =>
      format({ ...(currency ? { style: "currency", currency } : {}), notation: "compact", maximumFractionDigits: 1, minimumFractionDigits: 0 }).format(text),
    two: (n) => format({ minimumIntegerDigits: 2 }).format(n),
    exact: (text) => format({ maximumFractionDigits: 2 }).format(text),
    full: (text, currency) => format({ style: "currency", currency }).format(text),
    percent: (text, digits = 0) => format({ style: "percent", maximumFractionDigits: digits }).format(text),
    moment: (instant, timeZone) => dates({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone }).format(new Date(instant)),
    dayBefore: (text) => dates({ day: "numeric", month: "long", timeZone: "UTC" }).format(new Date(Date.parse(`${text}T00:00:00Z`) - DAY_MS)),
    time: (instant) => clock.format(new Date(instant)),
    timeFine: (instant) => clockFine.format(new Date(instant)),
    days: (kind, start, end) => daysText(locale, kind, start, end),
    lasting: (ms) => lasting(locale, ms),
  };
}

// Cents matter only where an amount is so small that they are all there is.
function moneyOptions(text, currency) {
  const small = Math.abs(Number(text)) < 10 && !/^-?\d+$/.test(text);
  const digits = small ? {} : { maximumFractionDigits: 0, minimumFractionDigits: 0 };
  return { style: "currency", currency, ...digits };
}

function daysText(locale, kind, start, end) {
  const first = new Date(`${start}T00:00:00Z`);
  const last = new Date(Date.parse(`${end}T00:00:00Z`) - DAY_MS);
  const date = (options) => new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
  if (kind === "today") return date({ weekday: "long", day: "numeric", month: "long" }).format(first);
  if (kind === "month") return date({ month: "long", year: "numeric" }).format(first);
  const options = kind === "week" ? { day: "numeric", month: "long" } : { month: "long", year: "numeric" };
  return date(options).formatRange(first, last);
}

function lasting(locale, ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [value, unit] =
    seconds < 60 ? [seconds, "second"]
    : seconds < 5400 ? [Math.round(seconds / 60), "minute"]
    : seconds < 129_600 ? [Math.round(seconds / 3600), "hour"]
    : [Math.round(seconds / 86_400), "day"];
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: unit === "day" ? "long" : "short" }).format(value);
}

// Distance marks of the track: round steps, three to six of them up to the leader.
export function stepOf(best) {
  if (!(best > 0)) return 0;
  const rough = best / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((m) => m * power >= rough);
}
