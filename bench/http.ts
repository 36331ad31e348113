/** The service through its HTTP interface. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when the service takes photos. */
export async function untilUp(port: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://localhost:${port}/healthz`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(5);
  }
}

/** Sends a photo and waits for its cartoon. */
export async function upload(port: string, file: Uint8Array): Promise<void> {
  const form = new FormData();
  form.append('file', new Blob([file as Uint8Array<ArrayBuffer>]), 'photo.jpg');
  const answer = await fetch(`http://localhost:${port}/upload`, { method: 'POST', body: form });
  if (!answer.ok) throw new Error(`refused: ${await answer.text()}`);
  await answer.arrayBuffer();
}
