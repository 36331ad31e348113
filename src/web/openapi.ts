/** The OpenAPI 3.1 document of the HTTP API, made from the schemas the answers are made of. */
import { z } from 'zod';
import { STRENGTH } from '../inference/drawing/strength.ts';
import { SERVED_FORMATS, SHAPES } from '../inference/types.ts';
import * as schemas from './schemas.ts';

const PHOTO_FORM = {
  type: 'object',
  required: ['file'],
  properties: {
    file: {
      type: 'string',
      contentMediaType: 'application/octet-stream',
      description:
        'JPEG, PNG, WebP, GIF or AVIF, at most 20 MB and 50 megapixels; less where decoding costs more memory: AVIF 16, or 11 with more than 8 bits, and with `TIER=small` AVIF 6, progressive JPEG 19, WebP and GIF 24.',
    },
    style: { type: 'string', description: "A style's id; default: the service's default style." },
    as: {
      type: 'string',
      enum: [...SHAPES],
      default: 'photo',
      description:
        'What the cartoon is cut to. `sticker` is a WebP with transparency, `emoji` and `cutout` are PNG, whatever `format` says.',
    },
    strength: {
      type: 'integer',
      minimum: STRENGTH.least,
      maximum: STRENGTH.most,
      default: STRENGTH.usual,
      description: 'How far the drawing goes, in per cent: 0 is the photo, 100 as the style draws.',
    },
  },
} as const;

const FORMAT = { type: 'string', enum: [...SERVED_FORMATS], description: 'Of the cartoon.' } as const;
const PHOTO_BODY = {
  required: true,
  content: {
    'multipart/form-data': {
      schema: { ...PHOTO_FORM, properties: { ...PHOTO_FORM.properties, format: FORMAT } },
    },
  },
} as const;

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (description: string, name: string) => ({
  description,
  content: { 'application/json': { schema: ref(name) } },
});
const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: ref('Problem') } },
});
/** A problem for programs; browsers that ask for text get its sentence. */
const problemOrSentence = (description: string) => ({
  description,
  content: {
    'application/problem+json': { schema: ref('Problem') },
    'text/plain': { schema: { type: 'string' } },
  },
});
const picture = (description: string, ...types: string[]) => ({
  description,
  content: Object.fromEntries(
    types.map((type) => [type, { schema: { type: 'string', contentMediaType: type } }]),
  ),
});

/** What can go wrong with a photo, by status. */
const REFUSALS = {
  400: 'No photo, several photos, or a form that cannot be read.',
  401: 'A key is needed (`WEB_API_KEY`).',
  403: 'Sent by another website.',
  408: 'The body came too slowly.',
  413: 'Too many bytes or pixels.',
  415: 'Not a picture that can be read.',
  422: 'A damaged picture or an unknown style.',
  429: 'Too many photos of this client at once; see `Retry-After`.',
  500: 'A defect of the service.',
  503: 'Too many photos of everybody, or the service is stopping; see `Retry-After`.',
} as const;
const refusals = (answer: (description: string) => object, ...statuses: (keyof typeof REFUSALS)[]) =>
  Object.fromEntries(statuses.map((status) => [status, answer(REFUSALS[status])]));

const ACCEPT_LANGUAGE = {
  name: 'Accept-Language',
  in: 'header',
  required: false,
  description: 'Language of sentences: en, zh, es, pt-BR, ru, de or uk.',
  schema: { type: 'string' },
} as const;
const ACCEPT_PICTURE = {
  name: 'Accept',
  in: 'header',
  required: false,
  description: 'image/jpeg or image/png, where the form names no format; PNG by default.',
  schema: { type: 'string' },
} as const;
const STYLE_ID = {
  name: 'id',
  in: 'path',
  required: true,
  description: "A style's id.",
  schema: { type: 'string' },
} as const;
const JOB_ID = { name: 'id', in: 'path', required: true, schema: { type: 'string' } } as const;

/** A JSON Schema in the dialect of OpenAPI 3.1, without the `$schema` key that the document says once for all. */
function component(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12' });
  return rest;
}

export function openApi(): object {
  const notFound = problem('Unknown, deleted, or its time is over.');
  const key = problem(REFUSALS[401]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'dctoon',
      version: '1',
      description: 'Turns photos of people into cartoons.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: '/' }],
    security: [{}, { key: [] }],
    paths: {
      '/upload': {
        post: {
          operationId: 'upload',
          summary: 'Photo in, cartoon out, in one request. Closing the connection cancels.',
          parameters: [ACCEPT_LANGUAGE, ACCEPT_PICTURE],
          requestBody: PHOTO_BODY,
          responses: {
            200: picture('The cartoon, at the size of the photo.', 'image/png', 'image/jpeg'),
            ...refusals(problemOrSentence, 400, 401, 403, 408, 413, 415, 422, 429, 500, 503),
          },
        },
      },
      '/api/styles': {
        get: {
          operationId: 'listStyles',
          summary: 'The styles there are.',
          parameters: [ACCEPT_LANGUAGE],
          responses: { 200: json('All styles.', 'Styles'), 401: key },
        },
      },
      '/api/styles/{id}/thumbnail': {
        parameters: [STYLE_ID],
        get: {
          operationId: 'getThumbnail',
          summary: 'A small picture in this style, where there is one; `GET /api/styles` names its address.',
          parameters: [
            {
              name: 'v',
              in: 'query',
              required: false,
              description: 'Part of the address in the list; with it the picture may be kept for ever.',
              schema: { type: 'string' },
            },
          ],
          security: [],
          responses: {
            200: picture('The picture.', 'image/jpeg', 'image/png', 'image/webp'),
            304: { description: 'The picture is the one of `If-None-Match`.' },
            404: problem('Unknown style, or it has no picture.'),
          },
        },
      },
      '/api/jobs': {
        post: {
          operationId: 'createJob',
          summary: 'Takes a photo in.',
          parameters: [
            ACCEPT_LANGUAGE,
            {
              name: 'Idempotency-Key',
              in: 'header',
              required: false,
              description: 'Chosen by the client; a repeated request with the same key is the same job.',
              schema: { type: 'string', maxLength: 200 },
            },
          ],
          requestBody: PHOTO_BODY,
          responses: {
            202: json('Accepted.', 'Accepted'),
            ...refusals(problem, 400, 401, 403, 408, 413, 422, 429, 500, 503),
          },
        },
      },
      '/api/jobs/{id}': {
        parameters: [JOB_ID],
        get: {
          operationId: 'getJob',
          summary: 'Where a job stands.',
          parameters: [ACCEPT_LANGUAGE],
          responses: { 200: json('The job.', 'Job'), 401: key, 404: notFound },
        },
        delete: {
          operationId: 'deleteJob',
          summary: 'Cancels a job, or deletes its result.',
          responses: { 204: { description: 'Done.' }, 401: key, 404: notFound },
        },
      },
      '/api/jobs/{id}/events': {
        parameters: [JOB_ID],
        get: {
          operationId: 'followJob',
          summary: 'Server-sent events `position`, `stage`, `done`, `failed`; each carries the job as JSON.',
          parameters: [ACCEPT_LANGUAGE],
          responses: {
            200: {
              description: 'The stream; it ends after `done` or `failed`.',
              content: { 'text/event-stream': { schema: { type: 'string' } } },
            },
            401: key,
            404: notFound,
            429: problem('Too many open streams.'),
          },
        },
      },
      '/api/jobs/{id}/result': {
        parameters: [JOB_ID],
        get: {
          operationId: 'getResult',
          summary: 'The cartoon.',
          responses: {
            200: picture('The cartoon, at the size of the photo.', 'image/jpeg', 'image/png'),
            401: key,
            404: notFound,
            409: problem('Not ready yet.'),
            default: problem('Why there is no cartoon.'),
          },
        },
      },
      '/healthz': {
        get: {
          operationId: 'health',
          summary: 'The process answers.',
          security: [],
          responses: { 200: json('It does.', 'Health') },
        },
      },
      '/readyz': {
        get: {
          operationId: 'ready',
          summary: 'Whether photos can be drawn now.',
          security: [],
          responses: { 200: json('Yes.', 'Ready'), 503: json('No, and why.', 'Ready') },
        },
      },
    },
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'Only where the operator has set a key.' },
      },
      schemas: {
        Problem: component(schemas.problemSchema),
        Styles: component(schemas.stylesSchema),
        Accepted: component(schemas.acceptedSchema),
        Job: component(schemas.jobSchema),
        Health: component(schemas.healthSchema),
        Ready: component(schemas.readySchema),
      },
    },
  };
}
