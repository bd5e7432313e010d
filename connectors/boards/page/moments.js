// Wins not seen before light up for a moment, within the budget the server keeps, each once.
import { useState } from "./vendor/preact.js";
import { gong } from "./sound.js";

const MOMENT_MS = 7_000;
const FRESH_MS = 60_000; // a win heard of only now, after a broken connection, is old news

const seen = { boot: null, number: 0 }; // of the whole page: a slide that follows another rings nothing again

export function useMoments() {
  const [wins, setWins] = useState(new Map());
  const [moment, setMoment] = useState(null);
  const hear = (next, now) => {
    const newest = next.wins[0]?.number ?? 0;
    const known = seen.boot === next.boot ? seen.number : newest;
    Object.assign(seen, { boot: next.boot, number: Math.max(known, newest) });
    const fresh = next.wins.filter((w) => w.number > known && now - Date.parse(w.at) < FRESH_MS);
    const rings = fresh.filter((w) => w.rings);
    if (!rings.length) return fresh;
    const largest = rings.reduce((a, b) => (Number(b.amount) > Number(a.amount) ? b : a));
    const shown = { ...largest, others: rings.length - 1 };
    setMoment(shown);
    gong();
    setWins((old) => new Map([...old, ...rings.map((w) => [w.id, w])]));
    setTimeout(() => {
      setMoment((now) => (now === shown ? null : now));
      setWins((old) => new Map([...old].filter(([, w]) => !rings.includes(w))));
    }, MOMENT_MS);
    return fresh;
  };
  return { wins, moment, hear };
}
