import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { describe, test } from 'node:test';
import { inProject, type Project, type Settings } from './project.ts';

/** A user that every Linux has. */
const NOBODY = 65_534;

const settings = (pool: Readonly<Record<string, unknown>>, rest: Readonly<Record<string, unknown>> = {}): Settings => ({
  rest: { agent_pools: { local: { type: 'local-process', max_concurrency: 8, ...pool } }, ...rest },
});

/** As `mktemp` makes it, the folder around everything is closed to others. */
const opened = (project: Project): void => chmodSync(project.root, 0o711);

const git = (project: Project, ...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.invalid', ...args], { cwd: project.root, encoding: 'utf8' }).trim();

const asUser = (): void => {
  test('runs as that user, at home there, and what it leaves is the dispatcher\'s again', inProject(settings({ user: 'nobody' }), async (project) => {
    opened(project);
    const look = 'echo "$(id -un) $HOME $USER $LOGNAME"; umask 077; mkdir -p deep; echo x > deep/file; cat ../../.dispatcher/admin-token ../../.dispatcher/registry.db';
    const file = await project.plan('p', [
      { id: 'a', command: ['sh', '-c', `${look}; echo '{"status":"done"}' > "$RUN_DIR/result.json"`] },
      { id: 'b', command: ['sh', '-c', 'ls -A; echo x > file'], dependencies: ['a'] },
    ]);
    await project.expect(0, 'run', file);
    const { stdout } = await project.expect(0, 'logs', 'p/a');
    assert.match(stdout, /^nobody \/nonexistent nobody nobody$/m);
    assert.equal(stdout.match(/Permission denied/g)?.length, 2, stdout);
    assert.equal((await project.expect(0, 'logs', 'p/b')).stdout.includes('deep'), false);
    assert.equal(statSync(project.path('.dispatcher', 'registry.db')).mode & 0o077, 0);
    assert.equal(statSync(project.path('.dispatcher')).mode & 0o777, 0o711);
  }));

  test('commits in a clone of its own, which comes back as objects', inProject(
    settings({ user: 'nobody' }, { repo_pool: { type: 'git-clone', repo: '.', base_dir: './slots', slots: 2 } }),
    async (project) => {
      opened(project);
      git(project, 'init', '-q', '-b', 'main');
      await project.write('README', 'one\n');
      git(project, 'add', 'README');
      git(project, 'commit', '-q', '-m', 'one');
      const commit = 'echo two >> README && git -c user.name=N -c user.email=n@example.invalid commit -qam two && echo left > uncommitted';
      await project.expect(0, 'run', await project.plan('p', [{ id: 'a', command: ['sh', '-c', commit] }]));
      assert.equal(git(project, 'log', '-1', '--format=%s %an', 'task/p/a/1'), 'two N');
      assert.match(git(project, 'for-each-ref', '--format=%(refname)', 'refs/salvage'), /refs\/salvage\/p\/a\/1/);
    },
  ));

  test('is found again after the dispatcher was killed, and stopped with all that it started', inProject(settings({ user: 'nobody' }), async (project) => {
    opened(project);
    mkdirSync(project.path('said'));
    chmodSync(project.path('said'), 0o777);
    const script = 'echo $$ > "$1/$ATTEMPT"; setsid sleep 1000 & while [ ! -e "$1/go" ]; do sleep 0.05; done; kill $!; exit 0';
    const file = await project.plan('p', [{ id: 'a', command: ['sh', '-c', script, 'sh', project.path('said')] }]);
    const first = project.begin('run', file);
    await first.until('it runs', () => project.has('said', '1'));
    first.signal('SIGKILL');
    await first.end();
    const second = project.begin('run', file);
    await second.prints(/./);
    await project.write('said/go', '');
    assert.equal((await second.end()).code, 0);
    assert.equal(project.has('said', '2'), false, 'it was started a second time');
    assert.deepEqual((await project.events()).filter(({ type }) => type === 'RunnerLost'), []);
  }));

  test('is refused at the start where its folders are closed to that user', inProject(settings({ user: `${NOBODY}:${NOBODY}` }), async (project) => {
    const file = await project.plan('p', [{ id: 'a', command: ['true'] }]);
    const { stderr } = await project.expect(2, 'run', file);
    assert.match(stderr, new RegExp(`^error: pool local: user nobody cannot get to ${project.stateDir}/runs, for ${project.root} is closed to others; `));
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }));
};

describe('a pool with a user', { concurrency: 2 }, () => {
  if (userInfo().uid === 0) asUser();

  test('that nobody knows is refused in one line', inProject(settings({ user: 'no-such-user-here' }), async (project) => {
    const { stderr } = await project.expect(2, 'validate');
    assert.match(stderr, /agent_pools\.local\.user: there is no user "no-such-user-here" on this machine; make one, or name another\n$/);
  }));
});

describe('a pool with a sandbox', () => {
  test('never runs without it: where its folders are not there it is refused, and doctor says so', inProject(
    settings({ sandbox: { type: 'bubblewrap', writable: ['./not-there'] } }),
    async (project) => {
      const { stderr } = await project.expect(2, 'run', await project.plan('p', [{ id: 'a', command: ['true'] }]));
      assert.equal(stderr, `error: pool local: sandbox names ${project.path('not-there')}, which is not there; make it, or take it out\n`);
      assert.match((await project.expect(1, 'doctor')).stdout, /^fail {2}pools: pool local: sandbox names .*not-there/m);
    },
  ));
});
