/** Checks real answers against the OpenAPI document the service itself serves. */
import { expect } from 'vitest';
import { z } from 'zod';

interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}
interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Answer>> }>>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** Returns a function that fails when an answer's status, media type or JSON is not in the document. */
export async function openApiChecker(url: string) {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  const validators = new Map<string, z.ZodType>();
  const validator = (schema: object) => {
    const name = '$ref' in schema ? String(schema.$ref).replace('#/components/schemas/', '') : '';
    const target = document.components.schemas[name];
    if (!target) return undefined;
    const known = validators.get(name) ?? z.fromJSONSchema(target as Parameters<typeof z.fromJSONSchema>[0]);
    validators.set(name, known);
    return known;
  };
  return async (method: string, path: string, response: Response): Promise<void> => {
    const template = path.replace(/\?.*$/, '').replace(/(\/api\/(?:jobs|styles))\/[^/]+/, '$1/{id}');
    const { responses } = document.paths[template]?.[method.toLowerCase()] ?? {};
    const answer = responses?.[response.status] ?? responses?.['default'];
    if (!answer) throw new Error(`${method} ${template} ${response.status} is not in the OpenAPI document`);
    if (!answer.content) {
      expect(await response.text()).toBe('');
      return;
    }
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    expect(Object.keys(answer.content)).toContain(type);
    const schema = answer.content[type]?.schema;
    if (!schema || !type.endsWith('json')) return;
    const check = validator(schema);
    if (!check) throw new Error(`no schema for ${method} ${template} ${response.status}`);
    check.parse(await response.json());
  };
}
