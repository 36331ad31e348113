/**
 * The HTTP interactions endpoint: any number of stateless replicas behind a load balancer, no gateway. Discord signs
 * every call (Ed25519) and probes the endpoint with broken signatures, which must be answered with 401.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import {
  type APIInteraction,
  type APIInteractionResponse,
  InteractionResponseType,
  InteractionType,
} from 'discord.js';
import { z } from 'zod';
import type { Logger } from '../../../observability/logger.ts';
import { BodyError, readBody } from '../../../shared/body.ts';
import { loggable } from '../errors.ts';
import type { Acknowledge } from './acknowledge.ts';

export interface EndpointOptions {
  /** 64 hexadecimal digits, from the developer portal. */
  readonly publicKey: string;
  readonly handle: (interaction: APIInteraction, acknowledge: Acknowledge) => Promise<void>;
  readonly logger: Logger;
}

/** DER header of an Ed25519 public key (RFC 8410); the 32 bytes of the key follow. */
const SPKI_HEADER = Buffer.from('302a300506032b6570032100', 'hex');
/** Interactions are small; files are links in them. */
const BODY_LIMITS = { maxBytes: 1024 * 1024, idleMs: 5000, totalMs: 10_000 };

const interactionSchema = z.looseObject({ type: z.number().int() });

export function createEndpoint(options: EndpointOptions): (request: Request) => Promise<Response> {
  const key = createPublicKey({
    key: Buffer.concat([SPKI_HEADER, Buffer.from(options.publicKey, 'hex')]),
    format: 'der',
    type: 'spki',
  });
  return async (request) => {
    if (request.method !== 'POST') return new Response(null, { status: 405, headers: { allow: 'POST' } });
    const body = await readBody(request, BODY_LIMITS).catch((error: unknown) => {
      if (error instanceof BodyError) return error.reason;
      throw error;
    });
    if (typeof body === 'string') return new Response(null, { status: body === 'too_large' ? 413 : 408 });
    if (!isGenuine(key, request.headers, body))
      return new Response('invalid request signature', { status: 401 });
    const interaction = parse(body);
    if (!interaction) return new Response(null, { status: 400 });
    if (interaction.type === InteractionType.Ping)
      return Response.json({ type: InteractionResponseType.Pong });
    return acknowledged(interaction, options);
  };
}

/** Signed, so Discord's: only what the dispatcher relies on is looked at. */
function parse(body: Buffer): APIInteraction | undefined {
  try {
    return interactionSchema.parse(JSON.parse(body.toString('utf8'))) as unknown as APIInteraction;
  } catch {
    return undefined;
  }
}

export function isGenuine(key: KeyObject, headers: Headers, body: Uint8Array): boolean {
  const signature = headers.get('x-signature-ed25519') ?? '';
  const timestamp = headers.get('x-signature-timestamp') ?? '';
  if (!/^[0-9a-f]{128}$/i.test(signature)) return false;
  // Ed25519 verification compares in constant time by its nature: no secret is on our side.
  return verify(null, Buffer.concat([Buffer.from(timestamp), body]), key, Buffer.from(signature, 'hex'));
}

/** The handler's acknowledgement becomes the response; its work goes on afterwards. */
function acknowledged(interaction: APIInteraction, { handle, logger }: EndpointOptions): Promise<Response> {
  return new Promise((resolve) => {
    const acknowledge: Acknowledge = async (response: APIInteractionResponse) => {
      resolve(Response.json(response));
    };
    handle(interaction, acknowledge)
      .catch((error: unknown) => logger.error(loggable(error), 'discord interaction failed'))
      // Nothing happens when it was answered already.
      .finally(() => resolve(new Response(null, { status: 500 })));
  });
}
