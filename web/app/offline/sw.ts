// The service worker: keeps the files of the page, so that it opens without a server. It never touches the API or uploads.

import "./pushed.ts";

declare const self: ServiceWorkerGlobalScope;
/** All files of the page, and what tells this version of them from others; the build fills them in. */
declare const FILES: string[];
declare const VERSION: string;

const SHELL = "/web/index.html";
const PREFIX = "hubbub.page.";
const PATIENCE = 1500; // milliseconds for the server to answer, before the kept page is shown
const PAGES = /^\/(r\/.*|claim|i|reset)?$/; // the addresses at which the server serves the page
const LAST = 2; // versions that are kept: a tab that was not reloaded yet may load a part of the one before

const name = PREFIX + VERSION;

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("message", ({ data }) => data === "take over" && self.skipWaiting());
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && PAGES.test(pathname)) event.respondWith(page(request.url));
  else if (pathname.startsWith("/web/")) event.respondWith(file(request, pathname));
});

/** Keep all files; what fails here leaves the former version in place. */
async function keep(): Promise<void> {
  const cache = await caches.open(name);
  await cache.addAll(FILES.map((path) => new Request(path, { cache: "no-cache" })));
}

/** Forget older versions, and serve the tabs that are open already. */
async function takeOver(): Promise<void> {
  const versions = (await caches.keys()).filter((each) => each.startsWith(PREFIX));
  for (const old of versions.slice(0, -LAST)) await caches.delete(old);
  await self.clients.claim();
}

/** A file as it is kept, whichever headers it was asked for with. */
const kept = async (path: string): Promise<Response | undefined> =>
  (await (await caches.open(name)).match(path, { ignoreVary: true })) ?? (await caches.match(path, { ignoreVary: true }));

/** The page from the server, or else the one that is kept. What stands before the server may say that it is down. */
async function page(url: string): Promise<Response> {
  const asked = fetch(url, { redirect: "manual" }); // by the worker, so that it doesn't look like a request of the site with the link
  const shell = await kept(SHELL);
  if (!shell) return asked;
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(shell), PATIENCE));
  const fresh = asked.then(
    (response) => (response.status < 500 ? response : shell),
    () => shell,
  );
  return Promise.race([fresh, late]);
}

/** A file of the page, as it is kept. */
const file = async (request: Request, path: string): Promise<Response> => (await kept(path)) ?? fetch(request);
