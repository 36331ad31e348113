// @ts-check
/** The HTTP API as the page uses it: upload with progress, follow, fetch, cancel, delete. */
import { find, page } from './dom.js';

/** @typedef {{id: string, state: 'queued' | 'processing' | 'done' | 'failed', message: string, stage?: string, ahead?: number, etaSeconds?: number, result?: {url: string, format: string, width: number, height: number, faces: number, notes: string[]}, error?: {code: string}}} Job */

/** A failure with a sentence for the user. */
export class Refusal extends Error {
  /**
   * @param {string} message
   * @param {string} code
   * @param {number} retryAfter Seconds after which the server would take it, 0 = it did not say.
   */
  constructor(message, code, retryAfter = 0) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

const STORED_KEY = 'dctoon-key';
/** @type {Promise<void> | undefined} */
let asking;

const storedKey = () => sessionStorage.getItem(STORED_KEY);

/**
 * Asks for the server's key; one dialog, however many requests need it.
 * @param {string | null} refused the key the server did not take
 * @throws {Refusal} when the visitor closes the dialog without one
 */
function askForKey(refused) {
  // Another request has asked meanwhile.
  if (!asking && storedKey() !== refused) return Promise.resolve();
  asking ??= new Promise((resolve, reject) => {
    const dialog = /** @type {HTMLDialogElement} */ (find('#key'));
    const field = /** @type {HTMLInputElement} */ (find('#key-field'));
    const wrong = find('#key-wrong');
    dialog.addEventListener(
      'close',
      () => {
        asking = undefined;
        if (dialog.returnValue !== 'given')
          return reject(new Refusal(page.texts.needKey ?? '', 'key_needed'));
        sessionStorage.setItem(STORED_KEY, field.value);
        resolve();
      },
      { once: true },
    );
    find('button[type="button"]', dialog).onclick = () => dialog.close('');
    field.value = '';
    // Escape leaves the return value as it was.
    dialog.returnValue = '';
    wrong.textContent = refused === null ? '' : (page.texts.wrongKey ?? '');
    dialog.showModal();
    field.focus();
  });
  return asking;
}

/** @returns {Record<string, string>} */
function headers() {
  const key = page.locked ? storedKey() : undefined;
  return { 'Accept-Language': page.locale, ...(key && { Authorization: `Bearer ${key}` }) };
}

/**
 * @param {number} status
 * @param {string} body
 * @param {string | null} retryAfter
 */
function refusal(status, body, retryAfter) {
  try {
    const { detail, code } = JSON.parse(body);
    return new Refusal(detail, code, Number(retryAfter) || 0);
  } catch {
    return new Refusal(page.texts.error ?? '', `http_${status}`);
  }
}

const offline = () => new Refusal(page.texts.offline ?? '', 'offline');

/** @typedef {{photo: Blob, style: string, format: 'jpeg' | 'png' | 'webp', signal: AbortSignal, onSent?: (share: number) => void}} Order */

/**
 * Sends a photo. XMLHttpRequest, as `fetch` does not tell how much has been sent.
 * @param {string} address
 * @param {XMLHttpRequestResponseType} responseType
 * @param {Record<string, string>} more headers
 * @param {Order} order
 * @returns {Promise<XMLHttpRequest>} when the answer is here, whatever its status but 401
 */
async function post(address, responseType, more, order) {
  const { photo, style, format, signal, onSent } = order;
  const form = new FormData();
  form.append('style', style);
  form.append('format', format);
  form.append('file', photo, 'photo');
  const request = new XMLHttpRequest();
  const keySent = storedKey();
  const stop = () => request.abort();
  try {
    const answer = new Promise((resolve, reject) => {
      request.open('POST', address);
      request.responseType = responseType;
      for (const [name, value] of Object.entries({ ...headers(), ...more }))
        request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded, total }) => onSent?.(total > 0 ? loaded / total : 0);
      request.onload = () => resolve(undefined);
      request.onerror = () => reject(offline());
      request.onabort = () => reject(signal.reason);
      signal.throwIfAborted();
      signal.addEventListener('abort', stop);
      request.send(form);
    });
    await answer;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  if (request.status !== 401) return request;
  await askForKey(keySent);
  return post(address, responseType, more, order);
}

/**
 * Uploads a photo as a job.
 * @param {Order} order
 * @param {string} key idempotency key: sent again after a lost connection, it finds the same job
 * @returns {Promise<string>} the job's URL
 */
export async function createJob(order, key) {
  const request = await post('/api/jobs', 'text', { 'Idempotency-Key': key }, order);
  if (request.status === 202) return JSON.parse(request.responseText).url;
  throw refusal(request.status, request.responseText, request.getResponseHeader('Retry-After'));
}

/**
 * A cartoon in one round trip, for small copies; the server keeps nothing of it.
 * @param {Order} order
 * @returns {Promise<Blob>}
 */
export async function drawAtOnce(order) {
  const request = await post('/upload', 'blob', {}, order);
  if (request.status === 200) return request.response;
  throw refusal(request.status, '', request.getResponseHeader('Retry-After'));
}

/**
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<Response>}
 */
async function send(url, init) {
  let response;
  const keySent = storedKey();
  try {
    response = await fetch(url, { ...init, headers: headers() });
  } catch (error) {
    init.signal?.throwIfAborted();
    throw error instanceof TypeError ? offline() : error;
  }
  if (response.ok) return response;
  if (response.status === 401) {
    await askForKey(keySent);
    return send(url, init);
  }
  throw refusal(response.status, await response.text(), response.headers.get('Retry-After'));
}

/**
 * Follows a job until it is over. Its own reader instead of EventSource, which can send no key and hides statuses.
 * A stream that breaks is opened again.
 * @param {string} url
 * @param {AbortSignal} signal
 * @param {(job: Job) => void} onChange
 * @returns {Promise<Job>} the job in state done or failed
 */
export async function follow(url, signal, onChange) {
  for (let failures = 0; ; failures += 1) {
    try {
      const response = await send(`${url}/events`, { signal });
      const stream = response.body?.pipeThrough(new TextDecoderStream());
      if (!stream) throw offline();
      let rest = '';
      const reader = stream.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const events = (rest + value).split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (!data) continue;
          failures = 0;
          const job = /** @type {Job} */ (JSON.parse(data));
          if (job.state === 'done' || job.state === 'failed') return job;
          onChange(job);
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      // The server has spoken: asking again would not help. Anything else is the line.
      if (error instanceof Refusal && error.code !== 'offline' && error.code !== 'rate_limited') throw error;
      if (failures >= 6) throw offline();
    }
    await pause(Math.min(500 * 2 ** failures, 8000), signal);
  }
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @param {(share: number) => void} onReceived how much of it is here, 0 to 1
 * @returns {Promise<Blob>}
 */
export async function fetchPicture(url, signal, onReceived) {
  const response = await send(url, { signal });
  const total = Number(response.headers.get('Content-Length'));
  let received = 0;
  const counted = response.body?.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        received += chunk.length;
        onReceived(total > 0 ? Math.min(1, received / total) : 0);
        controller.enqueue(chunk);
      },
    }),
  );
  try {
    return await new Response(counted, { headers: response.headers }).blob();
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof TypeError ? offline() : error;
  }
}

/**
 * Deletes the result of a job. One that is gone already is deleted, too.
 * @param {string} url
 * @throws {Refusal}
 */
export async function deleteResult(url) {
  try {
    await send(url, { method: 'DELETE' });
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'not_found')) throw error;
  }
}

/**
 * Cancels a job, or deletes its result, without waiting for the answer. Survives the page being closed.
 * @param {string} url
 */
export function deleteJob(url) {
  fetch(url, { method: 'DELETE', headers: headers(), keepalive: true }).catch(() => {});
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
