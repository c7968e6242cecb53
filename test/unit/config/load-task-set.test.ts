import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loaded, refused } from './task-set-text.ts';

const FULL = `
name: chat-app
repo: ../chat
weight: 2
max_concurrency: 3
defaults:
  required_skill: backend
  priority: 5
  env: { CI: "1", MODE: fast }
  retry: { max_attempts: 5, jitter: 0 }
  resources: { cpu: 500m, memory: 1Gi }
  timeout: 30m
tasks:
  - id: "1.10"
    title: Set up
    description: |
      Two
      lines
    command: [make, setup]
    priority: 0
  - id: build/api
    dependencies: ["1.10", other-set/7, "1.10"]
    required_skill: null
    command:
      - make
      - -j
      - 4
    env: { MODE: 0755, DEBUG: true }
    resources: { memory: 256 }
    timeout: 90
    stall_timeout: 1m
    retry: { initial_interval: 500ms, backoff_base: 3, max_interval: 1m }
    concurrency_key: database
    optional: true
    metadata: { ticket: 12, nested: { a: [1, null] } }
`;

describe('a task set', () => {
  it('is read with everything it says, defaults merged', () => {
    assert.deepEqual(loaded(FULL), {
      name: 'chat-app',
      repo: '../chat',
      weight: 2,
      maxConcurrency: 3,
      tasks: [
        {
          id: '1.10',
          title: 'Set up',
          description: 'Two\nlines\n',
          dependencies: [],
          requiredSkill: 'backend',
          priority: 0,
          command: ['make', 'setup'],
          env: { CI: '1', MODE: 'fast' },
          resources: { cpu: 0.5, memory: 1024 },
          timeoutMs: 1_800_000,
          stallTimeoutMs: null,
          retry: { maxAttempts: 5, jitter: 0 },
          concurrencyKey: null,
          optional: false,
          group: false,
          metadata: {},
        },
        {
          id: 'build/api',
          title: 'build/api',
          description: '',
          dependencies: ['chat-app/1.10', 'other-set/7'],
          requiredSkill: 'backend',
          priority: 5,
          command: ['make', '-j', '4'],
          env: { CI: '1', MODE: '0755', DEBUG: 'true' },
          resources: { cpu: 0.5, memory: 256 },
          timeoutMs: 90_000,
          stallTimeoutMs: 60_000,
          retry: { maxAttempts: 5, jitter: 0, initialIntervalMs: 500, backoffBase: 3, maxIntervalMs: 60_000 },
          concurrencyKey: 'database',
          optional: true,
          group: false,
          metadata: { ticket: 12, nested: { a: [1, null] } },
        },
      ],
      done: [],
    });
  });

  it('is read from JSON just as well', () => {
    const text = JSON.stringify({ name: 'x', tasks: [{ id: '1.10', command: ['a', 1.5, '\u00e9"'] }] }, null, '\t');
    assert.deepEqual(loaded(text).tasks[0]?.command, ['a', '1.5', '\u00e9"']);
  });

  it('has the same content with a byte order mark, with CR LF, and with aliases written out', () => {
    const plain = loaded('name: x\ntasks:\n  - id: a\n    env: {A: b}\n  - id: c\n    env: {A: b}\n');
    const windows = '\uFEFFname: x\r\ntasks:\r\n  - {id: a, env: {A: b}}\r\n  - {id: c, env: {A: b}}\r\n';
    assert.deepEqual(loaded(windows), plain);
    assert.deepEqual(loaded('name: x\ntasks:\n  - id: a\n    env: &e {A: b}\n  - id: c\n    env: *e\n'), plain);
  });

  it('keeps numbers among arguments and variables as they are written', () => {
    const command = '[v, 1.10, 1e3, 0x1F, .5, -0]';
    const env = '{N: 1.10, A: &n 0o7, B: *n}';
    const task = loaded(`name: x\ntasks: [{id: a, title: 007, command: ${command}, env: ${env}}]`).tasks[0];
    assert.deepEqual(task?.command, ['v', '1.10', '1e3', '0x1F', '.5', '-0']);
    assert.deepEqual(task?.env, { N: '1.10', A: '0o7', B: '0o7' });
    assert.equal(task?.title, '007');
  });

  it('takes an id of its own for one before it looks for another set', () => {
    const tasks = loaded('name: x\ntasks: [{id: a/b}, {id: c, dependencies: [a/b, x/a/b, y/a/b]}]').tasks;
    assert.deepEqual(tasks[1]?.dependencies, ['x/a/b', 'y/a/b']);
  });

  it('may hold cycles when they are forced', () => {
    const text = 'name: x\ntasks: [{id: a, dependencies: [b]}, {id: b, dependencies: [a]}, {id: c, dependencies: [c]}]';
    assert.deepEqual(loaded(text, { force: true }).tasks[0]?.dependencies, ['x/b']);
  });

  it('does no harm with keys that JavaScript knows', () => {
    const set = loaded('name: x\ntasks: [{id: constructor, metadata: {constructor: 1, toString: 2}}]');
    const metadata = set.tasks[0]?.metadata;
    assert.deepEqual(Object.entries(metadata ?? {}), [['constructor', 1], ['toString', 2]]);
    assert.deepEqual(refused('name: x\ntasks:\n  - id: a\n    metadata: {"__proto__": {polluted: 1}}'), [
      'plan.yaml:4: the key "__proto__" is not accepted; give it another name',
    ]);
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  });
});

type Refusal = readonly [what: string, text: string, lines: readonly string[]];

const REFUSALS: readonly Refusal[] = [
  [
    'a number as an id',
    'name: x\ntasks:\n\n  - id: 1.10\n',
    ['plan.yaml:4: tasks[0].id: id 1.10 reads as the number 1.1; write "1.10"'],
  ],
  [
    'a long number as an id in JSON',
    '{\n "name": "x",\n "tasks": [\n  {\n   "id": 12345678901234567890}]}',
    ['plan.yaml:5: tasks[0].id: id 12345678901234567890 reads as the number 12345678901234567000; write "12345678901234567890"'],
  ],
  [
    'booleans and null as ids',
    'name: x\ntasks:\n  - id: true\n  - id: null\n  - id:\n',
    [
      'plan.yaml:3: tasks[0].id: id true reads as the boolean true; write "true"',
      'plan.yaml:4: tasks[1].id: id null reads as nothing (null); write "null"',
      'plan.yaml:5: tasks[2].id: found nothing; expected id as text; write one',
    ],
  ],
  [
    'numbers among dependencies',
    'name: x\ntasks:\n  - id: "1"\n  - id: "2"\n    dependencies:\n      - "1"\n      - 1.0\n',
    ['plan.yaml:7: tasks[1].dependencies[1]: dependency 1.0 reads as the number 1; write "1.0"'],
  ],
  [
    'the same id twice',
    'name: x\ntasks:\n  - id: a\n  - id: b\n  - id: a\n',
    ['plan.yaml:5: tasks[2].id: id "a" is that of tasks[0], too; expected an id of its own; rename one of them'],
  ],
  [
    'a dependency that does not exist',
    'name: x\ntasks:\n  - id: build\n  - id: test\n    dependencies: [biuld, nothing-like-it]\n',
    [
      `plan.yaml:5: tasks[1].dependencies[0]: no task of this set has the id "biuld"; expected one of its ids, or set/id for another set's; did you mean "build"?`,
      `plan.yaml:5: tasks[1].dependencies[1]: no task of this set has the id "nothing-like-it"; expected one of its ids, or set/id for another set's; add the task, or drop the dependency`,
    ],
  ],
  [
    'a dependency on an unknown task of the same set by its full name',
    'name: x\ntasks: [{id: build, dependencies: [x/biuld]}]',
    [
      `plan.yaml:2: tasks[0].dependencies[0]: no task of this set has the id "biuld"; expected one of its ids, or set/id for another set's; did you mean "build"?`,
    ],
  ],
  [
    'a cycle, by its path',
    'name: x\ntasks:\n  - id: a\n    dependencies: [c]\n  - id: b\n    dependencies: [a]\n  - id: c\n    dependencies: [b]\n',
    [
      'plan.yaml:4: tasks[0].dependencies: these tasks wait for each other: a → c → b → a; expected no cycle; drop one of these dependencies',
    ],
  ],
  [
    'a task that waits for itself',
    'name: x\ntasks:\n  - id: a\n    dependencies: [a]\n',
    ['plan.yaml:4: tasks[0].dependencies: task "a" depends on itself; expected other tasks; drop this dependency'],
  ],
  [
    'a command as text',
    'name: x\ntasks:\n  - id: a\n    command: make all\n',
    [
      'plan.yaml:4: tasks[0].command: found make all; expected a list of arguments; write ["sh", "-c", "…"] or one argument a line, each after "- "',
    ],
  ],
  [
    'a command without a program',
    'name: x\ntasks:\n  - id: a\n    command: [""]\n',
    ['plan.yaml:4: tasks[0].command: found a list; expected the name of a program as first argument'],
  ],
  [
    'a dependency as text',
    'name: x\ntasks: [{id: a}, {id: b, dependencies: a}]',
    ['plan.yaml:2: tasks[1].dependencies: found a; expected a list of ids; write ["first", "second"], or [] for none'],
  ],
  [
    'wrong types and sizes',
    'name: x\ntasks:\n  - id: a\n    priority: high\n    timeout: soon\n    optional: "no"\n    retry: { max_attempts: 0 }\n    resources: { memory: lots }\n',
    [
      'plan.yaml:4: tasks[0].priority: found high; expected a whole number from -1000000000 to 1000000000',
      'plan.yaml:5: tasks[0].timeout: found soon; expected a duration: seconds, or a number with ms, s, m, h or d such as "500ms", "30s", "5m", "2h"',
      'plan.yaml:6: tasks[0].optional: found "no"; expected true or false',
      'plan.yaml:7: tasks[0].retry.max_attempts: found 0; expected a whole number from 1 to 1000000',
      'plan.yaml:8: tasks[0].resources.memory: found lots; expected memory: MB, or a number with Ki, Mi, Gi or Ti such as "512Mi", "2Gi"',
    ],
  ],
  [
    'a missing name, with the line where the set begins',
    '# a set\n\ntasks: [{id: a}]',
    ['plan.yaml:3: name: missing; expected name as text'],
  ],
  [
    'names that would break keys, lines and paths',
    'name: a/b\ntasks: [{id: " x"}, {id: ""}, {id: "a\\u0007b"}, {id: ..}]',
    [
      'plan.yaml:1: name: found a/b; expected name with no "/", which parts the set from the id in "set/id"',
      'plan.yaml:2: tasks[0].id: found " x"; expected id with no space at the start or end',
      'plan.yaml:2: tasks[1].id: found ""; expected id with at least one character',
      'plan.yaml:2: tasks[2].id: found "a\\u0007b"; expected id with visible characters only, on one line',
      'plan.yaml:2: tasks[3].id: found ..; expected id with a name other than "." and ".."',
    ],
  ],
  ['no tasks', 'name: x\ntasks: []\n', ['plan.yaml:2: tasks: found a list; expected at least one task']],
  [
    'a set without tasks:',
    'name: x\n',
    ['plan.yaml:1: tasks: missing; expected a list of tasks; write tasks: and below it one task after each "- "'],
  ],
  [
    'a variable without a value',
    'name: x\ntasks:\n  - id: a\n    env:\n      EMPTY:\n      "A=B": x\n',
    ['plan.yaml:5: tasks[0].env.EMPTY: found nothing; expected text; write "" for an empty value'],
  ],
  [
    'a variable that no shell could name',
    'name: x\ntasks:\n  - id: a\n    env:\n      "A=B": x\n',
    [
      'plan.yaml:5: tasks[0].env["A=B"]: the name of an environment variable has an "=" or control character, or is empty; rename it',
    ],
  ],
];

describe('a task set is refused for', () => {
  for (const [what, text, lines] of REFUSALS) {
    it(what, () => {
      assert.deepEqual(refused(text), lines);
    });
  }

  it('an unknown key, naming the nearest known one', () => {
    const [line] = refused('name: x\ntasks:\n  - id: a\n    dependancies: []\n');
    assert.match(line ?? '', /^plan\.yaml:4: tasks\[0\]\.dependancies: unknown key "dependancies"; expected one of id, /);
    assert.match(line ?? '', /did you mean "dependencies"\?$/);
  });

  it('an unknown key with nothing near it', () => {
    const [line] = refused('name: x\nversion: 3\ntasks: [{id: a}]');
    assert.match(line ?? '', /^plan\.yaml:2: version: unknown key .*; take it out$/);
  });

  it('more than ten things, of which ten are told', () => {
    const lines = refused(`name: x\ntasks:\n${'  - id: 1\n'.repeat(25)}`);
    assert.equal(lines.length, 11);
    assert.equal(lines[9], 'plan.yaml:12: tasks[9].id: id 1 reads as the number 1; write "1"');
    assert.equal(lines[10], 'and 15 more');
  });
});
