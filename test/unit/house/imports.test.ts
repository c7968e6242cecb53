import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { findIn, linesAbout, PlantedTree } from './planted-tree.ts';

/** A module of every layer, for the breaches to import. */
const LAYERS: Readonly<Record<string, string>> = {
  domain: 'src/domain/thing.ts',
  protocol: 'src/protocol/thing.ts',
  scheduling: 'src/scheduling/thing.ts',
  ports: 'src/ports/thing.ts',
  machines: 'machines/thing.ts',
  config: 'src/config/thing.ts',
  registry: 'src/registry/thing.ts',
  'repo-pool': 'src/repo-pool/thing.ts',
  launchers: 'src/launchers/thing.ts',
  platform: 'src/platform/thing.ts',
  runtime: 'src/runtime/thing.ts',
  telemetry: 'src/telemetry/thing.ts',
  server: 'src/server/thing.ts',
  cli: 'src/cli/thing.ts',
  app: 'src/app.ts',
  test: 'test/unit/thing.ts',
  tools: 'config/tools/thing.ts',
  examples: 'examples/thing.ts',
};

/** From a layer to what it must not import: another layer, a module of Node, a package. */
const FORBIDDEN: readonly (readonly [from: string, to: string])[] = [
  ['domain', 'ports'],
  ['domain', 'scheduling'],
  ['domain', 'node:crypto'],
  ['domain', 'fs'],
  ['domain', 'zod'],
  ['protocol', 'ports'],
  ['protocol', 'node:fs'],
  ['scheduling', 'ports'],
  ['scheduling', 'machines'],
  ['scheduling', 'node:timers'],
  ['scheduling', 'xstate'],
  ['ports', 'scheduling'],
  ['ports', 'node:fs'],
  ['machines', 'runtime'],
  ['machines', 'registry'],
  ['machines', 'node:timers/promises'],
  ['machines', 'zod'],
  ['config', 'ports'],
  ['config', 'registry'],
  ['registry', 'launchers'],
  ['registry', 'platform'],
  ['registry', 'config'],
  ['registry', 'scheduling'],
  ['registry', 'xstate-not-installed'],
  ['repo-pool', 'registry'],
  ['launchers', 'repo-pool'],
  ['launchers', 'machines'],
  ['platform', 'launchers'],
  ['runtime', 'registry'],
  ['runtime', 'config'],
  ['runtime', 'node:worker_threads'],
  ['runtime', 'pino'],
  ['telemetry', 'server'],
  ['telemetry', 'registry'],
  ['server', 'cli'],
  ['server', 'app'],
  ['server', 'launchers'],
  ['cli', 'registry'],
  ['cli', 'launchers'],
  ['app', 'cli'],
  ['app', 'test'],
  ['app', 'tools'],
  ['cli', 'examples'],
  ['examples', 'app'],
  ['examples', 'domain'],
  ['examples', 'machines'],
  ['examples', 'zod'],
];

const ALLOWED: readonly (readonly [from: string, to: string])[] = [
  ['scheduling', 'domain'],
  ['machines', 'ports'],
  ['machines', 'xstate'],
  ['protocol', 'zod'],
  ['registry', 'ports'],
  ['registry', 'node:sqlite'],
  ['launchers', 'protocol'],
  ['runtime', 'machines'],
  ['runtime', 'xstate'],
  ['server', 'hono'],
  ['app', 'registry'],
  ['cli', 'app'],
  ['test', 'registry'],
  ['examples', 'node:path'],
  ['tools', 'machines'],
];

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

const importLine = (from: string, to: string, asType: boolean): string => {
  const target = LAYERS[to];
  const up = folderOf(from).split('/').map(() => '..').join('/');
  const path = target === undefined ? to : `${up}/${target}`;
  return `import ${asType ? 'type ' : ''}* as it from '${path}';\nexport type X = typeof it;\n`;
};

/** Where a module of this layer that imports `to` is planted. The layer `app` is a single file. */
const placeOf = (from: string, to: string, kind: string): string => {
  const name = `${kind}-${to.replaceAll(/\W/g, '-')}`;
  return from === 'app' ? 'src/app.ts' : `${folderOf(LAYERS[from] ?? '')}/${name}.ts`;
};

describe('who may import whom', () => {
  // The tools that are copied along import these two.
  const tree = new PlantedTree({ 'src/cli/main.ts': 'export {};\n', 'examples/tour/tour.ts': 'export {};\n' });
  after(() => tree.clear());
  for (const path of Object.values(LAYERS)) tree.plant(path, 'export const thing = 1;\n');

  const plantAll = (pairs: typeof FORBIDDEN, kind: string, asType: boolean): void => {
    for (const [from, to] of pairs) {
      const place = placeOf(from, to, kind);
      if (from !== 'app') tree.plant(place, importLine(place, to, asType));
    }
    const ofApp = pairs.filter(([from]) => from === 'app').map(([, to]) => importLine('src/app.ts', to, asType));
    const renamed = ofApp.map((text, index) => text.replaceAll(/\b(it|X)\b/g, `$1${index}`));
    tree.plant('src/app.ts', renamed.join(''));
  };

  plantAll(ALLOWED, 'allowed', false);
  const clean = tree.run('imports');
  plantAll(FORBIDDEN, 'value', false);
  const values = tree.run('imports');
  plantAll(FORBIDDEN, 'type', true);
  const types = tree.run('imports');

  for (const [from, to] of ALLOWED) {
    test(`${from} may import ${to}`, () => {
      assert.deepEqual(linesAbout(clean, placeOf(from, to, 'allowed')), []);
    });
  }
  test('a tree that keeps the rules passes', () => assert.equal(clean.status, 0, clean.output));

  for (const [from, to] of FORBIDDEN) {
    test(`${from} never imports ${to}`, () => {
      const target = (LAYERS[to] ?? to).replace(/^node:/, '');
      for (const [kind, finding] of [['value', values], ['type', types]] as const) {
        const lines = linesAbout(finding, `${placeOf(from, to, kind)} `);
        const caught = lines.some((line) => line.includes(target));
        assert.ok(caught, `not seen as an import of a ${kind}:\n${finding.output}`);
      }
    });
  }
});

describe('cycles', () => {
  test('are found, and named by their path', () => {
    const { status, output } = findIn({
      'src/domain/one.ts': "import { two } from './two.ts';\nexport const one = (): number => two();\n",
      'src/domain/two.ts': "import { three } from './three.ts';\nexport const two = (): number => three();\n",
      'src/domain/three.ts': "import { one } from './one.ts';\nexport const three = (): number => one();\n",
    }, 'imports');
    assert.notEqual(status, 0);
    assert.match(output, /no-cycle.*src\/domain\/one\.ts/);
  });

  test('of types count, too', () => {
    const { output } = findIn({
      'src/domain/one.ts': "import type { Two } from './two.ts';\nexport interface One {\n  two: Two;\n}\n",
      'src/domain/two.ts': "import type { One } from './one.ts';\nexport interface Two {\n  one: One;\n}\n",
    }, 'imports');
    assert.match(output, /no-cycle/);
  });
});

test('a folder of src without a row in the table is refused', () => {
  const { output } = findIn({
    'src/misc/thing.ts': 'export const thing = 1;\n',
    'src/index.ts': "export { thing } from './misc/thing.ts';\n",
  }, 'imports');
  assert.match(output, /src-has-known-folders.*src\/misc\/thing\.ts/);
});
