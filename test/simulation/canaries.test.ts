import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { portError } from '../../src/domain/failures.ts';
import { err, ok } from '../../src/domain/result.ts';
import type { PoolName } from '../../src/domain/ids.ts';
import type { Launcher } from '../../src/ports/launcher.ts';
import type { ChangeBatch, Claim } from '../../src/ports/task-registry.ts';
import { MemoryTables } from '../../src/registry/memory/memory-tables.ts';
import type { Ports } from '../../src/runtime/ports.ts';
import { HeadReservations } from '../../src/scheduling/head-reservations.ts';
import { Ledger } from '../../src/scheduling/ledger.ts';
import type { Invariant } from '../../src/simulation/auditor/violation.ts';
import { drawPlan } from '../../src/simulation/draw-plan.ts';
import { run } from './no-violation.ts';

/** Within so many seeds the alarm must ring. */
const SEEDS = 200;

/** An object with some of its methods replaced; the others go to the original. */
const altered = <T extends object>(original: T, changes: Partial<T>): T =>
  new Proxy(original, {
    get: (target, name) => {
      const changed: unknown = Reflect.get(changes, name);
      if (changed !== undefined) return changed;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

const withLauncher = (ports: Ports, change: (launcher: Launcher) => Partial<Launcher>): Ports => ({
  ...ports,
  launchers: new Map(
    [...ports.launchers].map(([pool, launcher]): [PoolName, Launcher] => [pool, altered(launcher, change(launcher))]),
  ),
});

const lostStop = (ports: Ports): Ports =>
  withLauncher(ports, () => ({
    stop: (_handle, _graceMs, reply) => ports.inbox.post(() => reply(ok({ exit: null, survivors: [] }))),
  }));

/** Takes a refusal for a grant, as if the answer to the compare-and-set had not been looked at. */
const doubleClaim = (ports: Ports): Ports => {
  const granted = new Map<string, Claim>();
  return {
    ...ports,
    registry: altered(ports.registry, {
      claim: (request, reply) =>
        ports.registry.claim(request, (answer) => {
          if (answer.ok) granted.set(request.key, answer.value);
          const before = granted.get(request.key);
          const pretended = { key: request.key, attempt: request.fence + 1, definition: before?.definition, repo: null, previous: [] };
          reply(answer.ok || before === undefined ? answer : ok(pretended as unknown as Claim));
        }),
    }),
  };
};

const leakedSlot = (ports: Ports): Ports => {
  let releases = 0;
  return {
    ...ports,
    repoPool: altered(ports.repoPool, {
      release: (slot, holder, reply) => {
        releases += 1;
        if (releases % 5 === 0) ports.inbox.post(() => reply(ok(null)));
        else ports.repoPool.release(slot, holder, reply);
      },
    }),
  };
};

const hastyRetry = (ports: Ports): Ports => ({
  ...ports,
  registry: altered(ports.registry, {
    settle: (request, reply) => ports.registry.settle({ ...request, retry: { ...request.retry, initialIntervalMs: 0 } }, reply),
  }),
});

const forgetfulReplay = (ports: Ports): Ports => ({
  ...ports,
  journal: altered(ports.journal, {
    read: (reply) => ports.journal.read((read) => reply(read.ok ? ok(read.value.slice(1)) : read)),
  }),
});

const hastySettlement = (ports: Ports): Ports =>
  withLauncher(ports, (launcher) => ({
    watch: (handle, notify) => {
      ports.clock.setTimeout(() => notify({ kind: 'vanished', reason: 'so it seems' }), 500);
      return launcher.watch(handle, notify);
    },
  }));

const blindRecovery = (ports: Ports): Ports =>
  withLauncher(ports, () => ({ inspect: (_id, _dir, reply) => ports.inbox.post(() => reply(ok({ kind: 'vanished', reason: 'not looked' }))) }));

const deafMonitor = (ports: Ports): Ports => ({
  ...ports,
  registry: altered(ports.registry, {
    changes: (request, reply) =>
      ports.registry.changes(request, (answer) => {
        if (!answer.ok || request.cursor === null) return reply(answer);
        reply(answer.value.ready.length > 3 ? err(portError('transient', 'never')) : ok({ ...answer.value, ready: answer.value.ready.slice(1) }));
      }),
  }),
});

/** Last in, first out: the feed tells the order of submission upside down. */
const upsideDown = (ports: Ports): Ports => ({
  ...ports,
  registry: altered(ports.registry, {
    changes: (request, reply) =>
      ports.registry.changes(request, (answer) => {
        const turned = (batch: ChangeBatch): ChangeBatch => ({ ...batch, ready: batch.ready.map((task) => ({ ...task, position: -task.position })) });
        reply(answer.ok ? ok(turned(answer.value)) : answer);
      }),
  }),
});

/** Runs seed after seed with the bug in; what the auditor says first. */
const firstAlarm = (tamper: (ports: Ports) => Ports): { readonly invariant: Invariant; readonly seed: number } | null => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violation } = run(drawPlan(seed, 'swarm'), { tamper });
    if (violation !== null) return { invariant: violation.invariant, seed };
  }
  return null;
};

/** Takes everything that it did not start itself for nobody's. */
const greedyReaper = (ports: Ports): Ports => ({
  ...withLauncher(ports, (launcher) => ({
    list: (reply) =>
      launcher.list((listed) => {
        if (listed.ok) for (const id of listed.value) launcher.reap(id, () => undefined);
        reply(listed);
      }),
  })),
});

const forgottenReport = (ports: Ports): Ports => ({
  ...ports,
  reports: altered(ports.reports, {
    recall: (_id, reply) => ports.inbox.post(() => reply(ok({ spoken: false, completion: null }))),
  }),
});

const CANARIES: Readonly<Record<string, { readonly tamper: (ports: Ports) => Ports; readonly seen: readonly Invariant[] }>> = {
  'a lost stop': { tamper: lostStop, seen: ['settledOnce', 'exclusiveSlot'] },
  'a double claim': { tamper: doubleClaim, seen: ['currentAttempt'] },
  'a leaked slot': { tamper: leakedSlot, seen: ['nothingLeft', 'liveness'] },
  'a retry without back-off': { tamper: hastyRetry, seen: ['backoff'] },
  'an event dropped on replay': { tamper: forgetfulReplay, seen: ['events'] },
  'a settlement before the end': { tamper: hastySettlement, seen: ['settledOnce'] },
  'a recovery that does not look': { tamper: blindRecovery, seen: ['settledOnce', 'exclusiveSlot'] },
  'a sweep that ends who is not its own': { tamper: greedyReaper, seen: ['wellLeftAlone'] },
  'a report that is forgotten with its dispatcher': { tamper: forgottenReport, seen: ['reportCounts'] },
  'a queue that is last in, first out': { tamper: upsideDown, seen: ['order'] },
  'a monitor that misses news': { tamper: deafMonitor, seen: ['liveness', 'order'] },
};

const holderOf = Object.getOwnPropertyDescriptor(HeadReservations.prototype, 'holderOf')?.value as Function;
const roomIn = Object.getOwnPropertyDescriptor(Ledger.prototype, 'roomIn')?.value as Function;
const kept = new Set<PoolName>();

describe('a deliberate bug is caught by the auditor', () => {
  for (const [name, { tamper, seen }] of Object.entries(CANARIES)) {
    it(name, () => {
      const alarm = firstAlarm(tamper);
      assert.ok(alarm !== null, `${name} went unnoticed for ${SEEDS} seeds`);
      assert.ok(seen.includes(alarm.invariant), `${name} shows as ${seen.join(' or ')}, not as ${alarm.invariant} (seed ${alarm.seed})`);
    });
  }

  it('a limit counted late', () => {
    const booking = Object.getOwnPropertyDescriptor(Ledger.prototype, 'reserve')?.value as Function;
    let late: (() => void)[] = [];
    // Booked with the next decision, not with its own.
    mock.method(Ledger.prototype, 'reserve', function (this: Ledger, ...args: Parameters<Ledger['reserve']>) {
      const due = late;
      late = [() => void Reflect.apply(booking, this, args)];
      for (const book of due) book();
    });
    try {
      const alarm = firstAlarm((ports) => ports);
      assert.ok(alarm !== null && ['limits', 'liveness', 'nothingLeft', 'noBug'].includes(alarm.invariant), JSON.stringify(alarm));
    } finally {
      mock.restoreAll();
    }
  });

  it('an analysis that overlooks what was cancelled', () => {
    const edges = Object.getOwnPropertyDescriptor(MemoryTables.prototype, 'openEdges')?.value as Function;
    mock.method(MemoryTables.prototype, 'openEdges', function (this: MemoryTables) {
      const all = Reflect.apply(edges, this, []) as ReturnType<MemoryTables['openEdges']>;
      return [...all].filter(({ state }) => state !== 'cancelled');
    });
    try {
      const alarm = firstAlarm((ports) => ports);
      assert.equal(alarm?.invariant, 'deadlocks');
    } finally {
      mock.restoreAll();
    }
  });

  it('a pool that is kept for good', () => {
    // Whoever a pool was kept for has long gone, and nobody takes the sign down.
    mock.method(HeadReservations.prototype, 'holderOf', function (this: HeadReservations, ...args: Parameters<HeadReservations['holderOf']>) {
      const holder = Reflect.apply(holderOf, this, args) as ReturnType<HeadReservations['holderOf']>;
      if (holder !== undefined) kept.add(args[0]);
      return holder;
    });
    mock.method(Ledger.prototype, 'roomIn', function (this: Ledger, ...args: Parameters<Ledger['roomIn']>) {
      return kept.has(args[0]) ? null : (Reflect.apply(roomIn, this, args) as ReturnType<Ledger['roomIn']>);
    });
    try {
      let seen: Invariant | null = null;
      for (let seed = 1; seed <= SEEDS && seen === null; seed += 1) {
        kept.clear();
        seen = run(drawPlan(seed, 'swarm')).violation?.invariant ?? null;
      }
      assert.equal(seen, 'liveness');
    } finally {
      mock.restoreAll();
    }
  });

  it('and without one nothing is', () => {
    for (let seed = 1; seed <= 20; seed += 1) assert.equal(run(drawPlan(seed, 'swarm')).violation, null);
  });
});
