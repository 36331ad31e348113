/** Attacks on what belongs to others: their results, their browsers, their share of what is limited per visitor. */
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { astronaut } from '../../test/support/photos.ts';
import { type Attack, form, jobOf, pause, type Target } from './attack.ts';

const OWNER = '127.0.0.5';

const portrait = async (width: number) =>
  await sharp(await astronaut())
    .resize(width)
    .jpeg()
    .toBuffer();

async function finished(target: Target, id: string, from?: string): Promise<number> {
  for (;;) {
    const path = `/api/jobs/${id}/result`;
    const { status } = await target.request({ method: 'HEAD', path, ...(from && { from }) });
    if (status !== 409) return status;
    await sleep(100);
  }
}

/** Large results of one visitor, while another's finished one lies there to be fetched. */
export const evictedResults: Attack = {
  name: 'large results of one visitor, to push out those of another',
  async run(target, signal) {
    const id = jobOf(await target.submit(await portrait(512), {}, { from: OWNER }));
    await finished(target, id, OWNER);
    const large = await portrait(3000);
    for (let number = 0; !signal.aborted; number++) {
      const photo = Buffer.concat([large, Buffer.from(String(number))]);
      const answer = await target.submit(photo, { format: 'png' }).catch(() => undefined);
      if (answer?.status === 202) await finished(target, jobOf(answer));
      else await pause(500, signal);
    }
    const status = await finished(target, id, OWNER);
    return status === 200 ? undefined : `the other visitor's result: ${status}`;
  },
};

/** The same key as another visitor behind the same address, with a photo of one's own. */
export const reusedKeys: Attack = {
  name: "another visitor's Idempotency-Key",
  async run(target) {
    const headers = { 'idempotency-key': 'holiday-1' };
    const id = jobOf(await target.submit(await portrait(512), {}, { headers }));
    await finished(target, id);
    const other = await target.submit(await portrait(500), {}, { headers });
    if (other.status !== 422) return `another photo under the same key: ${other.status}`;
    const restyled = await target.submit(await portrait(512), { style: 'anime' }, { headers });
    if (restyled.status !== 422) return `another style under the same key: ${restyled.status}`;
    const again = await target.submit(await portrait(512), {}, { headers });
    return jobOf(again) === id ? undefined : 'the same request again is another job';
  },
};

/** A stranger's page in a visitor's browser, and a stranger's name that resolves to this machine. */
export const otherWebsites: Attack = {
  name: "a stranger's website, and his name for this machine",
  env: { ALLOWED_HOSTS: 'cartoons.example' },
  async run(target) {
    const { type, body } = await form(await portrait(512));
    for (const path of ['/upload', '/api/jobs']) {
      for (const headers of [{ origin: 'http://evil.example' }, { origin: 'null' }]) {
        const { status } = await target.request({
          method: 'POST',
          path,
          headers: { ...headers, 'content-type': type },
          body,
        });
        if (status !== 403) return `POST ${path} from ${headers.origin}: ${status}`;
      }
    }
    for (const path of ['/', '/api/styles', '/metrics', '/readyz', '/openapi.json']) {
      const { status } = await target.request({ path, headers: { host: 'evil.example' } });
      if (status !== 421) return `GET ${path} as evil.example: ${status}`;
    }
    return undefined;
  },
};

/** One sender who invents addresses in front of its own, and writes its own in many ways. */
export const inventedAddresses: Attack = {
  name: 'one sender with 1,500 invented addresses',
  env: { TRUST_PROXY: '1' },
  async run(target, signal) {
    let refused = 0;
    for (let number = 0; number < 1500 && !signal.aborted; number++) {
      const spelled = [
        `10.0.0.${number % 250}, 203.0.113.7:${1024 + number}`,
        `[2001:db8:5:${(number % 9000).toString(16)}::1]:${1024 + number}`,
      ][number % 2] as string;
      const headers = { 'x-forwarded-for': spelled, host: 'cartoons.example' };
      const { status } = await target.request({ path: '/api/styles', headers });
      if (status === 429) refused += 1;
    }
    return refused > 0 || signal.aborted ? undefined : 'nothing was refused';
  },
};
