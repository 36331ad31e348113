/** The whole of `src/inference` with its real child processes and networks. */
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Cartoonizer, type CartoonizerOptions } from '../../src/inference/cartoonizer.ts';
import type { FaceCount, Stage } from '../../src/inference/types.ts';
import { MODELS_DIR } from '../support/models.ts';
import { astronaut, cut, drawn, meanDifference, pngBomb, rocket, row, turned } from '../support/photos.ts';

const STAGES: readonly Stage[] = ['decode', 'faces', 'style', 'blend', 'encode'];

/** Runs `use` with a Cartoonizer of its own. */
async function withCartoonizer(
  options: Partial<CartoonizerOptions>,
  use: (cartoonizer: Cartoonizer) => Promise<void>,
): Promise<void> {
  const cartoonizer = await Cartoonizer.create({ modelsDir: MODELS_DIR, ...options });
  try {
    await use(cartoonizer);
  } finally {
    await cartoonizer.close();
  }
}

/** The process id of the only child. */
async function childPid(cartoonizer: Cartoonizer): Promise<number> {
  return await vi.waitFor(
    () => cartoonizer.stats().children[0]?.pid ?? Promise.reject(new Error('no child')),
    {
      timeout: 10_000,
    },
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('photo in, cartoon out', () => {
  let cartoonizer: Cartoonizer;
  beforeAll(async () => {
    cartoonizer = await Cartoonizer.create({ modelsDir: MODELS_DIR });
  });
  afterAll(async () => await cartoonizer.close());

  it('knows its styles', () => {
    expect(cartoonizer.styles).toContainEqual(
      expect.objectContaining({ id: '3d', title: expect.any(String), titles: expect.any(Object) }),
    );
  });

  it('draws as strongly as it is asked to: 0 is the photo, 150 is farther from it than 100', async () => {
    const photo = await astronaut();
    const difference = async (style: string, strength?: number) => {
      const options = { style, format: 'png', ...(strength !== undefined && { strength }) } as const;
      return meanDifference((await cartoonizer.cartoonize(photo, options)).image, photo);
    };
    for (const style of ['3d', 'sketch']) {
      const [none, half, usual, most] = await Promise.all(
        [0, 50, undefined, 150].map((strength) => difference(style, strength)),
      );
      expect(none).toBeLessThan(1);
      expect(half).toBeGreaterThan(2 * (none as number));
      expect(usual).toBeGreaterThan(1.5 * (half as number));
      expect(most).toBeGreaterThan(1.15 * (usual as number));
    }
    await expect(cartoonizer.cartoonize(photo, { style: '3d', strength: 151 })).rejects.toThrow(RangeError);
  });

  it('draws a portrait: same size, one face, another picture, all stages in order', async () => {
    const stages: Stage[] = [];
    const photo = await astronaut();
    const cartoon = await cartoonizer.cartoonize(photo, {
      style: '3d',
      onProgress: (stage) => stages.push(stage),
    });
    expect(cartoon).toMatchObject({ format: 'jpeg', width: 512, height: 512, faces: 1 });
    expect(await sharp(cartoon.image).metadata()).toMatchObject({ format: 'jpeg', width: 512, height: 512 });
    const difference = await meanDifference(cartoon.image, photo);
    expect(difference).toBeGreaterThan(3);
    expect(difference).toBeLessThan(40);
    expect(stages).toEqual(STAGES);
    const { total, ...timings } = cartoon.timings;
    expect(Object.keys(timings)).toEqual(STAGES);
    const sum = Object.values(timings).reduce((one, other) => one + other, 0);
    expect(Math.abs(sum - total)).toBeLessThan(5);
  });

  it('draws the face itself, not only the picture around it', async () => {
    const face = { left: 185, top: 80, width: 80, height: 90 };
    const photo = await sharp(await astronaut())
      .extract(face)
      .toBuffer();
    const { image } = await cartoonizer.cartoonize(await astronaut(), { style: '3d', format: 'png' });
    const drawnFace = await sharp(image).extract(face).toBuffer();
    expect(await meanDifference(drawnFace, photo)).toBeGreaterThan(3);
  });

  it('draws every face of a group, and a photo without one', async () => {
    expect((await cartoonizer.cartoonize(await row(2), { style: '3d' })).faces).toBe(2);
    const landscape = await cartoonizer.cartoonize(await rocket(), { style: '3d' });
    expect(landscape).toMatchObject({ faces: 0, width: 640, height: 427 });
    expect(await meanDifference(landscape.image, await rocket())).toBeGreaterThan(1);
  });

  it('counts the faces of a group as they are drawn, and not a single one', async () => {
    const counts: unknown[] = [];
    const onProgress = (stage: Stage, faces?: FaceCount) => void (faces && counts.push([stage, faces]));
    await cartoonizer.cartoonize(await astronaut(), { style: '3d', onProgress });
    expect(counts).toEqual([]);
    await cartoonizer.cartoonize(await row(3), { style: '3d', onProgress });
    expect(counts[0]).toEqual(['style', { done: 0, total: 3 }]);
  });

  it('answers in PNG on request, and within a bound', async () => {
    const png = await cartoonizer.cartoonize(await astronaut(), { style: '3d', format: 'png' });
    expect((await sharp(png.image).metadata()).format).toBe('png');
    const small = await cartoonizer.cartoonize(await astronaut(), { style: '3d', maxBytes: 20_000 });
    expect(small.image.length).toBeLessThanOrEqual(20_000);
    expect(await sharp(small.image).metadata()).toMatchObject({ width: small.width, height: small.height });
  });

  it('sets photos upright and removes all metadata', async () => {
    const photo = await sharp(await turned(90, 60, 6))
      .withExif({ IFD0: { Artist: 'somebody', Orientation: '6' }, IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
      .withIccProfile('p3')
      .toBuffer();
    const before = await sharp(photo).metadata();
    expect([before.orientation, before.exif?.includes('somebody'), before.icc !== undefined]).toEqual([
      6,
      true,
      true,
    ]);
    for (const format of ['jpeg', 'png'] as const) {
      const { image, width, height } = await cartoonizer.cartoonize(photo, { style: '3d', format });
      expect([width, height]).toEqual([90, 60]);
      const after = await sharp(image).metadata();
      expect([after.exif, after.icc, after.xmp, after.iptc, after.orientation]).toEqual(
        Array(5).fill(undefined),
      );
      expect(Buffer.from(image).includes('somebody')).toBe(false);
    }
  });

  it.each([
    [1, 1, 1, 1],
    [30000, 1, 30000, 1],
    [1, 3000, 1, 3000],
    [4500, 1500, 4500, 1500],
  ])('draws %i x %i as %i x %i', async (width, height, expectedWidth, expectedHeight) => {
    const photo = await drawn(width, height).jpeg().toBuffer();
    const cartoon = await cartoonizer.cartoonize(photo, { style: '3d' });
    expect([cartoon.width, cartoon.height]).toEqual([expectedWidth, expectedHeight]);
  });

  it.each([
    ['unsupported_format', async () => Buffer.from('not a picture')],
    ['broken_image', async () => cut(await rocket(), 0.5)],
    ['too_many_pixels', async () => pngBomb(20000, 20000)],
    ['too_large', async () => new Uint8Array(21 * 1024 * 1024)],
  ] as const)('names what is wrong: %s', async (code, photo) => {
    await expect(cartoonizer.cartoonize(await photo(), { style: '3d' })).rejects.toMatchObject({
      name: 'DctoonError',
      code,
      fault: 'user',
    });
  });

  it('knows no other styles', async () => {
    await expect(cartoonizer.cartoonize(await rocket(), { style: 'constructor' })).rejects.toMatchObject({
      code: 'unknown_style',
    });
  });

  it('needed one process for all of this', () => {
    expect(cartoonizer.stats()).toMatchObject({ restarts: 0, queued: 0 });
    expect(cartoonizer.stats().children).toEqual([
      { pid: expect.any(Number), rss: expect.any(Number), busy: false },
    ]);
    expect(cartoonizer.stats().children[0]?.rss).toBeGreaterThan(50e6);
  });
});

describe('cancelling', () => {
  it('a photo that waits leaves the line at once, one that runs stops and leaves the child usable', async () => {
    await withCartoonizer({}, async (cartoonizer) => {
      const photo = await row(4);
      const [first, second] = [new AbortController(), new AbortController()];
      const outcomes = Promise.allSettled([
        cartoonizer.cartoonize(photo, { style: '3d', signal: first.signal, onProgress: () => first.abort() }),
        cartoonizer.cartoonize(photo, { style: '3d', signal: second.signal }),
        cartoonizer.cartoonize(photo, { style: '3d' }),
      ]);
      second.abort();
      expect(cartoonizer.stats().queued).toBe(1);
      const [one, two, three] = await outcomes;
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } });
      expect(two).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } });
      expect(three).toMatchObject({ status: 'fulfilled', value: { faces: 4 } });
      expect(cartoonizer.stats().restarts).toBe(0);
      await expect(
        cartoonizer.cartoonize(photo, { style: '3d', signal: first.signal }),
      ).rejects.toMatchObject({
        code: 'cancelled',
      });
    });
  });

  it('a child that does not react is replaced', async () => {
    await withCartoonizer({}, async (cartoonizer) => {
      process.kill(await childPid(cartoonizer), 'SIGSTOP');
      const abort = new AbortController();
      const stuck = cartoonizer.cartoonize(await astronaut(), { style: '3d', signal: abort.signal });
      abort.abort();
      await expect(stuck).rejects.toMatchObject({ code: 'cancelled' });
      expect((await cartoonizer.cartoonize(await astronaut(), { style: '3d' })).faces).toBe(1);
      expect(cartoonizer.stats().restarts).toBe(1);
    });
  });
});

describe('supervision', () => {
  it('kill -9 of the child in the middle of a photo: the photo is answered all the same', async () => {
    await withCartoonizer({}, async (cartoonizer) => {
      const pid = await childPid(cartoonizer);
      let kills = 0;
      const onProgress = (stage: Stage) => {
        if (stage === 'faces' && kills++ === 0) process.kill(pid, 'SIGKILL');
      };
      const [cartoon, next] = await Promise.all([
        cartoonizer.cartoonize(await row(2), { style: '3d', onProgress }),
        cartoonizer.cartoonize(await astronaut(), { style: '3d' }),
      ]);
      expect([cartoon.faces, next.faces, kills]).toEqual([2, 1, 2]);
      expect(cartoonizer.stats()).toMatchObject({ restarts: 1 });
      expect(await childPid(cartoonizer)).not.toBe(pid);
    });
  });

  it('a photo that kills its child twice fails with `crashed`; the next one is fine', async () => {
    await withCartoonizer({}, async (cartoonizer) => {
      const onProgress = (stage: Stage) => {
        const pid = cartoonizer.stats().children[0]?.pid;
        if (stage === 'faces' && pid) process.kill(pid, 'SIGSEGV');
      };
      await expect(cartoonizer.cartoonize(await row(2), { style: '3d', onProgress })).rejects.toMatchObject({
        code: 'crashed',
        fault: 'ours',
        message: expect.stringContaining('SIGSEGV'),
      });
      expect((await cartoonizer.cartoonize(await astronaut(), { style: '3d' })).faces).toBe(1);
    });
  });

  it('an idle child that dies is replaced', async () => {
    await withCartoonizer({}, async (cartoonizer) => {
      process.kill(await childPid(cartoonizer), 'SIGKILL');
      await vi.waitFor(() => expect(cartoonizer.stats().restarts).toBe(1), { timeout: 10_000 });
      expect((await cartoonizer.cartoonize(await astronaut(), { style: '3d' })).faces).toBe(1);
    });
  });

  it('a child that hangs is killed at the deadline, twice, then the photo fails with `timeout`', async () => {
    await withCartoonizer({ timeoutMs: 1500 }, async (cartoonizer) => {
      const stop = () => {
        for (const { pid } of cartoonizer.stats().children) process.kill(pid, 'SIGSTOP');
      };
      const hung = cartoonizer.cartoonize(await astronaut(), { style: '3d', onProgress: stop });
      await expect(hung).rejects.toMatchObject({ code: 'timeout' });
      expect(cartoonizer.stats().restarts).toBe(2);
      expect((await cartoonizer.cartoonize(await astronaut(), { style: '3d' })).faces).toBe(1);
    });
  });

  it('two children work at the same time, the second as long as there is work for it', async () => {
    await withCartoonizer({ concurrency: 2, idleMs: 200 }, async (cartoonizer) => {
      expect(cartoonizer.stats().children).toHaveLength(1);
      const photo = await row(3);
      let busiest = 0;
      const onProgress = () => {
        busiest = Math.max(busiest, cartoonizer.stats().children.filter(({ busy }) => busy).length);
      };
      const cartoons = await Promise.all(
        Array.from({ length: 16 }, () => cartoonizer.cartoonize(photo, { style: '3d', onProgress })),
      );
      expect(cartoons.map(({ faces }) => faces)).toEqual(Array(16).fill(3));
      expect(busiest).toBe(2);
      await vi.waitFor(() => expect(cartoonizer.stats().children).toHaveLength(1), { timeout: 10_000 });
      expect((await cartoonizer.cartoonize(photo, { style: '3d' })).faces).toBe(3);
      expect(cartoonizer.stats().restarts).toBe(0);
    });
  });

  it('children ignore Ctrl-C and SIGTERM, which the parent answers for them, and end with the parent', async () => {
    const script = `
      import { Cartoonizer } from ${JSON.stringify(new URL('../../src/inference/cartoonizer.ts', import.meta.url).href)};
      const cartoonizer = await Cartoonizer.create({ modelsDir: ${JSON.stringify(MODELS_DIR)} });
      const [{ pid }] = cartoonizer.stats().children;
      process.kill(pid, 'SIGINT');
      process.kill(pid, 'SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log(pid, cartoonizer.stats().restarts);
      process.kill(process.pid, 'SIGKILL');
    `;
    const folder = await mkdtemp(join(tmpdir(), 'dctoon-parent-'));
    const file = join(folder, 'parent.mts');
    await writeFile(file, script);
    let output = '';
    try {
      execFileSync(process.execPath, ['--import', 'tsx', file], { encoding: 'utf8' });
    } catch (error) {
      output = (error as { stdout: string }).stdout;
    }
    await rm(folder, { recursive: true });
    const [pid, restarts] = output.trim().split(' ').map(Number);
    expect(restarts).toBe(0);
    await vi.waitFor(() => expect(isAlive(pid as number)).toBe(false), { timeout: 5000 });
  });

  // Only Linux shows a process's environment.
  it.runIf(process.platform === 'linux')('keeps tokens out of the child', async () => {
    vi.stubEnv('TELEGRAM_TOKEN', '123456:secret');
    await withCartoonizer({}, async (cartoonizer) => {
      const pid = await childPid(cartoonizer);
      const environment = execFileSync('cat', [`/proc/${pid}/environ`], { encoding: 'utf8' });
      expect(environment).toContain('PATH=');
      expect(environment).not.toContain('TELEGRAM_TOKEN');
    });
    vi.unstubAllEnvs();
  });
});

describe('close', () => {
  it('lets the running photo finish, refuses the rest, and leaves no process', async () => {
    const cartoonizer = await Cartoonizer.create({ modelsDir: MODELS_DIR });
    const pid = await childPid(cartoonizer);
    const outcomes = Promise.allSettled([
      cartoonizer.cartoonize(await astronaut(), { style: '3d' }),
      cartoonizer.cartoonize(await astronaut(), { style: '3d' }),
    ]);
    await cartoonizer.close();
    const [running, waiting] = await outcomes;
    expect(running).toMatchObject({ status: 'fulfilled', value: { faces: 1 } });
    expect(waiting).toMatchObject({ status: 'rejected', reason: { code: 'shutting_down' } });
    await expect(cartoonizer.cartoonize(await astronaut(), { style: '3d' })).rejects.toMatchObject({
      code: 'shutting_down',
    });
    expect(isAlive(pid)).toBe(false);
    await cartoonizer.close();
  });
});

describe('a bad installation', () => {
  let copy: string;
  afterEach(async () => await rm(copy, { recursive: true, force: true }));
  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'dctoon-models-'));
  });

  it('is told when the engine is created: no folder, a file that was replaced', async () => {
    await expect(Cartoonizer.create({ modelsDir: join(copy, 'nowhere') })).rejects.toThrow(/cannot be read/);
    await cp(MODELS_DIR, copy, { recursive: true });
    await writeFile(join(copy, '3d.onnx'), 'something else');
    await expect(Cartoonizer.create({ modelsDir: copy })).rejects.toThrow(
      /3d\.onnx is damaged or was replaced/,
    );
  });

  it('that begins while the service runs: photos fail, restarts get rarer, and it heals by itself', async () => {
    await cp(MODELS_DIR, copy, { recursive: true });
    const mesh = join(copy, 'face-mesh.onnx');
    await withCartoonizer({ modelsDir: copy }, async (cartoonizer) => {
      await writeFile(mesh, 'something else');
      process.kill(await childPid(cartoonizer), 'SIGKILL');
      await vi.waitFor(() => expect(cartoonizer.stats().children).toEqual([]), { timeout: 5000 });
      const photo = await astronaut();
      await expect(cartoonizer.cartoonize(photo, { style: '3d' })).rejects.toMatchObject({ code: 'crashed' });
      await expect(cartoonizer.cartoonize(photo, { style: '3d' })).rejects.toMatchObject({ code: 'crashed' });
      await cp(join(MODELS_DIR, 'face-mesh.onnx'), mesh);
      await vi.waitFor(() => expect(cartoonizer.stats().children).toHaveLength(1), { timeout: 20_000 });
      expect((await cartoonizer.cartoonize(photo, { style: '3d' })).faces).toBe(1);
    });
  });
});
