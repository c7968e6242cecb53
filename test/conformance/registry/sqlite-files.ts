import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PortError } from '../../../src/domain/failures.ts';
import type { TaskRegistry } from '../../../src/ports/task-registry.ts';
import { openRegistry, openRegistryForReading, openRegistryForWriting } from '../../../src/registry/open.ts';
import { ask, Desk, must, refused, type Asked } from './desk.ts';
import { holder } from './samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'registry-sqlite-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A path for a registry, in a folder that does not exist yet. */
export const newPath = (): string => {
  files += 1;
  return join(folder, `${files}`, 'registry.db');
};

// What a test that failed half-way has left behind; a thread or a process would keep the run from ending.
const open: TaskRegistry[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const registry of open.splice(0)) await ask<null>((reply) => registry.close(reply));
});

/** Closes it after the test, if the test has not. */
export const leftOver = (registry: TaskRegistry): void => {
  open.push(registry);
};

/** A desk before what was opened. */
export const deskOf = async (opened: Asked<TaskRegistry>): Promise<Desk> => {
  const registry = await must(opened);
  leftOver(registry);
  return new Desk(registry);
};

export const tryOpen = (path: string): Asked<TaskRegistry> => openRegistry({ path, synchronous: 'normal', holder });

/** A program of this folder in a process of its own. `shell`: what a shell is to do before it. */
export const start = (program: string, path: string, shell?: string): ChildProcess => {
  const script = fileURLToPath(new URL(`./${program}.ts`, import.meta.url));
  const argv = [process.execPath, script, path];
  const command = shell === undefined ? argv : ['sh', '-c', `${shell}; exec "$@"`, 'sh', ...argv];
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
};

export const linesOf = (child: ChildProcess): AsyncIterable<string> => {
  assert.ok(child.stdout);
  return createInterface({ input: child.stdout });
};

export const firstLine = async (child: ChildProcess): Promise<string> => {
  for await (const line of linesOf(child)) return line;
  throw new Error('the process ended without a word');
};

export const killed = async (child: ChildProcess): Promise<void> => {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
};

/** The error of opening in any way that writes; both have to agree. */
export const refusedToWrite = async (path: string): Promise<PortError> => {
  const error = await refused(tryOpen(path));
  const other = await refused(openRegistryForWriting({ path, synchronous: 'normal', holder }));
  assert.deepEqual(other, error);
  assert.doesNotMatch(error.message, /\n/);
  return error;
};

export const refusedToRead = async (path: string): Promise<PortError> => {
  const error = await refused(openRegistryForReading({ path }));
  assert.doesNotMatch(error.message, /\n/);
  return error;
};
