/** The JSON the HTTP API speaks. One source for answers, the OpenAPI document and the tests. */
import { z } from 'zod';
import { PHOTO_FORMATS } from '../inference/types.ts';
import { ERROR_CODES, type ErrorCode } from '../shared/errors.ts';
import { HTTP_PROBLEMS, type HttpProblemCode } from './middleware/problems.ts';

const id = z
  .string()
  .regex(/^web-[0-9a-f-]{36}$/)
  .describe('Cannot be guessed; whoever knows it can see the cartoon.');
const message = z.string().describe('The state as a sentence in the language of the request.');
const codes = [...Object.keys(ERROR_CODES), ...Object.keys(HTTP_PROBLEMS)] as [
  ErrorCode | HttpProblemCode,
  ...(ErrorCode | HttpProblemCode)[],
];

export const problemSchema = z.object({
  type: z.literal('about:blank'),
  title: z.string().describe('What the status says.'),
  status: z.int().min(400).max(599),
  detail: z.string().describe('A sentence for people, in the language of the request.'),
  code: z.enum(codes).describe('Stable, for programs.'),
});

const styleSchema = z.object({
  id: z.string(),
  title: z.string().describe('In the language of the request.'),
  description: z.string().describe('In the language of the request.'),
  thumbnail: z.string().optional().describe('Path of a small picture in this style on this server.'),
});
export const stylesSchema = z.object({ default: z.string(), styles: z.array(styleSchema) });

export const jobSchema = z.discriminatedUnion('state', [
  z.object({
    id,
    state: z.literal('queued'),
    ahead: z.int().min(0).describe('Photos that are drawn before this one.'),
    etaSeconds: z.number().min(0),
    message,
  }),
  z.object({
    id,
    state: z.literal('processing'),
    stage: z.enum(['decode', 'faces', 'style', 'blend', 'encode']),
    faces: z
      .object({ done: z.int().min(0), total: z.int().positive() })
      .optional()
      .describe('Of a group: how many faces are drawn.'),
    etaSeconds: z.number().min(0),
    message,
  }),
  z.object({
    id,
    state: z.literal('done'),
    message,
    result: z.object({
      url: z.string().describe('Path of the picture on this server.'),
      format: z.enum(PHOTO_FORMATS),
      width: z.int().positive(),
      height: z.int().positive(),
      bytes: z.int().positive(),
      faces: z.int().min(0).describe('Faces that were found and drawn.'),
      notes: z
        .array(z.string())
        .describe('What else is worth knowing, as sentences in the language of the request.'),
      expiresAt: z.iso.datetime().describe('When the picture is deleted.'),
    }),
  }),
  z.object({
    id,
    state: z.literal('failed'),
    message,
    error: z.object({ code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]) }),
  }),
]);

export const acceptedSchema = z.object({
  id,
  url: z.string().describe('Path of the job on this server; /events below it streams its progress.'),
});
export const healthSchema = z.object({ status: z.literal('ok') });
export const readySchema = z.object({ ready: z.boolean(), reasons: z.array(z.string()) });

export type JobView = z.infer<typeof jobSchema>;
export type StylesView = z.infer<typeof stylesSchema>;
