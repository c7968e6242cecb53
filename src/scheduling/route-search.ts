import type { PoolName } from '../domain/ids.ts';
import type { ReadyTask } from '../domain/task.ts';
import { fits, type Size } from './fit-tree.ts';
import type { Bay, PlacementClass, QueueEntry, Route } from './placement-class.ts';

export interface SearchTerms {
  readonly roomIn: (pool: PoolName) => Size | null;
  /** For whom a pool is kept. */
  readonly holderOf: (pool: PoolName) => QueueEntry | undefined;
  readonly closedGate: (task: ReadyTask) => string | null;
  readonly before: (a: QueueEntry, b: QueueEntry) => boolean;
}

export interface Found {
  readonly best: QueueEntry | null;
  /** Bays that were come across and whose limit is reached. */
  readonly closed: readonly { readonly bay: Bay; readonly gate: string }[];
}

/** What is free, pool by pool of the route; `null`: that pool is not looked at. */
type Rooms = readonly (Size | null)[];

const isPlaceable = ({ needs }: PlacementClass, rooms: Rooms): boolean =>
  needs.some((need, i) => {
    const room = rooms[i];
    return room != null && fits(need, room);
  });

/** @param last nothing behind it is of interest; `null`: everything is */
const searchIn = (route: Route, rooms: Rooms, last: QueueEntry | null, terms: SearchTerms): Found => {
  const open = rooms.filter((room) => room !== null);
  const closed: Found['closed'][number][] = [];
  if (open.length === 0) return { best: null, closed };
  const found: { best: QueueEntry | null } = { best: null };
  const isTooLate = (head: QueueEntry): boolean =>
    (found.best !== null && !terms.before(head, found.best)) || (last !== null && terms.before(last, head));
  route.tree.visit(open, (bay) => {
    // No other of this bay is better than its head, and no bay after this one has a better head.
    const bound = bay.head;
    if (bound === null || isTooLate(bound)) return true;
    const gate = terms.closedGate(bound.task);
    if (gate !== null) {
      closed.push({ bay, gate });
      return false;
    }
    bay.tree.visit(open, (placement) => {
      const { head } = placement;
      if (head === null || isTooLate(head)) return true;
      if (!isPlaceable(placement, rooms)) return false;
      found.best = head;
      return true;
    });
    return false;
  });
  return { best: found.best, closed };
};

/** The best that fits into one of the route's pools: into one that is kept, only its holder and who is before that. */
export const searchRoute = (route: Route, terms: SearchTerms): Found => {
  const open: (Size | null)[] = [];
  const kept: { readonly index: number; readonly room: Size; readonly holder: QueueEntry }[] = [];
  for (const [index, pool] of route.pools.entries()) {
    const room = terms.roomIn(pool);
    const holder = terms.holderOf(pool);
    open.push(holder === undefined ? room : null);
    if (room !== null && holder !== undefined) kept.push({ index, room, holder });
  }
  let found = searchIn(route, open, null, terms);
  for (const { index, room, holder } of kept) {
    const rooms = open.map((_, i) => (i === index ? room : null));
    const { best, closed } = searchIn(route, rooms, holder, terms);
    const isBetter = best !== null && (found.best === null || terms.before(best, found.best));
    found = { best: isBetter ? best : found.best, closed: [...found.closed, ...closed] };
  }
  return found;
};
