// What is said aloud: wins and changes at the top, politely, at most once in ten seconds.
import { say } from "./say.js";
import { winText } from "./words.js";

const EVERY_MS = 10_000;
const SAID_MAX = 3;

export class Announcer {
  constructor(numbers) {
    this.numbers = numbers;
    this.pending = [];
    this.leader = null;
    this.about = null;
  }

  hear(snapshot, fresh) {
    for (const win of fresh) this.pending.push(`${win.name} ${winText(win, this.numbers).join("")}.`);
    const about = `${snapshot.period.kind} ${snapshot.yardstick.key} ${snapshot.scope.of} ${snapshot.scope.team}`;
    const first = snapshot.rows[0];
    const leader = first && Number(first.value) > 0 && !first.tied ? first.id : null;
    if (this.about === about && leader && this.leader && leader !== this.leader) this.pending.push(say("takesLead", { who: first.name }));
    this.about = about;
    this.leader = leader ?? this.leader;
    this.schedule();
  }

  schedule() {
    if (this.timer || !this.pending.length) return;
    const wait = Math.max(0, EVERY_MS - (performance.now() - (this.saidAt ?? -EVERY_MS)));
    this.timer = setTimeout(() => {
      this.timer = null;
      this.saidAt = performance.now();
      document.querySelector("[role=status]").textContent = this.pending.slice(-SAID_MAX).join(" ");
      this.pending = [];
    }, wait);
  }
}
