/** From the start of the built service to its first cartoon: what a restart costs. Photos of 1280 x 960 with one face. */
import { build, ServiceProcess } from '../test/support/service.ts';
import { untilUp, upload } from './http.ts';
import { median } from './measure.ts';
import { photo } from './photos.ts';
import { fixed, type Section } from './section.ts';

const PORT = '8098';

export const coldStart: Section = {
  name: 'cold-start',
  async measure({ runs }) {
    await build();
    const file = await photo(1280, 960, 1);
    const listening: number[] = [];
    const answered: number[] = [];
    for (let run = 0; run < Math.min(runs, 10); run++) {
      const begun = performance.now();
      const service = await ServiceProcess.start({ WEB_PORT: PORT, LOG_LEVEL: 'warn' });
      await untilUp(PORT);
      listening.push(performance.now() - begun);
      await upload(PORT, file);
      answered.push(performance.now() - begun);
      await service.dispose();
    }
    return [
      [
        {
          starts: answered.length,
          'takes photos after ms': fixed(median(listening), 0),
          'first cartoon after ms': fixed(median(answered), 0),
          'slowest ms': fixed(Math.max(...answered), 0),
        },
      ],
    ];
  },
};
