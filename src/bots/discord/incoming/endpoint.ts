/**
 * The HTTP interactions endpoint: any number of stateless replicas behind a load balancer, no gateway. Discord signs
 * every call (Ed25519) and probes the endpoint with broken signatures, which must be answered with 401.
 *
 * A signed call proves that Discord made it, not that it is new. So calls are taken for a minute only, and within that
 * minute each interaction is handled once per process; the id of a photo's job is made of that of its interaction, so
 * that the queue recognises a repetition in any process.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import {
  type APIInteraction,
  type APIInteractionResponse,
  InteractionResponseType,
  InteractionType,
} from 'discord.js';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Logger } from '../../../observability/logger.ts';
import { BodyError, type BodyLimits, readBody } from '../../../shared/body.ts';
import { parseJson } from '../../../shared/json.ts';
import { loggable } from '../errors.ts';
import type { Acknowledge } from './acknowledge.ts';

export interface EndpointOptions {
  /** 64 hexadecimal digits, from the developer portal. */
  readonly publicKey: string;
  readonly handle: (interaction: APIInteraction, acknowledge: Acknowledge) => Promise<void>;
  readonly logger: Logger;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** DER header of an Ed25519 public key (RFC 8410); the 32 bytes of the key follow. */
const SPKI_HEADER = Buffer.from('302a300506032b6570032100', 'hex');
/** Interactions are small, files are links in them; and Discord waits no longer than 3 s for the answer. */
const BODY: BodyLimits = { maxBytes: 1024 * 1024, idleMs: 3000, totalMs: 5000 };
/** Discord calls within 3 s; the rest is for clocks that differ. */
const MAX_AGE_MS = 60_000;
/** Responses remembered: far more than one process answers in two minutes. */
const MAX_RESPONSES = 10_000;

const interactionSchema = z.looseObject({ type: z.number().int(), id: z.string().optional() });

export function createEndpoint(options: EndpointOptions): (request: Request) => Promise<Response> {
  const { logger, now = Date.now } = options;
  const key = createPublicKey({
    key: Buffer.concat([SPKI_HEADER, Buffer.from(options.publicKey, 'hex')]),
    format: 'der',
    type: 'spki',
  });
  /** By interaction id; kept until no signature of that interaction is taken any more. */
  const responses = new LRUCache<string, Promise<APIInteractionResponse | undefined>>({
    max: MAX_RESPONSES,
    ttl: 2 * MAX_AGE_MS,
    perf: { now },
  });

  /** What the handler acknowledges with; undefined when it failed before. Its work goes on afterwards. */
  const acknowledgementOf = (interaction: APIInteraction) => {
    const known = responses.get(interaction.id);
    if (known) return known;
    const response = acknowledgement(interaction, options);
    responses.set(interaction.id, response);
    return response;
  };

  return async (request) => {
    if (request.method !== 'POST') return new Response(null, { status: 405, headers: { allow: 'POST' } });
    const signature = signatureOf(request.headers);
    // Before a byte of the body is read.
    if (!signature) return unauthorized();
    let body: Buffer;
    try {
      body = await readBody(request, BODY);
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      return new Response(null, { status: BODY_STATUS[error.reason] });
    }
    if (!isGenuine(key, signature, body)) return unauthorized();
    const ageMs = now() - Number(signature.timestamp) * 1000;
    if (!(Math.abs(ageMs) <= MAX_AGE_MS)) {
      logger.warn(
        { ageMs },
        'discord interaction refused: it is repeated, or the clock of this server is wrong',
      );
      return unauthorized();
    }
    // Signed, so Discord's: only what the dispatcher relies on is looked at.
    const interaction = parseJson(interactionSchema, body.toString('utf8')) as APIInteraction | undefined;
    if (!interaction) return new Response(null, { status: 400 });
    if (interaction.type === InteractionType.Ping)
      return Response.json({ type: InteractionResponseType.Pong });
    if (!interaction.id) return new Response(null, { status: 400 });
    const response = await acknowledgementOf(interaction);
    return response ? Response.json(response) : new Response(null, { status: 500 });
  };
}

const BODY_STATUS = { too_large: 413, too_slow: 408, aborted: 400 } as const;

interface Signature {
  /** Seconds, as Discord wrote them. */
  readonly timestamp: string;
  /** 64 bytes. */
  readonly bytes: Buffer;
}

/** The signature that a call brings; undefined when it has none. */
function signatureOf(headers: Headers): Signature | undefined {
  const signature = headers.get('x-signature-ed25519') ?? '';
  const timestamp = headers.get('x-signature-timestamp') ?? '';
  if (!/^[0-9a-f]{128}$/i.test(signature) || !/^\d{1,12}$/.test(timestamp)) return undefined;
  return { timestamp, bytes: Buffer.from(signature, 'hex') };
}

/** Ed25519 verification compares in constant time by its nature: no secret is on our side. */
function isGenuine(key: KeyObject, { timestamp, bytes }: Signature, body: Uint8Array): boolean {
  return verify(null, Buffer.concat([Buffer.from(timestamp), body]), key, bytes);
}

function unauthorized(): Response {
  return new Response('invalid request signature', { status: 401 });
}

function acknowledgement(
  interaction: APIInteraction,
  { handle, logger }: EndpointOptions,
): Promise<APIInteractionResponse | undefined> {
  return new Promise((resolve) => {
    const acknowledge: Acknowledge = async (response) => resolve(response);
    handle(interaction, acknowledge)
      .catch((error: unknown) => logger.error(loggable(error), 'discord interaction failed'))
      // Nothing happens when it was answered already.
      .finally(() => resolve(undefined));
  });
}
