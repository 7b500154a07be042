// The page as an app of its own: it opens without a server, by a service worker, and says when there is a newer version.

const WORKER = "/web/sw.js";
const EVERY = 3_600_000; // milliseconds between two looks for a newer version

interface Policies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): unknown };
}

/** The one address of a script that the page makes by itself, as its policy of Trusted Types wants it. */
function addressOfWorker(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: Policies };
  const policy = trustedTypes?.createPolicy("hubbub", { createScriptURL: () => WORKER });
  return (policy?.createScriptURL(WORKER) ?? WORKER) as string;
}

/** Whether the page opens without a server. */
export const opensAlone = (): boolean => Boolean((navigator.serviceWorker as ServiceWorkerContainer | undefined)?.controller);

let registration: ServiceWorkerRegistration | undefined;

/** Keep the page's files on this device, and look for newer ones now and then. `isNewer` is called when there are some. */
export async function keepShell(isNewer: () => void): Promise<void> {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined; // only secure origins have it
  if (!workers) return;
  registration = await workers.register(addressOfWorker(), { scope: "/" }).catch(() => undefined);
  if (!registration) return; // as in private windows of some browsers: the page works without
  const look = () => registration?.waiting && workers.controller && isNewer();
  look();
  registration.addEventListener("updatefound", () => registration?.installing?.addEventListener("statechange", look));
  setInterval(() => registration?.update().catch(() => {}), EVERY);
}

/** Go on with the newest version. */
export function reload(): void {
  const waiting = registration?.waiting;
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  if (waiting) waiting.postMessage("take over");
  else location.reload();
}
