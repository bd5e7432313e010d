// Signing in: a token typed here, or a code from a link. Neither is ever part of an address that is sent.
import { html, useState } from "./vendor/preact.js";

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

// The code leaves the address bar and the history at once.
export function codeInAddress() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return code;
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
      setProblem({ error: "the server does not answer", remedy: "try again in a moment" });
    }
    setBusy(false);
  };
  return html`<main class="door"><form onSubmit=${submit}>
    <h1>Pacesetter</h1>
    <p>The board shows names and results of your floor. Sign in with your token.</p>
    <div><label for="token">Token</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required autofocus
        spellcheck="false" aria-describedby="wrong" aria-invalid=${problem ? "true" : "false"} /></div>
    <p id="wrong" role="alert" class="wrong">${problem && html`${sentence(problem.error)}<span>${sentence(problem.remedy)}</span>`}</p>
    <button type="submit" disabled=${busy}>Open the board</button>
  </form></main>`;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
