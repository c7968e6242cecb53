import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inProject, type Project, type Settings, type WrittenTask } from './project.ts';

const SLOTS = 8;

const GIT: Settings = {
  dispatcher: { stop_grace: '300ms', retry: { max_attempts: 1 } },
  rest: { repo_pool: { type: 'git-worktree', repo: './repo', base_dir: './slots', slots: SLOTS } },
};

const git = (project: Project, ...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: project.path('repo'), env: { ...project.env(), GIT_CONFIG_NOSYSTEM: '1' }, encoding: 'utf8', stdio: 'pipe' }).trimEnd();

/** A repository in use: a commit, something stashed, something staged, something changed. */
const makeRepository = async (project: Project): Promise<void> => {
  mkdirSync(project.path('repo'));
  git(project, 'init', '-q', '-b', 'main');
  // The runners' identity, too: linked worktrees share it.
  git(project, 'config', 'user.name', 'A User');
  git(project, 'config', 'user.email', 'user@example.invalid');
  await project.write('repo/file.txt', 'one\n');
  git(project, 'add', '-A');
  git(project, 'commit', '-q', '-m', 'one');
  await project.write('repo/file.txt', 'stashed\n');
  git(project, 'stash');
  await project.write('repo/staged.txt', 'staged\n');
  git(project, 'add', 'staged.txt');
  await project.write('repo/file.txt', 'half done\n');
};

const checkout = (project: Project): readonly string[] => [
  git(project, 'status', '--porcelain'),
  git(project, 'rev-parse', '--symbolic-full-name', 'HEAD'),
  git(project, 'rev-parse', 'HEAD'),
  git(project, 'stash', 'list'),
  ...['index', 'config'].map((name) => readFileSync(project.path('repo', '.git', name), 'base64')),
];

const commits = 'echo "$TASK_ID" > "$TASK_ID.txt" && git add -A && git commit -q -m "work of $TASK_ID"';
const leaves = 'echo unfinished > work.txt; echo changed > file.txt; echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 1000';

const lingering = (project: Project): WrittenTask => ({ id: 'linger', command: ['sh', '-c', leaves, 'sh', project.path('begun')] });

const begun = (project: Project) => (): true | null => (existsSync(project.path('begun')) ? true : null);

describe('tasks in git worktrees', { concurrency: 2 }, () => {
  test('200 over eight slots that each commit a file: a branch each, with its commit and no other', inProject(GIT, async (project) => {
    await makeRepository(project);
    const before = checkout(project);
    const ids = Array.from({ length: 200 }, (_, i) => `t${i}`);
    const file = await project.plan('many', ids.map((id) => ({ id, command: ['sh', '-c', commits] })));
    const run = project.begin('run', file);
    // By parts: each of them has the usual bound.
    for (let part = 25; part < ids.length; part += 25) {
      await run.until(`${part} are done`, async () => (await project.watch().count('TaskCompleted')) >= part);
    }
    const { code, stderr } = await run.end();
    assert.deepEqual([code, stderr], [0, ''], run.said);
    assert.deepEqual(new Set(Object.values(await project.states())), new Set(['done']));

    const branches = git(project, 'for-each-ref', '--format=%(refname:short) %(subject)', 'refs/heads/task').split('\n');
    assert.deepEqual(branches.toSorted(), ids.map((id) => `task/many/${id}/1 work of ${id}`).toSorted());
    const base = git(project, 'rev-parse', 'main');
    const parents = git(project, 'for-each-ref', '--format=%(parent)', 'refs/heads/task').split('\n');
    assert.deepEqual(new Set(parents), new Set([base]));
    for (const id of ids) assert.equal(git(project, 'diff-tree', '--no-commit-id', '--name-only', '-r', `task/many/${id}/1`), `${id}.txt`);

    assert.equal(git(project, 'fsck', '--strict'), '');
    assert.deepEqual(checkout(project), before);
    assert.equal(git(project, 'for-each-ref', 'refs/salvage'), '');
    const listed = git(project, 'worktree', 'list', '--porcelain').split('\n\n');
    const shapes = listed.slice(1).map((entry) => /^worktree (.*)\nHEAD (.*)\ndetached\nlocked/.exec(entry)?.slice(1).join(' '));
    const expected = Array.from({ length: SLOTS }, (_, i) => `${project.path('slots', `slot-${i + 1}`)} ${base}`);
    assert.deepEqual(new Set(shapes), new Set(expected));
  }));

  test('one that is killed in the middle: what it left comes back with one command', inProject(GIT, async (project) => {
    await makeRepository(project);
    const before = checkout(project);
    const file = await project.plan('app', [lingering(project)]);
    const run = project.begin('run', file);
    await run.until('it has begun', begun(project));
    const [runner] = await project.tasks();
    assert.equal(runner?.state, 'running');
    process.kill(Number(project.read('begun')), 'SIGKILL');
    assert.equal((await run.end()).code, 1);
    assert.match(run.said, /slot-1 held work of app\/linger, attempt 1, .* kept as refs\/salvage\/app\/linger\/1/);

    const listed = JSON.parse((await project.expect(0, 'salvage', '--json')).stdout) as readonly Record<string, unknown>[];
    assert.deepEqual(listed.map(({ spec, id, attempt, ref, slot_id: slot }) => [spec, id, attempt, ref, slot]), [['app', 'linger', 1, 'refs/salvage/app/linger/1', 'slot-1']]);
    assert.match((await project.expect(0, 'salvage')).stdout, /app\/linger +1 .*refs\/salvage\/app\/linger\/1/);

    const { stdout } = await project.expect(0, 'salvage', 'restore', 'app/linger');
    assert.match(stdout, /branch salvage\/app\/linger\/1/);
    assert.match(stdout, / {2}work\.txt/);
    assert.equal(git(project, 'show', 'salvage/app/linger/1:work.txt'), 'unfinished');
    assert.equal(git(project, 'show', 'salvage/app/linger/1:file.txt'), 'changed');
    await project.expect(0, 'salvage', 'restore', 'app/linger', '--to', 'back');
    assert.equal(project.read('back', 'work.txt'), 'unfinished\n');
    assert.deepEqual(checkout(project), before);
  }));

  test('one whose dispatcher is killed, too, goes on in its slot, and what it leaves is kept', inProject(GIT, async (project) => {
    await makeRepository(project);
    const file = await project.plan('app', [lingering(project), { id: 'other', command: ['sh', '-c', commits] }]);
    const first = project.begin('run', file);
    await first.until('it has begun', begun(project));
    first.signal('SIGKILL');
    await first.end();
    const second = project.begin('run', file);
    await second.until('it is adopted', () => project.watch().has('RunnerAdopted', 'linger'));
    await second.until('the other one is done', () => project.watch().has('TaskCompleted', 'other'));
    const held = readdirSync(project.path('slots')).find((name) => existsSync(project.path('slots', name, 'work.txt')));
    assert.ok(held !== undefined, 'its slot was touched');
    second.signal('SIGTERM');
    await second.prints('a second signal ends the wait');
    second.signal('SIGTERM');
    assert.equal((await second.end()).code, 0, second.said);
    assert.equal(git(project, 'show', 'refs/salvage/app/linger/1:work.txt'), 'unfinished');
    assert.equal(git(project, 'fsck', '--strict'), '');
  }));

  test('run in a repository whose state folder lies in it, which stays clean', inProject({ ...GIT, rest: { repo_pool: { type: 'git-worktree', slots: 2 } } }, async (project) => {
    execFileSync('git', ['init', '-q', '-b', 'main'], { cwd: project.root });
    execFileSync('git', ['-c', 'user.name=u', '-c', 'user.email=u@example.invalid', 'commit', '-q', '--allow-empty', '-m', 'one'], { cwd: project.root });
    const file = await project.plan('app', [{ id: 'a', command: ['sh', '-c', 'pwd > "$1"', 'sh', project.path('where')] }]);
    await project.expect(0, 'run', file);
    const status = execFileSync('git', ['status', '--porcelain', '--untracked-files=normal'], { cwd: project.root, encoding: 'utf8' });
    assert.ok(!/\.dispatcher|slot/.test(status), status);
    assert.match(project.read('where'), /\/\.local\/state\/dispatcher\/[0-9a-f]{8}\/slots\/slot-1\n$/);
  }));
});

describe('git slots that cannot be', { concurrency: 2 }, () => {
  const unusable = { ...GIT, rest: { repo_pool: { type: 'git-worktree', repo: './repo' } } };

  test('are refused in one line before anything starts, exit 2', inProject(unusable, async (project) => {
    const file = await project.plan('app', [{ id: 'a', command: ['true'] }]);
    for (const [prepare, expected] of [
      [() => undefined, /^error: repo_pool\.repo: .*\/repo is no folder; name one .*\n$/],
      [() => mkdirSync(project.path('repo')), /^error: repo_pool\.repo: .*\/repo is in no git repository; run `git init` there.*\n$/],
      [() => git(project, 'init', '-q'), /^error: repo_pool\.repo: .*\/\.git has no commit to begin at; make one.*\n$/],
    ] as const) {
      prepare();
      assert.match((await project.expect(2, 'run', file)).stderr, expected);
    }
  }));

  test('have no salvage, and say so', inProject({}, async (project) => {
    assert.match((await project.expect(2, 'salvage')).stderr, /^error: repo_pool\.type is directory: slots that are plain folders keep nothing; name git-worktree or git-clone\n$/);
  }));

  test('say what there is when something else is asked for', inProject(GIT, async (project) => {
    await makeRepository(project);
    assert.equal((await project.expect(0, 'salvage')).stdout, 'nothing was salvaged\n');
    assert.match((await project.expect(2, 'salvage', 'restore', 'app/a')).stderr, /nothing of app\/a was salvaged; `dispatcher salvage` lists what was/);
    assert.match((await project.expect(2, 'salvage', 'restore', 'a')).stderr, /"a" is not a task; write SPEC\/ID/);
    assert.match((await project.expect(2, 'salvage', 'restore', 'app/a', '--to', 'x', '--branch', 'y')).stderr, /give one of them/);
    assert.ok(!existsSync(join(project.root, 'x')));
  }));
});
