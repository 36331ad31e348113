/** Several styles with and without thumbnails, from a models folder, on the page and in its API. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStyles } from '../../src/inference/models/manifest.ts';
import { readThumbnails } from '../../src/inference/models/thumbnails.ts';
import type { StylesView } from '../../src/web/schemas.ts';
import { type ModelsFolder, modelsFolder } from '../support/models-folder.ts';
import { type Service, startService } from './harness.ts';
import { openApiChecker } from './openapi-checker.ts';

let models: ModelsFolder;
let service: Service;
let check: Awaited<ReturnType<typeof openApiChecker>>;

beforeAll(async () => {
  models = await modelsFolder({ '3d': true, anime: true, sketch: false });
  service = await startService({
    styles: await readStyles(models.path),
    web: { thumbnails: await readThumbnails(models.path) },
    // Pictures must be shown to who has not given the key yet: the page cannot send it with them.
    env: { WEB_API_KEY: 'a-key-of-enough-length' },
  });
  check = await openApiChecker(service.url);
});
afterAll(async () => {
  await service.stop();
  await models.remove();
});

/** A request whose answer must be one that the OpenAPI document describes. */
async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const response = await fetch(service.url + path, { headers });
  await check('GET', path, response.clone());
  return response;
}

async function styles(language: string): Promise<StylesView['styles']> {
  const headers = { 'accept-language': language, 'x-api-key': 'a-key-of-enough-length' };
  return ((await (await get('/api/styles', headers)).json()) as StylesView).styles;
}

const urlOf = async (id: string) => (await styles('en')).find((style) => style.id === id)?.thumbnail ?? '';

describe('GET /api/styles', () => {
  it('describes the styles in the language of the request, and says where their pictures are', async () => {
    expect(await styles('pt')).toEqual([
      {
        id: '3d',
        title: '3d (pt-BR)',
        description: 'About 3d (pt-BR)',
        thumbnail: expect.stringMatching(/^\/api\/styles\/3d\/thumbnail\?v=[0-9a-f]{12}$/),
      },
      {
        id: 'anime',
        title: 'Anime (pt-BR)',
        description: 'About anime (pt-BR)',
        thumbnail: expect.stringMatching(/^\/api\/styles\/anime\/thumbnail\?v=[0-9a-f]{12}$/),
      },
      { id: 'sketch', title: 'Sketch (pt-BR)', description: 'About sketch (pt-BR)' },
    ]);
  });
});

describe('GET /api/styles/{id}/thumbnail', () => {
  it('is the file of the models folder, for ever under the address of the list', async () => {
    const response = await get(await urlOf('anime'));
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const file = await readFile(join(models.path, 'thumbnails/anime.jpg'));
    expect(file.equals(Buffer.from(await response.arrayBuffer()))).toBe(true);
    const other = await fetch(service.url + (await urlOf('3d')));
    expect(file.equals(Buffer.from(await other.arrayBuffer()))).toBe(false);
  });

  it('is asked for again under any other address, and not sent again to who has it', async () => {
    for (const query of ['', '?v=', '?v=000000000000']) {
      const response = await get(`/api/styles/3d/thumbnail${query}`);
      expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-cache']);
      const etag = response.headers.get('etag') ?? '';
      const again = await get('/api/styles/3d/thumbnail', { 'if-none-match': etag });
      expect([again.status, await again.text()]).toEqual([304, '']);
    }
  });

  it.each(['sketch', 'nothing', '..%2f3d', 'constructor'])('of %s does not exist', async (id) => {
    const response = await get(`/api/styles/${id}/thumbnail`);
    expect([response.status, response.headers.get('cache-control')]).toEqual([404, 'no-store']);
  });
});

describe('the page', () => {
  it('has a tile for every style: its picture or its initial, and its description', async () => {
    const html = await (await fetch(service.url, { headers: { 'accept-language': 'uk' } })).text();
    const tiles = [...html.matchAll(/<label class="style-option".*?<\/label>/gs)].map(([tile]) => tile);
    expect(tiles).toHaveLength(3);
    const values = tiles.map((tile) => /type="radio" name="style" value="(\w+)"/.exec(tile)?.[1]);
    expect(values).toEqual(['3d', 'anime', 'sketch']);
    expect(tiles.map((tile) => tile.includes('checked'))).toEqual([true, false, false]);
    expect(tiles.map((tile) => /title="(.*?)"/.exec(tile)?.[1])).toEqual([
      'About 3d (uk)',
      'About anime (uk)',
      'About sketch (uk)',
    ]);
    const swatches = tiles.map(
      (tile) => /<span class="swatch" aria-hidden="true">(.*?)<\/span>/.exec(tile)?.[1],
    );
    expect(swatches).toEqual([
      `<img src="${await urlOf('3d')}" alt="">`,
      `<img src="${await urlOf('anime')}" alt="">`,
      'S',
    ]);
    const picture = await fetch(service.url + (await urlOf('3d')));
    expect((await sharp(await picture.arrayBuffer()).metadata()).width).toBe(64);
  });
});
