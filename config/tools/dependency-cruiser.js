/**
 * Who may import whom: the "Layout" table, as data. A layer may import itself, what its row names, and
 * nothing else, neither of Node nor of a package. Parsed by @swc/core: with TypeScript 7 alone the tool
 * would read nothing and say so nowhere.
 */

const folder = (name) => (name === 'machines' ? '^machines/' : `^src/${name}(/|\\.ts$)`);
const npm = (name) => `(^|/)node_modules/${name}/`;

/** In these the outside world is used: Node's own modules and any package we depend on. */
const OUTSIDE = ['node', 'packages'];
const PURE_CORE = ['domain', 'protocol', 'scheduling', 'ports', 'machines', 'runtime'];
const ADAPTERS = ['registry', 'repo-pool', 'launchers', 'platform'];

const adapterRows = ADAPTERS.map((name) => [name, ['domain', 'protocol', 'ports', ...OUTSIDE]]);

/** Rows of the table: a layer and what it may import besides itself. */
const LAYERS = Object.fromEntries([
  ['domain', []],
  ['protocol', ['domain', 'zod']],
  // What a runner written for Node brings along: nothing but the protocol.
  ['client', ['protocol', 'node']],
  ['scheduling', ['domain']],
  ['ports', ['domain']],
  ['machines', ['domain', 'scheduling', 'ports', 'xstate']],
  // Readers of plans are no adapters: they have no port, and hold nothing.
  ['importers', ['domain', ...OUTSIDE]],
  ['config', ['domain', 'importers', ...OUTSIDE]],
  ...adapterRows,
  ['runtime', ['domain', 'protocol', 'scheduling', 'ports', 'machines', 'xstate']],
  ['simulation', [...PURE_CORE, 'config', ...OUTSIDE]],
  ['telemetry', [...PURE_CORE, 'config', ...OUTSIDE]],
  ['dashboard', [...PURE_CORE, 'config', ...OUTSIDE]],
  ['server', [...PURE_CORE, 'config', 'telemetry', 'dashboard', ...OUTSIDE]],
  // The composition root alone may import adapters.
  ['app', [...PURE_CORE, ...ADAPTERS, 'config', 'simulation', 'telemetry', 'dashboard', 'server', ...OUTSIDE]],
  ['cli', [...PURE_CORE, 'config', 'importers', 'simulation', 'telemetry', 'server', 'app', ...OUTSIDE]],
  ['index', [...PURE_CORE, ...ADAPTERS, 'config', 'simulation', 'telemetry', 'server', 'app', 'client']],
]);

const pathsOf = (name) => {
  if (name === 'node') return [];
  if (name === 'packages') return ['(^|/)node_modules/'];
  return name in LAYERS ? [folder(name)] : [npm(name)];
};

const layerRule = ([name, allowed]) => ({
  name: `${name}-imports`,
  comment: `${name} may import ${allowed.length === 0 ? 'nothing but itself' : allowed.join(', ')}`,
  severity: 'error',
  from: { path: folder(name) },
  to: {
    pathNot: [folder(name), ...allowed.flatMap(pathsOf)],
    ...(allowed.includes('node') ? { dependencyTypesNot: ['core'] } : {}),
  },
});

export default {
  forbidden: [
    ...Object.entries(LAYERS).map(layerRule),
    {
      name: 'no-cycle',
      comment: 'modules that import each other cannot be understood one at a time',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-to-unresolvable',
      comment: 'the imported file or package does not exist',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'examples-imports',
      comment: 'examples show what a user of the library may write: src/index.ts, and Node itself',
      severity: 'error',
      from: { path: '^examples/' },
      to: { pathNot: ['^examples/', '^src/index\\.ts$'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'product-imports-product',
      comment: 'src and machines never import test, examples or config',
      severity: 'error',
      from: { path: '^(src|machines)/' },
      to: { path: '^(test|examples|config)/' },
    },
    {
      name: 'src-has-known-folders',
      comment: 'a new folder of src needs a row in the table of config/tools/dependency-cruiser.js',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: Object.keys(LAYERS).map(folder) },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
