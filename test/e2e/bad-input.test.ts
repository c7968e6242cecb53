import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { inProject, type Project } from './project.ts';

/** One line that begins with `error:`, and none of a stack. */
const assertOneError = (stderr: string, says: RegExp): void => {
  assert.match(stderr, /^error: [^\n]+\n$/);
  assert.match(stderr, says);
  assert.doesNotMatch(stderr, /\n\s+at |node:internal|node_modules/);
};

const set = (tasks: string): string => `name: p\ntasks:\n${tasks}`;

const SETS: Readonly<Record<string, { readonly text: string | Uint8Array; readonly says: RegExp }>> = {
  'an unknown key': { text: set('  - id: a\n    comand: ["true"]\n'), says: /bad\.yaml:4: .*comand.*command/ },
  'a wrong type': { text: set('  - id: a\n    command: "true"\n'), says: /bad\.yaml:4: .*command/ },
  'a number as an id': { text: set('  - id: 1.10\n    command: ["true"]\n'), says: /bad\.yaml:3: .*1\.10 reads as the number 1\.1; write "1\.10"/ },
  'the same id twice': { text: set('  - id: a\n    command: ["true"]\n  - id: a\n    command: ["true"]\n'), says: /bad\.yaml:5: .*"?a"?/ },
  'a dependency that is not there': { text: set('  - id: a\n    dependencies: [b]\n    command: ["true"]\n'), says: /bad\.yaml:4: .*"?b"?/ },
  'a cycle': {
    text: set('  - id: a\n    dependencies: [b]\n    command: ["true"]\n  - id: b\n    dependencies: [a]\n    command: ["true"]\n'),
    says: /bad\.yaml:\d: .*(a → b → a|a -> b -> a)/,
  },
  'a task that needs itself': { text: set('  - id: a\n    dependencies: [a]\n    command: ["true"]\n'), says: /bad\.yaml:4: / },
  'nothing': { text: '', says: /bad\.yaml.* is empty/ },
  'no tasks': { text: 'name: p\ntasks: []\n', says: /bad\.yaml:2: .*at least one task/ },
  'half a line': { text: 'name: p\ntasks:\n  - id: "a\n', says: /bad\.yaml:\d+: / },
  'bytes': { text: Uint8Array.from({ length: 4096 }, (_, i) => (i * 37) % 256), says: /bad\.yaml.* binary file/ },
  'a program': { text: readFileSync(process.execPath).subarray(0, 1 << 20), says: /bad\.yaml.* binary file/ },
  'a slash in its name': { text: 'name: a/b\ntasks: [{ id: a, command: ["true"] }]\n', says: /bad\.yaml:1: / },
};

/** What a registry's folder holds, as one text. */
const contents = (project: Project): string =>
  project.has('.dispatcher') ? createHash('sha256').update(readFileSync(project.path('.dispatcher/registry.db'))).digest('hex') : 'none';

describe('a task set that is wrong: one line, exit 2, nothing made', { concurrency: 4 }, () => {
  for (const [what, { text, says }] of Object.entries(SETS)) {
    test(what, inProject({}, async (project) => {
      await project.write('bad.yaml', text);
      const ended = await project.expect(2, 'run', 'bad.yaml');
      assertOneError(ended.stderr, says);
      assert.equal(ended.stdout, '');
      assert.equal(project.has('.dispatcher'), false);
      assert.equal(project.has('slots'), false);
    }));
  }

  test('50 MB of garbage, in whichever form it comes', inProject({}, async (project) => {
    const size = 50 << 20;
    await project.write('letters.yaml', Buffer.alloc(size, 'x'));
    await project.write('brackets.yaml', Buffer.alloc(size, '['));
    await project.write('colons.yaml', Buffer.alloc(size, 'a: '));
    await project.write('lines.yaml', Buffer.alloc(size, '- x\n'));
    for (const file of ['letters.yaml', 'brackets.yaml', 'colons.yaml', 'lines.yaml']) {
      assertOneError((await project.expect(2, 'run', file)).stderr, new RegExp(file.replace('.', '\\.')));
    }
    assert.equal(project.has('.dispatcher'), false);
  }));

  test('a file that is not there, a folder, a set beside one that is registered', inProject({}, async (project) => {
    mkdirSync(project.path('folder'));
    assertOneError((await project.expect(2, 'run', 'missing.yaml')).stderr, /missing\.yaml.*no such file/);
    assertOneError((await project.expect(2, 'run', 'folder')).stderr, /folder.*is a directory/);
    assert.equal(project.has('.dispatcher'), false);
    await project.expect(0, 'run', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    const before = contents(project);
    await project.write('bad.yaml', set('  - id: 7\n    command: ["true"]\n'));
    for (const command of ['run', 'submit', 'validate']) assertOneError((await project.expect(2, command, 'bad.yaml')).stderr, /"7"/);
    assert.equal(contents(project), before);
  }));

  test('several faults are told a line each', inProject({}, async (project) => {
    await project.write('bad.yaml', set('  - id: 1\n    comand: ["true"]\n  - id: b\n    priority: high\n'));
    const { stderr } = await project.expect(2, 'validate', 'bad.yaml');
    const lines = stderr.split('\n').slice(0, -1);
    assert.equal(lines.length, 3, stderr);
    for (const line of lines) assert.match(line, /^error: bad\.yaml:\d+: /);
  }));
});

describe('a configuration that is wrong: one line, exit 2, nothing made', { concurrency: 4 }, () => {
  const CONFIGURATIONS: Readonly<Record<string, readonly [string, RegExp]>> = {
    'an unknown key': ['dispatcher:\n  pol_interval: 5\n', /own\.yaml:2: .*poll_interval/],
    'a wrong type': ['dispatcher:\n  max_global_concurrency: many\n', /own\.yaml:2: /],
    'a pool that is not there': ['skill_mapping:\n  x: [nowhere]\n', /own\.yaml:2: .*nowhere/],
    'an unset variable': ['registry:\n  path: ${NOT_SET_ANYWHERE}\n', /own\.yaml:2: .*NOT_SET_ANYWHERE/],
    'half a line': ['dispatcher: {', /own\.yaml:\d/],
    'bytes': ['\0\0\0', /own\.yaml.*binary/],
  };
  for (const [what, [text, says]] of Object.entries(CONFIGURATIONS)) {
    test(what, inProject({}, async (project) => {
      await project.write('own.yaml', text);
      const file = await project.plan('p', [{ id: 'a', command: ['true'] }]);
      for (const args of [['run', file], ['status']]) {
        assertOneError((await project.expect(2, ...args, '-c', 'own.yaml')).stderr, says);
      }
      assert.equal(project.has('.dispatcher'), false);
    }));
  }

  test('a file that is not there, a folder', inProject({}, async (project) => {
    assertOneError((await project.expect(2, 'status', '-c', 'missing.yaml')).stderr, /missing\.yaml.*no such file/);
    assertOneError((await project.expect(2, 'status', '-c', '.')).stderr, /is a directory/);
  }));
});

describe('usage that is wrong', { concurrency: 4 }, () => {
  test('says so on stderr, exit 2', inProject({}, async (project) => {
    const wrong = [['fly'], ['run'], ['run', 'a', 'b'], ['tasks', '--sate', 'done'], ['events', '--after', 'x'], ['task'], []];
    for (const args of wrong) {
      const ended = await project.expect(2, ...args);
      assert.ok(ended.stderr.length > 0, args.join(' '));
      assert.doesNotMatch(ended.stderr, /\n\s+at /);
      assert.equal(ended.stdout, '');
    }
    assert.match((await project.expect(0, '--version')).stdout, /^\d+\.\d+\.\d+\n$/);
    assert.match((await project.expect(0, 'run', '--help')).stdout, /--redo-changed/);
    assertOneError((await project.expect(2, 'run', 'p.json', '--keep', '--redo-changed')).stderr, /opposite/);
  }));
});
