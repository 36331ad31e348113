/**
 * Checks request bodies against Discord's OpenAPI description (npm `discord-api-spec`), and for what no schema says:
 * unknown fields, files that are not listed, ids or custom_ids used twice.
 */
import * as spec from 'discord-api-spec/zod';

interface Checker {
  readonly method: string;
  readonly path: RegExp;
  schema(body: unknown): { safeParse: typeof spec.MessageCreateRequestSchema.safeParse } | undefined;
}

const callbackSchema = (body: unknown) => {
  switch ((body as { type?: unknown }).type) {
    case 1:
      return spec.PongInteractionCallbackRequestSchema;
    case 6:
    case 7:
      return spec.UpdateMessageInteractionCallbackRequestSchema;
    default:
      return spec.CreateMessageInteractionCallbackRequestSchema;
  }
};

const CHECKERS: readonly Checker[] = [
  { method: 'POST', path: /^\/interactions\/\d+\/[^/]+\/callback$/, schema: callbackSchema },
  {
    method: 'PATCH',
    path: /^\/webhooks\/\d+\/[^/]+\/messages\/[^/]+$/,
    schema: () => spec.IncomingWebhookUpdateRequestPartialSchema,
  },
  {
    method: 'POST',
    path: /^\/webhooks\/\d+\/[^/]+$/,
    schema: () => spec.IncomingWebhookInteractionRequestSchema,
  },
  { method: 'POST', path: /^\/channels\/\d+\/messages$/, schema: () => spec.MessageCreateRequestSchema },
  {
    method: 'PATCH',
    path: /^\/channels\/\d+\/messages\/\d+$/,
    schema: () => spec.MessageEditRequestPartialSchema,
  },
  { method: 'POST', path: /^\/guilds\/\d+\/emojis$/, schema: () => spec.CreateGuildEmojiRequestBody },
  { method: 'POST', path: /^\/users\/@me\/channels$/, schema: () => spec.CreatePrivateChannelRequestSchema },
];
const COMMANDS = /^\/applications\/\d+\/(guilds\/\d+\/)?commands$/;

/** Everything wrong with a body, as sentences; empty when it is fine. */
export function checkBody(method: string, path: string, body: unknown): string[] {
  if (method === 'PUT' && COMMANDS.test(path)) {
    if (!Array.isArray(body)) return ['commands: not a list'];
    return body.flatMap((command: unknown, index) => [
      ...against(spec.ApplicationCommandUpdateRequestSchema, command, `commands[${index}]`),
      ...commandRules(command, `commands[${index}]`),
    ]);
  }
  const checker = CHECKERS.find((one) => one.method === method && one.path.test(path));
  const schema = checker?.schema(body);
  return schema ? [...against(schema, body, 'body'), ...customIdsTwice(body)] : [];
}

function against(schema: ReturnType<Checker['schema']>, body: unknown, label: string): string[] {
  const result = schema?.safeParse(body);
  if (!result) return [];
  if (!result.success) {
    return result.error.issues.map(
      (issue) => `${label}.${issue.path.map(String).join('.')}: ${issue.message}`,
    );
  }
  // The schemas strip what they do not know: whatever is missing afterwards is a field Discord has never heard of.
  return unknownFields(body, result.data, label);
}

function unknownFields(given: unknown, known: unknown, label: string): string[] {
  if (typeof given !== 'object' || given === null || typeof known !== 'object' || known === null) return [];
  return Object.entries(given).flatMap(([key, value]) => {
    if (value === undefined) return [];
    if (!(key in known)) return [`${label}.${key}: unknown field`];
    return unknownFields(value, (known as Record<string, unknown>)[key], `${label}.${key}`);
  });
}

interface Option {
  readonly name: string;
  readonly name_localizations?: Record<string, string> | null;
  readonly options?: readonly Option[];
}

/** Slash command and option names: the pattern is in the documentation, not in the specification. */
const SLASH_NAME = /^[-_'\p{L}\p{N}\p{Script=Devanagari}\p{Script=Thai}]{1,32}$/u;

function commandRules(command: unknown, label: string): string[] {
  const { type = 1, ...rest } = command as Option & { type?: number; description?: string };
  if (type !== 1) return rest.description ? [`${label}: a menu command has no description`] : [];
  const check = (option: Option, where: string): string[] => {
    const names = [option.name, ...Object.values(option.name_localizations ?? {})];
    const wrong = names.filter((name) => !SLASH_NAME.test(name) || name !== name.toLowerCase());
    const doubled = option.options?.filter(
      (one, index, all) => all.findIndex((o) => o.name === one.name) !== index,
    );
    return [
      ...wrong.map((name) => `${where}: "${name}" is no valid slash command name`),
      ...(doubled ?? []).map((one) => `${where}: option ${one.name} twice`),
      ...(option.options ?? []).flatMap((one) => check(one, `${where}.${one.name}`)),
    ];
  };
  return check(rest, label);
}

function customIdsTwice(body: unknown): string[] {
  const ids: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'custom_id' && typeof inner === 'string') ids.push(inner);
      else visit(inner);
    }
  };
  visit(body);
  return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `custom_id used twice: ${id}`);
}

/** Files that were sent must each be listed once in `attachments`. `kept` = ids already on the message. */
export function checkAttachments(
  listed: readonly { readonly id: string | number }[] | undefined,
  fileIds: readonly string[],
  kept: readonly string[],
): string[] {
  const ids = (listed ?? []).map((one) => String(one.id));
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `attachment id ${id} listed twice`),
    ...fileIds.filter((id) => !ids.includes(id)).map((id) => `files[${id}] is not listed in attachments`),
    ...ids
      .filter((id) => !fileIds.includes(id) && !kept.includes(id))
      .map((id) => `attachment ${id} is neither a file nor on the message`),
  ];
}
