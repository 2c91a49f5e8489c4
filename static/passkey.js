// The one script of these pages: asks the browser for a passkey and puts its answer into the form.
// Without it, codes do the same.
"use strict";
(() => {
  const form = document.getElementById("passkey");
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const asked = () => {
    const options = JSON.parse(form.dataset.asked);
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const one of [...(options.excludeCredentials ?? []), ...(options.allowCredentials ?? [])]) one.id = bytes(one.id);
    return { publicKey: options };
  };

  const answer = (given) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (given.response[name]) response[name] = text(given.response[name]);
    }
    return JSON.stringify({ id: given.id, rawId: text(given.rawId), type: given.type, clientExtensionResults: {}, response });
  };

  form.addEventListener("submit", async (event) => {
    if (form.elements.proof.value) return;
    event.preventDefault();
    try {
      form.elements.proof.value = answer(await navigator.credentials[form.dataset.do](asked()));
      form.submit();
    } catch {
      document.getElementById("refused").hidden = false;
    }
  });
})();
