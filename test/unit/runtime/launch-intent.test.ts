import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runnerId } from '../../../src/domain/ids.ts';
import type { TaskDefinition } from '../../../src/domain/task.ts';
import { launchIntent, type IntentRequest } from '../../../src/runtime/launch-intent.ts';
import { dockerEngine } from '../../engines.ts';
import { claimOf, openAttempt, poolSettings, readyTask, slot } from '../../model/samples.ts';

const ID = runnerId('a1b2c3d4-app-build-1');

const request = (task: Partial<TaskDefinition> = {}, rest: Partial<IntentRequest> = {}): IntentRequest => ({
  runnerId: ID,
  pool: poolSettings(),
  claim: claimOf(readyTask('build'), task),
  slot: slot(),
  runDir: `/runs/${ID}`,
  baseEnv: { PATH: '/bin' },
  protocol: null,
  timeoutMs: 90_000,
  ...rest,
});

const intentOf = (...given: Parameters<typeof request>) => {
  const intent = launchIntent(request(...given));
  assert.ok(intent.ok, JSON.stringify(intent));
  return intent.value;
};

describe('the command of a runner', () => {
  it('is the task\'s own, or else the pool\'s', () => {
    const pool = poolSettings({ command: ['agent'] });
    assert.deepEqual(intentOf({ command: ['make'] }, { pool }).command, ['make']);
    assert.deepEqual(intentOf({ command: null }, { pool }).command, ['agent']);
  });

  it('that nobody gave is a permanent error which says how to mend it', () => {
    for (const command of [null, []]) {
      const intent = launchIntent(request({ command }));
      assert.ok(!intent.ok);
      assert.equal(intent.error.kind, 'permanent');
      assert.match(intent.error.message, /^app\/build has no command and pool local has none either; give/);
    }
  });

  it('takes what is between braces as it is, one argument for one argument', () => {
    const title = 'a "b" $(rm -rf /) {{task.id}}\n;';
    const { command } = intentOf({ title, command: ['say', '{{task.title}}', 'in {{ slot.path }}/{{attempt}}'] });
    assert.deepEqual(command, ['say', title, 'in /slots/slot-1/1']);
  });

  it('leaves alone what it does not know, whatever objects have by nature', () => {
    const command = ['x', '{{task.nothing}}', '{{constructor}}', '{{to_string}}', '{{__proto__}}', '{{valueof}}'];
    assert.deepEqual(intentOf({ command }).command, command);
  });
});

describe('the environment of a runner', () => {
  it('is the allow-list, then the pool\'s, then the task\'s, and ours last', () => {
    const { env } = intentOf(
      { env: { B: 'task', C: 'task', RUNNER_ID: 'forged' } },
      { pool: poolSettings({ env: { A: 'pool', B: 'pool', PATH: '/pool' } }), protocol: { url: 'http://127.0.0.1:7420', token: 'secret' } },
    );
    const { TASK_CONTEXT: _, ...rest } = env;
    assert.deepEqual(rest, {
      PATH: '/pool',
      A: 'pool',
      B: 'task',
      C: 'task',
      RUNNER_ID: ID,
      TASK_CONTEXT_FILE: `/runs/${ID}/context.json`,
      RUN_DIR: `/runs/${ID}`,
      POOL_NAME: 'local',
      TASK_ID: 'build',
      SPEC_NAME: 'app',
      ATTEMPT: '1',
      SLOT_ID: 'slot-1',
      SLOT_PATH: '/slots/slot-1',
      DISPATCHER_URL: 'http://127.0.0.1:7420',
      RUNNER_TOKEN: 'secret',
    });
  });

  it('names no address where none is served', () => {
    for (const name of ['DISPATCHER_URL', 'RUNNER_TOKEN']) assert.ok(!(name in intentOf().env));
  });

  it('has the context unless it is too long, in bytes', () => {
    const short = intentOf({ description: 'x'.repeat(90 * 1024) });
    assert.equal(short.env['TASK_CONTEXT'], short.context);
    for (const description of ['x'.repeat(101 * 1024), '字'.repeat(40 * 1024)]) {
      const long = intentOf({ description });
      assert.ok(!('TASK_CONTEXT' in long.env));
      assert.ok(long.context.includes(description), 'the file still has it');
    }
  });
});

describe('the context of a runner', () => {
  it('says everything of the contract', () => {
    const claim = {
      ...claimOf(readyTask('build', { fence: 1 }), {
        description: 'how',
        resources: { cpu: 2, memory: null },
        metadata: { requirements: ['1.2'], more: true },
      }),
      repo: 'https://example.test/repo.git',
      previous: [{ ...openAttempt(readyTask('build'), runnerId('r1')).attempt, end: 'failed' as const, reason: 'exit code 1' }],
    };
    const context: unknown = JSON.parse(intentOf({}, { claim }).context);
    assert.deepEqual(context, {
      schema_version: 1,
      spec_name: 'app',
      task_id: 'build',
      task_title: 'build',
      task_description: 'how',
      dependencies: [],
      required_skill: null,
      attempt: 2,
      runner_id: ID,
      pool_name: 'local',
      slot_id: 'slot-1',
      slot_path: '/slots/slot-1',
      repo_url: 'https://example.test/repo.git',
      branch_name: null,
      requirements: ['1.2'],
      previous_attempts: [
        {
          attempt: 1,
          runner_id: 'r1',
          pool_name: 'local',
          outcome: 'failed',
          reason: 'exit code 1',
          log: '/old/r1/output.log',
        },
      ],
      limits: { timeout_seconds: 90, cpu: 2, memory_mb: 256 },
      metadata: { requirements: ['1.2'], more: true },
    });
  });
});

describe('a runner in a container', () => {
  const engine = dockerEngine({ limits: { cpu: 2, memory: 512 } });
  const pool = poolSettings({ engine, env: { A: 'pool' }, defaultResources: { cpu: 1, memory: 128 } });

  it('sees its folders where a container has them, and nothing of this machine', () => {
    const { env, command, context, cwd, runDir } = intentOf({ command: ['x', '{{slot.path}} {{run_dir}}'] }, { pool });
    assert.deepEqual(command, ['x', '/workspace /run/dispatcher']);
    assert.deepEqual(
      [env['SLOT_PATH'], env['RUN_DIR'], env['TASK_CONTEXT_FILE'], env['A'], env['PATH']],
      ['/workspace', '/run/dispatcher', '/run/dispatcher/context.json', 'pool', undefined],
    );
    assert.match(context, /"slot_path":"\/workspace"/);
    assert.ok(!context.includes('/runs/') && !context.includes('/slots/'), context);
    assert.deepEqual([cwd, runDir], ['/slots/slot-1', `/runs/${ID}`]);
  });

  it('may use what its task asks for, else the limit of its pool', () => {
    assert.deepEqual(intentOf({ resources: { cpu: 0.5, memory: null } }, { pool }).resources, { cpu: 0.5, memory: 512 });
    const unlimited = poolSettings({ engine: dockerEngine(), defaultResources: { cpu: 1, memory: 128 } });
    assert.deepEqual(intentOf({ resources: { cpu: null, memory: null } }, { pool: unlimited }).resources, { cpu: 1, memory: 128 });
  });
});
