import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createMachine } from 'xstate';
import { README_PATH, readme, sectionOf } from '../../../config/tools/diagrams.ts';

describe('machines/README.md', () => {
  it('is what the statecharts say', () => {
    const stale = 'machines/README.md is stale: run `npm run diagrams` and commit what it writes';
    assert.ok(readFileSync(README_PATH, 'utf8') === readme(), stale);
  });
});

describe('the diagram of a machine', () => {
  const lamp = (states: object) =>
    createMachine({
      id: 'lamp',
      description: 'A lamp.',
      initial: 'off',
      on: { 'power.cut': '.broken' },
      states: { broken: { type: 'final', description: 'No more.' }, ...states } as Record<string, { description?: string }>,
    });

  it('shows nested states, guards, delays, immediate transitions, and ends', () => {
    const text = sectionOf(
      lamp({
        off: { description: 'Dark.', on: { 'switch.on': { guard: 'hasPower', target: 'on' }, 'switch.off': { actions: 'click' } } },
        on: {
          description: 'Light.',
          initial: 'dim',
          after: { bedtime: 'off' },
          states: {
            dim: { description: 'A little.', always: { guard: 'isDark', target: 'bright' }, on: { 'knob.turned': 'bright' } },
            bright: { description: 'A lot.', invoke: { src: 'shine' } },
          },
        },
      }),
    );
    for (const line of [
      '  [*] --> off',
      '  state "on" as on {',
      '    state "dim" as on_dim',
      '    [*] --> on_dim',
      '  off --> on : switch.on [hasPower]',
      '  on --> off : after bedtime',
      '  on_dim --> on_bright : always [isDark] or knob.turned',
      '  broken --> [*]',
      '* `power.cut` leads to `broken`',
      '| `off` | Dark. |  | `switch.off`: click |',
      '| `on.bright` | A lot. | `shine` |  |',
    ]) {
      assert.ok(text.split('\n').includes(line), `${line}\n--- in ---\n${text}`);
    }
  });

  it('is refused while a state has no description', () => {
    assert.throws(() => sectionOf(lamp({ off: {} })), /^Error: lamp\.off has no description/);
  });
});
