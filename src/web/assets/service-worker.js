// @ts-check
/**
 * Serves the page and what draws on the device when the server is gone. It is registered only where drawing on the device is on, and
 * answers from what `device.js` keeps in the cache; requests about photos it does not touch.
 */
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const CACHE = 'dctoon';
/** Under addresses that change with the file. */
const LASTING = /^\/(assets|device\/files|api\/styles)\//;

worker.addEventListener('install', () => void worker.skipWaiting());
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (LASTING.test(pathname)) event.respondWith(keptFirst(request));
  else if (pathname === '/' || pathname === '/device/pack.json')
    event.respondWith(serverFirst(request, pathname));
});

/** @param {Request} request */
async function keptFirst(request) {
  return (await (await caches.open(CACHE)).match(request)) ?? (await fetch(request));
}

/** @param {Request} request @param {string} pathname of what is kept, whatever the question after it */
async function serverFirst(request, pathname) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(pathname);
    if (!kept) throw error;
    return kept;
  }
}
