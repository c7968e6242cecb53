#!/usr/bin/env node
// Plain JavaScript that Node 12 can parse: it has to say that Node is too old, and not fail to be read.
const MINIMUM = 24;

const start = async () => {
  const [{ existsSync }, { enableCompileCache }] = await Promise.all([import('node:fs'), import('node:module')]);
  enableCompileCache();
  // In a clone the sources lie beside this file and are never stale; a package carries compiled JavaScript only.
  const source = new URL('./main.ts', import.meta.url);
  const compiled = new URL('../../dist/src/cli/main.js', import.meta.url);
  await import((existsSync(source) ? source : compiled).href);
};

if (Number(process.versions.node.split('.')[0]) < MINIMUM) {
  process.stderr.write(
    `dispatcher: found Node ${process.versions.node} (${process.execPath}), needs Node ${MINIMUM} or newer; ` +
      `install it (nodejs.org, or "npm install --global node@${MINIMUM}") and run the command again\n`
  );
  process.exitCode = 2;
} else {
  void start();
}
