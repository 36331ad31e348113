/** The OpenAPI document as HTML, without a script and without anything of other hosts. In English, as the document is. */
import { html } from 'hono/html';
import { z } from 'zod';

/** The parts of an OpenAPI document that the page shows. */
const parameter = z.object({
  name: z.string(),
  in: z.string(),
  required: z.boolean().default(false),
  description: z.string().default(''),
});
const property = z.looseObject({
  type: z.string().default(''),
  description: z.string().default(''),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});
const form = z.object({
  required: z.array(z.string()).default([]),
  properties: z.record(z.string(), property),
});
const content = z.record(z.string(), z.looseObject({}));
const operation = z.object({
  summary: z.string(),
  parameters: z.array(parameter).default([]),
  requestBody: z
    .object({ content: z.object({ 'multipart/form-data': z.object({ schema: form }) }) })
    .optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content: content.default({}) })),
});
const documentSchema = z.object({
  info: z.object({ title: z.string(), description: z.string() }),
  paths: z.record(
    z.string(),
    z.looseObject({
      parameters: z.array(parameter).default([]),
      get: operation.optional(),
      post: operation.optional(),
      delete: operation.optional(),
    }),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});
type Operation = z.infer<typeof operation>;
type Parameter = z.infer<typeof parameter>;

const METHODS = ['get', 'post', 'delete'] as const;
const anchor = (method: string, path: string) => `${method}${path.replaceAll(/[^a-z]+/g, '-')}`;

/** @param document what `GET /openapi.json` answers */
export function renderApiDocs(document: unknown, assetUrl: (name: string) => string): string {
  const { info, paths, components } = documentSchema.parse(document);
  const operations = Object.entries(paths).flatMap(([path, { parameters, ...methods }]) =>
    METHODS.flatMap((method) => {
      const one = methods[method];
      return one ? [{ path, method, one, parameters: [...parameters, ...one.parameters] }] : [];
    }),
  );
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${info.title}: HTTP API</title>
<link rel="icon" href="${assetUrl('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${assetUrl('page.css')}">
<link rel="stylesheet" href="${assetUrl('api-docs.css')}">
</head>
<body>
<header class="top">
  <a class="brand" href="/"><img src="${assetUrl('icon.svg')}" alt="" width="36" height="36"><span>${info.title}</span></a>
</header>
<main class="docs">
<h1>HTTP API</h1>
<p>${info.description} For programs this page is <a href="/openapi.json">openapi.json</a>.</p>
<pre><code>curl -f -F file=@me.jpg -F style=3d localhost:8080/upload -o cartoon.png</code></pre>
<nav aria-label="Operations"><ul>${operations.map(
    ({ path, method }) =>
      html`<li><a href="#${anchor(method, path)}"><b>${method.toUpperCase()}</b> ${path}</a></li>`,
  )}</ul></nav>
${operations.map(
  ({ path, method, one, parameters }) => html`<section id="${anchor(method, path)}">
<h2><b>${method.toUpperCase()}</b> ${path}</h2>
<p>${one.summary}</p>
${parameterTable(parameters)}${formTable(one)}${responseTable(one)}
</section>`,
)}
<h2>Objects</h2>
${Object.entries(components.schemas).map(
  ([name, schema]) =>
    html`<details id="object-${name}"><summary>${name}</summary><pre><code>${JSON.stringify(schema, null, 2)}</code></pre></details>`,
)}
</main>
</body>
</html>
`;
  return String(page);
}

function parameterTable(parameters: readonly Parameter[]) {
  if (parameters.length === 0) return '';
  return html`<table><caption>Parameters</caption><tbody>${parameters.map(
    ({ name, in: place, required, description }) =>
      html`<tr><th scope="row"><code>${name}</code></th><td>${place}${required ? ', required' : ''}</td><td>${description}</td></tr>`,
  )}</tbody></table>`;
}

function formTable({ requestBody }: Operation) {
  if (!requestBody) return '';
  const { required, properties } = requestBody.content['multipart/form-data'].schema;
  return html`<table><caption>Form (multipart/form-data)</caption><tbody>${Object.entries(properties).map(
    ([name, { type, description, enum: values, minimum, maximum }]) => {
      const range = minimum === undefined || maximum === undefined ? type : `${minimum} to ${maximum}`;
      const kind = values ? values.join(' or ') : range;
      return html`<tr><th scope="row"><code>${name}</code></th><td>${kind}${required.includes(name) ? ', required' : ''}</td><td>${description}</td></tr>`;
    },
  )}</tbody></table>`;
}

function responseTable({ responses }: Operation) {
  return html`<table><caption>Answers</caption><tbody>${Object.entries(responses).map(
    ([status, { description, content: types }]) =>
      html`<tr><th scope="row"><code>${status}</code></th><td>${Object.keys(types).join(', ')}</td><td>${description}</td></tr>`,
  )}</tbody></table>`;
}
