/**
 * Checks Bot API requests against the machine-readable specification, where it is present beside the repository
 * (`../shared/specs/telegram-bot-api.json`; its format is described in the README there). Without the file nothing is
 * checked, and `loadSpec` says so by returning undefined.
 */
import { existsSync, readFileSync } from 'node:fs';

interface Field {
  readonly name: string;
  readonly types: readonly string[];
  readonly required: boolean;
  readonly description: string;
}

interface Entry {
  readonly fields?: readonly Field[];
  readonly subtypes?: readonly string[];
}

interface SpecFile {
  readonly methods: Readonly<Record<string, Entry>>;
  readonly types: Readonly<Record<string, Entry>>;
}

export type Payload = Record<string, unknown>;

const SPEC_FILE = new URL('../../../../shared/specs/telegram-bot-api.json', import.meta.url);

export function loadSpec(): Spec | undefined {
  if (!existsSync(SPEC_FILE)) return undefined;
  return new Spec(JSON.parse(readFileSync(SPEC_FILE, 'utf8')) as SpecFile);
}

/** A value that is fixed by the description: `must be photo`, `always "emoji"`. */
function fixedValue(field: Field): string | undefined {
  return /(?:must be|always) ["“]?([a-z_]+)["”]?\.?$/.exec(field.description)?.[1];
}

function lengthProblem(field: Field, value: string): string | undefined {
  const found = /(\d+)-(\d+) (bytes|characters)/.exec(field.description);
  if (!found) return undefined;
  const [min, max] = [Number(found[1]), Number(found[2])];
  // Characters are UTF-16 units for Telegram; that is what `length` counts.
  const length = found[3] === 'bytes' ? Buffer.byteLength(value) : value.length;
  return length < min || length > max ? `has ${length} ${found[3]}, allowed ${min}-${max}` : undefined;
}

const CHAT_ACTIONS =
  /\b(typing|upload_photo|record_video|upload_video|record_voice|upload_voice|upload_document|choose_sticker|find_location|record_video_note|upload_video_note)\b/g;

export class Spec {
  readonly #file: SpecFile;

  constructor(file: SpecFile) {
    this.#file = file;
  }

  /** Multipart values arrive as text; this gives numbers, booleans and JSON back by the specification. */
  coerce(method: string, fields: Readonly<Record<string, string>>): Payload {
    const known = this.#file.methods[method]?.fields ?? [];
    return Object.fromEntries(
      Object.entries(fields).map(([name, text]) => {
        const types = known.find((field) => field.name === name)?.types ?? ['String'];
        return [name, coerceText(text, types)];
      }),
    );
  }

  /** Every way in which a request breaks the specification; `parts` are the names of its multipart files. */
  check(method: string, payload: Payload, parts: ReadonlySet<string>): string[] {
    const entry = this.#file.methods[method];
    if (!entry) return [`${method}: unknown method`];
    return this.#checkFields(method, entry, payload, parts);
  }

  #checkFields(path: string, entry: Entry, object: Payload, parts: ReadonlySet<string>): string[] {
    const fields = entry.fields ?? [];
    const problems: string[] = [];
    for (const name of Object.keys(object)) {
      if (!fields.some((field) => field.name === name)) problems.push(`${path}: unknown field ${name}`);
    }
    for (const field of fields) {
      const value = object[field.name];
      const here = `${path}.${field.name}`;
      if (value === undefined || value === null) {
        if (field.required) problems.push(`${here}: missing`);
        continue;
      }
      problems.push(...this.#checkValue(here, field, field.types, value, parts));
    }
    return problems;
  }

  #checkValue(
    path: string,
    field: Field,
    types: readonly string[],
    value: unknown,
    parts: ReadonlySet<string>,
  ): string[] {
    const attempts = types.map((type) => this.#checkType(path, field, type, value, parts));
    const best = attempts.reduce((a, b) => (b.length < a.length ? b : a));
    return best;
  }

  #checkType(path: string, field: Field, type: string, value: unknown, parts: ReadonlySet<string>): string[] {
    if (type.startsWith('Array of ')) {
      if (!Array.isArray(value)) return [`${path}: expected an array`];
      const inner = type.slice('Array of '.length);
      return value.flatMap((item, i) => this.#checkType(`${path}[${i}]`, field, inner, item, parts));
    }
    switch (type) {
      case 'Integer':
        return Number.isInteger(value) ? [] : [`${path}: expected an integer`];
      case 'Float':
        return typeof value === 'number' ? [] : [`${path}: expected a number`];
      case 'Boolean':
        return typeof value === 'boolean' ? [] : [`${path}: expected a boolean`];
      case 'InputFile':
      case 'String':
        return typeof value === 'string'
          ? checkString(path, field, value, parts)
          : [`${path}: expected a string`];
      default:
        return this.#checkObject(path, type, value, parts);
    }
  }

  #checkObject(path: string, type: string, value: unknown, parts: ReadonlySet<string>): string[] {
    const entry = this.#file.types[type];
    if (!entry) return [`${path}: type ${type} is not in the specification`];
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return [`${path}: expected ${type}`];
    if (entry.subtypes) {
      const attempts = entry.subtypes.map((subtype) => this.#checkObject(path, subtype, value, parts));
      return attempts.reduce((a, b) => (b.length < a.length ? b : a));
    }
    const problems = this.#checkFields(path, entry, value as Payload, parts);
    if (type === 'InlineKeyboardButton') {
      const actions = Object.keys(value).filter(
        (key) => !['text', 'style', 'icon_custom_emoji_id'].includes(key),
      );
      if (actions.length !== 1) problems.push(`${path}: a button needs exactly one action`);
    }
    return problems;
  }
}

function checkString(path: string, field: Field, value: string, parts: ReadonlySet<string>): string[] {
  if (value.startsWith('attach://') && !parts.has(value.slice('attach://'.length)))
    return [`${path}: ${value} has no multipart part`];
  const fixed = fixedValue(field);
  if (fixed !== undefined && value !== fixed) return [`${path}: must be ${fixed}, is ${value}`];
  const length = lengthProblem(field, value);
  if (length) return [`${path}: ${length}`];
  if (field.name === 'command' && !/^[a-z0-9_]+$/.test(value)) return [`${path}: not a command name`];
  if (field.name === 'secret_token' && !/^[A-Za-z0-9_-]+$/.test(value))
    return [`${path}: forbidden character`];
  if (field.name === 'language_code' && !/^([a-z]{2})?$/.test(value)) return [`${path}: not ISO 639-1`];
  if (field.name === 'emoji' && !field.description.includes(`"${value}"`))
    return [`${path}: ${value} is no reaction`];
  if (field.name === 'action' && !field.description.match(CHAT_ACTIONS)?.includes(value))
    return [`${path}: ${value} is no chat action`];
  return [];
}

function coerceText(text: string, types: readonly string[]): unknown {
  const others = types.filter((type) => type !== 'String' && type !== 'InputFile');
  if (others.length === 0) return text;
  if (others.length < types.length && !/^-?\d+$/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
