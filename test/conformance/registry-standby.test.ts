import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, statSync, utimesSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { holderOfThisProcess, systemProcessTable } from '../../src/platform/process-table.ts';
import type { TaskRegistry } from '../../src/ports/task-registry.ts';
import { openRegistry } from '../../src/registry/open.ts';
import { until } from '../e2e/until.ts';
import { refused, type Asked } from './registry/desk.ts';
import { deskOf, firstLine, killed, leftOver, newPath, start } from './registry/sqlite-files.ts';

const processes = systemProcessTable();
const HUNG_AFTER_MS = 5_000;

// What a test that failed half-way has left waiting.
const left: Waiting[] = [];
afterEach(() => {
  for (const waiting of left.splice(0)) waiting.stop();
});

/** One that waits for the registry, and what it says meanwhile. */
interface Waiting {
  readonly opened: Asked<TaskRegistry>;
  readonly said: readonly string[];
  readonly stop: () => void;
  /** Resolves after so many more looks at who holds it. */
  readonly looks: (count: number) => Promise<unknown>;
}

const waitFor = (path: string, hungAfterMs = HUNG_AFTER_MS): Waiting => {
  const said: string[] = [];
  let looks = 0;
  const counting = {
    ...processes,
    isAlive: (pid: number, startTime: string): boolean => {
      looks += 1;
      return processes.isAlive(pid, startTime);
    },
  };
  const waiting = new AbortController();
  const standby = { processes: counting, signal: waiting.signal, tell: (line: string) => void said.push(line), hungAfterMs };
  const opened = openRegistry({ path, synchronous: 'normal', holder: holderOfThisProcess(), standby });
  const made: Waiting = {
    opened,
    said,
    stop: () => waiting.abort(),
    looks: (count) => {
      const target = looks + count;
      return until(`${count} looks`, () => looks >= target);
    },
  };
  left.push(made);
  void opened.then((result) => result.ok && leftOver(result.value));
  return made;
};

const says = (waiting: Waiting, text: RegExp): Promise<unknown> =>
  until(String(text), () => waiting.said.some((line) => text.test(line)), () => waiting.said.join('\n'));

const pidOf = ({ pid }: ChildProcess): number => {
  assert.ok(pid !== undefined);
  return pid;
};

const lives = (child: ChildProcess): boolean => {
  const state = processes.find(pidOf(child))?.state;
  return state !== undefined && state !== 'Z';
};

const holding = async (path: string, environment = 'true'): Promise<ChildProcess> => {
  const child = start('lock-holder', path, environment);
  assert.equal(await firstLine(child), 'holding');
  return child;
};

const givenUp = async (waiting: Waiting): Promise<void> => {
  waiting.stop();
  assert.equal((await refused(waiting.opened)).kind, 'unavailable');
};

describe('standing by for a registry', () => {
  it('says for whom, gets it when that one is killed, and one of several gets it', async () => {
    const path = newPath();
    const child = await holding(path);
    const all = [waitFor(path), waitFor(path), waitFor(path)];
    for (const one of all) await says(one, new RegExp(`^standing by: registry ${path} is in use by process ${child.pid} on `));
    await killed(child);
    const first = await Promise.race(all.map(async (one) => [one, await deskOf(one.opened)] as const));
    const others = all.filter((one) => one !== first[0]);
    for (const other of others) await says(other, new RegExp(`in use by process ${process.pid} `));
    for (const other of others) await givenUp(other);
    await first[1].close();
  });

  it('kills one that is stopped, and gets it', async () => {
    const path = newPath();
    const child = await holding(path);
    child.kill('SIGSTOP');
    const waiting = waitFor(path);
    await (await deskOf(waiting.opened)).close();
    assert.equal(lives(child), false);
    assert.match(waiting.said.at(-1) ?? '', new RegExp(`^process ${child.pid} on \\S+ since \\S+ has shown no life for 5s and was killed$`));
  });

  it('kills one whose event loop turns no more, though its threads do', async () => {
    const path = newPath();
    const child = await holding(path, 'export THEN=loop');
    const waiting = waitFor(path);
    await (await deskOf(waiting.opened)).close();
    assert.equal(lives(child), false);
  });

  it('leaves one that works alone, however long it lasts and whatever the wall clock says', async () => {
    const path = newPath();
    const child = await holding(path);
    const waiting = waitFor(path);
    const file = `${path}.holder.json`;
    const seen = new Set<number>();
    await until('five signs of life', () => seen.add(statSync(file).mtimeMs).size > 5);
    assert.ok(lives(child));
    assert.deepEqual(waiting.said.length, 1);
    await givenUp(waiting);
    await killed(child);
  });

  it('a sign with a time in the past is one, too', async () => {
    const path = newPath();
    const child = await holding(path);
    child.kill('SIGSTOP');
    const waiting = waitFor(path);
    const file = `${path}.holder.json`;
    // Signs for longer than a silence may last; the stamps go backwards, as after a clock that was set back.
    const begun = performance.now();
    let stamp = 1_000_000;
    await until('time goes by', () => {
      stamp -= 1;
      utimesSync(file, stamp, stamp);
      return performance.now() - begun > HUNG_AFTER_MS * 1.5;
    });
    assert.ok(lives(child));
    await (await deskOf(waiting.opened)).close();
    assert.equal(lives(child), false);
  });

  for (const [what, environment, why] of [
    ['one of another machine', `export HOLDER='{"host":"elsewhere"}'`, / on elsewhere since \S+ has shown no life for 1s: it runs on another machine; end it there$/],
    ['one of before the machine was started', `export HOLDER='{"bootId":"earlier"}'`, /has shown no life for 1s: it is none that can be killed from here$/],
  ] as const) {
    it(`does not kill ${what}`, async () => {
      const path = newPath();
      const child = await holding(path, environment);
      child.kill('SIGSTOP');
      const waiting = waitFor(path, 1_000);
      await says(waiting, why);
      assert.ok(lives(child));
      await givenUp(waiting);
      await killed(child);
    });
  }

  it('does not kill whoever has the pid of a holder that is gone', async () => {
    const path = newPath();
    const child = await holding(path, `export HOLDER='{"startTime":"1"}'`);
    child.kill('SIGSTOP');
    const waiting = waitFor(path, 200);
    await says(waiting, /^standing by: registry \S+ is in use by another process$/);
    await waiting.looks(20);
    assert.equal(waiting.said.length, 1);
    assert.ok(lives(child));
    await givenUp(waiting);
    await killed(child);
  });

  it('does not kill a command, which gives no signs of life', async () => {
    const path = newPath();
    const child = await holding(path, 'export AS=command');
    child.kill('SIGSTOP');
    const waiting = waitFor(path, 200);
    await says(waiting, /^standing by: /);
    await waiting.looks(20);
    assert.ok(lives(child));
    await givenUp(waiting);
    await killed(child);
  });

  it('takes it at once where nobody has it, and names itself', async () => {
    const path = newPath();
    const waiting = waitFor(path);
    const desk = await deskOf(waiting.opened);
    assert.ok(existsSync(`${path}.holder.json`));
    assert.deepEqual(waiting.said, []);
    await desk.close();
    assert.equal(existsSync(`${path}.holder.json`), false);
  });
});
