import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { describe, test } from 'node:test';
import { inProject, repositoryRoot, type Project } from './project.ts';

const cli = [`${repositoryRoot}/src/cli/bin.js`];

const git = async (project: Project, ...args: readonly string[]): Promise<void> => {
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
  const ended = await project.spawn('git', [...identity, ...args]).end();
  assert.equal(ended.code, 0, ended.stderr);
};

/** A program that is on the PATH of what follows, and does nothing. */
const agent = async (project: Project, name: string): Promise<Readonly<Record<string, string>>> => {
  chmodSync(await project.write(`bin/${name}`, '#!/bin/sh\n'), 0o755);
  const { PATH = '' } = project.env();
  return { PATH: `${project.path('bin')}:${PATH}` };
};

const withoutFile = async (project: Project): Promise<void> => {
  const removed = await project.spawn('rm', ['-f', 'dispatcher.yaml']).end();
  assert.equal(removed.code, 0);
};

describe('init', { concurrency: 4 }, () => {
  test('in a bare folder writes a configuration that is valid and works', inProject({}, async (project) => {
    await withoutFile(project);
    const told = await project.expect(0, 'init');
    assert.match(told.stdout, /^found no git repository\n(?:found .*\n)+wrote dispatcher\.yaml\nnext:\n/);
    const text = project.read('dispatcher.yaml');
    assert.match(text, /^# How the dispatcher works in this folder/);
    assert.match(text, /^ {2}type: directory$/m);
    assert.equal((await project.expect(0, 'validate')).stderr, '');
    const plan = await project.plan('p', [{ id: 'a', command: ['true'] }]);
    await project.expect(0, 'run', plan);
    assert.deepEqual(await project.states(), { 'p/a': 'done' });
  }));

  test('names what it finds: repository, languages, scripts, agents, plans', inProject({}, async (project) => {
    await withoutFile(project);
    await git(project, 'init', '--quiet');
    await project.write('package.json', JSON.stringify({ scripts: { test: 'true', postinstall: 'no', lint: 'true' } }));
    await project.write('.kiro/specs/calc/tasks.md', '- [ ] 1. Add\n');
    const without = await project.cli('init');
    assert.match(without.stdout, /^found a git repository without a commit$/m);
    await git(project, 'add', 'package.json');
    await git(project, 'commit', '--quiet', '--message', 'first');
    const env = project.env(await agent(project, 'claude'));
    await agent(project, 'aider');
    const told = await project.spawn('node', [...cli, 'init', '--force'], { env }).end();
    assert.equal(told.code, 0, told.stderr);
    for (const line of ['a git repository', 'languages: JavaScript', 'scripts in package.json: test, lint', 'plans: .kiro/specs/calc/tasks.md']) {
      assert.ok(told.stdout.split('\n').includes(`found ${line}`), `${line}\n${told.stdout}`);
    }
    assert.match(told.stdout, /^found agents on the PATH: claude, (?:\w+, )*aider$/m);
    assert.match(told.stdout, /dispatcher run \.kiro\/specs\/calc\/tasks\.md /);
    const text = project.read('dispatcher.yaml');
    assert.match(text, /^ {2}type: git-worktree\n {2}repo: \.$/m);
    assert.match(text, /^ {6}command: \["claude", "-p", "\{\{task\.title\}\}\\n\\n\{\{task\.description\}\}", /m);
    assert.match(text, /^ {6}# command: \["aider", /m);
    await project.expect(0, 'validate');
  }));

  test('never overwrites what is there, unless told to; writes the file that is read', inProject({}, async (project) => {
    const before = project.read('dispatcher.yaml');
    const refused = await project.expect(2, 'init');
    assert.match(refused.stderr, /^error: \S+\/dispatcher\.yaml is there already; .*--force\n$/);
    assert.equal(project.read('dispatcher.yaml'), before);
    await project.expect(0, 'init', '--force');
    assert.notEqual(project.read('dispatcher.yaml'), before);
    await project.write('config/dispatcher.yaml', '{}');
    assert.match((await project.expect(2, 'init')).stderr, /config\/dispatcher\.yaml is there already/);
    assert.match((await project.expect(0, 'init', '--force')).stdout, /^wrote config\/dispatcher\.yaml$/m);
    await project.expect(0, 'init', '-c', 'other.yaml');
    assert.equal(project.read('other.yaml'), project.read('config', 'dispatcher.yaml'));
    assert.match((await project.expect(2, 'init', '-c', 'no/where.yaml')).stderr, /^error: \S+where\.yaml cannot be written \(ENOENT.*\n$/);
  }));

  test('is not led astray by what strangers called their files', inProject({}, async (project) => {
    await withoutFile(project);
    await project.write('package.json', '{ "scripts": 3');
    await project.write('.kiro/specs/x\nagent_pools: {}\n# /tasks.md', '');
    const env = project.env({ KUBECONFIG: 'a\nserver: { port: 1 }' });
    const told = await project.spawn('node', [...cli, 'init'], { env }).end();
    assert.equal(told.code, 0, told.stderr);
    const text = project.read('dispatcher.yaml');
    assert.doesNotMatch(text, /^(agent_pools: \{\}|server:)/m);
    await project.expect(0, 'validate');
  }));
});
