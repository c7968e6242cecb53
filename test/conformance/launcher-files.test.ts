import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { PortError } from '../../src/domain/failures.ts';
import { createLocalProcessLauncher } from '../../src/launchers/local-process/launcher.ts';
import { parseRunnerResult } from '../../src/protocol/runner-result.ts';
import type { Inspection, LaunchIntent, RunnerHandle } from '../../src/ports/launcher.ts';
import { ask, exitOf, intentFor, newRunnerId, outputOf, run, said, startOf } from './launcher/fixture.ts';
import { makeLocal, processes, type LocalFixture } from './launcher/local-process.ts';

const withLocal = (body: (fixture: LocalFixture) => Promise<void>) => async () => {
  const fixture = await makeLocal();
  try {
    await body(fixture);
  } finally {
    await fixture.end();
  }
};

const refusal = async (fixture: LocalFixture, intent: LaunchIntent): Promise<PortError> => {
  const result = await ask<RunnerHandle>((reply) => fixture.launcher.start(intent, reply));
  assert.ok(!result.ok, 'it was started');
  return result.error;
};

describe('a command that cannot be started', () => {
  const file = (fixture: LocalFixture, name: string, text: string, mode: number): string => {
    const path = join(fixture.root, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };

  it('is named, with what to mend: absent, not executable, no program, no interpreter, a folder', withLocal(async (fixture) => {
    const cases = [
      [['foo-is-absent'], /^command not found: foo-is-absent/],
      [[join(fixture.root, 'absent')], /^command not found: .*absent/],
      [[file(fixture, 'plain', '#!/bin/sh\n', 0o644)], /^command not executable: .*permission denied/],
      [[file(fixture, 'text', 'echo a shell would run this\n', 0o755)], /^command not executable: .*no program/],
      [[file(fixture, 'script', '#!/no/such/interpreter\n', 0o755)], /^command not found: .*interpreter/],
      [[fixture.cwd], /^command not executable/],
      [['sh', '-c', 'true', 'x'.repeat(200_000)], /longer than the system allows/],
    ] as const;
    for (const [command, message] of cases) {
      const error = await refusal(fixture, intentFor(fixture, command));
      assert.equal(error.kind, 'permanent', error.message);
      assert.match(error.message, message);
      assert.ok(!error.message.includes('\n'));
    }
  }));

  it('says so of a working directory that is not there', withLocal(async (fixture) => {
    const error = await refusal(fixture, intentFor(fixture, ['true'], { cwd: join(fixture.root, 'nowhere') }));
    assert.equal(error.kind, 'permanent');
    assert.match(error.message, /working directory .*nowhere.*No such file/);
  }));

  it('says so of a run directory that cannot be made', withLocal(async (fixture) => {
    writeFileSync(join(fixture.root, 'file'), '');
    const error = await refusal(fixture, intentFor(fixture, ['true'], { runDir: join(fixture.root, 'file', 'run') }));
    assert.equal(error.kind, 'permanent');
    assert.match(error.message, /run directory .*Not a directory/);
  }));

  it('is searched for in the PATH it is given, the working directory included where that is named', withLocal(async (fixture) => {
    const bin = join(fixture.root, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'tool'), '#!/bin/sh\nexit 11\n', { mode: 0o755 });
    mkdirSync(join(fixture.root, 'denied'));
    writeFileSync(join(fixture.root, 'denied', 'tool'), '', { mode: 0o600 });
    const paths = [`/nowhere:${join(fixture.root, 'denied')}:${bin}:/bin`, `:/bin`];
    const tool = { PATH: paths[0] ?? '' };
    assert.equal((await exitOf(fixture.launcher, await startOf(fixture.launcher, intentFor(fixture, ['tool'], { env: tool })))).exitCode, 11);
    const here = intentFor(fixture, ['tool'], { env: { PATH: paths[1] ?? '' }, cwd: bin });
    assert.equal((await exitOf(fixture.launcher, await startOf(fixture.launcher, here))).exitCode, 11);
    assert.equal((await refusal(fixture, intentFor(fixture, ['tool'], { env: {} }))).kind, 'permanent');
  }));
});

describe('the run directory', () => {
  it('holds context and output, for the owner alone', withLocal(async (fixture) => {
    const context = `{"text":"${'ä'.repeat(150_000)}"}`;
    const intent = intentFor(fixture, ['cat', join(fixture.runDir(newRunnerId()), 'nothing')], { context });
    await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    assert.equal(readFileSync(join(intent.runDir, 'context.json'), 'utf8'), context);
    const modes = ['.', 'context.json', 'output.log'].map((name) => statSync(join(intent.runDir, name)).mode & 0o777);
    assert.deepEqual(modes, [0o700, 0o600, 0o600]);
  }));

  it('of a runner that left nothing serves the next, with nothing of the old in it', withLocal(async (fixture) => {
    const first = intentFor(fixture, ['true'], { context: '{"long":"context of the first"}' });
    await exitOf(fixture.launcher, await startOf(fixture.launcher, first));
    const inode = statSync(first.runDir).ino;
    fixture.launcher.forget(first.runnerId);
    const second = intentFor(fixture, ['sh', '-c', 'echo said; touch "$RUN_DIR/own"'], { context: '{}' });
    await exitOf(fixture.launcher, await startOf(fixture.launcher, second));
    assert.equal(statSync(second.runDir).ino, inode);
    assert.equal(readFileSync(join(second.runDir, 'context.json'), 'utf8'), '{}');
    assert.equal((await outputOf(fixture.launcher, first.runDir)).length, 0);
    fixture.launcher.forget(second.runnerId);
    const third = intentFor(fixture, ['true']);
    await exitOf(fixture.launcher, await startOf(fixture.launcher, third));
    assert.equal(readFileSync(join(second.runDir, 'output.log'), 'utf8'), 'said\n');
  }));

  it('of a runner that failed stays, silent or not', withLocal(async (fixture) => {
    const first = intentFor(fixture, ['false']);
    await exitOf(fixture.launcher, await startOf(fixture.launcher, first));
    fixture.launcher.forget(first.runnerId);
    await run(fixture, { do: 'exit', code: 0 });
    assert.ok(statSync(join(first.runDir, 'context.json')).isFile());
  }));
});

describe('a result that is none', () => {
  const leaving = async (make: string): Promise<string> => {
    const fixture = await makeLocal();
    try {
      writeFileSync(join(fixture.root, 'secret'), '{"status":"done"}');
      const intent = intentFor(fixture, ['sh', '-c', `cd "$RUN_DIR" && ${make}`]);
      const exit = await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
      assert.equal(exit.exitCode, 0);
      assert.ok(exit.result !== null);
      return exit.result;
    } finally {
      await fixture.end();
    }
  };
  for (const [what, make, message] of [
    ['a link', 'ln -s ../../secret result.json', /symbolic link/],
    ['a dangling link', 'ln -s nowhere result.json', /symbolic link/],
    ['a named pipe', 'mkfifo result.json', /not a regular file/],
    ['a folder', 'mkdir result.json', /not a regular file/],
    ['2 MB long', 'head -c 2000000 /dev/zero | tr "\\0" " " > result.json', /longer than 1 MiB/],
  ] as const) {
    it(`is refused by the parser, and says why: ${what}`, async () => {
      const text = await leaving(make);
      assert.match(text, message);
      assert.equal(parseRunnerResult(text).ok, false);
    });
  }
});

describe('opening', () => {
  it('says in one line what is missing', withLocal(async (fixture) => {
    const options = { stateDir: fixture.root, registryId: fixture.registry, processes };
    const noPerl = await createLocalProcessLauncher({ ...options, perl: '/no/perl' });
    assert.ok(!noPerl.ok && noPerl.error.kind === 'permanent' && noPerl.error.message.includes('/no/perl'));
    const badPerl = await createLocalProcessLauncher({ ...options, perl: 'false' });
    assert.ok(!badPerl.ok && badPerl.error.message.includes('ended at once'));
    symlinkSync('/dev/null', join(fixture.root, 'nofolder'));
    const noFolder = await createLocalProcessLauncher({ ...options, stateDir: join(fixture.root, 'nofolder') });
    assert.ok(!noFolder.ok && noFolder.error.message.includes('nofolder'));
  }));

  it('survives a journal torn in mid-line and lines from nowhere', withLocal(async (fixture) => {
    const intent = intentFor(fixture, { do: 'hang' });
    await startOf(fixture.launcher, intent);
    await said(fixture.launcher, intent.runDir, 'ready');
    writeFileSync(join(fixture.root, 'fork-servers', `${fixture.registry}.0-torn.journal`), 'H\t1\t2\nnonsense\n\n\tX\t\t\n%%%\nS\tx\t1');
    const next = await fixture.reopen();
    const found = await ask<Inspection>((reply) => next.inspect(intent.runnerId, intent.runDir, reply));
    assert.ok(found.ok && found.value.kind === 'alive');
  }));
});
