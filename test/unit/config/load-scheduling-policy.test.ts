import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadSchedulingPolicy } from '../../../src/config/load-scheduling-policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'policy-'));
after(() => rmSync(folder, { recursive: true }));

const written = async (name: string, text: string) => {
  const policyModule = join(folder, name);
  writeFileSync(policyModule, text);
  return { policyModule, loaded: await loadSchedulingPolicy({ policyModule }) };
};

describe('a scheduling policy of the user', () => {
  it('is the default export of its module, in TypeScript or JavaScript', async () => {
    for (const name of ['good.ts', 'good.mjs']) {
      const { loaded } = await written(name, 'export default { name: "mine", compare: (a, b) => b.position - a.position };');
      assert.ok(loaded.ok && loaded.value?.name === 'mine');
      assert.equal(loaded.value.compare({ position: 1 }, { position: 3 }), 2);
    }
  });

  it('is none where none is named', async () => {
    assert.deepEqual(await loadSchedulingPolicy({ policyModule: null }), { ok: true, value: null });
  });

  it('is refused in one line that says what is wrong and how to mend it', async () => {
    const refusals: readonly (readonly [string, string, RegExp])[] = [
      ['broken.mjs', 'export default {', /: cannot be loaded \(.+\); mend the module$/],
      ['throws.mjs', 'throw new Error("first\\nsecond");', /: cannot be loaded \(first\); mend the module$/],
      ['empty.mjs', 'export const compare = () => 0;', /: has no default export; write: export default \{ name/],
      ['function.mjs', 'export default () => 0;', /: its default export is no policy: expected an object with name/],
      ['nameless.mjs', 'export default { compare: () => 0 };', /its default export is no policy/],
      ['order.mjs', 'export default { name: "x", compare: 1 };', /its default export is no policy/],
      ['pool.mjs', 'export default { name: "x", compare: () => 0, choosePool: "big" };', /its default export is no policy/],
    ];
    for (const [name, text, expected] of refusals) {
      const { loaded, policyModule } = await written(name, text);
      assert.ok(!loaded.ok && loaded.error.kind === 'invalid', name);
      assert.match(loaded.error.message, expected);
      assert.ok(loaded.error.message.startsWith(`scheduling_policy ${policyModule}: `) && !loaded.error.message.includes('\n'));
    }
  });
});
