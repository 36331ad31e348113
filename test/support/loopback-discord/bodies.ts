/** Request bodies: JSON, or multipart with `payload_json` and `files[n]`, as Discord takes them. */
import type { IncomingMessage } from 'node:http';
import { checkAttachments } from './spec.ts';
import type { APIAttachment, APIMessage, Upload } from './types.ts';
import type { World } from './world.ts';

export interface Body {
  readonly json: Record<string, unknown> | unknown[] | undefined;
  /** By the n of `files[n]`, or `file`. */
  readonly files: ReadonlyMap<string, Upload>;
  readonly size: number;
}

/** An error answer in Discord's form. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data')) {
    return {
      json: raw.length === 0 ? undefined : JSON.parse(raw.toString()),
      files: new Map(),
      size: raw.length,
    };
  }
  const form = await new Response(raw, { headers: { 'content-type': type } }).formData();
  const files = new Map<string, Upload>();
  for (const [key, value] of form) {
    const index = /^files\[(\d+)\]$/.exec(key)?.[1] ?? (key === 'file' ? key : undefined);
    if (index === undefined || typeof value === 'string') continue;
    const bytes = new Uint8Array(await value.arrayBuffer());
    files.set(index, { name: value.name, bytes, type: value.type });
  }
  const payload = form.get('payload_json');
  // Stickers are sent as a plain form.
  const fields = Object.fromEntries([...form].filter(([, value]) => typeof value === 'string'));
  return { json: typeof payload === 'string' ? JSON.parse(payload) : fields, files, size: raw.length };
}

interface MessageBody {
  content?: string | null;
  components?: APIMessage['components'] | null;
  attachments?:
    | { id: string | number; filename?: string; description?: string; is_spoiler?: boolean }[]
    | null;
  flags?: number | null;
  allowed_mentions?: { parse?: string[]; replied_user?: boolean } | null;
}

/** Applies a message body (new or edit) with its files, under Discord's rules of size and listing. */
export function applyBody(world: World, message: APIMessage, body: Body, edit: boolean): void {
  const given = (body.json ?? {}) as MessageBody;
  for (const file of body.files.values()) {
    if (file.bytes.length > world.limits.fileBytes)
      throw new ApiError(413, 40005, 'Request entity too large');
  }
  if (body.size > world.limits.requestBytes) throw new ApiError(413, 40005, 'Request entity too large');
  const kept = message.attachments.map((one) => one.id);
  world.violations.push(...checkAttachments(given.attachments ?? undefined, [...body.files.keys()], kept));
  if (given.content !== undefined && given.content !== '' && given.allowed_mentions?.parse?.length !== 0) {
    world.violations.push('a message with content must switch mentions off');
  }
  let attachments: APIAttachment[] = message.attachments;
  if (given.attachments) {
    attachments = given.attachments.flatMap((one) => {
      const file = body.files.get(String(one.id));
      if (!file) return message.attachments.filter((old) => old.id === String(one.id));
      return [
        world.attach({
          ...file,
          name: one.filename ?? file.name,
          ...(one.description === undefined ? {} : { description: one.description }),
          spoiler: one.is_spoiler === true || (one.filename ?? file.name).startsWith('SPOILER_'),
        }),
      ];
    });
  } else if (body.files.size > 0) {
    attachments = [...attachments, ...[...body.files.values()].map((file) => world.attach(file))];
  }
  if (attachments.length > 10) throw new ApiError(400, 50035, 'Invalid Form Body');
  const content = given.content === undefined ? message.content : (given.content ?? '');
  const components = given.components === undefined ? message.components : (given.components ?? []);
  if (content === '' && attachments.length === 0 && (components?.length ?? 0) === 0) {
    throw new ApiError(400, 50006, 'Cannot send an empty message');
  }
  message.content = content;
  message.attachments = attachments;
  if (components !== undefined) message.components = components;
  if (edit) message.edited_timestamp = new Date(world.now()).toISOString();
}
