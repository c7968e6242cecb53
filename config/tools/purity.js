/**
 * The purity rule of `machines/`, `src/domain`, `src/scheduling` and `src/runtime`, as a plugin of oxlint.
 *
 * It names what is allowed and not what is forbidden: a new global of some later Node is then refused
 * until somebody has thought about it. Time, luck and everything outside come through the ports only,
 * otherwise a simulated run could not be replayed.
 */

/** Globals of the language itself whose results depend on their arguments alone. */
const PURE_GLOBALS = new Set(
  [
    'Array BigInt Boolean Iterator JSON Map Math Number Object Promise Proxy Reflect RegExp Set String Symbol',
    'AggregateError Error EvalError RangeError ReferenceError SyntaxError TypeError URIError WeakMap WeakSet',
    'ArrayBuffer BigInt64Array BigUint64Array DataView Float32Array Float64Array Int8Array Int16Array Int32Array',
    'Uint8Array Uint8ClampedArray Uint16Array Uint32Array TextDecoder TextEncoder arguments structuredClone',
    'Infinity NaN undefined isFinite isNaN parseFloat parseInt decodeURIComponent encodeURIComponent',
  ].flatMap((line) => line.split(' ')),
);

/** Members that read the machine's language, or make code out of text. */
const IMPURE_MEMBERS = new Set([
  'constructor',
  'localeCompare',
  'toLocaleDateString',
  'toLocaleString',
  'toLocaleTimeString',
]);

/** The property's name if it can be read off the text. */
const memberName = (node) => {
  if (!node.computed) return node.property.name;
  return node.property.type === 'Literal' ? node.property.value : undefined;
};

/** `Math` may only be the `Math` of `Math.name`: under another name, `random` could not be seen. */
const isPlainMath = (identifier) => {
  const parent = identifier.parent;
  const reads = parent.type === 'MemberExpression' && parent.object === identifier && !parent.computed;
  return reads && parent.property.name !== 'random';
};

const create = (context) => {
  const report = (node, message) => context.report({ node, message });
  const checkReference = (reference) => {
    const { identifier } = reference;
    if (reference.isTypeReference === true || (reference.resolved && reference.resolved.defs.length > 0)) return;
    const { name } = identifier;
    if (!PURE_GLOBALS.has(name)) {
      report(identifier, `'${name}' is not for pure code; take time, luck and the world through src/ports`);
    } else if (name === 'Math' && !isPlainMath(identifier)) {
      report(identifier, "only 'Math.name' is pure, and not 'Math.random'; draw luck from the Entropy port");
    }
  };
  const visitScope = (scope) => {
    for (const reference of scope.references) checkReference(reference);
    for (const inner of scope.childScopes) visitScope(inner);
  };
  return {
    Program: () => visitScope(context.sourceCode.scopeManager.globalScope),
    ImportExpression: (node) => report(node, "'import()' is not for pure code; import statically"),
    MetaProperty: (node) => {
      if (node.meta.name === 'import') report(node, "'import.meta' is not for pure code; it tells where the code lies");
    },
    MemberExpression: (node) => {
      const name = memberName(node);
      if (IMPURE_MEMBERS.has(name)) report(node, `'${name}' is not for pure code; it depends on the machine`);
    },
    ImportDeclaration: (node) => {
      if (node.importKind === 'type' || node.source.value !== 'xstate') return;
      for (const specifier of node.specifiers) {
        if (specifier.type === 'ImportSpecifier' && specifier.imported.name === 'fromPromise') {
          report(specifier, "'fromPromise' is not for pure code; promises resolve in no order that can be replayed");
        } else if (specifier.type === 'ImportNamespaceSpecifier') {
          report(specifier, "import names from 'xstate' and not all of it");
        }
      }
    },
  };
};

export default { meta: { name: 'purity' }, rules: { 'only-ports': { create } } };
