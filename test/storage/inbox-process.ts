/**
 * A process to be killed (inbox.test.ts): takes items in and deals with some of them, as fast as it can.
 *   inbox-process.ts FOLDER RUN
 * Prints `put ID` when an item is safe, and `removed ID` when it was dealt with.
 */
import { pino } from 'pino';
import { Inbox } from '../../src/storage/inbox.ts';

const [folder = '', run = ''] = process.argv.slice(2);
const inbox = await Inbox.open<string>({ folder, log: pino({ level: 'silent' }), parse: String, limit: 1e6 });
for (let index = 0; ; index += 8) {
  const ids = Array.from({ length: 8 }, (_, i) => `${run}-${index + i}`);
  await Promise.all(ids.map((id) => inbox.put(id, id.repeat(50))));
  process.stdout.write(ids.map((id) => `put ${id}\n`).join(''));
  for (const id of ids.slice(0, 5)) {
    inbox.remove(id);
    process.stdout.write(`removed ${id}\n`);
  }
}
