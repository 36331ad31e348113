import { expect, it } from 'vitest';
import { OpenWork } from '../../src/shared/open-work.ts';
import { withResolvers } from '../../src/shared/with-resolvers.ts';

it('waits for what is open and for what is added meanwhile, and a failure is its caller’s alone', async () => {
  const open = new OpenWork();
  await open.allEnd();
  await open.oneEnds();
  const first = withResolvers();
  const second = withResolvers();
  void open.add(
    first.promise.then(() => {
      void open.add(second.promise);
    }),
  );
  await expect(open.add(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(open.size).toBe(1);
  let ended = false;
  const all = open.allEnd().then(() => {
    ended = true;
  });
  const one = open.oneEnds();
  first.resolve();
  await one;
  expect(ended).toBe(false);
  expect(open.size).toBe(1);
  second.resolve();
  await all;
  expect(open.size).toBe(0);
});
