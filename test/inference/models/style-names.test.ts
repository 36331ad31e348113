import { expect, it } from 'vitest';
import { readManifest, stylesOf } from '../../../src/inference/models/manifest.ts';
import { styleNamed } from '../../../src/inference/models/style-names.ts';
import { MODELS_DIR } from '../../support/models.ts';

it('a style is known by its id and by its title in every language, however they are written', async () => {
  const styles = stylesOf(await readManifest(MODELS_DIR));
  for (const { id, title, titles } of styles) {
    for (const name of [id, title, ...Object.values(titles)]) {
      for (const written of [
        name,
        name.toUpperCase(),
        ` ${name.replaceAll(' ', '-')} `,
        name.split('').join(' '),
      ]) {
        expect(styleNamed(styles, written)?.id, written).toBe(id);
      }
    }
  }
});

it('nothing else names one', async () => {
  const styles = stylesOf(await readManifest(MODELS_DIR));
  for (const name of ['', ' ', '-', 'anmie', '3', 'all', 'constructor']) {
    expect(styleNamed(styles, name)).toBeUndefined();
  }
});
