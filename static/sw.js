// Runs on a phone whose owner tapped "keep", or put us on the home screen: without a connection it shows the page they kept, else that there is none.
// It keeps no other page, and never answers in place of a server that can be reached.
"use strict";
const SHELL = "shell", KEPT = "kept";

const keepShell = async () => {
  const shell = await caches.open(SHELL);
  const page = await fetch("/offline");
  const named = [...(await page.clone().text()).matchAll(/"(\/static\/[^"]+\.(?:css|svg)[^"]*)"/g)].map((one) => one[1]);
  await shell.put("/offline", page);
  await shell.addAll(named);
};

// With an address that changes with what it holds: kept until it changes, or somebody signs out.
const looks = async (request) => {
  const found = await caches.match(request);
  if (found) return found;
  const fresh = await fetch(request);
  if (fresh.ok) {
    const shell = await caches.open(SHELL);
    await shell.delete(request, { ignoreSearch: true });
    await shell.put(request, fresh.clone());
  }
  return fresh;
};

// What is not to be seen here any more is not kept here either: another phone made all forget it.
const seen = async (request, path) => {
  const page = await fetch(request);
  if (page.status === 404) await (await caches.open(KEPT)).delete(path);
  return page;
};

const kept = async (path) => (await (await caches.open(KEPT)).match(path)) ?? (await caches.match("/offline")) ?? Response.error();

self.addEventListener("install", (event) => event.waitUntil(keepShell().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(seen(request, path).catch(() => kept(path)));
  else if (path.startsWith("/static/")) event.respondWith(looks(request));
});
