// What the pages do with scripts on. All of it goes without. Nothing of anybody is kept on this phone before "keep" was tapped, and
// leaving, withdrawing, erasing and signing out take it away.
"use strict";
(() => {
  const KEPT = "kept", DRAFT = "draft", DAY = 24 * 3600 * 1000;
  const here = location.pathname;
  const pages = "caches" in window ? caches : null; // browsers have it on https alone
  let main = document.getElementById("main");
  const one = (query) => main.querySelector(query);

  // A draft is kept for a day, whichever page is opened then.
  const drafted = () => JSON.parse(localStorage.getItem(DRAFT) ?? "null");
  if (Date.now() - (drafted()?.at ?? Infinity) >= DAY) localStorage.removeItem(DRAFT);

  const forget = async () => {
    localStorage.removeItem(DRAFT);
    await pages?.delete(KEPT);
  };

  // An app on the home screen says in words of ours that there is no connection. No page is kept by that.
  const INSTALLED = "(display-mode: standalone), (display-mode: minimal-ui)";
  if (pages && matchMedia(INSTALLED).matches) navigator.serviceWorker?.register("/sw.js");

  // Leave: the page is out of sight at once, and "back" does not lead to it.
  document.getElementById("leave").addEventListener("click", async (event) => {
    event.preventDefault();
    document.documentElement.hidden = true;
    document.title = "";
    try {
      await Promise.race([forget(), new Promise((done) => setTimeout(done, 500))]);
    } finally {
      location.replace("about:blank");
    }
  });
  const ENDS = /\/(sign-out|sign-out\/everywhere|withdraw|erase|forget|remove)$/;
  document.addEventListener("submit", (event) => {
    const goes = event.target.getAttribute("action") ?? ""; // .action would be a field of that name
    if (ENDS.test(new URL(goes, location).pathname)) forget();
  });

  // How many characters are written.
  const count = () => {
    const numbers = new Intl.NumberFormat(document.documentElement.lang);
    for (const area of main.querySelectorAll("textarea[maxlength]")) {
      const said = document.createElement("p");
      said.className = "hint";
      const say = () => (said.textContent = `${numbers.format(area.value.length)} / ${numbers.format(area.maxLength)}`);
      area.addEventListener("input", say);
      say();
      area.after(said);
    }
  };

  const offerToKeep = (isKept, keep) => {
    const box = document.getElementById("keep");
    const show = (is) => box.querySelectorAll("[data-keep]").forEach((button) => (button.hidden = (button.dataset.keep === "yes") === is));
    box.hidden = false;
    show(isKept);
    box.addEventListener("click", async (event) => {
      const wanted = event.target.dataset.keep;
      if (!wanted) return;
      await (wanted === "yes" ? keep() : forget());
      show(wanted === "yes");
      box.querySelector("[data-keep]:not([hidden])").focus();
    });
  };

  // The asking form, as it was typed.
  const draft = (form) => {
    const fields = () => [...form.elements].filter((field) => field.name && field.type !== "hidden" && field.type !== "submit");
    const ticks = (field) => field.type === "radio" || field.type === "checkbox";
    const write = () => {
      const typed = fields().filter((field) => (ticks(field) ? field.checked : field.value)).map((field) => [field.name, field.value]);
      localStorage.setItem(DRAFT, JSON.stringify({ here, at: Date.now(), typed }));
    };
    const before = drafted();
    const fits = before && before.here === here;
    if (before && !fits) localStorage.removeItem(DRAFT);
    if (fits && !one("[role=alert]") && form.dataset.draft === "fresh") {
      for (const field of fields()) {
        const said = before.typed.filter(([name]) => name === field.name).map(([, value]) => value);
        if (ticks(field)) field.checked = said.includes(field.value);
        else if (said.length) field.value = said[0];
      }
    }
    form.addEventListener("input", () => drafted() && write());
    offerToKeep(Boolean(fits), write);
  };

  // The page of a need or a task looks again by itself; that of a need is kept if wanted.
  const status = (first) => {
    const over = () => one("[data-live]")?.dataset.live !== "yes";
    const mayBeKept = Boolean(document.getElementById("keep")); // the page of a need, and not a task
    const copied = async (page) => {
      if (!mayBeKept) return;
      const kept = await pages?.open(KEPT);
      if (over()) await pages?.delete(KEPT);
      else if (await kept?.match(here)) await kept.put(here, page);
    };
    const touched = () => main.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")
      || [...main.querySelectorAll("textarea, input[type=text], input[type=date]")].some((field) => field.value !== field.defaultValue);
    const said = document.createElement("p");
    said.className = "unseen";
    said.setAttribute("role", "status");
    document.body.append(said);

    let known = first, wait = 15, timer;
    const look = async () => {
      if (document.hidden) return;
      let page;
      try {
        page = await fetch(here, { cache: "no-store", headers: { "x-careweb-looks": "again" } }); // which is no use of the session
      } catch {
        document.getElementById("offline").hidden = false;
        return again();
      }
      if (page.status === 404 || page.redirected) { // not theirs here any more, as when another phone made all forget it
        await (await pages?.open(KEPT))?.delete(here);
        return touched() || location.reload();
      }
      if (page.status === 405) return; // this is what became of a form, and has no address of its own
      if (!page.ok) return again();
      document.getElementById("offline").hidden = true;
      const copy = page.clone();
      const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
      const text = words(fresh.getElementById("main"));
      if (text !== known && !touched()) {
        known = text;
        wait = 15;
        main.replaceChildren(...document.adoptNode(fresh.getElementById("main")).childNodes);
        document.title = fresh.title;
        said.textContent = one(":is(.ok h2, .lead, .note, .ok):not([hidden])")?.textContent ?? "";
        begin();
      }
      await copied(copy);
      again();
    };
    const again = () => {
      clearTimeout(timer);
      if (!over()) timer = setTimeout(look, wait * 1000);
      wait = Math.min(wait * 1.5, 240);
    };
    const keep = async () => {
      await navigator.serviceWorker.register("/sw.js");
      await (await pages.open(KEPT)).put(here, await fetch(here, { cache: "no-store" }));
    };
    const begin = async () => {
      count();
      if (!mayBeKept) return;
      if (over()) await pages?.delete(KEPT);
      else if (pages && navigator.serviceWorker) offerToKeep(Boolean(await (await pages.open(KEPT)).match(here)), keep);
    };
    document.addEventListener("visibilitychange", () => {
      wait = 15;
      look();
    });
    window.addEventListener("offline", look);
    window.addEventListener("online", look);
    begin();
    again();
    if (navigator.serviceWorker?.controller) look(); // this may be the copy
  };
  const words = (element) => element.textContent.replace(/\s+/g, " ");

  if (document.getElementById("code")?.textContent.includes(" ")) localStorage.removeItem(DRAFT); // it was posted
  if (one("[data-live]")) status(words(main));
  else count();
  const form = one("form[data-draft]");
  if (form) draft(form);
})();
