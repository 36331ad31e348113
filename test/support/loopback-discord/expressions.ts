/** Emoji and stickers of a server, under the rules of Discord's documentation (the specification has no schema for them). */
import sharp from 'sharp';
import { ApiError, type Body } from './bodies.ts';
import type { World } from './world.ts';

const MOST = 50;

export interface Expression {
  readonly kind: 'emoji' | 'sticker';
  readonly guildId: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

export async function createExpression(
  world: World,
  guildId: string,
  kind: Expression['kind'],
  body: Body,
): Promise<unknown> {
  if (!world.guilds.has(guildId)) throw new ApiError(403, 50001, 'Missing Access');
  const fields = body.json as Readonly<Record<string, unknown>>;
  const wrong = (what: string) => {
    world.violations.push(`${kind}: ${what}`);
    throw new ApiError(400, 50035, 'Invalid Form Body');
  };
  const known = kind === 'emoji' ? ['name', 'image', 'roles'] : ['name', 'description', 'tags'];
  for (const key of Object.keys(fields)) if (!known.includes(key)) wrong(`unknown field ${key}`);
  const name = String(fields['name']);
  const file = kind === 'emoji' ? undefined : body.files.get('file')?.bytes;
  const data = /^data:image\/(?:png|jpeg|gif|webp);base64,(.+)$/.exec(String(fields['image']))?.[1];
  const bytes = kind === 'emoji' ? data && Buffer.from(data, 'base64') : file;
  if (!bytes) return wrong('no picture');
  const { width, height, format } = await sharp(bytes).metadata();
  if (kind === 'emoji') {
    if (!/^\w{2,32}$/.test(name)) wrong(`name ${name}`);
    if (bytes.length > 256 * 1024) wrong('too large');
    if (width > 128 || height > 128) wrong(`${width} x ${height}`);
  } else {
    const { description = '', tags = '' } = fields as { description?: string; tags?: string };
    if (name.length < 2 || name.length > 30) wrong(`name ${name}`);
    if (description !== '' && (description.length < 2 || description.length > 100)) wrong('description');
    if (tags.length < 1 || tags.length > 200) wrong('tags');
    if (bytes.length > 512 * 1024) wrong('too large');
    if (width !== 320 || height !== 320 || format !== 'png') wrong(`${format} ${width} x ${height}`);
  }
  if (world.expressions.filter((one) => one.guildId === guildId && one.kind === kind).length >= MOST)
    throw new ApiError(400, kind === 'emoji' ? 30008 : 30039, 'Maximum number reached');
  world.expressions.push({ kind, guildId, name, bytes });
  return { id: world.id(), name };
}
