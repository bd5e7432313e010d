// The stream of snapshots, and whether it can be trusted. A stale board that looks live is the worst failure.
const SILENT_MS = 45_000; // three beats missed
const GRACE_MS = 1_500; // a reconnect as quick as this is nobody's business
const REOPEN_MS = 3_000;
const AGE_MS = 12 * 3_600_000;
const NIGHT_HOUR = 4;
const REFUSED = [400, 403, 404];

export class Feed {
  constructor(selection, { onSnapshot, onLife, onLeave }) {
    Object.assign(this, { selection, onSnapshot, onLife, onLeave });
    this.offset = 0; // server's clock less ours
    this.asOf = null;
    this.server = null; // what the server says about its own stream
    this.version = null;
    this.begun = Date.now();
    this.jitter = Math.random() * 3_600_000;
    this.open();
    this.timer = setInterval(() => this.watch(), 500);
  }

  select(selection) {
    this.selection = selection;
    this.open();
  }

  close() {
    clearInterval(this.timer);
    this.source?.close();
  }

  now() {
    return Date.now() + this.offset;
  }

  address() {
    const asked = Object.entries(this.selection).filter(([, value]) => value);
    return `/events?${new URLSearchParams(asked)}`;
  }

  open() {
    this.source?.close();
    const source = new EventSource(this.address());
    this.source = source;
    this.openedAt = performance.now();
    source.addEventListener("beat", (e) => this.heard(JSON.parse(e.data)));
    source.addEventListener("snapshot", (e) => {
      const snapshot = JSON.parse(e.data);
      this.heardAt = performance.now();
      this.server = snapshot.feed;
      this.onSnapshot(snapshot, e.lastEventId);
      this.watch();
    });
    source.addEventListener("leave", () => this.onLeave());
  }

  heard(beat) {
    this.heardAt = performance.now();
    this.offset = Date.parse(beat.server_now) - Date.now();
    this.asOf = beat.feed.as_of ?? this.asOf;
    this.server = beat.feed;
    if (this.version && this.version !== beat.version) location.reload();
    this.version = beat.version;
    this.watch();
  }

  watch() {
    const at = performance.now();
    const isOpen = this.source.readyState === EventSource.OPEN;
    const silent = this.heardAt !== undefined && at - this.heardAt > SILENT_MS;
    if (isOpen && !silent) {
      this.brokenAt = null;
      if (this.server?.state === "live") this.asOf = this.now();
    } else {
      this.brokenAt ??= at;
    }
    const broken = this.brokenAt !== null && at - this.brokenAt > GRACE_MS;
    if ((silent || this.source.readyState === EventSource.CLOSED) && at - this.openedAt > REOPEN_MS) this.reopen();
    this.onLife({
      connected: !broken,
      state: this.server?.state ?? "starting",
      reason: this.server?.reason ?? "",
      asOf: this.server?.state === "live" ? this.asOf : (this.server?.as_of ?? this.asOf),
    });
    this.sleepIfOld();
  }

  async reopen() {
    this.openedAt = performance.now();
    try {
      const answer = await fetch("/session", { cache: "no-store" });
      if (answer.status === 401 || answer.status === 403) return this.onLeave();
      if (this.source.readyState !== EventSource.CLOSED || !(await this.isRefused())) this.open();
    } catch {
      // The server is away; the next watch() tries again.
    }
  }

  // A server that has nothing for this viewer says why, and asking again would change nothing.
  async isRefused() {
    const stop = new AbortController();
    const answer = await fetch(this.address(), { signal: stop.signal, cache: "no-store" });
    const refused = REFUSED.includes(answer.status);
    if (refused) {
      this.close();
      this.onLife({ connected: true, state: "refused", asOf: null, ...(await answer.json()) });
    }
    stop.abort();
    return refused;
  }

  // A page that runs for weeks starts afresh at night, while the server is there to answer.
  sleepIfOld() {
    const age = Date.now() - this.begun;
    if (age > AGE_MS + this.jitter && new Date().getHours() === NIGHT_HOUR && this.brokenAt === null) location.reload();
  }
}
