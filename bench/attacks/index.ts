/** Every attack, in the order of the table. A new one is a file of its own or beside its like, and a line here. */
import type { Attack, Neighbour } from './attack.ts';
import { boundaries, endlessBodies, standingUploads, waitingUploads } from './bodies.ts';
import { deadLogReader, rubbishOnRedis, secondService } from './neighbours.ts';
import { dearPhotos } from './photos.ts';
import { eventStreams, halfRequests, requestFlood, unreadResults } from './readers.ts';
import { evictedResults, inventedAddresses, otherWebsites, reusedKeys } from './strangers.ts';

export const ATTACKS: readonly Attack[] = [
  endlessBodies,
  boundaries,
  standingUploads,
  waitingUploads,
  dearPhotos,
  unreadResults,
  eventStreams,
  requestFlood,
  halfRequests,
  evictedResults,
  reusedKeys,
  otherWebsites,
  inventedAddresses,
];

export const NEIGHBOURS: readonly Neighbour[] = [deadLogReader, secondService, rubbishOnRedis];
