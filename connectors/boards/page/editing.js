// Contests by a form: pick a usual one, change it, look ahead, begin it; end what runs.
import { html, render, useEffect, useRef, useState } from "./vendor/preact.js";
import { dress, followSystem } from "./choices.js";
import { Door, whoAmI } from "./door.js";
import { Fields } from "./editing_form.js";
import { Ahead, Running } from "./editing_shown.js";
import { knows, say } from "./say.js";

async function ask(action, body) {
  try {
    const answer = await fetch(`/contests/edit/${action}`, body
      ? { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }
      : { cache: "no-store" });
    return { ok: answer.ok, ...(await answer.json()) };
  } catch {
    return { ok: false, error: say("edit.away"), remedy: say("edit.awayWhy") };
  }
}

// A form holds text in every field; what is empty is not said.
function said(draft) {
  const { prizes = [], preset: _, ...rest } = draft;
  const kept = prizes.map((p, i) => ({ place: i + 1, ...p })).filter((p) => p.amount || p.thing);
  const whole = kept.length ? { ...rest, prizes: kept } : rest;
  if (!kept.some((p) => p.amount)) delete whole.prize_currency;
  return JSON.parse(JSON.stringify(whole, (key, value) => (value === "" && key !== "name" ? undefined : value)));
}

function Page() {
  const [me, setMe] = useState(undefined);
  const enter = async () => setMe(await whoAmI().catch(() => null));
  useEffect(() => { enter(); }, []);
  if (me === undefined) return null;
  if (me === null) return html`<${Door} onOpen=${enter} />`;
  if (me.role !== "manager") return html`<main class="editing"><h1>${say("contests")}</h1>
    <p role="alert">${say("edit.managersOnly", { name: me.name })}</p>
    <p><a href="/">${say("toBoard")}</a></p></main>`;
  return html`<${Desk} me=${me} />`;
}

function Desk({ me }) {
  const [offer, setOffer] = useState(null);
  const [draft, setDraft] = useState(null);
  const [ahead, setAhead] = useState(null); // what a look ahead brought, for the draft as it is
  const [wrong, setWrong] = useState({ where: "", problems: [] });
  const [trouble, setTrouble] = useState(null);
  const [done, setDone] = useState("");
  const [busy, setBusy] = useState(false);
  const panel = useRef();

  const take = async (action, body) => {
    setBusy(true);
    const found = await ask(action, body);
    setBusy(false);
    setWrong({ where: body?.contest_id ?? action, problems: found.problems ?? [] });
    setTrouble(found.ok || found.problems ? null : found);
    return found;
  };
  const choose = (preset, from = offer) => {
    setDraft(begin(preset, from));
    setAhead(null);
    setWrong({ where: "", problems: [] });
  };
  useEffect(() => {
    take("form").then((found) => {
      if (!found.ok) return;
      setOffer(found);
      if (found.presets.length) choose(found.presets[0], found);
    });
  }, []);

  const change = (next) => { setDraft({ ...next, contest_id: undefined }); setAhead(null); setDone(""); };
  const preview = async () => {
    const found = await take("preview", { contest: said(draft) });
    if (!found.ok) return focusWrong();
    setAhead(found);
    setWrong({ where: "preview", problems: found.hints });
    setDraft({ ...draft, contest_id: found.contest_id });
    panel.current?.focus();
    return undefined;
  };
  const start = async (reason) => {
    const found = await take("start", { contest: said(draft), reason });
    if (!found.ok) return;
    setDone(say("edit.begun", { name: draft.name }));
    setOffer(found);
    choose(found.presets.find((p) => p.preset_id === draft.preset) ?? found.presets[0], found);
  };
  const end = async (contest, how, reason) => {
    const found = await take("end", { contest_id: contest.contest_id, how, reason });
    if (!found.ok) return false;
    setDone(say(how === "END" ? "edit.ended" : "edit.calledOff", { name: contest.name }));
    setOffer(found);
    return true;
  };

  const mine = ["preview", "start"].includes(wrong.where) ? wrong.problems : [];
  if (!offer) return html`<main class="editing"><h1>${say("contests")}</h1><${Trouble} trouble=${trouble} /></main>`;
  return html`<main class="editing" aria-busy=${busy}>
    <header><h1>${say("contests")}</h1><p><a href="/">${say("toBoard")}</a> · ${me.name}</p></header>
    <p role="status" class="done">${done}</p>
    <${Trouble} trouble=${trouble} />
    <${Running} contests=${offer.contests} wrong=${wrong} busy=${busy} onEnd=${end} />
    <section aria-labelledby="new"><h2 id="new">${say("beginContest")}</h2>
      ${draft ? html`<div class="presets" role="group" aria-label=${say("edit.usual")}>
        ${offer.presets.map((p) => html`<button key=${p.preset_id} type="button" aria-pressed=${draft.preset === p.preset_id ? "true" : "false"}
          onClick=${() => choose(p)}><b>${named(p, "title")}</b><span>${named(p, "about")}</span></button>`)}</div>
      <div class="halves">
        <${Fields} draft=${draft} offer=${offer} problems=${mine} busy=${busy} onChange=${change} onPreview=${preview} />
        <${Ahead} panel=${panel} ahead=${ahead} draft=${draft} problems=${mine} busy=${busy} onStart=${start} />
      </div>` : html`<p>${say("edit.noMeasures")} <code>pacesetter definitions apply</code></p>`}
    </section>
  </main>`;
}

// Presets have their own words in each language; one that is not known here brings its own.
const named = (preset, what) => (knows(`preset.${preset.preset_id}.${what}`) ? say(`preset.${preset.preset_id}.${what}`) : preset[what]);

// What a preset says, and what people usually want beside it: who leads others does not compete.
function begin(preset, offer) {
  const managers = offer.reps.filter((r) => r.manages).map((r) => r.id);
  const draft = { preset: preset.preset_id, prize_currency: offer.currency, ...preset.draft };
  if (draft.name === preset.title) draft.name = named(preset, "title");
  if (!draft.participants?.members) draft.participants = { ...draft.participants, without: managers };
  return draft;
}

function focusWrong() {
  requestAnimationFrame(() => document.querySelector("[aria-invalid=true]")?.focus());
}

function Trouble({ trouble }) {
  return trouble && html`<p role="alert" class="trouble">${trouble.error}<span>${trouble.remedy}</span></p>`;
}

dress();
followSystem();
render(html`<${Page} />`, document.getElementById("app"));
