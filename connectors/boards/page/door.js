// Signing in: a token typed here, or a code from a link. Neither is ever part of an address that is sent.
import { html, useState } from "./vendor/preact.js";
import { say } from "./say.js";

export async function ask(credentials) {
  const answer = await fetch("/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(credentials),
  });
  return answer.ok ? null : await answer.json();
}

export async function whoAmI() {
  const answer = await fetch("/session", { cache: "no-store" });
  return answer.ok ? answer.json() : null;
}

// A code, or a screen's secret; it leaves the address bar and the history at once.
export function secretInAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const code = asked.get("code"), screen = asked.get("screen");
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return code ? { code } : screen ? { screen } : null;
}

export function Door({ wrong, onOpen }) {
  const [problem, setProblem] = useState(wrong);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const refused = await ask({ token: event.target.token.value });
      if (refused) setProblem(refused);
      else onOpen();
    } catch {
      setProblem({ error: say("door.away"), remedy: say("door.awayWhy") });
    }
    setBusy(false);
  };
  return html`<main class="door"><form onSubmit=${submit}>
    <h1>Pacesetter</h1>
    <p>${say("door.about")}</p>
    <div><label for="token">${say("door.token")}</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required autofocus
        spellcheck="false" aria-describedby="wrong" aria-invalid=${problem ? "true" : "false"} /></div>
    <p id="wrong" role="alert" class="wrong">${problem && html`${sentence(problem.error)}<span>${sentence(problem.remedy)}</span>`}</p>
    <button type="submit" disabled=${busy}>${say("door.open")}</button>
  </form></main>`;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
