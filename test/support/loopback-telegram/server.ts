/** HTTP in front of the pretended Telegram: routes, bodies, faults, and a record of every call. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError, bad } from './errors.ts';
import { type Fault, type Faults, type FloodGate, faultError } from './faults.ts';
import type { Call, Method, Telegram } from './methods/call.ts';
import { editing } from './methods/edit.ts';
import { other } from './methods/other.ts';
import { sending } from './methods/send.ts';
import { stickers } from './methods/stickers.ts';
import { type Form, parseMultipart } from './multipart.ts';
import type { Payload, Spec } from './spec.ts';

const METHODS: Readonly<Record<string, Method>> = { ...sending, ...editing, ...other, ...stickers };
const COUNTED = /^(send(?!ChatAction)|editMessage)/;

export interface RecordedCall {
  readonly method: string;
  readonly payload: Payload;
  /** Bytes of the files in the request, in order. */
  readonly files: readonly { readonly filename: string; readonly bytes: Buffer }[];
  readonly at: number;
  /** Filled when it was answered: `ok`, or the error's description. */
  outcome?: string;
}

export interface ServerParts {
  readonly telegram: Telegram;
  readonly token: string;
  readonly spec: Spec | undefined;
  readonly faults: Faults;
  readonly flood: FloodGate | undefined;
  readonly calls: RecordedCall[];
  readonly downloads: string[];
  readonly violations: string[];
  readonly floods: string[];
}

export class LoopbackServer {
  readonly #parts: ServerParts;
  readonly #server: Server;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.keepAliveTimeout = 1000;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://loopback').pathname);
    const { token } = this.#parts;
    try {
      if (path.startsWith(`/file/bot${token}/`))
        return await this.#download(path.slice(`/file/bot${token}/`.length), response);
      if (!path.startsWith(`/bot${token}/`)) throw new ApiError(404, 'Not Found');
      await this.#api(path.slice(`/bot${token}/`.length), request, response);
    } catch (error) {
      const refusal = error instanceof ApiError ? error : new ApiError(500, `Loopback: ${error}`);
      if (refusal.code === 500) this.#parts.violations.push(`${path.replace(token, '<token>')}: ${error}`);
      json(response, refusal.code, refusalBody(refusal));
    }
  }

  async #api(method: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const form = await readForm(request);
    if (!form) return void response.destroy();
    const payload = this.#payload(method, form);
    const record: RecordedCall = { method, payload, files: [...form.files.values()], at: Date.now() };
    this.#parts.calls.push(record);
    const fault = this.#parts.faults.take(method, payload);
    if (fault?.delayMs) await delay(fault.delayMs);
    if (fault?.drop === 'before') {
      record.outcome = 'dropped before';
      return void response.destroy();
    }
    try {
      const call: Call = { payload, uploads: form.files, gone: gone.signal };
      const result = await this.#run(method, call, fault);
      record.outcome = 'ok';
      if (fault?.drop === 'after') return void response.destroy();
      json(response, 200, { ok: true, result });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      record.outcome = error.message;
      json(response, error.code, refusalBody(error));
    }
  }

  #payload(method: string, form: Form): Payload {
    const { spec, violations } = this.#parts;
    const coerced =
      'json' in form
        ? (form.json as Payload)
        : spec
          ? spec.coerce(method, form.fields)
          : Object.fromEntries(Object.entries(form.fields).map(([key, value]) => [key, guess(value)]));
    violations.push(...(spec?.check(method, coerced, new Set(form.files.keys())) ?? []));
    return coerced;
  }

  async #run(method: string, call: Call, fault: Fault | undefined): Promise<unknown> {
    const { telegram, flood, floods, violations } = this.#parts;
    const handler = METHODS[method];
    if (!handler) {
      violations.push(`${method}: the loopback has no such method`);
      throw new ApiError(404, 'Not Found: method not found');
    }
    if (fault?.error) throw faultError(fault.error);
    const chat = call.payload['chat_id'];
    if (flood && COUNTED.test(method) && typeof chat === 'number') {
      try {
        flood.pass(chat, method.startsWith('send'));
      } catch (error) {
        floods.push(`${method} in ${chat}`);
        throw error;
      }
    }
    return handler(telegram, call);
  }

  async #download(path: string, response: ServerResponse): Promise<void> {
    const { telegram, faults, downloads } = this.#parts;
    downloads.push(path);
    const fault = faults.take('download', { path });
    if (fault?.delayMs) await delay(fault.delayMs);
    if (fault?.error) throw faultError(fault.error);
    const bytes = fault?.body ?? telegram.files.atPath(path)?.bytes;
    if (!bytes) throw bad('wrong path');
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length });
    if (!fault?.drop) return void response.end(bytes);
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
  }
}

/** Without the specification: numbers, booleans and JSON as they look. */
function guess(text: string): unknown {
  if (!/^(-?\d+|true|false|[[{].*)$/s.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function readForm(request: IncomingMessage): Promise<(Form & { json?: unknown }) | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  const body = Buffer.concat(chunks);
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('multipart/form-data')) return parseMultipart(type, body);
  const form: Form = { fields: {}, files: new Map() };
  return { ...form, json: body.length > 0 ? JSON.parse(body.toString('utf8')) : {} };
}

const refusalBody = (error: ApiError) => ({
  ok: false,
  error_code: error.code,
  description: error.message,
  ...(error.parameters ? { parameters: error.parameters } : {}),
});

function json(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
