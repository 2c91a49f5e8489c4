// The one script of the page of channels: asks the browser for a push subscription and puts it into the form.
"use strict";
(() => {
  const form = document.getElementById("push");
  if (!("serviceWorker" in navigator && "PushManager" in window)) return;
  form.hidden = false;
  document.getElementById("unable").hidden = true;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));

  form.addEventListener("submit", async (event) => {
    if (form.elements.subscription.value) return;
    event.preventDefault();
    try {
      const worker = await navigator.serviceWorker.register("/static/push-worker.js");
      const options = { userVisibleOnly: true, applicationServerKey: bytes(form.dataset.key) };
      form.elements.subscription.value = JSON.stringify(await worker.pushManager.subscribe(options));
      form.submit();
    } catch {
      document.getElementById("refused").hidden = false;
    }
  });
})();
