// One stream of snapshots as a hook: what is shown, and how far it can be trusted.
import { useEffect, useRef, useState } from "./vendor/preact.js";
import { Feed } from "./feed.js";

export function useStream(selection, onLeave, onSnapshot) {
  const [snapshot, setSnapshot] = useState(null);
  const [life, setLife] = useState({ connected: true, state: "starting", asOf: null });
  const feed = useRef(), hear = useRef();
  hear.current = onSnapshot;
  const key = JSON.stringify(selection);
  useEffect(() => {
    setSnapshot(null);
    feed.current = new Feed(selection, {
      onSnapshot: (next, id) => { setSnapshot(next); hear.current?.(next, id, feed.current.now()); },
      onLife: setLife,
      onLeave,
    });
    return () => feed.current.close();
  }, [key]);
  return { snapshot, life, now: () => feed.current?.now() ?? Date.now(), isStale: !life.connected || life.state !== "live" };
}

// Seconds tick for countdowns, by the server's clock.
export function useSeconds(now) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return now();
}
